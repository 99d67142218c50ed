"""``strandline teach`` on coasts made by hand, small and without dropout: alone, or under ``torchrun``."""

import json
import os
import sys
from functools import partial
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor

from batch_fixtures import gauges_alone, make_batch
from strandline import jobs, pretraining, processes
from strandline.batch import Batch, concatenate
from strandline.checkpoints import Checkpoints
from strandline.cli import app
from strandline.corpus import Curriculum
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.training import Loss, train

TINY = Curriculum(
    coasts=2, storms=4, samples=4, members=2, teacher_steps=4, second_steps=2, student_steps=3, snapshot_steps=2,
    surge_steps=2,
)  # fmt: skip


class PlainTeacher(Teacher):
    """Without dropout, which no two processes draw alike."""

    def __init__(self) -> None:
        super().__init__(width=32, depth=1, dropout=0.0)


class PlainStudent(Student):
    """Without dropout."""

    def __init__(self) -> None:
        super().__init__(width=8, dropout=0.0)


def corpus_by_hand(simulate: object, curriculum: Curriculum, line: Checkpoints, *_: object) -> list[Batch]:
    """In the stead of simulated coasts, which take long."""

    def make(seed: int) -> tuple[Batch, Batch]:
        return make_batch(curriculum.storms, (16, 16), seed=seed), gauges_alone(make_batch(16, (8, 8), seed=seed))

    lessons = (line.stage(f"coast {seed}", partial(make, seed)) for seed in range(curriculum.coasts))
    return [concatenate(part) for part in zip(*lessons, strict=True)]


def teach(out: Path) -> list[list[float]]:
    """Write the networks; returns the loss, step by step, of every training that was needed for them."""
    curves: list[list[float]] = []

    def recorded(parameters: list[torch.nn.Parameter], loss: Loss, *args: float, **named: float) -> dict[str, float]:
        curves.append([])

        def noted(step: int) -> dict[str, Tensor]:
            terms = loss(step)
            curves[-1].append(float(processes.average(torch.stack(list(terms.values())).sum().detach())))
            return terms

        return train(parameters, noted, *args, **named)  # type: ignore[arg-type]

    with (
        patch.object(jobs, "Curriculum", lambda: TINY),
        patch.object(jobs, "simulate_corpus", corpus_by_hand),
        patch.object(pretraining, "Teacher", PlainTeacher),
        patch.object(pretraining, "Student", PlainStudent),
        patch.object(pretraining, "train", recorded),
    ):
        app(["teach", "--out", str(out)], standalone_mode=False)
    return curves


def refuse_files(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook under which no file appears."""
    if event == "os.rename":
        raise PermissionError(f"process {os.environ['RANK']} writes {arguments[1]}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    is_first = os.environ["RANK"] == "0"
    if not is_first:
        sys.addaudithook(refuse_files)
    found = teach(folder / "networks")
    if is_first:
        (folder / "curves.json").write_text(json.dumps(found))
