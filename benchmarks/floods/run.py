"""Every method on every event, setting, label fraction and seed; interrupted work goes on where it stopped."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy import ndimage

from benchmarks.floods import methods
from benchmarks.floods.chips import NO_RADAR, Bytes, Event, concatenated
from benchmarks.floods.learning import ask
from benchmarks.floods.methods import ABLATIONS, Budget, Learned, Recipe, School, Task, Words
from benchmarks.floods.scoring import Floats, score
from benchmarks.floods.views import SETTINGS, SPECIALISTS, Setting, Views, draw_views, students_view, teachers_view
from benchmarks.record import Value
from strandline.distillation.losses import flooded_chance

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
        seeds: draws of labels, cloud and points; ``control_seeds``: those of them on which the controls and the
            switched-off terms run, at ``control_fraction``.
        folds: into which the events of the source are parted when they are tested on themselves.
    """

    settings: tuple[str, ...]
    fractions: tuple[float, ...]
    seeds: int
    control_seeds: int
    control_fraction: float
    folds: int
    budget: Budget
    recipe: Recipe


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
        key: everything that decides a row; rows of another key are not read.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder / key
        self.folder.mkdir(parents=True, exist_ok=True)

    def network(self, name: str, blank: Network, make: Callable[[], Network]) -> Network:
        """The network of that name, made once."""
        path = self.folder / f"{name}.safetensors"
        if path.exists():
            blank.load_state_dict(load_file(path))
            blank.eval()
            return blank
        network = make()
        partial = path.with_suffix(".partial")
        save_file({key: value.contiguous() for key, value in network.state_dict().items()}, partial)
        partial.replace(path)
        return network

    def rows(self, name: str, make: Callable[[], list[Row]]) -> list[Row]:
        """The rows of that name, made once."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(make()))
            partial.replace(path)
        rows: list[Row] = json.loads(path.read_text())
        return rows


def run_fold(fold: Fold, plan: Plan, work: Work, progress: Callable[[str], None]) -> Iterator[list[Row]]:
    """All rows of a fold, one list an event, seed and setting."""
    chips = concatenated([event.chips for event in fold.source])
    chances = methods.event_chances([len(event.chips) for event in fold.source])
    few = np.random.default_rng(0).choice(len(chips), min(methods.FEW, len(chips)), replace=False)
    steps = plan.budget
    views = draw_views(chips, 0.3, np.random.default_rng(0))
    teachers = teachers_view(views)
    progress(f"{fold.name}: the teacher learns on {len(chips)} chips of {len(fold.source)} events")
    teacher = work.network(
        f"{fold.name}-teacher",
        methods.new_teacher(0),
        lambda: methods.teach(views, teachers, chances, steps.teaching, 0),
    )
    schools: dict[str, School] = {}
    for setting in _settings(plan):
        views = draw_views(chips, setting.cloud, np.random.default_rng(0))
        students = students_view(views, setting)
        progress(f"{fold.name}: a student of many events is raised for {setting.name}")
        student = work.network(
            f"{fold.name}-student-{setting.name}",
            methods.new_student(setting, 0),
            lambda v=views, s=students, k=setting: methods.raise_student(v, s, chances, k, steps.raising, 0),  # type: ignore[misc]
        )
        schools[setting.name] = School(views, chances, teachers, students, teacher, student, few)
    for event in fold.target:
        for seed in range(plan.seeds):
            for setting in _settings(plan):
                progress(f"{fold.name}: {event.name}, {setting.name}, seed {seed}")
                yield work.rows(
                    f"{event.name}-{setting.name}-{seed}",
                    lambda e=event, k=setting, s=seed: run_event(e, schools[k.name], k, s, plan),  # type: ignore[misc]
                )


def stages(fold: Fold, plan: Plan) -> int:
    """How many lists of rows a fold gives."""
    return len(fold.target) * plan.seeds * len(_settings(plan))


def _settings(plan: Plan) -> list[Setting]:
    """Those of the plan, and the specialists that ``outage`` is compared with."""
    chosen = [SETTINGS[name] for name in plan.settings]
    if "outage" in plan.settings:
        chosen += [setting for setting in SPECIALISTS.values() if setting not in chosen]
    return chosen


def run_event(event: Event, school: School, setting: Setting, seed: int, plan: Plan) -> list[Row]:
    """Every method on one event under one draw of labels, cloud and points."""
    rng = np.random.default_rng([seed, int(event.chips.ids[0])])
    order = rng.permutation(int(TRAINING_SHARE * len(event.chips)))
    views = draw_views(event.chips, setting.cloud, rng)
    pairs, test = views[: order.size], views[order.size :]
    given: Row = {"setting": setting.name, "event": event.name, "seed": seed, "n_chips": len(test)}
    rows: list[Row] = []

    def add(method: str, fraction: float, chance: Floats, threshold: float, **more: Value) -> None:
        head: Row = {**given, "label_fraction": fraction, "method": method, **more}
        rows.append({**head, **score(test, chance, threshold), "threshold": threshold})

    def add_student(method: str, fraction: float, learned: Learned, **more: Value) -> None:
        assert not isinstance(learned.network, type(school.teacher))
        add(method, fraction, _chance(learned, test, setting), learned.threshold, **more)
        if setting.name == "outage":
            for name, left in SPECIALISTS.items():
                add(method, fraction, _chance(learned, test, left), learned.threshold, streams=name, **more)

    teacher = methods.unadapted_teacher(school)
    add("teacher", 0.0, _teachers_chance(teacher, test), teacher.threshold)
    add_student("pretrained", 0.0, methods.pretrained(school, setting))
    add("all_wet", 0.0, np.ones(test.chips.mask.shape, dtype=np.float32), 0.5)
    add("otsu", 0.0, np.stack([_otsu(chip) for chip in test.chips.s1_after]), 0.5)
    done: dict[int, float] = {}
    for fraction in plan.fractions:
        count = max(1, round(fraction * order.size))
        task = Task(pairs, order[:count], setting, seed, plan.budget)
        if fraction == 1.0:
            add_student("full_labels", fraction, methods.finetuned(school, task))
            continue
        if count in done:  # as many chips as a smaller fraction: the same learners
            rows += [{**row, "label_fraction": fraction} for row in rows if row["label_fraction"] == done[count]]
            continue
        done[count] = fraction
        if setting.name in SETTINGS:
            add_student("labels_only", fraction, methods.labels_only(task))
        sceptic = methods.finetuned(school, task)
        add_student("pretrained_finetuned", fraction, sceptic)
        if setting.name in SETTINGS:
            add_student("self_training", fraction, methods.self_training(school, task, sceptic))
        adapted = methods.adapt_teacher(school, task)
        add("teacher_adapted", fraction, _teachers_chance(adapted, test), adapted.threshold)
        words = methods.words_of(school, task, school.teacher, adapted)
        learned, diagnosis = methods.distilled(school, task, words, plan.recipe)
        add_student("distilled", fraction, learned, teacher_weight=diagnosis.weight)
        if seed >= plan.control_seeds or fraction != plan.control_fraction or setting.name not in SETTINGS:
            continue
        for name, change in ABLATIONS.items():
            learned, diagnosis = methods.distilled(school, task, words, change)
            add_student(name, fraction, learned, teacher_weight=diagnosis.weight)
        for name, control in _controls(school, task, rng).items():
            learned, diagnosis = methods.distilled(school, task, control, plan.recipe)
            add_student(name, fraction, learned, teacher_weight=diagnosis.weight)
    return rows


def _controls(school: School, task: Task, rng: np.random.Generator) -> dict[str, Words]:
    """Teachers that know nothing: one that speaks of other chips, one that was never taught."""
    words = methods.words_of(school, task, school.teacher, None)
    other = torch.from_numpy(np.roll(rng.permutation(len(task.pairs)), 1))
    return {
        "shuffled_teacher": methods.shuffled(words, other),
        "random_teacher": methods.words_of(school, task, methods.new_teacher(1000 + task.seed), None),
    }


def _chance(learned: Learned, views: Views, setting: Setting) -> Floats:
    chance: Floats = flooded_chance(methods.say(learned.network, views, setting)).numpy()
    return chance


def _teachers_chance(learned: Learned, views: Views) -> Floats:
    chance: Floats = flooded_chance(ask(learned.network, views, teachers_view).logits).numpy()
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


def key_of(plan: Plan, data: dict[str, str]) -> str:
    """Sixteen digits that name the rows of this plan on this data."""
    decisive: dict[str, object] = {
        "budget": asdict(plan.budget),
        "recipe": asdict(plan.recipe),
        "fractions": plan.fractions,
        "data": data,
    }
    decisive |= {"controls": [plan.control_seeds, plan.control_fraction], "folds": plan.folds}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
