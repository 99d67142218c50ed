"""A first run in Chromium, as a person does it: choose a place, look, start, cancel, resume; and a scenario."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from strandline.observations.region_file import load_region_file
from strandline.web.app import create_app
from strandline.web.dashboard.i18n import labels
from strandline.web.places.place_folder import PlaceFolder, Places, open_places
from tests.fixtures.served_dashboard import PHONE, serving
from tests.fixtures.storm_place import make_storm_place
from tests.fixtures.web import PASSWORD, START, TOKEN, make_run, sign_in_of_places

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
LONG_MS = 300_000
"""A job loads all of the package on a busy machine."""
AFTER_THE_FIRST = re.compile(r"^\s*(?!look at|observe)\w")
"""A stage after which a run can be resumed; which one is shown depends on how fast the machine is."""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return open_places(tmp_path / "places")


@pytest.fixture
def address(places: Places) -> Iterator[str]:
    app = create_app({}, None, sign_in_of_places(places), TOKEN, {"127.0.0.1"}, lambda: START, places=places)
    with serving(app) as (opened, _):
        yield f"{opened}places"


@pytest.fixture
def handmade(places: Places, tmp_path: Path) -> PlaceFolder:
    return make_storm_place(places, tmp_path / "made")


def signed_in(page: Page, account: str = "cy") -> Page:
    page.locator("#places-account").fill(account)
    page.locator("#places-password").fill(PASSWORD)
    return page


def chosen(page: Page) -> Page:
    page.locator("[data-place=handmade]").click()
    expect(page.locator("#place-title")).to_be_focused()
    return page


def test_a_person_uploads_a_place_looks_runs_cancels_and_resumes(
    address: str, open_page: Callable[..., Page], places: Places, tmp_path: Path
) -> None:
    sample = make_storm_place(open_places(tmp_path / "other"), tmp_path / "made")
    page = signed_in(open_page(address))
    page.get_by_label("By a region file").check()
    page.locator("#places-name").fill("Handmade")
    page.locator("#places-file").set_input_files(sample.region_file("handmade"))
    page.get_by_role("button", name="Make the place").click()
    expect(page.locator("#place-title")).to_have_text("Handmade")
    for path in sample.folder.iterdir():
        if path.suffix != ".toml":
            shutil.copy(path, places.folder / "handmade" / path.name)
    page.get_by_role("button", name="Look what is there").click()
    expect(page.locator("#place-job")).to_be_visible()
    expect(page.locator("#place-run")).to_be_disabled()
    expect(page.locator("#place-found [data-runs=true]")).to_be_visible(timeout=LONG_MS)
    found = page.locator("#place-found")
    expect(found).to_contain_text("Without it: floods under cloud are not observed")
    expect(found).to_contain_text("tide_gauge: Pier")
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("#place-job-title")).to_contain_text("started by Cy Noor")
    expect(page.locator("#place-left")).to_have_text("Time left: not known yet")
    expect(page.locator("#place-stage")).to_have_text(AFTER_THE_FIRST, timeout=LONG_MS)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#place-run-note2")).to_contain_text("Cancelled (started by Cy Noor)")
    expect(page.locator("#place-job")).to_be_hidden()
    expect(page.locator("#place-result")).to_be_hidden()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#place-stage")).to_have_text(AFTER_THE_FIRST, timeout=LONG_MS)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#place-job")).to_be_hidden()
    assert PASSWORD not in page.content()


def test_a_place_is_chosen_on_the_map_by_keyboard_and_by_touch(
    address: str, open_page: Callable[..., Page], places: Places
) -> None:
    page = signed_in(open_page(address, viewport=PHONE, has_touch=True, is_mobile=True))
    page.locator("#places-map").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "+", "+", "Enter"):
        page.keyboard.press(key)
    assert float(page.locator("#places-longitude").input_value()) == pytest.approx(36)
    assert float(page.locator("#places-latitude").input_value()) > 0
    expect(page.locator("#places-map .world-box").first).to_be_attached()
    page.locator("#places-map").tap()
    expect(page.locator("#places-chosen")).to_contain_text("Chosen: latitude")
    page.locator("#places-latitude").fill("22.34")
    page.locator("#places-longitude").fill("89.3")
    page.locator("#places-name").fill("Koyra")
    page.get_by_role("button", name="Make the place").tap()
    expect(page.locator("#place-title")).to_have_text("Koyra")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [place.key for place in places.all()] == ["koyra"]


def test_a_scenario_shows_value_unit_meaning_and_range_and_is_saved_beside_the_file(
    address: str, open_page: Callable[..., Page], handmade: PlaceFolder
) -> None:
    page = chosen(signed_in(open_page(address)))
    page.locator("#place-edit > summary").click()
    page.locator("[data-group=money] > summary").click()
    rate = page.locator("[data-field='planning.discount_rate']")
    expect(rate).to_contain_text("How much less a later year counts")
    expect(rate).to_contain_text("Allowed: -0.05 to 0.2 per year.")
    expect(rate).to_contain_text("then 0.03 holds")
    page.get_by_label("Discount rate [per year]").fill("2")
    page.locator("#scenario-name").fill("Patient")
    page.get_by_role("button", name="Save the scenario").click()
    expect(rate.locator(".form-fault")).to_contain_text("less than or equal to 0.2")
    expect(page.get_by_label("Discount rate [per year]")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Discount rate [per year]").fill("0.01")
    page.locator("[data-group=storms] > summary").click()
    page.get_by_label("Return periods of the maps").fill("5 50 500")
    page.get_by_role("button", name="Save the scenario").click()
    expect(page.locator("#place-answer")).to_contain_text("Saved as handmade-patient.toml, with 2 changes")
    expect(page.locator("#place-file")).to_have_value("handmade-patient")
    saved = load_region_file(handmade.region_file("handmade-patient"))
    assert saved.planning is not None
    assert saved.scenarios is not None
    assert (saved.planning.discount_rate, saved.scenarios.return_periods) == (0.01, (5.0, 50.0, 500.0))


def test_a_viewer_is_told_who_may_and_a_finished_run_is_opened(
    address: str, open_page: Callable[..., Page], handmade: PlaceFolder
) -> None:
    handmade.out("handmade").parent.mkdir()
    make_run(handmade.out("handmade"))
    page = chosen(signed_in(open_page(address), "ada"))
    page.get_by_role("button", name="Look what is there").click()
    expect(page.locator("#place-answer")).to_contain_text(
        "is a duty officer; an analyst or an administrator may do this"
    )
    page.get_by_role("link", name="Open map and plan").click()
    expect(page.locator("#plan")).to_be_visible()
    expect(page.get_by_role("link", name="Places")).to_be_visible()


@pytest.mark.parametrize(("language", "settings"), [("en", {}), ("bn", {"viewport": PHONE})])
def test_axe_finds_nothing_on_it(
    address: str, open_page: Callable[..., Page], handmade: PlaceFolder, language: str, settings: dict[str, object]
) -> None:
    page = chosen(open_page(f"{address}?lang={language}", **settings))
    page.locator("#place-edit > summary").click()
    expect(page.locator("#place-edit[data-state=ready]")).to_be_visible()
    for summary in page.locator(".form-group > summary").all()[1:]:
        summary.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert labels(language)["places"] in page.title()
