"""Values of mapped buildings are drawn between their bounds, everywhere alike, and surveyed ones stay exact."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from strandline.errors import InputError
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.damage_chain import draw_curve_deviates
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import Zones
from tests.fixtures.hazards import REGION, make_hazard

COUNT, REGION_BOX = 6, box(0, 0, 1, 1)


def assets(low: float = 0.25, high: float = 4.0) -> gpd.GeoDataFrame:
    """The first half surveyed, the second half known from a map, in the same places."""
    return gpd.GeoDataFrame(
        {"asset_id": [f"a{n}" for n in range(COUNT)], "asset_class": "residential", "value": 100.0, "survey_year": 2025,
         "value_low": [np.nan] * 3 + [100 * low] * 3, "value_high": [np.nan] * 3 + [100 * high] * 3},
        geometry=[Point(50 + 200 * (n % 3), 450) for n in range(COUNT)], crs=REGION.crs,
    )  # fmt: skip


def draws(frame: gpd.GeoDataFrame) -> DamageDraws:
    hazard = make_hazard(samples=12)
    deviates = draw_curve_deviates(len(hazard.level_draws), np.random.default_rng(0))
    return DamageDraws([hazard], overlay_exposure(frame, REGION), "asia", deviates)


def test_draws_reach_both_bounds_and_their_middle_is_the_likely_value() -> None:
    values = overlay_exposure(assets(), REGION).values(400)
    assert (values[:, :3] == 100.0).all()
    mapped = values[:, 3:]
    assert np.ptp(mapped, axis=1).max() == 0, "what is not known of them is the same for all"
    assert 25.0 <= mapped.min() < 26.0
    assert 390.0 < mapped.max() <= 400.0
    assert np.median(mapped) == pytest.approx(100.0, rel=0.02)
    for part in np.array_split(mapped[:, 0], 40):  # those that read one flood map
        assert part.min() < 50.0
        assert part.max() > 200.0


def test_damage_by_asset_and_by_class_draw_the_same_values() -> None:
    whole = draws(assets())
    yearly = whole.annual_damage()
    surveyed, mapped = yearly[:, :3].sum(axis=1), yearly[:, 3:].sum(axis=1)
    factor = whole.values[:, 3] / 100.0
    np.testing.assert_allclose(mapped, surveyed * factor)
    (group,) = whole.exposure.classes
    levels = whole.levels[None]
    weights = whole.level_weights(levels, whole.annual_weights(levels))[0]  # (N, L)
    by_class = whole.damage(group, np.ones((1, COUNT)))[0]
    np.testing.assert_allclose((weights * by_class).sum(axis=1), yearly.sum(axis=1))


def test_zones_draw_them_too() -> None:
    zone = Zones(("all",), (REGION_BOX,), np.zeros(REGION.shape, dtype=np.int64), np.zeros(COUNT, dtype=np.int64), "-")
    hazard = make_hazard(samples=12)
    exact = assets().drop(columns=["value_low", "value_high"])
    by_map, surveyed = (
        StageDamageByZone.of(zone, [hazard], each, 0.3, np.random.default_rng(0)).damage for each in (assets(), exact)
    )
    ratio = (by_map[0, :, -1] / surveyed[0, :, -1]) * 2 - 1  # of the mapped half
    assert 0.25 <= ratio.min() < 0.6
    assert 1.7 < ratio.max() <= 4.0


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 1), st.floats(1, 100), st.integers(1, 500))
def test_no_draw_lies_outside_the_bounds(low: float, high: float, count: int) -> None:
    values = overlay_exposure(assets(low, high), REGION).values(count)[:, 3]
    assert (values >= 100 * low * (1 - 1e-9)).all()
    assert (values <= 100 * high * (1 + 1e-9)).all()


def test_bounds_that_do_not_hold_the_value_are_refused() -> None:
    with pytest.raises(InputError, match="lie outside"):
        overlay_exposure(assets(low=1.5), REGION)
