// The list of drawn works: name, crest or width, cost and coordinates of each, as a form.
import { translate } from "../number_format.js";
import { shapeOf } from "./surface.js";

/** What each kind is asked for beside its cost: how a new one begins, and the range. */
const fields = {
  crest: { min: -20, max: 60, step: 0.1 }, width: { begin: 50, min: 1, max: 10000, step: 1 }, area: { begin: 10, min: 0.1, max: 10000, step: 0.1 },
  closes_at: { min: -20, max: 60, step: 0.1 }, capacity: { begin: 5, min: 0.1, max: 10000, step: 0.1 }, room: { begin: 500, min: 1, max: 1000000, step: 1 },
};
const asked = { embankment: ["crest"], raised_road: ["crest"], gap: ["width"], gate: ["area", "closes_at"], pump: ["capacity"], shelter: ["room"], retreat_zone: [], mangrove_belt: [] };

let made = 0;

export function newWork(kind, level) {
  made += 1;
  const begins = { crest: Number((level + 0.5).toFixed(1)), closes_at: Number((level - 1).toFixed(1)) };
  return { id: made, kind, points: [], name: "", cost: 0, ...Object.fromEntries(asked[kind].map((name) => [name, begins[name] ?? fields[name].begin])) };
}

/** Feature collection of the works that have enough points. */
export function asGeojson(works) {
  const geometry = {
    point: ({ points }) => ({ type: "Point", coordinates: points[0] }), area: ({ points }) => ({ type: "Polygon", coordinates: [[...points, points[0]]] }),
    line: ({ points }) => ({ type: "LineString", coordinates: points }),
  };
  const features = works.filter(isComplete).map((work) => ({
    type: "Feature", geometry: geometry[shapeOf(work.kind)](work),
    properties: { kind: work.kind, name: work.name, cost: work.cost, ...Object.fromEntries(asked[work.kind].map((name) => [name, work[name]])) },
  }));
  return { type: "FeatureCollection", features };
}

export const isComplete = ({ kind, points }) => points.length >= { point: 1, line: 2, area: 3 }[shapeOf(kind)];

export function fromGeojson({ features }) {
  return features.map(({ geometry, properties }) => {
    const coordinates = { Point: (c) => [c], LineString: (c) => c, Polygon: ([ring]) => ring.slice(0, -1) }[geometry.type](geometry.coordinates);
    return Object.assign(newWork(properties.kind, 0), { points: coordinates.map((each) => [...each]) }, properties);
  });
}

export function showWorks(place, works, { changed, removed, datum, money }) {
  const empty = Object.assign(document.createElement("p"), { className: "small", textContent: translate("studio_no_works") });
  place.replaceChildren(...(works.length ? works.map((work, number) => form(work, number + 1, { changed, removed, datum, money })) : [empty]));
}

function form(work, number, { changed, removed, datum, money }) {
  const title = `${number}. ${translate(`studio_${work.kind}`)}`;
  const group = Object.assign(document.createElement("fieldset"), { className: "studio-work" });
  group.dataset.work = work.kind;
  group.append(Object.assign(document.createElement("legend"), { textContent: title }));
  const field = (label, input, take) => {
    const row = document.createElement("label");
    row.append(Object.assign(document.createElement("span"), { textContent: label }), input);
    input.addEventListener("change", () => {
      input.setAttribute("aria-invalid", String(!take(input)));
      changed(work);
    });
    group.append(row);
  };
  const amount = (name, { min, max, step }) => Object.assign(document.createElement("input"), { type: "number", min, max, step, value: work[name] });
  const take = (name) => (input) => {
    const value = input.valueAsNumber, isGood = Number.isFinite(value) && input.validity.valid;
    if (isGood) work[name] = value;
    return isGood;
  };
  for (const name of asked[work.kind]) field(translate(`studio_${name}`, { datum }), amount(name, fields[name]), take(name));
  field(translate("studio_cost", { money }), amount("cost", { min: 0, max: 1e13, step: "any" }), take("cost"));
  const text = Object.assign(document.createElement("textarea"), { rows: Math.min(6, work.points.length + 1), value: work.points.map((each) => each.join(" ")).join("\n") });
  field(translate("studio_coordinates"), text, (input) => {
    const points = parse(input.value);
    if (points) work.points = points;
    return Boolean(points);
  });
  const remove = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: translate("studio_remove", { what: title }) });
  remove.addEventListener("click", () => removed(work));
  group.append(remove);
  return group;
}

/** Longitude and latitude of each line; null = a line that is none. */
function parse(text) {
  const points = text.split("\n").filter((line) => line.trim()).map((line) => line.trim().split(/[\s,;]+/).map(Number));
  return points.every(([longitude, latitude, ...more]) => Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90 && !more.length) ? points : null;
}
