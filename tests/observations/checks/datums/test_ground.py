"""The ground is judged by the limits that `docs/concepts/datums.md` states, on coasts drawn for each of them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from strandline.observations.checks.datums.ground import Ground, compare_with_sea, ground_of
from strandline.observations.checks.findings import Finding
from strandline.observations.region_file.data_sections import TerrainSection
from tests.fixtures.low_coast import record_of, region_file

ROWS, CELL = 40, 100.0
HIGH_WATER, LOW_WATER = 1.0, 1.0
RASTER, LEVEL = {"path": "water.tif"}, {"below": 0.0}


def ground(*columns: tuple[int, float | np.ndarray], sea: int = 10, rows: int = ROWS) -> Ground:
    """From the sea inland: so many columns of so much height [m above mean sea level]; the first ``sea`` are water."""
    elevation = np.concatenate([np.broadcast_to(height, (rows, count)) for count, height in columns], axis=1)
    water = np.broadcast_to(np.arange(elevation.shape[1]) < sea, elevation.shape)
    return Ground(elevation, water, ~water & ~np.isnan(elevation), HIGH_WATER, LOW_WATER)


def found(of: Ground, check: str, water: dict[str, object] = RASTER) -> Finding | None:
    section = TerrainSection.model_validate(
        {"path": "dem.tif", "vertical_datum": "region", "elevation_error": 1.0, "permanent_water": water},
        context={"data": Path()},
    )
    return next((each for each in compare_with_sea(of, CELL, section) if each.check == check), None)


def outcome(of: Ground, check: str, water: dict[str, object] = RASTER) -> str:
    finding = found(of, check, water)
    return "silent" if finding is None else "refused" if finding.refuses else "warned"


@pytest.mark.parametrize(
    ("height", "expected"),
    [
        (-0.01, "refused"), (0.01, "warned"), (0.99, "warned"), (1.01, "silent"), (2.49, "silent"), (2.51, "warned"),
        (2.89, "warned"), (2.91, "refused"),
    ],
)  # fmt: skip
def test_land_beside_the_sea_lies_between_high_water_and_half_a_metre_above_twice_that(
    height: float, expected: str
) -> None:
    coast = ground((10, -3.0), (1, height), (29, 1.2))
    assert outcome(coast, "land along the shoreline") == expected
    finding = found(coast, "land along the shoreline")
    assert finding is None or f"too {'high' if height > 2 else 'low'} against the gauge" in finding.what
    assert finding is None or f"median of {ROWS} cells" in finding.what


def test_only_cells_beside_the_sea_are_the_shore_diagonals_too() -> None:
    elevation = np.full((ROWS, ROWS), 1.2)
    water = np.tril(np.ones((ROWS, ROWS), dtype=bool), -1)
    elevation[water] = -3.0
    on_diagonal = np.eye(ROWS, dtype=bool) | np.eye(ROWS, k=1, dtype=bool)
    elevation[on_diagonal & ~water] = 3.0
    coast = Ground(elevation, water, ~water, HIGH_WATER, LOW_WATER)
    finding = found(coast, "land along the shoreline")
    assert finding is not None
    assert f"median of {2 * ROWS - 1} cells" in finding.what


def test_a_dike_line_with_a_low_gap_is_a_warning_since_the_tide_shows_its_zero() -> None:
    gap = np.where(np.arange(ROWS) < ROWS // 5, 0.9, 3.0)[:, None]
    assert outcome(ground((10, -3.0), (1, gap), (29, 1.2)), "land along the shoreline") == "warned"
    assert outcome(ground((10, -3.0), (1, np.maximum(gap, 1.1)), (29, 1.2)), "land along the shoreline") == "refused"


@pytest.mark.parametrize(
    ("height", "expected"), [(1.29, "silent"), (1.31, "warned"), (1.79, "warned"), (1.81, "refused")]
)
def test_the_lowest_land_near_the_sea_lies_near_high_water_or_below(height: float, expected: str) -> None:
    assert outcome(ground((10, -3.0), (1, 2.0), (40, height)), "lowest land") == expected
    assert outcome(ground((10, -3.0), (1, 2.0), (15, height), (60, 0.0)), "lowest land") == "silent"
    far = ground((10, -3.0), (1, 2.0), (19, height), (30, 0.0))
    assert outcome(far, "lowest land") == expected, "land beyond 2 km is drained by no creek"


@pytest.mark.parametrize(("low", "expected"), [(69, "silent"), (71, "warned"), (100, "warned")])
def test_a_polder_is_doubted_and_never_refused(low: int, expected: str) -> None:
    assert outcome(ground((10, -3.0), (100 - low, 1.2), (low, 0.5)), "land below high water") == expected


@pytest.mark.parametrize(("sea", "expected"), [(60, "silent"), (61, "warned"), (85, "warned"), (86, "refused")])
def test_a_level_that_calls_most_of_a_region_sea_is_doubted(sea: int, expected: str) -> None:
    coast = ground((sea, -3.0), (100 - sea, 1.2), sea=sea)
    assert outcome(coast, "share of water", LEVEL) == expected
    assert outcome(coast, "share of water", RASTER) == "silent", "a raster of water knows"


def test_where_a_level_tells_land_from_water_ground_that_falls_dry_is_ground() -> None:
    rng = np.random.default_rng(1)

    def judged(bed: np.ndarray, water: dict[str, object] = LEVEL) -> str:
        return outcome(ground((30, bed), (10, 1.2), sea=30), "land below high water", water)

    flats, channel = rng.uniform(-0.99, 0.0, (ROWS, 30)), rng.uniform(-4.0, -1.01, (ROWS, 30))
    assert judged(flats) == "warned"
    assert judged(flats, RASTER) == "silent"
    assert judged(channel) == "silent", "it is water at every tide"
    assert judged(np.full((ROWS, 30), -0.5)) == "silent", "a product that has no bed says nothing of it"
    for flattened, expected in ((0.15, "warned"), (0.3, "silent")):  # 75 % and 68 % of the ground that is left
        partly = flats.copy()
        partly.flat[: round(flattened * partly.size)] = -0.5
        assert judged(partly) == expected


def test_too_few_cells_are_not_judged() -> None:
    names = ("land along the shoreline", "lowest land")
    for rows, expected in ((30, "refused"), (29, "silent")):
        coast = ground((10, -3.0), (1, 5.0), (9, 5.0), rows=rows)
        assert [outcome(coast, name) for name in names] == [expected] * 2
    for unknown, expected in ((0, "refused"), (1, "silent")):  # 100 cells of land, and 99
        heights = np.full((50, 2), 5.0)
        heights[:unknown, 1] = np.nan
        coast = ground((10, -3.0), (2, heights), rows=50)
        assert [outcome(coast, name) for name in names] == [expected] * 2


def test_the_sea_is_the_water_that_joins_the_sea_point_or_all_of_it_where_that_is_no_water() -> None:
    region = region_file().region
    shape = region.shape
    water = np.zeros(shape)
    water[:, :10], water[10:20, 30:] = 1.0, 1.0  # the sea and a lake
    elevation = np.where(water == 1, -3.0, 2.0)
    elevation[0, -1] = np.nan
    terrain = xr.Dataset({"elevation": (("y", "x"), elevation), "permanent_water": (("y", "x"), water)})
    tide = 0.5 + np.sin(2 * np.pi * np.arange(30 * 24) / 12)
    gauge = record_of(tide, mean=0.5)
    of = ground_of(terrain, region, gauge)
    np.testing.assert_array_equal(of.elevation, elevation - 0.5)
    np.testing.assert_array_equal(of.sea, (water == 1) & (np.arange(shape[1]) < 10))
    np.testing.assert_array_equal(of.land, (water == 0) & ~np.isnan(elevation))
    assert (of.high_water, of.low_water) == pytest.approx((1.0, 1.0))
    x0, y0, x1, y1 = region.bounds
    beyond = [((x0 + x1) / 2, (y0 + y1) / 2), (x0 - 500.0, y0 + 50.0), (x0 + 50.0, y0 - 500.0)]
    for point in beyond:  # on land, and outside the region
        dry = ground_of(terrain, type(region)(**{**vars(region), "sea_point": point}), gauge)
        np.testing.assert_array_equal(dry.sea, water == 1)
