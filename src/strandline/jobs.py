"""The jobs that the command line offers, each with its settings."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from strandline import pretraining
from strandline.config import load_region_file
from strandline.distillation.distil import Recipe
from strandline.models.student import Student
from strandline.pipeline import Announce, Settings, commit, run
from strandline.place import Place, open_place, simulate_place
from strandline.training import Progress


@dataclass(frozen=True)
class Job:
    """A run that is ready to start.

    Attributes:
        name: tells it from other jobs in the same folder.
    """

    name: str
    observe: Callable[[Progress | None], Place]
    settings: Settings

    def run(self, out: Path, announce: Announce, resume: bool) -> Path:
        """Run it into ``out``; returns the report's path."""
        return run(self.observe, self.name, self.settings, out, announce, resume)


def simulated(seed: int, *, quick: bool, false_dry: float | None = None) -> Job:
    """The built-in delta: 64 × 64 cells and 40 storms in 30 years, or (quick) 32 × 32 cells and 24 storms."""
    if quick:
        settings = Settings(
            Recipe(steps=40), storms=24, calibration_storms=9, test_storms=5, windows=120, hazard_samples=16, seed=seed
        )
        settings = replace(settings, false_dry_rate=false_dry)
        return Job("quick", lambda progress: simulate_place(32, 12.0, 24, progress), settings)
    settings = Settings(seed=seed, false_dry_rate=false_dry)
    return Job("built-in delta", lambda progress: simulate_place(64, 30.0, 40, progress), settings)


def real(region: Path, data: Path | None, seed: int, false_dry: float | None = None) -> Job:
    """A place from its region file; the record is parted into as many storms as it holds, up to 40."""
    region_file = load_region_file(region, data)
    # real grids are larger than the built-in one: half the storms a step keep the distillation within minutes
    settings = Settings(Recipe(samples=4), calibration_storms=9, test_storms=1, false_dry_rate=false_dry, seed=seed)
    name = f"{region_file.model_dump_json()}\n{_state_of_files(region_file.model_dump())}"
    return Job(name, lambda _: open_place(region_file), settings)


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


def teach(out: Path, device: str, coasts: int | None, processes: int, seed: int, announce: Announce) -> None:
    """Pre-train the networks and write them into ``out``."""
    start = time.perf_counter()
    curriculum = pretraining.Curriculum()
    if coasts is not None:
        curriculum = replace(curriculum, coasts=coasts)
    corpus = pretraining.simulate_corpus(curriculum, processes, announce("simulate coasts"))
    teacher = pretraining.teach(curriculum, *corpus, device, seed, announce("train the teacher"))
    students: list[Student] = []
    for i in range(curriculum.members):
        progress = announce(f"train student {i + 1} of {curriculum.members}")
        before = students[-1] if students else None
        students.append(
            pretraining.raise_student(curriculum, teacher, *corpus, device, seed + 1 + i, progress, start=before)
        )
    card = pretraining.make_card(curriculum, seed, commit(), device, time.perf_counter() - start)
    pretraining.save_networks(out, teacher, students, card)
