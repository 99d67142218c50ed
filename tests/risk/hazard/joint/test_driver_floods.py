"""Floods by all drivers on ground whose response is known: chances, parts, damage and what is not known."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from shapely import Point

from strandline.errors import InputError
from strandline.observations.region import Region
from strandline.risk.hazard.joint.driver_events import DriverEvents
from strandline.risk.hazard.joint.driver_floods import DriverFloods, Ground, map_driver_floods, with_sea_levels
from strandline.risk.hazard.joint.flood_chance import return_levels
from strandline.risk.hazard.joint.simulated_years import JointEvents
from strandline.risk.stage_damage.exposure import overlay_exposure

pytestmark = pytest.mark.slow

BOUNDS = (500000.0, 1000000.0, 500300.0, 1000200.0)
REGION = Region("ground", "EPSG:32648", BOUNDS, 100.0, "local", (500050.0, 1000050.0), "asia")
PERIODS = (2.0, 10.0, 50.0)
LEVELS = np.tile([2.0, 3.0, 4.0], (6, 1))
LAND = np.array([[True, True, True], [True, False, False]])
WATER = np.array([[False, False, False], [False, True, False]])


class KnownGround:
    """Cell 0 floods by the sea from 2.5 m, cell 1 by rain from 100 mm, cell 2 by neither, cell 3 by both together."""

    def depths(self, peaks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        sea, rain = peaks.T
        depth = np.zeros((len(peaks), 2, 3), dtype=np.float32)
        depth[:, 0, 0] = np.maximum(sea - 2.35, 0)
        depth[:, 0, 1] = np.maximum(rain / 100 - 0.85, 0)
        depth[:, 1, 0] = np.where((sea > 2.2) & (rain > 60), 1.0, 0.0)
        return depth


def fitted(seed: int = 0) -> tuple[JointEvents, DriverEvents]:
    rng = np.random.default_rng(seed)
    count, years = 600, 30
    hour = np.sort(rng.choice(years * 8766, size=count, replace=False))
    time = np.datetime64("1990-01-01", "h") + hour.astype("timedelta64[h]")
    peaks = np.stack([1 + rng.exponential(0.4, count), rng.exponential(25, count)], axis=1)
    events = DriverEvents(("sea", "rain"), time, peaks, np.zeros(count, dtype=bool), float(years))
    return JointEvents.of(events, 6, rng), events


def mapped(exposure: object = None) -> DriverFloods:
    model, events = fitted()
    ground = Ground(REGION, LAND, WATER, exposure, "asia")  # type: ignore[arg-type]
    record = (events.years, int(events.time.size))
    rng = np.random.default_rng(1)
    return map_driver_floods(KnownGround(), ground, events.drivers, model, record, (PERIODS, LEVELS), rng)


def test_each_cell_floods_by_what_floods_it() -> None:
    floods = mapped()
    sea, rain = floods.shares
    # the sea passes 2.5 m between its 2- and 10-year level
    assert 0.1 < floods.chance[0, 0] < 0.5
    assert sea[0, 0] == pytest.approx(floods.chance[0, 0], abs=1e-6)
    assert floods.by_sea[0, 0] == pytest.approx(floods.chance[0, 0], abs=1e-6)
    assert rain[0, 1] == pytest.approx(floods.chance[0, 1], abs=1e-6)
    # 20 events a year, exponential with 25 mm: 100 mm in 0.31 of the years, if the threshold were known
    assert 0.05 < floods.chance[0, 1] < 0.6
    assert floods.by_sea[0, 1] == 0
    assert floods.chance[0, 2] == 0
    assert floods.chance[1, 0] > 0
    np.testing.assert_allclose(floods.shares.sum(axis=0)[LAND], floods.chance[LAND], atol=1e-6)
    assert (floods.low[LAND] <= floods.chance[LAND] + 1e-6).all()
    assert (floods.chance[LAND] <= floods.high[LAND] + 1e-6).all()


def test_water_is_not_flooded_and_unknown_ground_is_unknown() -> None:
    floods = mapped()
    assert floods.chance[1, 1] == 0
    for field in (floods.chance, floods.low, floods.high, floods.by_sea, *floods.shares):
        assert np.isnan(field[1, 2])
    assert floods.area(floods.chance) == pytest.approx(float(np.nansum(floods.chance)) * 1e4)


def test_rain_adds_damage_where_the_sea_brings_none() -> None:
    at = [Point(REGION.x[1], REGION.y[0]), Point(REGION.x[2], REGION.y[1])]
    table = {"asset_id": ["a", "b"], "name": ["a", "b"], "asset_class": ["residential"] * 2, "value": [1e6, 1e6]}
    table["survey_year"] = [2020, 2020]
    floods = mapped(overlay_exposure(gpd.GeoDataFrame(table, geometry=at, crs=REGION.crs), REGION))
    assert floods.damage is not None
    assert floods.damage_by_sea is not None
    assert floods.damage.mean > 1e4
    assert floods.damage_by_sea.mean == 0
    assert mapped().damage is None


def test_the_same_seed_gives_the_same_floods() -> None:
    np.testing.assert_array_equal(mapped().chance, mapped().chance)


def test_the_sea_of_drawn_years_has_the_return_levels_of_the_run() -> None:
    model, _ = fitted()
    years = with_sea_levels(model.draw(4000, 0, np.random.default_rng(2)), PERIODS, LEVELS[0])
    found = return_levels(years, lambda peaks: peaks[:, :1], PERIODS)[:, 0]
    np.testing.assert_allclose(found, LEVELS[0], atol=1e-9)
    before = model.draw(4000, 0, np.random.default_rng(2))
    np.testing.assert_array_equal(years.peaks[:, 1:], before.peaks[:, 1:])
    order = np.argsort(before.peaks[:, 0], kind="stable")
    assert (np.diff(years.peaks[order, 0]) >= -1e-9).all(), "a higher sea stays the higher one"


def test_maps_of_another_shape_and_drivers_without_a_sea_are_refused() -> None:
    floods = mapped()
    with pytest.raises(InputError, match="sea first"):
        replace(floods, drivers=("rain", "river"))
    with pytest.raises(InputError, match="no map"):
        replace(floods, low=floods.low[:1])
    with pytest.raises(InputError, match="each driver"):
        replace(floods, shares=floods.shares[:1])
