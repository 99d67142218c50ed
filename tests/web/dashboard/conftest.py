"""Served dashboards and a browser that looks at them."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from strandline.web.api import server_sent_events as events
from strandline.web.run_folder import RunFolder
from tests.fixtures.served_dashboard import DESK, STEPS, TIMEOUT_MS, Site, served
from tests.fixtures.web import make_watch

CHROMIUM = os.environ.get("STRANDLINE_TEST_CHROMIUM") or shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
MAPLIBRE = "Applying inline style violates"
"""Plotly contains MapLibre, whose style the policy refuses; no map here needs it."""


@pytest.fixture(scope="module")
def site(runs: dict[str, RunFolder]) -> Iterator[Site]:
    """A dashboard that is only read."""
    with served(runs, make_watch(runs["before"], STEPS)) as opened:
        yield opened


@pytest.fixture
def own_site(runs: dict[str, RunFolder], tmp_path: Path) -> Iterator[Site]:
    """A dashboard whose watch a test may change."""
    folder = tmp_path / "own"
    shutil.copytree(runs["before"].path, folder, ignore=shutil.ignore_patterns("watch*"))
    own = RunFolder("own", folder)
    with served({"own": own}, make_watch(own, STEPS)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def poll_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_INTERVAL_S", 0.1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here; install it, or set STRANDLINE_TEST_CHROMIUM to its path")
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an address in a new window; afterwards, no script failed and no request left 127.0.0.1."""
    contexts, requested, broken = [], [], []

    def open_address(address: str, script: str | None = None, **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": DESK, "locale": "en-GB", "reduced_motion": "reduce"} | settings)
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        context.on("request", lambda request: requested.append(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on("console", lambda message: broken.append(message.text) if message.type == "error" else None)
        if script is not None:
            page.add_init_script(script)
        page.goto(address)
        return page

    yield open_address
    for context in contexts:
        context.close()
    assert requested
    assert [
        url for url in requested if not url.startswith(("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:"))
    ] == []
    refused = (
        "401 (Unauthorized)",
        "ERR_CONNECTION_REFUSED",
        "ERR_INCOMPLETE_CHUNKED_ENCODING",
        "503 (",
        "422 (",
        "403 (",
        MAPLIBRE,
    )
    assert [text for text in broken if not any(each in text for each in refused)] == []
