// Assets: rings by expected annual damage, so that what they stand on stays visible; fewer when far away.
import { nameOf, numbers, translate } from "../number_format.js";

/** Radius [px] and colour of a ring by class of damage: none, and three powers of ten. */
export const rings = [{ radius: 3, colour: "#5c6b73" }, { radius: 4.5, colour: "#b3590a" }, { radius: 6, colour: "#c62d1f" }, { radius: 8, colour: "#7f0000" }];
export const unknownRing = { radius: 4.5, colour: "#22303a" };
const nearest = 26; // px between rings

export const isLine = (asset) => asset.geometry.type.endsWith("LineString");

export const isRoad = (asset) => isLine(asset) && asset.properties.asset_class !== "embankment";

/** Lowest expected annual damage of the second to fourth class: powers of ten below the greatest. */
export function damageEdges(assets) {
  const greatest = Math.max(0, ...assets.map((each) => each.properties.expected_annual_damage_mean ?? 0));
  const top = 10 ** Math.floor(Math.log10(Math.max(greatest, 10)));
  return [top / 100, top / 10, top];
}

/** 0 to 3, or "unknown". */
export function damageClass(asset, edges) {
  const damage = asset.properties.expected_annual_damage_mean;
  return damage === null || damage === undefined ? "unknown" : edges.findLastIndex((each) => damage >= each) + 1;
}

/** Points of the assets that are no lines, the worst first; what is unknown comes before what has little damage. */
export function points(assets) {
  const edges = damageEdges(assets), rank = (group) => (group === "unknown" ? 1.5 : group);
  return assets.filter((asset) => !isLine(asset)).map((asset, number) => {
    const group = damageClass(asset, edges), [longitude, latitude] = middle(asset.geometry);
    return { asset, number, group, longitude, latitude };
  }).sort((one, other) => rank(other.group) - rank(one.group));
}

/** Those points that are further apart than a ring is wide, the worst first; `place` gives their place in pixels. */
export function thinned(all, place) {
  const taken = new Set();
  return all.filter((each) => {
    const [x, y] = place(each).map((length) => Math.floor(length / nearest));
    if (taken.has(`${x} ${y}`)) return false;
    taken.add(`${x} ${y}`);
    return true;
  });
}

export function ring(group) {
  return group === "unknown" ? unknownRing : rings[group];
}

/** A ring, or a cross, as SVG around 0, 0. */
export function ringShape(group) {
  const { radius, colour } = ring(group), r = group === "unknown" ? radius * 0.8 : radius;
  const path = group === "unknown" ? `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}` : `M${-r} 0A${r} ${r} 0 1 1 ${r} 0A${r} ${r} 0 1 1 ${-r} 0Z`;
  return `<path d="${path}" fill="none" stroke="#ffffff" stroke-width="4.5"/><path d="${path}" fill="none" stroke="${colour}" stroke-width="2.2"/>`;
}

export function assetLegend(assets) {
  const all = points(assets), edges = damageEdges(assets), found = new Set(all.map((each) => each.group));
  const text = { 0: translate("damage_below", { value: numbers.money(edges[0]) }), unknown: translate("damage_not_known") };
  edges.forEach((edge, number) => { text[number + 1] = translate("damage_from", { value: numbers.money(edge) }); });
  return [0, 1, 2, 3, "unknown"].filter((group) => found.has(group)).map((group) => [ringShape(group), text[group]]);
}

export function middle(geometry) {
  if (geometry.type === "Point") return geometry.coordinates;
  const ring = geometry.coordinates.flat(geometry.type === "MultiPolygon" ? 2 : geometry.type === "Polygon" ? 1 : 0);
  const mean = (axis) => ring.reduce((sum, each) => sum + each[axis], 0) / ring.length;
  return [mean(0), mean(1)];
}

const facilities = ["hospital", "shelter", "school", "water_supply", "power", "pumping_station"], mostNames = 150;

/** Names of what people depend on, and of roads, each once, the longest first. */
export function assetNames(assets) {
  const named = assets.filter(({ properties }) => properties.name), rank = (each) => facilities.indexOf(each.properties.asset_class);
  const places = named.filter((each) => rank(each) >= 0).sort((one, other) => rank(one) - rank(other)).slice(0, mostNames).map((each) => {
    const [longitude, latitude] = middle(each.geometry);
    return { text: each.properties.name, longitude, latitude, className: "asset-name", from: 11.5, above: 15 };
  });
  const roads = new Map();
  for (const { properties, geometry } of named.filter(isRoad)) {
    const points = geometry.coordinates.flat(geometry.type === "MultiLineString" ? 1 : 0), [longitude, latitude] = points[Math.floor(points.length / 2)];
    if (points.length > (roads.get(properties.name)?.length ?? 0)) roads.set(properties.name, { text: properties.name, longitude, latitude, length: points.length, className: "road-name", from: 13 });
  }
  return [...places, ...[...roads.values()].sort((one, other) => other.length - one.length).slice(0, mostNames)];
}

/** What is known of an asset, in a line. */
export function describeAsset({ properties: asset }) {
  const [mean, low, high] = ["mean", "p10", "p90"].map((each) => asset[`expected_annual_damage_${each}`]);
  const damage = mean === null || mean === undefined ? translate("unknown") : `${numbers.money(mean)} (${numbers.money(low)} – ${numbers.money(high)})`;
  return `${asset.name || asset.asset_id}, ${nameOf("asset", asset.asset_class)}: ${translate("expected_damage")} ${damage}; ${translate("damage_likely")} ${stateReached(asset)}`;
}

/** The damage state that the asset reaches at an even chance. */
function stateReached(asset) {
  const chances = [0, 1, 2, 3, 4].map((state) => asset[`damage_state_${state}`]);
  if (chances.some((each) => each === null || each === undefined)) return translate("unknown");
  const atLeast = (state) => chances.slice(state).reduce((sum, each) => sum + each, 0);
  const reached = [4, 3, 2, 1].find((state) => atLeast(state) >= 0.5) ?? 0;
  return reached === 0 ? `${translate("damage_0")} (${numbers.percent(chances[0])})` : `${translate("or_worse", { damage: translate(`damage_${reached}`) })} (${numbers.percent(atLeast(reached))})`;
}
