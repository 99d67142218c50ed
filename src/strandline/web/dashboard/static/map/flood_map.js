// The map: controls, and what is shown of them on a map of WebGL or, without it, on a plain picture.
import { fetchAll, fetchJson } from "../charts.js";
import { numbers, translate } from "../number_format.js";
import { describeAsset } from "./assets.js";
import { showLegends } from "./legend.js";
import { PlainMap } from "./plain_map.js";
import { stopsOf } from "./views.js";
import { WebglMap, hasWebgl, loadMaplibre } from "./webgl_map.js";

const part = (id) => document.getElementById(id);

export class FloodMap {
  constructor(chart, { run, isWatched }) {
    Object.assign(this, { chart, run, isWatched, forecast: [] });
  }

  async open() {
    const base = `/api/v1/runs/${this.run}`;
    if (hasWebgl()) loadMaplibre().catch(() => {}); // while the data comes; who waits for it hears of its failure
    [this.layers, this.zoneLayers, this.zones, this.assets] = await Promise.all([
      fetchJson(`${base}/layers`), fetchJson(`${base}/zone-layers`), fetchAll(`${base}/zones`), fetchAll(`${base}/assets?limit=1000`),
    ]);
    if (!this.layers.length) throw new Error(translate("unknown"));
    await this.renew();
    const [west, south, east, north] = this.layers[0].bounds;
    const tall = (this.chart.clientWidth * (north - south)) / ((east - west) * Math.cos((((south + north) / 2) * Math.PI) / 180));
    Object.assign(this.chart.style, { minHeight: 0, height: `${Math.min(Math.max(tall, 340), 0.8 * innerHeight, 640)}px` });
    this.ground = await this.makeMap();
    this.updateControls();
    this.draw();
    for (const id of ["view", "scenario", "percentile"]) part(id).addEventListener("change", () => { this.updateControls(); this.draw(); });
    part("slider").addEventListener("input", () => this.draw());
    part("show-assets").addEventListener("change", () => this.ground.showAssets(part("show-assets").checked));
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.ground.zoom(Number(button.dataset.zoom)));
  }

  /** A map of WebGL, or a plain picture where the browser has none. */
  async makeMap() {
    const content = { bounds: this.layers[0].bounds, zones: this.zones, assets: this.assets, tell: (at, isAsked) => this.tell(at, isAsked) };
    if (hasWebgl()) {
      const library = await loadMaplibre();
      try {
        return this.replacePicture(await WebglMap.open(library, this.chart, content));
      } catch (error) {
        console.warn(error); // a driver that offers WebGL and fails
        this.chart.replaceChildren();
      }
    }
    part("plain-note").hidden = false;
    for (const each of document.querySelectorAll(".needs-webgl")) each.hidden = true;
    return this.replacePicture(new PlainMap(this.chart, content));
  }

  replacePicture(map) {
    this.chart.querySelector(".placeholder")?.remove();
    return map;
  }

  /** Fetch the newest forecast of the watch. */
  async renew() {
    if (!this.isWatched) return;
    const forecast = await fetchJson("/api/v1/watch/forecast");
    this.forecast = (forecast?.rows ?? []).filter((row) => row.variable === "flooded_share");
  }

  /** Show the newest forecast; its leads may be others. */
  async redraw() {
    await this.renew();
    if (!this.ground) return;
    this.updateControls();
    this.draw();
  }

  /** Show the controls of the current view. */
  updateControls() {
    const view = part("view").value, scenario = part("scenario");
    const scenarios = [...new Set(this.layers.filter((layer) => layer.quantity === view).map((layer) => layer.scenario))];
    if (scenarios.join() !== [...scenario.options].map((each) => each.value).join()) scenario.replaceChildren(...scenarios.map((each) => new Option(each)));
    part("scenario-label").hidden = scenarios.length < 2;
    part("percentile-label").hidden = view !== "flood_depth";
    const stops = this.stops(), name = stops[0].slider;
    part("slider-name").textContent = translate(name);
    part("slider").max = stops.length - 1;
    if (this.view !== view) part("slider").value = view === "watch" ? Math.min(2, stops.length - 1) : stops.length - 1;
    this.view = view;
  }

  stops() {
    return stopsOf({ ...this, view: part("view").value, scenario: part("scenario").value, percentile: Number(part("percentile").value) });
  }

  draw() {
    const stops = this.stops(), stop = stops[Math.min(Number(part("slider").value), stops.length - 1)];
    this.shown = stop;
    part("slider-value").textContent = stop.caption;
    part("slider").setAttribute("aria-valuetext", stop.caption);
    this.ground.show(stop, `${part("view").selectedOptions[0].text}: ${stop.caption}`);
    this.ground.showAssets(part("show-assets").checked);
    showLegends(stop, this.assets);
  }

  /** Write what is at a place below the map; read aloud only where the reader asked for it. */
  tell({ longitude, latitude, zone, asset }, isAsked) {
    const words = [numbers.place(latitude, longitude)];
    if (zone) words.push(`${zone}${this.shown.describe ? `: ${this.shown.describe(zone)}` : ""}`);
    if (asset) words.push(describeAsset(asset));
    part("map-place").setAttribute("aria-live", isAsked ? "polite" : "off");
    part("map-place").textContent = words.join(" · ");
  }
}
