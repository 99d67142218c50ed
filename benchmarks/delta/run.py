"""Rows of the delta benchmark: the methods in parts, each of which is finished and kept on its own."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch

from benchmarks.delta import baselines, methods, trees
from benchmarks.delta.baselines import fine_tune
from benchmarks.delta.cases import split_storms
from benchmarks.delta.coasts import bathtub_maps
from benchmarks.delta.methods import with_labels
from benchmarks.delta.outages import CONDITIONS, apply_outage
from benchmarks.delta.recipes import partial_recipe_rows, whole_recipe_rows
from benchmarks.delta.scoring import DEFAULT_THRESHOLD, Predictor, threshold_on_labels
from benchmarks.delta.trial import SWEEP_AT, Trial
from benchmarks.record import Row
from strandline.distillation.adaptation.data import ARCHIVE_STREAMS, AdaptationData, drop_archive
from strandline.models.batch import Batch
from strandline.models.inference import predict, predict_with_tta, student_inputs
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import SingleFloats

TARGETS, TUNING_COASTS = 500, 2_000_000
"""First seeds of the test coasts, and of the coasts on which settings are chosen."""
BATHTUBS = {
    "bathtub": ("product", False),
    "bathtub_connected": ("product", True),
    "bathtub_connected_true": ("true", True),
}
"""Method → terrain, and whether water must be connected to the sea."""


def archive_rows(trial: Trial) -> Iterator[Row]:
    """Methods that train no weight: the distilled student, the same with its own archive, and what needs no student."""
    case, budget, seed = trial.case, trial.budget, trial.case.seed
    data, own = trial.data, trial.own
    yield from _bathtub_rows(trial)
    yield from _teacher_rows(trial, load_teacher(), data)
    for fraction in trial.without_labels():
        yield from _label_free_rows(trial, fraction)
    for fraction in trial.fractions:
        storms = case.storms(fraction)
        for method, archive_of in {"distilled": data, "self_archive": own}.items():
            labelled = with_labels(archive_of, storms)
            yield from trial.rows(fraction, method, methods.distilled(labelled, budget, seed), labelled.training)
        if fraction > 0:
            surveyed = methods.with_surveys(with_labels(own, storms))
            reading = methods.distilled(surveyed, budget, seed, weighted=False)
            yield from trial.rows(fraction, "survey_archive", reading, surveyed.training)


def tree_rows(trial: Trial) -> Iterator[Row]:
    """Boosted trees on the inputs and the own archive of the student."""
    own = trial.own
    archive = own.archive
    assert archive is not None
    for fraction in trial.fractions:
        labelled = with_labels(own, trial.case.storms(fraction)).training
        rng = np.random.default_rng(trial.case.seed)
        local = trees.draw_cells(labelled, trees.LOCAL_CELLS_PER_STORM, rng) if fraction > 0 else None
        fitted = trees.Trees(trial.sources.cells, local, trial.budget.tree_rounds, trial.case.seed)

        def predictor(batch: Batch, fitted: trees.Trees = fitted) -> SingleFloats:
            return fitted.predict(methods.read_archive(batch, archive))

        yield from trial.rows(fraction, "boosted_trees", predictor, labelled)


def training_rows(trial: Trial) -> Iterator[Row]:
    """Students that are trained on the coast without a teacher."""
    case, budget, seed, replay = trial.case, trial.budget, trial.case.seed, trial.sources.replay
    unlabelled = trial.own
    assert unlabelled.archive is not None
    for fraction in (fraction for fraction in trial.fractions if fraction < 1):
        storms = case.storms(fraction)
        own = with_labels(unlabelled, storms)
        tuned = [fine_tune(student, storms, replay, budget, seed) for student in _students(trial)]
        finetuned = methods.without_archive(tuned)
        yield from trial.rows(fraction, "pretrained_finetuned", finetuned, storms)
        for method, view in {"self_training": storms, "self_training_clear": trial.clear_storms}.items():
            trained = [
                fine_tune(student, storms, replay, budget, seed, pseudo=predict(student, student_inputs(view)))
                for student in deepcopy(tuned)
            ]
            yield from trial.rows(fraction, method, methods.without_archive(trained), storms)
        if fraction == 0:
            continue
        from_scratch = methods.without_archive(baselines.labels_only(own, budget, seed))
        yield from trial.rows(fraction, "labels_only", from_scratch, storms)
        unet = [
            fine_tune(student, own.training, replay, budget, seed, steps=budget.unet_steps)
            for student in _students(trial)
        ]
        reading = methods.with_archive(unet, unlabelled.archive)
        yield from trial.rows(fraction, "unet_finetuned", reading, own.training)
        if fraction == SWEEP_AT:
            yield from _outage_rows(trial, "pretrained_finetuned", finetuned, storms)
            yield from _forgetting_rows(trial, storms, finetuned)


def ceiling_rows(trial: Trial) -> Iterator[Row]:
    """The student with every label: its archive holds the surveys, and its weights are trained to convergence."""
    surveyed = methods.with_surveys(with_labels(trial.own, trial.case.storms(1.0)))
    assert surveyed.archive is not None
    (student,) = load_students(members=1)
    found = baselines.train_ceiling(student, surveyed.training, trial.budget, trial.case.seed)
    reading = methods.with_archive([student], surveyed.archive)
    for row in trial.rows(1.0, "full_labels", reading, surveyed.training):
        yield {**row, "steps": found.steps, "best_step": found.best}


def control_rows(trial: Trial) -> Iterator[Row]:
    """Control teachers, ablations, outages and degraded radar."""
    case, budget, seed, teacher = trial.case, trial.budget, trial.case.seed, load_teacher()
    data = trial.data
    torch.manual_seed(seed)
    foreign = methods.adaptation_data(split_storms(trial.sources.others, seed), teacher)
    controls = {
        "shuffled_teacher": methods.with_foreign_teacher(data, foreign),
        "random_teacher": methods.adaptation_data(case, Teacher()),
    }
    for fraction in (0.0, SWEEP_AT):
        for method, control in controls.items():
            labelled = with_labels(control, case.storms(fraction))
            yield from trial.rows(fraction, method, methods.distilled(labelled, budget, seed), labelled.training)
    few = with_labels(data, case.storms(SWEEP_AT))
    own = with_labels(trial.own, case.storms(SWEEP_AT))
    ablated = {
        "distilled_no_waterlines": (few, methods.distilled(few, budget, seed, without=("waterlines",))),
        "distilled_no_archive": (few, methods.distilled(few, budget, seed, without=("archive",))),
        "distilled_no_archive_and_waterlines": (few, methods.distilled(drop_archive(few), budget, seed)),
        "distilled_no_teacher_weight": (few, methods.distilled(few, budget, seed, weighted=False)),
    }
    first_pass = methods.without_refinement(few)
    ablated["distilled_no_refinement"] = (first_pass, methods.distilled(first_pass, budget, seed))
    for method, (of, predictor) in ablated.items():
        yield from trial.rows(SWEEP_AT, method, predictor, of.training)
    for method, of in {"distilled": few, "self_archive": own}.items():
        yield from _outage_rows(trial, method, methods.distilled(of, budget, seed), of.training)
    degraded = replace(trial, case=replace(case, coast=case.coast.under_bad_radar()))
    data = degraded.data
    yield from _teacher_rows(degraded, teacher, data, "bad_radar")
    for fraction in (fraction for fraction in trial.fractions if fraction < 0.1):
        labelled = with_labels(data, degraded.case.storms(fraction))
        predictor = methods.distilled(labelled, budget, seed)
        yield from degraded.rows(fraction, "distilled", predictor, labelled.training, "bad_radar")


PARTS: dict[str, Callable[[Trial], Iterator[Row]]] = {
    "archives": archive_rows,
    "trees": tree_rows,
    "training": training_rows,
    "ceiling": ceiling_rows,
    "controls": control_rows,
    "recipes": whole_recipe_rows,
    "recipe_parts": partial_recipe_rows,
}
"""Name → its rows, in the order in which a run makes them."""
ON_FEWER_SEEDS, ON_ONE_SEED = ("ceiling", "controls", "recipes"), ("recipe_parts",)


def _bathtub_rows(trial: Trial) -> Iterator[Row]:
    """Still water at the true peak level: baselines without a network."""
    for method, (terrain, connected) in BATHTUBS.items():
        for test in trial.held:
            maps = bathtub_maps(trial.case.coast, trial.case.tests[test], terrain, connected=connected)
            yield trial.row(test, 0.0, method, methods.as_probability(maps), 0.5)


def _teacher_rows(trial: Trial, teacher: Teacher, data: AdaptationData, regime: str = "standard") -> Iterator[Row]:
    """The teacher with its archive of the place, which trains the student, and before: its first pass alone.

    Labels only choose the threshold.
    """

    def with_archive(batch: Batch) -> SingleFloats:
        return methods.teacher_probability(data, teacher, batch)

    def first_pass(batch: Batch) -> SingleFloats:
        logits = predict_with_tta(teacher, batch.without(*ARCHIVE_STREAMS)).flood_logits
        return logits.softmax(dim=1).numpy()

    training = data.teacher_predictions.training.flood_logits.softmax(dim=1).numpy()
    known = {"teacher": training, "teacher_first_pass": data.first_pass.class_probability.numpy()}
    for method, predictor in {"teacher": with_archive, "teacher_first_pass": first_pass}.items():
        predictions = {test: predictor(trial.case.test_storms(test)) for test in trial.held}
        for fraction in trial.without_labels():
            threshold = threshold_on_labels(trial.case, lambda _: known[method], trial.case.storms(fraction))  # noqa: B023
            for test, probability in predictions.items():
                yield trial.row(test, fraction, method, probability, threshold, regime=regime)


def _label_free_rows(trial: Trial, fraction: float) -> Iterator[Row]:
    """Methods that train on no label."""
    case, budget, own = trial.case, trial.budget, trial.own
    storms = case.storms(fraction)
    labelled = with_labels(trial.data, storms)
    yield from trial.rows(fraction, "analog", methods.nearest_analogs(labelled), labelled.training)
    yield from trial.rows(
        fraction, "pretrained", methods.without_archive(load_students(members=budget.members)), storms
    )
    clear = with_labels(trial.own_clear, storms)
    reading = methods.distilled(clear, budget, case.seed, weighted=False)
    on_cloudy = with_labels(own, storms).training
    threshold = threshold_on_labels(case, methods.distilled(own, budget, case.seed, weighted=False), on_cloudy)
    for test in trial.held:
        yield trial.row(test, fraction, "self_archive_clear", reading(case.test_storms(test)), threshold)


def _outage_rows(trial: Trial, method: str, predictor: Predictor, labelled: Batch) -> Iterator[Row]:
    """The normal test under each outage condition."""
    case = trial.case
    threshold = threshold_on_labels(case, predictor, labelled)
    storms = case.test_storms("normal")
    for condition in CONDITIONS[: trial.outages]:
        probability = predictor(apply_outage(storms, condition, torch.Generator().manual_seed(case.seed)))
        yield trial.row("normal", SWEEP_AT, method, probability, threshold, outage=str(condition))


def _forgetting_rows(trial: Trial, storms: Batch, tuned: Predictor) -> Iterator[Row]:
    """Scores on another coast before and after fine-tuning here, with replay and without.

    The shared weights of the distilled student do not change, so it cannot forget.
    """
    budget, seed = trial.budget, trial.case.seed
    free = [fine_tune(student, storms, (), budget, seed) for student in _students(trial)]
    elsewhere = replace(trial, case=split_storms(trial.sources.others, seed))
    predictors = {
        "pretrained": methods.without_archive(_students(trial)),
        "pretrained_finetuned": tuned,
        "finetuned_no_replay": methods.without_archive(free),
    }
    for method, predictor in predictors.items():
        probability = predictor(elsewhere.case.test_storms("normal"))
        row = elsewhere.row("normal", SWEEP_AT, method, probability, DEFAULT_THRESHOLD)
        yield {**row, "test": "others", "coast": trial.case.coast.seed}


def _students(trial: Trial) -> list[Student]:
    """The shipped students that take part, with their shipped weights."""
    return load_students(members=trial.budget.members)
