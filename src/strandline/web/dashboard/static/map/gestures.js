// Gestures on the plain map: drag, two fingers, wheel with Ctrl or ⌘, keys. A page that is scrolled does not move it.
const step = 100; // px, of an arrow key
const perZoom = 300; // px of a wheel that double or halve

/** `map` has pan(across, down), zoomAt(factor, x, y), ask(x, y, isAsked), hint(key); returns whether it is held. */
export function listen(frame, map) {
  let held = null, isDrag = false, fingers = null;
  const at = ({ clientX, clientY }) => {
    const box = frame.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  };
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    [held, isDrag] = [at(event), false];
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const [x, y] = at(event);
    if (!held) map.ask(x, y, false);
    else if (isDrag || Math.hypot(x - held[0], y - held[1]) > 3) {
      map.pan(x - held[0], y - held[1]);
      [held, isDrag] = [[x, y], true];
    }
  });
  for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, () => { held = null; });
  frame.addEventListener("click", (event) => { if (!isDrag) map.ask(...at(event), true); });
  frame.addEventListener("dblclick", (event) => map.zoomAt(0.5, ...at(event)));
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) { map.hint("gesture_desk"); return; }
    event.preventDefault();
    map.zoomAt(2 ** (Math.max(-perZoom, Math.min(perZoom, event.deltaY * (event.deltaMode ? 20 : 1))) / perZoom), ...at(event));
  }, { passive: false });
  const spread = ([one, other]) => {
    const [[x1, y1], [x2, y2]] = [at(one), at(other)];
    return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, apart: Math.hypot(x1 - x2, y1 - y2) };
  };
  frame.addEventListener("touchstart", ({ touches }) => { fingers = touches.length === 2 ? spread(touches) : null; }, { passive: true });
  frame.addEventListener("touchmove", (event) => {
    if (!fingers) { map.hint("gesture_phone"); return; }
    event.preventDefault();
    const now = spread(event.touches);
    map.pan(now.x - fingers.x, now.y - fingers.y);
    map.zoomAt(fingers.apart / now.apart, now.x, now.y);
    fingers = now;
  }, { passive: false });
  for (const name of ["touchend", "touchcancel"]) frame.addEventListener(name, () => { fingers = null; });
  frame.addEventListener("keydown", (event) => {
    const { clientWidth: width, clientHeight: height } = frame;
    const keys = {
      ArrowLeft: () => map.pan(step, 0), ArrowRight: () => map.pan(-step, 0), ArrowUp: () => map.pan(0, step), ArrowDown: () => map.pan(0, -step),
      "+": () => map.zoomAt(0.5, width / 2, height / 2), "=": () => map.zoomAt(0.5, width / 2, height / 2), "-": () => map.zoomAt(2, width / 2, height / 2), 0: () => map.zoom(0),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  return () => Boolean(held || fingers);
}
