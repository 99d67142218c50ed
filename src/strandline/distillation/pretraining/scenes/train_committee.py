"""Training of the committee: members on all labelled scenes, their weights on floods that members did not see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, Self, TypeVar

import numpy as np
from torch import Tensor

from strandline.distillation.pretraining.scenes.augmentation import Augmentation
from strandline.distillation.pretraining.scenes.finished import FinishedParts
from strandline.distillation.pretraining.scenes.fit_stacking import fit_stacking
from strandline.distillation.pretraining.scenes.fit_trees import CellTable, draw_cells
from strandline.distillation.pretraining.scenes.samples import Samples, samples_of
from strandline.distillation.pretraining.scenes.train import Source, TrainingConfig, train_network
from strandline.distillation.training.loop import Announce
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import OPTICAL_FEATURES, RADAR_FEATURES
from strandline.models.flood.scenes.committee import Committee
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.members import (
    Member,
    NetworkMember,
    PreparedScene,
    ThresholdMember,
    TreeMember,
    layers_seen,
)
from strandline.models.flood.scenes.networks import new_teacher
from strandline.models.flood.scenes.stacking import Stacking
from strandline.models.flood.scenes.streams import OPTICAL_STREAMS, RADAR_STREAMS
from strandline.observations.arrays import Mask, Reals
from strandline.observations.flood_scenes.scene import WET, LabelledScene, events_of

T = TypeVar("T")
STREAMS_OF = {"all": RADAR_STREAMS + OPTICAL_STREAMS, "radar": RADAR_STREAMS, "optical": OPTICAL_STREAMS}
"""Kind of member → streams of its transformer."""
FEATURES_OF = {"all": RADAR_FEATURES + OPTICAL_FEATURES, "radar": RADAR_FEATURES, "optical": OPTICAL_FEATURES}
"""Kind of member → features of its trees."""
LAYERS_OF = {
    "all": ("radar_after", "optical_after"),
    "radar": ("radar_after",),
    "optical": ("optical_after",),
}
"""Kind of member → layers that show the moment, of which it needs one."""
JOINED = {"radar+optical": ("all", "radar", "optical"), "radar": ("radar",), "optical": ("optical",)}
"""Sensors that show a cell → kinds of members that are joined there."""


@dataclass(frozen=True)
class CommitteeConfig:
    """Size of the committee and length of its training.

    Attributes:
        steps: of each transformer; ``inner_share``: of these, for those that are trained on half of the floods to fit
            the weights.
        width, depth, skip: of the transformers.
        cells: per scene, that trees and weights are fitted to.
    """

    steps: int = 1500
    inner_share: float = 0.5
    width: int = 48
    depth: int = 4
    skip: int = 16
    cells: int = 200
    batch: int = 8
    learning_rate: float = 3e-3
    augmentation: Augmentation = field(default_factory=Augmentation)

    def continued(self) -> Self:
        """For transformers that are trained further: smaller steps."""
        return replace(self, learning_rate=self.learning_rate / 2)


@dataclass(frozen=True)
class CommitteeTraining:
    """Trains a committee on labelled scenes of one size.

    The floods are split in two; members trained on one half are heard on the other, and these predictions decide the
    weights. Every member is then trained on all floods.

    Attributes:
        parts: keeps what is finished.
        start: committee whose transformers are trained further, which must not have seen these scenes; ``None`` = from
            random weights.
    """

    config: CommitteeConfig
    seed: int
    parts: FinishedParts
    announce: Announce
    start: Committee | None = None

    def train(self, scenes: Sequence[LabelledScene]) -> Committee:
        """The committee of these scenes."""
        members = self.train_members(scenes, self.config.steps, "")
        return Committee(tuple(members), self.fit_on_other_floods(scenes))

    def fit_on_other_floods(self, scenes: Sequence[LabelledScene]) -> dict[str, Stacking]:
        """How the members are joined, by their predictions on floods that they were not trained on."""
        events = events_of(scenes)
        halves = split_events({event: len(found) for event, found in events.items()})
        predicted: list[Mapping[str, Reals]] = []
        labels: list[Mask] = []
        for number, half in enumerate(halves):
            others = [one for event, found in events.items() if event not in half for one in found]
            steps = max(1, round(self.config.inner_share * self.config.steps))
            members = self.train_members(others, steps, f"half-{number}-")
            for event in half:
                self.announce(f"hear the members on {event}")
                probability, wet = predict_cells(members, events[event], self.config.cells, self.seed)
                predicted.append(probability)
                labels.append(wet)
        return fit_stackings(predicted, labels)

    def train_members(self, scenes: Sequence[LabelledScene], steps: int, prefix: str) -> list[Member]:
        """Transformers, trees and thresholds, as far as the scenes have their streams."""
        kinds = [
            kind for kind, layers in LAYERS_OF.items() if any(layers_seen(one.scene, layers).any() for one in scenes)
        ]
        samples = _Lazy(lambda: samples_of(scenes))
        cells = _Lazy(lambda: CellTable.of(scenes, self.config.cells, self.seed))
        members: list[Member] = []
        for kind in kinds:
            members.append(self._train_transformer(kind, samples, steps, prefix))
            members.append(self._fit_trees(kind, cells, prefix))
        return [*members, ThresholdMember("thresholds_radar", "radar")]

    def _train_transformer(self, kind: str, samples: "_Lazy[Samples]", steps: int, prefix: str) -> NetworkMember:
        config, streams = self.config, STREAMS_OF[kind]
        progress = self.announce(f"train the {kind} transformer")

        def train(blank: DenseTransformer) -> DenseTransformer:
            source = Source(samples.value.only(streams), config.batch)
            return train_network(
                blank, [source], TrainingConfig(steps, config.learning_rate, config.augmentation), self.seed, progress
            )

        blank = new_teacher(streams, self.seed, width=config.width, depth=config.depth, skip=config.skip)
        blank.load_state_dict(self._start_of(f"transformer_{kind}") or blank.state_dict())
        network = self.parts.network(f"{prefix}transformer-{kind}", blank, train)
        return NetworkMember(f"transformer_{kind}", network, streams)

    def _start_of(self, name: str) -> Mapping[str, Tensor] | None:
        """Weights of the transformer of that name in ``start``."""
        members = () if self.start is None else self.start.members
        found = (one.network for one in members if isinstance(one, NetworkMember) and one.name == name)
        return next((network.state_dict() for network in found), None)

    def _fit_trees(self, kind: str, cells: "_Lazy[CellTable]", prefix: str) -> TreeMember:
        self.announce(f"fit the {kind} trees")
        tensors = self.parts.tensors(
            f"{prefix}trees-{kind}", lambda: cells.value.fit(FEATURES_OF[kind], self.seed).tensors("")
        )
        return TreeMember(f"trees_{kind}", BoostedTrees.of_tensors(tensors, ""), LAYERS_OF[kind])


class _Lazy(Generic[T]):
    """A value that is made when it is first needed."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make

    @cached_property
    def value(self) -> T:
        """The value."""
        return self._make()


def fit_stackings(predicted: Sequence[Mapping[str, Reals]], labels: Sequence[Mask]) -> dict[str, Stacking]:
    """One stacking for each set of sensors that the members answer to, from predictions on some floods.

    Args:
        predicted: of each flood, member → (N,), NaN = the member did not answer; ``labels``: of each flood (N,) wet.
    """
    found = {}
    members = dict.fromkeys(name for of_flood in predicted for name in of_flood)
    for sensors, kinds in JOINED.items():
        names = [name for name in members if name.rsplit("_", 1)[-1] in kinds]
        heard: list[tuple[dict[str, Reals], Mask]] = []
        for of_flood, wet in zip(predicted, labels, strict=True):
            if not names or not of_flood.keys() >= set(names):  # one of the members found no scene to learn from
                continue
            known = np.isfinite([of_flood[name] for name in names]).all(axis=0)
            if known.any():
                heard.append(({name: of_flood[name][known] for name in names}, wet[known]))
        if heard:
            found[sensors] = fit_stacking([each for each, _ in heard], [wet for _, wet in heard])
    return found


def predict_cells(
    members: Sequence[Member], scenes: Sequence[LabelledScene], count: int, seed: int
) -> tuple[dict[str, Reals], Mask]:
    """Probability of each member (N,) at random labelled cells of one flood, and whether they are wet (N,)."""
    found: dict[str, list[Reals]] = {member.name: [] for member in members}
    wet = []
    for one in scenes:
        places = draw_cells(one, count, seed)
        images = PreparedScene(one.scene, SceneStatistics.of(one.scene))
        for member in members:
            found[member.name].append(member.probability(images).ravel()[places])
        wet.append(one.label.ravel()[places] == WET)
    return {name: np.concatenate(values) for name, values in found.items()}, np.concatenate(wet)


def split_events(sizes: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Two halves of the events with similar numbers of scenes: by size, in turn, the turns reversed each time."""
    halves: tuple[list[str], list[str]] = ([], [])
    for number, event in enumerate(sorted(sizes, key=lambda name: (-sizes[name], name))):
        halves[(0, 1, 1, 0)[number % 4]].append(event)
    return halves
