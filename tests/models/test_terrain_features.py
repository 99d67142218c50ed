"""Terrain features: sills by brute force, the sea, and units."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from benchmarks.delta.bathtub import connected_bathtub
from strandline.errors import InputError
from strandline.models.terrain_features import sea_of, sill_of, terrain_features_of
from strandline.observations.variables import DEPTH_EDGES
from tests.fixtures.batches import (
    MEAN_SEA_LEVEL,
    REGION,
    ground,
    make_terrain,
)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 5), columns=st.integers(1, 5))
def test_a_sill_is_the_lowest_level_that_joins_a_cell_to_the_sea(seed: int, rows: int, columns: int) -> None:
    """Brute force: raise the sea to every height in turn, and find the cells connected by corners and edges."""
    rng = np.random.default_rng(seed)
    elevation = rng.integers(-3, 5, (rows, columns)).astype(float)
    elevation[rng.random((rows, columns)) < 0.2] = np.nan
    sea = rng.random((rows, columns)) < 0.3
    expected = np.full(elevation.shape, np.nan)
    for level in np.unique(elevation[~np.isnan(elevation)])[::-1]:
        parts, _ = label(elevation <= level, structure=np.ones((3, 3)))
        joined = np.isin(parts, np.unique(parts[sea & (elevation <= level)])) & (parts > 0)
        expected[joined] = level
    np.testing.assert_array_equal(sill_of(elevation, sea), expected)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), level=st.floats(-1, 3))
def test_cells_connected_by_corners_contain_the_connected_bathtub(seed: int, level: float) -> None:
    """The bathtub connects by edges only, so that it lies within the cells by sill; on a slope they are equal."""
    rng = np.random.default_rng(seed)
    elevation = rng.normal(0.5, 1.5, (8, 8))
    water = elevation < -1.0
    flooded = connected_bathtub(elevation, water, level)
    sill = sill_of(elevation, water)
    assert (flooded <= ((sill < level) & (level - elevation >= DEPTH_EDGES[0]))).all()
    slope = np.tile(np.linspace(-2, 3, 8), (8, 1))
    by_sill = (sill_of(slope, slope < -1.0) < level) & (level - slope >= DEPTH_EDGES[0]) & (slope >= -1.0)
    np.testing.assert_array_equal(connected_bathtub(slope, slope < -1.0, level), by_sill)


def test_behind_a_dike_the_sill_is_the_gap_and_without_it_the_crest() -> None:
    elevation = ground()
    sill = sill_of(elevation, elevation < -1)
    assert sill[8, 3] == 0.3
    assert sill[5, 5] == elevation[5, 5]  # the plain rises above the gap
    closed = elevation.copy()
    closed[8, 3] = 3.0
    assert sill_of(closed, elevation < -1)[5, 5] == 3.0


def test_the_sea_is_the_water_at_the_sea_point_and_no_pond() -> None:
    elevation = ground()
    elevation[12, 12] = -2.0
    terrain = make_terrain(elevation)
    sea = sea_of(REGION, terrain)
    assert sea[:, :3].all()
    assert not sea[12, 12]
    with pytest.raises(InputError, match="lies on land"):
        sea_of(replace(REGION, sea_point=(501000.0, 5000850.0)), terrain)


def test_terrain_is_relative_to_mean_sea_level_and_unknown_cells_are_masked() -> None:
    land = terrain_features_of(REGION, make_terrain(), MEAN_SEA_LEVEL)
    channels, seen = land.channels, land.known
    elevation = ground()
    np.testing.assert_array_equal(seen.numpy(), ~np.isnan(elevation))
    np.testing.assert_allclose(channels[0][seen], (elevation - MEAN_SEA_LEVEL)[seen], rtol=1e-6)
    assert not channels[:, ~seen].any()
    np.testing.assert_allclose(channels[3, 5, 3:6], [0.1, 0.2, 0.3], rtol=1e-6)  # km
