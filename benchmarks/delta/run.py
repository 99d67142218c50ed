"""Rows of the delta benchmark: every method on one coast under one seed."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch

from benchmarks.delta import methods
from benchmarks.delta.cases import Case, split_storms
from benchmarks.delta.coasts import SimulatedCoast, bathtub_maps
from benchmarks.delta.methods import Budget, fine_tune, with_labels
from benchmarks.delta.outages import CONDITIONS, apply_outage
from benchmarks.delta.scoring import DEFAULT_THRESHOLD, Predictor, score, threshold_on_labels
from benchmarks.record import Row
from strandline.distillation.adaptation.data import AdaptationData, drop_archive
from strandline.distillation.continual.regularisers import Replay
from strandline.distillation.objective import Consolidation
from strandline.models.batch import Batch
from strandline.models.inference import predict, student_inputs
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import SingleFloats

TARGETS, TUNING_COASTS = 500, 2_000_000
"""First seeds of the test coasts, and of the coasts on which settings are chosen."""
REPLAY_STORMS = 16
SWEEP_AT = 0.05
"""Label fraction of the outage sweep, of forgetting and of the ablations."""
BATHTUBS = {
    "bathtub": ("product", False),
    "bathtub_connected": ("product", True),
    "bathtub_connected_true": ("true", True),
}
"""Method → terrain, and whether water must be connected to the sea."""


def rows_of(
    coast: SimulatedCoast,
    seed: int,
    tests: tuple[str, ...],
    replay: Sequence[SimulatedCoast],
    budget: Budget,
    fractions: Sequence[float],
    outages: int,
) -> Iterator[Row]:
    """Every method on one coast under one seed, with standard and with degraded radar.

    Args:
        tests: of `Case.tests`; ``fractions``: of labels; ``outages``: number of outage conditions.
        replay: coasts for replay, and a last one that is not replayed: it measures forgetting, and its teacher
            predictions serve as those of a foreign teacher.
    """
    case = split_storms(coast, seed)
    teacher = load_teacher()
    yield from _bathtub_rows(case, tests)
    consolidation = [_replay_of(replay[:-1], budget)] if replay[:-1] else []
    data = methods.adaptation_data(case, teacher)
    torch.manual_seed(seed)
    foreign = methods.adaptation_data(split_storms(replay[-1], seed), teacher)
    controls = {
        "shuffled_teacher": methods.with_foreign_teacher(data, foreign),
        "random_teacher": methods.adaptation_data(case, Teacher()),
    }
    yield from _teacher_rows(case, tests, fractions, teacher, data)
    for fraction in fractions:
        yield from _rows_at(case, tests, fraction, data, controls, consolidation, replay[-1], budget, outages)
    degraded = replace(case, coast=coast.under_bad_radar())
    data, few = methods.adaptation_data(degraded, teacher), [fraction for fraction in fractions if fraction < 0.1]
    yield from _teacher_rows(degraded, tests, few, teacher, data, "bad_radar")
    for fraction in few:
        labelled = with_labels(data, degraded.storms(fraction))
        predictor = methods.distilled(labelled, budget, seed)
        yield from _rows(degraded, tests, fraction, "distilled", predictor, labelled.training, "bad_radar")


def _rows_at(
    case: Case,
    tests: tuple[str, ...],
    fraction: float,
    unlabelled: AdaptationData,
    controls: Mapping[str, AdaptationData],
    replay: Sequence[Consolidation],
    others: SimulatedCoast,
    budget: Budget,
    outages: int,
) -> Iterator[Row]:
    """Every method that is trained, at one label fraction."""
    seed, storms = case.seed, case.storms(fraction)
    data = with_labels(unlabelled, storms)

    def rows(method: str, predictor: Predictor, labelled: Batch = storms) -> Iterator[Row]:
        return _rows(case, tests, fraction, method, predictor, labelled)

    yield from rows("analog", methods.nearest_analogs(data), data.training)
    yield from rows("pretrained", methods.without_archive(load_students()[: budget.members]))
    if 0 < fraction < 1:
        yield from rows("labels_only", methods.without_archive(methods.labels_only(data, budget, seed)))
    tuned = [fine_tune(student, storms, replay, budget, seed) for student in load_students()[: budget.members]]
    yield from rows("full_labels" if fraction == 1 else "pretrained_finetuned", methods.without_archive(tuned))
    if fraction < 1:
        self_trained = [
            fine_tune(student, storms, replay, budget, seed, pseudo=predict(student, student_inputs(storms)))
            for student in deepcopy(tuned)
        ]
        yield from rows("self_training", methods.without_archive(self_trained))
    distilled = methods.distilled(data, budget, seed)
    yield from rows("distilled", distilled, data.training)
    if fraction == SWEEP_AT:
        finetuned = methods.without_archive(tuned)
        yield from _outage_rows(case, fraction, "pretrained_finetuned", finetuned, storms, outages)
        yield from _outage_rows(case, fraction, "distilled", distilled, data.training, outages)
        yield from _forgetting_rows(case, storms, others, finetuned, budget)
        for method, ablated in {
            "distilled_no_waterlines": methods.distilled(data, budget, seed, without=("waterlines",)),
            "distilled_no_archive": methods.distilled(data, budget, seed, without=("archive",)),
            "distilled_no_archive_and_waterlines": methods.distilled(drop_archive(data), budget, seed),
            "distilled_no_teacher_weight": methods.distilled(data, budget, seed, weighted=False),
            "distilled_no_refinement": methods.distilled(methods.without_refinement(data), budget, seed),
        }.items():
            yield from rows(method, ablated, data.training)
    if fraction in (0.0, SWEEP_AT):
        for method, control in controls.items():
            yield from rows(method, methods.distilled(with_labels(control, storms), budget, seed), data.training)


def _teacher_rows(
    case: Case,
    tests: tuple[str, ...],
    fractions: Sequence[float],
    teacher: Teacher,
    data: AdaptationData,
    regime: str = "standard",
) -> Iterator[Row]:
    """The teacher, predicted once: labels only choose its threshold."""
    training = data.teacher_predictions.training.require_flood_logits().softmax(dim=1).numpy()
    thresholds = {
        fraction: threshold_on_labels(case, lambda _: training, case.storms(fraction)) for fraction in fractions
    }
    for test in _held(case, tests):
        probability = methods.teacher_probability(data, teacher, case.test_storms(test))
        for fraction, threshold in thresholds.items():
            yield _row(case, test, fraction, "teacher", probability, threshold, regime=regime)


def _bathtub_rows(case: Case, tests: tuple[str, ...]) -> Iterator[Row]:
    """Still water at the true peak level: baselines without a network."""
    for method, (terrain, connected) in BATHTUBS.items():
        for test in _held(case, tests):
            maps = bathtub_maps(case.coast, case.tests[test], terrain, connected=connected)
            yield _row(case, test, 0.0, method, methods.as_probability(maps), 0.5)


def _rows(
    case: Case,
    tests: tuple[str, ...],
    fraction: float,
    method: str,
    predictor: Predictor,
    labelled: Batch,
    regime: str = "standard",
) -> Iterator[Row]:
    """One row per test; the threshold is chosen on the labels of training storms."""
    threshold = threshold_on_labels(case, predictor, labelled)
    for test in _held(case, tests):
        yield _row(case, test, fraction, method, predictor(case.test_storms(test)), threshold, regime=regime)


def _outage_rows(
    case: Case, fraction: float, method: str, predictor: Predictor, labelled: Batch, outages: int
) -> Iterator[Row]:
    """The normal test under each outage condition."""
    threshold = threshold_on_labels(case, predictor, labelled)
    storms = case.test_storms("normal")
    for condition in CONDITIONS[:outages]:
        probability = predictor(apply_outage(storms, condition, torch.Generator().manual_seed(case.seed)))
        yield _row(case, "normal", fraction, method, probability, threshold, outage=str(condition))


def _forgetting_rows(
    case: Case, storms: Batch, others: SimulatedCoast, tuned: Predictor, budget: Budget
) -> Iterator[Row]:
    """Scores on another coast before and after fine-tuning here, with replay and without.

    The shared weights of the distilled student do not change, so it cannot forget.
    """
    free = [fine_tune(student, storms, (), budget, case.seed) for student in load_students()[: budget.members]]
    other_case = split_storms(others, case.seed)
    predictors = {
        "pretrained": methods.without_archive(load_students()[: budget.members]),
        "pretrained_finetuned": tuned,
        "finetuned_no_replay": methods.without_archive(free),
    }
    for method, predictor in predictors.items():
        probability = predictor(other_case.test_storms("normal"))
        row = _row(other_case, "normal", SWEEP_AT, method, probability, DEFAULT_THRESHOLD)
        yield {**row, "test": "others", "coast": case.coast.seed}


def _held(case: Case, tests: tuple[str, ...]) -> list[str]:
    """Those of the tests that have a storm."""
    return [test for test in tests if len(case.tests[test])]


def _row(
    case: Case,
    test: str,
    fraction: float,
    method: str,
    probability: SingleFloats,
    threshold: float,
    *,
    outage: str = "none",
    regime: str = "standard",
) -> Row:
    return {
        "test": test,
        "coast": case.coast.seed,
        "label_fraction": fraction,
        "seed": case.seed,
        "method": method,
        "outage": outage,
        **vars(score(case, test, probability, threshold)),
        "regime": regime,
        "storms": len(case.tests[test]),
        "threshold": threshold,
    }


def _replay_of(coasts: Sequence[SimulatedCoast], budget: Budget) -> Replay:
    """A few storms of each of some training coasts of the networks, with truth."""
    parts = []
    for coast in coasts:
        normal = np.flatnonzero(~coast.extreme)[:REPLAY_STORMS]
        parts.append(coast.storms[torch.from_numpy(normal)])
    return Replay(student_inputs(Batch.concatenate(parts)), budget.samples // 2, dropout_rate=budget.dropout_rate)
