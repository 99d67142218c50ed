"""Every method on every event, setting, label fraction and seed; interrupted work goes on where it stopped."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from queue import Queue
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from scipy import ndimage

from benchmarks.floods import methods
from benchmarks.floods.chips import NO_RADAR, Bytes, Event, concatenated
from benchmarks.floods.learning import Source, ask
from benchmarks.floods.methods import ABLATIONS, Budget, DistillationConfig, Learned, School, Task, Words
from benchmarks.floods.scoring import score
from benchmarks.floods.views import SETTINGS, Setting, Views, draw_views, student_inputs, teachers_view
from benchmarks.record import Value
from strandline.distillation.losses import flood_probability
from strandline.observations.arrays import Floats

Row = dict[str, Value]
Network = TypeVar("Network", bound=torch.nn.Module)
LEAST_CHIPS = 25
"""An event with fewer chips teaches and is not tested on."""
TRAINING_SHARE = 0.6
"""First part of an event, by number: pairs to learn from; the rest is the test."""


@dataclass(frozen=True)
class Plan:
    """What is to be run.

    Attributes:
        settings: names; ``fractions``: of the masks of the training pairs, at least one chip.
        seeds: draws of labels, cloud and points; ``control_seeds``: those of them on which the settings run that are
            no headline, and, at ``control_fraction``, controls and switched-off terms.
        folds: into which the events of the source are parted when they are tested on themselves.
    """

    settings: tuple[str, ...]
    fractions: tuple[float, ...]
    seeds: int
    control_seeds: int
    control_fraction: float
    folds: int
    budget: Budget
    recipe: DistillationConfig


@dataclass(frozen=True)
class Fold:
    """Events to learn from, and others to be tested on."""

    name: str
    source: tuple[Event, ...]
    target: tuple[Event, ...]


def part(source: Sequence[Event], target: Sequence[Event] | None, folds: int) -> list[Fold]:
    """One fold with all the source where there are targets, else each large event is left out once.

    Large events go to the folds in the order of their size, back and forth, so that no fold loses most of the chips.
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


class Work:
    """The folder in which networks and rows wait for the rest of the run.

    Args:
        folder: made when it is not there.
        plan, data: what decides networks and rows, with the digests of the data; those of another are not read.
    """

    def __init__(self, folder: Path, plan: Plan, data: Mapping[str, str]) -> None:
        steps = plan.budget
        decides_networks: dict[str, object] = {"data": dict(data), "folds": plan.folds}
        decides_networks["steps"] = [steps.teaching, steps.raising]
        decides_networks["settings"] = [asdict(setting) for setting in SETTINGS.values()]
        decides_rows = {**decides_networks, "steps": asdict(steps), "config": asdict(plan.recipe)}
        decides_rows |= {"fractions": plan.fractions, "controls": [plan.control_seeds, plan.control_fraction]}
        self.networks, self.scores = (
            folder / f"networks-{_key(decides_networks)}",
            folder / f"rows-{_key(decides_rows)}",
        )
        for place in (self.networks, self.scores):
            place.mkdir(parents=True, exist_ok=True)

    def network(self, name: str, blank: Network, make: Callable[[], Network]) -> Network:
        """The network of that name, made once."""
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
        """The rows of that name, made once."""
        path = self.scores / f"{name}.json"
        if not path.exists():
            unfinished = path.with_suffix(".partial")
            unfinished.write_text(json.dumps(make()))
            unfinished.replace(path)
        rows: list[Row] = json.loads(path.read_text())
        return rows


def run_fold(fold: Fold, plan: Plan, work: Work, progress: Callable[[str], None]) -> Iterator[list[Row]]:
    """All rows of a fold, one list an event, seed and setting."""
    schools = {setting.name: school for setting, school in schools_of(fold, plan, work, progress)}
    for event in fold.target:
        for seed in range(plan.seeds):
            teachers = Teachers(event, next(iter(schools.values())), seed, plan.budget)
            for setting in _settings(plan, seed):
                progress(f"{fold.name}: {event.name}, {setting.name}, seed {seed}")
                exam = CoastPredictions(event, schools[setting.name], setting, teachers, seed, plan)
                yield work.rows(f"{event.name}-{setting.name}-{seed}", exam.run)


def run_in_process(fold: Fold, plan: Plan, work: Work, threads: int, told: "Queue[str | None]") -> list[Row]:
    """All rows of a fold in a process of its own; each stage is told by name, each list of rows by ``None``."""
    torch.set_num_threads(threads)
    rows: list[Row] = []
    for found in run_fold(fold, plan, work, told.put):
        rows += found
        told.put(None)
    return rows


def schools_of(fold: Fold, plan: Plan, work: Work, progress: Callable[[str], None]) -> Iterator[tuple[Setting, School]]:
    """The fold's teacher with a student for each setting."""
    chips, steps = concatenated([event.chips for event in fold.source]), plan.budget
    chances = methods.event_chances([len(event.chips) for event in fold.source])
    views = draw_views(chips, 0.3, np.random.default_rng(0))
    for_teacher = Source(views, teachers_view(views), 8, chances=chances)
    progress(f"{fold.name}: the teacher learns on {len(chips)} chips of {len(fold.source)} events")
    teacher = work.network(
        f"{fold.name}-teacher", methods.new_teacher(0), lambda: methods.teach(for_teacher, steps.teaching, 0)
    )
    twice = chips[np.tile(np.arange(len(chips)), 2)]
    few = np.random.default_rng(0).choice(len(chips), min(methods.FEW, len(chips)), replace=False)
    for setting in _settings(plan, 0):
        views = draw_views(twice, np.repeat(setting.clouds, len(chips)), np.random.default_rng(0))
        source = Source(views, student_inputs(views, setting), 6, chances=chances.repeat(2))
        progress(f"{fold.name}: a student of many events is raised for {setting.name}")
        student = work.network(
            f"{fold.name}-student-{setting.name}",
            methods.new_student(0),
            partial(methods.pretrain_student, source, setting, steps.raising, 0),
        )
        yield setting, School(for_teacher, source, teacher, student, views[few])


def stages(fold: Fold, plan: Plan) -> int:
    """How many lists of rows a fold gives."""
    return len(fold.target) * sum(len(_settings(plan, seed)) for seed in range(plan.seeds))


def _settings(plan: Plan, seed: int) -> list[Setting]:
    """Those of the plan that this seed runs."""
    chosen = [SETTINGS[name] for name in plan.settings]
    return [setting for setting in chosen if setting.headline or seed < plan.control_seeds]


def draw_labels(event: Event, seed: int) -> npt.NDArray[np.int64]:
    """Order in which the training pairs of an event are labelled; a larger fraction holds the smaller ones."""
    count = int(TRAINING_SHARE * len(event.chips))
    return np.random.default_rng([seed, int(event.chips.ids[0])]).permutation(count)


class Teachers:
    """The teacher fine-tuned on the labels of an event, and all teachers' words: the same in every setting."""

    def __init__(self, event: Event, school: School, seed: int, budget: Budget) -> None:
        self._views = draw_views(event.chips, 0.0, np.random.default_rng(seed))
        self._order, self._school, self._seed, self._budget = draw_labels(event, seed), school, seed, budget
        self._adapted: dict[int, tuple[Learned, Words]] = {}

    def adapted(self, count: int) -> tuple[Learned, Words]:
        """With ``count`` labelled pairs."""
        if count not in self._adapted:
            pairs = self._views[: self._order.size]
            task = Task(pairs, self._order[:count], SETTINGS["archive"], self._seed, self._budget)
            learned = methods.adapt_teacher(self._school, task)
            words = (ask(network, pairs, teachers_view) for network in (self._school.teacher, learned.network))
            self._adapted[count] = (learned, Words(*words))
        return self._adapted[count]


class CoastPredictions:
    """Every method on one event in one setting, under one draw of labels, cloud and points."""

    def __init__(
        self, event: Event, school: School, setting: Setting, teachers: Teachers, seed: int, plan: Plan
    ) -> None:
        self._order, self._event = draw_labels(event, seed), event
        views = self._views(seed, setting)
        self._pairs, self._test = views[: self._order.size], views[self._order.size :]
        self._given: Row = {"setting": setting.name, "event": event.name, "seed": seed, "n_chips": len(self._test)}
        self._school, self._setting, self._teachers, self._seed, self._plan = school, setting, teachers, seed, plan
        self._rows: list[Row] = []

    def _views(self, seed: int, setting: Setting) -> Views:
        """All chips of the event; settings differ in how much the same clouds cover."""
        return draw_views(
            self._event.chips, setting.cloud, np.random.default_rng([seed, int(self._event.chips.ids[0]), 1])
        )

    def run(self) -> list[Row]:
        """The rows; a fraction that gives as many chips as another shares its learners."""
        teacher, blank = methods.unadapted_teacher(self._school), self._test.chips.mask.shape
        self._add("teacher", 0.0, self._seen_by(teacher), teacher.threshold(self._setting))
        self._add_student("pretrained", 0.0, methods.pretrained(self._school))
        self._add("all_wet", 0.0, np.ones(blank, dtype=np.float32), 0.5)
        self._add("otsu", 0.0, np.stack([_otsu(chip) for chip in self._test.chips.s1_after]), 0.5)
        learned: dict[int, list[float]] = {}
        for fraction in self._plan.fractions:
            learned.setdefault(max(1, round(fraction * self._order.size)), []).append(fraction)
        for count, fractions in learned.items():
            task = Task(self._pairs, self._order[:count], self._setting, self._seed, self._plan.budget)
            if 1.0 in fractions:
                longer = replace(task.budget, adapting=task.budget.from_scratch)  # few steps would be a low ceiling
                self._add_student("full_labels", 1.0, methods.finetuned(self._school, replace(task, budget=longer)))
            few = [fraction for fraction in fractions if fraction < 1.0]
            if few:
                first = len(self._rows)
                self._learn(task, few[0])
                again = [{**row, "label_fraction": other} for other in few[1:] for row in self._rows[first:]]
                self._rows += again
            controlled = self._seed < self._plan.control_seeds and self._setting.headline
            if self._plan.control_fraction in few and controlled:
                self._control(task)
        return self._rows

    def _learn(self, task: Task, fraction: float) -> None:
        """The learners that every label fraction has."""
        adapted, words = self._teachers.adapted(task.labelled.size)
        self._add("teacher_adapted", fraction, self._seen_by(adapted), adapted.threshold(self._setting))
        baseline = methods.finetuned(self._school, task)
        self._add_student("pretrained_finetuned", fraction, baseline)
        self._add_student("labels_only", fraction, methods.labels_only(task))
        self._add_student("self_training", fraction, methods.self_training(self._school, task, baseline))
        self._distil("distilled", task, fraction, words, self._plan.recipe)

    def _control(self, task: Task) -> None:
        """One term switched off or on at a time, and teachers that know nothing."""
        fraction, (_, words) = self._plan.control_fraction, self._teachers.adapted(task.labelled.size)
        for name, recipe in ABLATIONS.items():
            self._distil(name, task, fraction, words, recipe)
        order = torch.from_numpy(np.random.default_rng(self._seed).permutation(len(task.pairs)))
        self._distil("shuffled_teacher", task, fraction, methods.shuffled(words, order), self._plan.recipe)
        ignorant = ask(methods.new_teacher(1000 + task.seed), task.pairs, teachers_view)
        self._distil("random_teacher", task, fraction, Words(ignorant, None), self._plan.recipe)

    def _distil(self, name: str, task: Task, fraction: float, words: Words, recipe: DistillationConfig) -> None:
        learned, diagnosis = methods.distilled(self._school, task, words, recipe)
        self._add_student(name, fraction, learned, teacher_weight=diagnosis.weight)

    def _add(self, method: str, fraction: float, chance: Floats, threshold: float, **more: Value) -> None:
        head: Row = {**self._given, "label_fraction": fraction, "method": method, **more}
        self._rows.append({**head, **score(self._test, chance, threshold), "threshold": threshold})

    def _add_student(self, method: str, fraction: float, learned: Learned, **more: Value) -> None:
        def add(setting: Setting, test: Views, **streams: Value) -> None:
            chance = flood_probability(methods.say(learned.network, test, setting)).numpy()
            self._add(method, fraction, chance, learned.threshold(setting), **streams, **more)

        add(self._setting, self._test)
        if self._setting.name == "outage":
            for left in SETTINGS.values():
                if left is not self._setting:
                    add(left, self._views(self._seed, left)[self._order.size :], streams=left.name)

    def _seen_by(self, teacher: Learned) -> Floats:
        chance: Floats = flood_probability(ask(teacher.network, self._test, teachers_view).logits).numpy()
        return chance


def _otsu(chip: Bytes) -> Floats:
    """1 where the smoothed after-image is darker than Otsu's threshold (1979), which parts its histogram best."""
    smooth = ndimage.median_filter(chip, 3)
    counts = np.bincount(smooth[chip != NO_RADAR].ravel(), minlength=256).astype(float)
    below, levels = np.cumsum(counts), np.arange(256)
    moment = np.cumsum(counts * levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (moment[-1] * below / below[-1] - moment) ** 2 / (below * (below[-1] - below))
    threshold = int(np.argmax(np.where(np.isfinite(between), between, -1.0)))
    water: Floats = (smooth <= threshold).astype(np.float32)
    return water


def _key(decisive: Mapping[str, object]) -> str:
    """Sixteen digits that name what was decided."""
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
