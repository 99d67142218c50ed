"""The jobs that the command line offers, each with its settings."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import torch

from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.adaptation.recipe import AMORTISED, Recipe, recipe_of
from strandline.distillation.pretraining import pretrain as pretraining
from strandline.distillation.pretraining.scenes.finished import FinishedParts
from strandline.distillation.pretraining.scenes.pretrain_scenes import (
    ScenePretraining,
    pretrain_committee,
    simulated_scenes,
    with_thresholds,
)
from strandline.distillation.pretraining.simulated_coasts import (
    PretrainingConfig,
    simulate_training_coasts,
)
from strandline.distillation.training import data_parallel
from strandline.distillation.training.loop import Announce, Progress
from strandline.errors import InputError, StrandlineError
from strandline.models.batch import Batch
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights import load_weights
from strandline.models.weights.load_scene_weights import FILE, load_committee, save_scene_networks
from strandline.observations.flood_scenes.read_scenes import read_labelled_scenes
from strandline.observations.flood_scenes.scene import LabelledScene
from strandline.observations.readers.formats.reading_process import reading_process
from strandline.observations.region_file import load_region_file
from strandline.pipeline.deployment import DEPLOYMENT_FILE
from strandline.pipeline.maps.large_regions.dask_workers import LostScheduler
from strandline.pipeline.maps.large_regions.map_region import MapConfig, map_large_region
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.run import run as run_stages
from strandline.pipeline.run_folder.checkpoints import UNFINISHED, Checkpoints
from strandline.pipeline.run_folder.generations import open_run
from strandline.pipeline.settings import RunConfig, commit
from strandline.pipeline.study_area import StudyArea, built_in_study_area, open_study_area
from strandline.pipeline.study_area.requirements import (
    CALIBRATION_STORMS,
    MOST_STORMS,
    TEST_STORMS,
    refused_names,
)
from strandline.report.products import JsonValue, as_json

SIMULATED = "simulated"
"""Name of the simulated scenes among the data sets of `pretrain_scenes`."""
ATTRIBUTION = "contains modified Copernicus Sentinel data"
QUICK = RunConfig(
    DistillationConfig(steps=40),
    storms=24,
    calibration_storms=9,
    test_storms=5,
    hazard_samples=16,
    hindcast_years=0.25,
)
"""Of the health check on the small built-in delta."""
REAL = RunConfig(
    DistillationConfig(samples=4), MOST_STORMS, calibration_storms=CALIBRATION_STORMS, test_storms=TEST_STORMS
)
"""Of a real place: its grid is larger than the built-in one, so half the storms a step keep the distillation short."""


@dataclass(frozen=True)
class Job:
    """A run that is ready to start.

    Attributes:
        name: identifies the job among others in the same folder.
        observe: returns the study area.
    """

    name: str
    observe: Callable[[Progress | None], StudyArea]
    config: RunConfig

    def run(self, out: Path, announce: Announce, resume: bool) -> Path:
        """Run it into ``out``; returns the report's path."""
        return run_stages(self.observe, self.name, self.config, out, announce, resume)


def run(
    region: Path | None,
    out: Path,
    *,
    data: Path | None = None,
    quick: bool = False,
    seed: int = 1,
    miss_rate: float | None = None,
    evaluate: bool = False,
    recipe: str | None = None,
    without: Sequence[str] = (),
    alignment: str | None = None,
    resume: bool = False,
    announce: Announce = lambda _: None,
) -> Path:
    """Run everything from observations to a report: what ``strandline run`` does.

    Args:
        region: region file (TOML); ``None`` = the built-in simulated delta.
        out: folder for the products.
        data: folder that the region file's paths start from; ``None`` = its own.
        quick: the small built-in delta, a health check.
        seed: of every random stream.
        miss_rate: share of flooded cells that flood maps may miss, 0…1; ``None`` = the threshold of the best overlap.
        evaluate: also train baselines without a teacher; without them the gain of distillation is unknown.
        recipe, without, alignment: what the students learn by (`recipe_of`); ``None`` = as in the region file.
        resume: continue an interrupted run in ``out``.
        announce: called with each stage's name when it starts.

    Returns:
        The path of the report.

    Raises:
        InputError, RefusedByTheory: what was wrong. No product is written then.
    """
    if region is not None and quick:
        raise InputError("quick", "is a simulated coast of its own", "leave the region file out")
    if region is not None:
        job = real(
            region, data, seed, miss_rate, evaluate=evaluate, recipe=recipe, without=without, alignment=alignment
        )
    else:
        chosen = recipe_of(AMORTISED.name if recipe is None else recipe, without, alignment)
        job = simulated(seed, quick=quick, miss_rate=miss_rate, evaluate=evaluate, recipe=chosen)
    return job.run(out, announce, resume)


def simulated(
    seed: int,
    *,
    quick: bool,
    miss_rate: float | None = None,
    evaluate: bool = False,
    recipe: Recipe = AMORTISED,
) -> Job:
    """The built-in delta: 64 × 64 cells and 40 storms in 30 years, or (quick) 32 × 32 cells and 24 storms."""
    name, cells, config = ("quick", 32, QUICK) if quick else ("built-in delta", 64, RunConfig())
    config = replace(_by(recipe, config), seed=seed, miss_rate=miss_rate, evaluate=evaluate)
    return Job(name, partial(built_in_study_area, cells), config)


def real(
    region: Path,
    data: Path | None,
    seed: int,
    miss_rate: float | None = None,
    *,
    evaluate: bool = False,
    recipe: str | None = None,
    without: Sequence[str] = (),
    alignment: str | None = None,
) -> Job:
    """A real place from its region file, with as many storms as its record holds, up to 40.

    Args:
        recipe, without, alignment: as in `run`; what is left out besides the parts that the region file leaves out.

    Raises:
        InputError: a region file that cannot be used, or a recipe that does not exist.
    """
    region_file = load_region_file(region, data)
    section = region_file.distillation
    for fault in refused_names(section):
        raise InputError(f"{region} {fault.where}", fault.what, fault.remedy)
    if recipe is None:
        chosen = recipe_of(section.recipe, (*section.without, *without), alignment or section.alignment)
    else:
        chosen = recipe_of(recipe, without, alignment)
    config = replace(_by(chosen, REAL), seed=seed, miss_rate=miss_rate, evaluate=evaluate)
    name = f"{region_file.model_dump_json()}\n{_state_of_files(region_file.model_dump())}"
    return Job(name, lambda _: open_study_area(region_file, reading_process()), config)


def _by(recipe: Recipe, config: RunConfig) -> RunConfig:
    return replace(config, distillation=replace(config.distillation, recipe=recipe))


def map_region(
    region: Path,
    data: Path | None,
    run: Path,
    out: str,
    config: MapConfig,
    announce: Announce,
    *,
    resume: bool,
    scheduler: str | None,
) -> Mapping[str, JsonValue]:
    """Map a wider region with the students of a run; returns the content of ``map.json``.

    With ``resume`` a map that was finished with the same settings is left as it is.
    """
    region_file = load_region_file(region.resolve(), data and data.resolve())  # workers run in other folders
    open_run(run)
    files = [run / name for name in (DEPLOYMENT_FILE, "student.safetensors", "student.json")]
    state = f"{_state_of_files(region_file.model_dump())}{_state_of_files(files)}"
    job = f"{version('strandline')}\n{region_file.model_dump_json()}\n{state}\n{config}"
    finished = MapStore(out).finished_map(job) if resume else None
    if finished is not None:
        return finished
    found = map_large_region(region_file, run, out, job, config, announce, resume=resume, scheduler=scheduler)
    return {str(name): as_json(value) for name, value in asdict(found).items()}


def map_regions(
    regions: Sequence[Path],
    data: Path | None,
    run: Path,
    out: str,
    config: MapConfig,
    announce: Announce,
    *,
    resume: bool,
    scheduler: str | None,
) -> tuple[dict[str, Mapping[str, JsonValue]], dict[str, StrandlineError]]:
    """Map several regions one after the other, each into a folder of ``out`` that has the name of its region file.

    One that cannot be mapped does not stop the others.

    Returns:
        Folder → content of its ``map.json``; region file → why it was not mapped.

    Raises:
        InputError: two region files of one name.
        LostScheduler: none of the others could be mapped either.
    """
    names = [region.stem for region in regions]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError("region files", f"two are named '{twice}', as their folders would be", "rename one")
    mapped, failed = dict[str, Mapping[str, JsonValue]](), dict[str, StrandlineError]()
    progress = announce(f"map {len(regions)} regions") or (lambda _: None)
    for number, (region, name) in enumerate(zip(regions, names, strict=True), start=1):
        folder = f"{out.rstrip('/')}/{name}"
        try:
            mapped[folder] = map_region(
                region, data, run, folder, config, lambda _: None, resume=resume, scheduler=scheduler
            )
        except LostScheduler:
            raise
        except StrandlineError as error:
            failed[str(region)] = error
        progress(number / len(regions))
    return mapped, failed


def _state_of_files(section: object) -> str:
    """Size and time of change of every file that a region file names, so that a changed file is read again."""
    if isinstance(section, Mapping):
        return "".join(_state_of_files(entry) for entry in section.values())
    if isinstance(section, list | tuple):
        return "".join(_state_of_files(entry) for entry in section)
    if isinstance(section, Path) and section.is_file():
        state = section.stat()
        return f"{section}:{state.st_size}:{state.st_mtime_ns}\n"
    return ""


def pretrain(
    out: Path,
    device: str,
    coasts: int | None,
    simulators: int,
    seed: int,
    announce: Announce,
    *,
    compound: bool = False,
    resume: bool = False,
) -> None:
    """Pre-train the networks and write them into ``out``; processes of one ``torchrun`` share every step.

    Args:
        simulators: coasts simulated at a time.
        compound: train the students of the package further on coasts of which every second one has rain and a river
            that floods; the teacher, who sees the flood itself, stays as it is.
        resume: continue an interrupted job in ``out``.
    """
    start = time.perf_counter()
    config = PretrainingConfig()
    if coasts is not None:
        config = replace(config, coasts=coasts)
    if compound:
        config = replace(config, compound_every=2)
    name = f"{version('strandline')}\n{config}\n{device} {seed}"
    with data_parallel.process_group(device):
        is_first = data_parallel.rank() == 0
        if not is_first:
            data_parallel.barrier()  # until the first has simulated the coasts
        checkpoints = Checkpoints(out / UNFINISHED, name, resume or not is_first, writes=is_first)
        announce_own: Announce = announce if is_first else lambda _: None
        at_a_time = simulators if is_first else 1  # the others read what the first has simulated
        storms = simulate_training_coasts(config, checkpoints, at_a_time, announce_own("simulate coasts"))
        if is_first:
            data_parallel.barrier()
        teacher, students = _pretrain_all(config, checkpoints, storms, seed, announce_own, device)
        data_parallel.barrier()
    if not is_first:
        return
    seconds = time.perf_counter() - start
    command = f"strandline pretrain{' --compound' if compound else ''}"
    card = pretraining.build_model_card(command, config, seed, commit(), device, seconds)
    load_weights.save_networks(out, teacher, students, card)
    checkpoints.clear()


def pretrain_scenes(
    out: Path,
    sources: Sequence[str],
    blocks: Path | None,
    seed: int,
    announce: Announce,
    *,
    effort: float = 1.0,
    resume: bool = False,
) -> None:
    """Pre-train the committee and the student that map flood scenes, and write them into ``out``.

    The committee of the package, which saw simulated scenes alone, is trained further, unless simulated scenes are
    among the data: then the weights are random at first.

    Args:
        sources: data sets of labelled scenes, and ``SIMULATED``.
        blocks: ranges of numbers that are one event each, for a data set of numbered images.
        effort: factor on the steps, for a trial.
        resume: continue an interrupted job in ``out``.

    Raises:
        InputError: a data set that cannot be read, no scene in any, or another job that is to be resumed.
    """
    folder = out / UNFINISHED
    config = ScenePretraining().scaled(effort)
    if folder.exists() and not resume:
        shutil.rmtree(folder)
    scenes: list[LabelledScene] = []
    data: dict[str, str] = {}
    for source in sources:
        announce(f"read {source}")
        found = list(simulated_scenes(seed)) if source == SIMULATED else read_labelled_scenes(Path(source), blocks)
        scenes += found
        data[Path(source).name] = f"{len(found)} scenes"
    first = None if SIMULATED in sources else load_committee()
    digest = "" if first is None else sha256((load_weights.SHIPPED / FILE).read_bytes()).hexdigest()
    names = [f"{scene.event}/{scene.name}" for scene in scenes]
    FinishedParts(folder).claim(f"{version('strandline')}\n{config}\n{seed}\n{data}\n{digest}\n" + "\n".join(names))
    committee = pretrain_committee(scenes, config, seed, FinishedParts(folder), announce, first)
    card = {
        "command": " ".join(["strandline pretrain", *(f"--scenes {Path(source).name}" for source in sources)]),
        "data": data,
        "start": f"the committee of the package, SHA-256 {digest}" if digest else "random weights",
        **({"attribution": ATTRIBUTION} if set(sources) - {SIMULATED} else {}),
        "events": sorted({scene.event for scene in scenes}),
        "config": asdict(config),
        "seed": seed,
        "commit": commit(),
        "torch": torch.__version__,
    }
    save_scene_networks(out, with_thresholds(committee) if set(sources) == {SIMULATED} else committee, card)
    shutil.rmtree(folder)


def _pretrain_all(
    config: PretrainingConfig,
    checkpoints: Checkpoints,
    storms: Batch,
    seed: int,
    announce: Announce,
    device: str,
) -> tuple[Teacher, list[Student]]:
    shipped: list[Student] = []
    if config.compound_every:
        teacher, shipped = load_weights.load_teacher().to(device), load_weights.load_students()
    else:
        progress = announce("train the teacher")
        train_teacher = partial(pretraining.pretrain_teacher, config, storms, device, seed, progress)
        teacher = checkpoints.stage("teacher", train_teacher).to(device)  # it lies where the first process had it
    students: list[Student] = []
    for i in range(1, config.members + 1):
        progress = announce(f"train student {i} of {config.members}")
        start = shipped[i - 1] if shipped else students[-1] if students else None
        train_student = partial(pretraining.pretrain_student, config, teacher, storms, device, seed + i)
        students.append(checkpoints.stage(f"student {i}", partial(train_student, progress, start)))
    return teacher, students
