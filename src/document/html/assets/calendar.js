// Weeks as columns, days as rows: what a line over months hides.
const MOST_WEEKS = 106;
const calendar = (place, width) => {
  const dayOf = (ms) => Math.floor((ms + offsetAt(ms)) / DAY);
  const counts = new Map();
  for (const [start, ...series] of buckets) {
    const at = dayOf(start);
    counts.set(at, (counts.get(at) || 0) + series.reduce((sum, count, which) => sum + (hidden.has(which) ? 0 : count), 0));
  }
  // The first of January 1970 was a Thursday; weeks begin on Monday.
  const weekday = (at) => (at + 3) % 7;
  const first = dayOf(domain[0]), last = dayOf(domain[1]), monday = first - weekday(first);
  const weeks = Math.min(MOST_WEEKS, Math.ceil((last - monday + 1) / 7));
  const left = 34, size = Math.max(6, Math.min(18, Math.floor((width - left) / weeks)));
  const peak = Math.max(1, ...counts.values());
  const root = svg("svg", { viewBox: `0 0 ${left + weeks * size} ${7 * size + 20}`, width: left + weeks * size, role: "img",
    "aria-label": `Failures a day, at most ${number(peak)}` });
  ["Mon", "", "Wed", "", "Fri", "", "Sun"].forEach((name, row) => root.append(svg("text", { x: 0, y: 20 + row * size + size * 0.8 }, name)));
  let month = "", name = null;
  for (let at = first; at <= last && (at - monday) / 7 < weeks; at += 1) {
    const x = left + Math.floor((at - monday) / 7) * size, count = counts.get(at) || 0;
    const date = new Date(at * DAY).toISOString().slice(0, 10);
    if (date.slice(0, 7) !== month) {
      month = date.slice(0, 7);
      // Of a month that has a column or two, the name of the next takes the room.
      if (name && x - name.getAttribute("x") < 34) name.remove();
      name = svg("text", { x, y: 12 }, month.slice(oneYear ? 5 : 2));
      root.append(name);
    }
    const from = at * DAY - offsetAt(at * DAY);
    const cell = svg("rect", { class: count ? "cell day" : "day none", x, y: 20 + weekday(at) * size, width: size - 2, height: size - 2, rx: 2,
      "fill-opacity": count ? (0.18 + 0.82 * Math.sqrt(count / peak)).toFixed(3) : 1 }, titled(`${date}: ${number(count)}`));
    cell.addEventListener("click", () => select([from, from + DAY - 1]));
    root.append(cell);
  }
  place.replaceChildren(root, el("p", { class: "note" }, `A square a day, at most ${number(peak)}; a click selects the day.${
    (last - monday) / 7 >= weeks ? ` The first ${number(weeks)} weeks.` : ""}`));
};
const afterTimeline = byId("c-timeline");
if (afterTimeline && buckets.length && domain[1] - domain[0] > 14 * DAY) {
  afterTimeline.after(el("div", { class: "chart", id: "c-calendar" }));
  chart("calendar", calendar);
}
