// Events over time, stacked; findings as bars above, single things as marks below. Dragging selects a time.
const SERIES = data.timeline.names || [];

const nice = (value) => {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 3, 4, 6, 8, 10].map((n) => n * size).find((n) => n >= value) || value;
};

// Findings in as few lanes as keep them apart; what finds no lane is named below the chart.
const MOST_LANES = 40;
const lanes = (x) => {
  const ends = [];
  const placed = [], undrawn = [];
  for (const finding of data.findings) {
    if (finding.start === null || finding.end === null) { undrawn.push(finding.id); continue; }
    const from = x(finding.start), to = Math.max(x(finding.end), from + 6);
    let lane = ends.findIndex((end) => end + 3 <= from);
    if (lane < 0) lane = ends.length;
    if (lane >= MOST_LANES) { undrawn.push(finding.id); continue; }
    ends[lane] = to;
    placed.push([finding, from, to, lane]);
  }
  return [placed, ends.length, undrawn];
};

// Series that are not drawn: a flood of one hides the others.
const hidden = new Set();

const sums = (step) => {
  const columns = new Map();
  for (const [start, ...counts] of buckets) {
    const at = Math.floor((start + offsetAt(start)) / step) * step - offsetAt(start);
    const column = columns.get(at) || SERIES.map(() => 0);
    counts.forEach((count, series) => { if (!hidden.has(series)) column[series] += count; });
    columns.set(at, column);
  }
  return columns;
};

const timeline = (place, width) => {
  const left = 46, right = width - 6, x = (ms) => left + (ms - domain[0]) / (domain[1] - domain[0]) * (right - left);
  const back = (px) => domain[0] + (Math.min(right, Math.max(left, px)) - left) / (right - left) * (domain[1] - domain[0]);
  // A step that is a multiple of the buckets and at least four pixels wide.
  const unit = data.timeline.width;
  const most = (right - left) / 4;
  const factor = [1, 2, 3, 5, 10, 15, 30, 60, 120, 360, 720, 1440].find((n) => (domain[1] - domain[0]) / (unit * n) <= most)
    || Math.ceil((domain[1] - domain[0]) / unit / most);
  const step = unit * factor;
  const columns = sums(step);
  const [placed, laneCount, undrawn] = lanes(x);
  const top = laneCount * 9 + 8, high = 170, base = top + high, bottom = base + 40;
  const peak = nice(Math.max(1, ...Array.from(columns.values(), (column) => column.reduce((sum, count) => sum + count, 0))));
  const y = (value) => base - value / peak * high;
  const root = svg("svg", { class: "plot", viewBox: `0 0 ${width} ${bottom}`, width: "100%", role: "group",
    "aria-label": "Events over time; the text above says what it shows" });
  for (const value of [0, peak / 2, peak]) {
    root.append(svg("line", { class: "axis", x1: left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)));
  }
  for (const [at, label] of ticks(domain, right - left, 76)) {
    root.append(svg("line", { class: "axis", x1: x(at), x2: x(at), y1: base, y2: base + 5 }),
      tick(x(at), base + 30, left, right, label));
  }
  const wide = Math.max(1, x(domain[0] + step) - left - 0.6);
  for (const [at, column] of columns) {
    let below = 0;
    const group = svg("g", null, titled(`${spanText(at, at + step)}\n${
      SERIES.map((name, series) => `${number(column[series])} ${name}`).join("\n")}`));
    column.forEach((count, series) => {
      if (!count) return;
      // At least a trace of anything above nothing.
      const tall = Math.max(1, count / peak * high);
      group.append(svg("rect", { class: `s${series}`, x: Math.max(left, x(at)), y: y(below) - tall, width: wide, height: tall }));
      below += count;
    });
    root.append(group);
  }
  for (const [at, action, actor] of data.changes) {
    if (at === null) continue;
    root.append(svg("path", { class: "mark", d: `M${x(at)} ${base + 6}l4 5l-4 5l-4 -5z` },
      titled(`${clock(at)} ${action}${actor ? ` by ${actor}` : ""}`)));
  }
  for (const [finding, from, to, lane] of placed) {
    root.append(svg("a", { href: `#${finding.id}`, "aria-label": `${finding.id}: ${finding.title}` },
      titled(`${finding.id} ${finding.title}\n${spanText(finding.start, finding.end)}`),
      svg("rect", { class: `lane sev-${finding.severity}`, x: from, y: 2 + lane * 9, width: to - from, height: 6, rx: 2 })));
  }
  const brush = svg("rect", { class: "brush", y: top - 4, height: high + 4, visibility: "hidden" });
  root.append(brush);
  const show = (span) => {
    brush.setAttribute("visibility", span ? "visible" : "hidden");
    if (!span) return;
    brush.setAttribute("x", x(Math.max(span[0], domain[0])));
    brush.setAttribute("width", Math.max(1, x(Math.min(span[1], domain[1])) - x(Math.max(span[0], domain[0]))));
  };
  let from = null;
  const at = (event) => {
    const box = root.getBoundingClientRect();
    return back((event.clientX - box.left) / box.width * width);
  };
  const spanned = (event) => [Math.min(from, at(event)), Math.max(from, at(event))];
  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("a")) return;
    from = at(event);
    root.setPointerCapture(event.pointerId);
  });
  root.addEventListener("pointermove", (event) => { if (from !== null) show(spanned(event)); });
  root.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const span = spanned(event);
    from = null;
    // What is hidden above must not move the chart from under the hand.
    const before = root.getBoundingClientRect().top;
    // A click without a drag gives the whole time back.
    select(x(span[1]) - x(span[0]) < 4 ? null : span);
    scrollBy({ top: root.getBoundingClientRect().top - before, behavior: "instant" });
  });
  root.addEventListener("pointercancel", () => { from = null; show(range); });
  const missing = data.findings_total - data.findings.length;
  const unseen = undrawn.length + missing
    ? el("p", { class: "note" }, `Not drawn: ${undrawn.slice(0, 20).join(", ")}${undrawn.length > 20 ? ` and ${number(undrawn.length - 20)} more` : ""}${
      missing > 0 ? `${undrawn.length ? ", and " : ""}${plural(missing, "finding", "findings")} beyond the first ${number(data.findings.length)}` : ""}.`) : null;
  place.replaceChildren(legend(step, () => timeline(place, width)), root, ...[unseen, controls()].filter(Boolean));
  timeline.show = () => show(range);
  timeline.show();
};

const swatch = (...shape) => svg("svg", { width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true" }, ...shape);
const box = (name) => swatch(svg("rect", { class: name, width: 12, height: 12, rx: 2 }));

const toggle = (name, series, redraw) => el("button", { type: "button", class: "series", "aria-pressed": String(!hidden.has(series)),
  "data-series": series, onclick: () => {
    if (!hidden.delete(series)) hidden.add(series);
    redraw();
    document.querySelector(`[data-series="${series}"]`).focus();
  } }, box(`s${series}`), name);

const legend = (step, redraw) => el("ul", { class: "legend" },
  SERIES.map((name, series) => (buckets.some((bucket) => bucket[series + 1])
    ? el("li", null, toggle(name, series, redraw)) : null)),
  data.findings.length ? el("li", null, swatch(svg("rect", { class: "lane sev-high", y: 3, width: 12, height: 6, rx: 2 })), "findings") : null,
  data.changes.length ? el("li", null, swatch(svg("path", { class: "mark", d: "M6 1l4 5l-4 5l-4 -5z" })), data.timeline.marked) : null,
  el("li", null, `${step / MINUTE >= 60 ? `${number(step / HOUR)} h` : `${number(step / MINUTE)} min`} a bar, ${zoneName()}`));

// The same selection without a pointer. The controls outlive a redraw, and keep the focus.
const controls = (() => {
  let made = null;
  const make = () => {
    const status = el("output", { "aria-live": "polite", id: "selection" });
    const field = (end) => {
      const value = () => iso((range || domain)[end]).slice(0, 19).replace("T", " ");
      const input = el("input", { type: "text", size: 19, autocomplete: "off", spellcheck: "false", inputmode: "numeric" });
      input.addEventListener("change", () => {
        const ms = fromClock(input.value);
        input.setAttribute("aria-invalid", String(!Number.isFinite(ms)));
        if (!Number.isFinite(ms)) {
          status.textContent = `“${shorten(input.value, 40)}” is no time: type it whole, as ${value()}`;
          return;
        }
        const next = (range || domain).slice();
        next[end] = ms;
        select(next);
      });
      followers.push(() => {
        input.value = value();
        input.removeAttribute("aria-invalid");
      });
      input.value = value();
      return input;
    };
    const reset = el("button", { type: "button", onclick: () => select(null) }, "Show all");
    followers.push(() => {
      reset.disabled = !range;
      status.textContent = range ? selection() : "";
    });
    reset.disabled = true;
    return el("div", { class: "range", role: "group", "aria-label": "Time shown in the findings and tables" },
      el("span", null, "Drag over the chart to select a time, or type it:"), el("label", null, "from", field(0)), el("label", null, "to", field(1)), reset, status);
  };
  return () => (made = made || make());
})();

const selection = () => {
  const total = SERIES.map(() => 0);
  for (const [start, ...counts] of buckets) {
    if (within(start, start + data.timeline.width - 1)) counts.forEach((count, series) => { total[series] += count; });
  }
  const shown = data.findings.filter((finding) => finding.start !== null && within(finding.start, finding.end)).length;
  return `${spanText(range[0], range[1])}: ${SERIES.map((name, series) => `${number(total[series])} ${name}`).join(", ")}`
    + (data.findings.length < data.findings_total ? "" : `; ${number(shown)} of ${plural(data.findings_total, "finding", "findings")}`);
};

if (buckets.length) {
  chart("timeline", timeline);
  followers.push(() => timeline.show && timeline.show());
}

const cards = Array.from(document.querySelectorAll("article.finding"), (card) => [card, timesOf(card.querySelector(".facts"))]);
followers.push(() => {
  for (const [card, times] of cards) card.hidden = Boolean(times && !within(times[0], times[1])) || !passes(card);
});
