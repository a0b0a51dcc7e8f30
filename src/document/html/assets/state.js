// What is looked at, in the fragment behind a tilde: a link shows the same view. Before the tilde stands the place.
const restore = [];
const keep = [];
const placeOf = (hash) => hash.slice(1).split("~")[0];
const writeState = () => {
  const state = new URLSearchParams();
  for (const put of keep) put(state);
  const text = state.toString();
  const next = `#${placeOf(location.hash)}${text ? `~${text}` : ""}`;
  if (next !== (location.hash || "#")) history.replaceState(null, "", next);
};
const readState = () => {
  const [anchor, text] = location.hash.slice(1).split("~");
  const state = new URLSearchParams(text || "");
  for (const take of restore) take(state);
  const target = text === undefined ? null : byId(decodeURIComponent(anchor));
  if (target) target.scrollIntoView();
};

keep.push((state) => {
  if (range) for (const [at, name] of [[0, "from"], [1, "to"]]) state.set(name, new Date(range[at]).toISOString());
});
restore.push((state) => {
  const [from, to] = [Date.parse(state.get("from")), Date.parse(state.get("to"))];
  select(Number.isFinite(from) && Number.isFinite(to) ? [from, to] : null);
});
followers.push(writeState);

// Times on other clocks: as the report has them, in UTC, or those of whoever reads.
const written = everywhere("time").map((node) => [node, node.textContent]);
const setZone = (next) => {
  zone = next in ZONES ? next : "report";
  for (const [node, text] of written) {
    if (zone === "report") { node.textContent = text; continue; }
    const ms = Date.parse(node.dateTime);
    if (!Number.isFinite(ms)) continue;
    const minutes = Math.round(offsetAt(ms) / MINUTE);
    const two = (value) => String(Math.floor(value)).padStart(2, "0");
    const ahead = zone === "utc" ? "UTC" : `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
    // A sentence tells its time whole.
    const whole = /UTC|[+-]\d\d:\d\d$/.test(text);
    const day = iso(ms).slice(oneYear ? 5 : 0, 10);
    node.textContent = whole ? `${iso(ms).slice(0, 19).replace("T", " ")} ${ahead}` : `${oneDay ? "" : `${day} `}${iso(ms).slice(11, 19)}`;
  }
  for (const choice of document.querySelectorAll("#zone")) choice.value = zone;
};
keep.push((state) => { if (zone !== "report") state.set("tz", zone); });
restore.push((state) => setZone(state.get("tz") || "report"));
const zoneChoice = el("select", { id: "zone", "aria-label": "Clocks", onchange: (event) => {
  setZone(event.target.value);
  writeState();
  drawAll();
  for (const follow of followers) follow();
} }, el("option", { value: "report" }, `Times: ${data.zone}`),
data.zone === "UTC" ? null : el("option", { value: "utc" }, "Times: UTC"), el("option", { value: "local" }, "Times: your clock"));
if (written.length) byId("tools").append(zoneChoice);

// Findings by verdict and kind.
const findingCards = Array.from(document.querySelectorAll("article.finding"));
const verdictOf = (node) => node.querySelector(".verdict")?.textContent || "";
const kindOf = (card) => Array.from(card.querySelectorAll(".facts li"), (fact) => fact.textContent).find((text) => /^[a-z_]+$/.test(text)) || "";
const chosen = { verdict: "", kind: "" };
passes = (node) => {
  const card = node.matches("article") ? node : byId(node.querySelector("a[href^='#F']")?.getAttribute("href").slice(1));
  const verdict = verdictOf(node);
  return (!chosen.verdict || verdict === chosen.verdict) && (!chosen.kind || Boolean(card) && kindOf(card) === chosen.kind);
};
const choices = (name, label, values) => {
  const input = el("select", { id: `by-${name}`, onchange: (event) => {
    chosen[name] = event.target.value;
    for (const follow of followers) follow();
  } }, el("option", { value: "" }, "all"), values.map((value) => el("option", { value }, value.replace(/_/g, " "))));
  keep.push((state) => { if (chosen[name]) state.set(name, chosen[name]); });
  restore.push((state) => {
    const value = state.get(name) || "";
    chosen[name] = values.includes(value) ? value : "";
    input.value = chosen[name];
  });
  return el("label", null, `${label} `, input);
};
const distinct = (values) => Array.from(new Set(values)).filter(Boolean).sort();
if (findingCards.length > 1) {
  const status = el("output", { "aria-live": "polite" });
  followers.push(() => {
    const shown = findingCards.filter((card) => !card.hidden).length;
    status.textContent = shown === findingCards.length ? "" : `${number(shown)} of ${plural(findingCards.length, "finding", "findings")}`;
  });
  byId("h-findings")?.after(el("div", { class: "find by", role: "group", "aria-label": "Findings shown" },
    choices("verdict", "Verdict", distinct(findingCards.map(verdictOf))), choices("kind", "Kind", distinct(findingCards.map(kindOf))), status));
}
