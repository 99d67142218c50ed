"""Depth from extent and ground, against a bowl whose water surface is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.pipeline.maps.moment.depth_from_extent import depth_from_extent
from tests.fixtures.lakes import bowl, lake

WATER, GROUND = lake(), bowl()
KNOWN, NONE = np.ones_like(WATER), np.zeros_like(WATER)


def test_a_lake_in_a_bowl_is_as_deep_as_its_surface_is_above_the_ground() -> None:
    depth = depth_from_extent(WATER, KNOWN, NONE, GROUND, 0.0)
    np.testing.assert_allclose(depth.middle[WATER], (2.0 - GROUND)[WATER], atol=0.15)
    assert (depth.middle[~WATER] == 0).all()


@settings(max_examples=20, deadline=None)
@given(error=st.floats(0, 3))
def test_bounds_hold_the_middle_and_widen_with_the_grounds_error(error: float) -> None:
    depth, exact = (depth_from_extent(WATER, KNOWN, NONE, GROUND, each) for each in (error, 0.0))
    for one in (depth, exact):
        assert (one.low[WATER] <= one.middle[WATER]).all()
        assert (one.middle[WATER] <= one.high[WATER]).all()
    assert ((depth.high - depth.low)[WATER] >= (exact.high - exact.low)[WATER] - 1e-5).all()
    assert (depth.low >= 0).all()


def test_eight_in_ten_true_depths_lie_in_the_bounds_where_the_ground_errs() -> None:
    rng = np.random.default_rng(3)
    seen = GROUND + rng.normal(0, 0.5, GROUND.shape).astype(np.float32)
    depth = depth_from_extent(WATER, KNOWN, NONE, seen, 0.5)
    true = (2.0 - GROUND)[WATER]
    inside = (depth.low[WATER] <= true) & (true <= depth.high[WATER])
    assert inside.mean() > 0.75


def test_two_lakes_have_their_own_surfaces() -> None:
    flooded, ground = np.hstack([WATER, WATER]), np.hstack([GROUND, GROUND + 5.0])
    depth = depth_from_extent(flooded, np.ones_like(flooded), np.zeros_like(flooded), ground, 0.0)
    np.testing.assert_allclose(depth.middle[48, 48 + 96], depth.middle[48, 48], atol=0.05)


def test_water_without_a_shore_has_an_unknown_depth() -> None:
    depth = depth_from_extent(WATER, WATER, NONE, GROUND, 0.2)  # nobody saw the land
    assert np.isnan(depth.middle[WATER]).all()
    assert depth.shore_cells == 0


@pytest.mark.parametrize("half", [slice(0, 48), slice(48, 96)])
def test_an_edge_at_permanent_water_or_at_unknown_cells_is_no_shore(half: slice) -> None:
    sea = np.zeros_like(WATER)
    sea[half] = True
    flooded = WATER & ~sea
    ground = np.where(sea, -20.0, GROUND).astype(np.float32)
    depth = depth_from_extent(flooded, KNOWN, sea, ground, 0.0)
    np.testing.assert_allclose(depth.middle[flooded], (2.0 - GROUND)[flooded], atol=0.2)
    assert np.isnan(depth.middle[sea]).all()
    unseen = depth_from_extent(flooded, ~sea, NONE, ground, 0.0)
    np.testing.assert_allclose(unseen.middle[flooded], (2.0 - GROUND)[flooded], atol=0.2)
