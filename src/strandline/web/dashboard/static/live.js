// Live updates: a new log entry reloads the page and replaces its live parts.
import { localise, translate } from "./number_format.js";

export function follow(redraw) {
  const source = new EventSource(`/api/v1/watch/events?after=${document.body.dataset.log}`); // none is missed since the page was made
  const lost = document.getElementById("lost");
  let waiting = null;
  source.addEventListener("entry", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => renew().then(redraw, () => { lost.hidden = false; }), 150);
  });
  source.addEventListener("open", () => {
    if (!lost.hidden) { announce(translate("reconnected")); renew().then(redraw, () => {}); }
    lost.hidden = true;
  });
  source.addEventListener("error", () => {
    if (lost.hidden) announce(translate("lost"));
    lost.hidden = false;
  });
}

const longestPress = 3000; // ms, after which a button counts as released outside the window
let asked = 0, shown = 0, isPressed = false;
for (const [name, pressed] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]]) {
  addEventListener(name, () => { isPressed = pressed; }, true);
}

/** Show the page as it is now. An answer that is older than what is shown is left; a button that is pressed stays until it is released. */
export async function renew() {
  const number = asked += 1;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const until = performance.now() + longestPress;
  while (isPressed && performance.now() < until) await new Promise((done) => setTimeout(done, 50));
  if (number < shown) return;
  shown = number;
  const known = new Set([...document.querySelectorAll("[data-decision]")].map((each) => each.dataset.decision));
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const old = document.getElementById(part.id);
    if (!old) return location.reload(); // the page has other parts after the first step
    const focused = old.contains(document.activeElement) ? pathTo(document.activeElement, old) : null;
    for (const open of old.querySelectorAll("details[id]")) {
      const twin = part.querySelector(`#${CSS.escape(open.id)}`);
      if (twin) twin.open = open.open;
    }
    old.replaceWith(document.adoptNode(part));
    localise(part);
    if (focused) part.querySelector(focused)?.focus({ preventScroll: true });
  }
  const arrived = [...document.querySelectorAll("[data-decision]")].filter((each) => each.dataset.decision && !known.has(each.dataset.decision));
  for (const each of arrived) each.classList.add("is-new");
  if (arrived.length) announce(translate("announce", { what: arrived.map((each) => each.dataset.text).join("; ") }));
}

export function announce(text) {
  document.getElementById("announcements").textContent = text;
}

/** Path of an element, to restore the focus. */
function pathTo(element, root) {
  const steps = [];
  for (let each = element; each !== root; each = each.parentElement) {
    steps.unshift(`${each.localName}:nth-child(${[...each.parentElement.children].indexOf(each) + 1})`);
  }
  return steps.length ? `:scope > ${steps.join(" > ")}` : null;
}
