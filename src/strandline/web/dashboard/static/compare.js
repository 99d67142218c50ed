// Two runs beside one another.
import { fetchJson } from "./charts.js";
import { swatch } from "./map.js";
import { nameOf, say, tell } from "./number_format.js";

export function offerComparison() {
  const form = document.getElementById("compare-form"), out = document.getElementById("comparison");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [first, second] = ["first-run", "second-run"].map((id) => document.getElementById(id).value);
    try {
      out.replaceChildren(...tellOf(await fetchJson(`/api/v1/runs/${first}/compared/${second}`)));
    } catch (error) {
      out.replaceChildren(element("p", { className: "warning", textContent: tell("chart_failed", { why: error.message }) }));
    }
  });
}

function tellOf(found) {
  const damage = (run) => (run.damage_per_year === null ? tell("unknown")
    : `${say.money(run.damage_per_year.p50)} (${tell("between_80", { low: say.money(run.damage_per_year.p10), high: say.money(run.damage_per_year.p90) })})`);
  const overlaps = found.damage_overlaps === null ? "" : tell(found.damage_overlaps ? "damage_overlaps" : "damage_apart");
  const share = (value, write) => (value === null ? tell("unknown") : write(value));
  return [
    table(["", tell("first_run"), tell("second_run")], [[tell("damage_per_year"), damage(found.first), damage(found.second)]]),
    element("p", { className: "small", textContent: overlaps }),
    table([tell("map"), tell("mean_change"), tell("likelier"), tell("less_likely"), tell("known_in_one")], found.flood.map((each) => [
      `${each.scenario}, ${tell("once_in", { n: say.count(each.return_period) })}`, share(each.mean, say.points), share(each.likelier, say.share),
      share(each.less_likely, say.share), say.share(each.known_in_one),
    ])),
    legend(found.legend),
    element("div", { className: "maps" }, found.flood.map((each) => picture(each))),
    table([tell("plan"), tell("first_run"), tell("second_run")], found.actions.map((action) => [
      nameOf("action", action.kind) === action.kind.replaceAll("_", " ") ? action.title : nameOf("action", action.kind),
      ...[0, 1].map((side) => (action.priority[side] === null ? tell("not_there") : tell("rank_of", { n: say.count(action.priority[side]) }))
        + (action.cost[side] === null ? "" : `; ${say.money(action.cost[side][1])} (${tell("between_80", { low: say.money(action.cost[side][0]), high: say.money(action.cost[side][2]) })})`)),
    ])),
  ];
}

function picture(change) {
  const words = tell("change_map", { scenario: change.scenario, period: tell("once_in", { n: say.count(change.return_period) }) });
  return element("figure", {}, [
    element("img", { src: `${change.image}?width=480&height=480`, width: 480, height: 480, loading: "lazy", alt: words }),
    element("figcaption", { textContent: `${words}; ${tell("less_than_first")}` }),
  ]);
}

function legend(classes) {
  const ends = (each) => (each.below === null ? tell("above", { value: say.points(each.above) })
    : tell("from_to", { low: say.points(each.above), high: say.points(each.below) }));
  return element("ul", { className: "legend" }, [...classes.map((each) => [each.colour, ends(each)]), ["unknown", tell("unknown_hatched")]]
    .map(([colour, words]) => element("li", {}, [swatch(colour), ` ${words}`])));
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
