// Tables: sorted by a click on a heading, searched, and cut to the time selected in the timeline.
const SEVERITIES = ["info", "low", "medium", "high", "critical"];
const finders = new Map();
// Rows of a table that are drawn at a time (the page has as many in its first body); all are searched. Those that are not drawn
// are kept out of the page: a browser takes long over tens of thousands of cells.
const STEP = 1000;
const tables = Array.from(document.querySelectorAll("main table"));
// By table: its rows in their order, those that are found, and how many of these are drawn.
const views = new Map();
const tableOf = new Map();
// What else is done to rows before they are drawn.
const dressers = [];
for (const table of tables) {
  const rows = Array.from(table.tBodies).flatMap((body) => Array.from(body.rows));
  for (const row of rows) tableOf.set(row, table);
  for (const body of Array.from(table.tBodies).slice(1)) body.remove();
  views.set(table, { rows, found: rows, drawn: STEP });
}
// What is in the page, and in rows that are not drawn.
const everywhere = (selector, within = "") => Array.from(document.querySelectorAll(within + selector))
  .concat(Array.from(tableOf.keys()).filter((row) => !row.isConnected).flatMap((row) => Array.from(row.querySelectorAll(selector))));

const drawRows = (table) => {
  const { found, drawn } = views.get(table);
  const body = table.tBodies[0];
  const next = found.slice(0, drawn);
  if (body.rows.length === next.length && next.every((row, at) => body.rows[at] === row)) return;
  for (const dress of dressers) dress(table, next);
  body.replaceChildren(...next);
};

const sortValue = (cell, kind) => {
  if (kind === "num") {
    const text = cell.querySelector("data")?.value ?? cell.textContent.replace(/,/g, "");
    return text ? Number(text) : -1;
  }
  if (kind === "time") {
    const time = cell.querySelector("time");
    return time ? Date.parse(time.dateTime) : -Infinity;
  }
  const text = cell.textContent;
  const severity = SEVERITIES.indexOf(text);
  return severity >= 0 && cell.querySelector(".badge") ? severity : text.toLowerCase();
};

const sortBy = (table, at, kind, down) => {
  const view = views.get(table);
  const rows = view.rows.map((row, place) => [sortValue(row.cells[at], kind), place, row]);
  const order = (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
  rows.sort((a, b) => (down ? order(b, a) : order(a, b)) || a[1] - b[1]);
  const places = new Map(rows.map((row, place) => [row[2], place]));
  view.found = view.found.slice().sort((a, b) => places.get(a) - places.get(b));
  view.rows = rows.map((row) => row[2]);
  drawRows(table);
  Array.from(table.tHead.rows[0].cells).forEach((head, place) => {
    if (place === at) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
};

const sortable = (table) => {
  Array.from(table.tHead.rows[0].cells).forEach((head, at) => {
    const kind = head.dataset.kind;
    if (views.get(table).rows.length < 2 || head.textContent === "Details") return;
    const name = head.textContent;
    const sort = () => {
      const sorted = head.getAttribute("aria-sort");
      // Numbers are asked for from the top.
      const down = sorted ? sorted === "ascending" : kind === "num" || name === "Severity";
      sortBy(table, at, kind, down);
    };
    head.replaceChildren(el("button", { type: "button", onclick: sort }, name));
  });
};

const searchable = (table) => {
  const view = views.get(table);
  const count = view.rows.length;
  const timed = "timed" in table.dataset;
  const large = count >= 12;
  if (!large && !timed) return;
  const total = Number(table.dataset.total);
  const times = timed ? new Map(view.rows.map((row) => [row, timesOf(row)])) : null;
  let texts = null;
  const judged = table.id === "t-findings";
  const status = el("output", { "aria-live": "polite" });
  const paper = el("p", { class: "paper" });
  const input = el("input", { type: "search", id: `find-${table.id}`, autocomplete: "off", spellcheck: "false" });
  const isFound = (row, words) => words.every((word) => texts.get(row).includes(word))
    && (!timed || !times.get(row) || within(...times.get(row))) && (!judged || passes(row));
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) texts = new Map(view.rows.map((row) => [row, row.textContent.toLowerCase()]));
    view.found = view.rows.filter((row) => isFound(row, words));
    drawRows(table);
    const shown = view.found.length, drawn = Math.min(shown, view.drawn);
    const all = plural(count, "row", "rows") + (total > count ? ` shown here, ${number(total)} in all` : "");
    more.hidden = shown <= view.drawn;
    status.textContent = shown === count ? (large ? all : "")
      : `${number(shown)} of ${all}${timed && range ? ` reach into ${spanText(range[0], range[1])}` : ""}`;
    paper.textContent = drawn === Math.max(total, count) ? "" : `On paper: ${number(drawn)} of ${plural(Math.max(total, count), "row", "rows")}.`;
  };
  const more = el("button", { type: "button", class: "more", hidden: true, onclick: () => {
    view.drawn += STEP;
    apply();
  } }, `Show ${number(STEP)} more rows`);
  table.closest(".scroll").after(more, paper);
  let waiting = 0;
  input.addEventListener("input", () => {
    view.drawn = STEP;
    clearTimeout(waiting);
    waiting = setTimeout(apply, count > 200 ? 150 : 0);
  });
  if (timed) followers.push(apply);
  table.closest(".scroll").before(el("div", { class: "find" },
    large ? [el("label", { for: input.id }, "Search"), input] : null, status));
  if (large) finders.set(table.id, (text) => {
    input.value = text;
    apply();
    input.focus({ preventScroll: true });
    input.scrollIntoView({ block: "center" });
  });
  apply();
};

// On a narrow screen a row is a list of names and values. Roles keep it a table for screen readers.
const stackRows = (table, rows) => {
  if (!table.classList.contains("stacks")) return;
  const names = Array.from(table.tHead.rows[0].cells, (head) => head.textContent);
  for (const row of rows) {
    if (row.getAttribute("role") === "row") continue;
    row.setAttribute("role", "row");
    Array.from(row.cells).forEach((cell, at) => {
      const inner = el("span", { class: "cell" });
      inner.append(...cell.childNodes);
      put(cell, { role: "cell", "data-label": names[at] }, [inner]);
    });
  }
};
dressers.push(stackRows);
const stack = (table) => {
  if (table.classList.contains("stacks")) return;
  table.classList.add("stacks");
  table.setAttribute("role", "table");
  for (const section of [table.tHead, table.tBodies[0]]) section.setAttribute("role", "rowgroup");
  table.tHead.rows[0].setAttribute("role", "row");
  for (const head of table.tHead.rows[0].cells) head.setAttribute("role", "columnheader");
  stackRows(table, Array.from(table.tBodies[0].rows));
};

for (const table of tables) {
  sortable(table);
  searchable(table);
  // A box that scrolls must be reachable by keyboard.
  put(table.closest(".scroll"), { tabindex: 0, role: "region", "aria-label": table.caption.textContent }, []);
}
const narrow = matchMedia("screen and (max-width: 46rem)");
const stackAll = () => { if (narrow.matches) tables.forEach(stack); };
narrow.addEventListener("change", stackAll);
stackAll();
