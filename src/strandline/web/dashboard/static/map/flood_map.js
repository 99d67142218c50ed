// The map: controls, and what is shown of them on a plain map at once, and on one of WebGL where a graphics card draws it.
import { fetchAll, fetchJson } from "../charts.js";
import { numbers, translate } from "../number_format.js";
import { describeAsset, isRoad } from "./assets.js";
import { newestStop, ofHours } from "./hours.js";
import { showLegends } from "./legend.js";
import { PlainMap } from "./plain_map.js";
import { stopsOf } from "./views.js";

const part = (id) => document.getElementById(id);
const bySoftware = /swiftshader|llvmpipe|softpipe|software|basic render/i; // names of drivers without a graphics card

export class FloodMap {
  constructor(chart, { run, isWatched }) {
    Object.assign(this, { chart, run, isWatched, forecast: [], hours: null, assets: [] });
  }

  /** Draw the map; what it can be without follows. */
  async open() {
    const base = `/api/v1/runs/${this.run}`;
    [this.layers, this.zoneLayers, this.zones, this.places] = await Promise.all([
      fetchJson(`${base}/layers`), fetchJson(`${base}/zone-layers`), fetchAll(`${base}/zones`), this.largestPlaces(base), this.renew(),
    ]);
    if (!this.layers.length) throw new Error(translate("unknown"));
    const [west, south, east, north] = this.layers[0].bounds;
    const tall = (this.chart.clientWidth * (north - south)) / ((east - west) * Math.cos((((south + north) / 2) * Math.PI) / 180));
    Object.assign(this.chart.style, { minHeight: 0, height: `${Math.min(Math.max(tall, 340), 0.8 * innerHeight, 640)}px` });
    this.ground = new PlainMap(this.chart, this.content());
    this.tag = Object.assign(document.createElement("div"), { className: "map-when", hidden: true });
    this.chart.append(this.tag);
    this.updateControls();
    this.draw();
    this.listen();
    await this.ground.isDrawn; // the map comes first
    this.assets = await fetchAll(`${base}/assets?limit=1000`);
    this.fill(this.ground);
    this.chart.dataset.assets = this.assets.length;
    const hasRoads = this.assets.some(isRoad);
    part("show-roads").disabled = !hasRoads;
    part("roads-note").textContent = hasRoads ? "" : translate("no_roads");
    showLegends(this.shown, this.assets);
    if (hasGraphicsCard()) await this.upgrade().catch((error) => console.warn(error)); // the plain map stays
  }

  /** Let MapLibre draw the same below, and then take the place of the plain map. */
  async upgrade() {
    const { WebglMap } = await import("./webgl_map.js"), plain = this.ground;
    const map = await WebglMap.open(this.chart, this.content(plain.place.zoom), plain.place);
    map.show(this.shown, this.label);
    this.fill(map);
    await map.isDrawn;
    await plain.atRest();
    map.replace(plain);
    this.ground = map;
    this.fill(map);
    this.draw();
  }

  content(zoomOfWhole) {
    return { bounds: this.layers[0].bounds, zones: this.zones, places: this.places, zoomOfWhole, tell: (at, isAsked) => this.tell(at, isAsked) };
  }

  fill(map) {
    map.setAssets(this.assets);
    map.showRoads(part("show-roads").checked);
    map.showAssets(part("show-assets").checked);
  }

  listen() {
    for (const id of ["view", "scenario", "percentile"]) part(id).addEventListener("change", () => { this.updateControls(); this.draw(); });
    part("slider").addEventListener("input", () => { part("hour-note").setAttribute("aria-live", "off"); this.draw(); });
    for (const button of document.querySelectorAll("[data-hours]")) button.addEventListener("click", () => this.step(Number(button.dataset.hours)));
    part("show-scene").addEventListener("change", () => this.draw());
    part("show-roads").addEventListener("change", () => this.ground.showRoads(part("show-roads").checked));
    part("show-assets").addEventListener("change", () => this.ground.showAssets(part("show-assets").checked));
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.ground.zoom(Number(button.dataset.zoom)));
  }

  /** How long ago an hour was changes while the page is open. */
  renewWords() {
    if (this.ground && ofHours(part("view").value)) this.draw();
  }

  /** Go on by hours, and let a screen reader read the note. */
  step(hours) {
    part("hour-note").setAttribute("aria-live", "polite");
    part("slider").value = Number(part("slider").value) + hours;
    this.draw();
  }

  /** The largest named places: a page of them. A map without names is better than none. */
  async largestPlaces(base) {
    try {
      return (await fetchJson(`${base}/place-names?limit=1000`)).items;
    } catch (error) {
      console.warn(error);
      return [];
    }
  }

  /** Fetch the newest forecast of the watch, and its hours where they are shown. */
  async renew() {
    if (!this.isWatched) return;
    const forecast = await fetchJson("/api/v1/watch/forecast");
    this.forecast = (forecast?.rows ?? []).filter((row) => row.variable === "flooded_share");
    if (this.hours) await this.fetchHours();
  }

  async fetchHours() {
    const before = this.hours?.hours[Number(part("slider").value)]?.time;
    this.hours = await fetchJson("/api/v1/watch/hours");
    const again = this.hours.hours.findIndex((hour) => hour.time === before);
    if (ofHours(part("view").value) && again >= 0) part("slider").value = again; // the same hour, whatever its number is now
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
    if (ofHours(view) && !this.hours) this.fetchHours().then(() => { this.view = null; this.updateControls(); this.draw(); }, (error) => { part("hour-note").textContent = translate("chart_failed", { why: error.message }); });
    const scenarios = [...new Set(this.layers.filter((layer) => layer.quantity === view).map((layer) => layer.scenario))];
    if (scenarios.join() !== [...scenario.options].map((each) => each.value).join()) scenario.replaceChildren(...scenarios.map((each) => new Option(each)));
    part("scenario-label").hidden = scenarios.length < 2;
    part("percentile-label").hidden = view !== "flood_depth";
    part("hour-tools").hidden = !ofHours(view);
    const stops = this.stops(), name = stops[0].slider;
    part("slider-name").textContent = translate(name);
    const at = part("slider").value;
    part("slider").max = stops.length - 1;
    part("slider").value = at;
    const isSameHour = ofHours(view) && this.view && ofHours(this.view);
    if (this.view !== view && !isSameHour) part("slider").value = view === "watch" ? Math.min(2, stops.length - 1) : ofHours(view) ? newestStop(this) : stops.length - 1;
    this.view = view;
  }

  stops() {
    return stopsOf({ ...this, view: part("view").value, scenario: part("scenario").value, percentile: Number(part("percentile").value) });
  }

  draw() {
    const stops = this.stops(), stop = stops[Math.min(Number(part("slider").value), stops.length - 1)];
    this.shown = stop;
    part("slider-value").textContent = stop.tag ?? stop.caption;
    part("slider").setAttribute("aria-valuetext", stop.caption);
    part("hour-note").textContent = stop.note ?? "";
    Object.assign(this.tag, { hidden: !stop.tag, textContent: stop.tag ?? "", className: `map-when is-${stop.kind ?? "unknown"}` });
    stop.below = part("show-scene").checked ? "&below=scene" : "";
    this.label = `${part("view").selectedOptions[0].text}: ${stop.caption}`;
    this.ground.show(stop, this.label);
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

/** Whether a graphics card draws WebGL: in software a map of it moves at 2 to 8 frames per second. */
function hasGraphicsCard() {
  const canvas = document.createElement("canvas"), settings = { failIfMajorPerformanceCaveat: true };
  const pen = canvas.getContext("webgl2", settings) ?? canvas.getContext("webgl", settings);
  if (!pen) return false;
  const names = pen.getExtension("WEBGL_debug_renderer_info");
  return !bySoftware.test(pen.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : pen.RENDERER));
}
