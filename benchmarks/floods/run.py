"""Rows of the floods benchmark: every method on every event, setting, label fraction and seed."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from queue import Queue

import numpy as np
import torch

from benchmarks.accounting import labelled_counts
from benchmarks.floods import methods
from benchmarks.floods.baselines import trees
from benchmarks.floods.baselines.trees import SourceTrees
from benchmarks.floods.baselines.unet import UNet
from benchmarks.floods.committee import Teacher, hear, train_committee
from benchmarks.floods.event_run import ABLATIONS, EventRun
from benchmarks.floods.events import Event
from benchmarks.floods.methods import Budget, NetworkT, SourceNetworks
from benchmarks.floods.views import SETTINGS, Setting, Views, draw_views
from benchmarks.floods.zero_shot import is_zero_shot, zero_shot_rows
from benchmarks.record import Row, finished_rows
from strandline.distillation.adaptation.scene_student import SceneDistillation
from strandline.distillation.pretraining.scenes.finished import FinishedParts
from strandline.distillation.pretraining.scenes.fit_trees import CellTable
from strandline.distillation.pretraining.scenes.train_committee import CommitteeConfig
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import FEATURES
from strandline.models.flood.scenes.committee import Committee
from strandline.models.flood.scenes.members import NetworkMember
from strandline.models.flood.scenes.networks import new_student
from strandline.models.flood.scenes.stacking import Recalibration, Stacking
from strandline.models.flood.scenes.streams import RADAR_STREAMS, SCENE_STREAMS
from strandline.models.weights.load_scene_weights import CARD, load_committee
from strandline.models.weights.load_weights import SHIPPED, load_card
from strandline.observations.arrays import Indices

LEAST_CHIPS = 25
"""Events with fewer chips are used in training only."""
FOLDS = 4


def shortened(effort: float) -> tuple[int, Budget]:
    """Steps of each transformer of the committee, and the budget of the students, times a factor for a quick try."""
    budget = {name: max(1, round(steps * effort)) for name, steps in vars(Budget()).items()}
    return max(2, round(CommitteeConfig().steps * effort)), Budget(**budget)


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        settings: names; ``fractions``: of the training pairs that are labelled, at least one chip.
        seeds: draws of labels, clouds and points; all of them at ``control_fraction``.
        control_seeds: those of them for every other fraction, for the settings that are no headline, for ceilings and
            what ships, and, at ``control_fraction``, for controls and ablations.
        folds: of the source events, where there is no target.
        committee_steps: of each transformer; ``budget``: of students; ``config``: of the distillation.
    """

    settings: tuple[str, ...]
    fractions: tuple[float, ...]
    seeds: int
    control_seeds: int
    control_fraction: float
    folds: int
    committee_steps: int
    budget: Budget
    config: SceneDistillation


@dataclass(frozen=True)
class Fold:
    """Events for training, and other events for the test."""

    name: str
    source: tuple[Event, ...]
    target: tuple[Event, ...]


def split_folds(source: Sequence[Event], target: Sequence[Event] | None, folds: int) -> list[Fold]:
    """One fold with all source events where there is a target; else folds that leave out each large event once.

    Large events go to the folds by size, forwards and backwards in turn, so that folds lose similar numbers of chips.
    """
    if target is not None:
        return [Fold("all", tuple(source), tuple(target))]
    large = sorted((event for event in source if len(event.chips) >= LEAST_CHIPS), key=lambda e: -len(e.chips))
    turns = [*range(folds), *reversed(range(folds))]
    parts: list[list[Event]] = [[] for _ in range(folds)]
    for index, event in enumerate(large):
        parts[turns[index % len(turns)]].append(event)
    return [
        Fold(f"fold-{number}", tuple(event for event in source if event not in tested), tuple(tested))
        for number, tested in enumerate(parts)
        if tested
    ]


class Folders:
    """Where finished networks, members' maps and rows are kept, so that an interrupted run continues.

    Args:
        folder: created if missing.
        plan, data: plan and digests of the data; results of another plan or other data are not read.
    """

    def __init__(self, folder: Path, plan: Plan, data: Mapping[str, str]) -> None:
        shipped = load_card(SHIPPED, CARD)["sha256"]
        networks: dict[str, object] = {"data": dict(data), "folds": plan.folds, "committee": plan.committee_steps}
        networks |= {"start": shipped}
        students = {**networks, "steps": plan.budget.student_steps}
        rows = {**students, "budget": asdict(plan.budget), "config": repr(plan.config), "fractions": plan.fractions}
        rows |= {"controls": [plan.control_seeds, plan.control_fraction]}
        self.committees, self.students, self.rows = (
            folder / f"{kind}-{_digest(key)}"
            for kind, key in (("committees", networks), ("students", students), ("rows", rows))
        )
        for each in (self.committees, self.students, self.rows):
            each.mkdir(parents=True, exist_ok=True)


def run_fold_in_process(
    fold: Fold, plan: Plan, folders: Folders, threads: int, messages: "Queue[str | None]"
) -> list[Row]:
    """All rows of a fold in its own process; ``messages`` gets the name of each stage, and ``None`` after its rows."""
    torch.set_num_threads(threads)
    rows: list[Row] = []
    for found in run_fold(fold, plan, folders, messages.put):
        rows += found
        messages.put(None)
    return rows


def run_fold(fold: Fold, plan: Plan, folders: Folders, progress: Callable[[str], None]) -> Iterator[list[Row]]:
    """All rows of a fold, one list per event, seed and setting."""
    training = FoldTraining(fold, plan, folders, progress)
    for event in fold.target:
        if is_zero_shot(event):
            progress(f"{fold.name}: {event.name}, one image")

            def one_image(event: Event = event) -> list[Row]:
                return list(zero_shot_rows(event, training.on_radar()))

            yield finished_rows(folders.rows / f"{event.name}.json", one_image)
    targets = [event for event in fold.target if not is_zero_shot(event)]
    for setting in (SETTINGS[name] for name in plan.settings):
        seeds = range(plan.seeds if setting.headline else plan.control_seeds)
        for event in targets:
            for seed in seeds:
                progress(f"{fold.name}: {event.name}, {setting.name}, seed {seed}")

                def rows(event: Event = event, seed: int = seed, setting: Setting = setting) -> list[Row]:
                    return run_event(training, event, setting, seed)

                yield finished_rows(folders.rows / f"{event.name}-{setting.name}-{seed}.json", rows)


def run_event(training: "FoldTraining", event: Event, setting: Setting, seed: int) -> list[Row]:
    """The rows of one event in one setting under one draw."""
    plan = training.plan
    views = views_of(event, setting, seed)
    others = {
        other: views_of(event, other, seed)[event.pairs :]
        for other in SETTINGS.values()
        if setting.name == "outage" and other is not setting
    }
    controlled = seed < plan.control_seeds and setting.headline
    run = EventRun(
        event.name, views, event.pairs, setting, training.teacher(event), training.networks(setting),
        training.trees(setting), seed, plan.budget, plan.config, others,
        training.shipped if seed < plan.control_seeds else None,
    )  # fmt: skip
    counts = labelled_counts(plan.fractions, event.pairs, fewest=1)
    run.add_without_labels()
    headline = min(counts.values(), key=lambda count: abs(count - max(1, round(plan.control_fraction * event.pairs))))
    for fraction, count in counts.items():
        labelled = draw_labels(event, seed)[:count]
        if count != headline and seed >= plan.control_seeds:
            continue
        if count == event.pairs:
            run.add_ceiling(fraction)
        else:
            run.add_with_labels(labelled, fraction, ABLATIONS if controlled and count == headline else {})
    return run.rows


def count_row_lists(fold: Fold, plan: Plan) -> int:
    """Number of lists of rows of a fold."""
    seeds = (plan.seeds if SETTINGS[name].headline else plan.control_seeds for name in plan.settings)
    one_image = sum(is_zero_shot(event) for event in fold.target)
    return one_image + (len(fold.target) - one_image) * sum(seeds)


def views_of(event: Event, setting: Setting, seed: int) -> Views:
    """All chips of an event as a setting shows them, under one draw of clouds and points."""
    return draw_views(event.chips, setting.cloud, np.random.default_rng([seed, _number(event), 1]))


def draw_labels(event: Event, seed: int) -> Indices:
    """Random order in which training pairs are labelled, so that larger fractions contain smaller ones."""
    return np.random.default_rng([seed, _number(event)]).permutation(event.pairs)


class FoldTraining:
    """What is trained on the source events of a fold, when it is first needed."""

    def __init__(self, fold: Fold, plan: Plan, folders: Folders, progress: Callable[[str], None]) -> None:
        self._fold, self.plan, self._folders, self._progress = fold, plan, folders, progress
        self._chips = [chip for event in fold.source for chip in event.chips]
        self._networks: dict[str, SourceNetworks] = {}
        self._trees: dict[str, SourceTrees] = {}
        self._teachers: dict[str, Teacher] = {}

    @cached_property
    def shipped(self) -> Committee:
        """Of the package."""
        return load_committee()

    @cached_property
    def _committee_folder(self) -> Path:
        return self._folders.committees / self._fold.name

    @cached_property
    def committee(self) -> Committee:
        """Of the source events."""

        def announce(stage: str) -> None:
            self._progress(f"{self._fold.name}: {stage}")

        return train_committee(self._chips, self.plan.committee_steps, self._committee_folder, announce, self.shipped)

    def on_radar(self) -> dict[str, Committee]:
        """By method, all that maps radar alone: what ships, and where there are source events, what they trained."""
        found = {"shipped": self.shipped}
        if self._fold.source:
            student = NetworkMember("student", self.networks(SETTINGS["radar_only"]).student, RADAR_STREAMS)
            alone = Stacking({"student": Recalibration()})
            found |= {"committee": self.committee, "pretrained": Committee((student,), {"radar": alone})}
        return found

    def teacher(self, event: Event) -> Teacher:
        """The committee, and what it says about an event."""
        if event.name not in self._teachers:
            self._progress(f"{self._fold.name}: hear the committee on {event.name}")
            path = self._committee_folder / f"heard-{event.name}.npz"
            self._teachers[event.name] = hear(self.committee, event.chips, event.pairs, path)
        return self._teachers[event.name]

    def networks(self, setting: Setting) -> SourceNetworks:
        """Student and U-Net of a setting."""
        if setting.name not in self._networks:
            views = self._views(setting)
            samples = views.student_samples(setting)
            parts = FinishedParts(self._folders.students / self._fold.name)
            steps = self.plan.budget.student_steps
            self._progress(f"{self._fold.name}: pre-train the student of {setting.name}")

            def train(blank: NetworkT) -> NetworkT:
                return methods.pretrain(blank, samples, setting, steps, 0)

            student = parts.network(f"student-{setting.name}", new_student(0), train)

            def train_unet() -> UNet:
                with torch.random.fork_rng():
                    torch.manual_seed(0)
                    blank = UNet(SCENE_STREAMS).eval()
                self._progress(f"{self._fold.name}: pre-train the U-Net of {setting.name}")
                return parts.network(f"unet-{setting.name}", blank, train)

            few = np.random.default_rng(0).choice(len(views), min(methods.THRESHOLD_CHIPS, len(views)), replace=False)
            self._networks = {setting.name: SourceNetworks(student, train_unet, samples, views[few])}  # one at a time
        return self._networks[setting.name]

    def trees(self, setting: Setting) -> SourceTrees:
        """Boosted trees of a setting."""
        if setting.name not in self._trees:
            table = CellTable.of(self._views(setting).student_scenes(setting), trees.CELLS, 0)
            parts = FinishedParts(self._folders.students / self._fold.name)
            names = [name for name in FEATURES if table.has([name])]
            tensors = parts.tensors(f"trees-{setting.name}", lambda: table.fit(names, 0).tensors(""))
            self._trees = {setting.name: SourceTrees(table, BoostedTrees.of_tensors(tensors, ""))}
        return self._trees[setting.name]

    def _views(self, setting: Setting) -> Views:
        """The source chips, each under both cloud shares of the setting; once where it takes no optical image."""
        if "optical_after" not in setting.layers:
            return draw_views(self._chips, 0.0, np.random.default_rng(0))
        shares = np.repeat(setting.clouds, len(self._chips))
        return draw_views(self._chips * 2, shares.tolist(), np.random.default_rng(0))


def _number(event: Event) -> int:
    """A number that stands for the event in seeds."""
    return int.from_bytes(hashlib.sha256(event.name.encode()).digest()[:4], "big")


def _digest(decisive: Mapping[str, object]) -> str:
    """Sixteen digits that identify settings."""
    return hashlib.sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest()[:16]
