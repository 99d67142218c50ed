// Saved strategies side by side, under all futures; a person opens or chooses one.
import { numbers, translate } from "../number_format.js";
import { make, money, people, table } from "./outcome.js";

export function showStrategies(place, { items, damaged }, { open, choose }) {
  if (!items.length) {
    place.replaceChildren(make("p", { className: "small", textContent: translate("studio_no_strategies") }));
    return;
  }
  const best = ({ strategy }) => strategy.solver ?? strategy.still_water;
  const futures = [...new Set(items.flatMap((each) => best(each).futures.map((future) => future.name)))];
  const of = (name, write) => items.map((each) => {
    const found = best(each).futures.find((future) => future.name === name);
    return found ? write(found.change) : translate("unknown");
  });
  const button = (label, act, isQuiet, disabled, title) => {
    const made = make("button", { type: "button", textContent: label, className: isQuiet ? "quiet" : "", disabled, title });
    made.addEventListener("click", act);
    return made;
  };
  const rows = [
    { name: translate("studio_author"), cells: items.map(({ strategy }) => `${strategy.author}, ${numbers.moment(strategy.saved)}`) },
    { name: translate("studio_method"), cells: items.map((each) => {
      if (!each.is_of_this_run) return translate("studio_other_run");
      return translate(each.strategy.solver ? "studio_by_solver" : "studio_by_still");
    }) },
    { name: translate("studio_cost_all"), cells: items.map(({ strategy }) => numbers.money(strategy.cost)) },
    ...futures.flatMap((name) => [
      { name: `${name}: ${translate("studio_residual")}`, cells: of(name, (change) => money(change.damage_after)) },
      { name: `${name}: ${translate("studio_avoided")}`, cells: of(name, (change) => money(change.avoided)) },
      { name: `${name}: ${translate("studio_people")}`, cells: of(name, (change) => people(change.people_after)) },
    ]),
    { name: translate("studio_losers"), cells: items.map((each) => (each.strategy.solver ? each.strategy.solver.zones.filter((zone) => zone.verdict === "loses").map((zone) => zone.zone).join(", ") || translate("none_seen") : translate("unknown"))) },
    { name: translate("note"), cells: items.map(({ strategy }) => strategy.note) },
    { name: "", cells: items.map((each) => {
      const name = each.strategy.name, mayChoose = each.is_of_this_run && each.strategy.solver && !each.is_chosen;
      return make("span", { className: "studio-acts" }, button(translate("studio_open", { name }), () => open(each), true), button(translate(each.is_chosen ? "studio_is_chosen" : "studio_choose", { name }), () => choose(each), false, !mayChoose, mayChoose ? "" : translate("studio_choose_note")));
    }) },
  ];
  const caption = translate("studio_side_by_side");
  place.replaceChildren(table(caption, ["", ...items.map(({ strategy, is_chosen: isChosen }) => (isChosen ? "✓ " : "") + strategy.name)], rows));
  if (damaged.length) place.append(make("p", { className: "warning", textContent: translate("studio_damaged", { names: damaged.join(", ") }) }));
}
