"""Rows of the floods benchmark: every method on every event, setting, label fraction and seed."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from queue import Queue
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy import ndimage

from benchmarks.floods import methods
from benchmarks.floods.chips import NO_RADAR, Event, concatenate_chips
from benchmarks.floods.methods import (
    ABLATIONS,
    Budget,
    DistillationConfig,
    EventTask,
    SourceNetworks,
    TeacherPredictions,
    TrainedNetwork,
)
from benchmarks.floods.scoring import score
from benchmarks.floods.training import Source, predict
from benchmarks.floods.views import SETTINGS, Setting, Views, draw_views, student_inputs, teacher_inputs
from benchmarks.record import Row, Value, finished_rows
from strandline.distillation.losses import flood_probability
from strandline.observations.arrays import Bytes, Indices, SingleFloats

Network = TypeVar("Network", bound=torch.nn.Module)
LEAST_CHIPS = 25
"""Events with fewer chips are used in training only."""
TRAINING_SHARE = 0.6
"""First part of an event, by chip number: training pairs; the rest is the test."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        settings: names; ``fractions``: of the masks of the training pairs, at least one chip.
        seeds: draws of labels, clouds and points; ``control_seeds``: those of them for the settings that are no
            headline, and, at ``control_fraction``, for controls and ablations.
        folds: of the source events, where there is no target.
        budget: optimiser steps; ``config``: of the distillation.
    """

    settings: tuple[str, ...]
    fractions: tuple[float, ...]
    seeds: int
    control_seeds: int
    control_fraction: float
    folds: int
    budget: Budget
    config: DistillationConfig


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
        Fold(f"fold {number}", tuple(event for event in source if event not in tested), tuple(tested))
        for number, tested in enumerate(parts)
        if tested
    ]


class ResultCache:
    """Folder with finished networks and rows, so that an interrupted run continues.

    Args:
        folder: created if missing.
        plan, data: plan and digests of the data; results of another plan or other data are not read.
    """

    def __init__(self, folder: Path, plan: Plan, data: Mapping[str, str]) -> None:
        steps = plan.budget
        network_key: dict[str, object] = {"data": dict(data), "folds": plan.folds}
        network_key["steps"] = [steps.teacher_steps, steps.student_steps]
        network_key["settings"] = [asdict(setting) for setting in SETTINGS.values()]
        row_key = {**network_key, "steps": asdict(steps), "config": asdict(plan.config)}
        row_key |= {"fractions": plan.fractions, "controls": [plan.control_seeds, plan.control_fraction]}
        self.networks, self.scores = (
            folder / f"networks-{_digest(network_key)}",
            folder / f"rows-{_digest(row_key)}",
        )
        for folder_of_kind in (self.networks, self.scores):
            folder_of_kind.mkdir(parents=True, exist_ok=True)

    def network(self, name: str, blank: Network, make: Callable[[], Network]) -> Network:
        """The network of that name, trained once."""
        path = self.networks / f"{name}.safetensors"
        if path.exists():
            blank.load_state_dict(load_file(path))
            blank.eval()
            return blank
        network = make()
        unfinished = path.with_suffix(".partial")
        save_file({key: value.contiguous() for key, value in network.state_dict().items()}, unfinished)
        unfinished.replace(path)
        return network

    def rows(self, name: str, make: Callable[[], list[Row]]) -> list[Row]:
        """The rows of that name, computed once."""
        return finished_rows(self.scores / f"{name}.json", make)


def run_fold(fold: Fold, plan: Plan, cache: ResultCache, progress: Callable[[str], None]) -> Iterator[list[Row]]:
    """All rows of a fold, one list per event, seed and setting."""
    networks_by_setting = {
        setting.name: networks for setting, networks in train_source_networks(fold, plan, cache, progress)
    }
    for event in fold.target:
        for seed in range(plan.seeds):
            teachers = AdaptedTeachers(event, next(iter(networks_by_setting.values())), seed, plan.budget)
            for setting in _settings(plan, seed):
                progress(f"{fold.name}: {event.name}, {setting.name}, seed {seed}")
                event_run = EventRun(event, networks_by_setting[setting.name], setting, teachers, seed, plan)
                yield cache.rows(f"{event.name}-{setting.name}-{seed}", event_run.run)


def run_fold_in_process(
    fold: Fold, plan: Plan, cache: ResultCache, threads: int, messages: "Queue[str | None]"
) -> list[Row]:
    """All rows of a fold in its own process; ``messages`` gets the name of each stage, and ``None`` after its rows."""
    torch.set_num_threads(threads)
    rows: list[Row] = []
    for found in run_fold(fold, plan, cache, messages.put):
        rows += found
        messages.put(None)
    return rows


def train_source_networks(
    fold: Fold, plan: Plan, cache: ResultCache, progress: Callable[[str], None]
) -> Iterator[tuple[Setting, SourceNetworks]]:
    """Train the teacher of a fold and its student of each setting, or read them from the cache."""
    chips, steps = concatenate_chips([event.chips for event in fold.source]), plan.budget
    sampling_weights = methods.sampling_weights([len(event.chips) for event in fold.source])
    views = draw_views(chips, 0.3, np.random.default_rng(0))
    for_teacher = Source(views, teacher_inputs(views), 8, sampling_weights=sampling_weights)
    progress(f"{fold.name}: training the teacher on {len(chips)} chips of {len(fold.source)} events")
    teacher = cache.network(
        f"{fold.name}-teacher",
        methods.new_teacher(0),
        lambda: methods.train_teacher(for_teacher, steps.teacher_steps, 0),
    )
    repeated = chips[np.tile(np.arange(len(chips)), 2)]
    few = np.random.default_rng(0).choice(len(chips), min(methods.THRESHOLD_CHIPS, len(chips)), replace=False)
    for setting in _settings(plan, 0):
        views = draw_views(repeated, np.repeat(setting.clouds, len(chips)), np.random.default_rng(0))
        source = Source(views, student_inputs(views, setting), 6, sampling_weights=sampling_weights.repeat(2))
        progress(f"{fold.name}: pre-training the student of {setting.name}")
        student = cache.network(
            f"{fold.name}-student-{setting.name}",
            methods.new_student(0),
            partial(methods.pretrain_student, source, setting, steps.student_steps, 0),
        )
        yield setting, SourceNetworks(for_teacher, source, teacher, student, views[few])


def count_row_lists(fold: Fold, plan: Plan) -> int:
    """Number of lists of rows of a fold."""
    return len(fold.target) * sum(len(_settings(plan, seed)) for seed in range(plan.seeds))


def _settings(plan: Plan, seed: int) -> list[Setting]:
    """Settings that this seed runs."""
    chosen = [SETTINGS[name] for name in plan.settings]
    return [setting for setting in chosen if setting.headline or seed < plan.control_seeds]


def draw_labels(event: Event, seed: int) -> Indices:
    """Random order in which training pairs are labelled, so that larger fractions contain smaller ones."""
    count = int(TRAINING_SHARE * len(event.chips))
    return np.random.default_rng([seed, int(event.chips.ids[0])]).permutation(count)


class AdaptedTeachers:
    """The teacher fine-tuned on labels of an event, and predictions of both teachers, shared by all settings."""

    def __init__(self, event: Event, networks: SourceNetworks, seed: int, budget: Budget) -> None:
        self._views = draw_views(event.chips, 0.0, np.random.default_rng(seed))
        self._order, self._networks, self._seed, self._budget = draw_labels(event, seed), networks, seed, budget
        self._adapted: dict[int, tuple[TrainedNetwork, TeacherPredictions]] = {}

    def adapted(self, count: int) -> tuple[TrainedNetwork, TeacherPredictions]:
        """The teacher adapted to ``count`` labelled pairs, and the predictions of both."""
        if count not in self._adapted:
            pairs = self._views[: self._order.size]
            task = EventTask(pairs, self._order[:count], SETTINGS["archive"], self._seed, self._budget)
            trained = methods.adapt_teacher(self._networks, task)
            predictions = (
                predict(network, pairs, teacher_inputs) for network in (self._networks.teacher, trained.network)
            )
            self._adapted[count] = (trained, TeacherPredictions(*predictions))
        return self._adapted[count]


class EventRun:
    """Every method on one event in one setting, under one draw of labels, clouds and points."""

    def __init__(
        self, event: Event, networks: SourceNetworks, setting: Setting, teachers: AdaptedTeachers, seed: int, plan: Plan
    ) -> None:
        self._order, self._event = draw_labels(event, seed), event
        views = self._views(seed, setting)
        self._pairs, self._test = views[: self._order.size], views[self._order.size :]
        self._head: Row = {"setting": setting.name, "event": event.name, "seed": seed, "n_chips": len(self._test)}
        self._networks, self._setting, self._teachers, self._seed, self._plan = networks, setting, teachers, seed, plan
        self._rows: list[Row] = []

    def _views(self, seed: int, setting: Setting) -> Views:
        """All chips of the event; settings use the same clouds with different cover."""
        return draw_views(
            self._event.chips, setting.cloud, np.random.default_rng([seed, int(self._event.chips.ids[0]), 1])
        )

    def run(self) -> list[Row]:
        """The rows; fractions with equal numbers of labelled chips share their networks."""
        teacher, blank = methods.source_teacher(self._networks), self._test.chips.mask.shape
        self._add("teacher", 0.0, self._teacher_probability(teacher), teacher.threshold(self._setting))
        self._add_student("pretrained", 0.0, methods.pretrained(self._networks))
        self._add("all_wet", 0.0, np.ones(blank, dtype=np.float32), 0.5)
        self._add("otsu", 0.0, np.stack([_otsu(chip) for chip in self._test.chips.s1_after]), 0.5)
        trained: dict[int, list[float]] = {}
        for fraction in self._plan.fractions:
            trained.setdefault(max(1, round(fraction * self._order.size)), []).append(fraction)
        for count, fractions in trained.items():
            task = EventTask(self._pairs, self._order[:count], self._setting, self._seed, self._plan.budget)
            if 1.0 in fractions:
                longer = replace(task.budget, adaptation_steps=task.budget.scratch_steps)
                self._add_student("full_labels", 1.0, methods.fine_tuned(self._networks, replace(task, budget=longer)))
            few = [fraction for fraction in fractions if fraction < 1.0]
            if few:
                first = len(self._rows)
                self._add_trained(task, few[0])
                same_count = [{**row, "label_fraction": other} for other in few[1:] for row in self._rows[first:]]
                self._rows += same_count
            controlled = self._seed < self._plan.control_seeds and self._setting.headline
            if self._plan.control_fraction in few and controlled:
                self._add_controls(task)
        return self._rows

    def _add_trained(self, task: EventTask, fraction: float) -> None:
        """Add the methods of every label fraction."""
        adapted, predictions = self._teachers.adapted(task.labelled.size)
        self._add("teacher_adapted", fraction, self._teacher_probability(adapted), adapted.threshold(self._setting))
        baseline = methods.fine_tuned(self._networks, task)
        self._add_student("pretrained_finetuned", fraction, baseline)
        self._add_student("labels_only", fraction, methods.labels_only(task))
        self._add_student("self_training", fraction, methods.self_training(self._networks, task, baseline))
        self._add_distilled("distilled", task, fraction, predictions, self._plan.config)

    def _add_controls(self, task: EventTask) -> None:
        """Add the ablations, and distillation from a shuffled and from a random teacher."""
        fraction, (_, predictions) = self._plan.control_fraction, self._teachers.adapted(task.labelled.size)
        for name, config in ABLATIONS.items():
            self._add_distilled(name, task, fraction, predictions, config)
        order = torch.from_numpy(np.random.default_rng(self._seed).permutation(len(task.pairs)))
        self._add_distilled("shuffled_teacher", task, fraction, methods.shuffle(predictions, order), self._plan.config)
        untrained = predict(methods.new_teacher(1000 + task.seed), task.pairs, teacher_inputs)
        self._add_distilled("random_teacher", task, fraction, TeacherPredictions(untrained, None), self._plan.config)

    def _add_distilled(
        self, name: str, task: EventTask, fraction: float, predictions: TeacherPredictions, config: DistillationConfig
    ) -> None:
        trained, teacher_weight = methods.distilled(self._networks, task, predictions, config)
        self._add_student(name, fraction, trained, teacher_weight=teacher_weight.weight)

    def _add(self, method: str, fraction: float, probability: SingleFloats, threshold: float, **more: Value) -> None:
        head: Row = {**self._head, "label_fraction": fraction, "method": method, **more}
        self._rows.append({**head, **score(self._test, probability, threshold), "threshold": threshold})

    def _add_student(self, method: str, fraction: float, trained: TrainedNetwork, **more: Value) -> None:
        def add(setting: Setting, test: Views, **streams: Value) -> None:
            probability = flood_probability(methods.logits_of(trained.network, test, setting)).numpy()
            self._add(method, fraction, probability, trained.threshold(setting), **streams, **more)

        add(self._setting, self._test)
        if self._setting.name == "outage":
            for other in SETTINGS.values():
                if other is not self._setting:
                    add(other, self._views(self._seed, other)[self._order.size :], streams=other.name)

    def _teacher_probability(self, teacher: TrainedNetwork) -> SingleFloats:
        probability: SingleFloats = flood_probability(
            predict(teacher.network, self._test, teacher_inputs).logits
        ).numpy()
        return probability


def _otsu(chip: Bytes) -> SingleFloats:
    """1 where the smoothed after-image is darker than the threshold of Otsu (1979)."""
    smooth = ndimage.median_filter(chip, 3)
    counts = np.bincount(smooth[chip != NO_RADAR].ravel(), minlength=256).astype(float)
    below, levels = np.cumsum(counts), np.arange(256)
    moment = np.cumsum(counts * levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (moment[-1] * below / below[-1] - moment) ** 2 / (below * (below[-1] - below))
    threshold = int(np.argmax(np.where(np.isfinite(between), between, -1.0)))
    water: SingleFloats = (smooth <= threshold).astype(np.float32)
    return water


def _digest(decisive: Mapping[str, object]) -> str:
    """Sixteen digits that identify settings."""
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
