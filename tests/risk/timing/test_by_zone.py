"""Times by zone: earliest and longest bounds, and unknown land that is never called dry."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from strandline.errors import InputError
from strandline.risk.people import Homes
from strandline.risk.stage_damage.zones import Zones
from strandline.risk.timing.by_zone import (
    EARLIER_HOURS,
    LONGER_HOURS,
    ZoneTimes,
    bounds_of_zones,
    times_by_zone,
)
from strandline.risk.timing.simulated_floods import AFTER_HOURS, BEFORE_HOURS, SimulatedFloods
from tests.fixtures.hazards import REGION

SHAPE = (8, 10)  # of REGION
NAMES = ("low", "high", "fog")
PERIODS = np.array([10.0, 100.0])
HOURS = np.arange(BEFORE_HOURS + AFTER_HOURS + 1.0) - BEFORE_HOURS


def zones() -> Zones:
    """Columns 0-3, 4-7 and 8-9."""
    of_cell = np.tile(np.searchsorted([4, 8], np.arange(10), side="right"), (8, 1))
    return Zones(NAMES, (box(0, 0, 1, 1),) * 3, of_cell, np.empty(0, dtype=np.int64), "made by hand")


def floods(first: np.ndarray | None = None, until: np.ndarray | None = None) -> SimulatedFloods:
    """Two storms; water from hour −2 in the low zone, none in the high one, and no ground known of the fog."""
    dangerous = np.full((2, *SHAPE), np.inf)
    dangerous[:, :, :4] = -2.0
    if first is not None:
        dangerous[:, :, :4] = first
    leaves = np.where(np.isfinite(dangerous), 20.0, -np.inf)
    if until is not None:
        leaves[:, :, :4] = until
    dangerous[..., 8:] = leaves[..., 8:] = np.nan
    sea = np.stack([2.0 - 0.1 * np.abs(HOURS), 3.0 - 0.1 * np.abs(HOURS)])
    return SimulatedFloods(sea, dangerous, dangerous - 1.0, leaves, np.zeros(SHAPE, dtype=bool))


def times(of: SimulatedFloods, homes: Homes | None = None) -> ZoneTimes:
    return times_by_zone(of, PERIODS, zones(), homes, REGION)


def test_five_percent_of_the_land_count_and_not_the_first_cell() -> None:
    first = np.arange(32.0).reshape(8, 4)  # 32 cells, one an hour: 5 % are two
    found = times(floods(first, until=first + 5.0))
    np.testing.assert_array_equal(found.dangerous_from[0], [1.0, 1.0])
    np.testing.assert_array_equal(found.wet_from[0], [0.0, 0.0])
    np.testing.assert_array_equal(found.wet_until[0], [35.0, 35.0])


def test_dry_land_is_not_reached_and_unknown_land_is_unknown() -> None:
    found = times(floods())
    assert np.isposinf(found.dangerous_from[1]).all()
    assert np.isneginf(found.wet_until[1]).all()
    assert np.isnan(found.dangerous_from[2]).all()
    low, high, fog = bounds_of_zones(found, NAMES)[:3]
    assert (low.wet_from, low.dangerous_from) == (-3.0 - EARLIER_HOURS, -2.0 - EARLIER_HOURS)
    assert low.hours_wet == 23.0 + LONGER_HOURS
    assert (high.is_known, high.wet_from, high.hours_wet, high.has_no_end) == (True, None, None, False)
    assert (fog.is_known, fog.wet_from, fog.dangerous_from, fog.hours_wet) == (False, None, None, None)


def test_dry_land_of_which_a_part_is_unknown_is_unknown_but_water_that_is_seen_counts() -> None:
    of = floods()
    patchy = replace(of, **{name: getattr(of, name).copy() for name in ("dangerous_from", "wet_from", "wet_until")})
    for each in (patchy.dangerous_from, patchy.wet_from, patchy.wet_until):
        each[:, 0, [0, 1, 4, 5]] = np.nan  # 2 of 32 cells of each zone
    found = times(patchy)
    assert np.isnan(found.dangerous_from[1]).all()
    assert np.isnan(found.wet_until[1]).all()
    np.testing.assert_array_equal(found.dangerous_from[0], [-2.0, -2.0])


def test_land_that_the_tide_wets_tells_nothing_of_the_storm() -> None:
    early = np.full((8, 4), -2.0)
    early[:, 0] = -17.0
    of = floods(early)
    ordinary = np.zeros(SHAPE, dtype=bool)
    ordinary[:, 0] = True
    assert times(of).dangerous_from[0, 0] == -17.0
    assert times(replace(of, ordinary=ordinary)).dangerous_from[0, 0] == -2.0
    everywhere = np.ones(SHAPE, dtype=bool)
    assert np.isnan(times(replace(of, ordinary=everywhere)).dangerous_from).all()


def test_homes_in_danger_before_the_land_count() -> None:
    of = floods()
    of.dangerous_from[:, 3, 5] = 4.0  # one cell of the high zone
    x, y = REGION.x[5], REGION.y[3]
    places = gpd.GeoDataFrame({"asset_class": ["residential"]}, geometry=[Point(x, y)], crs=REGION.crs)
    ten = np.array([10.0])
    homes = Homes(places, ten, ten, ten, np.zeros(1, dtype=bool), "map")
    assert np.isposinf(times(of).dangerous_from[1]).all()
    np.testing.assert_array_equal(times(of, homes).dangerous_from[1], [4.0, 4.0])


def test_a_zone_with_no_end_in_one_storm_has_none_and_its_hours_are_no_sum_beyond_the_simulation() -> None:
    first, _, _ = bounds_of_zones(times(floods(until=np.full((8, 4), np.inf))), NAMES)[:3]
    assert first.has_no_end
    assert first.hours_wet == AFTER_HOURS + 3.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-15.0, 30.0), min_size=2, max_size=2), st.floats(0.0, 10.0))
def test_bounds_are_the_earliest_and_longest_of_the_storms(moments: list[float], sooner: float) -> None:
    one_period = np.array([100.0, 100.0])
    for shift in (0.0, sooner):
        first = np.array(moments)[:, None, None] - shift * np.array([1.0, 0.0])[:, None, None]
        of = floods(np.broadcast_to(first, (2, 8, 4)), until=np.full((8, 4), 40.0))
        found = bounds_of_zones(times_by_zone(of, one_period, zones(), None, REGION), NAMES)[0]
        assert found.dangerous_from is not None
        assert found.hours_wet is not None
        assert found.dangerous_from <= max(first.min() - EARLIER_HOURS, -BEFORE_HOURS)
        assert found.hours_wet >= (40.0 - (first - 1.0)).max() - 1e-9 or found.has_no_end


def test_times_that_do_not_belong_together_are_refused() -> None:
    good = times(floods())
    with pytest.raises(InputError, match="give"):
        replace(good, return_periods=np.array([10.0]))
    with pytest.raises(InputError, match="gaps"):
        replace(good, sea=np.full_like(good.sea, np.nan))
