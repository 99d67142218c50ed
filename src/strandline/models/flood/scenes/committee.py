"""The committee that maps floods: networks, trees and thresholds, joined by weights of their log odds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy import ndimage

from strandline.errors import InputError
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.images.working_size import coarsened, factor_of, in_parts, refined
from strandline.models.flood.scenes.index_thresholds import SEEN
from strandline.models.flood.scenes.members import Member, PreparedScene, ThresholdMember, TreeMember, layers_seen
from strandline.models.flood.scenes.scene_map import NO_IMAGE, SceneMap
from strandline.models.flood.scenes.stacking import Stacking, scene_threshold
from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.flood_scenes.scene import FloodScene

SENSORS = {"radar": ("radar_after",), "optical": ("optical_after",)}
"""What shows the moment: sensor → layers of a scene."""
HIDDEN = "hidden"
"""Cells that no sensor shows, near some that an optical image shows or that people saw."""
NEAR = 32
"""[cells] As far as a cell is inferred from what lies around it. An assumption: what a student sees around a cell."""


@dataclass(frozen=True, eq=False)
class Committee:
    """Maps the water in a scene.

    Attributes:
        members: in any order.
        stackings: sensors that show a cell, joined by "+", as ``radar+optical``, or ``hidden`` → how the members are
            joined there.
        statistics: of the region that scenes are tiles of; ``None`` = of the scene itself.
        qualities: of the members in that region, by sensors; ``None`` likewise.
        threshold: of that region; ``None`` likewise.
    """

    members: tuple[Member, ...]
    stackings: Mapping[str, Stacking]
    statistics: SceneStatistics | None = None
    qualities: Mapping[str, Mapping[str, float]] | None = None
    threshold: float | None = None

    def of_region(self, sample: FloodScene) -> Self:
        """The same with the statistics and the members' qualities of these parts of a region."""
        sample = coarsened(sample, factor_of(sample.cell_size))
        members = tuple(one.of_region(sample) if isinstance(one, ThresholdMember) else one for one in self.members)
        return replace(self, members=members)._weighed(sample)

    def _weighed(self, sample: FloodScene) -> Self:
        """The same with the statistics, qualities and threshold of a region."""
        statistics = self._statistics_of(sample)
        groups = self._groups(sample)
        found = self._ask(sample, statistics, groups)
        qualities = {
            key: self.stackings[key].qualities({name: found[name][where] for name in self.stackings[key].members})
            for key, where in groups.items()
        }
        of_region = replace(self, statistics=statistics, qualities=qualities)
        if not groups:
            return of_region
        return replace(of_region, threshold=of_region._map(sample, None).threshold)

    def map(self, scene: FloodScene, progress: Callable[[float], None] | None = None) -> SceneMap:
        """Map one scene of any size, at the cell size that its members know.

        Raises:
            InputError: no layer that shows water.
        """
        factor, shape = factor_of(scene.cell_size), scene.shape
        found = self._map(coarsened(scene, factor), progress)
        return replace(
            found,
            probability=refined(found.probability, factor, shape),
            spread=refined(found.spread, factor, shape),
            inferred=None if found.inferred is None else in_parts(found.inferred, factor, shape),
        )

    def _map(self, scene: FloodScene, progress: Callable[[float], None] | None) -> SceneMap:
        groups = self._groups(scene)
        if not groups:
            raise InputError("flood scene", *NO_IMAGE)
        found = self._ask(scene, self.statistics or self._statistics_of(scene), groups, progress)
        return self.join(scene, groups, found)

    def join(self, scene: FloodScene, groups: Mapping[str, Mask], found: Mapping[str, SingleFloats]) -> SceneMap:
        """The map from the members' answers (H, W) on a scene."""
        probability, spread = (np.full(scene.shape, np.nan, dtype=np.float32) for _ in range(2))
        for key, where in groups.items():
            stacking = self.stackings[key]
            there = {name: found[name][where] for name in stacking.asked}
            qualities = (self.qualities or {}).get(key) or stacking.qualities(there)
            probability[where] = stacking.join(there, qualities)
            spread[where] = np.nanstd(list(there.values()), axis=0)
        if scene.points is not None:
            visited = np.isfinite(scene.points)
            probability[visited] = np.where(scene.points > 0.5, SEEN, 1 - SEEN)[visited]
            spread[visited] = 0.0
        threshold = scene_threshold(probability) if self.threshold is None else self.threshold
        inferred = groups.get(HIDDEN)
        if inferred is not None and scene.points is not None:
            inferred = inferred & ~np.isfinite(scene.points)
        return SceneMap(probability, spread, threshold, tuple(found), tuple(scene.layers), inferred)

    def hear(self, scene: FloodScene) -> "Heard":
        """The members' answers on a scene, to be joined in more than one way."""
        scene = coarsened(scene, factor_of(scene.cell_size))
        groups = self._groups(scene)
        return Heard(self, scene, groups, self._ask(scene, self.statistics or self._statistics_of(scene), groups))

    def _statistics_of(self, scene: FloodScene) -> SceneStatistics:
        return SceneStatistics.of(scene, ranked=any(isinstance(member, TreeMember) for member in self.members))

    def _groups(self, scene: FloodScene) -> dict[str, Mask]:
        """Sensors that show a cell, of those that the committee knows how to join → (H, W) cells."""
        return {key: where for key, where in sensors_of(scene).items() if key in self.stackings}

    def _ask(
        self,
        scene: FloodScene,
        statistics: SceneStatistics,
        groups: Mapping[str, Mask],
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, SingleFloats]:
        """(H, W) probability of each member that the groups need."""
        asked = {name for key in groups for name in self.stackings[key].asked}
        images = PreparedScene(scene, statistics)
        found: dict[str, SingleFloats] = {}
        for number, member in enumerate(self.members):
            if member.name in asked:
                found[member.name] = member.probability(images)
            if progress is not None:
                progress((number + 1) / len(self.members))
        return found


@dataclass(frozen=True, eq=False)
class Heard:
    """Answers of a committee's members on one scene.

    Attributes:
        scene: at the cell size that the members know.
        groups: sensors → (H, W) the cells that exactly these show.
        probability: member → (H, W).
    """

    committee: Committee
    scene: FloodScene
    groups: Mapping[str, Mask]
    probability: Mapping[str, SingleFloats]

    def joined(self) -> SceneMap:
        """The committee's map."""
        return self.committee.join(self.scene, self.groups, self.probability)


def sensors_of(scene: FloodScene) -> dict[str, Mask]:
    """Sensors that show a cell, joined by "+" → (H, W) the cells that exactly these show; and the hidden ones near."""
    seen = {sensor: layers_seen(scene, layers) for sensor, layers in SENSORS.items()}
    found: dict[str, Mask] = {}
    for names in (("radar", "optical"), ("radar",), ("optical",)):
        where = np.logical_and.reduce([seen[sensor] == (sensor in names) for sensor in SENSORS])
        if where.any():
            found["+".join(names)] = where
    around = layers_seen(scene, ("optical_after", "points"))  # gaps of radar were never inferred in training
    images = layers_seen(scene, ("radar_after", "optical_after"))
    if around.any() and not images.all():
        hidden = ~images & (ndimage.distance_transform_cdt(~around, "chessboard") <= NEAR)
        if hidden.any():
            found[HIDDEN] = hidden
    return found
