"""The committee that maps floods: networks, trees and thresholds, joined by weights of their log odds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from strandline.errors import InputError
from strandline.models.flood.scenes.members import Member, layers_seen
from strandline.models.flood.scenes.scene_map import NO_IMAGE, SceneMap
from strandline.models.flood.scenes.scene_statistics import SceneStatistics
from strandline.observations.arrays import Floats, Mask, Reals, SingleFloats
from strandline.observations.flood_scenes.scene import FloodScene

LARGEST_ODDS = 6.0
"""Log odds beyond which a member's certainty is not heard."""
SENSORS = {"radar": ("radar_after",), "optical": ("optical_after",), "points": ("points",)}
"""What shows the moment: sensor → layers of a scene."""


def log_odds(probability: Reals) -> Floats:
    """Log odds, clipped to ±``LARGEST_ODDS``; NaN stays NaN."""
    odds: Floats = np.log(probability + 1e-9) - np.log1p(1e-9 - probability)
    return np.clip(odds, -LARGEST_ODDS, LARGEST_ODDS)


@dataclass(frozen=True)
class Stacking:
    """How the members that answer are joined where certain sensors show the moment.

    Attributes:
        weights: member → weight of its log odds; ``bias``: added to their sum.
        threshold: probability from which a cell counts as wet.

    Source: stacked generalisation, Wolpert (1992), as a logistic regression of log odds.
    """

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def join(self, probabilities: Mapping[str, Reals]) -> Floats:
        """Probability of water from those of the members, all of one shape; NaN where one is NaN."""
        odds = sum(weight * log_odds(probabilities[name]) for name, weight in self.weights.items())
        return np.asarray(1 / (1 + np.exp(-(odds + self.bias))))


@dataclass(frozen=True, eq=False)
class Committee:
    """Maps the water in a scene.

    Attributes:
        members: in any order.
        stackings: sensors that show a cell, joined by "+", as ``radar+optical`` → how the members are joined there.
        statistics: of the region that scenes are tiles of; ``None`` = of the scene itself.
    """

    members: tuple[Member, ...]
    stackings: Mapping[str, Stacking]
    statistics: SceneStatistics | None = None

    def of_region(self, sample: FloodScene) -> Self:
        """The same with the statistics of these parts of a region."""
        return replace(self, statistics=SceneStatistics.of(sample))

    def map(self, scene: FloodScene, progress: Callable[[float], None] | None = None) -> SceneMap:
        """Map one scene of any size.

        Raises:
            InputError: no layer that shows water.
        """
        groups = {key: where for key, where in sensors_of(scene).items() if key in self.stackings}
        if not groups:
            raise InputError("flood scene", *NO_IMAGE)
        asked = {name for key in groups for name in self.stackings[key].weights}
        statistics = self.statistics or SceneStatistics.of(scene)
        found: dict[str, SingleFloats] = {}
        for number, member in enumerate(self.members):
            if member.name in asked:
                found[member.name] = member.probability(scene, statistics)
            if progress is not None:
                progress((number + 1) / len(self.members))
        probability, spread = (np.full(scene.shape, np.nan, dtype=np.float32) for _ in range(2))
        weights = {}
        for key, where in groups.items():
            stacking = self.stackings[key]
            there = {name: found[name][where] for name in stacking.weights}
            probability[where] = stacking.join(there)
            spread[where] = np.std(list(there.values()), axis=0)
            weights[key] = int(where.sum())
        widest = max(weights, key=lambda key: weights[key])
        return SceneMap(
            probability,
            spread,
            self.stackings[widest].threshold,
            tuple(member.name for member in self.members if member.name in asked),
            tuple(scene.layers),
        )


def sensors_of(scene: FloodScene) -> dict[str, Mask]:
    """Sensors that show a cell, joined by "+" → (H, W) the cells that exactly these show."""
    seen = {sensor: layers_seen(scene, layers) for sensor, layers in SENSORS.items() if sensor != "points"}
    points = scene.points is not None and bool(np.isfinite(scene.points).any())
    found: dict[str, Mask] = {}
    for radar in (True, False):
        for optical in (True, False):
            names = [name for name, there in (("radar", radar), ("optical", optical)) if there]
            if not names and points:
                names = ["points"]
            where = (seen["radar"] == radar) & (seen["optical"] == optical)
            if names and where.any():
                found["+".join(names)] = where
    return found
