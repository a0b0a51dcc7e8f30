// Failed attempts by address or principal and time, a row each.
const heat = data.heat;
const heatSpan = () => {
  const rows = heat.sources.concat(heat.principals);
  const cells = rows.length ? rows[0][2].length : 0;
  return [heat.start, heat.start + cells * heat.width];
};

const axisRow = (span, place) => {
  const width = Math.max(120, place.clientWidth - (narrow.matches ? 0 : 300));
  const strip = svg("svg", { class: "scale", viewBox: `0 0 ${width} 18`, width: "100%", "aria-hidden": "true" });
  for (const [at, label] of ticks(span, width, 74)) {
    const x = (at - span[0]) / (span[1] - span[0]) * width;
    strip.append(tick(x, 13, 0, width, label));
  }
  return [el("span"), el("span"), strip];
};

// The part of a strip outside the time selected is covered.
const shade = (strip, span) => {
  for (const old of strip.querySelectorAll(".brush")) old.remove();
  if (!range) return;
  const from = Math.max(range[0], span[0]), to = Math.min(range[1], span[1]);
  if (to > from) {
    strip.append(svg("rect", { class: "brush", x: (from - span[0]) / (span[1] - span[0]) * 1000, y: 0,
      width: (to - from) / (span[1] - span[0]) * 1000, height: 20, "vector-effect": "non-scaling-stroke" }));
  }
};

const heatRow = ([key, total, counts], peak, span, absent) => {
  const strip = svg("svg", { class: "strip", viewBox: "0 0 1000 20", preserveAspectRatio: "none", role: "img" });
  const size = 1000 / counts.length;
  let most = 0;
  counts.forEach((count, at) => {
    if (!count) return;
    if (count > counts[most]) most = at;
    const start = heat.start + at * heat.width;
    strip.append(svg("rect", { class: "cell", x: (at * size).toFixed(2), y: 0, width: Math.max(1, size - 0.6).toFixed(2), height: 20,
      "fill-opacity": (0.18 + 0.82 * Math.sqrt(count / peak)).toFixed(3) },
    titled(`${key === null ? absent : key}\n${spanText(start, start + heat.width)}: ${number(count)}`)));
  });
  strip.setAttribute("aria-label", `most in one step: ${number(counts[most])} at ${clock(heat.start + most * heat.width)}`);
  shade(strip, span);
  const name = key === null ? el("span", { class: "name absent" }, absent)
    : el("button", { type: "button", class: "who", title: key, onclick: () => finders.get("t-failures")?.(key) }, el("bdi", null, key));
  return [name, el("span", { class: "total" }, number(total)), strip];
};

let heatBy = "sources";
const drawHeat = (place) => {
  const span = heatSpan();
  const rows = heat[heatBy];
  const absent = heatBy === "sources" ? "not logged" : "none";
  const peak = Math.max(1, ...rows.map((row) => Math.max(...row[2])));
  const button = (by, name) => el("button", { type: "button", "aria-pressed": String(heatBy === by), onclick: () => {
    heatBy = by;
    drawHeat(place);
    place.querySelector("[aria-pressed=true]").focus();
  } }, name);
  const total = heat[`${heatBy}_total`];
  place.replaceChildren(
    el("div", { class: "choice", role: "group", "aria-label": "Rows of the chart" },
      button("sources", "By address"), button("principals", "By principal")),
    el("div", { class: "rows heat" }, rows.map((row) => heatRow(row, peak, span, absent)), axisRow(span, place)),
    el("p", { class: "note" }, `${number(rows.length)} of ${number(total)}, most frequent first; the strongest colour stands for ${
      number(peak)}.`));
};
if (heat.sources.length) {
  chart("heat", drawHeat);
  followers.push(() => {
    for (const strip of document.querySelectorAll("#c-heat .strip")) shade(strip, heatSpan());
  });
}
