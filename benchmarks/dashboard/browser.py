"""A dashboard served to Chromium, which draws in software here: how soon the map is there, how smoothly it moves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import numpy as np
import uvicorn
from playwright.sync_api import Page, sync_playwright

from strandline.web.server import listening, prepare, server_settings

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""400 kbit/s and 0.4 s, as Chromium's tools call it; per request, not per packet. [ms, bytes/s]"""
PHONE, DESK = {"width": 390, "height": 780}, {"width": 1280, "height": 900}
PATIENCE_S = 90.0
DRAWN = "document.getElementById('map-chart').dataset.state === 'drawn'"
PICTURE = "Boolean(document.querySelector('#map-chart img')?.complete)"
RECORD = """{
    const frames = [];
    const record = (now) => { frames.push(now); requestAnimationFrame(record); };
    requestAnimationFrame(record);
    Object.defineProperty(window, "recordedFrames", { value: frames });
}"""


@contextmanager
def served(run: Path) -> Iterator[str]:
    """Serve a run as ``strandline serve`` does; yield its address."""
    serving = prepare([run], None, "127.0.0.1", [])
    server = uvicorn.Server(server_settings(serving.app))
    with listening("127.0.0.1", 0) as (address, listener):
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def opened(chromium: str, viewport: dict[str, int]) -> Iterator[Page]:
    """Yield an empty page of a fresh browser without a graphics card."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport=viewport).new_page()  # type: ignore[arg-type]
        yield page
        browser.close()


def first_view(address: str, chromium: str, viewport: dict[str, int]) -> dict[str, float]:
    """Return when the page is painted, the picture is there and the map moves [s], and the bytes that came till then.

    A reader who wants the map goes to it as soon as the page has it.
    """
    with opened(chromium, viewport) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW_3G)
        received: list[tuple[float, float]] = []
        begun = time.monotonic()
        session.on(
            "Network.dataReceived", lambda event: received.append((time.monotonic(), event["encodedDataLength"]))
        )
        page.goto(address, wait_until="commit")
        _wait(page, "Boolean(document.getElementById('map'))")
        page.evaluate("document.getElementById('map').scrollIntoView()")
        picture = _wait(page, PICTURE) - begun
        moving = _wait(page, DRAWN) - begun
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN") / 1000
        size = sum(each for at, each in received if at <= begun + moving)
        return {"paint_s": paint, "picture_s": picture, "moving_s": moving, "received_kB": size / 1000}


def pan(address: str, chromium: str, viewport: dict[str, int], seconds: float) -> dict[str, float]:
    """Drag the map to and fro; return frames per second, and how long the slowest frames took [ms]."""
    with opened(chromium, viewport) as page:
        page.add_init_script(RECORD)
        page.goto(address)
        page.evaluate("document.getElementById('map').scrollIntoView()")
        _wait(page, DRAWN)
        page.locator("[data-zoom='0.5']").click()
        page.locator("[data-zoom='0.5']").click()
        page.wait_for_timeout(1000)
        _wait(page, DRAWN)
        box = page.locator("#map-chart .map-frame").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        begun, start = time.monotonic(), page.evaluate("performance.now()")
        while (gone := time.monotonic() - begun) < seconds:
            page.mouse.move(x + 150 * np.sin(gone * 2), y + 90 * np.sin(gone * 1.3))
        end = page.evaluate("performance.now()")
        page.mouse.up()
        frames = np.array(page.evaluate("recordedFrames"))
        steps = np.diff(frames[(frames >= start) & (frames <= end)])
        return {
            "frames_per_s": 1000 / float(steps.mean()), "median_frame_ms": float(np.median(steps)),
            "slow_frame_ms": float(np.quantile(steps, 0.95)), "slowest_frame_ms": float(steps.max()),
        }  # fmt: skip


def _wait(page: Page, expression: str) -> float:
    """Wait for a condition; return when it held [s, monotonic]."""
    give_up = time.monotonic() + PATIENCE_S
    while not page.evaluate(expression):
        if time.monotonic() > give_up:
            raise TimeoutError(expression)
        page.wait_for_timeout(20)
    return time.monotonic()
