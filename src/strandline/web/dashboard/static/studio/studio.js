// Draw and see: draw works, see at once what still water does, and what the solver confirms; save, compare and choose.
import { announce } from "../live.js";
import { numbers, translate } from "../number_format.js";
import { make, showOutcome } from "./outcome.js";
import { ask } from "./requests.js";
import { showStrategies } from "./strategies.js";
import { Surface, isLine } from "./surface.js";
import { asGeojson, fromGeojson, isComplete, newWork, showWorks } from "./works.js";

const part = (id) => document.getElementById(id);
const pollEvery = 700; // ms

class Studio {
  async open() {
    this.place = await ask("/works");
    if (!this.place.is_available) {
      part("studio-none").textContent = translate("studio_not_here", { why: this.place.why_not });
      part("studio-none").hidden = false;
      return;
    }
    part("studio-tool").hidden = false;
    this.works = [];
    const levels = Object.values(this.place.levels);
    this.design = levels[levels.length - 1];
    this.surface = new Surface(part("studio-surface"), { changed: (work) => this.changed(work), told: () => this.tell() });
    this.surface.works = this.works;
    this.surface.open(this.place.bounds, this.place.background);
    this.legend();
    this.listen();
    this.list();
    await this.renewStrategies();
    part("studio-tool").dataset.state = "ready";
  }

  listen() {
    for (const button of document.querySelectorAll("[data-draw]")) button.addEventListener("click", () => this.begin(button.dataset.draw));
    for (const button of document.querySelectorAll("[data-studio-zoom]")) button.addEventListener("click", () => this.surface.zoom(Number(button.dataset.studioZoom)));
    part("studio-finish").addEventListener("click", () => this.surface.end());
    part("studio-close").addEventListener("click", () => this.surface.end(true));
    part("studio-undo").addEventListener("click", () => this.surface.undo());
    part("studio-run").addEventListener("click", () => this.run());
    part("studio-cancel").addEventListener("click", () => this.cancel());
    part("studio-scene").addEventListener("change", () => this.showScene());
    part("studio-slider").addEventListener("input", () => this.slide());
    part("studio-save").addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
  }

  begin(kind) {
    if (this.surface.drawing) this.surface.end();
    const work = newWork(kind, this.design);
    this.works.push(work);
    this.list();
    this.surface.begin(work);
    part("studio-surface").scrollIntoView({ block: "nearest" });
  }

  changed(work) {
    if (!isComplete(work) && this.surface.drawing === null && !work.points.length) this.works.splice(this.works.indexOf(work), 1);
    this.forget();
    this.list();
    this.surface.draw();
  }

  /** What was answered is of other works: it leaves the page. */
  forget() {
    this.cancel();
    this.answer = null;
    this.asked = null;
    part("studio-outcome").replaceChildren();
    part("studio-views").hidden = true;
    part("studio-save").hidden = true;
    this.surface.show(null);
  }

  list() {
    showWorks(part("studio-works"), this.works, {
      datum: this.place.vertical_datum, money: this.place.money, changed: () => { this.forget(); this.surface.draw(); }, // the form stays, and the focus in it
      removed: (work) => { this.works.splice(this.works.indexOf(work), 1); this.forget(); this.list(); },
    });
  }

  tell() {
    const { drawing } = this.surface;
    for (const button of document.querySelectorAll("[data-draw]")) button.setAttribute("aria-pressed", String(drawing?.kind === button.dataset.draw));
    part("studio-finish").hidden = !drawing || !isComplete(drawing);
    part("studio-close").hidden = !drawing || !isLine(drawing.kind) || drawing.points.length < 3;
    part("studio-undo").hidden = !drawing?.points.length;
    part("studio-hint").textContent = drawing ? translate("studio_drawing", { what: translate(`studio_${drawing.kind}`), n: numbers.count(drawing.points.length) }) : translate("studio_hint");
  }

  async run() {
    if (this.surface.drawing) this.surface.end();
    this.forget();
    const asked = asGeojson(this.works);
    this.asked = asked;
    part("studio-run").disabled = true;
    part("studio-answer").textContent = translate("studio_computing");
    try {
      const answer = await ask("/works/answers", { method: "POST", body: asked });
      part("studio-answer").textContent = "";
      this.show(answer);
      await this.confirm(asked);
    } catch (error) {
      part("studio-answer").textContent = translate("refused", { why: error.message });
    } finally {
      part("studio-run").disabled = false;
    }
  }

  show(answer) {
    this.answer = answer;
    const scene = part("studio-scene"), kept = scene.selectedIndex;
    scene.replaceChildren(...answer.scenes.map((each) => new Option(`${each.future}: ${translate("once_in", { n: numbers.years(each.return_period) })} (${numbers.metres(each.level)})`)));
    scene.selectedIndex = kept >= 0 ? kept : answer.scenes.findLastIndex((each) => each.future === answer.scenes[0].future);
    part("studio-views").hidden = false;
    part("studio-save").hidden = false;
    showOutcome(part("studio-outcome"), answer);
    this.showScene();
    this.slide();
  }

  showScene() {
    this.surface.show(this.answer.scenes[part("studio-scene").selectedIndex]);
  }

  slide() {
    const share = Number(part("studio-slider").value), text = share <= 0 ? translate("studio_after") : share >= 100 ? translate("studio_before") : `${translate("studio_before")} | ${translate("studio_after")}`;
    this.surface.part(share / 100);
    part("studio-slider-value").textContent = text;
    part("studio-slider").setAttribute("aria-valuetext", text);
  }

  /** Follow the solver until its answer replaces the instant one. */
  async confirm(asked) {
    let state = await ask("/works/confirmations", { method: "POST", body: asked });
    this.solving = state.id;
    part("studio-solver").hidden = false;
    while (state.state === "running") {
      part("studio-progress").value = state.progress;
      part("studio-percent").textContent = numbers.share(state.progress);
      await new Promise((done) => { setTimeout(done, pollEvery); });
      if (this.asked !== asked) return;
      state = await ask(`/works/confirmations/${state.id}`);
    }
    if (this.asked !== asked) return;
    this.solving = null;
    part("studio-solver").hidden = true;
    if (state.state === "done") {
      this.show(state.answer);
      announce(translate("studio_solved"));
    } else part("studio-answer").textContent = translate(state.state === "cancelled" ? "studio_cancelled" : "studio_failed", { why: state.why });
  }

  cancel() {
    const id = this.solving;
    this.solving = null;
    part("studio-solver").hidden = true;
    if (id) ask(`/works/confirmations/${id}`, { method: "DELETE" }).catch(() => {});
  }

  async save() {
    const [name, author, note] = ["studio-name", "studio-author", "studio-note"].map((id) => part(id).value.trim());
    await this.write(() => ask("/strategies", { method: "POST", body: { name, author, note, works: this.asked } }), "studio_was_saved", { name });
  }

  async choose({ key, strategy }) {
    const person = part("studio-author").value.trim();
    if (!person) {
      part("studio-saved").textContent = translate("studio_who_chooses");
      part("studio-save").hidden = false;
      part("studio-author").focus();
      return;
    }
    await this.write(() => ask(`/strategies/${key}/choice`, { method: "POST", body: { person } }), "studio_was_chosen", { name: strategy.name });
  }

  async write(send, label, values) {
    try {
      await send();
      await this.renewStrategies();
      part("studio-saved").textContent = translate(label, values);
    } catch (error) {
      part("studio-saved").textContent = translate("refused", { why: error.message });
    }
  }

  async renewStrategies() {
    showStrategies(part("studio-strategies"), await ask("/strategies"), {
      choose: (each) => this.choose(each),
      open: ({ strategy }) => {
        this.works.splice(0, this.works.length, ...fromGeojson(strategy.works));
        part("studio-name").value = strategy.name;
        this.forget();
        this.list();
        part("studio-surface").scrollIntoView({ block: "nearest" });
      },
    });
  }

  legend() {
    const entry = (colour, text) => {
      const swatch = make("span", { className: "studio-swatch" });
      swatch.style.background = colour;
      return make("li", {}, swatch, ` ${text}`);
    };
    part("studio-legend").replaceChildren(
      ...this.place.legend.map(({ above, below, colour }) => entry(colour, below === null ? translate("above", { value: numbers.metres(above) }) : translate("from_to", { low: numbers.metres(above), high: numbers.metres(below) }))),
      entry("repeating-linear-gradient(45deg, #fff 0 5px, #555 5px 7px)", translate("unknown")),
    );
  }
}

export function openStudio() {
  return new Studio().open();
}
