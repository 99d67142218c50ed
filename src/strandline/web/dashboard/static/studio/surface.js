// The surface to draw on: pictures before and after, lines above them; by mouse, touch and keyboard.
const svgSpace = "http://www.w3.org/2000/svg";
const largest = 1024, close = 14; // px: of a picture, and between a tap and the point that it means
const kinds = { embankment: "line", raised_road: "line", retreat_zone: "area", mangrove_belt: "area", gap: "point", gate: "point", pump: "point", shelter: "point" };
export const shapeOf = (kind) => kinds[kind];
export const isLine = (kind) => kinds[kind] === "line";

export class Surface {
  /** `changed(work)`: a point was moved or added; `told(state)`: drawing began, went on or ended. */
  constructor(element, { changed, told }) {
    Object.assign(this, { element, changed, told, works: [], drawing: null, scene: null, cross: null });
    const picture = (className) => Object.assign(document.createElement("img"), { className, alt: "", draggable: false });
    [this.before, this.after] = [picture("studio-before"), picture("studio-after")];
    this.above = document.createElementNS(svgSpace, "svg");
    this.above.setAttribute("aria-hidden", "true");
    element.append(this.before, this.after, this.above);
    element.addEventListener("pointerdown", (event) => this.press(event));
    element.addEventListener("pointermove", (event) => this.drag(event));
    element.addEventListener("pointerup", (event) => this.release(event));
    element.addEventListener("pointercancel", () => { this.held = null; });
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener("focus", () => { if (element.matches(":focus-visible")) { this.cross ??= [0.5, 0.5]; this.draw(); } });
    element.addEventListener("blur", () => { this.cross = null; this.draw(); });
    new ResizeObserver(() => this.resize()).observe(element);
  }

  open(bounds, background) {
    Object.assign(this, { whole: bounds, view: bounds, background });
    this.resize();
  }

  resize() {
    if (!this.whole || !this.element.clientWidth) return; // not laid out
    const [west, south, east, north] = this.whole, ratio = ((north - south) / (east - west)) / Math.cos((((south + north) / 2) * Math.PI) / 180);
    this.element.style.height = `${Math.round(Math.min(Math.max(this.element.clientWidth * ratio, 260), 0.8 * innerHeight, 720))}px`;
    this.fetch();
  }

  /** The view widened to the shape of the surface. */
  get shown() {
    const [west, south, east, north] = this.view, { clientWidth: width, clientHeight: height } = this.element;
    const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180), across = (east - west) * shrink, down = north - south;
    const perPixel = Math.max(across / width, down / height), [x, y] = [(west + east) / 2, (south + north) / 2];
    const [half, tall] = [(perPixel * width) / shrink / 2, (perPixel * height) / 2];
    return [x - half, y - tall, x + half, y + tall];
  }

  fetch() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    const size = (length) => Math.min(largest, Math.max(16, Math.round(length)));
    const query = `?bbox=${this.shown.map((each) => each.toFixed(7)).join(",")}&width=${size(clientWidth)}&height=${size(clientHeight)}`;
    this.before.src = (this.scene?.before ?? this.background) + query + (this.scene ? "" : "&paint=ground");
    this.after.hidden = !this.scene;
    if (this.scene) this.after.src = this.scene.after + query;
    this.draw();
  }

  show(scene) {
    this.scene = scene;
    this.fetch();
  }

  /** Show the water after the works right of this share of the width. */
  part(share) {
    this.after.style.clipPath = `inset(0 0 0 ${100 * share}%)`;
    this.share = share;
    this.draw();
  }

  zoom(factor) {
    const [west, south, east, north] = this.view, [x, y] = this.cross ? this.at(this.cross) : [(west + east) / 2, (south + north) / 2];
    const [across, down] = [((east - west) * factor) / 2, ((north - south) * factor) / 2], [w, s, e, n] = this.whole;
    this.view = factor === 0 || across * 2 >= e - w ? this.whole : [x - across, y - down, x + across, y + down];
    if (this.cross) this.cross = [0.5, 0.5];
    this.fetch();
  }

  at([x, y]) {
    const [west, south, east, north] = this.shown;
    return [west + x * (east - west), north - y * (north - south)].map((each) => Number(each.toFixed(6)));
  }

  place([longitude, latitude]) {
    const [west, south, east, north] = this.shown;
    return [((longitude - west) / (east - west)) * this.element.clientWidth, ((north - latitude) / (north - south)) * this.element.clientHeight];
  }

  begin(work) {
    this.drawing = work;
    this.told();
    this.draw();
  }

  /** End the line or area that is drawn; `closed` = back to its first point. */
  end(closed = false) {
    const work = this.drawing;
    this.drawing = null;
    if (work && closed && isLine(work.kind) && work.points.length > 2) work.points.push([...work.points[0]]);
    if (work) this.changed(work);
    this.told();
    this.draw();
  }

  undo() {
    this.drawing?.points.pop();
    this.told();
    this.draw();
  }

  add(point) {
    const work = this.drawing;
    if (!work) return;
    const first = work.points[0];
    if (first && work.points.length > 2 && this.gapBetween(first, point) < close) return this.end(true);
    work.points.push(point);
    if (shapeOf(work.kind) === "point") return this.end();
    this.told();
    this.draw();
  }

  gapBetween(one, other) {
    const [a, b] = [this.place(one), this.place(other)];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  }

  where(event) {
    const box = this.element.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  press(event) {
    const at = this.at(this.where(event)), handle = event.target.closest?.("[data-point]");
    this.held = { start: [event.clientX, event.clientY], handle: null, view: this.view, at };
    if (handle && !this.drawing) {
      const [number, point] = handle.dataset.point.split(" ").map(Number);
      this.held.handle = { work: this.works[number], point };
      this.element.setPointerCapture(event.pointerId);
      event.preventDefault();
    }
  }

  drag(event) {
    const { handle } = this.held ?? {};
    if (!handle) return;
    const { work, point } = handle, at = this.at(this.where(event)), last = work.points.length - 1;
    const isRing = isLine(work.kind) && last > 2 && String(work.points[0]) === String(work.points[last]);
    work.points[point] = at;
    if (isRing && (point === 0 || point === last)) work.points[point === 0 ? last : 0] = [...at];
    this.draw();
  }

  release(event) {
    const { held } = this;
    this.held = null;
    if (!held) return;
    if (held.handle) return this.changed(held.handle.work);
    if (Math.hypot(event.clientX - held.start[0], event.clientY - held.start[1]) < 8) this.add(this.at(this.where(event)));
  }

  key(event) {
    const step = event.shiftKey ? 0.002 : 0.02, moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const acts = { Enter: () => this.cross && this.add(this.at(this.cross)), Backspace: () => this.undo(), Escape: () => this.end(), c: () => this.drawing && this.end(true), "+": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.zoom(0) };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) {
      const [x, y] = this.cross ?? [0.5, 0.5], [across, down] = moves[event.key];
      this.cross = [x + across * step, y + down * step].map((each) => Math.min(Math.max(each, 0), 1));
      this.draw();
    } else if (acts[event.key]) acts[event.key]();
    else return;
    event.preventDefault();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!this.whole || !width || !height) return;
    this.above.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const shapes = [...this.works, ...(this.drawing && !this.works.includes(this.drawing) ? [this.drawing] : [])].flatMap((work, number) => this.shapesOf(work, number));
    if (this.scene && this.share > 0 && this.share < 1) shapes.push(["line", { class: "studio-edge", x1: width * this.share, x2: width * this.share, y1: 0, y2: height }]);
    if (this.cross) {
      const [x, y] = [this.cross[0] * width, this.cross[1] * height];
      shapes.push(["path", { class: "studio-cross", d: `M${x - 14} ${y}h28M${x} ${y - 14}v28` }]);
    }
    this.above.replaceChildren(...shapes.map(([name, attributes]) => {
      const shape = document.createElementNS(svgSpace, name);
      for (const [key, value] of Object.entries(attributes)) key === "textContent" ? (shape.textContent = value) : shape.setAttribute(key, value);
      return shape;
    }));
  }

  /** A point with the number that its form bears; a gap is a hole in its line. */
  mark(work, number, [x, y], dots) {
    if (work.kind === "gap") return [["circle", { class: "studio-gap", cx: x, cy: y, r: 10 }], ...dots];
    return [...dots.map(([name, attributes]) => [name, { ...attributes, class: `studio-point studio-${work.kind}`, r: 11 }]), ["text", { class: "studio-number", x, y: y + 4, textContent: number + 1 }]];
  }

  shapesOf(work, number) {
    const places = work.points.map((each) => this.place(each)), path = `M${places.map((each) => each.map((one) => one.toFixed(1)).join(" ")).join("L")}`;
    const dots = places.map(([x, y], point) => ["circle", { class: "studio-point", cx: x, cy: y, r: 7, "data-point": `${number} ${point}` }]);
    if (!places.length) return [];
    if (shapeOf(work.kind) === "point") return this.mark(work, number, places[0], dots);
    if (shapeOf(work.kind) === "area") return [["path", { class: `studio-zone studio-${work.kind}`, d: `${path}Z` }], ...dots];
    return [["path", { class: "studio-line-edge", d: path }], ["path", { class: `studio-line studio-${work.kind}`, d: path }], ...dots];
  }
}
