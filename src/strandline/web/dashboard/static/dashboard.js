// The page says what matters without this; here it learns the reader's numbers, draws, follows the watch and confirms.
import { failed } from "./charts.js";
import { offerComparison } from "./compare.js";
import { offerConfirmations } from "./confirm.js";
import { follow } from "./live.js";
import { FloodMap } from "./map.js";
import { drawSea } from "./sea.js";
import { localise, say, tell } from "./number_format.js";

const page = { run: document.body.dataset.run, isWatched: Boolean(document.body.dataset.watch), levels: JSON.parse(document.body.dataset.levels) };
const sea = document.getElementById("sea-chart"), chart = document.getElementById("map-chart");
const map = new FloodMap(chart, page);
let isDrawn = false;

function drawAll() {
  isDrawn = true;
  return Promise.all([
    drawSea(sea, page).catch((error) => failed(sea, error)),
    map.open().catch((error) => failed(chart, error)),
  ]);
}

async function redraw() {
  if (!isDrawn) return;
  await Promise.all([drawSea(sea, page), map.renew().then(() => map.draw())]).catch(() => {});
}

/** On a line that counts its bytes, the reader says when the charts' 1.4 MB may come. */
function drawWhenNear() {
  if (navigator.connection?.saveData) {
    document.getElementById("saver").hidden = false;
    document.getElementById("load-note").textContent = tell("load_note", { size: say.bytes(1.4e6) });
    document.getElementById("load").addEventListener("click", (event) => { event.target.disabled = true; drawAll(); }, { once: true });
    return;
  }
  const watcher = new IntersectionObserver((seen) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    watcher.disconnect();
    drawAll();
  }, { rootMargin: "600px" });
  watcher.observe(sea);
  watcher.observe(chart);
}

function offerTheme() {
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    try { localStorage.setItem("strandline-theme", root.dataset.theme); } catch { /* kept for this page alone */ }
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

localise(document);
offerTheme();
offerComparison();
offerConfirmations();
drawWhenNear();
if (page.isWatched) follow(redraw);
setInterval(() => localise(document), 60_000);
