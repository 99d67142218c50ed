// The map by MapLibre: tiles of a layer on the ground, zones, lines and rings of assets; names are HTML above it.
import { colour } from "../charts.js";
import { translate } from "../number_format.js";
import { assetNames, isLine, points, rings, thinned, unknownRing } from "./assets.js";
import { Frame, showCount, whatIsAt } from "./frame.js";
import { Labels, placeNames, zoneNames } from "./labels.js";

const library = new URL("../", import.meta.url);
const maxZoom = 18, retryAfter = 10_000; // ms
let loading = null;

/** MapLibre is 0.25 MB compressed; the plain map is there until it has come. */
function loadMaplibre() {
  loading ??= new Promise((resolve, reject) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("maplibre-gl.css", library) });
    const script = Object.assign(document.createElement("script"), { src: new URL("maplibre-gl.js", library) });
    const fail = () => { loading = null; reject(new Error("maplibre-gl.js")); };
    const styled = new Promise((done) => { style.onload = done; style.onerror = fail; });
    script.onload = () => styled.then(() => resolve(window.maplibregl));
    script.onerror = fail;
    document.head.append(style, script);
  });
  return loading;
}

export class WebglMap {
  /** Returns the map, hidden below the one that is shown, when its style is there. */
  static async open(chart, content, { longitude: x, latitude: y, zoom }) {
    const maplibre = await loadMaplibre(), frame = new Frame(chart, { isComing: true });
    return new Promise((resolve, reject) => {
      const [west, south, east, north] = content.bounds, reach = 1.2 * Math.max(east - west, north - south);
      const [longitude, latitude] = [(west + east) / 2, (south + north) / 2];
      const map = new maplibre.Map({
        container: frame.view, style: { version: 8, sources: {}, layers: [] }, center: [x, y], zoom,
        maxBounds: [[longitude - reach, Math.max(-85, latitude - reach)], [longitude + reach, Math.min(85, latitude + reach)]], maxZoom: maxZoom + 1,
        attributionControl: false, cooperativeGestures: true, dragRotate: false, pitchWithRotate: false, touchPitch: false, renderWorldCopies: false, fadeDuration: 0,
        locale: {
          "Map.Title": translate("map"), "CooperativeGesturesHandler.WindowsHelpText": translate("gesture_desk"),
          "CooperativeGesturesHandler.MacHelpText": translate("gesture_desk"), "CooperativeGesturesHandler.MobileHelpText": translate("gesture_phone"),
        },
      });
      map.once("error", (event) => reject(event.error));
      map.once("style.load", () => resolve(new WebglMap(map, frame, content)));
    }).catch((error) => {
      frame.root.remove();
      throw error;
    });
  }

  constructor(map, frame, content) {
    Object.assign(this, { map, frame, ...content, points: [], drawn: [], isComplete: true });
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    this.labels = new Labels(frame.root, [...zoneNames(content.zones), ...placeNames(content.places, content.zoomOfWhole)]);
    this.addLayers();
    this.listen();
    this.isDrawn = new Promise((done) => { this.finish = done; }); // whole: a map with gaps does not take the place of one without
  }

  /** Stand in place of the plain map, where that is now. */
  replace(plain) {
    const { longitude, latitude, zoom } = plain.place, hasFocus = plain.frame.view.contains(document.activeElement);
    this.map.jumpTo({ center: [longitude, latitude], zoom });
    plain.remove();
    this.frame.replace(plain.frame);
    this.place();
    if (hasFocus) this.map.getCanvas().focus({ preventScroll: true });
  }

  addLayers() {
    const { map } = this, ink = colour("map-ink"), add = (id, type, source, paint, more = {}) => map.addLayer({ id, type, ...(source ? { source } : {}), paint, ...more });
    map.addImage("hatch", hatch(ink, colour("no-data")));
    map.addImage("cross", cross(), { pixelRatio: 2 });
    add("beyond", "background", null, { "background-pattern": "hatch" });
    map.addSource("zones", { type: "geojson", data: collection([]) });
    add("zones-known", "fill", "zones", { "fill-color": ["get", "colour"], "fill-antialias": false }, { filter: ["has", "colour"] });
    add("zones-unknown", "fill", "zones", { "fill-pattern": "hatch" }, { filter: ["has", "isUnknown"] });
    map.addSource("borders", { type: "geojson", data: collection(this.zones) });
    add("borders-edge", "line", "borders", { "line-color": "#ffffff", "line-width": 3, "line-opacity": 0.7 });
    add("borders", "line", "borders", { "line-color": ink, "line-width": 1.2, "line-dasharray": [4, 2.5], "line-opacity": 0.8 });
    map.addSource("lines", { type: "geojson", data: collection([]) });
    const isWall = ["==", ["get", "asset_class"], "embankment"], closer = (near) => ["interpolate", ["linear"], ["zoom"], 9, near * 0.5, 14, near];
    add("roads-edge", "line", "lines", { "line-color": ink, "line-width": closer(3.2) }, { filter: ["!", isWall] });
    add("roads", "line", "lines", { "line-color": "#ffffff", "line-width": closer(1.8) }, { filter: ["!", isWall] });
    add("walls-edge", "line", "lines", { "line-color": "#ffffff", "line-width": closer(5) }, { filter: isWall });
    add("walls", "line", "lines", { "line-color": ink, "line-width": closer(2.8) }, { filter: isWall });
    map.addSource("assets", { type: "geojson", data: collection([]) });
    const known = { filter: ["!=", ["get", "group"], "unknown"] };
    const byGroup = (values) => ["match", ["get", "group"], ...values.flatMap((value, group) => [group, value]), values[0]];
    const radius = byGroup(rings.map((each) => each.radius)), none = { "circle-color": "#000000", "circle-opacity": 0, "circle-radius": radius };
    add("rings-edge", "circle", "assets", { ...none, "circle-radius": byGroup(rings.map((each) => each.radius - 1)), "circle-stroke-color": "#ffffff", "circle-stroke-width": 4.2 }, known);
    add("rings", "circle", "assets", { ...none, "circle-stroke-color": byGroup(rings.map((each) => each.colour)), "circle-stroke-width": 2.2 }, known);
    add("crosses", "symbol", "assets", {}, { filter: ["==", ["get", "group"], "unknown"], layout: { "icon-image": "cross", "icon-allow-overlap": true } });
  }

  /** Show a stop of a view. A layer that leaves takes its tiles with it: none stands below another's name. */
  show(stop, label) {
    const only = stop.classOf ? "&paint=unknown" : "";
    this.showTiles = () => {
      clearTimeout(this.retry);
      if (!this.isComplete) for (const name of ["layer", "unknown-land"]) this.dropTiles(name); // none of the failed ones is asked for again
      this.isComplete = true;
      this.setTiles("layer", stop.paint && `${stop.layer.tiles}&paint=${stop.paint}${stop.below ?? ""}`, stop.layer, "zones-known");
      this.setTiles("unknown-land", stop.paint && only && `${stop.layer.tiles}${only}`, stop.layer, "borders-edge");
    };
    this.showTiles();
    const classed = this.zones.map((zone) => {
      const group = stop.classOf ? stop.classOf(zone.properties.zone) : -1;
      return { ...zone, properties: group === "unknown" ? { isUnknown: true } : group >= 0 ? { colour: stop.colours[group] } : {} };
    });
    this.map.getSource("zones").setData(collection(stop.classOf ? classed : []));
    this.labels.describe(stop.name ?? stop.describe);
    this.place();
    this.map.getCanvas().setAttribute("aria-label", label);
    this.map.getCanvas().setAttribute("aria-describedby", "map-keys");
  }

  setTiles(name, tiles, { bounds }, before) {
    const { map } = this, url = tiles && location.origin + tiles;
    if (map.getSource(name)?.tiles[0] === url) return;
    this.dropTiles(name);
    if (!tiles) return;
    const [west, south, east, north] = bounds, across = east - west, down = north - south;
    const reach = [west - across, Math.max(-85, south - down), east + across, Math.min(85, north + down)]; // hatched by the server beyond the raster
    map.addSource(name, { type: "raster", tiles: [url], tileSize: 256, maxzoom: maxZoom, bounds: reach });
    map.addLayer({ id: name, type: "raster", source: name, paint: { "raster-fade-duration": 0, "raster-resampling": "nearest" } }, before);
  }

  dropTiles(name) {
    if (!this.map.getLayer(name)) return;
    this.map.removeLayer(name);
    this.map.removeSource(name);
  }

  /** Take the assets, which come after the map. */
  setAssets(assets) {
    this.points = points(assets);
    this.map.getSource("lines").setData(collection(assets.filter(isLine)));
    this.labels.add(assetNames(assets));
    this.showAssets(this.hasAssets);
  }

  showRoads(isShown) {
    for (const name of ["roads-edge", "roads"]) this.map.setLayoutProperty(name, "visibility", isShown ? "visible" : "none");
    this.labels.showClass("road-name", isShown);
    this.place();
  }

  showAssets(isShown) {
    this.hasAssets = isShown;
    this.labels.showClass("asset-name", isShown);
    this.place();
    const zoom = Math.floor(this.map.getZoom() * 2) / 2, width = 512 * 2 ** zoom;
    const shown = isShown ? thinned(this.points, ({ longitude, latitude }) => [((longitude + 180) / 360) * width, (0.5 - Math.asinh(Math.tan((latitude * Math.PI) / 180)) / (2 * Math.PI)) * width]) : [];
    Object.assign(this, { thinnedAt: zoom, drawn: shown });
    this.map.getSource("assets").setData(collection(shown.toReversed().map(({ group, longitude, latitude }) => ({ type: "Feature", properties: { group }, geometry: { type: "Point", coordinates: [longitude, latitude] } }))));
    showCount(shown.length, this.points.length);
  }

  /** Zoom by a factor of the scale; 0 = the whole area. */
  zoom(factor) {
    const [west, south, east, north] = this.bounds;
    if (factor === 0) this.map.fitBounds([[west, south], [east, north]], { padding: 6 });
    else this.map.zoomTo(this.map.getZoom() - Math.log2(factor));
  }

  listen() {
    const { map } = this, canvas = map.getCanvas(), hasFocus = () => document.activeElement === canvas;
    let next = null;
    const tell = (at, isAsked) => {
      cancelAnimationFrame(next);
      next = requestAnimationFrame(() => this.tell(this.what(at), isAsked));
    };
    map.on("mousemove", (event) => tell(event.lngLat, false));
    map.on("click", (event) => tell(event.lngLat, true));
    map.on("move", () => this.place());
    map.on("resize", () => this.place());
    map.on("moveend", () => {
      if (hasFocus()) tell(map.getCenter(), true);
      if (Math.floor(map.getZoom() * 2) / 2 !== this.thinnedAt) this.showAssets(this.hasAssets);
    });
    canvas.addEventListener("focus", () => tell(map.getCenter(), true));
    canvas.addEventListener("keydown", (event) => { if (event.key === "0") this.zoom(0); });
    map.on("dataloading", () => { if (this.isComplete) this.frame.setState("loading"); });
    map.on("idle", () => {
      if (!this.isComplete) return;
      this.frame.setState("drawn");
      this.finish();
    });
    map.on("error", () => {
      this.isComplete = false;
      this.frame.setState("incomplete");
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.showTiles(), retryAfter);
    });
  }

  what({ lng: longitude, lat: latitude }) {
    return whatIsAt({ longitude, latitude }, this, (...place) => this.project(...place));
  }

  project(longitude, latitude) {
    const { x, y } = this.map.project([longitude, latitude]);
    return [x, y];
  }

  /** Put names and scale where the map is now. */
  place() {
    const { lng: longitude, lat: latitude } = this.map.getCenter(), zoom = this.map.getZoom();
    this.labels.place((...place) => this.project(...place), zoom);
    this.frame.showPlace({ longitude, latitude, zoom });
  }
}

const collection = (features) => ({ type: "FeatureCollection", features });
const channels = (colour) => [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));

/** The hatching of the server's tiles: lines of two pixels in eight, of ink at 150 parts in 255. */
function hatch(ink, unknown) {
  const size = 64, data = new Uint8ClampedArray(size * size * 4), [dark, light] = [ink, unknown].map(channels);
  const line = dark.map((each, number) => Math.round((150 * each + 105 * light[number]) / 255));
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) data.set([...((row + column) % 8 < 2 ? line : light), 255], (row * size + column) * 4);
  }
  return { width: size, height: size, data };
}

function cross() {
  const size = 32, canvas = Object.assign(document.createElement("canvas"), { width: size, height: size }), pen = canvas.getContext("2d");
  const draw = (colour, width) => {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width, lineCap: "round" });
    pen.beginPath();
    for (const [x, y] of [[9, 9], [9, 23]]) { pen.moveTo(x, y); pen.lineTo(size - x, size - y); }
    pen.stroke();
  };
  draw("#ffffff", 9);
  draw(unknownRing.colour, 4.4);
  return pen.getImageData(0, 0, size, size);
}
