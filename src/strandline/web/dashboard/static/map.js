// The map: an image of a raster, or zones by flood probability, with assets; unknown areas are hatched.
import { chartLayout, colour, config, fetchAll, fetchJson, loadPlotly } from "./charts.js";
import { numbers, translate } from "./number_format.js";

const damage = [["#ffffff", "circle", 5], ["#fdcc8a", "circle", 7], ["#fc8d59", "diamond", 8], ["#d7301f", "square", 8], ["#7f0000", "star", 11]];
const unknownAsset = ["#b9bec2", "x", 8];
const keys = {
  "+": [0.5], "-": [2], 0: [0], ArrowLeft: [1, -0.2, 0], ArrowRight: [1, 0.2, 0], ArrowUp: [1, 0, 0.2], ArrowDown: [1, 0, -0.2],
};
const leads = [6, 12, 24, 48];
const part = (id) => document.getElementById(id);

export class FloodMap {
  constructor(chart, { run, isWatched }) {
    Object.assign(this, { chart, run, isWatched, corners: null });
  }

  async open() {
    const base = `/api/v1/runs/${this.run}`;
    [this.layers, this.zones, this.assets] = await Promise.all([
      fetchJson(`${base}/layers`), fetchAll(`${base}/zones`), fetchAll(`${base}/assets?limit=1000`),
    ]);
    if (!this.layers.length) throw new Error(translate("unknown"));
    await this.renew();
    this.plotly = await loadPlotly();
    this.chart.querySelector(".placeholder")?.remove();
    this.updateControls();
    const [west, south, east, north] = this.layers[0].bounds;
    const tall = (this.chart.clientWidth * (north - south)) / ((east - west) * aspect(south, north));
    Object.assign(this.chart.style, { minHeight: 0, height: `${Math.min(Math.max(tall, 300), 600)}px` });
    await this.draw();
    this.chart.on("plotly_relayout", (change) => this.updateImage(change));
    for (const id of ["view", "scenario", "percentile"]) part(id).addEventListener("change", () => { this.updateControls(); this.draw(); });
    part("slider").addEventListener("input", () => this.draw());
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.zoom(Number(button.dataset.zoom)));
    this.chart.addEventListener("keydown", (event) => {
      const move = keys[event.key];
      if (!move || event.target !== this.chart) return;
      event.preventDefault();
      this.zoom(...move);
    });
  }

  /** Fetch the newest forecast of the watch. */
  async renew() {
    if (!this.isWatched) return;
    const forecast = await fetchJson("/api/v1/watch/forecast");
    this.forecast = (forecast?.rows ?? []).filter((row) => row.variable === "flooded_share");
  }

  /** Show the controls of the current view. */
  updateControls() {
    const view = part("view").value, isRun = view !== "watch";
    const scenarios = [...new Set(this.layers.map((layer) => layer.scenario))];
    const scenario = part("scenario");
    if (!scenario.options.length) scenario.append(...scenarios.map((each) => new Option(each)));
    part("scenario-label").hidden = !isRun || scenarios.length < 2;
    part("percentile-label").hidden = view !== "flood_depth";
    const layers = this.selectedLayers(), isYear = isRun && layers[0].bound !== null;
    part("slider-name").textContent = translate(isYear ? "slider_bound" : isRun ? "slider_period" : "slider_lead");
    const stops = isRun ? layers.length : leads.length;
    part("slider").max = stops - 1;
    if (this.view !== view) part("slider").value = isYear ? 0 : isRun ? stops - 1 : 2;
    this.view = view;
  }

  /** The layers of the quantity, scenario and percentile, by return period or bound. */
  selectedLayers() {
    const [view, scenario, percentile] = ["view", "scenario", "percentile"].map((id) => part(id).value);
    return this.layers.filter((layer) => layer.quantity === view && layer.scenario === scenario && (layer.percentile === null || layer.percentile === Number(percentile)));
  }

  async draw() {
    const stop = Number(part("slider").value), isRun = this.view !== "watch";
    const layer = isRun ? this.selectedLayers()[stop] : this.layers[0];
    const caption = !isRun ? translate("within", { n: numbers.count(leads[stop]) })
      : layer.bound !== null ? translate(layer.bound.replace(" ", "_")) : translate("once_in", { n: numbers.count(layer.return_period) });
    part("slider-value").textContent = caption;
    part("slider").setAttribute("aria-valuetext", caption);
    const [west, south, east, north] = layer.bounds;
    const traces = isRun ? [this.outlines()] : this.zonesAt(leads[stop], layer.legend);
    this.shown = layer;
    await this.plotly.react(this.chart, [...traces, ...this.lines(), ...this.marks()], {
      ...chartLayout(), plot_bgcolor: colour("ground"), margin: { l: 8, r: 8, t: 8, b: 8 }, showlegend: false,
      hovermode: "closest", dragmode: "pan", uirevision: "view", images: [this.image()],
      xaxis: { range: [west, east], visible: false, constrain: "domain" },
      yaxis: { range: [south, north], visible: false, scaleanchor: "x", scaleratio: 1 / aspect(south, north), constrain: "domain" },
    }, { ...config, scrollZoom: true });
    this.chart.setAttribute("role", "figure");
    this.chart.setAttribute("aria-label", `${part("view").selectedOptions[0].text}: ${caption}`);
    this.explain(layer, isRun);
  }

  /** The raster's image of the area in view; in the watch's view the hatching alone. */
  image() {
    const [west, south, east, north] = this.corners ?? this.shown.bounds;
    const across = Math.min(1024, Math.max(64, Math.round(this.chart.clientWidth * Math.min(devicePixelRatio, 1.5))));
    const down = Math.min(1024, Math.max(64, Math.round(across * (north - south) / ((east - west) * aspect(south, north)))));
    const only = this.view === "watch" ? "&unknown_only=true" : "";
    return {
      source: `${this.shown.image}?bbox=${[west, south, east, north].map((each) => each.toFixed(6))}&width=${across}&height=${down}${only}`,
      xref: "x", yref: "y", x: west, y: north, sizex: east - west, sizey: north - south, sizing: "stretch", layer: this.view === "watch" ? "above" : "below",
    };
  }

  updateImage(change) {
    if (!Object.keys(change).some((key) => key.startsWith("xaxis") || key.startsWith("yaxis"))) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      const { xaxis, yaxis } = this.chart._fullLayout, [west, south, east, north] = this.shown.bounds;
      const corners = [Math.max(west, xaxis.range[0]), Math.max(south, yaxis.range[0]), Math.min(east, xaxis.range[1]), Math.min(north, yaxis.range[1])];
      if (corners[0] >= corners[2] || corners[1] >= corners[3]) return;
      this.corners = corners;
      this.plotly.relayout(this.chart, { images: [this.image()] });
    }, 250);
  }

  /** Zoom by `factor` and pan by shares of the view; 0 = the whole area. */
  zoom(factor, right = 0, up = 0) {
    const { xaxis, yaxis } = this.chart._fullLayout, [west, south, east, north] = this.shown.bounds;
    if (factor === 0) return this.plotly.relayout(this.chart, { "xaxis.range": [west, east], "yaxis.range": [south, north] });
    const moved = ([low, high], shift) => {
      const centre = (low + high) / 2 + shift * (high - low), half = (factor * (high - low)) / 2;
      return [centre - half, centre + half];
    };
    return this.plotly.relayout(this.chart, { "xaxis.range": moved(xaxis.range, right), "yaxis.range": moved(yaxis.range, up) });
  }

  outlines() {
    return { ...outline(this.zones), mode: "lines", line: { color: colour("line"), width: 0.8 }, hoverinfo: "skip" };
  }

  /** Zones by class of flood probability; a zone without a forecast is hatched. */
  zonesAt(lead, legend) {
    const forecasts = new Map(this.forecast.filter((row) => row.lead_hours === lead).map((row) => [row.zone, row]));
    const classOf = (zone) => {
      const row = forecasts.get(zone.properties.zone);
      return row === undefined || row.probability === null ? "unknown" : legend.findLastIndex((each) => row.probability >= each.above);
    };
    const groups = ["unknown", -1, ...legend.keys()];
    const fills = groups.map((group) => {
      const zones = this.zones.filter((zone) => classOf(zone) === group), isUnknown = group === "unknown";
      return {
        ...outline(zones), mode: "lines", fill: "toself", hoverinfo: "skip", line: { color: colour("line"), width: 1 }, name: String(group),
        fillcolor: isUnknown || group === -1 ? "rgba(255,255,255,0.01)" : `${legend[group].colour}d0`,
        ...(isUnknown ? { fillpattern: { shape: "/", size: 8, solidity: 0.25, fgcolor: colour("line"), fillmode: "replace" } } : {}),
      };
    });
    const named = this.zones.map((zone) => ({ zone, row: forecasts.get(zone.properties.zone), at: middle(zone.geometry) }));
    return [...fills, {
      x: named.map(({ at }) => at[0]), y: named.map(({ at }) => at[1]), mode: "markers", marker: { size: 22, opacity: 0 }, hoverinfo: "text",
      text: named.map(({ zone, row }) => `${zone.properties.zone}: ${row ? numbers.percent(row.probability) : translate("unknown")}`
        + (zone.properties.unknown_share > 0 ? `<br>${translate("unknown_land")}: ${numbers.share(zone.properties.unknown_share)}` : "")),
    }];
  }

  lines() {
    const lines = this.assets.filter((asset) => asset.geometry.type.endsWith("LineString"));
    return lines.length ? [{ ...outline(lines), mode: "lines", line: { color: "#5b4a3a", width: 1.6 }, hoverinfo: "skip" }] : [];
  }

  marks() {
    const points = this.assets.filter((asset) => !asset.geometry.type.endsWith("LineString"));
    const scale = (points.length > 400 ? 0.7 : 1) * (this.chart.clientWidth < 600 ? 0.75 : 1);
    return [...damage, unknownAsset].map(([fill, symbol, size], state) => {
      const here = points.filter((asset) => damageReached(asset) === (state < damage.length ? state : "unknown"));
      const at = here.map((asset) => middle(asset.geometry));
      return {
        x: at.map((each) => each[0]), y: at.map((each) => each[1]), mode: "markers", hoverinfo: "text",
        marker: { color: fill, symbol, size: size * scale, line: { color: colour("line"), width: 1 } },
        text: here.map((asset) => describe(asset.properties)),
      };
    });
  }

  explain(layer, isRun) {
    const write = layer.unit === "m" ? numbers.metres : numbers.percent;
    const classes = layer.quantity === "flooded" && isRun ? [[layer.legend[0].colour, translate("flooded_yes")]] : [
      ["below", translate("below", { value: write(layer.legend[0].above) })],
      ...layer.legend.map(({ above, below, colour: fill }) => [fill, below === null ? translate("above", { value: write(above) }) : translate("from_to", { low: write(above), high: write(below) })]),
    ];
    setLegend("map-legend", [...classes, ["unknown", translate("unknown_hatched")]].map(([fill, text]) => [swatch(fill), text]));
    setLegend("asset-legend", this.assets.length ? [
      ["", `${translate("assets")}:`],
      ...[...damage, unknownAsset].map(([paint, symbol, size], state) => [mark(paint, symbol, size), state < damage.length ? translate(`damage_${state}`) : translate("unknown")]),
    ] : []);
  }
}

function setLegend(id, rows) {
  part(id).replaceChildren(...rows.map(([sign, text]) => {
    const row = document.createElement("li");
    row.append(sign, ` ${text}`);
    return row;
  }));
}

/** Width of a degree of longitude over one of latitude. */
function aspect(south, north) {
  return Math.cos((((south + north) / 2) * Math.PI) / 180);
}

function outline(features) {
  const x = [], y = [];
  const add = (ring) => { for (const [lon, lat] of ring) { x.push(lon); y.push(lat); } x.push(null); y.push(null); };
  for (const { geometry } of features) {
    if (geometry.type === "LineString") add(geometry.coordinates);
    else if (geometry.type === "MultiLineString" || geometry.type === "Polygon") geometry.coordinates.forEach(add);
    else if (geometry.type === "MultiPolygon") geometry.coordinates.flat().forEach(add);
  }
  return { x, y };
}

function middle(geometry) {
  if (geometry.type === "Point") return geometry.coordinates;
  const ring = geometry.coordinates.flat(geometry.type === "MultiPolygon" ? 2 : geometry.type === "Polygon" ? 1 : 0);
  const mean = (axis) => ring.reduce((sum, each) => sum + each[axis], 0) / ring.length;
  return [mean(0), mean(1)];
}

function damageReached({ properties }) {
  const probabilities = damage.map((_, state) => properties[`damage_state_${state}`]);
  if (probabilities.includes(null) || probabilities.includes(undefined)) return "unknown";
  return probabilities.findLastIndex((_, state) => chanceOfAtLeast(properties, state) >= 0.5);
}

function chanceOfAtLeast(properties, state) {
  return damage.reduce((sum, _, each) => sum + (each >= state ? properties[`damage_state_${each}`] : 0), 0);
}

function chanceOfDamage(asset, state) {
  if (state === 0) return `${translate("damage_0")} (${numbers.percent(asset.damage_state_0)})`;
  return `${translate("or_worse", { damage: translate(`damage_${state}`) })} (${numbers.percent(chanceOfAtLeast(asset, state))})`;
}

function describe(asset) {
  const state = damageReached({ properties: asset });
  const mean = asset.expected_annual_damage_mean;
  const [low, high] = [asset.expected_annual_damage_p10, asset.expected_annual_damage_p90];
  return [
    `${asset.asset_id}, ${String(asset.asset_class).replaceAll("_", " ")}`,
    state === "unknown" ? translate("unknown") : chanceOfDamage(asset, state),
    `${translate("expected_damage")}: ${mean === null ? translate("unknown") : `${numbers.money(mean)} (${numbers.money(low)} – ${numbers.money(high)})`}`,
  ].join("<br>");
}

export function swatch(paint) {
  const shapes = {
    unknown: `<rect width="24" height="16" class="ground"/><path d="M0 16 16 0M8 16 24 0M-8 16 8 0M16 16 32 0" class="hatch"/>`,
    below: `<rect width="24" height="16" class="ground"/>`,
  };
  return drawing(shapes[paint] ?? `<rect width="24" height="16" fill="${paint}" stroke="currentColor"/>`, "0 0 24 16");
}

function mark(paint, symbol, size) {
  const r = size * 0.75, shapes = {
    circle: `<circle r="${r}"/>`, diamond: `<path d="M0 ${-1.3 * r}L${1.3 * r} 0 0 ${1.3 * r} ${-1.3 * r} 0Z"/>`,
    square: `<rect x="${-r}" y="${-r}" width="${2 * r}" height="${2 * r}"/>`,
    star: `<path d="M0 -8 2 -3 8 -3 3 1 5 7 0 3 -5 7 -3 1 -8 -3 -2 -3Z"/>`, x: `<path d="M-6 -3 -3 -6 0 -3 3 -6 6 -3 3 0 6 3 3 6 0 3 -3 6 -6 3 -3 0Z"/>`,
  };
  return drawing(`<g fill="${paint}" stroke="currentColor">${shapes[symbol]}</g>`, "-10 -9 20 18");
}

function drawing(shapes, box) {
  const made = new DOMParser().parseFromString(`<svg xmlns="http://www.w3.org/2000/svg" class="swatch" viewBox="${box}" aria-hidden="true">${shapes}</svg>`, "image/svg+xml");
  return document.importNode(made.documentElement, true);
}
