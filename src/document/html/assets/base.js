// Shared by the charts and tables. Text gets into the page as text nodes only.
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

const put = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
};
const el = (tag, attributes, ...children) => put(document.createElement(tag), attributes, children);
// The namespace is taken from the page, which so holds no address of any kind.
const SVG = byId("svg").namespaceURI;
const svg = (tag, attributes, ...children) => put(document.createElementNS(SVG, tag), attributes, children);
const titled = (text) => svg("title", null, text);

const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
const plural = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;
const shorten = (text, most) => {
  const signs = Array.from(text);
  return signs.length <= most ? text : `${signs.slice(0, most - 1).join("")}…`;
};

// Times are milliseconds since 1970, shown on the clocks of the report's zone as in the tables.
const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
// Whoever reads may choose other clocks.
const ZONES = {
  report: (ms) => (data.offsets.findLast((offset) => offset[0] <= ms) || data.offsets[0])[1],
  utc: () => 0,
  local: (ms) => -new Date(ms).getTimezoneOffset() * MINUTE,
};
let zone = "report";
const offsetAt = (ms) => ZONES[zone](ms);
const zoneName = () => ({ report: data.zone, utc: "UTC", local: "your clock" })[zone];
// Whether a finding's card or row is of the verdict and kind that are chosen.
let passes = () => true;
const iso = (ms) => new Date(ms + offsetAt(ms)).toISOString();
// The first of the times that the clocks show so; none if it is no time.
const fromClock = (text) => {
  const local = Date.parse(`${text.trim().replace(" ", "T")}Z`);
  if (!/^\s*\d{4}-\d\d-\d\d/.test(text)) return NaN;
  if (zone !== "report") return local - offsetAt(local - offsetAt(local));
  return data.offsets.map((offset) => local - offset[1]).find((ms) => ms + offsetAt(ms) === local) ?? local - data.offsets[0][1];
};
const buckets = data.timeline.buckets;
const domain = (() => {
  const starts = buckets.map((bucket) => bucket[0]);
  const from = Math.min(...[data.first, starts[0]].filter((ms) => typeof ms === "number"));
  const to = Math.max(...[data.last, starts.length ? starts[starts.length - 1] + data.timeline.width : null]
    .filter((ms) => typeof ms === "number"));
  return Number.isFinite(from) && to > from ? [from, to] : [0, 1];
})();
const oneYear = iso(domain[0]).slice(0, 4) === iso(domain[1]).slice(0, 4);
const oneDay = iso(domain[0]).slice(0, 10) === iso(domain[1]).slice(0, 10);
const day = (ms) => iso(ms).slice(oneYear ? 5 : 0, 10);
const clock = (ms) => (oneDay ? "" : `${day(ms)} `) + iso(ms).slice(11, 19);
const spanText = (from, to) => `${clock(from)} – ${clock(to)}`;

// Labels of an axis about every `room` pixels, at steps that people count in.
const ticks = ([from, to], width, room) => {
  const steps = [1, 2, 5, 10, 15, 30].map((n) => n * MINUTE)
    .concat([1, 2, 3, 4, 6, 12].map((n) => n * HOUR), [1, 2, 7, 14, 30, 91, 365, 1826, 7305].map((n) => n * DAY));
  const most = Math.max(2, Math.floor(width / room));
  const step = steps.find((size) => (to - from) / size <= most) || (to - from) / 2;
  const found = [];
  // Steps are those of the clocks.
  const ahead = offsetAt(from);
  for (let at = Math.ceil((from + ahead) / step) * step - ahead; at <= to && found.length < 60; at += step) {
    const text = iso(at);
    found.push([at, step < DAY && (oneDay || text.slice(11, 16) !== "00:00") ? text.slice(11, 16) : day(at)]);
  }
  return found;
};

// A label of an axis stays within the chart.
const tick = (x, y, left, right, label) => svg("text", { x, y,
  "text-anchor": x < left + 20 ? "start" : x > right - 20 ? "end" : "middle" }, label);

// The time selected, null for all; whoever shows something of it is told.
let range = null;
const followers = [];
const select = (next) => {
  range = next && next[1] > next[0] ? next : null;
  for (const follow of followers) follow();
};
const within = (from, to) => !range || (from <= range[1] && to >= range[0]);
const timesOf = (node) => {
  const times = Array.from(node.querySelectorAll("time"), (time) => Date.parse(time.dateTime)).filter(Number.isFinite);
  return times.length ? [Math.min(...times), Math.max(...times)] : null;
};

// Charts are drawn for the width there is, and again when it changes.
const charts = [];
const chart = (id, draw) => {
  const place = byId(`c-${id}`);
  if (place) charts.push(() => draw(place, Math.max(260, Math.floor(place.clientWidth))));
};
