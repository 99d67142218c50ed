"""The teacher of a fold: a committee trained on its source events, and what its members say about other events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.floods.methods import TeacherWord
from benchmarks.floods.views import TEACHER_LAYERS, seen_cells
from strandline.distillation.pretraining.scenes.finished import FinishedParts
from strandline.distillation.pretraining.scenes.fit_stacking import qualities_with_labels, threshold_with_labels
from strandline.distillation.pretraining.scenes.samples import trained_cells
from strandline.distillation.pretraining.scenes.train_committee import CommitteeConfig, CommitteeTraining
from strandline.distillation.training.loop import Announce
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.scenes.committee import Committee
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.members import Member, NetworkMember, PreparedScene
from strandline.models.flood.scenes.stacking import Stacking, scene_threshold
from strandline.observations.arrays import Indices, SingleFloats
from strandline.observations.flood_scenes.scene import WET, LabelledScene

ALL = "radar+optical"
SMALL_TILE, IN_TILES = 64, " in tiles"
"""[cells] Half of what the networks were trained on; ending of the names of members that map in such tiles."""


@dataclass(frozen=True, eq=False)
class Teacher:
    """A committee, and what each of its members says about the chips of one event.

    Attributes:
        said: member → (N, H, W) probability, of every chip of the event in order.
        tiled: the same where networks map a chip in tiles of ``SMALL_TILE`` cells, with the statistics of the chip.
        pairs: number of training pairs, the first chips: on their images the members' qualities are expected.
    """

    committee: Committee
    said: Mapping[str, SingleFloats]
    tiled: Mapping[str, SingleFloats]
    pairs: int

    @property
    def stacking(self) -> Stacking:
        """Fitted to other events."""
        return self.committee.stackings[ALL]

    @cached_property
    def qualities(self) -> dict[str, float]:
        """Overlap that the members expect of themselves in this event; no label and no test chip is read."""
        return self.stacking.qualities({name: said[: self.pairs] for name, said in self.said.items()})

    def word(self, chips: slice, adaptation: "Adaptation | None" = None) -> TeacherWord:
        """What the committee says about some of the chips.

        Args:
            adaptation: to labels of the event; ``None`` = zero-shot.
        """
        qualities = self.qualities if adaptation is None else adaptation.qualities
        threshold = self.threshold if adaptation is None else adaptation.threshold
        return TeacherWord(self._joined(chips, qualities), threshold, self.guide)

    def word_in_tiles(self, chips: slice) -> TeacherWord:
        """What the committee says, zero-shot, of chips that it maps in small tiles."""
        return replace(self, said=self.tiled).word(chips)

    @cached_property
    def threshold(self) -> float:
        """Of the event, by the images of its training pairs."""
        return scene_threshold(self._joined(slice(0, self.pairs), self.qualities))

    def _joined(self, chips: slice, qualities: Mapping[str, float]) -> SingleFloats:
        joined = self.stacking.join({name: said[chips] for name, said in self.said.items()}, qualities)
        return np.nan_to_num(joined, nan=0.5).astype(np.float32)

    @property
    def guide(self) -> DenseTransformer:
        """The transformer on all streams."""
        members = (one for one in self.committee.members if isinstance(one, NetworkMember))
        found = {one.name: one.network for one in members if isinstance(one.network, DenseTransformer)}
        return found["transformer_all"]

    def adapted(self, scenes: Sequence[LabelledScene], labelled: Indices) -> "Adaptation":
        """Qualities and threshold shrunk from the labels of a few chips to what the images and other events tell."""
        said, wet = [], []
        for place in labelled:
            one = scenes[place]
            known = seen_cells(one) & trained_cells(one)
            answers = {name: self.said[name][place][known] for name in self.stacking.members}
            heard = np.isfinite(list(answers.values())).all(axis=0)
            if heard.any():
                said.append({name: values[heard] for name, values in answers.items()})
                wet.append((one.label[known] == WET)[heard])
        qualities = qualities_with_labels(self.stacking, self.qualities, said, wet, self.threshold)
        maps = [self.stacking.join(of_chip, qualities) for of_chip in said]
        threshold = scene_threshold(self._joined(slice(0, self.pairs), qualities))
        return Adaptation(qualities, threshold_with_labels(threshold, maps, wet))


@dataclass(frozen=True)
class Adaptation:
    """A committee's joining of members after a few labels."""

    qualities: Mapping[str, float]
    threshold: float


def train_committee(
    scenes: Sequence[LabelledScene], steps: int, folder: Path, announce: Announce, start: Committee
) -> Committee:
    """The committee of some source events, or what is finished of it in ``folder``.

    Args:
        steps: of each transformer.
        start: what ships, trained on simulated floods alone; its transformers are trained further.
    """
    bare = [replace(one, scene=one.scene.without("points")) for one in scenes]
    return CommitteeTraining(CommitteeConfig(steps).continued(), 0, FinishedParts(folder), announce, start).train(bare)


def hear(committee: Committee, scenes: Sequence[LabelledScene], pairs: int, path: Path) -> Teacher:
    """What the members say about every chip of an event, asked once and kept in half precision."""
    if not path.exists():
        networks = [member for member in committee.members if isinstance(member, NetworkMember)]
        small = [
            replace(one, name=f"{one.name}{IN_TILES}", tile=SMALL_TILE, overlap=SMALL_TILE // 4) for one in networks
        ]
        asked: list[Member] = [*committee.members, *small]
        found: dict[str, list[SingleFloats]] = {member.name: [] for member in asked}
        for one in scenes:
            shown = one.scene.without(*(name for name in one.scene.layers if name not in TEACHER_LAYERS))
            images = PreparedScene(shown, SceneStatistics.of(shown))
            for member in asked:
                found[member.name].append(member.probability(images))
        partial = path.with_suffix(".partial.npz")
        maps: dict[str, Any] = {name: np.stack(of_member).astype(np.float16) for name, of_member in found.items()}
        np.savez(partial, **maps)
        partial.replace(path)
    with np.load(path) as stored:
        maps = {name: stored[name].astype(np.float32) for name in stored}
    whole = {name: map_ for name, map_ in maps.items() if not name.endswith(IN_TILES)}
    tiled = {name: maps.get(f"{name}{IN_TILES}", map_) for name, map_ in whole.items()}
    return Teacher(committee, whole, tiled, pairs)
