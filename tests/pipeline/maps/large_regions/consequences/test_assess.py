"""Damage, flooded land and people of a large region: the numbers of the whole, whatever its tiles and blocks."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import xarray as xr
from shapely import LineString, Point, box

from strandline.errors import InputError
from strandline.observations.exposure.assets import no_survey
from strandline.observations.exposure.settlement import settle
from strandline.observations.readers.exposure.people import read_people
from strandline.observations.region import Region
from strandline.observations.region_file.surveys.exposure_sections import PeopleSection
from strandline.pipeline.maps.large_regions import mosaic
from strandline.pipeline.maps.large_regions.consequences import assess as assess_module
from strandline.pipeline.maps.large_regions.consequences import asset_damage, exposed
from strandline.pipeline.maps.large_regions.consequences.assess import DAMAGE_STREAM, Consequences, assess
from strandline.pipeline.maps.large_regions.consequences.depths_at_assets import SeaLevels
from strandline.pipeline.maps.large_regions.consequences.exposed import Exposed, store_people
from strandline.pipeline.maps.large_regions.mosaic import blend_depths
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.maps.tiles import Tiling
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import assess_impact
from strandline.risk.stage_damage.by_zone import RAISED_FOR_PEOPLE, StageDamageByZone
from strandline.risk.stage_damage.zones import cut_into_zones

pytestmark = pytest.mark.slow

SHAPE = (50, 60)
REGION = Region("a coast", "EPSG:32633", (500000.0, 5000000.0, 506000.0, 5005000.0), 100.0, "a datum",
                (500050.0, 5002500.0), "europe")  # fmt: skip
SAMPLES, PERIODS, DRY, SEED = 4, (10.0, 100.0), 0.3, 3
LEVELS = np.sort(np.random.default_rng(1).uniform(1.0, 2.0, (SAMPLES, 2)), axis=1)
SEAS = SeaLevels(PERIODS, LEVELS, LEVELS[:, -1:] + RAISED_FOR_PEOPLE)
ONE_TILE, MANY_TILES = Tiling(SHAPE, 64, 16), Tiling(SHAPE, 24, 8)
WATER = np.zeros(SHAPE, dtype=bool)
WATER[:, :5] = True


def a_flood(seed: int = 2) -> np.ndarray:
    """(S, L, H, W) depth [m]: deeper near the sea and at a higher sea, rough; unknown ground in a corner."""
    rough = np.random.default_rng(seed).normal(0, 0.4, SHAPE).astype(np.float32)
    ground = (0.04 * np.arange(SHAPE[1]) + rough).astype(np.float32)
    depth = np.maximum(SEAS.all[:, :, None, None].astype(np.float32) - ground, 0)
    depth[..., WATER] = 0.0
    depth[..., 44:, 52:] = np.nan
    return depth


def assets(*, people: bool = True) -> gpd.GeoDataFrame:
    """Houses, fields and a road that crosses all tiles; one stands on unknown ground, one has no value."""
    rng = np.random.default_rng(5)
    x, y = rng.uniform(500600, 505900, 120), rng.uniform(5000100, 5004900, 120)
    shapes = [Point(*at) for at in zip(x[:80], y[:80], strict=True)]
    shapes += [box(a - 90, b - 90, a + 260, b + 150) for a, b in zip(x[80:], y[80:], strict=True)]
    shapes += [LineString([(500700, 5000200), (505800, 5003900)]), Point(505500, 5000300)]
    names = ["residential"] * 80 + ["agriculture"] * 40 + ["road", "residential"]
    value = np.array([*rng.uniform(1e4, 1e6, 120), 2e6, 3e5])
    value[3] = np.nan
    frame = gpd.GeoDataFrame(
        {"asset_id": [f"a{number}" for number in range(122)], "asset_class": names, "value": value, "survey_year": 2020,
         "district": np.where(np.arange(122) % 2, "north", "south")}, geometry=shapes, crs=REGION.crs,
    )  # fmt: skip
    if people:
        frame["people"] = np.where(frame["asset_class"] == "residential", np.arange(122) % 7, 0).astype(float)
        frame.loc[[5, 9], "people"] = np.nan
    return frame


STRIPS = gpd.GeoDataFrame(
    {"name": ["coast", "hinterland"]},
    geometry=[box(500000, 5000000, 502330, 5005000), box(502330, 5000000, 505000, 5005000)], crs=REGION.crs,
)  # fmt: skip


def store_of(folder: Path, tiling: Tiling, depth: np.ndarray, *, rough: bool = False) -> MapStore:
    """A store whose tiles say the same where they overlap, or (rough) differ by noise of their own."""
    store, rng = MapStore(str(folder)), np.random.default_rng(9)
    flat = depth.reshape(-1, *SHAPE)
    store.begin("a test", tiling, 1, len(flat), resume=False)
    store.array("water")[:] = WATER
    for tile in tiling.tiles():
        own = flat[:, *tile.window] + (rng.uniform(0, 0.3, tiling.size).astype(np.float32) if rough else 0)
        store.put(tile, np.zeros((1, *tiling.size), np.float32), own)
    return store


def assessed(store: MapStore, tiling: Tiling, what: Exposed, scratch: Path) -> Consequences:
    return assess(store, REGION, tiling.tiles(), what, SEAS, DRY, SEED, scratch, lambda _: None)


@dataclass(frozen=True)
class Whole:
    """The same by the functions of a run, over the region at once."""

    today: Hazard
    higher: Hazard

    @classmethod
    def of(cls, depth: np.ndarray, draws: int) -> "Whole":
        empty = np.zeros((2, *SHAPE), np.float32)
        drawn = np.repeat(LEVELS, draws, axis=0)
        today = Hazard(REGION, PERIODS, LEVELS, depth[:, :2], empty, empty, empty, {}, None, drawn)
        higher = replace(
            today, return_periods=(1000.0,), levels=SEAS.higher, flood_depth=depth[:, 2:], drawn_levels=None,
            flood_probability=empty[:1], flood_extent=empty[:1], epistemic_sd=empty[:1],
        )  # fmt: skip
        return cls(today, higher)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and groups of assets that cut everything."""
    monkeypatch.setattr(mosaic, "BLOCK", 17)
    for module in (asset_damage, assess_module):
        monkeypatch.setattr(module, "ASSETS_AT_ONCE", 13)


@pytest.mark.parametrize("tiling", [ONE_TILE, MANY_TILES])
@pytest.mark.parametrize("rough", [False, True])
def test_damage_is_that_of_a_run_over_the_whole_mosaic_at_once(tmp_path: Path, tiling: Tiling, rough: bool) -> None:
    surveyed = assets()
    store = store_of(tmp_path / "map", tiling, a_flood(), rough=rough)
    what = Exposed(surveyed, STRIPS, None, "EUR 2010", {}, ())
    found = assessed(store, tiling, what, tmp_path)

    mosaic_depth = blend_depths(store, tiling.tiles(), (slice(0, SHAPE[0]), slice(0, SHAPE[1])), SAMPLES)
    whole = Whole.of(mosaic_depth, 100)
    rng = np.random.default_rng([SEED, DAMAGE_STREAM])
    expected = assess_impact(whole.today, surveyed, "europe", rng)
    for name in ("mean", "standard_error", "p10", "p50", "p90"):
        column = f"expected_annual_damage_{name}"
        np.testing.assert_allclose(found.assets[column], expected.assets[column], rtol=1e-6, err_msg=column)
    np.testing.assert_allclose(found.assets["depth_p50_100y"], expected.assets["depth_p50"], rtol=1e-6)
    total = found.summary.expected_annual_damage
    assert total.mean == pytest.approx(expected.expected_annual_damage.mean)
    assert total.standard_error == pytest.approx(expected.expected_annual_damage.standard_error)
    assert total.mean > 0
    assert found.summary.damage[1].mean > found.summary.damage[0].mean > 0
    assert found.summary.unknown_assets == expected.unknown_assets >= 2
    assert found.summary.unknown_value == pytest.approx(expected.unknown_value)
    assert found.summary.left_out_at_most == pytest.approx(expected.frequent.at_most)


@pytest.mark.parametrize("tiling", [ONE_TILE, MANY_TILES])
def test_zones_are_those_of_a_run_over_the_whole_mosaic_at_once(tmp_path: Path, tiling: Tiling) -> None:
    surveyed = assets()
    store = store_of(tmp_path / "map", tiling, a_flood(), rough=True)
    found = assessed(store, tiling, Exposed(surveyed, STRIPS, None, "EUR 2010", {}, ()), tmp_path)

    depth = blend_depths(store, tiling.tiles(), (slice(0, SHAPE[0]), slice(0, SHAPE[1])), SAMPLES)
    whole = Whole.of(depth, 1)
    floodable = (depth > 0).any(axis=(0, 1))
    zones = cut_into_zones(REGION, surveyed, WATER, floodable, STRIPS)
    assert found.zones.names == zones.names == ("coast", "hinterland", "elsewhere")
    np.testing.assert_array_equal(found.zones.of_asset, zones.of_asset)
    hazards = [whole.today, whole.higher]
    expected = StageDamageByZone.of(zones, hazards, surveyed, DRY, np.random.default_rng(0))
    table, known = found.table, ~np.isnan(depth).any(axis=(0, 1))
    for column, period in enumerate(PERIODS):
        level = LEVELS[:, column]
        people = expected.by_level.people_in_danger(level)
        for bound in ("low", "high"):
            np.testing.assert_array_equal(
                table[f"people_in_danger_{bound}_{period:g}y"], [getattr(each, bound) for each in people]
            )
        for number in range(3):  # counted by hand, from the mosaic
            cells = (zones.of_cell == number) & known
            flooded = (depth[:, column] >= 0.15)[:, cells].sum(axis=1) * 100.0**2
            assert table[f"flooded_area_mean_{period:g}y"][number] == pytest.approx(flooded.mean())
            assert table[f"flooded_area_p90_{period:g}y"][number] == pytest.approx(np.quantile(flooded, 0.9))
            assert table["known_land"][number] == cells.sum() * 100.0**2
    assert (table["people_in_danger_high_100y"] > 0).any()
    np.testing.assert_allclose(table["unknown_share"], expected.unknown_share)
    np.testing.assert_array_equal(table["uncounted_homes"], expected.uncounted_homes)
    np.testing.assert_array_equal(table["unknown_assets"], expected.unknown_assets)
    for quantity in ("damage_mean_10y", "damage_mean_100y", "expected_annual_damage_mean"):
        by_zone = found.assets.groupby(zones.of_asset)[quantity].sum()
        np.testing.assert_allclose(table[quantity], by_zone, rtol=1e-9)
    assert table["expected_annual_damage_mean"].sum() == pytest.approx(found.summary.expected_annual_damage.mean)


def test_one_tile_and_many_give_the_same_sums(tmp_path: Path) -> None:
    what = Exposed(assets(), None, None, "EUR 2010", {}, ())
    one, many = (
        assessed(store_of(tmp_path / name, tiling, a_flood()), tiling, what, tmp_path)
        for name, tiling in (("one", ONE_TILE), ("many", MANY_TILES))
    )
    assert one.zones.names == many.zones.names  # districts of the survey
    for column in one.table:
        np.testing.assert_allclose(one.table[column], many.table[column], rtol=1e-5, err_msg=str(column))
    for column in one.assets.columns.drop(["geometry", "asset_id", "asset_class", "district"]):
        np.testing.assert_allclose(one.assets[column], many.assets[column], rtol=1e-4, atol=1, err_msg=str(column))


def write_people(path: Path, numbers: np.ndarray, cell: float) -> PeopleSection:
    height, width = numbers.shape
    left, _, _, top = REGION.bounds
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=height, width=width, dtype="float64", crs=REGION.crs,
        transform=rasterio.transform.from_origin(left, top, cell, cell), nodata=-1.0,
    ) as file:  # fmt: skip
        file.write(np.where(np.isnan(numbers), -1.0, numbers), 1)
    return PeopleSection(path=path, year=2020, source="invented", simulated=True)


def test_people_of_a_map_count_once_each_and_as_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposed, "GROUND_CHUNK", 13)  # no multiple of the squares of people, which are 5 cells wide
    rng = np.random.default_rng(4)
    section = write_people(tmp_path / "people.tif", rng.integers(0, 9, (25, 30)).astype(float), 200.0)
    surveyed = assets(people=False)
    store = store_of(tmp_path / "map", MANY_TILES, a_flood(), rough=True)
    found = assessed(store, MANY_TILES, Exposed(surveyed, STRIPS, section, "EUR 2010", {}, ()), tmp_path)

    mapped = read_people(section, REGION)["people"]
    placed = settle(mapped.values, surveyed, WATER, REGION, 200.0)
    np.testing.assert_allclose(np.asarray(store.array("people")[:]), placed, rtol=1e-9)
    assert np.nansum(placed) == pytest.approx(np.nansum(mapped.values))
    people = xr.DataArray(placed, {"y": REGION.y, "x": REGION.x}, ("y", "x"))
    depth = blend_depths(store, MANY_TILES.tiles(), (slice(0, SHAPE[0]), slice(0, SHAPE[1])), SAMPLES)
    whole = Whole.of(depth, 1)
    zones = found.zones
    rng = np.random.default_rng(0)
    expected = StageDamageByZone.of(zones, [whole.today, whole.higher], surveyed, DRY, rng, people)
    bounds = expected.by_level.people_in_danger(LEVELS[:, 1])
    for bound in ("low", "high"):
        np.testing.assert_array_equal(
            found.table[f"people_in_danger_{bound}_100y"], [getattr(each, bound) for each in bounds]
        )
    assert found.summary.people_counted_by == "map"
    assert (found.table["people_in_danger_low_100y"] > 0).any()


def test_a_map_of_people_that_covers_nothing_is_refused(tmp_path: Path) -> None:
    section = write_people(tmp_path / "people.tif", np.full((25, 30), np.nan), 200.0)
    store = store_of(tmp_path / "map", MANY_TILES, a_flood())
    with pytest.raises(InputError):
        store_people(section, no_survey(REGION.crs), REGION, store)


def test_where_nobody_surveyed_zones_state_no_damage_and_no_people(tmp_path: Path) -> None:
    store = store_of(tmp_path / "map", MANY_TILES, a_flood())
    found = assessed(store, MANY_TILES, Exposed(no_survey(REGION.crs), STRIPS, None, "EUR 2010", {}, ()), tmp_path)
    assert found.table.filter(regex="damage|people_in").isna().all().all()
    assert (found.table["flooded_area_mean_100y"] > 0).all()
    assert np.isnan(found.summary.expected_annual_damage.mean)
    assert found.write(tmp_path) == ["zones.geojson"]


def test_files_hold_every_asset_and_zone_and_null_where_nobody_knows(tmp_path: Path) -> None:
    surveyed = assets()
    store = store_of(tmp_path / "map", MANY_TILES, a_flood())
    found = assessed(store, MANY_TILES, Exposed(surveyed, STRIPS, None, "EUR 2010", {}, ()), tmp_path)
    assert found.write(tmp_path) == ["assets.geojson", "zones.geojson"]
    written = json.loads((tmp_path / "assets.geojson").read_text(encoding="utf-8"))
    properties = [feature["properties"] for feature in written["features"]]
    assert [each["asset_id"] for each in properties] == list(surveyed["asset_id"])
    assert properties[3]["damage_mean_100y"] is None
    assert properties[121]["expected_annual_damage_mean"] is None  # on unknown ground
    np.testing.assert_allclose(properties[120]["damage_mean_100y"], found.assets["damage_mean_100y"][120])
    zones = json.loads((tmp_path / "zones.geojson").read_text(encoding="utf-8"))
    assert [each["properties"]["zone"] for each in zones["features"]] == list(found.zones.names)
    assert gpd.read_file(tmp_path / "assets.geojson").crs == "EPSG:4326"
