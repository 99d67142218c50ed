// What a check and a look into the catalogues found, as tables.
import { numbers, translate } from "../number_format.js";
import { make } from "../studio/outcome.js";

const list = (items) => make("ul", { lang: "en", className: "small" }, ...items.map((textContent) => make("li", { textContent })));

function table(caption, heads, rows) {
  const head = make("tr", {}, ...heads.map((textContent) => make("th", { scope: "col", textContent })));
  const inner = make("table", { className: "places-table" }, make("caption", { className: "small", textContent: caption }), make("thead", {}, head), make("tbody", {}, ...rows));
  return make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: caption }, inner);
}

const cells = (label, ...contents) => contents.map((each, number) => {
  const cell = make("td", {}, each);
  cell.dataset.label = label[number];
  return cell;
});

export function showCheck(place, { verdict, streams }) {
  const kinds = ["present", "unreadable", "absent"], heads = ["places_stream", "places_state", "places_there"].map((key) => translate(key));
  const rows = streams.toSorted((first, second) => kinds.indexOf(first.state) - kinds.indexOf(second.state)).map(({ name, state, detail, cost_of_absence: cost }) => {
    const text = state === "present" ? detail : state === "absent" ? translate("places_without", { cost }) : `${detail}. ${translate("places_without", { cost })}`;
    const badge = make("span", { className: `badge places-${state}`, textContent: translate(`places_${state}`) });
    return make("tr", {}, make("th", { scope: "row", lang: "en", textContent: name }), ...cells(heads.slice(1), badge, make("span", { lang: "en", textContent: text })));
  });
  const stamp = make("p", { className: verdict.runs ? "places-good" : "warning", textContent: verdict.runs ? translate("places_can_run") : translate("places_cannot_run", { n: numbers.count(verdict.refusals.length) }) });
  stamp.dataset.runs = verdict.runs;
  const refusals = make("ol", { lang: "en" }, ...verdict.refusals.map(({ where, what, remedy }) => make("li", {}, make("strong", { textContent: where }), ` ${what}. `, make("em", { textContent: `${translate("places_remedy")}: ${remedy}` }))));
  place.replaceChildren(stamp, ...(verdict.refusals.length ? [refusals] : []), ...(verdict.scope.length ? [list(verdict.scope)] : []),
    ...(verdict.doubts.length ? [make("h4", { textContent: translate("places_doubts") }), list(verdict.doubts)] : []),
    ...(rows.length ? [table(translate("places_streams"), heads, rows)] : []));
}

/** Offers with a box to tick each; `changed()` is called when one is ticked. */
export function showOffers(place, { offers, empty, failures }, changed) {
  const heads = ["places_take", "places_source", "places_files", "size", "places_licence"].map((key) => translate(key));
  const rows = offers.map(({ source, kind, licence, files, bytes, is_size_known: isKnown, there }) => {
    const tick = make("input", { type: "checkbox", checked: files > 0, disabled: files === 0, ariaLabel: source });
    Object.assign(tick.dataset, { offer: source, files, bytes });
    tick.addEventListener("change", changed);
    const count = files ? numbers.count(files) : translate("places_is_there", { n: numbers.count(there) });
    const size = files ? (isKnown ? numbers.bytes(bytes) : translate("unknown")) : "";
    return make("tr", {}, ...cells(heads.slice(0, 1), tick), make("th", { scope: "row", lang: "en", textContent: `${source} (${kind.replaceAll("_", " ")})` }), ...cells(heads.slice(2), count, size, make("span", { lang: "en", textContent: licence })));
  });
  place.replaceChildren(
    ...(rows.length ? [table(translate("places_offers"), heads, rows)] : [make("p", { textContent: translate("places_no_offers") })]),
    ...(empty.length ? [make("p", { className: "small", textContent: translate("places_empty", { names: empty.join(", ") }) })] : []),
    ...(failures.length ? [make("p", { className: "warning", textContent: translate("places_not_asked") }), list(failures)] : []));
}

export function showFetched(place, { came, added, kept, failures }) {
  place.replaceChildren(
    make("p", { className: failures.length ? "warning" : "places-good", textContent: translate("places_came", { n: numbers.count(came), sections: added.map((each) => `[${each}]`).join(", ") || translate("none_seen") }) }),
    ...(kept.length || failures.length ? [list([...failures, ...kept])] : []));
}
