// What drawn works do: how the water was found, damage and people under each sea, who gains and who loses by zone.
import { numbers, translate } from "../number_format.js";

export const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const unknown = () => translate("unknown");
export const money = ({ mean }) => (mean === null ? unknown() : numbers.money(mean));
const change = ({ mean }) => (mean === null ? unknown() : numbers.money(Math.abs(mean) < 0.5 ? 0 : -mean));
export const people = ({ low, high }) => (high === null ? unknown() : translate("from_to", { low: numbers.count(Math.floor(low)), high: numbers.count(Math.ceil(high)) }));
const hectares = (area) => translate("studio_hectares", { n: numbers.count(area / 1e4) });
const toThen = (before, after) => (before === after ? before : `${before} → ${after}`);

export function table(caption, heads, rows) {
  const head = make("tr", {}, ...heads.map((text, number) => make("th", { scope: "col", textContent: text, className: number ? "n" : "" })));
  const body = rows.map(({ name, cells, className = "" }) => make("tr", { className }, make("th", { scope: "row", textContent: name }), ...cells.map((each) => make("td", { className: "n" }, each))));
  const inner = make("table", {}, make("caption", { className: "small", textContent: caption }), make("thead", {}, head), make("tbody", {}, ...body));
  return make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: caption }, inner);
}

export function showOutcome(place, { outcome, cost }) {
  const isSolved = outcome.method === "solver", today = outcome.futures[0].change;
  const losers = outcome.zones.filter((zone) => zone.verdict === "loses").map((zone) => zone.zone);
  const stamp = make("p", { className: isSolved ? "studio-solved" : "warning", textContent: translate(isSolved ? "studio_solved" : "studio_still") });
  stamp.dataset.method = outcome.method;
  const tile = (label, value, range) => make("li", {}, make("span", { className: "label", textContent: label }), make("span", { className: "value", textContent: value }), make("span", { className: "range", textContent: range }));
  const tiles = make("ul", { className: "tiles" },
    tile(translate("studio_avoided"), money(today.avoided), translate("studio_left", { before: money(today.damage_before), after: money(today.damage_after) })),
    tile(translate("studio_people"), people(today.people_after), translate("studio_people_before", { n: people(today.people_before), period: numbers.years(outcome.return_period) })),
    tile(translate("studio_cost_all"), numbers.money(cost), translate("studio_cost_note")),
    tile(translate("studio_losers"), isSolved || losers.length ? numbers.count(losers.length) : unknown(), isSolved ? losers.join(", ") : translate("studio_losers_unknown")));
  const futures = table(translate("studio_futures"), [translate("scenario"), translate("studio_before"), translate("studio_after"), translate("studio_avoided"), translate("studio_people")],
    outcome.futures.map(({ name, change }) => ({ name, cells: [money(change.damage_before), money(change.damage_after), money(change.avoided), toThen(people(change.people_before), people(change.people_after))] })));
  const order = { loses: 0, gains: 1, unknown: 2, same: 3 };
  const zones = table(translate("studio_zones", { period: numbers.years(outcome.return_period) }), [translate("zone"), translate("studio_verdict"), translate("studio_damage_change"), translate("studio_people"), translate("studio_flooded")],
    outcome.zones.toSorted((first, second) => order[first.verdict] - order[second.verdict]).map(({ zone, change: one, verdict, flooded_before: before, flooded_after: after, unknown: hidden }) => ({
      name: zone, className: `studio-${verdict}`,
      cells: [make("span", { className: "badge", textContent: translate(`studio_${verdict}`) }), change(one.avoided), toThen(people(one.people_before), people(one.people_after)), toThen(hectares(before), hectares(after)) + (hidden > 0 ? `; ${unknown()}: ${hectares(hidden)}` : "")],
    })));
  const notes = make("ul", { className: "small", lang: "en" }, ...outcome.notes.map((textContent) => make("li", { textContent })));
  if (today.unknown_assets) notes.prepend(make("li", { textContent: translate("studio_unknown_assets", { n: numbers.count(today.unknown_assets) }) }));
  place.replaceChildren(stamp, tiles, futures, zones, notes);
}
