"""Training of the members of an ensemble, which do not depend on one another: several at a time."""

import os
import pickle
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from multiprocessing import get_context
from multiprocessing.sharedctypes import SynchronizedArray

import torch

from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData, distil_student
from strandline.distillation.continual.replay import build_consolidation
from strandline.distillation.training.loop import Progress, part_of
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.student import Student

PROCESSES = "STRANDLINE_PROCESSES"
"""Environment variable: members that are trained at a time, each by one thread; 1 if it is not set."""
FEWEST_STEPS = 50
"""Steps from which a training takes longer than the start of a process."""
LOOK_EVERY = 0.5
"""Between two looks at the progress of the processes [s]."""

_shares: "list[SynchronizedArray[float]]" = []  # of a process: where it puts the fraction done of each member


def train_members(
    students: Sequence[Student],
    data: DistillationData,
    config: DistillationConfig,
    seed: int,
    exemplars: Batch | None,
    progress: Progress | None = None,
) -> list[dict[str, float]]:
    """Train each member in place, by its own draws: ``seed``, ``seed + 1``, ….

    The results do not depend on the number of processes.

    Args:
        exemplars: of other coasts, for terms against forgetting; ``None`` = none.

    Returns:
        Of each member what `distil_student` returns.

    Raises:
        InputError: `STRANDLINE_PROCESSES` is no whole number of 1 or more; or what `distil_student` raises.
    """
    processes = min(len(students), _most_processes())
    tasks = [(student, data, config, seed + number, exemplars) for number, student in enumerate(students)]
    if processes < 2 or config.steps < FEWEST_STEPS:
        return [_train(*task, part_of(progress, number, len(tasks))) for number, task in enumerate(tasks)]
    context = get_context("spawn")
    shares = context.Array("d", len(tasks))
    found: list[dict[str, float]] = []
    with ProcessPoolExecutor(processes, context, _start, (shares,)) as pool:
        running = [pool.submit(_train_apart, number, pickle.dumps(task)) for number, task in enumerate(tasks)]
        while wait(running, LOOK_EVERY).not_done:
            if progress is not None:
                progress(sum(shares[:]) / len(tasks))
        for student, each in zip(students, running, strict=True):
            weights, terms = pickle.loads(each.result())
            student.load_state_dict(weights)
            student.eval()
            found.append(terms)
    return found


def _most_processes() -> int:
    stated = os.environ.get(PROCESSES, "1")
    if not stated.isdecimal() or int(stated) < 1:
        raise InputError(PROCESSES, f"is '{stated}'", "set a whole number of 1 or more, or leave it unset")
    return int(stated)


def _train(
    student: Student,
    data: DistillationData,
    config: DistillationConfig,
    seed: int,
    exemplars: Batch | None,
    progress: Progress | None,
) -> dict[str, float]:
    consolidation = () if exemplars is None else build_consolidation(student, exemplars, config)
    return distil_student(student, data, config, seed, progress, consolidation)


def _start(shares: "SynchronizedArray[float]") -> None:
    torch.set_num_threads(1)
    _shares.append(shares)


def _train_apart(number: int, task: bytes) -> bytes:
    """Weights and terms of a member; pickled here, since torch would send them by shared memory."""

    def put(done: float) -> None:
        _shares[0][number] = done

    student, data, config, seed, exemplars = pickle.loads(task)
    terms = _train(student, data, config, seed, exemplars, put)
    return pickle.dumps((student.state_dict(), terms))
