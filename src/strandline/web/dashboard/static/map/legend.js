// Legends: the signs of the map, each with its words.
import { translate } from "../number_format.js";
import { assetLegend, isLine } from "./assets.js";

/** Show the legend of the layer, and that of lines and assets. */
export function showLegends(stop, assets) {
  const water = document.body.dataset.ground && !stop.withoutGround ? [["water", translate("permanent_water")]] : [];
  setLegend("map-legend", [...stop.legend, ...water, ["unknown", translate("unknown_hatched")]].map(([paint, text]) => [swatch(paint), text]));
  const lines = [["embankment", "embankment"], ["road", "road"], ["bridge", "road"]].filter(([name]) => assets.some((each) => isLine(each) && each.properties.asset_class === name));
  const kinds = [...new Set(lines.map(([, kind]) => kind)), "zone"];
  setLegend("asset-legend", [...kinds.map((kind) => [swatch(`line-${kind}`), translate(`line_${kind}`)]), ...assetLegend(assets).map(([shape, text]) => [drawing(shape, "-10 -10 20 20"), text])]);
}

function setLegend(id, rows) {
  document.getElementById(id).replaceChildren(...rows.map(([sign, text]) => {
    const row = document.createElement("li");
    row.append(sign, ` ${text}`);
    return row;
  }));
}

const ink = "var(--map-ink)", white = "#ffffff";
const lines = { zone: [ink, 1.2, "5 3"], road: [white, 2.2, ""], embankment: [ink, 3, ""] };

/** A sign of the legend: a colour, a kind of ground or a kind of line. */
export function swatch(paint) {
  const kind = paint.startsWith("line-") ? lines[paint.slice(5)] : null;
  const casing = kind && kind[0] === white ? ink : white;
  const shapes = {
    unknown: '<rect width="24" height="16" class="no-data"/><path d="M0 16 16 0M8 16 24 0M-8 16 8 0M16 16 32 0" class="hatch"/>',
    land: '<rect width="24" height="16" class="land"/>',
    water: '<rect width="24" height="16" class="sea"/><path d="M0 4H24M0 10H24" class="wave"/>',
  };
  const line = kind && `<rect width="24" height="16" class="land"/><path d="M1 8H23" fill="none" stroke="${casing}" stroke-width="${kind[1] + 2}"/><path d="M1 8H23" fill="none" stroke="${kind[0]}" stroke-width="${kind[1]}" stroke-dasharray="${kind[2]}"/>`;
  return drawing(line ?? shapes[paint] ?? `<rect width="24" height="16" fill="${paint}" stroke="currentColor"/>`, "0 0 24 16");
}

export function drawing(shapes, box) {
  const made = new DOMParser().parseFromString(`<svg xmlns="http://www.w3.org/2000/svg" class="swatch" viewBox="${box}" aria-hidden="true">${shapes}</svg>`, "image/svg+xml");
  return document.importNode(made.documentElement, true);
}
