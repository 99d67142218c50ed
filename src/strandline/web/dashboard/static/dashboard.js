// Writes numbers in the reader's language, draws charts, follows the watch and sends confirmations; the page works without.
import { showError } from "./charts.js";
import { initConfirmations } from "./confirm.js";
import { follow } from "./live.js";
import { FloodMap } from "./map/flood_map.js";
import { localise, numbers, translate } from "./number_format.js";

const page = { run: document.body.dataset.run, isWatched: Boolean(document.body.dataset.watch), levels: JSON.parse(document.body.dataset.levels) };
const seaLevel = document.getElementById("sea-level-chart"), chart = document.getElementById("map-chart");
const map = new FloodMap(chart, page);
const drawn = new Set(); // "sea", "map"

const draw = {
  sea: () => drawSea().catch((error) => showError(seaLevel, error)),
  map: () => { opening = map.open().catch((error) => showError(chart, error)); },
};
let opening = null;

/** The chart needs five times the bytes of the map: it waits for a map that is on its way. */
async function drawSea() {
  await new Promise((done) => setTimeout(done)); // both come near at once where a link leads to the map
  await opening;
  const { drawSeaLevel } = await import("./sea_level.js");
  await drawSeaLevel(seaLevel, page);
}

function open(what) {
  if (!drawn.has(what)) draw[what]();
  drawn.add(what);
}

async function redraw() {
  const again = { sea: drawSea, map: () => map.redraw() };
  await Promise.all([...drawn].map((what) => again[what]())).catch(() => {});
}

/** Each library loads when what it draws is in view or comes next; with data saving on, both on request. */
function drawWhenNear() {
  if (navigator.connection?.saveData) {
    document.getElementById("saver").hidden = false;
    document.getElementById("load-note").textContent = translate("load_note", { size: numbers.bytes(1.7e6) });
    document.getElementById("load").addEventListener("click", (event) => { event.target.disabled = true; open("map"); open("sea"); }, { once: true });
    return;
  }
  whenNear(seaLevel, () => open("sea"));
  whenNear(chart, () => open("map"));
}

/** Call once, when an element is in view or comes next. */
function whenNear(element, call) {
  const observer = new IntersectionObserver((seen) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    call();
  }, { rootMargin: "0px 0px 400px 0px" });
  observer.observe(element);
}

/** The place of the works is asked for when its section is in view or comes next: the first answer reads the run. */
function initStudio() {
  whenNear(document.getElementById("studio"), () => {
    import("./studio/studio.js").then(({ openStudio }) => openStudio()).catch((error) => showError(document.getElementById("studio-outcome"), error));
  });
}

/** Its code comes with the first comparison, which waits for it. */
function initComparison() {
  const form = document.getElementById("compare-form"), out = document.getElementById("comparison");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    import("./compare.js").then(({ compare }) => compare(out)).catch((error) => showError(out, error));
  });
}

/** The name of one language asks for 45 kB of letters where the machine has none: they wait until the rest is there. */
function initLetters() {
  addEventListener("load", () => setTimeout(() => document.documentElement.classList.add("has-letters"), 5000));
}

function initTheme() {
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    try { localStorage.setItem("strandline-theme", root.dataset.theme); } catch { /* not kept */ }
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

localise(document);
initTheme();
initComparison();
initConfirmations();
initLetters();
drawWhenNear();
initStudio();
if (document.body.dataset.log) follow(redraw); // also before the first step of a watch
setInterval(() => { localise(document); map.renewWords(); }, 60_000);
