// The belief about the sea: what was believed, what is to come, and what was measured.
import { colour, config, fetchAll, fetchJson, levelTicks, loadPlotly, look, timeTicks } from "./charts.js";
import { nameOf, say, tell } from "./number_format.js";

const symbols = ["circle", "diamond", "square", "triangle-up", "triangle-down", "star"];
const hour = 3.6e6;

export async function drawSea(chart, { run, isWatched, levels }) {
  const data = isWatched ? await watched() : await forecast(run);
  const plotly = await loadPlotly();
  chart.querySelector(".placeholder")?.remove();
  const heights = data.traces.flatMap((trace) => trace.y).filter((y) => y !== null);
  const low = Math.min(...heights), reach = Math.max(...heights) - low;
  const marks = thresholds(levels, Math.max(...heights) + 0.5 * reach);
  const high = Math.max(...heights, ...marks.map((mark) => mark.level));
  const times = data.traces.flatMap((trace) => trace.x.map(Number));
  const [start, end] = [Math.min(...times), Math.max(...times)];
  const below = chart.clientWidth < 600 ? 44 + 22 * data.traces.length : 66; // for the legend, a line each on a phone
  chart.style.height = `${360 + below}px`;
  await plotly.react(chart, data.traces, {
    ...look(), margin: { ...look().margin, b: below }, hovermode: "closest",
    xaxis: { range: [start, end], ...timeTicks(start, end), gridcolor: colour("rule"), zeroline: false, fixedrange: true },
    yaxis: {
      title: { text: tell("water_level") }, range: [low - 0.05 * reach, high + 0.1 * reach], ...levelTicks(low, high), gridcolor: colour("rule"),
      zeroline: false, fixedrange: true,
    },
    shapes: [
      ...(data.now ? [line({ x0: data.now, x1: data.now, yref: "paper", y0: 0, y1: 1 }, "ink", "solid")] : []),
      ...marks.map(({ level }) => line({ xref: "paper", x0: 0, x1: 1, y0: level, y1: level }, "bad", "dash")),
    ],
    annotations: [
      ...(data.now ? [note({ x: data.now, yref: "paper", y: 0, text: tell("this_hour"), xanchor: "left", yanchor: "bottom" })] : []),
      ...marks.map(({ text, level }) => note({ xref: "paper", x: 0, y: level, text, xanchor: "left", yanchor: "bottom" })),
    ],
  }, config);
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", data.words);
}

async function watched() {
  const outlook = await fetchJson("/api/v1/watch/outlook");
  const now = new Date(outlook.hour), since = new Date(now - 48 * hour).toISOString();
  const [past, readings] = await Promise.all([
    fetchAll(`/api/v1/watch/outlook/history?lead_hours=0&since=${since}&limit=500`),
    fetchAll(`/api/v1/watch/readings?since=${since}&limit=1000`),
  ]);
  const ahead = outlook.rows.filter((row) => row.variable === "water_level" && row.zone === "");
  const rows = [...past.flatMap((believed) => believed.rows), ...ahead.filter((row) => row.lead_hours > 0)];
  const traces = belief(rows, ["p05", "p50", "p95"], tell("band_90"), tell("belief"));
  const streams = [...new Set(readings.map((reading) => reading.stream))];
  streams.forEach((stream, number) => {
    const latest = new Map(readings.filter((reading) => reading.stream === stream).map((reading) => [reading.time, reading]));
    const sound = [...latest.values()].filter((reading) => reading.quality === "good");
    traces.push(points(sound, `${stream}, ${tell("measured")}`, symbols[number % symbols.length], number));
    const doubtful = [...latest.values()].filter((reading) => reading.quality !== "good");
    if (doubtful.length) traces.push(points(doubtful, `${stream}, ${tell("doubtful")}`, "x-thin-open", number));
  });
  const last = ahead.at(-1);
  return { traces, now, words: `${tell("sea")}. ${last ? tell("between", { low: say.metres(last.p05), high: say.metres(last.p95) }) : ""}` };
}

async function forecast(run) {
  const rows = await fetchAll(`/api/v1/runs/${run}/surge?peak=true&limit=1000`);
  const traces = belief(rows, ["p10", "p50", "p90"], tell("band_80"), tell("forecast"));
  const seen = rows.filter((row) => row.observed !== null).map((row) => ({ time: row.time, value: row.observed }));
  traces.push(points(seen, tell("measured"), "circle", 0));
  return { traces, now: null, words: tell("sea_run") };
}

function belief(rows, [low, middle, high], band, median) {
  const x = rows.map((row) => new Date(row.time)), side = { mode: "lines", line: { width: 0 }, hoverinfo: "skip" };
  return [
    { ...side, x, y: rows.map((row) => row[low]), showlegend: false },
    { ...side, x, y: rows.map((row) => row[high]), fill: "tonexty", fillcolor: colour("band"), name: band },
    {
      x, y: rows.map((row) => row[middle]), mode: "lines", name: median, line: { color: colour("belief"), width: 2.5 },
      text: rows.map((row) => `${say.hour(new Date(row.time))}<br>${say.metres(row[middle])} (${say.metres(row[low])} – ${say.metres(row[high])})`), hoverinfo: "text",
    },
  ];
}

function points(readings, name, symbol, number) {
  const ink = colour(number === 0 ? "measured" : "other");
  return {
    x: readings.map((reading) => new Date(reading.time)), y: readings.map((reading) => reading.value), name, mode: "markers",
    marker: { symbol: number === 0 ? symbol : `${symbol.replace("-open", "")}-open`, size: 6, color: ink, line: { color: ink, width: 1.2 } },
    text: readings.map((reading) => `${name}<br>${say.hour(new Date(reading.time))}: ${say.metres(reading.value)}`), hoverinfo: "text",
  };
}

/** Levels that can be shown, actions of one level together. */
function thresholds(levels, highest) {
  const named = Map.groupBy ? Map.groupBy(Object.keys(levels), (action) => levels[action]) : new Map(Object.entries(levels).map(([action, level]) => [level, [action]]));
  return [...named].filter(([level]) => level <= highest).map(([level, actions]) => ({
    level, text: tell("from_level", { what: few(actions.map((action) => nameOf("action", action))), level: say.metres(level) }),
  }));
}

function few(names) {
  return names.length > 2 ? tell("and_others", { names: names[0], n: say.count(names.length - 1) }) : names.join(", ");
}

function line(place, name, dash) {
  return { type: "line", line: { color: colour(name), width: 1.5, dash }, ...place };
}

function note(place) {
  return { showarrow: false, font: { size: 11.5, color: colour("ink") }, ...place };
}
