"""``python -m benchmarks.delta``: what a student keeps of its teacher on simulated coasts, where truth is known."""

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import Progress

from benchmarks.delta.coasts import SimulatedCoast, bathtub_maps, hardness, simulate
from benchmarks.delta.learning import (
    DEFAULT_THRESHOLD,
    Answer,
    Budget,
    Case,
    analog,
    at_first_look,
    certain,
    course_of,
    distilled,
    fine_tune,
    foreign,
    labels_only,
    part,
    score,
    taught,
    threshold_of,
    weights_of,
    with_labels,
    without_teacher,
)
from benchmarks.delta.outages import CONDITIONS, strike
from benchmarks.delta.summary import markdown, summarise
from benchmarks.record import Record, Row, numeric_options, print_summary, write_record
from strandline.distillation.adaptation.data import AdaptationData, drop_archive
from strandline.distillation.continual.regularisers import Replay
from strandline.distillation.distil import Consolidation
from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED
from strandline.models.batch import Batch
from strandline.models.inference import predict, student_inputs
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students, load_teacher

TARGETS, TUNING_COASTS = 500, 2_000_000
"""First seeds of the test coasts, and of the coasts on which settings are chosen."""
REPLAY_STORMS = 16
SWEEP_AT = 0.05
DECISIVE = (
    *("coasts", "tuning_coasts", "events", "years", "label_fractions", "seeds", "size", "members", "steps"),
    *("scratch_steps", "outages"),
)
"""Options that change numbers."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, learn, score, and write the record."""
    options = _options().parse_args(arguments)
    torch.set_num_threads(options.threads)
    budget = Budget(options.steps, options.scratch_steps, members=options.members)
    coasts: list[tuple[int, tuple[str, ...]]] = [(TARGETS + i, ("normal", "extreme")) for i in range(options.coasts)]
    coasts += [(TUNING_COASTS + i, ("high",)) for i in range(options.tuning_coasts)]
    rows: list[Row] = []
    gates: list[Row] = []
    with Progress() as bar:
        task = bar.add_task("coasts", total=len(coasts) * options.seeds)
        replay = [_simulate(FIRST_SEED + i, options) for i in range(options.replay_coasts + 1)]
        for seed_of_coast, tests in coasts:
            coast = _simulate(seed_of_coast, options)
            gates.append({"coast": coast.seed, "extremes": int(coast.extreme.sum()), **vars(hardness(coast))})
            for seed in range(options.seeds):
                rows += _remembered(coast, seed, tests, replay, budget, options)
                bar.advance(task)
    record = Record(
        "delta",
        "simulated",
        {"networks": hashlib.sha256(_weights(budget)).hexdigest()},
        list(range(options.seeds)),
        rows,
        summarise(rows, gates),
        {"coasts": gates},
    )
    command = f"python -m benchmarks.delta {numeric_options(options, DECISIVE)}"
    write_record(record, options.out, markdown(record, command))
    print_summary(record)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delta", description=__doc__)
    parser.add_argument("--coasts", type=int, default=8)
    parser.add_argument(
        "--tuning-coasts",
        "--recipe-coasts",
        type=int,
        default=0,
        help="coasts on which settings are chosen (test `high`)",
    )
    parser.add_argument("--replay-coasts", type=int, default=3, help="taught coasts that fine-tuning replays")
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--years", type=float, default=40.0, help="of record in which the events are the highest")
    parser.add_argument("--label-fractions", type=float, nargs="+", default=[0.0, 0.01, 0.05, 0.10, 1.0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--members", type=int, default=1, help="students a method; the shipped ensemble has more")
    parser.add_argument(
        "--outages", type=int, default=len(CONDITIONS), help="outage conditions, the most telling first"
    )
    parser.add_argument("--steps", type=int, default=Budget.steps)
    parser.add_argument("--scratch-steps", type=int, default=Budget.scratch_steps)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=None, help="folder for coasts and finished rows")
    parser.add_argument("--out", type=Path, required=True)
    return parser


def _weights(budget: Budget) -> bytes:
    """Of the networks that take part."""
    return weights_of([load_teacher(), *load_students()[: budget.members]])


def _simulate(seed: int, options: argparse.Namespace) -> SimulatedCoast:
    return simulate(seed, options.events, options.years, options.size, options.cache)


def _remembered(
    coast: SimulatedCoast,
    seed: int,
    tests: tuple[str, ...],
    replay: Sequence[SimulatedCoast],
    budget: Budget,
    options: argparse.Namespace,
) -> list[Row]:
    """The rows of one coast and seed, from the cache where they were finished with the same weights and options."""
    if options.cache is None:
        return list(rows_of(coast, seed, tests, replay, budget, options.label_fractions, options.outages))
    decides = (
        options.label_fractions,
        options.events,
        options.years,
        options.size,
        options.replay_coasts,
        budget,
        tests,
    )
    key = hashlib.sha256(str(decides).encode() + _weights(budget)).hexdigest()[:12]
    path = options.cache / f"rows-{coast.seed}-{seed}-{key}.json"
    if path.exists():
        finished: list[Row] = json.loads(path.read_text())
        return finished
    rows = list(rows_of(coast, seed, tests, replay, budget, options.label_fractions, options.outages))
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(rows))
    partial.replace(path)
    return rows


def rows_of(
    coast: SimulatedCoast,
    seed: int,
    tests: tuple[str, ...],
    replay: Sequence[SimulatedCoast],
    budget: Budget,
    fractions: Sequence[float],
    outages: int,
) -> Iterator[Row]:
    """Every method on one coast under one seed, under the usual and under bad radar.

    Args:
        replay: coasts that may be replayed, and a last one that is not: forgetting is measured and a foreign teacher
            borrowed there.
    """
    case = part(coast, seed)
    teacher = load_teacher()
    yield from _untaught(case, tests)
    known = [_replay_of(replay[:-1], budget)] if replay[:-1] else []
    course = course_of(case, teacher)
    torch.manual_seed(seed)
    controls = {
        "shuffled_teacher": foreign(course, course_of(part(replay[-1], seed), teacher)),
        "random_teacher": course_of(case, Teacher()),
    }
    yield from _taught(case, tests, fractions, teacher, course)
    for fraction in fractions:
        yield from _at(case, tests, fraction, course, controls, known, replay[-1], budget, outages)
    bad = replace(case, coast=coast.under_bad_radar())
    course, few = course_of(bad, teacher), [fraction for fraction in fractions if fraction < 0.1]
    yield from _taught(bad, tests, few, teacher, course, "bad_radar")
    for fraction in few:
        labelled = with_labels(course, bad.storms(fraction))
        answer = distilled(labelled, budget, seed)
        yield from _scored(bad, tests, fraction, "distilled", answer, labelled.training, "bad_radar")


def _at(
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
    """Every method that learns, at one label fraction."""
    seed, storms = case.seed, case.storms(fraction)
    course = with_labels(unlabelled, storms)

    def scored(method: str, answer: Answer, practice: Batch = storms) -> Iterator[Row]:
        return _scored(case, tests, fraction, method, answer, practice)

    yield from scored("analog", analog(course), course.training)
    yield from scored("pretrained", without_teacher(load_students()[: budget.members]))
    if 0 < fraction < 1:
        yield from scored("labels_only", without_teacher(labels_only(course, budget, seed)))
    tuned = [fine_tune(student, storms, replay, budget, seed) for student in load_students()[: budget.members]]
    yield from scored("full_labels" if fraction == 1 else "pretrained_finetuned", without_teacher(tuned))
    if fraction < 1:
        again = [
            fine_tune(student, storms, replay, budget, seed, pseudo=predict(student, student_inputs(storms)))
            for student in deepcopy(tuned)
        ]
        yield from scored("self_training", without_teacher(again))
    answer = distilled(course, budget, seed)
    yield from scored("distilled", answer, course.training)
    if fraction == SWEEP_AT:
        yield from _sweep(case, fraction, "pretrained_finetuned", without_teacher(tuned), storms, outages)
        yield from _sweep(case, fraction, "distilled", answer, course.training, outages)
        yield from _forgetting(case, storms, others, without_teacher(tuned), budget)
        for method, changed in {
            "distilled_no_waterlines": distilled(course, budget, seed, without=("waterlines",)),
            "distilled_no_archive": distilled(course, budget, seed, without=("archive",)),
            "distilled_no_memory": distilled(drop_archive(course), budget, seed),
            "distilled_no_teacher_weight": distilled(course, budget, seed, judged=False),
            "distilled_no_refinement": distilled(at_first_look(course), budget, seed),
        }.items():
            yield from scored(method, changed, course.training)
    if fraction in (0.0, SWEEP_AT):
        for method, control in controls.items():
            yield from scored(method, distilled(with_labels(control, storms), budget, seed), course.training)


def _taught(
    case: Case,
    tests: tuple[str, ...],
    fractions: Sequence[float],
    teacher: Teacher,
    course: AdaptationData,
    regime: str = "standard",
) -> Iterator[Row]:
    """The teacher, which is asked once: labels do no more than choose its threshold."""
    practised = course.teacher_predictions.training.require_flood_logits().softmax(dim=1).numpy()
    thresholds = {fraction: threshold_of(case, lambda _: practised, case.storms(fraction)) for fraction in fractions}
    for test in tests:
        index = case.tests[test]
        if len(index):
            said = taught(course, teacher, case.coast.storms[torch.from_numpy(index)])
            for fraction, threshold in thresholds.items():
                yield {**_row(case, test, fraction, "teacher", index, said, threshold), "regime": regime}


def _untaught(case: Case, tests: tuple[str, ...]) -> Iterator[Row]:
    """Still water at the true peak level: the sceptic who needs no network."""
    kinds = {
        "bathtub": ("product", False),
        "bathtub_connected": ("product", True),
        "bathtub_connected_true": ("true", True),
    }
    for method, (ground, connected) in kinds.items():
        for test in tests:
            index = case.tests[test]
            if len(index):
                maps = certain(bathtub_maps(case.coast, index, ground, connected=connected))
                yield _row(case, test, 0.0, method, index, maps, 0.5)


def _scored(
    case: Case,
    tests: tuple[str, ...],
    fraction: float,
    method: str,
    answer: Answer,
    practice: Batch,
    regime: str = "standard",
) -> Iterator[Row]:
    """One row a test; the threshold is chosen on the training storms."""
    threshold = threshold_of(case, answer, practice)
    for test in tests:
        index = case.tests[test]
        if len(index):
            probability = answer(case.coast.storms[torch.from_numpy(index)])
            yield {**_row(case, test, fraction, method, index, probability, threshold), "regime": regime}


def _sweep(case: Case, fraction: float, method: str, answer: Answer, practice: Batch, outages: int) -> Iterator[Row]:
    """The normal test once more, with streams out."""
    threshold = threshold_of(case, answer, practice)
    index = case.tests["normal"]
    storms = case.coast.storms[torch.from_numpy(index)]
    for condition in CONDITIONS[:outages]:
        struck = strike(storms, condition, torch.Generator().manual_seed(case.seed))
        yield _row(case, "normal", fraction, method, index, answer(struck), threshold, str(condition))


def _forgetting(case: Case, storms: Batch, others: SimulatedCoast, tuned: Answer, budget: Budget) -> Iterator[Row]:
    """What fine-tuning here costs elsewhere: another coast's storms before and after, with replay and without.

    The distilled student's shared weights stay as they are, so that it has nothing to forget.
    """
    alone = [fine_tune(student, storms, (), budget, case.seed) for student in load_students()[: budget.members]]
    elsewhere = part(others, case.seed)
    index = elsewhere.tests["normal"]
    answers = {
        "pretrained": without_teacher(load_students()[: budget.members]),
        "pretrained_finetuned": tuned,
        "finetuned_no_replay": without_teacher(alone),
    }
    for method, answer in answers.items():
        probability = answer(others.storms[torch.from_numpy(index)])
        row = _row(elsewhere, "others", SWEEP_AT, method, index, probability, DEFAULT_THRESHOLD)
        yield {**row, "coast": case.coast.seed}


def _row(
    case: Case,
    test: str,
    fraction: float,
    method: str,
    index: npt.NDArray[np.int64],
    probability: npt.NDArray[np.float32],
    threshold: float,
    outage: str = "none",
) -> Row:
    return {
        "test": test,
        "coast": case.coast.seed,
        "label_fraction": fraction,
        "seed": case.seed,
        "method": method,
        "outage": outage,
        **vars(score(case, index, probability, threshold)),
        "regime": "standard",
        "storms": len(index),
        "threshold": threshold,
    }


def _replay_of(coasts: Sequence[SimulatedCoast], budget: Budget) -> Replay:
    """A few storms of each of some coasts that the networks were taught on, with truth."""
    parts = []
    for coast in coasts:
        normal = np.flatnonzero(~coast.extreme)[:REPLAY_STORMS]
        parts.append(coast.storms[torch.from_numpy(normal)])
    return Replay(student_inputs(Batch.concatenate(parts)), budget.samples // 2, dropout_rate=budget.dropout_rate)


if __name__ == "__main__":
    main()
