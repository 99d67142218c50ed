// The map without WebGL: a picture of the layer, with zones, lines and rings drawn above it.
import { colour } from "../charts.js";
import { isLine, isRoad, points, ringShape, thinned } from "./assets.js";
import { Labels, placeNames, zoneNames } from "./labels.js";

const largest = 1024; // px, of a picture
const mostPlaces = 12; // that it names: it has one size

export class PlainMap {
  constructor(chart, content) {
    Object.assign(this, { chart, ...content, assets: [], points: [] });
    this.picture = Object.assign(document.createElement("img"), { className: "map-plain" });
    this.picture.addEventListener("load", () => { chart.dataset.state = "drawn"; });
    this.above = document.createElement("div");
    this.above.className = "map-above";
    chart.append(this.picture, this.above);
    const places = placeNames(content.places.slice(0, mostPlaces)).map((each) => ({ ...each, from: 0 }));
    this.labels = new Labels(chart, [...zoneNames(content.zones), ...places]);
  }

  show(stop, label) {
    const { clientWidth: width, clientHeight: height } = this.chart, [west, south, east, north] = this.bounds;
    const [across, down] = [width, height].map((each) => Math.min(largest, Math.max(16, each)));
    Object.assign(this, { width, height, place: ([longitude, latitude]) => [((longitude - west) / (east - west)) * width, ((north - latitude) / (north - south)) * height] });
    this.chart.dataset.state = stop.paint ? "loading" : "drawn";
    this.picture.hidden = !stop.paint; // what is unknown is the hatching below
    if (stop.paint) Object.assign(this.picture, { src: `${stop.layer.image}?width=${across}&height=${down}&paint=${stop.paint}${stop.below ?? ""}`, alt: label, width, height });
    this.stop = stop;
    this.labels.describe(stop.name ?? stop.describe);
    this.labels.place((longitude, latitude) => this.place([longitude, latitude]));
  }

  /** Take the assets, which come after the map. */
  setAssets(assets) {
    Object.assign(this, { assets, points: points(assets) });
    this.showAssets(this.hasAssets);
  }

  showRoads(isShown) {
    this.hidesRoads = !isShown;
    this.showAssets(this.hasAssets);
  }

  showAssets(isShown) {
    this.hasAssets = isShown;
    if (!this.stop) return;
    const { stop } = this, [ink, unknown] = [colour("map-ink"), colour("no-data")], wall = (each) => each.properties.asset_class === "embankment";
    const zones = this.zones.map((zone) => {
      const group = stop.classOf ? stop.classOf(zone.properties.zone) : -1;
      const fill = group === "unknown" ? "url(#map-unknown)" : group >= 0 ? stop.colours[group] : "none";
      return `<path d="${this.path(zone.geometry)}" fill="${fill}" fill-rule="evenodd" stroke="${ink}" stroke-width="1.2" stroke-dasharray="5 3"/>`;
    });
    const lines = this.assets.filter((each) => isLine(each) && !(this.hidesRoads && isRoad(each))).flatMap((each) => {
      const path = this.path(each.geometry), [edge, colour, wide] = wall(each) ? ["#ffffff", ink, 2.8] : [ink, "#ffffff", 1.8];
      return [[edge, wide + 1.6], [colour, wide]].map(([paint, width]) => `<path d="${path}" fill="none" stroke="${paint}" stroke-width="${width}"/>`);
    });
    const marks = (isShown ? thinned(this.points, (each) => this.place([each.longitude, each.latitude])) : []).toReversed().map(({ group, longitude, latitude }) => {
      const [x, y] = this.place([longitude, latitude]);
      return `<g transform="translate(${x.toFixed(1)} ${y.toFixed(1)})">${ringShape(group)}</g>`;
    });
    const hatch = `<pattern id="map-unknown" width="8" height="8" patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="${unknown}"/><path d="M-2 2 2-2M0 8 8 0M6 10 10 6" stroke="${ink}" stroke-width="1.6"/></pattern>`;
    const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${this.width} ${this.height}" aria-hidden="true">${hatch}${[...zones, ...lines, ...marks].join("")}</svg>`;
    this.above.replaceChildren(document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true));
  }

  zoom() {} // a picture has one size

  path(geometry) {
    const parts = { LineString: (c) => [c], MultiLineString: (c) => c, Polygon: (c) => c, MultiPolygon: (c) => c.flat() }[geometry.type](geometry.coordinates);
    const close = geometry.type.endsWith("Polygon") ? "Z" : "";
    return parts.map((ring) => `M${ring.map((each) => this.place(each).map((length) => length.toFixed(1)).join(" ")).join("L")}${close}`).join("");
  }
}
