"""Terms against forgetting other coasts, added to the loss of fine-tuning.

Penalties keep shared weights near their pre-trained values, in proportion to their importance; replay and learning
without forgetting keep the network's predictions. A student's site memory is new and not regularised.
"""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor, nn

from strandline.distillation.continual.fisher import Tensors, shared_weights, student_fisher, student_sensitivity
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.objective import soft_terms, task_terms
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.inference import predict
from strandline.models.prediction import Prediction
from strandline.models.student import Student


@dataclass(frozen=True, eq=False)
class QuadraticPenalty:
    """``strength`` / 2 · Σ importance · (weight − anchor)², over the trained weights.

    Attributes:
        name: of the term.
        strength: λ. With Fisher information per label, λ = 1 counts one label of the past as one of the present.
        anchor: name → weight to stay near; ``importance``: name → importance of each element, of the same shape.
    """

    name: str
    strength: float
    anchor: Tensors
    importance: Tensors

    def terms(self, student: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
        """The penalty; it has no random draws."""
        trained = {name: weight for name, weight in student.named_parameters() if weight.requires_grad}
        parts = [
            (self.importance[name].to(trained[name]) * (trained[name] - anchor.to(trained[name])).square()).sum()
            for name, anchor in self.anchor.items()
            if name in trained
        ]
        if not parts:
            raise InputError(f"penalty '{self.name}'", "holds none of the trained weights", "leave it out")
        return {self.name: 0.5 * self.strength * torch.stack(parts).sum()}

    def after(self, student: nn.Module, importance: Tensors, decay: float) -> Self:
        """The penalty for the next coast or storm, after the student was trained on this one: online EWC.

        Args:
            student: its weights become the anchor.
            importance: of its weights for the data it was just trained on.
            decay: 0…1, factor on the previous importance.

        Source: Schwarz et al. (2018), Progress & Compress, section 3.2, with its decayed sum of Fishers.
        """
        if not 0 <= decay <= 1:
            raise InputError(f"penalty '{self.name}'", f"decay {decay} is not between 0 and 1", "give 0 to 1")
        return replace(
            self,
            anchor=_copied(shared_weights(student)),
            importance={name: decay * self.importance[name] + new for name, new in importance.items()},
        )


def ewc(student: Student, past: Batch, strength: float, generator: torch.Generator, draws: int = 4) -> QuadraticPenalty:
    """Elastic weight consolidation: the importance of a weight is its Fisher information on the past data.

    Args:
        student: trained on the past data.
        past: student inputs of storms; labels are not used.
        draws: of labels per sample.

    Source: Kirkpatrick et al. (2017), eq. 3.
    """
    importance = student_fisher(student, past, generator, draws)
    return QuadraticPenalty("ewc", strength, _copied(shared_weights(student)), importance)


def mas(student: Student, past: Batch, strength: float) -> QuadraticPenalty:
    """Memory aware synapses: the importance of a weight is the sensitivity of the student's output on the past data.

    Source: Aljundi et al. (2018), eq. 3.
    """
    return QuadraticPenalty("mas", strength, _copied(shared_weights(student)), student_sensitivity(student, past))


def l2_sp(student: nn.Module, strength: float) -> QuadraticPenalty:
    """Weight decay towards the starting point, with equal importance of all shared weights; it needs no past data.

    Source: Li et al. (2018), eq. 2, without decay of what is new.
    """
    anchor = _copied(shared_weights(student))
    return QuadraticPenalty(
        "l2_sp", strength, anchor, {name: torch.ones_like(weight) for name, weight in anchor.items()}
    )


@dataclass(frozen=True, eq=False)
class Replay:
    """Training on samples of the past, with their labels, at every step.

    Attributes:
        past: student inputs of storms of other coasts, with true targets.
        samples: drawn per step; ``weight`` of their loss; ``dropout_rate``: probability of hiding a modality.

    Source: experience replay in its plainest form, Chaudhry et al. (2019), On Tiny Episodic Memories.
    """

    past: Batch
    samples: int
    weight: float = 1.0
    dropout_rate: float = 0.3

    def terms(self, student: Student, generator: torch.Generator) -> dict[str, Tensor]:
        """Loss on the labels of samples of the past."""
        index = torch.randint(0, len(self.past), (self.samples,), generator=generator)
        inputs = modality_dropout(self.past[index], self.dropout_rate, generator)
        prediction = student(inputs, without_site_memory=True)
        return {f"replay_{name}": term for name, term in task_terms(prediction, inputs, self.weight).items()}


@dataclass(frozen=True, eq=False)
class LearningWithoutForgetting:
    """The student keeps the predictions that it made on the present data before training; it needs no past data.

    Attributes:
        present: student inputs of the training data; ``prediction``: on them, before training.
        samples, weight, dropout_rate: as in ``Replay``.
        temperature: of both predictions.

    Source: Li and Hoiem (2016), section 3.
    """

    present: Batch
    prediction: Prediction
    samples: int
    weight: float = 1.0
    dropout_rate: float = 0.3
    temperature: float = 2.0

    @classmethod
    def record(
        cls, student: Student, present: Batch, samples: int, weight: float = 1.0, dropout_rate: float = 0.3
    ) -> Self:
        """Record the student's predictions now."""
        return cls(present, predict(student, present), samples, weight, dropout_rate)

    def terms(self, student: Student, generator: torch.Generator) -> dict[str, Tensor]:
        """Divergence from the recorded predictions on samples of the present."""
        index = torch.randint(0, len(self.present), (self.samples,), generator=generator)
        inputs = modality_dropout(self.present[index], self.dropout_rate, generator)
        parts = soft_terms(student(inputs), self.prediction[index], inputs, self.weight, self.temperature)
        return {f"lwf_{name}": term for name, term in parts.items()}


def _copied(weights: Tensors) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in weights.items()}
