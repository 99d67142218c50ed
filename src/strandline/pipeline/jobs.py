"""The jobs that the command line offers, each with its settings."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from strandline.distillation.distil import DistillationConfig
from strandline.distillation.pretraining import pretrain as pretraining
from strandline.distillation.pretraining.simulated_coasts import (
    PretrainingConfig,
    Simulate,
    simulate_training_coast,
    simulate_training_coasts,
    simulate_training_windows,
)
from strandline.distillation.training import data_parallel
from strandline.distillation.training.loop import Progress
from strandline.models.batch import Batch
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights import load_weights
from strandline.models.weights.load_weights import Network
from strandline.observations.region_file import load_region_file
from strandline.pipeline.checkpoints import Checkpoints
from strandline.pipeline.deployment import DEPLOYMENT_FILE
from strandline.pipeline.large_regions.map_region import MapConfig, MapMetadata, map_large_region
from strandline.pipeline.run import Announce, run
from strandline.pipeline.settings import RunConfig, commit
from strandline.pipeline.study_area import StudyArea, built_in_study_area, open_study_area


@dataclass(frozen=True)
class Job:
    """A run that is ready to start.

    Attributes:
        name: tells it from other jobs in the same folder.
    """

    name: str
    observe: Callable[[Progress | None], StudyArea]
    settings: RunConfig

    def run(self, out: Path, announce: Announce, resume: bool) -> Path:
        """Run it into ``out``; returns the report's path."""
        return run(self.observe, self.name, self.settings, out, announce, resume)


def simulated(seed: int, *, quick: bool, miss_rate: float | None = None) -> Job:
    """The built-in delta: 64 × 64 cells and 40 storms in 30 years, or (quick) 32 × 32 cells and 24 storms."""
    if quick:
        settings = RunConfig(
            DistillationConfig(steps=40),
            storms=24,
            calibration_storms=9,
            test_storms=5,
            windows=120,
            hazard_samples=16,
            seed=seed,
        )
        settings = replace(settings, miss_rate=miss_rate)
        return Job("quick", partial(built_in_study_area, 32), settings)
    settings = RunConfig(seed=seed, miss_rate=miss_rate)
    return Job("built-in delta", partial(built_in_study_area, 64), settings)


def real(region: Path, data: Path | None, seed: int, miss_rate: float | None = None) -> Job:
    """A place from its region file; the record is parted into as many storms as it holds, up to 40."""
    region_file = load_region_file(region, data)
    # real grids are larger than the built-in one: half the storms a step keep the distillation within minutes
    settings = RunConfig(
        DistillationConfig(samples=4), calibration_storms=9, test_storms=1, miss_rate=miss_rate, seed=seed
    )
    name = f"{region_file.model_dump_json()}\n{_state_of_files(region_file.model_dump())}"
    return Job(name, lambda _: open_study_area(region_file), settings)


def map_region(
    region: Path,
    data: Path | None,
    run: Path,
    out: str,
    choice: MapConfig,
    announce: Announce,
    *,
    resume: bool,
    scheduler: str | None,
) -> MapMetadata:
    """Map a wider region by the students of a run."""
    region_file = load_region_file(region.resolve(), data and data.resolve())  # workers stand in other folders
    files = [run / name for name in (DEPLOYMENT_FILE, "student.safetensors", "student.json")]
    state = f"{_state_of_files(region_file.model_dump())}{_state_of_files(files)}"
    job = f"{version('strandline')}\n{region_file.model_dump_json()}\n{state}\n{choice}"
    return map_large_region(region_file, run, out, job, choice, announce, resume=resume, scheduler=scheduler)


def _state_of_files(section: object) -> str:
    """Size and time of change of every file that a region file names, so that a mended file is read anew."""
    if isinstance(section, Mapping):
        return "".join(_state_of_files(entry) for entry in section.values())
    if isinstance(section, list | tuple):
        return "".join(_state_of_files(entry) for entry in section)
    if isinstance(section, Path) and section.is_file():
        state = section.stat()
        return f"{section}:{state.st_size}:{state.st_mtime_ns}\n"
    return ""


def teach(
    out: Path,
    device: str,
    coasts: int | None,
    simulators: int,
    seed: int,
    announce: Announce,
    *,
    keep: bool = False,
    resume: bool = False,
) -> None:
    """Pre-train the networks and write them into ``out``; processes of one ``torchrun`` share every step.

    Args:
        simulators: coasts simulated at a time.
        keep: the shipped networks and teach their surge decoders alone.
        resume: go on with an interrupted job in ``out``.
    """
    start = time.perf_counter()
    curriculum = PretrainingConfig()
    if coasts is not None:
        curriculum = replace(curriculum, coasts=coasts)
    name = f"{version('strandline')}\n{curriculum}\n{device} {seed} {keep}"
    with data_parallel.process_group(device):
        first = data_parallel.rank() == 0
        if not first:
            data_parallel.barrier()  # until the first has simulated what all learn from
        line = Checkpoints(out / ".unfinished", name, resume or not first, writes=first)
        simulate: Simulate = simulate_training_windows if keep else simulate_training_coast
        announce_own: Announce = announce if first else lambda _: None
        at_a_time = simulators if first else 1  # the others read what the first has simulated
        corpus = simulate_training_coasts(simulate, curriculum, line, at_a_time, announce_own("simulate coasts"))
        if first:
            data_parallel.barrier()
        lesson = (curriculum, line, corpus, seed, announce_own)
        teacher, students = _teach_surge(*lesson) if keep else _teach_all(*lesson, device)
        data_parallel.barrier()
    if not first:
        return
    command = "strandline teach --keep" if keep else "strandline teach"
    card = pretraining.build_model_card(command, curriculum, seed, commit(), device, time.perf_counter() - start)
    if keep:
        card = {**load_weights.load_card(), "surge_decoders": card}
    load_weights.save_networks(out, teacher, students, card)
    line.clear()


def _teach_all(
    curriculum: PretrainingConfig, line: Checkpoints, corpus: list[Batch], seed: int, announce: Announce, device: str
) -> tuple[Teacher, list[Student]]:
    storms, windows = corpus
    progress = announce("train the teacher")
    taught = partial(pretraining.pretrain_teacher, curriculum, storms, windows, device, seed, progress)
    teacher = line.stage("teacher", taught).to(device)  # read back, it lies where the first process had it
    students: list[Student] = []
    for i in range(1, curriculum.members + 1):
        progress = announce(f"train student {i} of {curriculum.members}")
        start = students[-1] if students else None
        lesson = partial(pretraining.pretrain_student, curriculum, teacher, storms, windows, device, seed + i)
        students.append(line.stage(f"student {i}", partial(lesson, progress, start)))
    return teacher, students


def _teach_surge(
    curriculum: PretrainingConfig, line: Checkpoints, corpus: list[Batch], seed: int, announce: Announce
) -> tuple[Teacher, list[Student]]:
    (windows,) = corpus
    teacher, students = load_weights.without_surge(seed)

    def sharpened(network: Network, name: str, seed: int) -> Network:
        progress = announce(f"train the surge decoder of {name}")
        return line.stage(
            name, partial(pretraining.finetune_surge_decoder, network, curriculum, windows, seed, progress)
        )

    return sharpened(teacher, "the teacher", seed), [
        sharpened(student, f"student {i}", seed + i) for i, student in enumerate(students, start=1)
    ]
