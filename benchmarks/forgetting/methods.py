"""Fine-tuning with each method against forgetting, and the strengths that are tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from benchmarks.delta.cases import Case
from benchmarks.delta.methods import Budget
from strandline.distillation.continual.regularisers import (
    LearningWithoutForgetting,
    QuadraticPenalty,
    Replay,
    ewc,
    l2_sp,
    mas,
)
from strandline.distillation.continual.replay import FISHER_DRAWS, load_exemplars
from strandline.distillation.objective import Consolidation
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students

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
"""λ of a penalty, or weight of a replayed storm; with ``ewc+replay`` λ, beside replay with `REPLAY`."""
REPLAY = 0.3
"""Weight of replayed storms beside elastic weight consolidation, from the grid above."""


@dataclass(frozen=True, eq=False)
class Consolidations:
    """Terms against forgetting, from the shipped exemplars; importances are computed at first use.

    Attributes:
        budget: of the fine-tuning.
    """

    budget: Budget

    @cached_property
    def replay(self) -> Replay:
        """Replay of the exemplars."""
        return Replay(load_exemplars(), self.budget.samples // 2, dropout_rate=self.budget.dropout_rate)

    @cached_property
    def penalties(self) -> Mapping[str, QuadraticPenalty]:
        """Quadratic penalties on the weights, by the name of the method."""
        storms, student = self.replay.past, shipped_student()
        penalties = (
            ewc(student, storms, 1.0, torch.Generator().manual_seed(0), FISHER_DRAWS),
            mas(student, storms, 1.0),
            l2_sp(student, 1.0),
        )
        return {penalty.name: penalty for penalty in penalties}

    def terms(self, method: str, strength: float, case: Case) -> list[Consolidation]:
        """The terms that a method adds to the loss of fine-tuning on a case."""
        match method:
            case "free":
                return []
            case "replay":
                return [replace(self.replay, weight=strength)]
            case "lwf":
                own, count = student_inputs(case.storms(0.0).without("waterlines", "archive")), self.budget.samples // 2
                rate = self.budget.dropout_rate
                return [LearningWithoutForgetting.record(shipped_student(), own, count, strength, dropout_rate=rate)]
            case "ewc+replay":
                return [replace(self.penalties["ewc"], strength=strength), replace(self.replay, weight=REPLAY)]
            case _:
                return [replace(self.penalties[method], strength=strength)]


def shipped_student() -> Student:
    """The first student of the shipped ensemble."""
    return load_students(members=1)[0]


def neighbouring_strengths(chosen: Mapping[str, float]) -> Strengths:
    """The chosen strength of each method with its neighbours in the grid; the whole grid where none was chosen."""
    strengths = dict(STRENGTHS)
    for method, strength in chosen.items():
        at = STRENGTHS[method].index(strength)
        strengths[method] = STRENGTHS[method][max(at - 1, 0) : at + 2]
    return strengths
