// The life of each API key: how long it lived, when it was used, when it ended, when it was refused.
const lifeRow = (key) => {
  const at = (ms) => Math.min(1000, Math.max(0, (ms - domain[0]) / (domain[1] - domain[0]) * 1000));
  const bar = (name, from, to, y, height) => svg("rect", { class: name, x: at(from), y, width: Math.max(3, at(to) - at(from)), height });
  const strip = svg("svg", { class: "strip", viewBox: "0 0 1000 22", preserveAspectRatio: "none", role: "img" });
  const told = [`${key.name || key.id}: ${key.status}`];
  const expired = key.status === "expired" ? key.expires : null;
  const end = key.invalidated ?? expired;
  const from = key.created ?? domain[0];
  if (key.status !== "unknown" && from <= domain[1]) strip.append(bar("life", from, end ?? (key.status === "active" ? domain[1] : key.used_to ?? domain[1]), 4, 14));
  if (key.created !== null) told.push(`created ${iso(key.created).slice(0, 19).replace("T", " ")}`);
  if (key.used_from !== null) {
    strip.append(bar("use", key.used_from, key.used_to, 7, 8));
    told.push(`used ${number(key.used)} times, ${spanText(key.used_from, key.used_to)}`);
  }
  if (key.refused_from !== null) {
    strip.append(bar("refusal", key.refused_from, key.refused_to, 4, 14));
    told.push(`refused ${number(key.refused)} times, ${spanText(key.refused_from, key.refused_to)}`);
  }
  if (end !== null && end >= domain[0] && end <= domain[1]) {
    strip.append(svg("line", { class: "end", x1: at(end), x2: at(end), y1: 0, y2: 22, "vector-effect": "non-scaling-stroke" }));
    told.push(`${key.invalidated !== null ? "invalidated" : "expired"} ${clock(end)}${key.by ? ` by ${key.by}` : ""}`);
  }
  strip.setAttribute("aria-label", told.join("; "));
  strip.append(titled(told.join("\n")));
  return [el("span", { class: "name", title: `${key.name || ""} ${key.id}` }, el("bdi", null, key.name || key.id)),
    el("span", { class: "total" }, key.refused ? `${number(key.refused)} refused` : key.status), strip];
};

const drawKeys = (place) => {
  const shown = (name, text) => el("li", null, box(name), text);
  place.replaceChildren(
    el("ul", { class: "legend" }, shown("life", "exists"), shown("use", "used"),
      el("li", null, swatch(svg("line", { class: "end", x1: 6, x2: 6, y1: 0, y2: 12 })), "invalidated or expired"), shown("refusal", "refused")),
    el("div", { class: "rows keys" }, data.keys.map(lifeRow), axisRow(domain, place)));
};
if (data.keys.length) chart("keys", drawKeys);
