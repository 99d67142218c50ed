// Hour by hour: stops of the slider for past steps of the watch and for the hours ahead, each saying which it is.
import { numbers, translate } from "../number_format.js";
import { classes, rasterLegend } from "./views.js";

export const ofHours = (view) => view.startsWith("hours_");

/** The stops of `hours_zones` or `hours_map`; one that says "unknown" where there is no hour at all. */
export function hourStops({ hours, layers, view }) {
  const found = hours?.hours ?? [];
  if (!found.length) {
    const text = translate(hours ? "hour_none" : "map_loading");
    return [unknownStop(layers[0], { caption: text, note: "", tag: text })];
  }
  const place = new Map(hours.zones.map((zone, number) => [zone, number]));
  return found.map((hour) => {
    const words = wordsOf(hour, hours.newest);
    if (hour.issued === null) return unknownStop(layers[0], words);
    return view === "hours_map" ? mapStop(hour, layers, words) : zoneStop(hour, layers, place, words);
  });
}

/** The stop of the newest step: where the slider begins. */
export const newestStop = ({ hours }) => Math.max(0, (hours?.hours ?? []).findLastIndex((hour) => hour.kind === "known"));

function zoneStop(hour, layers, place, words) {
  const legend = layers.find((layer) => layer.quantity === "flood_probability").legend;
  const chance = (zone) => hour.chances[place.get(zone)] ?? null;
  const span = hour.until ? translate("hour_zones", { from: numbers.local(hour.issued), to: numbers.local(hour.until) }) : translate("hour_zones_unknown");
  return {
    ...words, note: `${words.note} ${span}`, layer: layers[0], paint: "ground", slider: "slider_hour", legend: zoneLegend(legend), colours: legend.map((each) => each.colour),
    classOf: (zone) => (chance(zone) === null ? "unknown" : legend.findLastIndex((each) => chance(zone) >= each.above)),
    describe: (zone) => (chance(zone) === null ? translate("unknown") : numbers.percent(chance(zone))),
  };
}

export const zoneLegend = (legend) => [["land", translate("below_zone", { value: numbers.percent(legend[0].above) })], ...classes(legend, numbers.percent)];

/** The picture of the lowest mapped sea above that of the hour; above all of them, only what floods there is known. */
function mapStop(hour, layers, words) {
  const layer = hour.map && layers.find((each) => each.quantity === "flood_probability" && each.band === hour.map.band);
  if (!layer) return unknownStop(layers[0], { ...words, note: `${words.note} ${translate("hour_map_none")}` });
  const { bound, level, return_period: period } = hour.map;
  const which = translate(`hour_map_${bound.replace(" ", "_")}`, { level: numbers.metres(level), n: numbers.years(period) });
  const [, ...flooded] = rasterLegend(layer);
  return {
    ...words, note: `${words.note} ${which}`, layer, slider: "slider_hour", classOf: null, describe: null,
    paint: bound === "at least" ? "layer" : "map", legend: bound === "at least" ? flooded : rasterLegend(layer), withoutGround: bound === "at least",
  };
}

function unknownStop(layer, words) {
  return { ...words, layer, paint: null, slider: "slider_hour", legend: [], colours: [], classOf: () => "unknown", describe: () => translate("unknown"), withoutGround: true };
}

/** What is said of an hour: a short tag on the map, a caption for the slider, a note below it. */
function wordsOf({ time, kind, issued, sea }, newest) {
  const at = numbers.local(time), values = { time: at, ago: numbers.ago(time), step: numbers.local(newest), age: numbers.ago(newest) };
  const isUnknown = issued === null, what = isUnknown ? `hour_${kind}_unknown` : `hour_${kind}`;
  const tag = translate(what, values), level = sea ? translate("hour_sea", { low: numbers.metres(sea.p05), high: numbers.metres(sea.p95) }) : translate("hour_sea_unknown");
  const whence = translate(isUnknown ? "hour_unknown" : kind === "forecast" ? "hour_made" : time === newest ? "hour_newest" : "hour_past", values);
  const caption = isUnknown ? tag : `${tag}; ${level}`;
  return { tag, caption, kind: isUnknown ? "unknown" : kind, note: isUnknown ? whence : `${level}. ${whence}` };
}
