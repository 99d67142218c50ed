"""``python -m benchmarks.forgetting``: what the labels of a coast teach the shipped student, and what it forgets."""

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from benchmarks.delta.__main__ import TARGETS, TUNING_COASTS
from benchmarks.delta.coasts import simulate
from benchmarks.delta.learning import (
    DEFAULT_THRESHOLD,
    Budget,
    Case,
    fine_tune,
    part,
    score,
    weights_of,
    without_teacher,
)
from benchmarks.forgetting.summary import chosen_strengths, draw_frontier, markdown, summarise
from benchmarks.record import Record, Value, numeric_options, print_summary, sha256, write_record
from strandline.distillation.continual.regularisers import (
    LearningWithoutForgetting,
    QuadraticPenalty,
    Replay,
    ewc,
    l2_sp,
    mas,
)
from strandline.distillation.continual.replay import FILE, FISHER_DRAWS, STORM_WEIGHT, load_exemplars
from strandline.distillation.distil import Consolidation
from strandline.files import write_text
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import SHIPPED, load_students

Strengths = Mapping[str, Sequence[float]]
STRENGTHS: Strengths = {
    "free": (0.0,),
    "ewc": (100.0, 1000.0, 10_000.0),
    "l2_sp": (0.03, 0.3, 3.0),
    "mas": (0.3, 3.0, 30.0),
    "lwf": (0.3, 1.0, 3.0),
    "replay": (0.3, 1.0, 3.0),
    "ewc+replay": (300.0, 1000.0),
}
"""λ of a penalty, weight of a replayed or remembered storm; of EWC beside a replay of a run's own weight."""
Row = dict[str, Value]
DECISIVE = (
    *("coasts", "tuning_coasts", "seeds", "tuning_seeds", "label_fraction", "events", "years", "size", "steps"),
    "learning_rate",
)
"""Options that change numbers."""


@dataclass(frozen=True, eq=False)
class Past:
    """Exemplars that ship, and what the weights of the shipped student are worth on them; found when first asked for.

    Attributes:
        budget: of a fine-tuning that is to remember them.
    """

    budget: Budget

    @cached_property
    def replay(self) -> Replay:
        """What is learned again."""
        return Replay(load_exemplars().storms, self.budget.samples // 2, dropout_rate=self.budget.dropout_rate)

    @cached_property
    def penalties(self) -> Mapping[str, QuadraticPenalty]:
        """Importance of weights, by the name of the method."""
        storms, student = self.replay.past, shipped()
        penalties = (
            ewc(student, [storms], 1.0, torch.Generator().manual_seed(0), FISHER_DRAWS),
            mas(student, [storms], 1.0),
            l2_sp(student, 1.0),
        )
        return {penalty.name: penalty for penalty in penalties}

    def consolidation(self, method: str, strength: float, present: Case) -> list[Consolidation]:
        """What is added to the loss, by the name of the method."""
        match method:
            case "free":
                return []
            case "replay":
                return [replace(self.replay, weight=strength)]
            case "lwf":
                own, budget = student_inputs(present.storms(0.0).without("waterlines", "archive")), self.budget
                return [
                    LearningWithoutForgetting.of(
                        shipped(), own, budget.samples // 2, strength, dropout_rate=budget.dropout_rate
                    )
                ]
            case "ewc+replay":
                return [replace(self.penalties["ewc"], strength=strength), replace(self.replay, weight=STORM_WEIGHT)]
            case _:
                return [replace(self.penalties[method], strength=strength)]


def shipped() -> Student:
    """The first student of the shipped ensemble."""
    return load_students()[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fine-tune on every coast by every method, score here and elsewhere, and write the record."""
    options = _options().parse_args(arguments)
    torch.set_num_threads(options.threads)
    budget = Budget(options.steps, learning_rate=options.learning_rate)
    past = Past(budget)
    rows: list[Row] = []
    sets = {
        "tuning": [TUNING_COASTS + i for i in range(options.tuning_coasts)],
        "test": [TARGETS + i for i in range(options.coasts)],
    }
    seeds = {"tuning": options.tuning_seeds, "test": options.seeds}
    with Progress() as bar:
        task = bar.add_task("coasts", total=sum(len(coasts) * seeds[name] for name, coasts in sets.items()))
        for name, names in sets.items():
            strengths = _near(chosen_strengths(rows))
            coasts = [simulate(seed, options.events, options.years, options.size, options.cache) for seed in names]
            for seed in range(seeds[name]):
                cases = [part(coast, seed) for coast in coasts]
                for index, local in enumerate(cases):
                    others = cases[:index] + cases[index + 1 :]
                    found = _finished(local, others, past, budget, strengths, options)
                    rows += [{"set": name, **row} for row in found]
                    bar.advance(task)
    record = Record(
        "forgetting",
        "simulated",
        {"student": hashlib.sha256(weights_of([shipped()])).hexdigest(), "exemplars": sha256(SHIPPED / FILE)},
        list(range(options.seeds)),
        rows,
        summarise(rows),
    )
    command = f"python -m benchmarks.forgetting {numeric_options(options, DECISIVE)}"
    write_record(record, options.out, markdown(record, command))
    if options.picture is not None:
        draw_frontier(record.rows, options.picture)
    print_summary(record)


def rows_of(
    local: Case,
    others: Sequence[Case],
    past: Past,
    budget: Budget,
    strengths: Strengths,
    fraction: float,
    known: Sequence[Row],
) -> Iterator[Row]:
    """A row a method and strength for one coast; those that are ``known`` are not made again."""
    before = iou(shipped(), local), _elsewhere(shipped(), others)
    done = {(row["method"], row["strength"]): row for row in known}
    for method, of in strengths.items():
        for strength in of:
            if (method, strength) in done:
                yield done[method, strength]
                continue
            consolidation = past.consolidation(method, strength, local)
            student = fine_tune(shipped(), local.storms(fraction), consolidation, budget, local.seed)
            yield {
                "coast": local.coast.seed,
                "seed": local.seed,
                "method": method,
                "strength": strength,
                "local_before": before[0],
                "local_after": iou(student, local),
                "others_before": before[1],
                "others_after": _elsewhere(student, others),
            }


def iou(student: Student, case: Case) -> float:
    """Of the normal test storms at the usual threshold, which no label of the coast has moved."""
    index = case.tests["normal"]
    said = without_teacher([student])(case.coast.storms[torch.from_numpy(index)])
    return score(case, index, said, DEFAULT_THRESHOLD).iou


def _elsewhere(student: Student, others: Sequence[Case]) -> float:
    """Mean over the other coasts."""
    return float(np.mean([iou(student, case) for case in others]))


def _near(chosen: Mapping[str, float]) -> Strengths:
    """The chosen strength of each method and its neighbours in the grid; all of it where nothing was chosen."""
    near = dict(STRENGTHS)
    for method, strength in chosen.items():
        at = STRENGTHS[method].index(strength)
        near[method] = STRENGTHS[method][max(at - 1, 0) : at + 2]
    return near


def _finished(
    local: Case,
    others: Sequence[Case],
    past: Past,
    budget: Budget,
    strengths: Strengths,
    options: argparse.Namespace,
) -> list[Row]:
    """The rows of one coast and seed; each is kept in the cache as soon as it is there."""
    decides = (options.label_fraction, options.events, options.years, options.size, budget, FISHER_DRAWS)
    elsewhere = [case.coast.seed for case in others]
    key = hashlib.sha256(f"{decides} {elsewhere}".encode() + weights_of([shipped()])).hexdigest()[:12]
    path = None
    known: list[Row] = []
    if options.work is not None:
        path = options.work / f"forgetting-{local.coast.seed}-{local.seed}-{key}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(path.read_text()) if path.exists() else []
    rows: list[Row] = []
    for row in rows_of(local, others, past, budget, strengths, options.label_fraction, known):
        rows.append(row)
        if row not in known and path is not None:
            known.append(row)
            write_text(path, json.dumps(known))
    return rows


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forgetting", description=__doc__)
    parser.add_argument("--coasts", type=int, default=4)
    parser.add_argument(
        "--tuning-coasts",
        "--recipe-coasts",
        type=int,
        default=3,
        help="coasts that each method's strength is chosen on",
    )
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--tuning-seeds", "--recipe-seeds", type=int, default=1)
    parser.add_argument("--label-fraction", type=float, default=0.25)
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--years", type=float, default=40.0, help="of record in which the events are the highest")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=None, help="folder for simulated coasts")
    parser.add_argument("--work", type=Path, default=None, help="folder for finished rows")
    parser.add_argument("--picture", type=Path, default=None, help="file for the frontier, .png or .svg")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
