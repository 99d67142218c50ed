"""Scenes tell which samples of the ground are likely, and nothing else does."""

from datetime import datetime

import numpy as np
import pytest

from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.simulator.sensors.flood_scenes import SceneQuality
from strandline.watch.assimilation.particle_weights import draw_samples, weigh_samples
from strandline.watch.readings import Reading

NOON = datetime(2020, 1, 1, 12)


def two_grounds() -> StageDamageByZone:
    """Two zones; at 2 m the first sample floods a tenth of either, the second nine tenths."""
    share = np.array([[[0.1], [0.9]], [[0.1], [0.9]]])
    nothing = np.zeros_like(share)
    counts = np.zeros(2, dtype=np.int64)
    return StageDamageByZone(
        np.full((2, 1), 2.0), 0.0, share, nothing, nothing, np.zeros(2), counts, counts, np.zeros(2)
    )


def scene(share: float, place: str = "east") -> Reading:
    return Reading("satellite", "flooded_share", NOON, NOON, share, place)


def test_a_scene_picks_the_ground_that_it_shows() -> None:
    seen = float(SceneQuality().seen(np.array(0.9))[0])
    weight = weigh_samples(two_grounds(), ("east", "west"), [scene(seen)], lambda start, end: 2.0)
    assert weight[1] > 0.99
    assert (draw_samples(weight, 100) == 1).mean() > 0.98


@pytest.mark.parametrize("scenes", [[], [scene(0.8, "nowhere")]])
def test_without_a_scene_of_a_known_zone_all_are_as_likely(scenes: list[Reading]) -> None:
    weight = weigh_samples(two_grounds(), ("east", "west"), scenes, lambda start, end: 2.0)
    np.testing.assert_allclose(weight, 0.5)
    assert np.bincount(draw_samples(weight, 100)).tolist() == [50, 50]


def test_a_scene_of_a_sea_that_is_forgotten_says_nothing() -> None:
    weight = weigh_samples(two_grounds(), ("east", "west"), [scene(0.8)], lambda start, end: None)
    np.testing.assert_allclose(weight, 0.5)


def test_many_zones_of_one_scene_do_not_count_as_many_scenes() -> None:
    one = weigh_samples(two_grounds(), ("east", "west"), [scene(0.45)], lambda start, end: 2.0)
    both = weigh_samples(two_grounds(), ("east", "west"), [scene(0.45), scene(0.45, "west")], lambda start, end: 2.0)
    np.testing.assert_allclose(both, one)
