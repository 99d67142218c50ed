// The comparison of two runs.
import { fetchJson } from "./charts.js";
import { swatch } from "./map/legend.js";
import { nameOf, numbers, translate } from "./number_format.js";

export async function compare(out) {
  const [first, second] = ["first-run", "second-run"].map((id) => document.getElementById(id).value);
  out.replaceChildren(...comparisonElements(await fetchJson(`/api/v1/runs/${first}/compared/${second}`)));
}

function comparisonElements(found) {
  const damage = (run) => (run.damage_per_year === null ? translate("unknown")
    : `${numbers.money(run.damage_per_year.mean, run.money)} (${translate("between_80", { low: numbers.money(run.damage_per_year.p10, run.money), high: numbers.money(run.damage_per_year.p90, run.money) })})`);
  const moneyOf = [found.first.money, found.second.money];
  const overlaps = found.damage_overlaps === null ? "" : translate(found.damage_overlaps ? "damage_overlaps" : "damage_apart");
  const share = (value, write) => (value === null ? translate("unknown") : write(value));
  return [
    table(["", translate("first_run"), translate("second_run")], [[translate("damage_per_year"), damage(found.first), damage(found.second)]]),
    element("p", { className: "small", textContent: overlaps }),
    table([translate("map"), translate("mean_change"), translate("likelier"), translate("less_likely"), translate("known_in_one")], found.flood.map((each) => [
      `${each.scenario}, ${translate("once_in", { n: numbers.count(each.return_period) })}`, share(each.mean, numbers.points), share(each.likelier, numbers.share),
      share(each.less_likely, numbers.share), numbers.share(each.known_in_one),
    ])),
    legend(found.legend),
    element("div", { className: "maps" }, found.flood.map((each) => figure(each))),
    table([translate("plan"), translate("first_run"), translate("second_run")], found.actions.map((action) => [
      nameOf("action", action.kind) === action.kind.replaceAll("_", " ") ? action.title : nameOf("action", action.kind),
      ...[0, 1].map((side) => (action.priority[side] === null ? translate("not_there") : translate("rank_of", { n: numbers.count(action.priority[side]) }))
        + (action.cost[side] === null ? "" : `; ${numbers.money(action.cost[side].mean, moneyOf[side])} (${translate("between_80", { low: numbers.money(action.cost[side].p10, moneyOf[side]), high: numbers.money(action.cost[side].p90, moneyOf[side]) })})`)),
    ])),
  ];
}

function figure(change) {
  const caption = translate("change_map", { scenario: change.scenario, period: translate("once_in", { n: numbers.count(change.return_period) }) });
  return element("figure", {}, [
    element("img", { src: `${change.image}?width=480&height=480`, width: 480, height: 480, loading: "lazy", alt: caption }),
    element("figcaption", { textContent: `${caption}; ${translate("less_than_first")}` }),
  ]);
}

function legend(classes) {
  const ends = (each) => (each.below === null ? translate("above", { value: numbers.points(each.above) })
    : translate("from_to", { low: numbers.points(each.above), high: numbers.points(each.below) }));
  return element("ul", { className: "legend" }, [...classes.map((each) => [each.colour, ends(each)]), ["unknown", translate("unknown_hatched")]]
    .map(([colour, text]) => element("li", {}, [swatch(colour), ` ${text}`])));
}

function table(heads, rows) {
  const cells = (row) => row.map((text, column) => element(column === 0 ? "th" : "td", { scope: column === 0 ? "row" : "", textContent: text }));
  return element("div", { className: "scroll", tabIndex: 0 }, [
    element("table", {}, [
      element("thead", {}, [element("tr", {}, heads.map((text) => element(text ? "th" : "td", { textContent: text })))]),
      element("tbody", {}, rows.map((row) => element("tr", {}, cells(row)))),
    ]),
  ]);
}

function element(name, properties, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
