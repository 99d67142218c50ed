// The sea-level chart: past estimates, forecast and readings.
import { chartLayout, colour, config, fetchAll, fetchJson, levelTicks, loadPlotly, timeTicks } from "./charts.js";
import { nameOf, numbers, translate } from "./number_format.js";

const symbols = ["circle", "diamond", "square", "triangle-up", "triangle-down", "star"];
const hour = 3.6e6;

export async function drawSeaLevel(chart, { run, isWatched, levels }) {
  const data = isWatched ? await watchTraces() : await runTraces(run);
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
    ...chartLayout(), margin: { ...chartLayout().margin, b: below }, hovermode: "closest",
    xaxis: { range: [start, end], ...timeTicks(start, end), gridcolor: colour("rule"), zeroline: false, fixedrange: true },
    yaxis: {
      title: { text: translate("water_level") }, range: [low - 0.05 * reach, high + 0.1 * reach], ...levelTicks(low, high), gridcolor: colour("rule"),
      zeroline: false, fixedrange: true,
    },
    shapes: [
      ...(data.now ? [line({ x0: data.now, x1: data.now, yref: "paper", y0: 0, y1: 1 }, "ink", "solid")] : []),
      ...marks.map(({ level }) => line({ xref: "paper", x0: 0, x1: 1, y0: level, y1: level }, "bad", "dash")),
    ],
    annotations: [
      ...(data.now ? [note({ x: data.now, yref: "paper", y: 0, text: translate("this_hour"), xanchor: "left", yanchor: "bottom" })] : []),
      ...marks.map(({ text, level }) => note({ xref: "paper", x: 0, y: level, text, xanchor: "left", yanchor: "bottom" })),
    ],
  }, config);
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", data.label);
}

async function watchTraces() {
  const forecast = await fetchJson("/api/v1/watch/forecast");
  const now = new Date(forecast.hour), since = new Date(now - 48 * hour).toISOString();
  const [past, readings] = await Promise.all([
    fetchAll(`/api/v1/watch/forecast/history?lead_hours=0&since=${since}&limit=500`),
    fetchAll(`/api/v1/watch/readings?since=${since}&limit=1000`),
  ]);
  const ahead = forecast.rows.filter((row) => row.variable === "water_level" && row.zone === "");
  const rows = [...past.flatMap((estimate) => estimate.rows), ...ahead.filter((row) => row.lead_hours > 0)];
  const traces = forecastTraces(rows, ["p05", "p50", "p95"], translate("band_90"), translate("estimate"));
  const streams = [...new Set(readings.map((reading) => reading.stream))];
  streams.forEach((stream, number) => {
    const latest = new Map(readings.filter((reading) => reading.stream === stream).map((reading) => [reading.time, reading]));
    const sound = [...latest.values()].filter((reading) => reading.quality === "good");
    traces.push(points(sound, `${stream}, ${translate("measured")}`, symbols[number % symbols.length], number));
    const doubtful = [...latest.values()].filter((reading) => reading.quality !== "good");
    if (doubtful.length) traces.push(points(doubtful, `${stream}, ${translate("doubtful")}`, "x-thin-open", number));
  });
  const last = ahead.at(-1);
  return { traces, now, label: `${translate("sea")}. ${last ? translate("between", { low: numbers.metres(last.p05), high: numbers.metres(last.p95) }) : ""}` };
}

async function runTraces(run) {
  const rows = await fetchAll(`/api/v1/runs/${run}/surge?peak=true&limit=1000`);
  const traces = forecastTraces(rows, ["p10", "p50", "p90"], translate("band_80"), translate("forecast"));
  const seen = rows.filter((row) => row.observed !== null).map((row) => ({ time: row.time, value: row.observed }));
  traces.push(points(seen, translate("measured"), "circle", 0));
  return { traces, now: null, label: translate("sea_run") };
}

function forecastTraces(rows, [low, middle, high], band, median) {
  const x = rows.map((row) => new Date(row.time)), side = { mode: "lines", line: { width: 0 }, hoverinfo: "skip" };
  return [
    { ...side, x, y: rows.map((row) => row[low]), showlegend: false },
    { ...side, x, y: rows.map((row) => row[high]), fill: "tonexty", fillcolor: colour("band"), name: band },
    {
      x, y: rows.map((row) => row[middle]), mode: "lines", name: median, line: { color: colour("forecast"), width: 2.5 },
      text: rows.map((row) => `${numbers.hour(new Date(row.time))}<br>${numbers.metres(row[middle])} (${numbers.metres(row[low])} – ${numbers.metres(row[high])})`), hoverinfo: "text",
    },
  ];
}

function points(readings, name, symbol, number) {
  const ink = colour(number === 0 ? "measured" : "other");
  return {
    x: readings.map((reading) => new Date(reading.time)), y: readings.map((reading) => reading.value), name, mode: "markers",
    marker: { symbol: number === 0 ? symbol : `${symbol.replace("-open", "")}-open`, size: 6, color: ink, line: { color: ink, width: 1.2 } },
    text: readings.map((reading) => `${name}<br>${numbers.hour(new Date(reading.time))}: ${numbers.metres(reading.value)}`), hoverinfo: "text",
  };
}

/** Action levels within the chart; actions of one level share a label. */
function thresholds(levels, highest) {
  const named = Map.groupBy ? Map.groupBy(Object.keys(levels), (action) => levels[action]) : new Map(Object.entries(levels).map(([action, level]) => [level, [action]]));
  return [...named].filter(([level]) => level <= highest).map(([level, actions]) => ({
    level, text: translate("from_level", { what: shorten(actions.map((action) => nameOf("action", action))), level: numbers.metres(level) }),
  }));
}

function shorten(names) {
  return names.length > 2 ? translate("and_others", { names: names[0], n: numbers.count(names.length - 1) }) : names.join(", ");
}

function line(position, name, dash) {
  return { type: "line", line: { color: colour(name), width: 1.5, dash }, ...position };
}

function note(position) {
  return { showarrow: false, font: { size: 11.5, color: colour("ink") }, ...position };
}
