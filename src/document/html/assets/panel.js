// Everything of one actor that the page holds: its findings, its rows, and its lanes over time.
const ACTORS = { p: ["principal", "--principal"], a: ["address", "--source"], k: ["API key", "--key"], n: ["node", "--node"] };
const MOST_ROWS = 50;
let actor = null, usesOf = null, leftAt = null, panel = null;

const uses = (kind, name) => {
  if (!usesOf) {
    usesOf = new Map();
    for (const node of everywhere("bdi[data-a]", "main ")) {
      const key = `${node.dataset.a} ${node.textContent}`;
      if (!usesOf.has(key)) usesOf.set(key, []);
      usesOf.get(key).push(node);
    }
  }
  return usesOf.get(`${kind} ${name}`) || [];
};

// Sentences name actors as words; whole words only.
const named = (text, name) => {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const around = (text[at - 1] || " ") + (text[at + name.length] || " ");
    if (!/[\p{L}\p{N}_@-]/u.test(around)) return true;
  }
  return false;
};

const lane = (title, times) => {
  if (!times.length) return null;
  const place = (ms) => Math.max(0, Math.min(1000, (ms - domain[0]) / (domain[1] - domain[0]) * 1000));
  const strip = svg("svg", { class: "strip", viewBox: "0 0 1000 20", preserveAspectRatio: "none", role: "img",
    "aria-label": `${title}: ${spanText(Math.min(...times.map((t) => t[0])), Math.max(...times.map((t) => t[1])))}` });
  for (const [from, to] of times.slice(0, 400)) {
    strip.append(svg("rect", { class: "cell", x: place(from).toFixed(1), y: 0, height: 20, "fill-opacity": ".55",
      width: Math.max(3, place(to) - place(from)).toFixed(1) }, titled(spanText(from, to))));
  }
  return [el("span", { class: "name" }, title), el("span", { class: "total" }, number(times.length)), strip];
};

const closePanel = () => {
  if (!panel) return;
  panel.remove();
  panel = null;
  actor = null;
  writeState();
  leftAt?.focus({ preventScroll: true });
};

const openPanel = (kind, name, from) => {
  panel?.remove();
  leftAt = from || null;
  actor = [kind, name];
  const [word, option] = ACTORS[kind];
  const found = uses(kind, name);
  const cards = findingCards.filter((card) => found.some((node) => card.contains(node)) || named(card.textContent, name));
  const rows = new Map();
  for (const node of found) {
    const row = node.closest("tr"), table = tableOf.get(row);
    // Findings are listed anyway.
    if (!table || table.id === "t-findings") continue;
    if (!rows.has(table)) rows.set(table, new Set());
    rows.get(table).add(row);
  }
  // How a table is ordered is said where it stands.
  const caption = (table) => table.caption.textContent.split(/[:,]/)[0];
  const spans = (list) => Array.from(list, timesOf).filter(Boolean);
  const lanes = [lane("findings", cards.map((card) => timesOf(card.querySelector(".facts"))).filter(Boolean)),
    ...Array.from(rows, ([table, list]) => lane(caption(table), spans(list)))].filter(Boolean);
  const quoted = `'${name.replace(/'/g, "'\\''")}'`;
  panel = el("aside", { id: "panel", role: "dialog", "aria-labelledby": "panel-name", tabindex: -1 },
    el("button", { type: "button", class: "close", onclick: closePanel }, "Close"),
    el("h2", { id: "panel-name" }, `${word} `, el("bdi", { class: "long" }, name)),
    lanes.length ? el("div", { class: "rows heat" }, lanes) : null,
    el("h3", null, plural(cards.length, "finding", "findings")),
    el("ul", null, cards.map((card) => el("li", null, el("a", { href: `#${card.id}`, onclick: closePanel }, card.id), " ",
      card.querySelector(".badge")?.cloneNode(true), " ", card.querySelector("h3").lastChild ? card.querySelector("h3").textContent.slice(card.id.length) : ""))),
    Array.from(rows, ([table, list]) => [el("h3", null, `${caption(table)}: ${plural(list.size, "row", "rows")}`),
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption(table) }, el("table", null, el("thead", null, el("tr", null,
        Array.from(table.tHead.rows[0].cells, (head) => el("th", { scope: "col" }, head.textContent)))),
      el("tbody", null, Array.from(list).slice(0, MOST_ROWS).map((row) => row.cloneNode(true))))), list.size > MOST_ROWS ? el("p", { class: "note" }, `The first ${MOST_ROWS} rows.`) : null]),
    el("p", { class: "note" }, "This is what the page holds. All of it, event by event: ",
      el("code", null, `esaudit timeline LOGS ${option} ${quoted}`)));
  document.body.append(panel);
  panel.focus({ preventScroll: true });
  writeState();
};

const actorAt = (event) => {
  const node = event.target.closest?.("bdi[data-a]");
  if (!node || node.closest("a, button, #panel-name") || String(getSelection())) return false;
  openPanel(node.dataset.a, node.textContent, node);
  return true;
};
addEventListener("click", actorAt);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel) closePanel();
  if (event.key === "Enter" && actorAt(event)) event.preventDefault();
});
keep.push((state) => { if (actor) state.set(actor[0], actor[1]); });
restore.push((state) => {
  const kind = Object.keys(ACTORS).find((known) => state.get(known));
  if (!kind) closePanel();
  else if (!actor || actor[0] !== kind || actor[1] !== state.get(kind)) openPanel(kind, state.get(kind));
});
// So many are reached by keyboard, and those of rows that a search brings up.
const reach = (nodes) => {
  for (const node of nodes) {
    put(node, { tabindex: 0, role: "link", "aria-label": `${node.textContent}: everything of this ${ACTORS[node.dataset.a][0]}` }, []);
  }
};
reach(Array.from(document.querySelectorAll("main bdi[data-a]")).slice(0, 1500));
dressers.push((table, rows) => reach(rows.slice(0, MOST_ROWS).flatMap((row) => Array.from(row.querySelectorAll("bdi[data-a]")))));
