"""Still water over the lowest sill."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import label

from strandline.risk.works.still_water import lowest_sills, still_depth
from strandline.simulator.hydrodynamics.walls import NORTH, WEST, Walls

NO_WALLS = Walls()


@given(st.integers(0, 1000), st.floats(0.05, 0.95))
def test_the_sea_reaches_the_cells_that_are_connected_with_it_below_its_level(seed: int, level: float) -> None:
    bed = np.random.default_rng(seed).random((12, 15))
    sea = np.zeros(bed.shape, dtype=bool)
    sea[-1] = True
    bed[sea] = -1.0
    parts, _ = label(bed < level)
    sills = lowest_sills(bed, sea, NO_WALLS, np.inf)
    np.testing.assert_array_equal(sills < level, np.isin(parts, np.unique(parts[-1])) & (bed < level))


def test_a_thin_wall_between_two_cells_holds_the_sea_back_up_to_its_crest() -> None:
    bed = np.array([[-1.0, 0.2, 0.1]])
    sea = np.array([[True, False, False]])
    walls = Walls(np.array([WEST]), np.array([0]), np.array([2]), np.array([1.5]))
    np.testing.assert_array_equal(lowest_sills(bed, sea, walls, np.inf), [[-np.inf, 0.2, 1.5]])
    lower = Walls(np.array([WEST]), np.array([0]), np.array([2]), np.array([-5.0]))
    np.testing.assert_array_equal(lowest_sills(bed, sea, lower, np.inf), [[-np.inf, 0.2, 0.2]])
    north = Walls(np.array([NORTH]), np.array([2]), np.array([0]), np.array([1.5]))
    np.testing.assert_array_equal(
        lowest_sills(bed.T.copy(), sea.T.copy(), north, np.inf), np.array([[-np.inf, 0.2, 1.5]]).T
    )


def test_what_lies_behind_unknown_ground_is_unknown_and_never_dry() -> None:
    bed = np.array([[-1.0, np.nan, 0.1, 0.4]])
    sea = np.array([[True, False, False, False]])
    known, unknown = (lowest_sills(bed, sea, NO_WALLS, passes) for passes in (np.inf, -np.inf))
    depth = still_depth(0.3, bed, known, unknown)
    np.testing.assert_allclose(depth, [[1.3, np.nan, np.nan, 0.0]])


@pytest.mark.parametrize("level", [0.5, 1.5])
def test_depth_is_the_sea_above_the_ground_and_nothing_below_the_sill(level: float) -> None:
    ground, sills = np.array([[0.2, 0.8]]), np.array([[1.0, 1.0]])
    expected = [[1.3, 0.7]] if level > 1 else [[0.0, 0.0]]
    np.testing.assert_allclose(still_depth(level, ground, sills, sills), expected)
