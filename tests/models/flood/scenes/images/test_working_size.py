"""Scenes at the cell size that networks know: means of power, odd sizes, and the way back."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.models.flood.scenes.images.working_size import coarsened, factor_of, refined
from strandline.observations.flood_scenes.scene import FloodScene
from tests.fixtures.flood_scenes import draw_scene


def test_the_factor_brings_cells_to_twenty_metres_and_never_refines() -> None:
    assert [factor_of(size) for size in (5.0, 10.0, 13.0, 20.0, 40.0)] == [4, 2, 2, 1, 1]
    scene = draw_scene(0)
    assert coarsened(scene, 1) is scene


def test_decibels_are_averaged_as_power_and_other_layers_as_they_are() -> None:
    db = np.tile(np.array([[0.0, -10.0], [np.nan, -10.0]], dtype=np.float32), (2, 2, 2))
    optical = np.tile(np.array([[0.1, 0.3], [0.2, 0.2]], dtype=np.float32), (3, 2, 2))
    scene = FloodScene(10.0, radar_after=db, optical_after=optical)
    found = coarsened(scene, 2)
    assert (found.cell_size, found.shape) == (20.0, (2, 2))
    assert found.radar_after == pytest.approx(np.full((2, 2, 2), 10 * np.log10((1 + 0.1 + 0.1) / 3)), abs=1e-4)
    assert found.optical_after == pytest.approx(np.full((3, 2, 2), 0.2))
    relative = coarsened(replace(scene, radar_unit="relative"), 2).radar_after
    assert relative == pytest.approx(np.full((2, 2, 2), -20 / 3), abs=1e-4)


def test_blocks_at_the_edge_of_an_odd_scene_are_means_of_the_cells_there() -> None:
    elevation = np.arange(15, dtype=np.float32).reshape(3, 5)
    found = coarsened(FloodScene(10.0, elevation=elevation), 2)
    assert found.elevation == pytest.approx(np.array([[3.0, 5.0, 6.5], [10.5, 12.5, 14.0]]))


def test_a_block_without_a_known_cell_stays_unknown_without_a_warning() -> None:
    elevation = np.ones((4, 4), dtype=np.float32)
    elevation[:2, :2] = np.nan
    found = coarsened(FloodScene(10.0, elevation=elevation), 2).elevation
    np.testing.assert_array_equal(found, [[np.nan, 1], [1, 1]])


@pytest.mark.parametrize("shape", [(6, 6), (5, 7)])
def test_a_map_is_brought_back_to_the_scene_s_own_cells_and_the_unknown_does_not_bleed(shape: tuple[int, int]) -> None:
    coarse = np.full((-(-shape[0] // 2), -(-shape[1] // 2)), 0.7, dtype=np.float32)
    coarse[0, 0] = np.nan
    fine = refined(coarse, 2, shape)
    assert fine.shape == shape
    unknown = np.isnan(fine)
    assert unknown.sum() == 4
    assert unknown[:2, :2].all()
    np.testing.assert_allclose(fine[~unknown], 0.7, rtol=1e-5)
