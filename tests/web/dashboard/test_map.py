"""The map in Chromium, plain and by MapLibre: layers, names, gestures, legend, and what stays without a part."""

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import rasterio
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, Route, expect
from shapely.geometry import shape

from strandline.report.figures.geotiff import encode_cog
from strandline.report.figures.maps import PROBABILITY_COLOURS
from strandline.report.figures.scene import LIGHT
from strandline.report.figures.style import SEA, as_rgb
from strandline.web.dashboard.i18n import labels
from strandline.web.run_folder import RunFolder
from tests.fixtures.served_dashboard import PHONE, STEPS, Site, mapped, served, wait_until
from tests.fixtures.web import make_watch, take_step

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
SMALL = {"width": 900, "height": 700}
"""A window in which pictures are soon drawn."""
WITH_CARD = """{
    const getContext = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, settings) {
        return getContext.call(this, kind, settings && { ...settings, failIfMajorPerformanceCaveat: false });
    };
    for (const pen of [WebGLRenderingContext, WebGL2RenderingContext]) {
        const getParameter = pen.prototype.getParameter;
        pen.prototype.getParameter = function (name) {
            return name === 0x9246 ? "A graphics card" : getParameter.call(this, name);
        };
    }
}"""
"""WebGL is drawn in software here; this says otherwise, so that MapLibre draws the map."""
BY_CARD = "Boolean(document.querySelector('#map-chart canvas')) && !document.querySelector('#map-chart .is-coming')"
BOTH = pytest.mark.parametrize("script", [None, WITH_CARD], ids=["plain", "MapLibre"])
FOCUSED = "#map-chart canvas, #map-chart .is-plain"
"""What the keyboard reaches of either map."""


def shown(page: Page, script: str | None) -> Page:
    """Return the page when the map is drawn, by MapLibre where the script says that there is a card."""
    mapped(page)
    if script is not None:
        wait_until(page, BY_CARD)
        wait_until(page, "document.getElementById('map-chart').dataset.state === 'drawn'")
    return page


def share_of(page: Page, colour: str) -> float:
    """Share of the map's pixels in a colour."""
    picture = np.asarray(Image.open(io.BytesIO(page.locator("#map-chart").screenshot())).convert("RGB")).astype(int)
    wanted = np.round(as_rgb(colour) * 255)
    return float((np.abs(picture - wanted).max(axis=-1) <= 2).mean())


def choose(page: Page, view: str) -> None:
    page.select_option("#view", view)
    wait_until(page, "document.getElementById('map-chart').dataset.state === 'drawn'")
    page.wait_for_timeout(100)


def centre(page: Page) -> tuple[float, float, float]:
    """Longitude, latitude and zoom."""
    longitude, latitude, zoom = page.evaluate("document.getElementById('map-chart').dataset.centre").split()
    return float(longitude), float(latitude), float(zoom)


def names_on(page: Page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.map-label.is-shown b')].map((each) => each.textContent)")


@BOTH
def test_the_map_shows_the_layer_that_is_chosen(site: Site, open_page: Callable[..., Page], script: str | None) -> None:
    page = shown(open_page(site.address, script, viewport=SMALL), script)
    assert page.evaluate("typeof maplibregl") == ("undefined" if script is None else "object")
    choose(page, "flood_probability")
    expect(page.locator("#slider-value")).to_have_text("once in 100 years")
    deep, pale = PROBABILITY_COLOURS[-1], PROBABILITY_COLOURS[0]
    rarest = share_of(page, deep)
    assert rarest > 0.05
    assert share_of(page, pale) > 0.01
    assert share_of(page, SEA) > 0.02
    assert share_of(page, "#ffffff") > 0.02, "between the hatches"
    page.locator("#slider").focus()
    page.keyboard.press("Home")
    expect(page.locator("#slider-value")).to_have_text("once in 2 years")
    choose(page, "flood_probability")
    assert share_of(page, deep) < 0.8 * rarest, "the sea of every second year floods less"
    for name in ("permanent_water", "unknown_hatched"):
        expect(page.locator("#map-legend")).to_contain_text(labels("en")[name])
    expect(page.locator("#map-legend")).to_contain_text("90% and more")


def test_zones_have_the_colour_of_their_chance_and_those_without_a_forecast_are_hatched(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = mapped(open_page(site.address, viewport=SMALL))
    expect(page.locator("#slider-value")).to_have_text("within 24 hours")
    said = (
        "[...document.querySelectorAll('.map-label')].map((each) => [...each.childNodes].map((one) => one.textContent))"
    )
    assert sorted(page.evaluate(said)) == [["harbour", "48%"], ["marsh", "unknown"], ["old town", "< 1%"]]
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#slider-value")).to_have_text("within 48 hours")
    assert ["harbour", "96%"] in page.evaluate(said)
    choose(page, "arrival")
    assert sorted(page.evaluate(said)) == [
        ["harbour", "4\N{NO-BREAK SPACE}h before"], ["marsh", "unknown"], ["old town", "1\N{NO-BREAK SPACE}h before"]
    ]  # fmt: skip
    expect(page.locator("#map-legend")).to_contain_text("in no simulated storm; not safe")
    choose(page, "standing")
    assert ["harbour", "no end seen"] in page.evaluate(said)
    choose(page, "people_in_danger")
    assert ["harbour", "12 to 340"] in page.evaluate(said)
    assert ["marsh", "unknown"] in page.evaluate(said)


@BOTH
def test_the_keyboard_moves_the_map_and_says_what_is_in_its_middle(
    site: Site, open_page: Callable[..., Page], script: str | None
) -> None:
    page = shown(open_page(site.address, script, viewport=SMALL), script)
    whole = centre(page)
    page.locator(FOCUSED).focus()
    expect(page.locator(".map-cross")).to_be_visible()
    expect(page.locator("#map-place")).to_contain_text("° N, 12.8")
    expect(page.locator("#map-place")).to_have_attribute("aria-live", "polite")
    page.keyboard.press("+")
    wait_until(page, f"Number(document.getElementById('map-chart').dataset.centre.split(' ')[2]) > {whole[2] + 0.9}")
    page.keyboard.press("ArrowRight")
    wait_until(page, f"Number(document.getElementById('map-chart').dataset.centre.split(' ')[0]) > {whole[0] + 0.001}")
    expect(page.locator("#map-place")).to_contain_text("marsh: unknown")
    page.keyboard.press("0")
    wait_until(page, f"document.getElementById('map-chart').dataset.centre.endsWith('{whole[2]:.2f}')")
    page.get_by_role("button", name="Zoom in").click()
    wait_until(page, f"Number(document.getElementById('map-chart').dataset.centre.split(' ')[2]) > {whole[2] + 0.9}")
    page.get_by_role("button", name="Whole area").click()
    wait_until(page, f"document.getElementById('map-chart').dataset.centre.endsWith('{whole[2]:.2f}')")
    expect(page.locator(".map-scale")).to_have_text("500\N{NO-BREAK SPACE}m")


def middle_of(page: Page) -> tuple[float, float]:
    box = page.locator("#map-chart").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_drag_moves_the_plain_map_and_nothing_is_drawn_until_it_rests(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = mapped(open_page(site.address, viewport=SMALL))
    page.locator("[data-zoom='0.5']").click()
    wait_until(page, "document.getElementById('map-chart').dataset.state === 'drawn'")
    before = centre(page)
    page.evaluate("""() => {
        window.changed = [];
        const options = { subtree: true, childList: true, attributes: true };
        new MutationObserver((seen) => {
            for (const each of seen) window.changed.push([each.target.className, each.attributeName ?? each.type]);
        }).observe(document.getElementById("map-chart"), options);
    }""")
    x, y = middle_of(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x - 8 * step, y)
    moved = page.evaluate("window.changed")
    assert {tuple(each) for each in moved} == {("map-plane", "style"), ("map-labels", "style")}, "transforms alone"
    page.mouse.up()
    wait_until(page, f"Number(document.getElementById('map-chart').dataset.centre.split(' ')[0]) > {before[0] + 1e-4}")
    assert centre(page)[2] == before[2]


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl(site: Site, open_page: Callable[..., Page]) -> None:
    page = mapped(open_page(site.address, viewport=SMALL))
    whole, scrolled = centre(page), page.evaluate("scrollY")
    page.mouse.move(*middle_of(page))
    page.mouse.wheel(0, -120)
    expect(page.locator(".map-hint")).to_have_text(labels("en")["gesture_desk"])
    wait_until(page, f"scrollY < {scrolled}")
    assert centre(page) == whole
    page.keyboard.down("Control")
    page.mouse.move(*middle_of(page))
    page.mouse.wheel(0, -300)
    wait_until(page, f"Number(document.getElementById('map-chart').dataset.centre.split(' ')[2]) > {whole[2] + 0.9}")


def test_two_fingers_move_and_zoom_the_map_and_one_scrolls_the_page(site: Site, open_page: Callable[..., Page]) -> None:
    page = mapped(open_page(site.address, viewport=PHONE, has_touch=True))
    whole, session = centre(page), page.context.new_cdp_session(page)
    x, y = middle_of(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": across, "y": down} for across, down in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", (x, y))
    touch("touchMove", (x, y - 40))
    page.wait_for_timeout(300)  # a finger that rests lets go of a page that stands
    touch("touchMove", (x, y - 41))
    touch("touchEnd")
    page.wait_for_timeout(400)
    assert centre(page) == whole
    expect(page.locator(".map-hint")).to_have_text(labels("en")["gesture_phone"])
    page.evaluate("document.getElementById('map-chart').scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(400)
    x, y = middle_of(page)
    touch("touchStart", (x - 30, y), (x + 30, y))
    for step in range(1, 6):
        touch("touchMove", (x - 30 - 6 * step, y), (x + 30 + 6 * step, y))
    touch("touchEnd")
    wait_until(page, f"Number(document.getElementById('map-chart').dataset.centre.split(' ')[2]) > {whole[2] + 0.8}")


def test_maplibre_comes_after_the_plain_map_and_stays_where_that_was(
    site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page("about:blank", WITH_CARD, viewport=SMALL)
    held = list[Route]()
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/maplibre-gl.js", lambda route: held.append(route))  # no builtin: Playwright looks into it
    page.goto(site.address)
    mapped(page)
    wait_until_held(page, held)
    library = next(number for number, url in enumerate(asked) if url.endswith("maplibre-gl.js"))
    assert any("/layers/" in url and ".png" in url for url in asked[:library]), "the picture is there before"
    page.locator(FOCUSED).focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    place = centre(page)
    held[0].continue_()
    wait_until(page, BY_CARD)
    assert centre(page) == pytest.approx(place, abs=0.011)
    assert page.evaluate("document.activeElement.localName") == "canvas"
    assert page.locator(".map-root").count() == 1


def wait_until_held(page: Page, held: list[Route]) -> None:
    for _ in range(600):
        if held:
            return
        page.wait_for_timeout(100)
    raise AssertionError("MapLibre is not asked for")


def test_without_maplibre_the_plain_map_stays(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page("about:blank", WITH_CARD, viewport=SMALL)
    page.route("**/maplibre-gl.js", lambda route: route.fulfill(status=503, body="busy"))
    page.goto(site.address)
    mapped(page)
    page.wait_for_timeout(500)
    assert {"old town", "marsh"} <= set(names_on(page))
    choose(page, "flood_probability")
    assert share_of(page, PROBABILITY_COLOURS[-1]) > 0.05


@pytest.fixture
def bengali_site(runs: dict[str, RunFolder], tmp_path: Path) -> Iterator[Site]:
    """A dashboard of a place with a name in Bengali."""
    folder = tmp_path / "bn"
    shutil.copytree(runs["before"].path, folder, ignore=shutil.ignore_patterns("watch*"))
    zones = json.loads((folder / "zones.geojson").read_text())
    zones["features"][1]["properties"]["zone"] = "পুরানো শহর"
    (folder / "zones.geojson").write_text(json.dumps(zones))
    run = RunFolder("bn", folder)
    with served({"bn": run}, make_watch(run, STEPS)) as opened:
        yield opened


def test_names_are_text_of_the_browser_and_never_overlap(bengali_site: Site, open_page: Callable[..., Page]) -> None:
    page = mapped(open_page(f"{bengali_site.address}?lang=bn", viewport=PHONE))
    assert "পুরানো শহর" in names_on(page)
    for _ in range(3):
        boxes = [each.bounding_box() for each in page.locator(".map-label.is-shown").all()]
        for one, other in combinations(boxes, 2):
            apart = (
                one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
                or one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            )  # fmt: skip
            assert apart
        page.locator("[data-zoom='2']").click()
        page.wait_for_timeout(200)
    assert len(names_on(page)) < 3, "there is no room for all"


@pytest.fixture
def named_site(runs: dict[str, RunFolder], tmp_path: Path) -> Iterator[Site]:
    """A dashboard of a place with a school and a road that have names."""
    folder = tmp_path / "named"
    shutil.copytree(runs["before"].path, folder, ignore=shutil.ignore_patterns("watch*"))
    assets = json.loads((folder / "assets.geojson").read_text())
    school, road, other = assets["features"][:3]
    school["properties"] |= {"name": "Sella College", "asset_class": "school"}
    other["properties"] |= {"name": "A house", "asset_class": "residential"}
    west, _, east, north = shape(school["geometry"]).buffer(0.004).bounds
    road["geometry"] = {"type": "LineString", "coordinates": [[west, north], [(west + east) / 2, north], [east, north]]}
    road["properties"] |= {"name": "Mole Road", "asset_class": "road"}
    (folder / "assets.geojson").write_text(json.dumps(assets))
    run = RunFolder("named", folder)
    with served({"named": run}, make_watch(run, STEPS)) as opened:
        yield opened


def test_schools_and_roads_bear_their_names_from_near_and_go_with_them(
    named_site: Site, open_page: Callable[..., Page]
) -> None:
    page = mapped(open_page(named_site.address))
    for _ in range(4):
        if {"Sella College", "Mole Road"} <= set(names_on(page)):
            break
        page.locator("[data-zoom='0.5']").click()
        page.wait_for_timeout(400)
    assert {"Sella College", "Mole Road"} <= set(names_on(page))
    assert "A house" not in names_on(page)
    page.locator("#show-roads").uncheck()
    assert "Mole Road" not in names_on(page)
    page.locator("#show-assets").uncheck()
    assert "Sella College" not in names_on(page)
    page.locator("[data-zoom='0']").click()
    page.wait_for_timeout(400)
    assert "old town" in names_on(page)


def test_assets_are_rings_that_can_be_left_out(site: Site, open_page: Callable[..., Page]) -> None:
    page = mapped(open_page(site.address, viewport=SMALL))
    choose(page, "flood_probability")
    worst = "#7f0000"
    assert share_of(page, worst) > 0
    assert share_of(page, worst) < 0.01, "rings hide little"
    page.get_by_label("Assets").uncheck()
    page.wait_for_timeout(500)
    assert share_of(page, worst) == 0
    page.get_by_label("Assets").check()
    for _ in range(3):
        page.locator("[data-zoom='2']").click()
        page.wait_for_timeout(100)
    expect(page.locator("#assets-note")).to_contain_text("of 26 shown")


def test_what_lies_under_the_pointer_is_stated(site: Site, open_page: Callable[..., Page]) -> None:
    page = mapped(open_page(site.address, viewport=SMALL))
    box = page.locator("#map-chart").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.45 * box["height"])
    expect(page.locator("#map-place")).to_contain_text("old town: < 1%")
    expect(page.locator("#map-place")).to_have_attribute("aria-live", "off")


@BOTH
def test_pictures_that_do_not_come_leave_hatches_and_are_reported(
    site: Site, open_page: Callable[..., Page], script: str | None
) -> None:
    page = shown(open_page(site.address, script, viewport=SMALL), script)
    page.route("**/layers/**/*.png?*", lambda route: route.fulfill(status=503, body="busy"))
    page.select_option("#view", "flood_probability")
    wait_until(page, "document.getElementById('map-chart').dataset.state === 'incomplete'")
    expect(page.locator(".map-state")).to_have_text(labels("en")["map_incomplete"])
    page.wait_for_timeout(500)
    assert share_of(page, "#f4f2ec") < 0.01, "nothing looks like dry land"
    assert share_of(page, "#ffffff") > 0.3


def test_the_plain_map_shows_the_layer_with_its_legend(site: Site, open_page: Callable[..., Page]) -> None:
    page = mapped(open_page(site.address, viewport=SMALL))
    assert {"old town", "marsh"} <= set(names_on(page))
    choose(page, "flood_probability")
    expect(page.locator("#map-chart img").first).to_have_attribute(
        "alt", "Chance of 0.15 m of water or more, given a sea level, by return period: once in 100 years"
    )
    rarest = share_of(page, PROBABILITY_COLOURS[-1])
    assert rarest > 0.05
    expect(page.locator("#map-legend")).to_contain_text("unknown – not dry")
    page.locator("#slider").focus()
    page.keyboard.press("Home")
    choose(page, "flood_probability")
    page.wait_for_timeout(500)
    assert share_of(page, PROBABILITY_COLOURS[-1]) < 0.8 * rarest
    assert violations(page) == []


@pytest.mark.parametrize(
    ("scheme", "language", "script"), [("light", "en", None), ("dark", "bn", None), ("dark", "en", WITH_CARD)]
)
def test_axe_finds_nothing_on_the_map(
    site: Site, open_page: Callable[..., Page], scheme: str, language: str, script: str | None
) -> None:
    page = shown(open_page(f"{site.address}?lang={language}", script, color_scheme=scheme, viewport=PHONE), script)
    page.locator(FOCUSED).focus()
    assert violations(page) == []
    across = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert across[0] <= across[1]


def violations(page: Page) -> list[str]:
    found = Axe().run(page, context="#map").response["violations"]
    return [
        f"{each['id']}: {node['html'][:150]} {node['failureSummary'][:200]}" for each in found for node in each["nodes"]
    ]


def test_the_map_credits_its_data(runs: dict[str, RunFolder], tmp_path: Path, open_page: Callable[..., Page]) -> None:
    folder = tmp_path / "credited"
    shutil.copytree(runs["before"].path, folder, ignore=shutil.ignore_patterns("watch*"))
    summary = json.loads((folder / "summary.json").read_text())
    summary["credits"] = ["© OpenStreetMap contributors, https://www.openstreetmap.org/copyright"]
    (folder / "summary.json").write_text(json.dumps(summary))
    run = RunFolder("credited", folder)
    with served({"credited": run}, make_watch(run, STEPS)) as opened:
        page = open_page(opened.address)
        expect(page.locator("#map")).to_contain_text("© OpenStreetMap contributors")
        expect(page.locator("#map a[href='https://www.openstreetmap.org/copyright']")).to_be_visible()


def test_the_hours_say_whether_they_are_known_or_forecast(site: Site, open_page: Callable[..., Page]) -> None:
    page = mapped(open_page(site.address, viewport=PHONE, timezone_id="Asia/Dhaka"))
    choose(page, "hours_zones")
    tag = page.locator(".map-when")
    expect(tag).to_have_text("as known at Mon, 21 Nov 2022, 09:00 GMT+6")
    expect(page.locator("#slider-value")).to_have_text(tag.text_content())
    expect(page.locator("#hour-note")).to_contain_text("newest step of the watch")
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    expect(tag).to_have_text("forecast for Mon, 21 Nov 2022, 10:00 GMT+6")
    expect(page.locator("#slider")).to_have_attribute("aria-valuetext", re.compile("^forecast for .*; Sea 0.40"))
    expect(page.locator("#hour-note")).to_contain_text("Forecast made at Mon, 21 Nov 2022, 09:00 GMT+6")
    expect(page.locator("#hour-note")).to_contain_text(
        "any time from Mon, 21 Nov 2022, 09:00 GMT+6 to Mon, 21 Nov 2022, 15"
    )
    page.get_by_role("button", name="6 h later").click()
    expect(tag).to_have_text("forecast for Mon, 21 Nov 2022, 16:00 GMT+6")
    expect(page.locator("#hour-note")).to_have_attribute("aria-live", "polite")
    said = "[...document.querySelectorAll('.map-label')].map((each) => each.textContent)"
    assert sorted(page.evaluate(said)) == ["harbour24%", "marshunknown", "old town< 1%"]
    choose(page, "hours_map")
    expect(tag).to_have_text("forecast for Mon, 21 Nov 2022, 16:00 GMT+6")
    expect(page.locator("#hour-note")).to_contain_text("once in 2 years")
    page.locator("#slider").focus()
    page.keyboard.press("Home")
    expect(tag).to_have_text("as known at Mon, 21 Nov 2022, 06:00 GMT+6")
    expect(page.locator("#hour-note")).to_contain_text("not the state now")
    assert violations(page) == []


@BOTH
def test_an_hour_without_data_is_hatched_and_never_dry(
    runs: dict[str, RunFolder], tmp_path: Path, open_page: Callable[..., Page], script: str | None
) -> None:
    folder = tmp_path / "gap"
    shutil.copytree(runs["before"].path, folder, ignore=shutil.ignore_patterns("watch*"))
    run = RunFolder("gap", folder)
    watched = make_watch(run, 2)
    take_step(watched.store, 3)
    with served({"gap": run}, watched) as opened:
        page = shown(open_page(opened.address, script, viewport=SMALL), script)
        for view in ("hours_zones", "hours_map"):
            choose(page, view)
            page.locator("#slider").focus()
            page.keyboard.press("Home")
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
            expect(page.locator(".map-when")).to_contain_text("unknown at Mon, 21 Nov 2022")
            expect(page.locator("#hour-note")).to_contain_text("unknown, not dry")
            page.wait_for_timeout(500)
            assert share_of(page, "#f4f2ec") < 0.01, "nothing looks like dry land"
            assert all(share_of(page, colour) < 0.01 for colour in (*PROBABILITY_COLOURS, SEA))
            assert share_of(page, "#ffffff") > 0.2, "between the hatches"


def test_roads_and_the_scene_are_off_by_a_box_and_their_absence_is_said(
    site: Site, runs: dict[str, RunFolder], tmp_path: Path, open_page: Callable[..., Page]
) -> None:
    page = mapped(open_page(site.address, viewport=SMALL))
    expect(page.get_by_label("Satellite scene below")).to_be_disabled()
    expect(page.locator("#scene-note")).to_have_text(labels("en")["no_scene"])
    folder = tmp_path / "scene"
    shutil.copytree(runs["before"].path, folder, ignore=shutil.ignore_patterns("watch*"))
    with rasterio.open(folder / "ground.tif") as ground:
        bright = np.ones((1, *ground.shape), dtype=np.float32)
        tags = {"SENSOR": "radar", "TIME": "2021-06-01T04:30:00Z", "SOURCE": "made up", "LICENCE": "none"}
        (folder / "scene.tif").write_bytes(encode_cog(bright, str(ground.crs), ground.transform, ["scene"], "1", tags))
    run = RunFolder("scene", folder)
    with served({"scene": run}, make_watch(run, STEPS)) as opened:
        page = mapped(open_page(opened.address, viewport=SMALL))
        choose(page, "flood_probability")
        expect(page.locator("#scene-note")).to_contain_text("1 Jun 2021, 04:30 UTC")
        expect(page.get_by_label("Satellite scene below")).not_to_be_checked()
        flooded = share_of(page, PROBABILITY_COLOURS[-1])
        assert share_of(page, LIGHT) == 0
        page.get_by_label("Satellite scene below").check()
        choose(page, "flood_probability")
        page.wait_for_timeout(500)
        assert share_of(page, LIGHT) > 0.02
        assert share_of(page, PROBABILITY_COLOURS[-1]) == pytest.approx(flooded, abs=0.01), "floods stay above it"
