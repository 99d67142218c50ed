"""Baselines: students that are trained without a teacher."""

import os
import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context, parent_process
from threading import Thread

import torch

from strandline.distillation.adaptation.data import ARCHIVE_STREAMS, AdaptationData
from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData, distil_student
from strandline.distillation.continual.replay import Exemplars, load_exemplars
from strandline.distillation.objective import Consolidation
from strandline.distillation.training.loop import Progress, part_of
from strandline.models.inference import student_inputs
from strandline.models.student import Student

PROCESSES = 2
"""Trainings at once, where there are as many cores; each process holds its own copy of the data."""
WORTH_STEPS = 50
"""Steps of a training below which other processes take longer to start than they save."""


@dataclass(frozen=True, eq=False)
class SupervisedTraining:
    """The training of one student with labels alone; it depends on nothing but these values."""

    student: Student
    inputs: DistillationData
    config: DistillationConfig
    seed: int
    consolidation: Sequence[Consolidation[Student]] = ()

    def run(self, progress: Progress | None = None) -> Student:
        """Train the student, in place."""
        distil_student(self.student, self.inputs, self.config, self.seed, progress, self.consolidation)
        return self.student


def untrained_students(count: int, site_shape: tuple[int, int], seed: int) -> list[Student]:
    """Students with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [Student(site_shape=site_shape) for _ in range(count)]


def train_supervised(
    data: AdaptationData,
    students: Sequence[Student],
    config: DistillationConfig,
    seed: int,
    *,
    all_weights: bool,
    exemplars: Exemplars | None = None,
    progress: Progress | None = None,
) -> list[Student]:
    """Train students in place with the labels and steps of ``adapt``, but without a teacher and its archive.

    Args:
        all_weights: train every weight, as students from scratch need.
        exemplars: consolidation data for pre-trained students.
    """
    trainings = supervised_trainings(data, students, config, seed, all_weights=all_weights, exemplars=exemplars)
    return [each.run(part_of(progress, i, len(trainings))) for i, each in enumerate(trainings)]


def supervised_trainings(
    data: AdaptationData,
    students: Sequence[Student],
    config: DistillationConfig,
    seed: int,
    *,
    all_weights: bool,
    exemplars: Exemplars | None = None,
) -> list[SupervisedTraining]:
    """The trainings of ``train_supervised``, in its order."""
    inputs = DistillationData(student_inputs(data.training.without(*ARCHIVE_STREAMS)), student_inputs(data.windows))
    supervised = replace(config, soft=0.0, feature=0.0, task=1.0, all_weights=all_weights)
    return [
        SupervisedTraining(
            student,
            inputs,
            supervised,
            seed + i,
            () if exemplars is None else exemplars.build_consolidation(student, supervised),
        )
        for i, student in enumerate(students)
    ]


def fine_tune(
    data: AdaptationData,
    students: Sequence[Student],
    config: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> list[Student]:
    """Train pre-trained students on the labels of a study area without a teacher, with consolidation.

    With ``config.all_weights`` every weight is trained, else ``Student.local_parameters``.
    """
    return train_supervised(
        data,
        students,
        config,
        seed,
        all_weights=config.all_weights,
        exemplars=load_exemplars(),
        progress=progress,
    )


def train_baselines(
    data: AdaptationData,
    shipped: Sequence[Student],
    site_shape: tuple[int, int],
    config: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
    processes: int = PROCESSES,
) -> dict[str, list[Student]]:
    """As many students from scratch on the labels alone, and the shipped ones fine-tuned on them.

    No training depends on another, so that the result is the same with any number of processes.
    """
    fresh = untrained_students(len(shipped), site_shape, seed)
    trainings = {
        "labels_only": supervised_trainings(data, fresh, config, seed, all_weights=True),
        "pretrained_finetuned": supervised_trainings(
            data, shipped, config, seed, all_weights=config.all_weights, exemplars=load_exemplars()
        ),
    }
    processes = min(processes, os.cpu_count() or 1) if config.steps >= WORTH_STEPS else 1
    return run_side_by_side(trainings, processes, progress)


def run_side_by_side(
    trainings: Mapping[str, Sequence[SupervisedTraining]], processes: int, progress: Progress | None = None
) -> dict[str, list[Student]]:
    """The trained students of each group; with several processes each runs one training at a time, in one thread."""
    jobs = [each for group in trainings.values() for each in group]
    students: list[Student] = []
    if processes == 1:
        students = [each.run(part_of(progress, i, len(jobs))) for i, each in enumerate(jobs)]
    else:
        with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_prepare_process) as pool:
            # as bytes: torch would move tensors into shared memory, which containers often lack
            for trained in pool.map(_run_pickled, (pickle.dumps(each) for each in jobs)):
                students.append(pickle.loads(trained))
                if progress is not None:
                    progress(len(students) / len(jobs))
    remaining = iter(students)
    return {name: [next(remaining) for _ in group] for name, group in trainings.items()}


def _prepare_process() -> None:
    torch.set_num_threads(1)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A process that is killed cannot end those that it started."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_pickled(training: bytes) -> bytes:
    return pickle.dumps(pickle.loads(training).run())
