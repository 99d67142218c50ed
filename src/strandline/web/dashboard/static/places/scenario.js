// The scenario editor: what a region file may say about sea, land, storms, development, money, prices and warnings.
import { numbers, translate, language } from "../number_format.js";
import { make } from "../studio/outcome.js";

const groups = ["sea", "land", "storms", "development", "money", "prices", "warnings"];
const slug = (key) => key.replace(/[^a-z0-9]+/gi, "_");
const locale = { en: "en-GB", bn: "bn-BD", vi: "vi-VN" }[language];
/** A number as it is typed, without marks in years; large ones in words. */
const plain = (value) => (typeof value === "number" ? new Intl.NumberFormat(locale, { maximumSignificantDigits: 6, useGrouping: value >= 1e4, notation: value >= 1e6 ? "compact" : "standard", compactDisplay: "long" }).format(value) : String(value));
const units = { a: "unit_year", "a-1": "unit_per_year", "mm a-1": "unit_mm_per_year" };
const unitOf = (unit) => (units[unit] ? translate(units[unit]) : unit === "-" ? "" : unit);
const isEmpty = (value) => value === null || value === undefined || value === "";
let counter = 0;

function range({ low, high, excludes, unit }) {
  const bounds = { low: isEmpty(low) ? null : plain(low), high: isEmpty(high) ? null : plain(high) };
  if (bounds.low === null && bounds.high === null) return "";
  const key = bounds.high === null ? "form_from" : bounds.low === null ? "form_to" : "form_range";
  return translate(key, { ...bounds, unit: unitOf(unit ?? "") }).replace(" .", ".") + (excludes ? ` ${translate("form_excluded")}` : "");
}

function input(field, value, { label, describedBy } = {}) {
  const isNumber = field.kind === "number" || field.kind === "integer";
  const made = make("input", { type: isNumber ? "number" : "text", value: isEmpty(value) ? "" : value, disabled: Boolean(field.is_fixed) });
  if (isNumber) made.step = field.kind === "integer" ? 1 : "any";
  if (isNumber && !isEmpty(field.low)) made.min = field.low;
  if (isNumber && !isEmpty(field.high)) made.max = field.high;
  if (!isNumber) made.maxLength = 2000;
  if (label) made.ariaLabel = label;
  if (describedBy) made.setAttribute("aria-describedby", describedBy);
  const read = () => (made.value.trim() === "" ? null : isNumber ? made.valueAsNumber : made.value.trim());
  return { element: made, read };
}

/** Rows of several columns; they can be added and removed where they are no fixed list. */
function rows(field, stated, describedBy) {
  const isFixed = field.columns.some((each) => each.is_fixed), place = make("div", { className: "form-rows" });
  const add = (row) => {
    const name = String(row.measure ?? row.name ?? row.scenario ?? translate("form_row")), inputs = {};
    const fieldset = make("fieldset", {}, make("legend", { textContent: name, lang: isFixed ? "en" : "" }));
    for (const column of field.columns) {
      if (column.is_fixed) continue;
      const unit = unitOf(column.unit) && ` [${unitOf(column.unit)}]`;
      const one = input(column, row[column.name], { describedBy });
      inputs[column.name] = one;
      if (column.name === "scenario") one.element.setAttribute("list", `form-list-${slug(field.key)}`);
      fieldset.append(make("label", { className: column.name === "source" ? "form-wide" : "" }, `${translate(`column_${column.name}`)}${unit}`, one.element));
    }
    if (row.unit) fieldset.append(make("p", { className: "small", lang: "en", textContent: row.unit }));
    fieldset.read = () => {
      const kept = isFixed ? Object.fromEntries(field.columns.filter((each) => each.is_fixed).map((each) => [each.name, row[each.name]])) : {};
      for (const [key, one] of Object.entries(inputs)) if (isFixed || one.read() !== null) kept[key] = one.read();
      return kept;
    };
    if (!isFixed) {
      const remove = make("button", { type: "button", className: "quiet", textContent: translate("form_remove", { name }) });
      remove.addEventListener("click", () => { const next = fieldset.nextElementSibling ?? fieldset.previousElementSibling; fieldset.remove(); next?.querySelector("input, button")?.focus(); });
      fieldset.append(remove);
    }
    place.append(fieldset);
    return fieldset;
  };
  const begin = stated ?? field.otherwise ?? [];
  for (const row of begin) add(row);
  const parts = [place];
  if (!isFixed) {
    const more = make("button", { type: "button", className: "quiet", textContent: translate("form_add", { what: translate(`field_${slug(field.key)}`) }) });
    more.addEventListener("click", () => add({}).querySelector("input").focus());
    parts.push(more);
  }
  if (field.choices.length) parts.push(make("datalist", { id: `form-list-${slug(field.key)}` }, ...field.choices.map((value) => make("option", { value }))));
  return { element: make("div", {}, ...parts), read: () => { const found = [...place.children].map((each) => each.read()); return found.length ? found : null; } };
}

function ticks(field, stated) {
  const chosen = stated ?? field.otherwise ?? [];
  const boxes = field.choices.map((value) => [value, make("input", { type: "checkbox", checked: chosen.includes(value) })]);
  const element = make("div", { className: "form-ticks" }, ...boxes.map(([value, box]) => make("label", { lang: "en" }, box, ` ${value}`)));
  return { element, read: () => boxes.filter(([, box]) => box.checked).map(([value]) => value) };
}

function choice(field, describedBy) {
  const select = make("select", {}, new Option(translate("form_none"), ""), ...field.choices.map((each) => new Option(each, each)));
  select.value = field.value ?? "";
  select.setAttribute("aria-describedby", describedBy);
  return { element: select, read: () => select.value || null };
}

function list(field, describedBy) {
  const one = input({ kind: "text" }, (field.value ?? []).join(" "), { describedBy });
  one.element.inputMode = "decimal";
  const read = () => { const found = one.element.value.split(/[\s,;]+/).filter(Boolean).map(Number); return found.length ? found : null; };
  return { element: one.element, read };
}

export class ScenarioForm {
  constructor(place, fields) {
    this.parts = [];
    const made = groups.map((group) => {
      const own = fields.filter((each) => each.group === group);
      const heading = make("summary", {}, make("h4", { textContent: translate(`form_${group}`) }));
      const box = make("details", { className: "form-group", open: group === "sea" }, heading, ...own.map((field) => this.field(field)));
      box.dataset.group = group;
      return box;
    });
    place.replaceChildren(...made);
  }

  field(field) {
    const key = slug(field.key), note = `form-note-${key}`, label = translate(`field_${key}`);
    const isGroup = field.kind === "rows" || field.kind === "texts";
    const found = field.kind === "rows" ? rows(field, field.value, note) : field.kind === "texts" ? ticks(field, field.value) : field.kind === "choice" ? choice(field, note) : field.kind === "numbers" ? list(field, note) : input(field, field.value, { describedBy: note });
    const unit = unitOf(field.unit) && ` [${unitOf(field.unit)}]`;
    const otherwise = isEmpty(field.value) && !isGroup ? (isEmpty(field.otherwise) ? translate("form_not_stated") : translate("form_otherwise", { value: [field.otherwise].flat().map(plain).join(", ") })) : isEmpty(field.value) && isGroup && field.otherwise ? translate("form_of_package") : "";
    const help = make("p", { className: "small", id: note, textContent: [translate(`meaning_${key}`), range(field), otherwise].filter(Boolean).join(" ") });
    const fault = make("p", { className: "form-fault", hidden: true, lang: "en" });
    const id = `form-${++counter}`;
    const head = isGroup ? make("legend", { textContent: label + unit }) : make("label", { textContent: label + unit, htmlFor: id });
    if (!isGroup) found.element.id = id;
    const box = make(isGroup ? "fieldset" : "div", { className: "form-field" }, head, found.element, help, fault);
    box.dataset.field = field.key;
    this.parts.push({ field, read: found.read, begin: JSON.stringify(found.read()), box, fault, element: found.element });
    return box;
  }

  /** What differs from the file. */
  changes() {
    return Object.fromEntries(this.parts.filter(({ read, begin }) => JSON.stringify(read()) !== begin).map(({ field, read }) => [field.key, read()]));
  }

  /** Show each fault beside its field; returns those that belong to none. */
  mark(faults) {
    for (const { fault, element } of this.parts) { fault.hidden = true; element.removeAttribute("aria-invalid"); }
    const others = [];
    let first = null;
    for (const { where, what, remedy } of faults) {
      const text = `${what}; ${remedy}`;
      const own = this.parts.find(({ field: { key } }) => `${where} ${what}`.includes(key) || (key.includes(".") && where.includes(key.split(".")[0]) && what.includes(key.split(".").at(-1))));
      if (!own) { others.push(`${where}: ${text}`); continue; }
      own.fault.textContent = text;
      own.fault.hidden = false;
      if (!own.element.matches("div")) own.element.setAttribute("aria-invalid", "true");
      own.box.closest("details").open = true;
      first ??= own;
    }
    first?.box.querySelector("input, select")?.focus();
    return others;
  }
}

export const countOf = (changes) => numbers.count(Object.keys(changes).length);
