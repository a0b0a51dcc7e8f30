// Light, dark or as the system says; printing; drawing.
const root = document.documentElement;
const stored = (value) => {
  // A page opened from disk may not be allowed to remember anything.
  try {
    if (value !== undefined) localStorage.setItem("esaudit-theme", value);
    return localStorage.getItem("esaudit-theme");
  } catch {
    return null;
  }
};
const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
const setTheme = (theme) => {
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
};
setTheme(stored());
const theme = el("button", { type: "button", id: "theme", onclick: () => {
  setTheme(dark() ? "light" : "dark");
  stored(root.dataset.theme);
  themeName();
} });
const themeName = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`); };
themeName();
byId("tools").append(theme, el("button", { type: "button", onclick: () => print() }, "Print"));

// On paper the findings are told in full, of what was closed on the screen too.
let opened = [];
addEventListener("beforeprint", () => {
  opened = Array.from(document.querySelectorAll(".finding details:not([open])"));
  for (const details of opened) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
});

// Charts say it shorter; without the script the numbers are all there is.
for (const numbers of document.querySelectorAll("section > details.numbers[open]")) numbers.open = false;

const drawAll = () => charts.forEach((draw) => draw());
let drawn = 0, due = 0;
new ResizeObserver(() => {
  const width = byId("main").clientWidth;
  if (width === drawn) return;
  drawn = width;
  cancelAnimationFrame(due);
  due = requestAnimationFrame(drawAll);
}).observe(byId("main"));
drawn = byId("main").clientWidth;
drawAll();
addEventListener("hashchange", () => (location.hash.includes("~") ? readState() : writeState()));
if (location.hash.includes("~")) readState();
root.dataset.ready = "";
