"""Task ``floods``: flood maps of real events by students of one event each, calibrated on the other events.

One network maps each event from all streams (``normal``), or from a coarse cloudy image and eight points (``outage``);
there is no ``extreme`` condition. It is the student of the setting ``outage`` of `benchmarks.floods`, with the same
committee as teacher, the same steps and whole chips; the networks are found in the same folder. Members are distilled
from the same teacher with different draws. The temperature is fitted to the teacher's probabilities of pairs that no
distillation used, as in a run, or to the masks of the other events (``ensemble_by_events``). ``committee`` is the
teacher itself, weighted on other events, without a label of the event.

Where `benchmarks.floods` has not run, the committees and students of the four folds are trained first, hours of
processor time; then each event and seed takes three distillations of 150 steps.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.calibration.predictions import DRAWS, weight_draws
from benchmarks.calibration.scoring import MISS_RATE, score_maps
from benchmarks.floods import methods
from benchmarks.floods.committee import Teacher
from benchmarks.floods.events import Event
from benchmarks.floods.methods import EventTask
from benchmarks.floods.run import (
    FOLDS,
    Folders,
    FoldTraining,
    Plan,
    draw_labels,
    shortened,
    split_folds,
    views_of,
)
from benchmarks.floods.views import SETTINGS, Setting, Views
from benchmarks.record import Row
from strandline.distillation.adaptation.scene_student import SceneDistillation
from strandline.distillation.pretraining.scenes.train import predict_probability
from strandline.observations.arrays import Floats, Mask, Reals, SingleFloats
from strandline.uncertainty.calibration import choose_threshold, fit_temperature
from strandline.uncertainty.risk_control import miss_rate_threshold

CONDITIONS = {"normal": SETTINGS["outage"], "outage": SETTINGS["strict"]}
"""Condition → streams of the one student."""
LABELS, CALIBRATION = 0.05, 0.25
"""Shares of the pairs of an event: labelled (at least one), and set apart for the temperature."""
MEMBERS = 3
METHODS = ("plain", "temperature_scaled", "mc_dropout", "ensemble", "ensemble_by_events", "shipped", "conformal")
COMMITTEE = "committee"
SYMMETRIES = 2
"""Forward passes of a student per map, as in `benchmarks.floods`."""
LARGEST_ODDS = 12.0


@dataclass(frozen=True)
class EventPredictions:
    """Predictions on one event, on C scored cells and on P cells of the calibration pairs, as log odds of a flood.

    Attributes:
        members, draws: condition → (M, C), of members and of draws of the first one's weights.
        flooded: condition → (C,) delineated as flooded.
        calibration: (M, P) of the members; ``teacher``: (P,) probability by the teacher.
        committee: (C,) probability by the teacher that no label of the event adapted, on the cells of ``normal``;
            ``committee_threshold``: from which it maps a flood; ``committee_passes``: of its networks.
    """

    members: Mapping[str, Reals]
    draws: Mapping[str, Reals]
    flooded: Mapping[str, Mask]
    calibration: Reals
    teacher: Reals
    committee: Reals
    committee_threshold: float
    committee_passes: int


def rows_of(
    events: Sequence[Event],
    seeds: int,
    effort: float,
    folder: Path,
    data: Mapping[str, str],
    announce: Callable[[str], None],
) -> Iterator[Row]:
    """One row per event, seed, condition and method; each large event is tested once, by networks of other events.

    Args:
        effort: factor on all steps, for a quick try.
        folder: ``--work`` of `benchmarks.floods`; ``data``: digests as there.
    """
    setting = SETTINGS["outage"].name
    plan = Plan((setting,), (LABELS,), seeds, 1, LABELS, FOLDS, *shortened(effort), SceneDistillation())
    folders = Folders(folder, plan, data)
    predictions: list[dict[str, EventPredictions]] = [{} for _ in range(seeds)]
    for fold in split_folds(events, None, FOLDS):
        training = FoldTraining(fold, plan, folders, announce)
        for event in fold.target:
            for seed, of_seed in enumerate(predictions):
                announce(f"{event.name}, seed {seed}")
                of_seed[event.name] = _kept_predictions(folders, training, event, seed)
    for seed, of_seed in enumerate(predictions):
        for name, own in of_seed.items():
            others = [other for key, other in of_seed.items() if key != name]
            for condition in CONDITIONS:
                for row in _score(own, others, condition):
                    yield {"task": "floods", "condition": condition, "coast": name, "seed": seed, **row}


def _score(own: EventPredictions, others: Sequence[EventPredictions], condition: str) -> Iterator[Row]:
    for method in METHODS:
        odds = own.draws[condition] if method == "mc_dropout" else own.members[condition]
        members = 1 if method in ("plain", "temperature_scaled") else len(odds)
        has_temperature = method in ("temperature_scaled", "shipped", "conformal")
        temperature = _temperature(own, members) if has_temperature else 1.0
        if method == "ensemble_by_events":
            temperature = _temperature_of(others, condition)
        if method == "conformal":
            threshold = _miss_rate_threshold(others, condition)
        else:
            calibration = _wet(own.calibration[:members], temperature).mean(0)
            threshold = choose_threshold(calibration, own.teacher >= 0.5, np.ones(calibration.shape, dtype=bool))
        yield {
            "method": method,
            **_scores(_wet(odds[:members], temperature), own.flooded[condition], threshold),
            "forward_passes": SYMMETRIES * {"mc_dropout": DRAWS}.get(method, members),
            "temperature": temperature,
        }
    if condition == "normal":  # the committee sees the whole images in either condition
        yield {
            "method": COMMITTEE,
            **_scores(own.committee.astype(np.float32)[None], own.flooded[condition], own.committee_threshold),
            "epistemic": None,
            "forward_passes": own.committee_passes,
            "temperature": 1.0,
        }


def _scores(wet: SingleFloats, flooded: Mask, threshold: float) -> Row:
    """Scores of (M, C) probabilities of a flood; the event counts as one storm."""
    probability = np.stack([1 - wet, wet], axis=1)[:, None, :, None]  # (M, 1, 2, 1, C)
    truth = flooded[None, None].astype(np.int64)
    return score_maps(probability, truth, np.ones(truth.shape, dtype=bool), threshold)


def _miss_rate_threshold(others: Sequence[EventPredictions], condition: str) -> float:
    """Threshold that controls the miss rate over other events, each as a storm with its own temperature."""
    by_event = [_wet(one.members[condition], _temperature(one, MEMBERS)).mean(0) for one in others]
    most = max(one.size for one in by_event)
    probability, flooded = np.zeros((len(others), 1, most)), np.zeros((len(others), 1, most), dtype=bool)
    for row, (of_event, one) in enumerate(zip(by_event, others, strict=True)):
        probability[row, 0, : of_event.size] = of_event
        flooded[row, 0, : of_event.size] = one.flooded[condition]
    return miss_rate_threshold(probability, flooded, np.ones(flooded.shape, dtype=bool), MISS_RATE)


def _temperature(own: EventPredictions, members: int) -> float:
    return _fit([own.calibration[None, member] for member in range(members)], own.teacher[None])


def _temperature_of(others: Sequence[EventPredictions], condition: str) -> float:
    """Temperature of the ensembles of other events by their masks, with equal weight of the events."""
    least = min(one.flooded[condition].size for one in others)
    rng = np.random.default_rng(0)
    chosen = [rng.choice(one.flooded[condition].size, least, replace=False) for one in others]
    by_event = [one.members[condition][:, which] for one, which in zip(others, chosen, strict=True)]
    flooded = np.stack([one.flooded[condition][which] for one, which in zip(others, chosen, strict=True)])  # (E, C)
    return _fit([np.stack([one[member] for one in by_event]) for member in range(MEMBERS)], flooded)


def _fit(odds: Sequence[Reals], wet: Reals | Mask) -> float:
    """Temperature of the mean of members, each (E, C) log odds, by probabilities of a flood (E, C)."""
    logits = [_classes(np.zeros_like(one), one) for one in odds]
    return fit_temperature(logits, _classes(1 - wet.astype(float), wet), torch.ones(len(wet), 1, wet.shape[1]) > 0)


def _classes(dry: Reals, wet: Reals | Mask) -> torch.Tensor:
    """(E, C) each → (E, 2, 1, C)."""
    return torch.from_numpy(np.stack([dry, wet], axis=1).astype(np.float32))[:, :, None]


def _wet(odds: Reals, temperature: float) -> SingleFloats:
    """Probability of a flood from its log odds."""
    return (1 / (1 + np.exp(-odds.astype(np.float32) / temperature))).astype(np.float32)


def _predict_event(training: FoldTraining, event: Event, seed: int) -> EventPredictions:
    order = draw_labels(event, seed)
    labelled = order[: max(1, round(LABELS * order.size))]
    apart = order[-max(1, round(CALIBRATION * order.size)) :]
    distilled_on = np.setdiff1d(order, apart)
    networks, teacher = training.networks(CONDITIONS["normal"]), training.teacher(event)
    views = {name: views_of(event, setting, seed) for name, setting in CONDITIONS.items()}
    word = teacher.word(slice(0, event.pairs), teacher.adapted(event.chips, labelled))
    pairs, kept = views["normal"][distilled_on], views["normal"][apart]
    students = []
    for member in range(MEMBERS):
        labels = np.searchsorted(distilled_on, labelled)
        task = EventTask(pairs, labels, CONDITIONS["normal"], MEMBERS * seed + member, training.plan.budget)
        by_teacher = replace(word, probability=word.probability[distilled_on])
        students.append(methods.distilled(networks, task, by_teacher, training.plan.config)[0].network)
    members, draws, flooded = {}, {}, {}
    for name, setting in CONDITIONS.items():
        test = views[name][event.pairs :]
        scored = test.trained & ~test.points
        members[name] = np.stack([_log_odds(one, test, setting, scored) for one in students])
        draws[name] = _by_draws(students[0], test, setting, scored)
        flooded[name] = test.truth[scored]
    tested = views["normal"][event.pairs :]
    unadapted = teacher.word(slice(event.pairs, len(event.chips)))
    return EventPredictions(
        members,
        draws,
        flooded,
        np.stack([_log_odds(one, kept, CONDITIONS["normal"], kept.trained) for one in students]),
        word.probability[apart][kept.trained],
        unadapted.probability[tested.trained & ~tested.points],
        unadapted.threshold,
        _passes(teacher),
    )


def _passes(teacher: Teacher) -> int:
    """Forward passes of all networks of the committee for one map."""
    return sum(getattr(member, "symmetries", 0) for member in teacher.committee.members)


def _by_draws(network: nn.Module, test: Views, setting: Setting, scored: Mask) -> Reals:
    """(DRAWS, C) predictions of as many draws of the network's weights."""
    return np.stack([_log_odds(drawn, test, setting, scored) for drawn in weight_draws(network)])


def _log_odds(network: nn.Module, views: Views, setting: Setting, which: Mask) -> Reals:
    """(C,) log odds of a flood in the chosen cells, in half precision."""
    probability = predict_probability(network, views.student_samples(setting), symmetries=SYMMETRIES).numpy()[which]
    odds: Floats = np.log(probability.astype(float) + 1e-9) - np.log1p(1e-9 - probability.astype(float))
    return np.clip(odds, -LARGEST_ODDS, LARGEST_ODDS).astype(np.float16)


def _kept_predictions(folders: Folders, training: FoldTraining, event: Event, seed: int) -> EventPredictions:
    """The predictions on one event, computed once."""
    decisive = [asdict(training.plan.budget), LABELS, CALIBRATION, MEMBERS, f"{DRAWS} draws of weights", SYMMETRIES]
    key = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
    path = folders.rows / f"calibration-{event.name}-{seed}-{key}.npz"
    if not path.exists():
        found = _predict_event(training, event, seed)
        arrays = {f"{what}/{name}": getattr(found, what)[name] for what in _BY_CONDITION for name in CONDITIONS}
        arrays |= {name: np.asarray(getattr(found, name)) for name in _OF_EVENT}
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(partial, **arrays)
        partial.replace(path)
    with np.load(path) as stored:
        members, draws, flooded = ({name: stored[f"{what}/{name}"] for name in CONDITIONS} for what in _BY_CONDITION)
        calibration, by_teacher, committee, threshold, passes = (stored[name] for name in _OF_EVENT)
    return EventPredictions(members, draws, flooded, calibration, by_teacher, committee, float(threshold), int(passes))


_BY_CONDITION = ("members", "draws", "flooded")
_OF_EVENT = ("calibration", "teacher", "committee", "committee_threshold", "committee_passes")
