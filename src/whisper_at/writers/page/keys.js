// --- keys; light and dark ---
const KEYS = {
  " ": play,
  ArrowLeft: () => seek(now - 5),
  ArrowRight: () => seek(now + 5),
  "+": () => $("in").click(),
  "-": () => $("out").click(),
  0: () => $("fit").click(),
  "/": () => $("query").focus(),
};

function isTaken(e) { // the key means something where it was pressed
  if (e.ctrlKey || e.metaKey || e.altKey) return true;
  if (e.target.matches("button, input[type=checkbox]")) return e.key === " ";
  return e.target.matches("input, select, audio");
}

function startKeys() {
  document.addEventListener("keydown", (e) => {
    if (!KEYS[e.key] || isTaken(e)) return;
    e.preventDefault();
    KEYS[e.key]();
  });
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    draw();
  });
}
