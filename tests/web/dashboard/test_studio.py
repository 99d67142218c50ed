"""Draw and see in Chromium: drawing by mouse, touch and keyboard, answers, strategies, and the choice."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from strandline.pipeline.run_folder.generations import open_run
from strandline.web.dashboard.i18n import labels
from strandline.web.run_folder import RunFolder
from tests.fixtures.served_dashboard import PHONE, Site, served
from tests.fixtures.trial_grounds import add_trial_ground, on_coast
from tests.fixtures.web import TOKEN, make_run, make_watch

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
CORNERS = ((10.3, 10.3), (20.4, 10.3), (20.4, 20.4), (10.3, 20.4))
CENTRE = (15.5, 15.5)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return add_trial_ground(make_run(tmp_path_factory.mktemp("studio") / "place"))


@pytest.fixture
def folder(made: RunFolder, tmp_path: Path) -> Path:
    shutil.copytree(made.path, tmp_path / "place")
    return tmp_path / "place"


@pytest.fixture
def coast_site(folder: Path) -> Iterator[Site]:
    run = RunFolder("place", folder)
    with served({"place": run}, make_watch(run, 1)) as opened:
        yield opened


def opened_studio(page: Page) -> Page:
    page.evaluate("document.getElementById('studio').scrollIntoView()")
    expect(page.locator("#studio-tool[data-state=ready]")).to_be_visible()
    page.locator("#studio-token").fill(TOKEN.value)
    return page


def pixel_of(page: Page, place: tuple[float, float]) -> tuple[float, float]:
    """Where a place of the made-up coast lies on the surface, which shows the whole of it [px]."""
    west, south, east, north = page.request.get(page.url + "api/v1/runs/place/works").json()["bounds"]
    box = page.locator("#studio-surface").bounding_box()
    assert box is not None
    shrink = np.cos(np.radians((south + north) / 2))
    per_pixel = max((east - west) * shrink / box["width"], (north - south) / box["height"])
    longitude, latitude = on_coast(*place)
    x = box["x"] + box["width"] / 2 + (longitude - (west + east) / 2) * shrink / per_pixel
    y = box["y"] + box["height"] / 2 - (latitude - (south + north) / 2) / per_pixel
    return float(x), float(y)


def draw_ring(page: Page) -> None:
    page.get_by_role("button", name="Embankment", exact=True).click()
    for corner in (*CORNERS, CORNERS[0]):
        page.mouse.click(*pixel_of(page, corner))
    expect(page.locator("[data-work=embankment]")).to_have_count(1)
    points = page.locator("[data-work=embankment] textarea").input_value().splitlines()
    assert len(points) == 5
    assert points[0] == points[-1]


def set_crest(page: Page, crest: float) -> None:
    page.get_by_label(re.compile(r"Crest \[m")).fill(str(crest))


def run(page: Page) -> Locator:
    page.locator("#studio-run").click()
    expect(page.locator("#studio-outcome [data-method='still water']")).to_be_visible()
    return page.locator("#studio-outcome")


def is_wet(page: Page, place: tuple[float, float], after: bool) -> bool:
    """Whether the picture shows flood water at a place; with the slider on one side, it is the picture there."""
    page.locator("#studio-slider").fill("0" if after else "100")
    wait = "[...document.querySelectorAll('#studio-surface img')].every((each) => each.hidden || each.complete)"
    for _ in range(200):
        if page.evaluate(wait):
            break
        page.wait_for_timeout(50)
    image = page.locator("#studio-surface").screenshot()
    box = page.locator("#studio-surface").bounding_box()
    assert box is not None
    x, y = (round(at - box[side]) for at, side in zip(pixel_of(page, place), ("x", "y"), strict=True))  # type: ignore[literal-required]
    pixels = np.asarray(Image.open(BytesIO(image)).convert("RGB"), dtype=int)
    red, _, blue = pixels[y - 2 : y + 2, x - 2 : x + 2].mean(axis=(0, 1))
    return bool(blue > red + 20)


def choose_scene(page: Page, words: str) -> None:
    options = page.locator("#studio-scene option").all_inner_texts()
    (index,) = (number for number, text in enumerate(options) if words in text)
    page.locator("#studio-scene").select_option(index=index)


def test_a_ring_dike_keeps_its_inside_dry_below_its_crest_and_a_gap_floods_it(
    coast_site: Site, open_page: Callable[..., Page]
) -> None:
    page = opened_studio(open_page(coast_site.address))
    draw_ring(page)
    set_crest(page, 1.8)
    run(page)
    choose_scene(page, "once in 10 years")  # 1.5 m
    page.locator("#studio-surface").scroll_into_view_if_needed()
    assert is_wet(page, CENTRE, after=False)
    assert not is_wet(page, CENTRE, after=True)
    assert is_wet(page, (5.5, 15.5), after=True)
    choose_scene(page, "today: once in 100 years")  # 2.2 m: above the crest
    assert is_wet(page, CENTRE, after=True)
    page.get_by_role("button", name="Gap", exact=True).click()
    page.locator("#studio-surface").scroll_into_view_if_needed()
    page.mouse.click(*pixel_of(page, (15.4, 20.4)))
    expect(page.locator("#studio-outcome")).to_be_empty()
    outcome = run(page)
    expect(outcome).to_contain_text("A gap of 50 m counts as one cell wide")
    choose_scene(page, "once in 10 years")
    page.locator("#studio-surface").scroll_into_view_if_needed()
    assert is_wet(page, CENTRE, after=True)


def test_the_solver_replaces_the_instant_answer_and_a_person_saves_compares_and_chooses(
    coast_site: Site, open_page: Callable[..., Page], folder: Path
) -> None:
    page = opened_studio(open_page(coast_site.address))
    draw_ring(page)
    set_crest(page, 1.8)
    page.get_by_label(re.compile(r"Cost \[")).fill("2000000")
    expect(run(page)).to_contain_text("unknown: only the solver finds them")
    page.locator("#studio-name").fill("Ring")
    page.locator("#studio-author").fill("Ada Vento")
    page.get_by_role("button", name="Save the strategy").click()
    table = page.locator("#studio-strategies table")
    expect(table).to_contain_text("still water, not confirmed")
    expect(page.get_by_role("button", name="Choose Ring")).to_be_disabled()
    expect(page.locator("#studio-outcome [data-method=solver]")).to_be_visible(timeout=180_000)
    expect(page.locator("#studio-solver")).to_be_hidden()
    page.get_by_role("button", name="Save the strategy").click()
    expect(table).to_contain_text("by the solver")
    expect(table).to_contain_text("€2m")
    expect(table).to_contain_text("+0.5 m")
    page.get_by_role("button", name="Choose Ring").click()
    expect(page.locator("#studio-saved")).to_contain_text("written into plan.json")
    chosen = json.loads((folder / "plan.json").read_text())["chosen_strategy"]
    assert (chosen["chosen_by"], chosen["method"]) == ("Ada Vento", "solver")
    open_run(folder)
    page.reload()
    expect(page.locator("#plan .chosen")).to_contain_text("Ring, by Ada Vento")
    opened_studio(page).get_by_role("button", name="Open Ring").click()
    expect(page.locator("[data-work=embankment]")).to_have_count(1)
    assert TOKEN.value not in page.content()


def test_gates_pumps_and_shelters_stand_where_they_are_put_and_say_what_they_leave_out(
    coast_site: Site, open_page: Callable[..., Page]
) -> None:
    page = opened_studio(open_page(coast_site.address))
    draw_ring(page)
    set_crest(page, 1.8)
    for kind, place in (("Gate", (15.4, 20.4)), ("Pump", CENTRE), ("Shelter", (12.5, 12.5))):
        page.get_by_role("button", name=kind, exact=True).click()
        page.locator("#studio-surface").scroll_into_view_if_needed()
        page.mouse.click(*pixel_of(page, place))
        expect(page.locator(f"[data-work={kind.lower()}] textarea")).not_to_be_empty()
    expect(page.locator("#studio-surface .studio-number")).to_have_text(["2", "3", "4"])
    page.get_by_label("Opening [m²]").fill("12")
    page.get_by_label(re.compile("Shut from a sea of")).fill("0.6")
    page.get_by_label("Capacity [m³/s]").fill("3")
    page.get_by_label("Room [people]").fill("250")
    outcome = run(page)
    expect(outcome).to_contain_text("Shelter 1 has room for 250 people")
    expect(outcome).to_contain_text("to drain rain and rivers, is in no number here")
    found = Axe().run(page, context="#studio")
    assert found.violations_count == 0, found.generate_report()


def test_mangroves_are_refused_where_none_grow(coast_site: Site, open_page: Callable[..., Page]) -> None:
    page = opened_studio(open_page(coast_site.address))
    page.get_by_role("button", name="Mangrove belt", exact=True).click()
    page.locator("#studio-surface").scroll_into_view_if_needed()
    for corner in CORNERS:
        page.mouse.click(*pixel_of(page, corner))
    page.get_by_role("button", name="Finish").click()
    page.locator("#studio-run").click()
    expect(page.locator("#studio-answer")).to_contain_text("mangroves do not grow there")


def test_the_keyboard_draws_a_ring_and_coordinates_can_be_typed(
    coast_site: Site, open_page: Callable[..., Page]
) -> None:
    page = opened_studio(open_page(coast_site.address))
    page.get_by_role("button", name="Embankment", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator("#studio-title").evaluate("(element) => element.scrollIntoView()")
    page.keyboard.press("Tab")
    page.locator("#studio-surface").focus()
    for keys in (["ArrowLeft"] * 4, ["ArrowUp"] * 8, ["ArrowRight"] * 8):
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Enter")
    page.keyboard.press("c")
    text = page.locator("[data-work=embankment] textarea")
    points = text.input_value().splitlines()
    assert len(points) == 4
    assert points[0] == points[-1]
    typed = "\n".join(" ".join(f"{each:.6f}" for each in on_coast(*corner)) for corner in (*CORNERS, CORNERS[0]))
    text.fill(typed)
    text.blur()
    expect(page.locator("#studio-surface .studio-point")).to_have_count(5)
    text.fill("12.8 north")
    text.blur()
    expect(text).to_have_attribute("aria-invalid", "true")


def test_without_the_token_nothing_is_computed_and_it_says_so(coast_site: Site, open_page: Callable[..., Page]) -> None:
    page = opened_studio(open_page(coast_site.address))
    page.locator("#studio-token").fill("a guess")
    draw_ring(page)
    page.locator("#studio-run").click()
    expect(page.locator("#studio-answer")).to_contain_text("Refused: give the token")
    expect(page.locator("#studio-outcome")).to_be_empty()


def test_on_a_phone_it_is_drawn_by_touch_and_nothing_is_wider_than_the_page(
    coast_site: Site, open_page: Callable[..., Page]
) -> None:
    page = opened_studio(open_page(coast_site.address, viewport=PHONE, has_touch=True, is_mobile=True))
    page.get_by_role("button", name="Embankment", exact=True).tap()
    page.locator("#studio-surface").scroll_into_view_if_needed()
    for corner in (*CORNERS, CORNERS[0]):
        page.touchscreen.tap(*pixel_of(page, corner))
    expect(page.locator("[data-work=embankment]")).to_have_count(1)
    assert len(page.locator("[data-work=embankment] textarea").input_value().splitlines()) == 5
    run(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", ["en", "bn"])
def test_axe_finds_nothing_in_it(coast_site: Site, open_page: Callable[..., Page], language: str) -> None:
    page = opened_studio(open_page(f"{coast_site.address}?lang={language}"))
    page.get_by_role("button", name=labels(language)["studio_embankment"], exact=True).click()
    page.locator("#studio-surface").focus()
    for key in ("Enter", "ArrowLeft", "ArrowLeft", "ArrowLeft", "Enter", "Escape"):
        page.keyboard.press(key)
    page.locator("#studio-run").click()
    expect(page.locator("#studio-outcome [data-method='still water']")).to_be_visible()
    found = Axe().run(page, context="#studio")
    assert found.violations_count == 0, found.generate_report()


def test_a_run_that_keeps_no_ground_says_why(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(site.address)
    page.evaluate("document.getElementById('studio').scrollIntoView()")
    expect(page.locator("#studio-none")).to_contain_text("Works cannot be tried on this run")
    expect(page.locator("#studio-tool")).to_be_hidden()
