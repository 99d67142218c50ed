// A new place: around a point, in a box, or by a region file of the reader's own.
import { translate } from "../number_format.js";
import { ask } from "./requests.js";
import { WorldMap, boxAround } from "./world_map.js";

const part = (id) => document.getElementById(id);
const ways = ["near", "box", "file"];
const corners = ["west", "south", "east", "north"];

export class ChoosePlace {
  /** `made(place)` is called with the answer when a place was made. */
  constructor(made) {
    this.made = made;
    this.map = new WorldMap(part("places-map"), (latitude, longitude) => this.take(latitude, longitude));
    for (const button of document.querySelectorAll("[data-world-zoom]")) button.addEventListener("click", () => this.map.zoom(Number(button.dataset.worldZoom)));
    for (const way of ways) part(`places-way-${way}`).addEventListener("change", () => this.choose(way));
    for (const id of ["latitude", "longitude", "size", ...corners]) part(`places-${id}`).addEventListener("input", () => this.show());
    part("places-new").addEventListener("submit", (event) => { event.preventDefault(); this.make(); });
    this.choose("near");
  }

  get way() {
    return ways.find((each) => part(`places-way-${each}`).checked);
  }

  choose(way) {
    part(`places-way-${way}`).checked = true;
    for (const each of ways) {
      part(`places-by-${each}`).hidden = each !== way;
      for (const input of part(`places-by-${each}`).querySelectorAll("input")) input.disabled = each !== way;
    }
    this.show();
  }

  take(latitude, longitude) {
    this.choose("near");
    part("places-latitude").value = latitude;
    part("places-longitude").value = longitude;
    this.show();
    part("places-chosen").textContent = translate("places_chosen", { latitude, longitude });
  }

  numbers(names) {
    const found = names.map((name) => part(`places-${name}`).valueAsNumber);
    return found.every(Number.isFinite) ? found : null;
  }

  show() {
    const near = this.numbers(["latitude", "longitude", "size"]), box = this.numbers(corners);
    const shown = this.way === "near" ? near && boxAround(...near) : this.way === "box" ? box : null;
    this.map.show(shown ? [shown] : []);
  }

  async make() {
    const answer = part("places-made");
    try {
      const body = { name: part("places-name").value.trim() };
      if (this.way === "near") {
        const [latitude, longitude, size] = this.numbers(["latitude", "longitude", "size"]);
        body.near = { latitude, longitude, size };
      } else if (this.way === "box") body.box = this.numbers(corners);
      else body.text = await part("places-file").files[0].text();
      answer.textContent = translate("sending");
      const made = await ask("", { method: "POST", body });
      answer.textContent = translate("places_was_made", { name: body.name });
      await this.made(made);
    } catch (error) {
      answer.textContent = translate("refused", { why: error.message });
    }
  }
}
