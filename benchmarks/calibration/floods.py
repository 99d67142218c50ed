"""Task ``floods``: flood maps of real events by students of one event each, calibrated on the other events.

One network maps each event from all streams (``normal``), or from a coarse cloudy image and eight points (``outage``);
there is no ``extreme`` condition. Members are distilled from the same teacher with different draws. The temperature is
fitted to the teacher's probabilities of pairs that no distillation used, as in a run, or to the masks of the other
events (``ensemble_by_events``).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.calibration.mc_dropout import dropout_active
from benchmarks.calibration.scoring import MISS_RATE, score_maps
from benchmarks.floods import methods
from benchmarks.floods.chips import Event, cut
from benchmarks.floods.methods import Budget, DistillationConfig, EventTask, SourceNetworks, TeacherPredictions
from benchmarks.floods.run import Plan, ResultCache, draw_labels, split_folds, train_source_networks
from benchmarks.floods.training import predict
from benchmarks.floods.views import SETTINGS, Setting, Views, draw_views, teacher_inputs
from benchmarks.record import Row
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.observations.arrays import Mask, SingleFloats
from strandline.uncertainty.calibration import choose_threshold, fit_temperature
from strandline.uncertainty.risk_control import miss_rate_threshold

CONDITIONS = {"normal": SETTINGS["outage"], "outage": SETTINGS["strict"]}
"""Condition → streams of the one student."""
LABELS, CALIBRATION = 0.05, 0.25
"""Shares of the pairs of an event: labelled (at least one), and set apart for the temperature."""
MEMBERS, DRAWS, FOLDS = 3, 8, 2
METHODS = ("plain", "temperature_scaled", "mc_dropout", "ensemble", "ensemble_by_events", "shipped", "conformal")
BUDGET = Budget(300, 300, 30)
SIDE = 64
"""Cells along the edge of the middle that is cut from each chip."""


@dataclass(frozen=True)
class EventPredictions:
    """Predictions on one event, on C scored cells and on P cells of the calibration pairs.

    Attributes:
        members, dropout: condition → (M, 2, C) logarithm of class probabilities, of members and of dropout draws.
        flooded: condition → (C,) delineated as flooded.
        calibration: (M, 2, P) of the members; ``teacher``: (2, P) probabilities of the teacher.
    """

    members: Mapping[str, SingleFloats]
    dropout: Mapping[str, SingleFloats]
    flooded: Mapping[str, Mask]
    calibration: SingleFloats
    teacher: SingleFloats


def rows_of(
    events: Sequence[Event], seeds: int, folder: Path, data: Mapping[str, str], announce: Callable[[str], None]
) -> Iterator[Row]:
    """One row per event, seed, condition and method; each large event is tested once, by networks of other events."""
    small = [cut(event, SIDE) for event in events]
    plan = Plan((SETTINGS["outage"].name,), (LABELS,), seeds, 1, LABELS, FOLDS, BUDGET, DistillationConfig())
    folds = split_folds(small, None, FOLDS)
    cache = ResultCache(folder, plan, data)
    for seed in range(seeds):
        predictions: dict[str, EventPredictions] = {}
        for fold in folds:
            networks = next(networks for _, networks in train_source_networks(fold, plan, cache, announce))
            for event in fold.target:
                announce(f"{event.name}, seed {seed}")
                predictions[event.name] = _kept_predictions(folder, data, event, seed, networks)
        for name, own in predictions.items():
            others = [other for key, other in predictions.items() if key != name]
            for condition in CONDITIONS:
                for row in _score(own, others, condition):
                    yield {"task": "floods", "condition": condition, "coast": name, "seed": seed, **row}


def _score(own: EventPredictions, others: Sequence[EventPredictions], condition: str) -> Iterator[Row]:
    truth = own.flooded[condition][None, None].astype(np.int64)  # (1, 1, C): the event as one storm
    known = np.ones(truth.shape, dtype=bool)
    for method in METHODS:
        logits = own.dropout[condition] if method == "mc_dropout" else own.members[condition]
        members = 1 if method in ("plain", "temperature_scaled") else len(logits)
        has_temperature = method in ("temperature_scaled", "shipped", "conformal")
        temperature = _temperature(own, members) if has_temperature else 1.0
        if method == "ensemble_by_events":
            temperature = _temperature_of(others, condition)
        probability = _softmax(logits[:members], temperature)[:, None, :, None]  # (M, 1, 2, 1, C)
        if method == "conformal":
            threshold = _miss_rate_threshold(others, condition)
        else:
            calibration = _softmax(own.calibration[:members], temperature).mean(0)[1]
            threshold = choose_threshold(calibration, own.teacher[1] >= 0.5, np.ones(calibration.shape, dtype=bool))
        yield {
            "method": method,
            **score_maps(probability, truth, known, threshold),
            "forward_passes": {"mc_dropout": DRAWS}.get(method, members),
            "temperature": temperature,
        }


def _miss_rate_threshold(others: Sequence[EventPredictions], condition: str) -> float:
    """Threshold that controls the miss rate over other events, each as a storm with its own temperature."""
    by_event = [_softmax(one.members[condition], _temperature(one, MEMBERS)).mean(0)[1] for one in others]
    most = max(one.size for one in by_event)
    probability, flooded = np.zeros((len(others), 1, most)), np.zeros((len(others), 1, most), dtype=bool)
    for row, (of_event, one) in enumerate(zip(by_event, others, strict=True)):
        probability[row, 0, : of_event.size] = of_event
        flooded[row, 0, : of_event.size] = one.flooded[condition]
    return miss_rate_threshold(probability, flooded, np.ones(flooded.shape, dtype=bool), MISS_RATE)


def _temperature(own: EventPredictions, members: int) -> float:
    logits = [torch.from_numpy(one)[None, :, None] for one in own.calibration[:members]]  # (1, 2, 1, P)
    teacher = torch.from_numpy(own.teacher)[None, :, None]
    return fit_temperature(logits, teacher, torch.ones(1, 1, teacher.shape[-1], dtype=torch.bool))


def _temperature_of(others: Sequence[EventPredictions], condition: str) -> float:
    """Temperature of the ensembles of other events by their masks, with equal weight of the events."""
    least = min(one.flooded[condition].size for one in others)
    rng = np.random.default_rng(0)
    chosen = [rng.choice(one.flooded[condition].size, least, replace=False) for one in others]
    by_event = [one.members[condition][..., which] for one, which in zip(others, chosen, strict=True)]
    flooded = np.stack([one.flooded[condition][which] for one, which in zip(others, chosen, strict=True)])  # (E, C)
    truth = torch.from_numpy(np.stack([~flooded, flooded], axis=1).astype(np.float32))[:, :, None]  # (E, 2, 1, C)
    logits = [torch.from_numpy(np.stack([one[member] for one in by_event]))[:, :, None] for member in range(MEMBERS)]
    return fit_temperature(logits, truth, torch.ones(len(others), 1, least, dtype=torch.bool))


def _softmax(logits: SingleFloats, temperature: float) -> SingleFloats:
    return (torch.from_numpy(logits) / temperature).softmax(dim=1).numpy()


def _predict_event(event: Event, networks: SourceNetworks, seed: int) -> EventPredictions:
    order = draw_labels(event, seed)
    labelled = order[: max(1, round(LABELS * order.size))]
    apart = order[-max(1, round(CALIBRATION * order.size)) :]
    distilled_on = np.setdiff1d(order, apart)
    views = {name: _views(event, setting, seed) for name, setting in CONDITIONS.items()}
    pairs = views["normal"][distilled_on]
    by_teacher = TeacherPredictions(predict(networks.teacher, pairs, teacher_inputs), None)
    students = []
    for member in range(MEMBERS):
        labels = np.searchsorted(distilled_on, labelled)
        task = EventTask(pairs, labels, CONDITIONS["normal"], MEMBERS * seed + member, BUDGET)
        students.append(methods.distilled(networks, task, by_teacher, DistillationConfig())[0].network)
    members, dropout, flooded = {}, {}, {}
    for name, setting in CONDITIONS.items():
        test = views[name][order.size :]
        scored = test.chips.valid & ~test.points & ~test.water
        members[name] = np.stack([_cells(methods.logits_of(one, test, setting), scored) for one in students])
        dropout[name] = _dropout_draws(students[0], test, setting, scored)
        flooded[name] = test.chips.mask[scored]
    kept = views["normal"][apart]
    valid = kept.seen.numpy() & ~kept.water
    calibration = np.stack([_cells(methods.logits_of(one, kept, CONDITIONS["normal"]), valid) for one in students])
    teacher = np.exp(_cells(predict(networks.teacher, kept, teacher_inputs).logits, valid))
    return EventPredictions(members, dropout, flooded, calibration, teacher)


def _views(event: Event, setting: Setting, seed: int) -> Views:
    return draw_views(event.chips, setting.cloud, np.random.default_rng([seed, int(event.chips.ids[0]), 1]))


def _dropout_draws(network: DenseCNN | DenseTransformer, test: Views, setting: Setting, scored: Mask) -> SingleFloats:
    """(DRAWS, 2, C) predictions with active dropout."""
    draws = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(DRAWS):
            with dropout_active(network):
                draws.append(_cells(methods.logits_of(network, test, setting), scored))
    return np.stack(draws)


def _cells(logits: Tensor, which: Mask) -> SingleFloats:
    """(N, 2, H, W) → (2, C) log-probabilities of the chosen cells."""
    found: SingleFloats = logits.log_softmax(1).movedim(1, 0).numpy()[:, which].astype(np.float32)
    return found


def _kept_predictions(
    folder: Path, data: Mapping[str, str], event: Event, seed: int, networks: SourceNetworks
) -> EventPredictions:
    """The predictions on one event, computed once."""
    decisive = [dict(data), asdict(BUDGET), asdict(DistillationConfig())]
    decisive += [LABELS, CALIBRATION, MEMBERS, DRAWS, FOLDS, SIDE]  # type: ignore[list-item]
    key = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
    path = folder / f"predictions-{event.name}-{seed}-{key}.npz"
    if not path.exists():
        found = _predict_event(event, networks, seed)
        arrays = {f"{what}/{name}": getattr(found, what)[name] for what in _BY_CONDITION for name in CONDITIONS}
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(partial, calibration=found.calibration, teacher=found.teacher, **arrays)
        partial.replace(path)
    with np.load(path) as stored:
        members, dropout, flooded = ({name: stored[f"{what}/{name}"] for name in CONDITIONS} for what in _BY_CONDITION)
        return EventPredictions(members, dropout, flooded, stored["calibration"], stored["teacher"])


_BY_CONDITION = ("members", "dropout", "flooded")
