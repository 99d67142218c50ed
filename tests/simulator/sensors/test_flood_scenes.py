"""`SceneQuality.seen` against scenes that are drawn cell by cell."""

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.simulator.sensors.flood_scenes import SceneQuality

PERFECT = SceneQuality(hit_rate=1.0, hit_spread=0.0, false_rate=0.0, false_spread=0.0)


def observe_zones(
    flooded: np.ndarray, of_cell: np.ndarray, quality: SceneQuality, rng: np.random.Generator
) -> np.ndarray:
    """(E, Z) flooded share [-] of each zone in one scene of each of E floods (E, H, W).

    A scene has one hit rate and one false alarm rate for all its cells. ``of_cell`` (H, W) is the zone; −1 = none.
    """
    zone = of_cell[of_cell >= 0]
    cells = np.bincount(zone)
    wet = np.stack([np.bincount(zone, each, cells.size) for each in flooded[:, of_cell >= 0]]).astype(np.int64)
    hit = draw_rates(quality.hit_rate, quality.hit_spread, len(wet), rng)
    false = draw_rates(quality.false_rate, quality.false_spread, len(wet), rng)
    return np.asarray((rng.binomial(wet, hit) + rng.binomial(cells - wet, false)) / cells)


def draw_rates(mean: float, spread: float, count: int, rng: np.random.Generator) -> Floats:
    """(E, 1) draws from the beta distribution of this mean and standard deviation."""
    if spread == 0:
        return np.full((count, 1), mean)
    weight = mean * (1 - mean) / spread**2 - 1
    return rng.beta(mean * weight, (1 - mean) * weight, (count, 1))


def test_without_errors_the_share_is_the_truth() -> None:
    flooded = np.zeros((2, 4, 5), dtype=bool)
    flooded[0, :2] = True
    flooded[1, :, 0] = True
    of_cell = np.tile([-1, 0, 0, 1, 1], (4, 1))
    of_cell[:, 0] = 1
    share = observe_zones(flooded, of_cell, PERFECT, np.random.default_rng(0))
    np.testing.assert_allclose(share, [[0.5, 0.5], [0.0, 1 / 3]])
    np.testing.assert_allclose(PERFECT.seen(share), (share, np.zeros((2, 2))))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9])
def test_scenes_err_as_much_as_stated(share: float) -> None:
    quality = SceneQuality()
    flooded = np.broadcast_to(np.arange(4000) < 4000 * share, (3000, 1, 4000))
    drawn = observe_zones(flooded, np.zeros((1, 4000), dtype=int), quality, np.random.default_rng(1))
    mean, spread = quality.seen(np.array(share))
    assert drawn.mean() == pytest.approx(float(mean), abs=0.005)
    assert drawn.std() == pytest.approx(float(spread), rel=0.06)


def test_an_ordinary_map_is_as_good_as_the_teachers() -> None:
    quality, flooded = SceneQuality(), 0.25
    hits, false = quality.hit_rate * flooded, quality.false_rate * (1 - flooded)
    assert 0.7 < hits / (flooded + false) < 0.8


def test_a_spread_that_no_share_can_have_is_refused() -> None:
    with pytest.raises(InputError, match="no share has mean"):
        SceneQuality(hit_rate=0.99, hit_spread=0.3)
