"""A tiny pre-training on batches made by hand, without dropout: its loss, step by step, alone or under ``torchrun``."""

import json
import sys
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor

from batch_fixtures import gauges_alone, make_batch
from strandline import pretraining, processes
from strandline.corpus import Curriculum
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.training import Loss, train

TINY = Curriculum(
    coasts=2, storms=4, samples=4, members=1, teacher_steps=4, second_steps=2, student_steps=3, surge_steps=2
)


class PlainTeacher(Teacher):
    """Without dropout, which no two processes draw alike."""

    def __init__(self) -> None:
        super().__init__(width=32, depth=1, dropout=0.0)


class PlainStudent(Student):
    """Without dropout."""

    def __init__(self) -> None:
        super().__init__(width=8, dropout=0.0)


def loss_curves() -> list[list[float]]:
    """Of the teacher, its second look, its surge decoder, the student and its surge decoder."""
    curves: list[list[float]] = []

    def recorded(parameters: list[torch.nn.Parameter], loss: Loss, *args: float, **named: float) -> dict[str, float]:
        curves.append([])

        def noted(step: int) -> dict[str, Tensor]:
            terms = loss(step)
            curves[-1].append(float(processes.average(torch.stack(list(terms.values())).sum().detach())))
            return terms

        return train(parameters, noted, *args, **named)  # type: ignore[arg-type]

    storms, windows = make_batch(8, (16, 16)), gauges_alone(make_batch(32, (8, 8), seed=1))
    with (
        patch.object(pretraining, "Teacher", PlainTeacher),
        patch.object(pretraining, "Student", PlainStudent),
        patch.object(pretraining, "train", recorded),
    ):
        teacher = pretraining.teach(TINY, storms, windows, "cpu", seed=0)
        pretraining.raise_student(TINY, teacher, storms, windows, "cpu", seed=1)
    return curves


if __name__ == "__main__":
    torch.set_num_threads(1)
    with processes.joined("cpu"):
        found = loss_curves()
        if processes.number() == 0:
            Path(sys.argv[1]).write_text(json.dumps(found))
