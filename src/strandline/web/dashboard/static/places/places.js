// The page of the places: choose one, see what is there, fetch, run, and change what a run assumes.
import { numbers, translate, localise } from "../number_format.js";
import { make } from "../studio/outcome.js";
import { ChoosePlace } from "./choose_place.js";
import { showCheck, showFetched, showOffers } from "./findings.js";
import { ask } from "./requests.js";
import { ScenarioForm, countOf } from "./scenario.js";

const part = (id) => document.getElementById(id);
const pollEvery = 1000, quietEvery = 10000; // ms: while a job runs, and while none does
const shown = { check: "", look: "", fetch: "" }; // which result stands on the page

class Page {
  constructor() {
    this.places = [];
    this.key = null;
    this.file = null;
    this.chooser = new ChoosePlace(async ({ place }) => { await this.renew(); this.open(place); });
    part("place-file").addEventListener("change", () => this.choose(part("place-file").value));
    part("place-check").addEventListener("click", () => this.start("check"));
    part("place-look").addEventListener("click", () => this.start("look"));
    part("place-fetch").addEventListener("click", () => this.start("fetch", { sources: this.ticked() }));
    part("place-run").addEventListener("click", () => this.start("run", { resume: false }));
    part("place-resume").addEventListener("click", () => this.start("run", { resume: true }));
    part("place-cancel").addEventListener("click", () => this.cancel());
    part("place-edit").addEventListener("toggle", () => { if (part("place-edit").open) this.openForm(); });
    part("scenario-save").addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
  }

  get place() {
    return this.places.find(({ key }) => key === this.key);
  }

  get record() {
    return this.place?.files.find(({ name }) => name === this.file);
  }

  async renew() {
    const { places, running } = await ask();
    Object.assign(this, { places, running });
    this.list();
    if (this.place) this.show();
  }

  async follow() {
    try {
      await this.renew();
      part("lost").hidden = true;
    } catch {
      part("lost").hidden = false;
    }
    setTimeout(() => this.follow(), this.running ? pollEvery : quietEvery);
  }

  list() {
    const text = JSON.stringify(this.places.map(({ key, name, files }) => [key, name, files.map((each) => [each.name, each.run])]));
    if (text === this.listed && this.key === this.listedKey) return;
    Object.assign(this, { listed: text, listedKey: this.key });
    const held = document.activeElement?.dataset?.place;
    part("places-list").replaceChildren(...this.places.map(({ key, name, files }) => {
      const button = make("button", { type: "button", className: "quiet", textContent: this.places.filter((each) => each.name === name).length > 1 ? `${name} (${key})` : name });
      button.dataset.place = key;
      if (key === this.key) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => this.open(key));
      const runs = files.filter((each) => each.run).map((each) => make("a", { href: `/?run=${encodeURIComponent(each.run)}`, textContent: translate("places_open_run", { name: each.name }) }));
      return make("li", {}, button, ...runs.flatMap((each) => [" ", each]));
    }));
    if (held) part("places-list").querySelector(`[data-place="${held}"]`)?.focus();
    part("places-none").hidden = this.places.length > 0;
  }

  open(key) {
    this.key = key;
    this.choose(this.place.files[0].name);
    this.list();
    part("place").hidden = false;
    part("place-title").textContent = this.place.name;
    part("place-title").focus();
    part("place").scrollIntoView({ block: "start" });
  }

  choose(file) {
    this.file = file;
    Object.assign(shown, { check: "", look: "", fetch: "" });
    for (const id of ["place-found", "place-offers", "place-fetched", "place-answer", "scenario-answer"]) part(id).replaceChildren();
    part("place-fetch").hidden = true;
    part("place-edit").open = false;
    this.show();
  }

  show() {
    const select = part("place-file"), names = this.place.files.map(({ name }) => name);
    if ([...select.options].map((each) => each.value).join() !== names.join()) select.replaceChildren(...names.map((name) => new Option(`${name}.toml`, name)));
    select.value = this.file;
    part("place-text").href = `/api/v1/places/${this.key}/files/${this.file}`;
    const { jobs, run, is_unfinished: isUnfinished } = this.record, isBusy = Boolean(this.running);
    for (const id of ["place-check", "place-look", "place-fetch", "place-run", "place-resume"]) part(id).disabled = isBusy;
    this.showJob();
    this.once("check", jobs.check, (result) => showCheck(part("place-found"), result));
    this.once("look", jobs.look, (result) => { showOffers(part("place-offers"), result, () => this.count()); this.count(); });
    this.once("fetch", jobs.fetch, (result) => showFetched(part("place-fetched"), result));
    const verdict = jobs.check?.state === "done" ? jobs.check.result.verdict : null;
    const isStale = verdict && jobs.fetch?.ended && jobs.fetch.ended > jobs.check.ended;
    part("place-run-note").textContent = isStale ? translate("places_check_again") : verdict ? "" : translate("places_check_first");
    part("place-resume").hidden = !isUnfinished;
    part("place-run").textContent = translate(isUnfinished || run ? "places_run_again" : "places_run");
    part("place-result").hidden = !run;
    if (run) part("place-result-link").href = `/?run=${encodeURIComponent(run)}`;
    this.told("run", jobs.run);
  }

  /** Show a result when it is new; failures are told where the job's button is. */
  once(kind, job, write) {
    if (!job || job.state === "running") return;
    const mark = `${job.began} ${job.ended} ${job.state}`;
    if (shown[kind] === mark) return;
    shown[kind] = mark;
    if (job.state === "done") write(job.result);
    this.told(kind, job);
  }

  told(kind, job) {
    const note = part(`place-${kind}-note2`);
    let text = "";
    if (job?.state === "failed") text = translate("places_failed", { why: [job.fault.where, job.fault.what, job.fault.remedy].filter(Boolean).join("; ") });
    else if (job && ["cancelled", "interrupted"].includes(job.state)) text = translate(`places_${job.state}`, { person: job.person });
    else if (kind === "run" && job?.state === "done") text = translate("places_done", { person: job.person, time: numbers.moment(job.ended) });
    if (note.textContent !== text) note.textContent = text;
    note.className = text && job.state !== "done" ? "warning" : "small";
    note.hidden = !text;
  }

  showJob() {
    const job = this.running, box = part("place-job");
    box.hidden = !job;
    if (!job) return;
    const progress = part("place-progress");
    part("place-job-title").textContent = translate("places_runs", { what: translate(`places_kind_${job.kind}`), place: job.place, file: `${job.file}.toml`, person: job.person });
    if (job.share === null) progress.removeAttribute("value");
    else progress.value = job.share;
    part("place-share").textContent = job.share === null ? "" : numbers.share(job.share);
    part("place-stage").textContent = job.stage + (job.stage_share === null ? "" : ` (${numbers.share(job.stage_share)})`);
    part("place-left").textContent = job.seconds_left === null ? translate("places_left_unknown") : translate("places_left", { time: duration(job.seconds_left) });
    part("place-cancel").hidden = job.place !== this.key;
  }

  ticked() {
    return [...document.querySelectorAll("[data-offer]:checked")].map((each) => each.dataset.offer);
  }

  count() {
    const chosen = [...document.querySelectorAll("[data-offer]:checked")], sum = (name) => chosen.reduce((all, each) => all + Number(each.dataset[name]), 0);
    part("place-fetch").hidden = !chosen.length;
    part("place-fetch").textContent = translate("places_fetch", { n: numbers.count(sum("files")), size: numbers.bytes(sum("bytes")) });
  }

  async start(kind, more = {}) {
    await this.answer("place-answer", async () => {
      await ask(`/${this.key}/jobs`, { method: "POST", body: { file: this.file, kind, ...more } });
      if (kind in shown) shown[kind] = "";
      await this.renew();
      part("place-cancel").focus();
      this.watch();
    });
  }

  /** Look more often as long as a job runs. */
  watch() {
    if (this.watching) return;
    this.watching = setInterval(async () => {
      await this.renew().catch(() => {});
      if (this.running) return;
      clearInterval(this.watching);
      this.watching = null;
      part("announcements").textContent = translate("places_ended");
    }, pollEvery);
  }

  async cancel() {
    await this.answer("place-answer", async () => {
      part("place-answer").textContent = translate("places_cancelling");
      await ask(`/${this.key}/jobs`, { method: "DELETE" });
      await this.renew();
    });
  }

  async openForm() {
    await this.answer("scenario-answer", async () => {
      const { fields } = await ask(`/${this.key}/files/${this.file}/scenario`);
      this.form = new ScenarioForm(part("scenario-form"), fields);
      part("place-edit").dataset.state = "ready";
    });
  }

  async save() {
    const changes = this.form.changes();
    try {
      part("scenario-answer").textContent = translate("sending");
      const { file } = await ask(`/${this.key}/scenarios`, { method: "POST", body: { base: this.file, name: part("scenario-name").value.trim(), changes } });
      await this.renew();
      this.choose(file);
      part("place-answer").textContent = translate("scenario_was_saved", { file: `${file}.toml`, n: countOf(changes) });
      part("place-file").focus();
    } catch (error) {
      const others = this.form.mark(error.faults ?? []);
      part("scenario-answer").textContent = translate("refused", { why: error.faults?.length ? others.join("; ") || translate("scenario_see_fields") : error.message });
    }
  }

  async answer(id, act) {
    try {
      part(id).textContent = "";
      await act();
      if (part(id).textContent === translate("places_cancelling")) part(id).textContent = "";
    } catch (error) {
      part(id).textContent = translate("refused", { why: error.message });
    }
  }
}

function duration(seconds) {
  if (seconds < 90) return translate("places_seconds", { n: numbers.count(Math.max(5 * Math.round(seconds / 5), 5)) });
  if (seconds < 5400) return translate("places_minutes", { n: numbers.count(Math.round(seconds / 60)) });
  return translate("places_hours", { n: numbers.years(seconds / 3600) });
}

part("theme").addEventListener("click", () => {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
  try { localStorage.setItem("strandline-theme", root.dataset.theme); } catch { /* not kept */ }
});
localise(document);
const page = new Page();
page.follow();
document.documentElement.dataset.places = "ready";
