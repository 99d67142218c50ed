"""Scenes of zones see what is there, but for the errors that they state."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.simulator.sensors.flood_scenes import SceneQuality, observe_zones

PERFECT = SceneQuality(hit_rate=1.0, hit_spread=0.0, false_rate=0.0, false_spread=0.0, fall=0.0)


def test_without_errors_the_share_is_the_truth() -> None:
    depth = np.zeros((2, 4, 5))
    depth[0, :2] = 0.15
    depth[1, :, 0] = 3.0
    of_cell = np.tile([-1, 0, 0, 1, 1], (4, 1))
    of_cell[:, 0] = 1
    said = observe_zones(depth, np.array([2.0, 9.0]), of_cell, PERFECT, np.random.default_rng(0))
    np.testing.assert_allclose(said, [[0.5, 0.5], [0.0, 1 / 3]])


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9])
def test_scenes_err_as_much_as_stated(share: float) -> None:
    quality = replace(SceneQuality(), fall=0.0)
    depth = np.broadcast_to(np.where(np.arange(4000) < 4000 * share, 1.0, 0.0), (3000, 1, 4000))
    said = observe_zones(depth, np.zeros(3000), np.zeros((1, 4000), dtype=int), quality, np.random.default_rng(1))
    mean, spread = quality.seen(np.array(share))
    assert said.mean() == pytest.approx(float(mean), abs=0.005)
    assert said.std() == pytest.approx(float(spread), rel=0.06)


def test_an_ordinary_map_is_as_good_as_the_teachers() -> None:
    quality, flooded = SceneQuality(), 0.25
    hits, false = quality.hit_rate * flooded, quality.false_rate * (1 - flooded)
    assert 0.7 < hits / (flooded + false) < 0.8


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**20), st.floats(0, 40), st.floats(0, 40))
def test_the_water_falls_after_the_peak(seed: int, one: float, other: float) -> None:
    depth = np.random.default_rng(seed).gamma(1.0, 0.4, (1, 8, 9))
    quality = replace(PERFECT, fall=0.04)
    of_cell = np.arange(72).reshape(8, 9) % 3
    early, late = (
        observe_zones(depth, np.array([hours]), of_cell, quality, np.random.default_rng(seed))
        for hours in sorted((one, other))
    )
    assert (late <= early).all()
    assert ((late >= 0) & (early <= 1)).all()


def test_what_cannot_be_is_refused() -> None:
    depth, cells, rng = np.zeros((1, 2, 2)), np.zeros((2, 2), dtype=int), np.random.default_rng(0)
    with pytest.raises(InputError, match="before the peak"):
        observe_zones(depth, np.array([-1.0]), cells, PERFECT, rng)
    with pytest.raises(InputError, match="a depth is unknown"):
        observe_zones(np.full((1, 2, 2), np.nan), np.zeros(1), cells, PERFECT, rng)
    with pytest.raises(InputError, match=r"give \(E, H, W\)"):
        observe_zones(depth, np.zeros(1), np.zeros((3, 2), dtype=int), PERFECT, rng)
    with pytest.raises(InputError, match="can vary so"):
        SceneQuality(hit_rate=0.99, hit_spread=0.3)
    with pytest.raises(InputError, match="water falls"):
        SceneQuality(fall=-0.1)
