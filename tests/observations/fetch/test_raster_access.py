"""Grids, tiles and the choice of scenes, without a network."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from strandline.errors import InputError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.completion import complete
from strandline.observations.fetch.raster_access.grid import UtmGrid
from strandline.observations.fetch.raster_access.high_sea import highest_and_lowest, readings_at, sea_level_of_region
from strandline.observations.fetch.raster_access.scenes import covering_scenes
from strandline.observations.fetch.source import FetchChoice, PlannedFile, cached
from strandline.observations.fetch.sources.rasters import people
from strandline.observations.fetch.sources.rasters.copernicus_terrain import (
    CopernicusTerrain,
    elevation_section,
    tile_bounds,
    tile_name,
)
from strandline.observations.fetch.sources.rasters.optical_scenes import newest_processing, offset_of
from strandline.observations.fetch.sources.rasters.sea_level_rise import SeaLevelRise
from strandline.observations.readers.published.sea_level_projections import read_projections
from strandline.observations.region_file.scenario_sections import ProjectionsSection
from strandline.observations.region_file.toml_file import read_toml
from tests.fixtures import raster_services as services
from tests.fixtures.raster_services import BOX, Sky
from tests.fixtures.region_files import CONSTANTS, write_region_folder

places = st.tuples(st.floats(-179.9, 179.5), st.floats(-79.0, 83.0))


@given(places, st.floats(0.01, 0.4), st.sampled_from([10.0, 20.0, 30.0, 100.0]))
def test_a_grid_holds_its_box_on_whole_cells(corner: tuple[float, float], size: float, cell: float) -> None:
    west, south = corner
    box = Box(west, south, min(west + size, 180.0), south + size)
    grid = UtmGrid.around(box, cell)
    to_zone = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    x, y = to_zone.transform([box.west, box.east, box.west, box.east], [box.south, box.south, box.north, box.north])
    left, bottom, right, top = grid.bounds
    assert left <= min(x) <= max(x) <= right
    assert bottom <= min(y) <= max(y) <= top
    assert all(math.isclose(edge % cell, 0.0, abs_tol=1e-6) for edge in grid.bounds)
    west, _, _, north = grid.bounds_lonlat
    assert west <= box.west + 1e-6
    assert north >= box.north - 1e-6


@given(st.integers(-90, 89), st.integers(-180, 179))
def test_the_name_of_a_tile_is_its_south_west_corner(south: int, west: int) -> None:
    assert tile_bounds(tile_name(south, west)) == (west, south, west + 1, south + 1)


@given(places)
def test_a_place_lies_in_the_tile_of_people_that_is_named_for_it(place: tuple[float, float]) -> None:
    longitude, latitude = place
    box = Box(longitude, latitude, longitude + 0.001, latitude + 0.001)
    west, south, east, north = people.tile_bounds(people.tiles_over(box.bounds)[0])
    assert west <= box.east
    assert box.west <= east
    assert south <= box.north
    assert box.south <= north


def test_the_tile_of_people_over_bengal_is_the_one_that_others_have_downloaded() -> None:
    assert people.tiles_over(BOX.bounds) == ["GHS_POP_E2025_GLOBE_R2023A_4326_3ss_V1_0_R7_C27"]


@given(st.lists(st.floats(-3, 3) | st.just(math.nan), max_size=30), st.integers(0, 8), st.integers(0, 4))
def test_no_scene_is_high_and_low_at_once(levels: list[float], scenes: int, references: int) -> None:
    level = np.array(levels)
    high, low = highest_and_lowest(level, scenes, references)
    assert not set(high) & set(low)
    assert not np.isnan(level[list(low)]).any()
    if low and high and not np.isnan(level[list(high)]).any():
        assert level[list(high)].min() >= level[list(low)].max()


def test_of_few_scenes_one_stays_for_the_dry_state() -> None:
    assert highest_and_lowest(np.array([1.0, 3.0, 2.0]), 8, 4) == ([1, 2], [0])
    assert highest_and_lowest(np.array([1.0]), 8, 4) == ([0], [])


def test_where_the_seas_level_is_unknown_the_newest_scenes_are_taken() -> None:
    assert highest_and_lowest(np.array([math.nan, math.nan, 0.5, math.nan]), 3, 2) == ([2, 3, 1], [])


def test_a_reading_counts_within_three_quarters_of_an_hour() -> None:
    time = np.array(["2021-01-01T00", "2021-01-01T01", "2021-01-01T09"], dtype="datetime64[ns]")
    at = readings_at(time, np.array([1.0, math.nan, 3.0]))
    asked = np.array(["2021-01-01T00:40", "2021-01-01T01:00", "2021-01-01T08:20"], dtype="datetime64[ns]")
    assert at(asked) == pytest.approx([1.0, math.nan, 3.0], nan_ok=True)


def test_the_sea_of_a_region_is_its_gauges_and_elsewhere_its_tide(tmp_path: Path) -> None:
    path = write_region_folder(tmp_path, days=20)
    text = path.read_text("utf-8").replace("fit = true", 'constants = "tides.csv"\nstation = "here"')
    (tmp_path / "tides.csv").write_text(CONSTANTS, "utf-8")
    path.write_text(text, "utf-8")
    at = sea_level_of_region(read_toml(path), tmp_path, 15.0, 45.2)
    assert at is not None
    surge, quiet = at(np.array(["2020-01-10T06", "2020-01-13T06"], dtype="datetime64[ns]"))
    assert surge > quiet + 0.5
    assert np.isfinite(at(np.array(["2024-01-01"], dtype="datetime64[ns]"))).all()
    (tmp_path / "levels.csv").unlink()
    (tmp_path / "tides.csv").unlink()
    assert sea_level_of_region(read_toml(path), tmp_path, 15.0, 45.2) is None


def test_a_record_that_ended_goes_on_as_its_own_tide(tmp_path: Path) -> None:
    path = write_region_folder(tmp_path, days=20)
    at = sea_level_of_region(read_toml(path), tmp_path, 15.0, 45.2)
    assert at is not None
    assert at(np.array(["2020-01-10T06"], dtype="datetime64[ns]"))[0] > 1.0  # as read, with its surge
    hours = np.arange("2020-02-01", "2020-02-03", dtype="datetime64[h]").astype("datetime64[ns]")
    assert 0.5 < float(np.ptp(at(hours))) < 3.0


def test_heights_above_the_regions_own_datum_need_no_offset(tmp_path: Path) -> None:
    path = tmp_path / "place.toml"
    path.write_text('[region]\nname = "x"\nvertical_datum = { name = "EGM2008", kind = "geoid model" }\n', "utf-8")
    planned = PlannedFile("copernicus-glo30", "terrain/dem.tif", "https://x.example", "elevation")
    (tmp_path / "dem.tif").write_bytes(b"x")
    section = elevation_section(planned, "a source", "a licence", 2.4)
    complete(path, [cached(CopernicusTerrain(), planned, tmp_path / "dem.tif", section)])
    assert 'vertical_datum = "region"' in path.read_text("utf-8").split("[terrain]")[1]


def item(name: str, time: datetime, bounds: tuple[float, float, float, float], **fields: Any) -> pystac.Item:
    ring = services.item(name, "c", "2021-01-01T00:00:00Z", {}, bounds)["geometry"]
    return pystac.Item(name, ring, list(bounds), time, fields)


def test_a_corner_of_a_swath_is_no_scene() -> None:
    noon = datetime(2021, 1, 5, 12, tzinfo=UTC)
    west, whole = (89.4, 22.3, 89.51, 22.6), (89.4, 22.3, 89.7, 22.6)
    corner, slices = item("corner", noon, west), [
        item("one", noon + timedelta(days=6), west), item("two", noon + timedelta(days=6, seconds=25), whole),
    ]  # fmt: skip
    (scene,) = covering_scenes([corner, *slices], BOX)
    assert [each.id for each in scene.items] == ["one", "two"]


@pytest.mark.parametrize(("baseline", "offset"), [("02.14", 0), ("03.01", 0), ("04.00", 1000), ("05.10", 1000)])
def test_the_offset_is_that_of_the_baseline_not_of_the_date(baseline: str, offset: int) -> None:
    late = item("late", datetime(2024, 1, 1, tzinfo=UTC), BOX.bounds, **{"s2:processing_baseline": baseline})
    assert offset_of(late) == offset


def test_of_two_processings_of_one_scene_the_newer_one_counts() -> None:
    time = datetime(2019, 1, 1, tzinfo=UTC)
    fields = {"s2:mgrs_tile": "45QYE", "platform": "Sentinel-2A"}
    old = item("old", time, BOX.bounds, **fields, **{"s2:processing_baseline": "02.11"})
    new = item("new", time, BOX.bounds, **fields, **{"s2:processing_baseline": "05.00"})
    assert [each.id for each in newest_processing([new, old])] == ["new"]


def test_the_made_up_catalogue_is_valid_stac() -> None:
    jsonschema = pytest.importorskip("jsonschema")  # of pystac's own validation
    sky = Sky(address="https://stac.example")

    def valid(content: dict[str, Any]) -> None:
        whole = json.loads(json.dumps(content).replace("{address}", sky.address))
        pystac.validation.validate_dict(whole)

    assert jsonschema
    valid(services.landing_page(sky))
    valid(services.collection(sky, "sentinel-1-rtc"))
    valid(services.item("S1", "sentinel-1-rtc", "2021-01-05T12:00:00Z", {"vv": "vv.tif"}, platform="a"))


def projections(path: Path, longitude: list[float]) -> None:
    years, quantiles = np.arange(2020, 2160, 10), np.array([0.05, 0.17, 0.5, 0.83, 0.95])
    rise = np.broadcast_to(
        (quantiles[:, None] * (years - 2005) * 10)[..., None], (quantiles.size, years.size, len(longitude))
    )
    fields = {
        "sea_level_change": (("quantiles", "years", "locations"), rise.astype(np.int16), {"units": "mm"}),
        "lat": ("locations", np.full(len(longitude), 22.0)),
        "lon": ("locations", np.array(longitude)),
    }
    coordinates = {"quantiles": quantiles, "years": years, "locations": np.arange(len(longitude)) + 1_000_000}
    path.parent.mkdir(parents=True)
    xr.Dataset(fields, coordinates).to_netcdf(path, engine="h5netcdf")


def test_places_near_the_box_are_kept_of_the_ipccs_file_and_the_reader_reads_them(tmp_path: Path) -> None:
    own = tmp_path / "own" / "total_ssp245_medium_confidence_values.nc"
    projections(own, [10.0, 89.0, 90.0])
    sky = Sky()
    source, client = SeaLevelRise(), sky.downloader()
    sky.clients[0].close()  # nothing is asked of anybody
    (planned,) = source.plan(BOX, FetchChoice(files={"ar6-sea-level": own.parent}), client)
    file = source.download(planned, tmp_path / planned.region_path, client)
    section = ProjectionsSection.model_validate(file.section.values, context={"data": tmp_path})
    (projection,) = read_projections(section, (89.5, 22.4))
    assert projection.name == "SSP2-4.5"
    with xr.open_dataset(tmp_path / planned.region_path, engine="h5netcdf") as kept:
        assert kept.sizes["locations"] == 2
    assert str(own.parent) not in str(file)
    (inland,) = source.plan(Box(40.0, 50.0, 40.1, 50.1), FetchChoice(files={"ar6-sea-level": own.parent}), client)
    with pytest.raises(InputError, match="no place within 200 km"):
        source.download(inland, tmp_path / "none.nc", client)
