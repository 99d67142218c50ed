"""Learning from one coast without forgetting the others: what is added to the loss of fine-tuning.

Penalties hold shared weights near where many coasts left them, each as dearly as it matters there; replay and learning
without forgetting hold what the network says. A student's map of the place is new and stays free.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from strandline.distillation.continual.fisher import Tensors, shared_weights, student_fisher, student_sensitivity
from strandline.distillation.distil import soft_terms, task_terms
from strandline.distillation.modality_dropout import modality_dropout
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.inference import predict
from strandline.models.prediction import Prediction
from strandline.models.student import Student


@dataclass(frozen=True, eq=False)
class QuadraticPenalty:
    """``strength`` / 2 · Σ importance · (weight − anchor)², over the weights that are learned.

    Attributes:
        name: of the term.
        strength: λ. With Fisher information a label, λ = 1 counts one label of the past as one of the present.
        anchor: name → weight to stay near; ``importance``: name → how dear each number of it is, of the same shape.
    """

    name: str
    strength: float
    anchor: Tensors
    importance: Tensors

    def terms(self, student: Student, generator: torch.Generator) -> dict[str, Tensor]:
        """The penalty; it draws nothing."""
        learned = {name: weight for name, weight in student.named_parameters() if weight.requires_grad}
        parts = [
            (self.importance[name] * (learned[name] - anchor).square()).sum()
            for name, anchor in self.anchor.items()
            if name in learned
        ]
        if not parts:
            raise InputError(f"penalty '{self.name}'", "holds none of the weights that are learned", "leave it out")
        return {self.name: 0.5 * self.strength * torch.stack(parts).sum()}

    def after(self, student: Student, importance: Tensors, decay: float) -> Self:
        """The penalty for the next coast or storm, once the student has learned this one: online EWC.

        Args:
            student: where it is now becomes the anchor.
            importance: of its weights for what it has just learned.
            decay: 0…1, of what was important before.

        Source: Schwarz et al. (2018), Progress & Compress, section 3.2, with its decayed sum of Fishers.
        """
        if not 0 <= decay <= 1:
            raise InputError(f"penalty '{self.name}'", f"decay {decay} is no share", "give 0 to 1")
        return replace(
            self,
            anchor=_copied(shared_weights(student)),
            importance={name: decay * self.importance[name] + new for name, new in importance.items()},
        )


def ewc(
    student: Student, past: Sequence[Batch], strength: float, generator: torch.Generator, draws: int = 4
) -> QuadraticPenalty:
    """Elastic weight consolidation: each weight as dear as the Fisher information of what the student says of the past.

    Args:
        student: as it was when it had learned the past.
        past: its view of storms, of gauge windows, or of both, whose information then adds up; no label is read.
        draws: of labels a sample.

    Source: Kirkpatrick et al. (2017), eq. 3.
    """
    found = [student_fisher(student, batch, generator, draws) for batch in past]
    return QuadraticPenalty("ewc", strength, _copied(shared_weights(student)), _summed(found))


def mas(student: Student, past: Sequence[Batch], strength: float) -> QuadraticPenalty:
    """Memory aware synapses: each weight as dear as it moves what the student says of the past.

    Source: Aljundi et al. (2018), eq. 3.
    """
    found = [student_sensitivity(student, batch) for batch in past]
    return QuadraticPenalty("mas", strength, _copied(shared_weights(student)), _summed(found))


def l2_sp(student: Student, strength: float) -> QuadraticPenalty:
    """Every shared weight equally dear: weight decay towards the starting point, which needs nothing of the past.

    Source: Li et al. (2018), eq. 2, without decay of what is new.
    """
    anchor = _copied(shared_weights(student))
    return QuadraticPenalty(
        "l2_sp", strength, anchor, {name: torch.ones_like(weight) for name, weight in anchor.items()}
    )


@dataclass(frozen=True, eq=False)
class Replay:
    """Some of the past is learned again, with its labels, at every step.

    Attributes:
        past: the student's view of storms or gauge windows of other coasts, with truth.
        samples: drawn a step; ``weight`` of their loss; ``dropout_rate``: share of their streams that is hidden.

    Source: experience replay in its plainest form, Chaudhry et al. (2019), On Tiny Episodic Memories.
    """

    past: Batch
    samples: int
    weight: float = 1.0
    dropout_rate: float = 0.3

    def terms(self, student: Student, generator: torch.Generator) -> dict[str, Tensor]:
        """Loss on labels of a draw from the past."""
        index = torch.randint(0, len(self.past), (self.samples,), generator=generator)
        seen = modality_dropout(self.past[index], self.dropout_rate, generator)
        said = student(seen, without_site_memory=True)
        return {f"replay_{name}": term for name, term in task_terms(said, seen, self.weight).items()}


@dataclass(frozen=True, eq=False)
class LearningWithoutForgetting:
    """The student still says of the present what it said before it learned from it; nothing of the past is kept.

    Attributes:
        present: the student's view of what it learns from now; ``word``: what it said of it before.
        samples, weight, outage: as in ``Replay``.
        temperature: of both words.

    Source: Li and Hoiem (2016), section 3.
    """

    present: Batch
    word: Prediction
    samples: int
    weight: float = 1.0
    dropout_rate: float = 0.3
    temperature: float = 2.0

    @classmethod
    def of(cls, student: Student, present: Batch, samples: int, weight: float = 1.0, dropout_rate: float = 0.3) -> Self:
        """Record what the student says now."""
        return cls(present, predict(student, present), samples, weight, dropout_rate)

    def terms(self, student: Student, generator: torch.Generator) -> dict[str, Tensor]:
        """Divergence from the recorded word on a draw from the present."""
        index = torch.randint(0, len(self.present), (self.samples,), generator=generator)
        seen = modality_dropout(self.present[index], self.dropout_rate, generator)
        parts = soft_terms(student(seen), self.word[index], seen, self.weight, self.temperature)
        return {f"lwf_{name}": term for name, term in parts.items()}


def _copied(weights: Tensors) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in weights.items()}


def _summed(parts: Sequence[Tensors]) -> dict[str, Tensor]:
    if not parts:
        raise InputError("consolidation", "knows nothing of the past", "give storms or gauge windows")
    return {name: torch.stack([part[name] for part in parts]).sum(dim=0) for name in parts[0]}
