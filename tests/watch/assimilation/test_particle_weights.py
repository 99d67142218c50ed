"""Flood scenes weight the samples of the hazard, and nothing else does."""

from datetime import datetime

import numpy as np
import pytest

from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.simulator.sensors.flood_scenes import SceneQuality
from strandline.watch.assimilation.particle_weights import draw_samples, weight_samples
from strandline.watch.readings import Reading

NOON = datetime(2020, 1, 1, 12)


def two_samples() -> StageDamageByZone:
    """Two zones; at 2 m the first sample floods a tenth of either, the second nine tenths."""
    share = np.array([[[0.1], [0.9]], [[0.1], [0.9]]])
    nothing = np.zeros_like(share)
    counts = np.zeros(2, dtype=np.int64)
    return StageDamageByZone(
        levels=np.full((2, 1), 2.0), dry_level=0.0, flooded_share=share, damage=nothing,
        dangerous_share=nothing, people_in_danger=nothing, people_in_danger_at_most=nothing,
        dangerous_level=np.full((2, 2), np.inf), unknown_share=np.zeros(2), uncounted_homes=counts,
        unknown_assets=counts, unknown_value=np.zeros(2),
    )  # fmt: skip


def scene(share: float, place: str = "east") -> Reading:
    return Reading("satellite", "flooded_share", NOON, NOON, share, place)


def test_a_scene_selects_the_sample_that_matches_it() -> None:
    seen = float(SceneQuality().seen(np.array(0.9))[0])
    weight = weight_samples(two_samples(), ("east", "west"), [scene(seen)], lambda start, end: 2.0)
    assert weight[1] > 0.99
    assert (draw_samples(weight, 100) == 1).mean() > 0.98


@pytest.mark.parametrize("scenes", [[], [scene(0.8, "nowhere")]])
def test_without_a_scene_of_a_known_zone_all_samples_are_equally_likely(scenes: list[Reading]) -> None:
    weight = weight_samples(two_samples(), ("east", "west"), scenes, lambda start, end: 2.0)
    np.testing.assert_allclose(weight, 0.5)
    assert np.bincount(draw_samples(weight, 100)).tolist() == [50, 50]


def test_a_scene_older_than_the_belief_is_ignored() -> None:
    weight = weight_samples(two_samples(), ("east", "west"), [scene(0.8)], lambda start, end: None)
    np.testing.assert_allclose(weight, 0.5)


def test_many_zones_of_one_scene_do_not_count_as_many_scenes() -> None:
    one = weight_samples(two_samples(), ("east", "west"), [scene(0.45)], lambda start, end: 2.0)
    both = weight_samples(two_samples(), ("east", "west"), [scene(0.45), scene(0.45, "west")], lambda start, end: 2.0)
    np.testing.assert_allclose(both, one)
