"""Names of towns and villages on the map in Chromium: in the reader's language, the largest first, with letters."""

import shutil
from collections.abc import Callable, Iterator

import geopandas as gpd
import pytest
from playwright.sync_api import Page
from shapely import Point

from strandline.report.catalogues.place_names import PLACE_NAMES_FILE, place_names_geojson
from strandline.web.dashboard.static_files import FONTS
from strandline.web.run_folder import RunFolder
from tests.fixtures.served_dashboard import PHONE, STEPS, Site, mapped, served
from tests.fixtures.web import make_watch
from tests.web.dashboard.test_map import names_on

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
TOWN = Point(12.8400, 45.6120)
PLACES = gpd.GeoDataFrame(
    {
        "name": ["সেলা", "Mỹ Lồng", "Too near", "Ấp Một", "Far away", "Amid a zone"],
        "kind": ["town", "village", "village", "hamlet", "city", "city"],
        "population": [4100.0, None, None, None, None, None],
        "name_en": ["Sella", None, None, None, None, None],
        "name_bn": [None, "মাই লং", None, None, None, None],
    },
    geometry=[TOWN, Point(12.8650, 45.6120), TOWN, Point(12.8510, 45.6035), Point(14.0, 45.6), Point(12.83, 45.60)],
    crs="EPSG:4326",
)


@pytest.fixture(scope="module")
def named_site(runs: dict[str, RunFolder], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard of a coast with names of places."""
    folder = tmp_path_factory.mktemp("named") / "run"
    shutil.copytree(runs["before"].path, folder, ignore=shutil.ignore_patterns("watch*"))
    (folder / PLACE_NAMES_FILE).write_text(place_names_geojson(PLACES, ()), encoding="utf-8")
    run = RunFolder("named", folder)
    with served({"named": run}, make_watch(run, STEPS)) as opened:
        yield opened


def places_on(page: Page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('.place-name.is-shown b')].map((each) => each.textContent)")


def test_towns_are_named_from_afar_and_hamlets_from_near_beneath_the_zones(
    site: Site, named_site: Site, open_page: Callable[..., Page]
) -> None:
    without = names_on(mapped(open_page(site.address, viewport=PHONE)))
    page = mapped(open_page(named_site.address, viewport=PHONE))
    assert {"Sella", "Mỹ Lồng"} <= set(places_on(page))
    assert "Too near" not in places_on(page), "the town has its place before a village"
    assert names_on(page)[: len(without)] == without, "no zone loses its name to a place"
    assert page.locator(".place-name").count() == 4, "no label is made of what is not in view"
    page.locator("[data-zoom='0.5']").click()
    page.wait_for_timeout(400)
    assert "Ấp Một" in places_on(page)


def test_names_are_in_the_readers_language_with_letters_that_the_server_brings(
    named_site: Site, open_page: Callable[..., Page]
) -> None:
    page = mapped(open_page(f"{named_site.address}?lang=bn", viewport=PHONE))
    assert [name for name in places_on(page) if name != "Amid a zone"] == ["সেলা", "মাই লং"], (
        "the local name where nobody wrote a Bengali one"
    )
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate(
        "[...document.fonts].filter((face) => face.family.includes('Bengali')).map((face) => face.status)"
    )
    assert loaded == ["loaded"] * len(FONTS)
    page = mapped(open_page(f"{named_site.address}?lang=vi", viewport=PHONE))
    assert [name for name in places_on(page) if name != "Amid a zone"] == ["সেলা", "Mỹ Lồng"]


def test_a_run_without_names_of_places_has_a_map_all_the_same(site: Site, open_page: Callable[..., Page]) -> None:
    page = mapped(open_page(site.address, viewport=PHONE))
    assert places_on(page) == []
    assert "old town" in names_on(page)
