"""Students that are trained on a coast without a teacher, and the ceiling that its labels allow."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from benchmarks.accounting import Convergence, train_to_convergence
from benchmarks.delta.methods import Budget, distillation_config, site_shape
from strandline.distillation.adaptation.baselines import supervised, untrained_students
from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.adaptation.train_members import train_members
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.objective import Consolidation, soft_terms, task_terms
from strandline.distillation.training.loop import train
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student

VALIDATION_EVERY = 5
"""One labelled training storm in so many validates the ceiling instead of training it."""
ROUND_STEPS, PATIENCE = 25, 6
"""Steps of one round of the ceiling, and rounds without a lower validation loss after which it ends."""


def labels_only(data: AdaptationData, budget: Budget, seed: int) -> list[Student]:
    """Students with random initial weights, trained on the local labels."""
    students = untrained_students(budget.members, site_shape(data), seed)
    train_members(supervised(data, students, distillation_config(budget, budget.scratch_steps), seed, all_weights=True))
    return students


def fine_tune(
    student: Student,
    storms: Batch,
    consolidation: Sequence[Consolidation[Student]],
    budget: Budget,
    seed: int,
    pseudo: Prediction | None = None,
    steps: int | None = None,
) -> Student:
    """Train all weights of the map on the labels, and on pseudo-labels if given; changes the student in place.

    Args:
        storms: of the coast, with the labels that may be used, and with an archive if the student is to read one.
        consolidation: terms against forgetting other coasts; none = free fine-tuning.
        pseudo: the student's own earlier prediction on ``storms``.
        steps: of the optimiser; those of the budget where not given.
    """
    own = student_inputs(storms)
    labelled = own.require("flood_valid").flatten(1).any(dim=1).nonzero()[:, 0]
    generator = torch.Generator().manual_seed(seed)

    def draw(pool: Tensor) -> Tensor:
        return pool[torch.randint(0, len(pool), (budget.samples // 2,), generator=generator)]

    def predict_with_dropout(batch: Batch) -> tuple[Prediction, Batch]:
        seen = modality_dropout(batch, budget.dropout_rate, generator)
        return student(seen), seen

    def loss(_: int) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        if len(labelled):
            terms["labels"] = task_terms(*predict_with_dropout(own[draw(labelled)]), 1.0)["flood_task"]
        for term in consolidation:
            terms |= term.terms(student, generator)
        if pseudo is not None:
            index = draw(torch.arange(len(own)))
            prediction, seen = predict_with_dropout(own[index])
            terms["pseudo"] = soft_terms(prediction, pseudo[index], seen, 1.0, 1.0)["flood_soft"]
        return terms

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        _train_maps(student, loss, budget.steps if steps is None else steps, budget)
    return student


def train_ceiling(student: Student, storms: Batch, budget: Budget, seed: int) -> Convergence:
    """Train all weights of the map on every label until the loss on held-out training storms stops falling, in place.

    Args:
        storms: of the coast, with its labels, and with an archive if the student is to read one.
    """
    own = student_inputs(storms)
    held_out = torch.arange(len(own)) % VALIDATION_EVERY == VALIDATION_EVERY - 1
    training, validation = own[~held_out], own[held_out]
    generator = torch.Generator().manual_seed(seed)

    def loss(_: int) -> dict[str, Tensor]:
        index = torch.randint(0, len(training), (budget.samples,), generator=generator)
        seen = modality_dropout(training[index], budget.dropout_rate, generator)
        return {"labels": task_terms(student(seen), seen, 1.0)["flood_task"]}

    def validation_loss() -> float:
        with torch.no_grad():
            return float(task_terms(student.eval()(validation), validation, 1.0)["flood_task"])

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return train_to_convergence(
            student,
            lambda _: _train_maps(student, loss, ROUND_STEPS, budget),
            validation_loss,
            steps=ROUND_STEPS,
            patience=PATIENCE,
            rounds=budget.ceiling_rounds,
        )


def _train_maps(student: Student, loss: Callable[[int], dict[str, Tensor]], steps: int, budget: Budget) -> None:
    """Minimise a loss over all weights of the flood map; the student is left in evaluation mode."""
    student.train()
    of_maps = ("map.", "archive.", "site_memory")
    train([w for name, w in student.named_parameters() if name.startswith(of_maps)], loss, steps, budget.learning_rate)
    student.eval()
