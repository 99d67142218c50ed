"""Training of the members of an ensemble, which do not depend on one another: several at a time."""

import os
import pickle
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing.sharedctypes import SynchronizedArray
from typing import NamedTuple, Self

import torch

from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData, distil_student
from strandline.distillation.continual.replay import build_consolidation
from strandline.distillation.training.loop import Progress, part_of
from strandline.distillation.training.processes import process_context
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.student import Student

PROCESSES = "STRANDLINE_PROCESSES"
"""Environment variable: members that are trained at a time, each by one thread; 1 if it is not set."""
FEWEST_STEPS = 50
"""Steps from which a training takes longer than the start of a process."""
NICE = 10
"""By how much the processes give way to the one that waits for them."""
LOOK_EVERY = 0.5
"""Between two looks at the progress of the processes [s]."""

_shares: "list[SynchronizedArray[float]]" = []  # of a process: where it puts the fraction done of each member


class MemberTraining(NamedTuple):
    """A training of each member of an ensemble, in place, by its own draws: ``seed``, ``seed + 1``, ….

    Attributes:
        exemplars: of other coasts, for terms against forgetting; ``None`` = none.
    """

    students: Sequence[Student]
    data: DistillationData
    config: DistillationConfig
    seed: int
    exemplars: Batch | None = None


class MemberTrainings:
    """Trainings that go on beside what the caller does, from ``start`` to ``finish``.

    With one process, or few steps, ``finish`` trains the members here, one after the other. The results do not depend
    on the number of processes. Leaving the ``with`` block ends what still runs.

    Raises:
        InputError: `STRANDLINE_PROCESSES` is no whole number of 1 or more.
    """

    def __init__(self, trainings: Sequence[MemberTraining]) -> None:
        self._trainings = trainings
        self._tasks = [
            (student, each.data, each.config, each.seed + number, each.exemplars)
            for each in trainings
            for number, student in enumerate(each.students)
        ]
        most, fewest = _most_processes(), min((each.config.steps for each in trainings), default=0)
        self._processes = min(len(self._tasks), most) if fewest >= FEWEST_STEPS else 1
        self._pool: ProcessPoolExecutor | None = None
        self._running: list[Future[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._shares[-1] = 1.0
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def start(self) -> None:
        """Begin in other processes, unless this one is to train."""
        if self._pool is not None or self._processes < 2:
            return
        context = process_context(__name__)
        self._shares = context.Array("d", len(self._tasks) + 1)  # the last one: whether to stop
        self._pool = ProcessPoolExecutor(self._processes, context, _start, (self._shares,))
        self._running = [
            self._pool.submit(_train_apart, number, pickle.dumps(task)) for number, task in enumerate(self._tasks)
        ]

    def finish(self, progress: Progress | None = None) -> list[list[dict[str, float]]]:
        """Wait for the members, and put their weights in place.

        Returns:
            Of each training and member what `distil_student` returns.

        Raises:
            InputError: what `distil_student` raises.
        """
        self.start()
        count = len(self._tasks)
        if self._pool is None:
            terms = [_train(*task, part_of(progress, number, count)) for number, task in enumerate(self._tasks)]
        else:
            terms = self._gather(progress)
        sizes = [len(each.students) for each in self._trainings]
        return [list(islice(rest, size)) for rest in [iter(terms)] for size in sizes]

    def _gather(self, progress: Progress | None) -> list[dict[str, float]]:
        while wait(self._running, LOOK_EVERY).not_done:
            if progress is not None:
                progress(sum(self._shares[:-1]) / len(self._tasks))
        found = []
        for task, each in zip(self._tasks, self._running, strict=True):
            weights, terms = pickle.loads(each.result())
            task[0].load_state_dict(weights)
            task[0].eval()
            found.append(terms)
        return found


def train_members(training: MemberTraining, progress: Progress | None = None) -> list[dict[str, float]]:
    """Train the members of one ensemble, several at a time; what `MemberTrainings` says of them.

    Returns:
        Of each member what `distil_student` returns.
    """
    with MemberTrainings([training]) as trainings:
        return trainings.finish(progress)[0]


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
    if hasattr(os, "nice"):  # what the caller does meanwhile comes first
        os.nice(NICE)
    _shares.append(shares)


def _train_apart(number: int, task: bytes) -> bytes:
    """Weights and terms of a member; pickled here, since torch would send them by shared memory."""

    def put(done: float) -> None:
        if _shares[0][-1]:
            raise InterruptedError("nobody waits for this training any more")
        _shares[0][number] = done

    student, data, config, seed, exemplars = pickle.loads(task)
    terms = _train(student, data, config, seed, exemplars, put)
    return pickle.dumps((student.state_dict(), terms))
