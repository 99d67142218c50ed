"""Flood maps of real events: students of one event each, whose promise is calibrated on the other events.

One network draws every map, whatever it is given: every stream (``normal``), or a coarse cloudy image and eight
points (``outage``). What is higher than any taught is not defined here. Members are distilled from the same teacher in
other draws; the temperature is chosen by the teacher's probabilities of pairs that nothing was distilled on, as in a
run, or (``ensemble_by_events``) by the masks of the other events. A heads' network is not built for images.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.calibration.mc_dropout import dropout_awake
from benchmarks.calibration.scoring import FALSE_DRY, Row, score_maps
from benchmarks.floods import methods
from benchmarks.floods.chips import Event, cut
from benchmarks.floods.learning import ask
from benchmarks.floods.methods import Budget, DistillationConfig, School, Task, Words
from benchmarks.floods.run import Plan, Work, draw_labels, part, schools_of
from benchmarks.floods.views import SETTINGS, Setting, Views, draw_views, teachers_view
from strandline.observations.arrays import Mask, SingleFloats
from strandline.uncertainty.calibration import choose_threshold, fit_temperature
from strandline.uncertainty.risk_control import miss_rate_threshold

CONDITIONS = {"normal": SETTINGS["outage"], "outage": SETTINGS["strict"]}
"""What the one student is given."""
LABELS, CALIBRATION = 0.05, 0.25
"""Shares of an event's pairs: labelled (at least one), and kept apart for the temperature."""
MEMBERS, DRAWS, FOLDS = 3, 8, 2
METHODS = ("plain", "temperature_scaled", "mc_dropout", "ensemble", "ensemble_by_events", "shipped", "conformal")
BUDGET = Budget(300, 300, 30)
SIDE = 64
"""Cells along the edge of the middle that is cut from each chip."""


@dataclass(frozen=True)
class Told:
    """What was said of one event; C scored cells, other cells of the calibration pairs.

    Attributes:
        members, dropped: condition → (M, 2, C) logarithm of class probabilities.
        flooded: condition → (C,) delineated as flooded.
        calibration: (M, 2, P) on pairs kept apart; ``word``: (2, P) the teacher's probabilities there.
    """

    members: Mapping[str, SingleFloats]
    dropped: Mapping[str, SingleFloats]
    flooded: Mapping[str, Mask]
    calibration: SingleFloats
    word: SingleFloats


def rows_of(
    events: Sequence[Event], seeds: int, folder: Path, data: Mapping[str, str], tell: Callable[[str], None]
) -> Iterator[Row]:
    """One row an event, seed, condition and method; each large event is tested once, by a school of the others."""
    small = [cut(event, SIDE) for event in events]
    plan = Plan((SETTINGS["outage"].name,), (LABELS,), seeds, 1, LABELS, FOLDS, BUDGET, DistillationConfig())
    folds = part(small, None, FOLDS)
    work = Work(folder, plan, data)
    for seed in range(seeds):
        told: dict[str, Told] = {}
        for fold in folds:
            school = next(school for _, school in schools_of(fold, plan, work, tell))
            for event in fold.target:
                tell(f"{event.name}, seed {seed}")
                told[event.name] = _kept(folder, data, event, seed, school)
        for name in told:
            others = [told[other] for other in told if other != name]
            for condition in CONDITIONS:
                for row in _score(told[name], others, condition):
                    yield {"task": "floods", "condition": condition, "coast": name, "seed": seed, **row}


def _score(told: Told, others: Sequence[Told], condition: str) -> Iterator[Row]:
    truth = told.flooded[condition][None, None].astype(np.int64)  # (1, 1, C): the event as one storm
    known = np.ones(truth.shape, dtype=bool)
    for method in METHODS:
        said = told.dropped[condition] if method == "mc_dropout" else told.members[condition]
        members = 1 if method in ("plain", "temperature_scaled") else len(said)
        tempered = method in ("temperature_scaled", "shipped", "conformal")
        temperature = _temperature(told, members) if tempered else 1.0
        if method == "ensemble_by_events":
            temperature = _temperature_of(others, condition)
        words = _soft(said[:members], temperature)[:, None, :, None]  # (M, 1, 2, 1, C)
        if method == "conformal":
            threshold = _promised(others, condition)
        else:
            practised = _soft(told.calibration[:members], temperature).mean(0)[1]
            threshold = choose_threshold(practised, told.word[1] >= 0.5, np.ones(practised.shape, dtype=bool))
        yield {
            "method": method,
            **score_maps(words, truth, known, threshold),
            "forward_passes": {"mc_dropout": DRAWS}.get(method, members),
            "temperature": temperature,
        }


def _promised(others: Sequence[Told], condition: str) -> float:
    """Threshold that keeps the false-dry rate over other events, each a storm, with their own temperatures."""
    chances = [_soft(one.members[condition], _temperature(one, MEMBERS)).mean(0)[1] for one in others]
    most = max(chance.size for chance in chances)
    probability, flooded = np.zeros((len(others), 1, most)), np.zeros((len(others), 1, most), dtype=bool)
    for row, (chance, one) in enumerate(zip(chances, others, strict=True)):
        probability[row, 0, : chance.size] = chance
        flooded[row, 0, : chance.size] = one.flooded[condition]
    return miss_rate_threshold(probability, flooded, np.ones(flooded.shape, dtype=bool), FALSE_DRY)


def _temperature(told: Told, members: int) -> float:
    logits = [torch.from_numpy(part)[None, :, None] for part in told.calibration[:members]]  # (1, 2, 1, P)
    word = torch.from_numpy(told.word)[None, :, None]
    return fit_temperature(logits, word, torch.ones(1, 1, word.shape[-1], dtype=torch.bool))


def _temperature_of(others: Sequence[Told], condition: str) -> float:
    """Best for the ensembles of other events by their masks, each event counting the same."""
    least = min(one.flooded[condition].size for one in others)
    rng = np.random.default_rng(0)
    chosen = [rng.choice(one.flooded[condition].size, least, replace=False) for one in others]
    said = [one.members[condition][..., which] for one, which in zip(others, chosen, strict=True)]
    flooded = np.stack([one.flooded[condition][which] for one, which in zip(others, chosen, strict=True)])  # (E, C)
    truth = torch.from_numpy(np.stack([~flooded, flooded], axis=1).astype(np.float32))[:, :, None]  # (E, 2, 1, C)
    logits = [torch.from_numpy(np.stack([part[member] for part in said]))[:, :, None] for member in range(MEMBERS)]
    return fit_temperature(logits, truth, torch.ones(len(others), 1, least, dtype=torch.bool))


def _soft(logits: SingleFloats, temperature: float) -> SingleFloats:
    return (torch.from_numpy(logits) / temperature).softmax(dim=1).numpy()


def _ask(event: Event, school: School, seed: int) -> Told:
    order = draw_labels(event, seed)
    labelled = order[: max(1, round(LABELS * order.size))]
    apart = order[-max(1, round(CALIBRATION * order.size)) :]
    learned = np.setdiff1d(order, apart)
    views = {name: _views(event, setting, seed) for name, setting in CONDITIONS.items()}
    pairs = views["normal"][learned]
    words = Words(ask(school.teacher, pairs, teachers_view), None)
    students = []
    for member in range(MEMBERS):
        task = Task(pairs, np.searchsorted(learned, labelled), CONDITIONS["normal"], MEMBERS * seed + member, BUDGET)
        students.append(methods.distilled(school, task, words, DistillationConfig())[0].network)
    members, dropped, flooded = {}, {}, {}
    for name, setting in CONDITIONS.items():
        test = views[name][order.size :]
        scored = test.chips.valid & ~test.points & ~test.water
        members[name] = np.stack([_cells(methods.say(one, test, setting), scored) for one in students])
        dropped[name] = _draw(students[0], test, setting, scored)
        flooded[name] = test.chips.mask[scored]
    kept = views["normal"][apart]
    seen = kept.seen.numpy() & ~kept.water
    calibration = np.stack([_cells(methods.say(one, kept, CONDITIONS["normal"]), seen) for one in students])
    word = np.exp(_cells(ask(school.teacher, kept, teachers_view).logits, seen))
    return Told(members, dropped, flooded, calibration, word)


def _views(event: Event, setting: Setting, seed: int) -> Views:
    return draw_views(event.chips, setting.cloud, np.random.default_rng([seed, int(event.chips.ids[0]), 1]))


def _draw(network: torch.nn.Module, test: Views, setting: Setting, scored: Mask) -> SingleFloats:
    """Words of a network with dropout awake, draw after draw."""
    said = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(DRAWS):
            with dropout_awake(network):
                said.append(_cells(methods.say(network, test, setting), scored))  # type: ignore[arg-type]
    return np.stack(said)


def _cells(logits: Tensor, which: Mask) -> SingleFloats:
    """(N, 2, H, W) → (2, C) log-probabilities of the chosen cells."""
    found: SingleFloats = logits.log_softmax(1).movedim(1, 0).numpy()[:, which].astype(np.float32)
    return found


def _kept(folder: Path, data: Mapping[str, str], event: Event, seed: int, school: School) -> Told:
    """What was said before, or is said now and kept."""
    decides = [
        dict(data),
        asdict(BUDGET),
        asdict(DistillationConfig()),
        LABELS,
        CALIBRATION,
        MEMBERS,
        DRAWS,
        FOLDS,
        SIDE,
    ]
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]
    path = folder / f"told-{event.name}-{seed}-{key}.npz"
    if not path.exists():
        told = _ask(event, school, seed)
        arrays = {f"{what}/{name}": getattr(told, what)[name] for what in _BY_CONDITION for name in CONDITIONS}
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(partial, calibration=told.calibration, word=told.word, **arrays)
        partial.replace(path)
    with np.load(path) as stored:
        by_condition = ({name: stored[f"{what}/{name}"] for name in CONDITIONS} for what in _BY_CONDITION)
        return Told(*by_condition, stored["calibration"], stored["word"])


_BY_CONDITION = ("members", "dropped", "flooded")
