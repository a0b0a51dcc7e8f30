// Who was tried from where: a spray is a full row, guessing one full cell. Made of the rows of the table of failures.
// Room for names of accounts to the right, where they lean over.
const LEAN = 88;
const MOST_SOURCES = 20, MOST_ACCOUNTS = 40, ACCOUNTS_OF_A_SPRAY = 5;
const pairs = (() => {
  const found = new Map();
  let partly = false;
  for (const row of views.get(byId("t-failures"))?.rows || []) {
    const account = row.querySelector("bdi[data-a=p]")?.textContent;
    const sources = Array.from(row.querySelectorAll("td > bdi[data-a=a], td > .cell > bdi[data-a=a]"));
    if (account === undefined) continue;
    for (const node of sources) {
      const told = node.nextElementSibling?.matches(".times") ? node.nextElementSibling.textContent : row.querySelector(".num").textContent;
      const source = node.textContent;
      if (!found.has(source)) found.set(source, new Map());
      const of = found.get(source);
      of.set(account, (of.get(account) || 0) + Number(told.replace(/\D/g, "")));
    }
    // Not by a selector of two parts: Chromium then walks the whole table for each row.
    partly = partly || Array.from(row.getElementsByClassName("absent")).some((node) => node.textContent.startsWith("+"));
  }
  return { found, partly };
})();
const sprays = Array.from(pairs.found).filter(([, accounts]) => accounts.size >= ACCOUNTS_OF_A_SPRAY)
  .sort((a, b) => b[1].size - a[1].size || (a[0] < b[0] ? -1 : 1)).slice(0, MOST_SOURCES);

const matrix = (place, width) => {
  const totals = new Map();
  for (const [, accounts] of sprays) for (const [account, count] of accounts) totals.set(account, (totals.get(account) || 0) + count);
  const all = Array.from(totals).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const accounts = all.slice(0, MOST_ACCOUNTS).map(([account]) => account);
  const left = Math.min(200, width / 3), top = 118, size = Math.max(12, Math.min(26, Math.floor((width - left - LEAN) / accounts.length)));
  const peak = Math.max(1, ...sprays.flatMap(([, of]) => Array.from(of.values())));
  const wide = left + accounts.length * size + LEAN;
  const root = svg("svg", { viewBox: `0 0 ${wide} ${top + sprays.length * size + 6}`, width: wide, role: "img",
    "aria-label": `Failures by address and account: ${plural(sprays.length, "address", "addresses")}, ${plural(accounts.length, "account", "accounts")}` });
  accounts.forEach((account, at) => root.append(svg("text", { transform: `translate(${left + at * size + size * 0.7} ${top - 8}) rotate(-50)` },
    shorten(account, 18), titled(account))));
  sprays.forEach(([source, of], row) => {
    const y = top + row * size;
    root.append(svg("text", { x: left - 8, y: y + size * 0.7, "text-anchor": "end" }, shorten(source, 24), titled(source)));
    accounts.forEach((account, at) => {
      const count = of.get(account) || 0;
      root.append(svg("rect", { class: count ? "cell day" : "day none", x: left + at * size, y, width: size - 2, height: size - 2, rx: 2,
        "fill-opacity": count ? (0.25 + 0.75 * Math.sqrt(count / peak)).toFixed(3) : 1 },
      titled(`${source}, ${account}: ${plural(count, "failure", "failures")}`)));
    });
  });
  place.replaceChildren(el("h3", null, "Who was tried from where"), el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Who was tried from where" }, root),
    el("p", { class: "note" }, `Addresses that fail at ${ACCOUNTS_OF_A_SPRAY} accounts or more; the strongest colour stands for ${number(peak)}.${
      all.length > accounts.length ? ` The ${number(accounts.length)} most frequent of ${number(all.length)} accounts.` : ""}${
      pairs.partly ? " Addresses that a row of the table does not name are missing." : ""}`));
};
if (sprays.length && byId("c-heat")) {
  byId("c-heat").after(el("div", { class: "chart", id: "c-matrix" }));
  chart("matrix", matrix);
}
