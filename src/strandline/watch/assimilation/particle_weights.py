"""Importance weights of the hazard's samples from satellite flood scenes, which constrain the uncertain terrain."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.simulator.sensors.flood_scenes import SceneQuality
from strandline.watch.readings import Reading

SCENE_WINDOW = timedelta(hours=12)
"""The flood in a scene is due to the highest sea level of this span before it: one tide; an assumption."""
CORRELATED_ZONES = 4.0
"""Zones whose errors are correlated and count as one: a scene misses or overestimates as a whole; an assumption."""
LEAST_DEVIATION = 0.05
"""Of a zone's flooded share [-]: uncertainty of the maps within a zone."""


def weight_samples(
    response: StageDamageByZone,
    names: Sequence[str],
    scenes: Sequence[Reading],
    highest: Callable[[datetime, datetime], float | None],
) -> Floats:
    """(S,) weight [-] of each sample of the hazard given the scenes; equal without scenes.

    Args:
        names: (Z,) of the zones.
        scenes: readings of ``flooded_share``; those of unknown zones are ignored.
        highest: highest mean sea level [m, region datum] between two times; ``None`` = not in the belief any more.

    Source: importance weights of a particle filter, Gordon, Salmond, Smith (1993), IEE Proceedings F 140, 107-113.
    """
    samples = np.arange(len(response.levels))
    logarithm = np.zeros(samples.size)
    number = {name: position for position, name in enumerate(names)}
    quality = SceneQuality()
    for moment in sorted({scene.time for scene in scenes}):
        level = highest(moment - SCENE_WINDOW, moment)
        observed = {number[one.place]: one.value for one in scenes if one.time == moment and one.place in number}
        if level is None or not observed:
            continue
        zones = np.array(sorted(observed))
        share = response.at(np.full(samples.size, level), samples).flooded_share[:, zones]  # (S, Z)
        mean, deviation = quality.seen(share)
        error = (np.array([observed[zone] for zone in zones.tolist()]) - mean) / np.hypot(deviation, LEAST_DEVIATION)
        known = np.isfinite(error).all(axis=0)
        logarithm -= 0.5 * (error[:, known] ** 2).sum(axis=1) / min(CORRELATED_ZONES, max(int(known.sum()), 1))
    weight = np.exp(logarithm - logarithm.max())
    return np.asarray(weight / weight.sum())


def draw_samples(weight: Floats, count: int) -> npt.NDArray[np.int64]:
    """(N,) samples for N ensemble members, in proportion to the weights, in random order.

    Systematic resampling: with equal weights each sample is drawn equally often.
    """
    drawn = np.searchsorted(np.cumsum(weight), (np.arange(count) + 0.5) / count)
    drawn = np.minimum(drawn, weight.size - 1)
    return np.random.default_rng(count).permutation(drawn)
