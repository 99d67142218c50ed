"""Which of the hazard's samples fit what satellites show of a flood: scenes tell of ground that is uncertain."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.simulator.sensors.flood_scenes import SceneQuality
from strandline.watch.readings import Reading

STANDS = timedelta(hours=12)
"""A flood that a scene shows came with the highest sea of so many hours before it: one tide; an assumption."""
LIKE_ONE = 4.0
"""Zones that err together, as one number: scenes miss and see too much as a whole; an assumption."""
LEAST_DEVIATION = 0.05
"""Of a zone's share [-]: what the maps leave open within a zone."""


def weigh_samples(
    response: StageDamageByZone,
    names: Sequence[str],
    scenes: Sequence[Reading],
    highest: Callable[[datetime, datetime], float | None],
) -> Floats:
    """(S,) weight [-] of each sample of the hazard after the scenes; equal without any.

    Args:
        names: (Z,) of the zones.
        scenes: readings of ``flooded_share``; one of an unknown zone says nothing.
        highest: highest believed sea [m, region datum] between two times; ``None`` = too long ago to be believed.

    Source: importance weights of a particle filter, Gordon, Salmond, Smith (1993), IEE Proceedings F 140, 107-113.
    """
    samples = np.arange(len(response.levels))
    logarithm = np.zeros(samples.size)
    number = {name: position for position, name in enumerate(names)}
    quality = SceneQuality()
    for moment in sorted({scene.time for scene in scenes}):
        level = highest(moment - STANDS, moment)
        seen = {number[one.place]: one.value for one in scenes if one.time == moment and one.place in number}
        if level is None or not seen:
            continue
        zones = np.array(sorted(seen))
        share = response.at(np.full(samples.size, level), samples).flooded_share[:, zones]  # (S, Z)
        mean, deviation = quality.seen(share)
        error = (np.array([seen[zone] for zone in zones.tolist()]) - mean) / np.hypot(deviation, LEAST_DEVIATION)
        known = np.isfinite(error).all(axis=0)
        logarithm -= 0.5 * (error[:, known] ** 2).sum(axis=1) / min(LIKE_ONE, max(int(known.sum()), 1))
    weight = np.exp(logarithm - logarithm.max())
    return np.asarray(weight / weight.sum())


def draw_samples(weight: Floats, count: int) -> npt.NDArray[np.int64]:
    """(N,) samples for as many courses, each as often as its weight says, mixed over the courses.

    Systematic: with equal weights each sample comes as often as any other.
    """
    drawn = np.searchsorted(np.cumsum(weight), (np.arange(count) + 0.5) / count)
    drawn = np.minimum(drawn, weight.size - 1)
    return np.random.default_rng(count).permutation(drawn)
