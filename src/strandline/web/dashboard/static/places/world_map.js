// The map of the world on which a place is chosen: by mouse, touch and keyboard; drawn from this page alone, no net.
import { land } from "./world_land.js";

const svgSpace = "http://www.w3.org/2000/svg";
const narrowest = 20, whole = [-1800, -840, 3600, 1640]; // tenths of degrees: x, y (southwards), width, height
const kmPerTenth = 11.12;

const shape = (name, attributes, ...children) => {
  const made = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

export class WorldMap {
  /** `chosen(latitude, longitude)` is called with each place that a person names on it. */
  constructor(element, chosen) {
    Object.assign(this, { element, chosen, view: [...whole], cross: null, boxes: [] });
    this.drawing = shape("svg", { "aria-hidden": "true", preserveAspectRatio: "xMidYMid slice" });
    const lines = [];
    for (let x = -1800; x <= 1800; x += 300) lines.push(`M${x} -900V900`);
    for (let y = -900; y <= 900; y += 300) lines.push(`M-1800 ${y}H1800`);
    this.above = shape("g", {});
    this.drawing.append(shape("path", { d: lines.join(""), class: "world-grid" }), shape("path", { d: land, class: "world-land" }), this.above);
    element.append(this.drawing);
    element.addEventListener("click", (event) => this.choose(this.at(event)));
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener("focus", () => { if (element.matches(":focus-visible")) { this.cross ??= this.middle(); this.draw(); } });
    element.addEventListener("blur", () => { this.cross = null; this.draw(); });
    this.draw();
  }

  middle() {
    return [this.view[0] + this.view[2] / 2, this.view[1] + this.view[3] / 2];
  }

  /** The place under a pointer, by the drawing's own transformation. */
  at({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.drawing.getScreenCTM().inverse());
    return [x, y];
  }

  choose([x, y]) {
    const clamp = (value, most) => Math.min(Math.max(value, -most), most);
    this.chosen(Number((-clamp(y, 840) / 10).toFixed(3)), Number((clamp(x, 1800) / 10).toFixed(3)));
  }

  /** Boxes to draw: west, south, east, north [degrees]. */
  show(boxes) {
    this.boxes = boxes;
    this.draw();
  }

  zoom(factor) {
    const [boxed] = this.boxes;
    const [x, y] = this.cross ?? (boxed ? [(boxed[0] + boxed[2]) * 5, -(boxed[1] + boxed[3]) * 5] : this.middle());
    const width = Math.max(this.view[2] * factor, narrowest), height = (width * whole[3]) / whole[2];
    this.view = factor === 0 || width >= whole[2] ? [...whole] : [x - width / 2, y - height / 2, width, height];
    this.draw();
  }

  key(event) {
    const step = this.view[2] / (event.shiftKey ? 100 : 20), moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    this.cross ??= this.middle();
    if (moves[event.key]) {
      this.cross = this.cross.map((each, number) => each + moves[event.key][number]);
      const [x, y] = this.cross, [left, top, width, height] = this.view;
      if (x < left || x > left + width || y < top || y > top + height) this.view = [x - width / 2, y - height / 2, width, height];
    } else if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 0.5 : 2);
    else if (event.key === "0") this.zoom(0);
    else if (event.key === "Enter" || event.key === " ") this.choose(this.cross);
    else return;
    event.preventDefault();
    this.draw();
  }

  draw() {
    this.drawing.setAttribute("viewBox", this.view.join(" "));
    const pixel = this.view[2] / Math.max(this.element.clientWidth, 1), parts = [];
    for (const [west, south, east, north] of this.boxes) {
      const [width, height] = [(east - west) * 10, (north - south) * 10];
      parts.push(shape("rect", { x: west * 10, y: -north * 10, width, height, class: "world-box" }));
      if (width < 12 * pixel) parts.push(shape("circle", { cx: west * 10 + width / 2, cy: -north * 10 + height / 2, r: 7 * pixel, class: "world-box" }));
    }
    if (this.cross) {
      const [x, y] = this.cross, arm = 12 * pixel;
      parts.push(shape("path", { d: `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}`, class: "world-cross" }));
    }
    this.above.replaceChildren(...parts);
  }
}

/** The square around a point: latitude and longitude [degrees], edge [km]. */
export function boxAround(latitude, longitude, size) {
  const high = size / 2 / kmPerTenth / 10, wide = high / Math.max(Math.cos((latitude * Math.PI) / 180), 0.05);
  return [longitude - wide, latitude - high, longitude + wide, latitude + high];
}
