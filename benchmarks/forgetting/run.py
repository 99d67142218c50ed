"""Rows of the forgetting benchmark: fine-tuning on one coast, scored there and on the other coasts."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.delta.baselines import fine_tune
from benchmarks.delta.cases import Case
from benchmarks.delta.methods import Budget, without_archive
from benchmarks.delta.scoring import DEFAULT_THRESHOLD, score
from benchmarks.forgetting.methods import Consolidations, Strengths, shipped_student
from benchmarks.record import Row
from strandline.files import write_text
from strandline.models.student import Student


def rows_of(
    local: Case,
    others: Sequence[Case],
    consolidations: Consolidations,
    budget: Budget,
    strengths: Strengths,
    fraction: float,
    known: Sequence[Row],
) -> Iterator[Row]:
    """One row per method and strength on one coast.

    Args:
        local: the coast of the fine-tuning; ``others``: those on which it may forget.
        consolidations: terms against forgetting; ``strengths``: by method; ``fraction``: of labelled cells.
        known: finished rows, which are yielded as they are.
    """
    before = iou(shipped_student(), local), _mean_iou(shipped_student(), others)
    finished = {(row["method"], row["strength"]): row for row in known}
    for method, of_method in strengths.items():
        for strength in of_method:
            if (method, strength) in finished:
                yield finished[method, strength]
                continue
            terms = consolidations.terms(method, strength, local)
            student = fine_tune(shipped_student(), local.storms(fraction), terms, budget, local.seed)
            yield {
                "coast": local.coast.seed,
                "seed": local.seed,
                "method": method,
                "strength": strength,
                "local_before": before[0],
                "local_after": iou(student, local),
                "others_before": before[1],
                "others_after": _mean_iou(student, others),
            }


def resumed_rows(
    local: Case,
    others: Sequence[Case],
    consolidations: Consolidations,
    budget: Budget,
    strengths: Strengths,
    fraction: float,
    path: Path | None,
) -> list[Row]:
    """As `rows_of`; each row is written to ``path`` as soon as it is finished, and read from there."""
    known: list[Row] = json.loads(path.read_text()) if path is not None and path.exists() else []
    rows: list[Row] = []
    for row in rows_of(local, others, consolidations, budget, strengths, fraction, tuple(known)):
        rows.append(row)
        if row not in known and path is not None:
            known.append(row)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, json.dumps(known))
    return rows


def iou(student: Student, case: Case) -> float:
    """IoU of the normal test storms at the default threshold, which no label of the coast changes."""
    probability = without_archive([student])(case.test_storms("normal"))
    return score(case, "normal", probability, DEFAULT_THRESHOLD).iou


def _mean_iou(student: Student, cases: Sequence[Case]) -> float:
    return float(np.mean([iou(student, case) for case in cases]))
