// What every map has around it: scale, cross in the middle, state and hint; and what lies at a place.
import { numbers, translate } from "../number_format.js";
import { ring } from "./assets.js";
import { zoneAt } from "./labels.js";

const equator = 40_075_016.686; // m, of WGS 84
const hintFor = 2000; // ms

export class Frame {
  /** `chart` states where the map is and whether it is drawn; a frame that is coming lies hidden below another. */
  constructor(chart, { isComing = false } = {}) {
    const add = (className) => this.root.appendChild(element(className));
    Object.assign(this, { chart, root: element("map-root"), isShown: !isComing });
    this.root.classList.toggle("is-coming", isComing);
    this.view = add("map-frame");
    chart.prepend(this.root);
    [this.scale, this.cross, this.state, this.hint] = ["map-scale", "map-cross", "map-state", "map-hint"].map(add);
  }

  /** Stand in place of another frame. */
  replace(other) {
    this.isShown = true;
    this.root.classList.remove("is-coming");
    other.root.remove();
    if (this.last) this.setState(this.last);
  }

  setState(state) {
    this.last = state;
    if (!this.isShown || this.chart.dataset.state === state) return;
    this.chart.dataset.state = state;
    this.state.textContent = state === "drawn" ? "" : translate(state === "loading" ? "map_loading" : "map_incomplete");
  }

  /** Say how the map is moved, where a gesture is the page's. */
  showHint(key) {
    this.hint.textContent = translate(key);
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => { this.hint.textContent = ""; }, hintFor);
  }

  /** State where the map is: its middle, and the zoom of tiles of 512 px. */
  showPlace({ longitude, latitude, zoom }) {
    const perPixel = (equator * Math.cos((latitude * Math.PI) / 180)) / (512 * 2 ** zoom); // m
    const most = 110 * perPixel, power = 10 ** Math.floor(Math.log10(most)), length = [5, 2, 1].map((each) => each * power).find((each) => each <= most);
    this.scale.style.width = `${length / perPixel}px`;
    this.scale.textContent = length < 1000 ? `${numbers.count(length)}\u00a0m` : `${numbers.count(length / 1000)}\u00a0km`;
    if (this.isShown) this.chart.dataset.centre = `${longitude.toFixed(5)} ${latitude.toFixed(5)} ${zoom.toFixed(2)}`;
  }
}

export const element = (className) => Object.assign(document.createElement("div"), { className });

/** Zone and asset at a place; `project` gives the place of longitude and latitude in pixels. */
export function whatIsAt({ longitude, latitude }, { zones, drawn }, project) {
  const [x, y] = project(longitude, latitude);
  const near = drawn.find((each) => {
    const [across, down] = project(each.longitude, each.latitude);
    return Math.hypot(across - x, down - y) <= ring(each.group).radius + 4;
  });
  return { longitude, latitude, zone: zoneAt(zones, [longitude, latitude]), asset: near?.asset };
}

/** Say how many of the assets that are points are drawn. */
export function showCount(shown, all) {
  document.getElementById("assets-note").textContent = shown < all && shown ? translate("assets_shown", { n: numbers.count(shown), all: numbers.count(all) }) : "";
}
