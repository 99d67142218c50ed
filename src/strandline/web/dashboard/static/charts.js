// Loads Plotly once, when a chart comes near the view; functions that all charts share.
import { numbers, translate } from "./number_format.js";

const folder = new URL(".", import.meta.url);
let loading = null;

/** Plotly is 1.4 MB compressed; the page shows what matters without it. */
export function loadPlotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("plotly.min.js", folder);
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { loading = null; reject(new Error("plotly.min.js")); };
    document.head.append(script);
  });
  return loading;
}

export async function fetchJson(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail ?? answer.statusText);
  return answer.json();
}

/** All items of a paged list. */
export async function fetchAll(url) {
  const items = [], next = new URL(url, location);
  for (;;) {
    const page = await fetchJson(next);
    items.push(...page.items);
    if (!page.next) return items;
    next.searchParams.set("cursor", page.next);
  }
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function chartLayout() {
  const ink = colour("ink");
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, size: 13, family: getComputedStyle(document.body).fontFamily },
    margin: { l: 56, r: 14, t: 14, b: 44 }, showlegend: true, legend: { orientation: "h", x: 0, y: 0, yref: "container", yanchor: "bottom" },
    hoverlabel: { bgcolor: colour("card"), bordercolor: colour("rule"), font: { color: ink } }, transition: { duration: 0 },
  };
}

export const config = { displaylogo: false, responsive: true, displayModeBar: false, doubleClick: "reset" };

/** Ticks at round steps, in the reader's digits. */
export function levelTicks(low, high) {
  const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const values = [];
  for (let each = Math.ceil(low / step) * step; each <= high; each += step) values.push(Number(each.toFixed(6)));
  return { tickvals: values, ticktext: values.map((each) => numbers.score(each)) };
}

export function timeTicks(start, end) {
  const hours = (end - start) / 3.6e6, room = document.body.clientWidth / 90;
  const step = [3, 6, 12, 24, 48, 96, 168].find((each) => hours / each <= room) ?? 336;
  const values = [];
  for (let each = Math.ceil(start / (step * 3.6e6)) * step * 3.6e6; each <= end; each += step * 3.6e6) values.push(new Date(each));
  return { tickvals: values, ticktext: values.map((each) => (step < 24 ? numbers.hour(each) : numbers.day(each))), tickangle: 0 };
}

export function showError(chart, error) {
  chart.replaceChildren(Object.assign(document.createElement("p"), { className: "placeholder", textContent: translate("chart_failed", { why: error.message }) }));
}
