// What is taken elsewhere: findings as Markdown, requests as curl commands, tables as CSV.
const copied = el("output", { class: "copied", "aria-live": "polite" });
byId("tools").append(copied);
const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page opened from disk may have no clipboard.
    const area = el("textarea", { class: "skip", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  copied.textContent = "Copied";
  setTimeout(() => { copied.textContent = ""; }, 2000);
};

// Text of a log is no Markdown.
const plainText = (text) => text.trim().replace(/\s+/g, " ").replace(/([\\`*_[\]<>|#~])/g, "\\$1");
// Elsewhere nobody knows the day and the clocks of the page: a time that is told short is told whole.
const ofPage = (node) => {
  const copy = node.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) {
    if (!/UTC|[+-]\d\d:\d\d$/.test(time.textContent)) time.textContent = `${time.dateTime.slice(0, 19).replace("T", " ")} UTC`;
  }
  return copy;
};
const asMarkdown = (card) => {
  const lines = [`## ${plainText(card.querySelector("h3").textContent)}`, "",
    Array.from(card.querySelectorAll(".badges > :not(button), .facts li"), (node) => plainText(ofPage(node).textContent)).join(" · ")];
  for (const node of card.querySelectorAll("p.prose, h4, details:has(li) > summary, ul:not(.facts) > li, ol > li")) {
    const text = Array.from(ofPage(node).childNodes, (child) => (child.matches?.("button") ? ""
      : child.matches?.("code") ? `\`${child.textContent.replace(/`/g, "'")}\`` : plainText(` ${child.textContent} `) && child.textContent.replace(/([\\`*_[\]<>|#~])/g, "\\$1"))).join("");
    if (node.matches("li")) lines.push(`${node.closest("ol") ? "1." : "-"} ${text.trim()}`);
    else lines.push("", node.matches("h4, summary") ? `### ${text.trim()}` : text.trim(), "");
  }
  return `${lines.join("\n").replace(/\n{3,}/g, "\n\n").trim()}\n`;
};
for (const card of findingCards) {
  card.querySelector(".badges").append(el("button", { type: "button", class: "small", onclick: () => copy(asMarkdown(card)) }, "Copy as Markdown"));
}

const inShell = (text) => `'${text.replace(/'/g, "'\\''")}'`;
for (const call of document.querySelectorAll("code.call")) {
  const [method, path] = call.textContent.split(/ (.*)/s);
  const body = call.nextElementSibling?.matches("code.body") ? call.nextElementSibling : null;
  const command = `curl -X ${method} "$ES_URL"${inShell(path)} -H 'Content-Type: application/json'${body ? ` -d ${inShell(body.textContent)}` : ""}`;
  (body || call).after(" ", el("button", { type: "button", class: "small", "aria-label": `Copy ${method} ${path} as curl`, onclick: () => copy(command) }, "curl"));
}

// A spreadsheet takes some signs for the begin of a formula, and a number with commas for text. What is absent is empty.
const csvCell = (cell) => {
  if (cell.textContent.trim() === "-" && !cell.querySelector("bdi")) return "";
  const text = (cell.querySelector("data")?.value ?? cell.querySelector("time:only-child")?.dateTime ?? cell.textContent).trim();
  const plain = cell.matches(".num") ? text.replace(/,/g, "") : text;
  const safe = /^[=+\-@\t\r]/.test(plain) && !/^-?[\d.]+$/.test(plain) ? `'${plain}` : plain;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};
const asCsv = (table) => [table.tHead.rows[0], ...views.get(table).found]
  .map((row) => Array.from(row.cells, csvCell).join(",")).join("\r\n");
for (const table of tables) {
  const name = table.id.slice(2) || "table";
  const save = () => {
    const link = el("a", { href: URL.createObjectURL(new Blob([`${asCsv(table)}\r\n`], { type: "text/csv" })), download: `${name}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const button = el("button", { type: "button", class: "small csv", "aria-label": `Save ${name} as CSV`, onclick: save }, "CSV");
  const scroll = table.closest(".scroll");
  const above = scroll.previousElementSibling;
  if (above?.matches(".find")) above.append(button);
  else scroll.before(el("div", { class: "find" }, button));
}
