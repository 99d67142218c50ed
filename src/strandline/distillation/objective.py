"""The loss of a distillation step: weighted terms on the predictions of student and teacher.

Two tables list the terms of Strandline's own networks; a new loss is a function in ``losses`` and a row here. `distil`
builds the same objects from the arguments that its caller gives.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from strandline.distillation import losses
from strandline.distillation.alignment.alignment import Alignment, Features
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.prediction import Prediction


class HasFeatures(Protocol):
    """A network's output with the features that an alignment compares."""

    @property
    def features(self) -> Features:
        """``global`` (B, D) and ``patches`` (B, N, D); either may be missing."""


Output = TypeVar("Output", bound=HasFeatures)
Inputs = TypeVar("Inputs")
Network = TypeVar("Network", bound=nn.Module, contravariant=True)


@dataclass(frozen=True)
class TaskTerm(Generic[Output, Inputs]):
    """A loss on labels.

    Attributes:
        loss: from prediction and batch to a scalar, or ``None`` where the batch has no such label.
        weight: relative to the other terms of the table.
    """

    name: str
    loss: Callable[[Output, Inputs], Tensor | None]
    weight: float = 1.0


@dataclass(frozen=True)
class SoftTerm(Generic[Output, Inputs]):
    """A divergence from the teacher.

    Attributes:
        loss: from the student's prediction, the teacher's, the batch and the temperature to a scalar, or ``None`` where
            one of the two does not predict it.
        weight: relative to the other terms of the table.
    """

    name: str
    loss: Callable[[Output, Output, Inputs, float], Tensor | None]
    weight: float = 1.0


@dataclass(frozen=True)
class Objective(Generic[Output, Inputs]):
    """Task terms + soft targets + alignments on one batch. A weight of 0 means that the term is not computed.

    Attributes:
        task, soft, feature, temporal: weights of the parts.
        task_terms, soft_terms, alignment, temporal_alignment: what each part computes.
    """

    task: float
    soft: float
    feature: float
    task_terms: Sequence[TaskTerm[Output, Inputs]]
    soft_terms: Sequence[SoftTerm[Output, Inputs]]
    alignment: Alignment | None = None
    temporal: float = 0.0
    temporal_alignment: Alignment | None = None

    def terms(self, student: Output, teacher: Output | None, batch: Inputs, temperature: float) -> dict[str, Tensor]:
        """Named, weighted scalars; without a teacher's prediction, the task terms alone."""
        found: dict[str, Tensor] = {}
        if self.task > 0:
            task = {term.name: (term.weight, term.loss(student, batch)) for term in self.task_terms}
            found |= _weighted(task, self.task)
        if self.soft > 0 and teacher is not None:
            soft = {
                term.name: (term.weight, term.loss(student, teacher, batch, temperature)) for term in self.soft_terms
            }
            found |= _weighted(soft, self.soft)
        for name, weight, alignment in (
            ("feature", self.feature, self.alignment),
            ("temporal", self.temporal, self.temporal_alignment),
        ):
            if weight > 0 and alignment is not None and teacher is not None:
                found[name] = weight * alignment(student.features, teacher.features).mean()
        return found


class Consolidation(Protocol[Network]):
    """What keeps a student from forgetting what it was trained on before; several add up."""

    def terms(self, student: Network, generator: torch.Generator) -> dict[str, Tensor]:
        """Named, weighted terms that are added to the loss of a step, each a scalar.

        Args:
            student: at this step, with dropout.
            generator: source of all random draws.
        """
        ...


def add_terms(total: dict[str, Tensor], terms: Mapping[str, Tensor]) -> None:
    """Add terms to a total in place; terms of one name are summed."""
    for name, term in terms.items():
        total[name] = total[name] + term if name in total else term


def _weighted(terms: Mapping[str, tuple[float, Tensor | None]], weight: float) -> dict[str, Tensor]:
    return {name: relative * weight * value for name, (relative, value) in terms.items() if value is not None}


def _flood_task(prediction: Prediction, batch: Batch) -> Tensor | None:
    if batch.flood_class is None or batch.flood_valid is None:
        return None
    entropy = losses.cross_entropy(prediction.flood_logits, batch.flood_class, batch.flood_valid)
    dice = losses.soft_dice(prediction.flood_logits, batch.flood_class, batch.flood_valid)
    return losses.mean_of_samples(entropy + 0.5 * dice, batch.flood_valid.flatten(1).any(dim=1))


def _damage_task(prediction: Prediction, batch: Batch) -> Tensor | None:
    if prediction.damage_logits is None or batch.damage_state is None or batch.damage_valid is None:
        return None
    logits = prediction.damage_logits.transpose(1, 2)
    return losses.cross_entropy(logits, batch.damage_state, batch.damage_valid).mean()


def _flood_soft(student: Prediction, teacher: Prediction, batch: Batch, temperature: float) -> Tensor:
    valid = batch.require("terrain_seen")
    return losses.soft_targets(student.flood_logits, teacher.flood_logits, valid, temperature).mean()


def _damage_soft(student: Prediction, teacher: Prediction, batch: Batch, temperature: float) -> Tensor | None:
    if student.damage_logits is None or teacher.damage_logits is None or batch.asset_seen is None:
        return None
    of_student, of_teacher = (logits.transpose(1, 2) for logits in (student.damage_logits, teacher.damage_logits))
    return losses.soft_targets(of_student, of_teacher, batch.asset_seen, temperature).mean()


TASK_TERMS: tuple[TaskTerm[Prediction, Batch], ...] = (
    TaskTerm("flood_task", _flood_task),
    TaskTerm("damage_task", _damage_task, 0.2),
)
"""Losses on labels: cross-entropy and soft Dice of the flood, cross-entropy of the damage."""
SOFT_TERMS: tuple[SoftTerm[Prediction, Batch], ...] = (
    SoftTerm("flood_soft", _flood_soft),
    SoftTerm("damage_soft", _damage_soft, 0.2),
)
"""Divergences from the teacher's predictions, wherever both networks predict."""


def task_terms(prediction: Prediction, batch: Batch, weight: float) -> dict[str, Tensor]:
    """Weighted losses on the labels of a batch."""
    return Objective(weight, 0.0, 0.0, TASK_TERMS, ()).terms(prediction, None, batch, 1.0)


def soft_terms(
    student: Prediction, teacher: Prediction, batch: Batch, weight: float, temperature: float
) -> dict[str, Tensor]:
    """Weighted divergences from the teacher's predictions."""
    return Objective(0.0, weight, 0.0, (), SOFT_TERMS).terms(student, teacher, batch, temperature)


def geometric_annealing(step: int, steps: int, start: float = 5.0, end: float = 1.0) -> float:
    """Temperature at a step: start · (end/start)^(step/(steps − 1)).

    A single step has the last temperature. ``start`` = ``end`` is a constant; ``end`` may be above ``start``.

    Raises:
        InputError: a temperature that is not above 0, or a step outside 0…steps − 1.
    """
    losses.check_temperature(start)
    losses.check_temperature(end)
    if not 0 <= step < steps:
        raise InputError("annealing", f"step {step} is not one of {steps}", f"count from 0 to {steps - 1}")
    if steps == 1:
        return end
    return float(start * (end / start) ** (step / (steps - 1)))
