"""The teacher of a fold: a committee trained on its source events, and what its members say about other events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.floods.methods import TeacherWord
from benchmarks.floods.views import TEACHER_LAYERS, seen_cells
from strandline.distillation.pretraining.scenes.finished import FinishedParts
from strandline.distillation.pretraining.scenes.fit_stacking import FEW_LABELS, fit_stacking
from strandline.distillation.pretraining.scenes.samples import trained_cells
from strandline.distillation.pretraining.scenes.train_committee import CommitteeConfig, CommitteeTraining
from strandline.distillation.training.loop import Announce
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.scenes.committee import Committee, Stacking
from strandline.models.flood.scenes.members import NetworkMember
from strandline.models.flood.scenes.scene_statistics import SceneStatistics
from strandline.observations.arrays import Indices, SingleFloats
from strandline.observations.flood_scenes.scene import WET, LabelledScene

ALL = "radar+optical"


@dataclass(frozen=True, eq=False)
class Teacher:
    """A committee, and what each of its members says about the chips of one event.

    Attributes:
        said: member → (N, H, W) probability, of every chip of the event in order.
    """

    committee: Committee
    said: Mapping[str, SingleFloats]

    @property
    def stacking(self) -> Stacking:
        """Fitted to other events."""
        return self.committee.stackings[ALL]

    def word(self, chips: slice, stacking: Stacking | None = None) -> TeacherWord:
        """What the committee says about some of the chips.

        Args:
            stacking: ``None`` = that of other events.
        """
        stacking = stacking or self.stacking
        joined = stacking.join({name: said[chips] for name, said in self.said.items()})
        probability = np.nan_to_num(joined, nan=0.5).astype(np.float32)
        return TeacherWord(probability, stacking.threshold, self.guide)

    @property
    def guide(self) -> DenseTransformer:
        """The transformer on all streams."""
        (found,) = (
            one.network
            for one in self.committee.members
            if one.name == "transformer_all" and isinstance(one, NetworkMember)
        )
        assert isinstance(found, DenseTransformer)
        return found

    def adapted(self, scenes: Sequence[LabelledScene], labelled: Indices, strength: float = FEW_LABELS) -> Stacking:
        """Weights and threshold shrunk from the labels of a few chips to those of other events."""
        said, wet = [], []
        for place in labelled:
            one = scenes[place]
            known = seen_cells(one) & trained_cells(one)
            answers = {name: self.said[name][place][known] for name in self.stacking.weights}
            heard = np.isfinite(list(answers.values())).all(axis=0)
            if heard.any():
                said.append({name: values[heard] for name, values in answers.items()})
                wet.append((one.label[known] == WET)[heard])
        return fit_stacking(said, wet, self.stacking, strength)


def train_committee(scenes: Sequence[LabelledScene], steps: int, folder: Path, announce: Announce) -> Committee:
    """The committee of some source events, or what is finished of it in ``folder``."""
    bare = [replace(one, scene=one.scene.without("points")) for one in scenes]
    return CommitteeTraining(CommitteeConfig(steps), 0, FinishedParts(folder), announce).train(bare)


def hear(committee: Committee, scenes: Sequence[LabelledScene], path: Path) -> Teacher:
    """What the members say about every chip of an event, asked once and kept in half precision."""
    if not path.exists():
        found: dict[str, list[SingleFloats]] = {member.name: [] for member in committee.members}
        for one in scenes:
            shown = one.scene.without(*(name for name in one.scene.layers if name not in TEACHER_LAYERS))
            statistics = SceneStatistics.of(shown)
            for member in committee.members:
                found[member.name].append(member.probability(shown, statistics))
        partial = path.with_suffix(".partial.npz")
        maps: dict[str, Any] = {name: np.stack(of_member).astype(np.float16) for name, of_member in found.items()}
        np.savez(partial, **maps)
        partial.replace(path)
    with np.load(path) as stored:
        return Teacher(committee, {name: stored[name].astype(np.float32) for name in stored})
