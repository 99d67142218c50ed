// The map at once: a picture of the layer with zones, lines and rings above it, which the browser moves without drawing it anew.
import { colour } from "../charts.js";
import { assetNames, isLine, isRoad, points, ringShape, thinned } from "./assets.js";
import { Frame, element, showCount, whatIsAt } from "./frame.js";
import { listen } from "./gestures.js";
import { Labels, placeNames, zoneNames } from "./labels.js";

const largest = 1024, usual = 640; // px, of a picture
const padding = 6; // px around the whole area
const nearest = 16, furthest = 0.25; // times the scale of the whole area
const rest = 150; // ms without a gesture, after which the map is drawn anew
const retryAfter = 10_000; // ms

export class PlainMap {
  constructor(chart, content) {
    Object.assign(this, { chart, ...content, assets: [], points: [], drawn: [], wanted: {}, pictures: {} });
    this.frame = new Frame(chart);
    const { view } = this.frame, [west, south, east, north] = this.bounds;
    view.classList.add("is-plain");
    Object.assign(view, { tabIndex: 0, role: "region" });
    view.setAttribute("aria-describedby", "map-keys");
    [this.plane, this.above] = ["map-plane", "map-above"].map(element);
    this.plane.append(this.above);
    view.append(this.plane);
    this.shrink = Math.cos((((south + north) / 2) * Math.PI) / 180); // of a degree of longitude
    this.whole = { longitude: (west + east) / 2, latitude: (south + north) / 2, scale: 0 };
    this.measure();
    this.camera = { ...this.whole };
    this.labels = new Labels(this.frame.root, [...zoneNames(this.zones), ...placeNames(this.places, this.place.zoom)]);
    this.isHeld = listen(view, {
      pan: (across, down) => this.pan(across, down), zoomAt: (factor, x, y) => this.zoomAt(factor, x, y), zoom: (factor) => this.zoom(factor),
      ask: (x, y, isAsked) => this.ask(x, y, isAsked), hint: (key) => this.frame.showHint(key),
    });
    view.addEventListener("focus", () => this.askInMiddle());
    this.isDrawn = new Promise((done) => { this.finish = done; });
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(view);
  }

  /** Where the map is; `zoom` as of tiles of 512 px. */
  get place() {
    const { longitude, latitude, scale } = this.camera;
    return { longitude, latitude, zoom: Math.log2((scale * this.shrink * 360) / 512) };
  }

  /** Take the size of the frame; the whole area fits into it. `scale` is in pixels for a degree of latitude. */
  measure() {
    const [west, south, east, north] = this.bounds, { view } = this.frame;
    const [width, height] = [view.clientWidth, view.clientHeight].map((each) => Math.max(each, 4 * padding));
    const fit = Math.min((width - 2 * padding) / ((east - west) * this.shrink), (height - 2 * padding) / (north - south));
    Object.assign(this, { width, height });
    this.whole.scale = fit;
  }

  resize() {
    const { width, height } = this, isWhole = this.camera.scale === this.whole.scale;
    this.measure();
    if (width === this.width && height === this.height) return;
    if (isWhole) this.camera = { ...this.whole };
    if (this.stop) this.settle();
  }

  /** Pixels of a place within the frame. */
  project(longitude, latitude) {
    const { camera } = this;
    return [this.width / 2 + (longitude - camera.longitude) * camera.scale * this.shrink, this.height / 2 - (latitude - camera.latitude) * camera.scale];
  }

  at(x, y) {
    const { camera } = this;
    return { longitude: camera.longitude + (x - this.width / 2) / (camera.scale * this.shrink), latitude: camera.latitude - (y - this.height / 2) / camera.scale };
  }

  pan(across, down) {
    const { longitude, latitude } = this.at(this.width / 2 - across, this.height / 2 - down);
    Object.assign(this.camera, { longitude, latitude });
    this.move();
  }

  /** Divide the scale by a factor; what is at x and y stays there. */
  zoomAt(factor, x, y) {
    const fixed = this.at(x, y), { camera, whole } = this;
    camera.scale = Math.min(whole.scale * nearest, Math.max(whole.scale * furthest, camera.scale / factor));
    camera.longitude = fixed.longitude - (x - this.width / 2) / (camera.scale * this.shrink);
    camera.latitude = fixed.latitude + (y - this.height / 2) / camera.scale;
    this.move();
  }

  /** Zoom by a factor of the scale; 0 = the whole area. */
  zoom(factor) {
    if (factor) this.zoomAt(factor, this.width / 2, this.height / 2);
    else this.camera = { ...this.whole };
    this.settle();
  }

  /** Follow a gesture: only transforms change, so that the browser lays out and draws nothing. */
  move() {
    const [west, south, east, north] = this.bounds, { camera } = this;
    camera.longitude = Math.min(east, Math.max(west, camera.longitude));
    camera.latitude = Math.min(north, Math.max(south, camera.latitude));
    const [x, y] = this.project(west, north), scale = camera.scale / this.laid.scale;
    this.plane.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    const [across, down] = this.project(this.laid.longitude, this.laid.latitude);
    if (scale === 1) this.labels.layer.style.transform = `translate(${across - this.width / 2}px, ${down - this.height / 2}px)`;
    else this.placeNames();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.settle(), rest);
  }

  /** Draw what a gesture has brought: lines of their own width, names, a picture as sharp as the screen. */
  settle() {
    clearTimeout(this.resting);
    if (this.laid?.scale !== this.camera.scale) this.lay();
    this.laid = { ...this.camera };
    this.move();
    clearTimeout(this.resting);
    this.placeNames();
    this.frame.showPlace(this.place);
    if (document.activeElement === this.frame.view) this.askInMiddle();
    this.sharpen();
  }

  lay() {
    const [west, south, east, north] = this.bounds, { scale } = this.camera;
    this.laid = { ...this.camera };
    this.size = [(east - west) * scale * this.shrink, (north - south) * scale];
    [this.plane.style.width, this.plane.style.height] = this.size.map((each) => `${each}px`);
    for (const picture of Object.values(this.pictures)) this.smooth(picture);
    this.drawAbove();
  }

  placeNames() {
    this.labels.layer.style.transform = "";
    this.labels.place((longitude, latitude) => this.project(longitude, latitude), this.place.zoom);
  }

  /** Show a stop of a view. The picture of the one before leaves at once: none stands below another's name. */
  show(stop, label) {
    const isOther = ["paint", "below"].some((each) => stop[each] !== this.stop?.[each]) || stop.layer.image !== this.stop?.layer.image;
    Object.assign(this, { stop, label });
    this.frame.view.setAttribute("aria-label", label);
    this.labels.describe(stop.name ?? stop.describe);
    if (isOther) {
      for (const name of ["whole", "sharp"]) this.drop(name);
      clearTimeout(this.retry);
      if (stop.paint) this.fetchWhole();
      else this.report();
    }
    if (this.pictures.whole) this.pictures.whole.alt = label;
    this.laid = null;
    this.settle();
  }

  /** The picture of the page is taken where it is of this layer. */
  fetchWhole() {
    const known = this.chart.querySelector("img.placeholder"), [west, south, east, north] = this.bounds, ratio = (north - south) / ((east - west) * this.shrink);
    const size = known ? [known.getAttribute("width"), known.getAttribute("height")].map(Number) : [usual, Math.round(Math.min(Math.max(usual * ratio, usual / 4), largest))];
    const url = this.urlOf(size), isKnown = known?.getAttribute("src") === url;
    if (!isKnown) this.chart.querySelector(".placeholder")?.remove();
    this.fetch("whole", isKnown ? Object.assign(known, { loading: "eager" }) : Object.assign(new Image(), { src: url }), this.bounds);
  }

  /** Fetch what is in view as sharp as the screen, unless the whole is as sharp. */
  sharpen() {
    const { stop, pictures } = this, [west, south, east, north] = this.bounds;
    if (!stop.paint || !pictures.whole || this.size[0] <= pictures.whole.naturalWidth) return this.drop("sharp");
    const [first, last] = [this.at(0, 0), this.at(this.width, this.height)];
    const box = [Math.max(west, first.longitude), Math.max(south, last.latitude), Math.min(east, last.longitude), Math.min(north, first.latitude)];
    if (box[0] >= box[2] || box[1] >= box[3]) return this.drop("sharp");
    const { scale } = this.camera, size = [(box[2] - box[0]) * scale * this.shrink, (box[3] - box[1]) * scale].map((each) => Math.min(largest, Math.max(16, Math.round(each))));
    const url = this.urlOf(size, box);
    if (this.wanted.sharp?.getAttribute("src") !== url) this.fetch("sharp", Object.assign(new Image(), { src: url }), box);
  }

  urlOf([width, height], box) {
    const { layer, paint, below } = this.stop;
    return `${layer.image}?${box ? `bbox=${box.map((each) => each.toFixed(7)).join(",")}&` : ""}width=${width}&height=${height}&paint=${paint}${below ?? ""}`;
  }

  async fetch(name, picture, [left, bottom, right, top]) {
    const [west, south, east, north] = this.bounds, part = (length, whole) => `${(100 * length) / whole}%`;
    this.wanted[name] = picture;
    this.report();
    try {
      await picture.decode();
    } catch {
      if (this.wanted[name] === picture) this.fail(name);
      return;
    }
    if (this.wanted[name] !== picture) return;
    this.pictures[name]?.remove();
    this.pictures[name] = picture;
    Object.assign(picture, { className: "map-picture", alt: name === "whole" ? this.label : "", draggable: false });
    Object.assign(picture.style, { left: part(left - west, east - west), top: part(north - top, north - south), width: part(right - left, east - west), height: part(top - bottom, north - south) });
    this.smooth(picture);
    this.plane.insertBefore(picture, name === "whole" ? this.plane.firstChild : this.above);
    this.report();
    if (name === "whole") this.sharpen();
  }

  /** Cells keep their edges where the picture is enlarged. */
  smooth(picture) {
    picture.style.imageRendering = this.size[0] * (parseFloat(picture.style.width) / 100) > picture.naturalWidth ? "pixelated" : "auto";
  }

  drop(name) {
    this.pictures[name]?.remove();
    delete this.pictures[name];
    delete this.wanted[name];
    this.report();
  }

  fail(name) {
    this.wanted[name].remove();
    delete this.wanted[name];
    if (name === "sharp") return this.report(); // the whole is there
    this.frame.setState("incomplete");
    this.finish();
    this.retry = setTimeout(() => this.fetchWhole(), retryAfter);
  }

  report() {
    const isComing = ["whole", "sharp"].some((name) => this.wanted[name] && this.wanted[name] !== this.pictures[name]);
    const isDrawn = !isComing && (!this.stop.paint || this.pictures.whole);
    if (isDrawn) this.finish();
    if (isDrawn || isComing) this.frame.setState(isDrawn ? "drawn" : "loading");
  }

  /** Take the assets, which come after the map. */
  setAssets(assets) {
    Object.assign(this, { assets, points: points(assets) });
    this.labels.add(assetNames(assets));
    this.showAssets(this.hasAssets);
    this.placeNames();
  }

  showRoads(isShown) {
    this.hidesRoads = !isShown;
    this.labels.showClass("road-name", isShown);
    this.drawAbove();
    this.placeNames();
  }

  showAssets(isShown) {
    this.hasAssets = isShown;
    this.labels.showClass("asset-name", isShown);
    this.drawAbove();
    this.placeNames();
  }

  /** Zones, lines and rings in pixels of the whole area at this scale. */
  drawAbove() {
    const { stop, size: [width, height] } = this, [ink, unknown] = [colour("map-ink"), colour("no-data")], wall = (each) => each.properties.asset_class === "embankment";
    const zones = this.zones.map((zone) => {
      const group = stop.classOf ? stop.classOf(zone.properties.zone) : -1;
      const fill = group === "unknown" ? "url(#map-unknown)" : group >= 0 ? stop.colours[group] : "none";
      return [this.path(zone.geometry), fill];
    });
    const fills = zones.map(([path, fill]) => `<path d="${path}" fill="${fill}" fill-rule="evenodd"/>`);
    const borders = [["#ffffff", 'stroke-width="3" stroke-opacity="0.7"'], [ink, 'stroke-width="1.2" stroke-dasharray="5 3" stroke-opacity="0.8"']].flatMap(
      ([paint, how]) => zones.map(([path]) => `<path d="${path}" fill="none" stroke="${paint}" ${how}/>`),
    );
    const lines = this.assets.filter((each) => isLine(each) && !(this.hidesRoads && isRoad(each))).flatMap((each) => {
      const path = this.path(each.geometry), [edge, colour, wide] = wall(each) ? ["#ffffff", ink, 2.8] : [ink, "#ffffff", 1.8];
      return [[edge, wide + 1.6], [colour, wide]].map(([paint, width]) => `<path d="${path}" fill="none" stroke="${paint}" stroke-width="${width}"/>`);
    });
    this.drawn = this.hasAssets ? thinned(this.points, (each) => this.within([each.longitude, each.latitude])) : [];
    const marks = this.drawn.toReversed().map(({ group, longitude, latitude }) => {
      const [x, y] = this.within([longitude, latitude]);
      return `<g transform="translate(${x.toFixed(1)} ${y.toFixed(1)})">${ringShape(group)}</g>`;
    });
    showCount(this.drawn.length, this.points.length);
    const hatch = `<pattern id="map-unknown" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="${unknown}"/><path d="M-2 2 2-2M0 8 8 0M6 10 10 6" stroke="${ink}" stroke-width="1.6"/></pattern>`;
    const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" aria-hidden="true">${hatch}${[...fills, ...borders, ...lines, ...marks].join("")}</svg>`;
    this.above.replaceChildren(document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true));
  }

  /** Pixels from the north-west corner of the area. */
  within([longitude, latitude]) {
    const [west, , , north] = this.bounds, { scale } = this.laid;
    return [(longitude - west) * scale * this.shrink, (north - latitude) * scale];
  }

  path(geometry) {
    const parts = { LineString: (c) => [c], MultiLineString: (c) => c, Polygon: (c) => c, MultiPolygon: (c) => c.flat() }[geometry.type](geometry.coordinates);
    const close = geometry.type.endsWith("Polygon") ? "Z" : "";
    return parts.map((ring) => `M${ring.map((each) => this.within(each).map((length) => length.toFixed(1)).join(" ")).join("L")}${close}`).join("");
  }

  ask(x, y, isAsked) {
    cancelAnimationFrame(this.asking);
    this.asking = requestAnimationFrame(() => this.tell(whatIsAt(this.at(x, y), this, (...place) => this.project(...place)), isAsked));
  }

  askInMiddle() {
    this.ask(this.width / 2, this.height / 2, true);
  }

  /** Resolves when no gesture holds the map. */
  async atRest() {
    while (this.isHeld()) await new Promise((done) => setTimeout(done, rest));
  }

  remove() {
    clearTimeout(this.resting);
    clearTimeout(this.retry);
    this.sizes.disconnect();
  }
}
