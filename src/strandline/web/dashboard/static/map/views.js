// What the map can show: for each view a list of stops of the slider, with picture, classes of zones and legend.
import { numbers, translate } from "../number_format.js";
import { hourStops, ofHours, zoneLegend } from "./hours.js";

/** The stops of a view; each has caption, layer, paint, legend and, where zones are coloured, their class and words, short ones as `name`. */
export function stopsOf(map) {
  if (map.view === "watch") return watchStops(map);
  if (ofHours(map.view)) return hourStops(map);
  const ofZones = map.zoneLayers.filter((each) => each.quantity === map.view);
  return ofZones.length ? ofZones.map((each) => zoneStop(each, map.layers[0])) : rasterStops(map);
}

function rasterStops({ layers, view, scenario, percentile }) {
  const chosen = layers.filter((layer) => layer.quantity === view && layer.scenario === scenario && (layer.percentile === null || layer.percentile === percentile));
  const inOrder = chosen[0].bound === null ? chosen : bounds.map((bound) => chosen.find((layer) => layer.bound === bound)).filter(Boolean);
  return inOrder.map((layer) => ({
    layer, paint: "map", classOf: null, describe: null, legend: rasterLegend(layer),
    slider: layer.bound === null ? "slider_period" : "slider_bound",
    caption: layer.bound === null ? period(layer.return_period) : translate(`bound_${layer.bound.replace(" ", "_")}`),
  }));
}

const bounds = ["at least", "p5", "mean", "at most", "p95"];

export function rasterLegend(layer) {
  if (layer.quantity === "flooded") return [[layer.legend[0].colour, translate("flooded_yes")], ["land", translate("flooded_no")]];
  return [["land", translate("below", { value: write(layer)(layer.legend[0].above) })], ...classes(layer.legend, write(layer))];
}

const write = (layer) => (layer.unit === "m" ? numbers.metres : numbers.percent);

export function classes(legend, format) {
  return legend.map(({ above, below, colour }) => [
    colour, below === null ? translate("above", { value: format(above) }) : translate("from_to", { low: format(above), high: format(below) }),
  ]);
}

const period = (years) => translate("once_in", { n: numbers.years(years) });

/** Zones by their chance to flood; a zone without a forecast is unknown. */
function watchStops({ layers, forecast }) {
  const leads = [...new Set(forecast.map((row) => row.lead_hours))].sort((one, other) => one - other);
  const legend = layers.find((layer) => layer.quantity === "flood_probability").legend;
  return (leads.length ? leads : [0]).map((lead) => {
    const rows = new Map(forecast.filter((row) => row.lead_hours === lead && row.probability !== null).map((row) => [row.zone, row.probability]));
    return {
      layer: layers[0], paint: "ground", slider: "slider_lead", caption: translate("within", { n: numbers.count(lead) }),
      legend: zoneLegend(legend), colours: legend.map((each) => each.colour),
      classOf: (zone) => (rows.has(zone) ? legend.findLastIndex((each) => rows.get(zone) >= each.above) : "unknown"),
      describe: (zone) => (rows.has(zone) ? numbers.percent(rows.get(zone)) : translate("unknown")),
    };
  });
}

/** Zones by what the run knows of them at one sea level. */
function zoneStop({ quantity, return_period, legend, values }, layer) {
  const value = (zone) => (values[zone]?.is_known ? values[zone] : null);
  return {
    layer, paint: "ground", slider: "slider_period", caption: period(return_period), colours: legend.map((each) => each.colour),
    legend: [["land", translate(`${quantity}_none`)], ...legend.map((each) => [each.colour, words[quantity].ofClass(each)])],
    classOf: (zone) => {
      const found = value(zone);
      if (found === null) return "unknown";
      if (found.has_no_end) return legend.findIndex((each) => each.has_no_end);
      return found.value === null ? -1 : legend.findLastIndex((each) => !each.has_no_end && found.value >= each.above);
    },
    describe: (zone) => inWords(value(zone), words[quantity].ofValue, `${quantity}_none`),
    name: (zone) => inWords(value(zone), words[quantity].ofName ?? words[quantity].ofValue, "none_seen"),
  };
}

function inWords(found, write, none) {
  if (found === null) return translate("unknown");
  return found.value === null ? translate(none) : write(found);
}

const hours = (value) => numbers.hours(value);
const words = {
  people_in_danger: {
    ofClass: ({ above, below }) => (below === null ? translate("above", { value: numbers.count(above) }) : translate("from_to", { low: numbers.count(above), high: numbers.count(below) })),
    ofValue: ({ low, value }) => translate("from_to", { low: numbers.count(Math.floor(low)), high: numbers.count(Math.ceil(value)) }),
  },
  arrival: {
    ofClass: ({ above, below }) => (below !== null && below <= 0 ? translate("arrival_after") : below === null ? translate("arrival_earlier", { n: hours(above) }) : translate("arrival_before", { low: hours(above), high: hours(below) })),
    ofName: ({ value }) => (value < 0 ? translate("hours_after", { n: hours(-value) }) : translate("hours_before", { n: hours(value) })),
    ofValue: ({ value }) => (value < 0 ? translate("arrival_hours_after", { n: hours(-value) }) : translate("arrival_hours_before", { n: hours(value) })),
  },
  standing: {
    ofClass: ({ above, below, has_no_end: hasNoEnd }) => (hasNoEnd ? translate("standing_no_end") : below === null ? translate("above", { value: hours(above) }) : translate("from_to", { low: hours(above), high: hours(below) })),
    ofValue: ({ value, has_no_end: hasNoEnd }) => (hasNoEnd ? translate("standing_no_end") : translate("standing_up_to", { n: hours(value) })),
  },
};
