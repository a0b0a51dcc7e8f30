// Tables: sorted by a click on a heading, searched, and cut to the time selected in the timeline.
const SEVERITIES = ["info", "low", "medium", "high", "critical"];
const finders = new Map();
// Rows of a table that are drawn at a time; all are searched.
const STEP = 1000;

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
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row, place) => [sortValue(row.cells[at], kind), place, row]);
  const order = (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
  rows.sort((a, b) => (down ? order(b, a) : order(a, b)) || a[1] - b[1]);
  body.append(...rows.map((row) => row[2]));
  Array.from(table.tHead.rows[0].cells).forEach((head, place) => {
    if (place === at) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
};

const sortable = (table) => {
  Array.from(table.tHead.rows[0].cells).forEach((head, at) => {
    const kind = head.dataset.kind;
    if (table.tBodies[0].rows.length < 2 || head.textContent === "Details") return;
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
  const rows = Array.from(table.tBodies[0].rows);
  const timed = "timed" in table.dataset;
  const large = rows.length >= 12;
  if (!large && !timed) return;
  const total = Number(table.dataset.total);
  const times = timed ? rows.map(timesOf) : null;
  let texts = null, drawn = STEP;
  const judged = table.id === "t-findings";
  const status = el("output", { "aria-live": "polite" });
  const input = el("input", { type: "search", id: `find-${table.id}`, autocomplete: "off", spellcheck: "false" });
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) texts = rows.map((row) => row.textContent.toLowerCase());
    let shown = 0;
    rows.forEach((row, at) => {
      const here = words.every((word) => texts[at].includes(word))
        && (!timed || !times[at] || within(times[at][0], times[at][1])) && (!judged || passes(row));
      if (here) shown += 1;
      // What is found and not drawn yet; to draw it all would take long.
      row.hidden = !here || shown > drawn;
      if (here && row.hidden) row.dataset.more = "";
      else delete row.dataset.more;
    });
    const all = plural(rows.length, "row", "rows") + (total > rows.length ? ` shown here, ${number(total)} in all` : "");
    more.hidden = shown <= drawn;
    status.textContent = shown === rows.length ? (large ? all : "")
      : `${number(shown)} of ${all}${timed && range ? ` reach into ${spanText(range[0], range[1])}` : ""}`;
  };
  const more = el("button", { type: "button", hidden: true, onclick: () => {
    drawn += STEP;
    apply();
  } }, `Show ${number(STEP)} more rows`);
  table.closest(".scroll").after(more);
  let waiting = 0;
  input.addEventListener("input", () => {
    drawn = STEP;
    clearTimeout(waiting);
    waiting = setTimeout(apply, rows.length > 200 ? 150 : 0);
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
const stack = (table) => {
  if (table.classList.contains("stacks")) return;
  table.classList.add("stacks");
  table.setAttribute("role", "table");
  const names = Array.from(table.tHead.rows[0].cells, (head) => head.textContent);
  for (const section of [table.tHead, table.tBodies[0]]) {
    section.setAttribute("role", "rowgroup");
    for (const row of section.rows) row.setAttribute("role", "row");
  }
  for (const head of table.tHead.rows[0].cells) head.setAttribute("role", "columnheader");
  for (const row of table.tBodies[0].rows) {
    Array.from(row.cells).forEach((cell, at) => {
      const inner = el("span", { class: "cell" });
      inner.append(...cell.childNodes);
      put(cell, { role: "cell", "data-label": names[at] }, [inner]);
    });
  }
};

const tables = Array.from(document.querySelectorAll("main table"));
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
