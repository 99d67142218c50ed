// Names on the map, written by the browser, which shapes every script; where two would overlap, the later one waits.

export class Labels {
  /** `items` have longitude, latitude, text, and className; those that come first matter most. */
  constructor(chart, items) {
    this.layer = Object.assign(document.createElement("div"), { className: "map-labels" });
    this.layer.setAttribute("aria-hidden", "true"); // the tables name every zone
    [this.items, this.hidden] = [[], new Set()];
    this.add(items);
    chart.append(this.layer);
    document.fonts.addEventListener("loadingdone", () => { // of another width than the letters before
      for (const item of this.items) item.size = null;
      this.again?.();
    });
  }

  /**
   * Take further names, which matter less; they are shown from a zoom on (`from`), stand above their place (`above`, px) or at
   * the first of some `shifts` down (px) that is free, and keep a `gap` (px) to others.
   */
  add(items) {
    this.items.push(...items.map((item) => ({ from: 0, above: 0, shifts: [0], gap: 2, ...item })));
  }

  /** The label of a name, made when it is first in view: a coast has thousands of hamlets. */
  labelOf(item) {
    if (!item.label) {
      item.label = Object.assign(document.createElement("span"), { className: `map-label ${item.className}` });
      item.label.append(Object.assign(document.createElement("b"), { textContent: item.text }), document.createElement("i"));
      this.layer.append(item.label);
    }
    return item.label;
  }

  /** Show or hide all names of a class. */
  showClass(className, isShown) {
    if (isShown) this.hidden.delete(className);
    else this.hidden.add(className);
  }

  /** Write what a function says of each zone below its name. */
  describe(words) {
    for (const item of this.items.filter((each) => each.className === "zone-name")) {
      this.labelOf(item).lastChild.textContent = words ? words(item.text) : "";
      item.size = null;
    }
  }

  /** Put the names where `project` says; those that would overlap or leave the map are hidden, and those of nearer zooms. */
  place(project, zoom = 0) {
    this.again = () => this.place(project, zoom);
    const { clientWidth: width, clientHeight: height } = this.layer, tag = this.layer.closest(".chart").querySelector(".map-when:not([hidden])");
    const taken = tag ? [[tag.offsetLeft, tag.offsetTop, tag.offsetLeft + tag.offsetWidth, tag.offsetTop + tag.offsetHeight]] : [];
    for (const item of this.items) {
      const [x, place] = project(item.longitude, item.latitude), y = place - item.above;
      if (zoom < item.from || this.hidden.has(item.className) || x < 0 || y < 0 || x > width || y > height) {
        item.label?.classList.remove("is-shown");
        continue;
      }
      const label = this.labelOf(item), [across, down] = item.size ??= [label.offsetWidth, label.offsetHeight];
      const boxes = item.shifts.map((shift) => [x - across / 2, y + shift - down / 2, x + across / 2, y + shift + down / 2]);
      const { gap } = item, box = boxes.find((one) => one[0] >= 0 && one[1] >= 0 && one[2] <= width && one[3] <= height
        && taken.every((each) => one[0] > each[2] + gap || one[2] < each[0] - gap || one[1] > each[3] + gap || one[3] < each[1] - gap));
      label.classList.toggle("is-shown", Boolean(box));
      if (box) {
        taken.push(box);
        label.style.transform = `translate(${Math.round(box[0])}px, ${Math.round(box[1])}px)`;
      }
    }
  }
}

const steps = 14; // of the search, along each side

/** The place within a polygon that is far from its edges, among a grid of places; for the name of a zone. */
export function placeForName(geometry) {
  const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  const largest = polygons.map((rings) => ({ rings, area: Math.abs(areaOf(rings[0])) })).sort((one, other) => other.area - one.area)[0];
  const rings = largest.rings, xs = rings[0].map((each) => each[0]), ys = rings[0].map((each) => each[1]);
  const [west, east, south, north] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  let best = rings[0][0], furthest = -1;
  for (let row = 1; row < steps; row += 1) {
    for (let column = 1; column < steps; column += 1) {
      const place = [west + ((east - west) * column) / steps, south + ((north - south) * row) / steps];
      const distance = isWithin(place, rings) ? distanceToEdge(place, rings) : -1;
      if (distance > furthest) [best, furthest] = [place, distance];
    }
  }
  return { longitude: best[0], latitude: best[1], area: largest.area };
}

function areaOf(ring) {
  return ring.reduce((sum, [x, y], number) => {
    const [nextX, nextY] = ring[(number + 1) % ring.length];
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);
}

/** Whether a place is within the rings of a polygon, holes left out. */
export function isWithin([x, y], rings) {
  let isIn = false;
  for (const ring of rings) {
    for (let one = 0, other = ring.length - 1; one < ring.length; other = one, one += 1) {
      const [[x1, y1], [x2, y2]] = [ring[one], ring[other]];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isIn = !isIn;
    }
  }
  return isIn;
}

function distanceToEdge([x, y], rings) {
  let least = Infinity;
  for (const ring of rings) {
    for (let number = 1; number < ring.length; number += 1) {
      const [x1, y1] = ring[number - 1], [dx, dy] = [ring[number][0] - x1, ring[number][1] - y1];
      const along = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
      least = Math.min(least, Math.hypot(x - x1 - along * dx, y - y1 - along * dy));
    }
  }
  return least;
}

/** The name of the zone at a place; null = none. */
export function zoneAt(zones, place) {
  const found = zones.find(({ geometry }) => (geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates]).some((rings) => isWithin(place, rings)));
  return found ? found.properties.zone : null;
}

/** The names of all zones, the largest first. */
export function zoneNames(zones) {
  return zones.map((zone) => ({ ...placeForName(zone.geometry), text: zone.properties.zone, className: "zone-name" })).sort((one, other) => other.area - one.area);
}

const nearer = { city: 0, town: 0, borough: 9, village: 10, island: 10, suburb: 10.5, quarter: 11.5, neighbourhood: 12, hamlet: 12, islet: 12.5, isolated_dwelling: 13 };
const parts = 10.5; // kinds from this zoom on are so small that a map of the whole area does not name them

/** Names of towns and villages, the largest first, in the reader's language where somebody wrote it; smaller ones from nearer than the `whole` area's zoom. */
export function placeNames(places, whole = 0) {
  const own = `name_${document.documentElement.lang}`;
  return places.map(({ properties, geometry }) => {
    const [longitude, latitude] = geometry.coordinates, { kind } = properties, least = nearer[kind] ?? 0, from = least >= parts ? Math.max(least, whole + 0.7) : least;
    return { text: properties[own] || properties.name, longitude, latitude, className: `place-name${kind && from === 0 ? " is-town" : ""}`, from, shifts: [0, -15, 15], gap: least >= parts ? 8 : 2 };
  });
}
