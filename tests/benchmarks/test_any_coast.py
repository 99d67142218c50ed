"""Services of a whole place: their catalogue is valid, and the first lines of a newcomer work against them."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pystac.validation
import pytest

from benchmarks.any_coast.coast import pass_hours
from benchmarks.any_coast.open_maps import as_osm
from benchmarks.any_coast.places import BEN_TRE, KHULNA, PLACES, STAND_IN, Place
from benchmarks.any_coast.protocols.stac_api import Sky, collection, landing_page
from benchmarks.any_coast.rasters import catalogue
from benchmarks.any_coast.services import serving_place, simulated, write_mirrors
from benchmarks.any_coast.tables import records_of
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.registry import ASKED_BY_NAME, SOURCES, Mirrors, read_mirrors, with_mirrors
from tests.cli.test_main import strandline

UNTIL = date(2026, 11, 1)
PAGES = {"khulna": "khulna-polders.md", "ben-tre": "ben-tre.md"}
TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorial"


def small(place: Place) -> Place:
    """A corner of a place, with its towns moved there, a short record and few scenes."""
    west, south = place.box.west, place.box.south
    towns = dict.fromkeys(place.towns, (south + 0.02, west + 0.02))
    return replace(place, box=Box(west, south, west + 0.05, south + 0.05), towns=towns, years=2, storms=2, quiet=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the places lie."""
    return tmp_path_factory.mktemp("places")


@pytest.fixture
def mirrors(socket_enabled: None, folder: Path) -> Iterator[dict[str, str]]:
    pytest.importorskip("odc.stac", reason="the extra 'fetch' is not installed")
    with serving_place(small(KHULNA), folder, UNTIL, None) as running:
        yield running


def test_every_source_that_is_asked_without_its_name_has_its_service(mirrors: dict[str, str]) -> None:
    moved = {source.name for source in with_mirrors(Mirrors(mirrors)) if source.address == mirrors.get(source.name)}
    assert {source.name for source in SOURCES if source.needs == "nothing"} - set(ASKED_BY_NAME) <= moved


def test_the_catalogue_of_a_place_is_valid_stac_and_every_item_says_what_it_is(folder: Path) -> None:
    _, coast = simulated(small(KHULNA), folder, UNTIL, None)
    items = catalogue(coast)
    sky = Sky(address="https://stac.example", collections=items)
    contents = [
        landing_page(sky),
        *(collection(sky, name) for name in items),
        *(i for each in items.values() for i in each),
    ]
    for content in contents:
        whole = json.loads(json.dumps(content).replace("{address}", sky.address))
        pystac.validation.validate_dict(whole)
    assert all(STAND_IN in item["properties"]["providers"][0]["name"] for each in items.values() for item in each)


def test_the_first_line_and_the_second_of_a_tutorial_end_in_a_file_that_can_be_checked(
    mirrors: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mirrors(mirrors, tmp_path / "mirrors.toml")
    read = read_mirrors(tmp_path / "mirrors.toml")
    assert read.addresses == mirrors
    assert {"copernicus-glo30", "uhslc", "sentinel-1-rtc"} <= read.simulated
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRANDLINE_MIRRORS", "mirrors.toml")
    box = small(KHULNA).box
    for line in typed(PAGES["khulna"], "new", "fetch"):
        words = shlex.split(re.sub(r"--bbox( [\d.-]+){4}", f"--bbox {box}", line))[1:]
        code, out = strandline(monkeypatch, capsys, *words)
        assert code == 0, out
    stated = tomllib.loads((tmp_path / "koyra.toml").read_text("utf-8"))
    assert {"terrain", "tide_gauge", "sar", "optical", "weather", "storms", "assets", "place_names"} <= stated.keys()
    assert stated["region"]["sea_point"]


@pytest.mark.parametrize("name", PAGES)
def test_a_tutorial_names_the_box_that_its_services_cover_and_three_lines(name: str) -> None:
    first, second, third = typed(PAGES[name], "new", "fetch", "run")
    box = Box(*map(float, re.search(r"--bbox ([\d. -]+?) --", first)[1].split()))
    assert box.bounds == PLACES[name].box.bounds
    assert 800 < box.area < 1000  # 30 x 30 km
    assert shlex.split(second)[2] == shlex.split(third)[2] == shlex.split(first)[-1]


def typed(page: str, *commands: str) -> list[str]:
    """The first line of each command on a page."""
    lines = re.findall(r"^strandline .*$", (TUTORIALS / page).read_text("utf-8"), re.MULTILINE)
    return [next(line for line in lines if line.split()[1] == name).partition("  #")[0].strip() for name in commands]


def test_a_gauge_may_be_short_or_step_by_a_metre(folder: Path) -> None:
    place = small(KHULNA)
    sea, _ = simulated(place, folder, UNTIL, None)
    whole, short, stepped = (records_of(place, sea, *state)[134] for state in ((None, 0.0), (1, 0.0), (None, 1.0)))
    assert whole.index[-1] == short.index[-1]
    assert short.size == pytest.approx(8766, rel=0.05)
    moved = stepped - whole
    assert set(np.round(moved.unique(), 6)) == {0.0, 1.0}


@pytest.mark.parametrize("place", [KHULNA, BEN_TRE], ids=lambda place: place.name)
def test_radar_passes_at_dawn_and_at_dusk_of_the_sun(place: Place) -> None:
    time = np.arange("2020-01-01", "2022-01-01", dtype="datetime64[h]").astype("datetime64[ns]")
    longitude = place.box.centre[0]
    hour = pass_hours(time, date(2020, 6, 1), longitude) % 24 + longitude / 15
    assert np.abs((hour - 6.0 + 6.0) % 12 - 6.0).max() <= 0.5


def test_both_places_lie_near_the_gauges_that_stand_for_them() -> None:
    for place in (KHULNA, BEN_TRE):
        assert all(place.box.distance(gauge.longitude, gauge.latitude) < 100 for gauge in place.gauges)


def test_what_overpass_gives_is_what_lies_there(folder: Path) -> None:
    _, coast = simulated(small(KHULNA), folder, UNTIL, None)
    text = as_osm(coast.lifelines)
    assert text.rstrip().endswith("</osm>")
    assert STAND_IN in text
    numbers = re.findall(r'<(?:way|node) id="(\d+)"', text)
    assert len(numbers) == len(set(numbers))
