"""What ships with the package: a teacher and an ensemble of students, trained on many simulated coasts.

On these coasts truth is abundant and may be learned from. No coast that a user or a benchmark simulates is among
them: pre-training draws its seeds from ``FIRST_SEED`` on, everything else stays below.
"""

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from strandline.atomic import write_bytes, write_text
from strandline.batch import FLOOD_CLASSES, Batch, concatenate
from strandline.distillation.distil import ask, pick, soft_terms, students_view, task_terms
from strandline.distillation.dropout import Turn, drop_streams
from strandline.distillation.recall import Recall, blur_radar
from strandline.errors import InputError
from strandline.events import AFTER_PEAK, BEFORE_PEAK, Storm
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.samples import build_storm_batch, build_surge_batch
from strandline.simulator.coast import simulate_coast
from strandline.tides import fit_tide, predict_tide
from strandline.training import Progress, train

logger = logging.getLogger(__name__)
SHIPPED = Path(__file__).parent / "data"
FIRST_SEED = 1_000_000
"""Seeds from here on belong to pre-training coasts, and from 2 000 000 on to those that recipes are chosen on."""
EXTREME_ABOVE_DESIGN = 0.6
"""Storms that peak higher than this above their coast's design level [m] are not taught: nobody has seen them yet."""
SPARE_STORMS = 4
WINDOWS_A_STEP = 128
ASSETS = 64
"""Assets drawn a coast, so that coasts can be stacked."""


@dataclass(frozen=True)
class Curriculum:
    """How the shipped networks are made: the recipe that ``strandline teach`` runs and writes beside the weights.

    Attributes:
        coasts, storms, years, windows: simulated coasts, storms of each below the extreme mark, its record, surge
            windows of each.
        cells: edge of the grid; members: students in the ensemble.
        teacher_steps, student_steps, samples: optimiser steps and storms a step.
        second_steps: of the teacher's second look.
        snapshot_steps: of each further student, which goes on from the one before it.
        surge_steps: further steps of the surge decoder alone.
        soft: weight of the teacher's word for the students; the rest is truth.
        outage: share of streams hidden while learning.
    """

    coasts: int = 112
    storms: int = 20
    years: float = 9.0
    windows: int = 150
    cells: int = 64
    members: int = 3
    teacher_steps: int = 1600
    second_steps: int = 550
    student_steps: int = 2900
    snapshot_steps: int = 350
    surge_steps: int = 1500
    samples: int = 16
    learning_rate: float = 1e-3
    soft: float = 0.5
    outage: float = 0.3
    first_seed: int = FIRST_SEED


def simulate_lesson(seed: int, curriculum: Curriculum) -> tuple[Batch, Batch]:
    """Storms (with maps) and surge windows of one pre-training coast, with truth as targets."""
    cells = curriculum.cells
    simulated = curriculum.storms + SPARE_STORMS
    coast = simulate_coast(f"coast {seed}", seed, shape=(cells, cells), n_storms=simulated, years=curriculum.years)
    gauge = coast.tide_gauge
    if gauge is None or coast.assets is None or coast.truth is None:
        raise InputError(f"coast {seed}", "has no gauge, assets or truth", "pre-training needs all three")
    time, level = gauge["time"].values, gauge["water_level"].values[0]
    days = slice(0, 24 * 400)  # a year and a month: enough for every constituent but the slowest
    latitude = float(gauge["latitude"].values[0])
    fitted = fit_tide(time[days], level[days], latitude, name=coast.region.name, source="own record")
    tide = predict_tide(fitted.constants, time)
    rng = np.random.default_rng(seed)
    pool = np.arange(96, time.size - 48)
    issue = np.concatenate([coast.truth["time"].values + np.timedelta64(h, "h") for h in (-24, -12, -6, 0)])
    issue = np.concatenate([issue, time[rng.choice(pool, curriculum.windows - issue.size, replace=False)]])
    chosen = rng.choice(len(coast.assets), ASSETS, replace=len(coast.assets) < ASSETS)
    truth = coast.truth.isel(asset=chosen)
    coast = replace(coast, assets=coast.assets.iloc[chosen].reset_index(drop=True), truth=truth)
    peaks = zip(truth["time"].values, truth["peak_level"].values, strict=True)
    seen_before = truth.attrs["design_level"] + EXTREME_ABOVE_DESIGN
    storms = [Storm(at - BEFORE_PEAK, at, at + AFTER_PEAK, float(peak)) for at, peak in peaks if peak <= seen_before]
    storms = storms[: curriculum.storms]
    if len(storms) < curriculum.storms:
        raise InputError(
            f"coast {seed}", f"has {len(storms)} storms that are not extreme", "start from another `first_seed`"
        )
    return build_storm_batch(coast, storms, tide, "truth"), build_surge_batch(coast, np.sort(issue), tide, "truth")


def simulate_corpus(curriculum: Curriculum, processes: int, progress: Progress | None = None) -> tuple[Batch, Batch]:
    """All pre-training coasts, one process a coast."""
    seeds = [curriculum.first_seed + i for i in range(curriculum.coasts)]
    os.environ["NUMBA_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # one coast a core
    lessons = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for lesson in pool.map(_lesson_as_numpy, seeds, [curriculum] * len(seeds)):
            lessons.append(tuple(Batch(**{name: torch.from_numpy(a) for name, a in part.items()}) for part in lesson))
            if progress is not None:
                progress(len(lessons) / len(seeds))
    return concatenate([storms for storms, _ in lessons]), concatenate([windows for _, windows in lessons])


def _lesson_as_numpy(seed: int, curriculum: Curriculum) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Plain arrays travel between processes without torch's shared-memory files."""
    torch.set_num_threads(1)
    storms, windows = simulate_lesson(seed, curriculum)
    return _as_numpy(storms), _as_numpy(windows)


def _as_numpy(batch: Batch) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in vars(batch).items() if tensor is not None}


def teach(
    curriculum: Curriculum, storms: Batch, windows: Batch, device: str, seed: int, progress: Progress | None = None
) -> Teacher:
    """Train the teacher on the truth of many coasts."""
    torch.manual_seed(seed)
    teacher = Teacher().to(device)
    storms, windows = storms.to(device), windows.to(device)
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        maps, hours = _draw(curriculum, storms, windows, generator)
        terms: dict[str, Tensor] = {}
        for batch in (Turn.draw(generator).batch(storms[maps]), windows[hours]):
            seen = drop_streams(batch, curriculum.outage, generator)
            with _precision(seen, device):
                said = teacher(seen)
            _accumulate(terms, task_terms(said, seen, 1.0))
        return terms

    _train(teacher, loss, curriculum.teacher_steps, curriculum, progress)
    look_again(curriculum, teacher, storms, device, seed)
    sharpen_surge(teacher, curriculum, windows, seed)
    return teacher


def look_again(curriculum: Curriculum, teacher: Teacher, storms: Batch, device: str, seed: int) -> None:
    """Train the second look alone, on truth: what the first look said of a storm, beside others of the same coast."""
    recall = _recall(curriculum, teacher, storms, seed)
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        _, remembering = recall.draw(curriculum.samples, generator)
        seen = drop_streams(Turn.draw(generator).batch(remembering.to(device)), curriculum.outage, generator)
        with _precision(seen, device):
            said = teacher(seen)
        return {"flood_task": task_terms(said, seen, 1.0)["flood_task"]}

    teacher.eval().requires_grad_(False)
    teacher.second.train().requires_grad_(True)
    train(list(teacher.second.parameters()), loss, curriculum.second_steps, curriculum.learning_rate, weight_decay=0.05)
    teacher.eval().requires_grad_(True)


def _recall(curriculum: Curriculum, teacher: Teacher, storms: Batch, seed: int) -> Recall:
    """Every storm with the teacher's first look at the others of its coast."""
    blurred = blur_radar(storms, torch.Generator().manual_seed(seed))
    return Recall(storms, curriculum.storms, ask(teacher, storms), ask(teacher, blurred))


def raise_student(
    curriculum: Curriculum,
    teacher: Teacher,
    storms: Batch,
    windows: Batch,
    device: str,
    seed: int,
    progress: Progress | None = None,
    start: Student | None = None,
) -> Student:
    """Train one student of no place: the teacher's word and the truth of many coasts, through failing streams.

    Each storm remembers, as strandlines and archive, some other storms of its coast – as many as chance wants, often
    only lower ones – so that on a new coast the student reads them without having to learn.

    Args:
        storms: ``curriculum.storms`` of each coast, coast after coast.
        start: the student before it in the ensemble, to go on from; the learning rate starts anew.

    Source: snapshot ensembles, Huang et al. (2017), section 3.
    """
    torch.manual_seed(seed)
    student = Student().to(device)
    student.load_state_dict(start.state_dict() if start else student.state_dict())
    first = _recall(curriculum, teacher, storms, seed)
    recall = Recall(storms, curriculum.storms, first.look_again(teacher), first.bad_word)
    storms, windows = storms.to(device), windows.to(device)
    word_on_storms, word_on_windows = recall.word, ask(teacher, windows, chunk=256)
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        maps, remembering = recall.draw(curriculum.samples, generator)
        hours = torch.randint(0, len(windows), (2 * curriculum.samples,), generator=generator)
        turn = Turn.draw(generator)
        terms: dict[str, Tensor] = {}
        for batch, word in (
            (turn.batch(remembering.to(device)), turn.word(pick(word_on_storms, maps))),
            (windows[hours], pick(word_on_windows, hours)),
        ):
            seen = drop_streams(students_view(batch), curriculum.outage, generator)
            with _precision(seen, device):
                said = student(seen)
            _accumulate(terms, soft_terms(said, word, seen, curriculum.soft, 1.0))
            _accumulate(terms, task_terms(said, seen, 1 - curriculum.soft))
        return terms

    _train(student, loss, curriculum.snapshot_steps if start else curriculum.student_steps, curriculum, progress)
    sharpen_surge(student, curriculum, windows, seed)
    return student


def sharpen_surge(network: Teacher | Student, curriculum: Curriculum, windows: Batch, seed: int) -> None:
    """Train the surge decoder alone, on truth: windows are cheap without maps, and many are needed."""
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        hours = torch.randint(0, len(windows), (WINDOWS_A_STEP,), generator=generator)
        seen = drop_streams(windows[hours], curriculum.outage, generator)
        if isinstance(network, Student):
            seen = students_view(seen)
        with torch.no_grad():
            tokens, token_seen = network.surge(seen)
        mean, scale = network.surge_decoder(tokens, token_seen, seen)
        return task_terms(Prediction(mean, scale), seen, 1.0)

    parameters = list(network.surge_decoder.parameters())
    network.train()
    train(parameters, loss, curriculum.surge_steps, curriculum.learning_rate)
    network.eval()


def _draw(curriculum: Curriculum, storms: Batch, windows: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Indices of the storms and of the surge windows of one step, two windows a storm."""
    maps = torch.randint(0, len(storms), (curriculum.samples,), generator=generator)
    hours = torch.randint(0, len(windows), (2 * curriculum.samples,), generator=generator)
    return maps, hours


def _precision(batch: Batch, device: str) -> torch.autocast:
    """Maps in bfloat16, which they can bear; surges in single precision, since centimetres count."""
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=batch.terrain is not None)


def _accumulate(terms: dict[str, Tensor], more: dict[str, Tensor]) -> None:
    for name, term in more.items():
        terms[name] = terms[name] + term if name in terms else term


def _train(
    network: nn.Module,
    loss: Callable[[int], dict[str, Tensor]],
    steps: int,
    curriculum: Curriculum,
    progress: Progress | None,
) -> None:
    network.train()
    train(list(network.parameters()), loss, steps, curriculum.learning_rate, weight_decay=0.05, progress=progress)
    network.eval()


def save_networks(folder: Path, teacher: Teacher, students: Sequence[Student], card: Mapping[str, object]) -> None:
    """Write ``teacher.safetensors`` and the students, in half precision, and the card that tells their making."""
    write_bytes(folder / "teacher.safetensors", save(_half(teacher.state_dict())))
    save_students(folder, students, card)


def save_students(folder: Path, students: Sequence[Student | MultiHeadStudent], card: Mapping[str, object]) -> None:
    """Write ``student.safetensors``, all members in half precision, and the model card ``student.json``."""
    members = {
        f"{i}.{name}": tensor for i, student in enumerate(students) for name, tensor in student.state_dict().items()
    }
    write_bytes(folder / "student.safetensors", save(_half(members)))
    write_text(folder / "student.json", json.dumps(card, indent=2) + "\n")


def make_card(curriculum: Curriculum, seed: int, commit: str, device: str, seconds: float) -> dict[str, object]:
    """The model card's facts: data, recipe, seed, commit, machine."""
    return {
        "command": "strandline teach",
        "data": f"{curriculum.coasts} simulated coasts, seeds from {curriculum.first_seed}; no real data",
        "curriculum": asdict(curriculum),
        "seed": seed,
        "commit": commit,
        "torch": torch.__version__,
        "device": device,
        "seconds": round(seconds),
    }


def load_teacher(folder: Path = SHIPPED) -> Teacher:
    """The shipped teacher, in evaluation mode.

    Raises:
        InputError: no weights in the folder.
    """
    teacher = Teacher()
    teacher.load_state_dict(_load(folder / "teacher.safetensors"))
    return teacher.eval()


def load_students(folder: Path = SHIPPED, place_shape: tuple[int, int] | None = None) -> list[Student]:
    """The shipped ensemble, each member with a blank map of the place when its grid is given; or that of a place.

    Args:
        folder: where ``save_students`` wrote.
        place_shape: (H, W) of the blank map; a map that was saved is read back without it.

    Raises:
        InputError: no weights in the folder, or those of one network with many heads.
    """
    members = _by_member(folder / "student.safetensors")
    if any(_is_multi_head(weights) for weights in members):
        raise InputError(folder, "holds an ensemble in one network", "read it by `load_forecaster`")
    return [_student_of(weights, place_shape) for weights in members]


def load_ensemble(folder: Path) -> list[Student | MultiHeadStudent]:
    """Whatever ``save_students`` wrote: members apart, or as the heads of one network.

    Raises:
        InputError: no weights in the folder.
    """
    networks: list[Student | MultiHeadStudent] = []
    for weights in _by_member(folder / "student.safetensors"):
        networks.append(_multi_head_of(weights) if _is_multi_head(weights) else _student_of(weights, None))
    return networks


def _by_member(path: Path) -> list[dict[str, Tensor]]:
    """The weights of each network in a file, by name."""
    weights = _load(path)
    count = 1 + max(int(name.split(".")[0]) for name in weights)
    return [{n.split(".", 1)[1]: t for n, t in weights.items() if n.split(".")[0] == str(i)} for i in range(count)]


def _is_multi_head(weights: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("trunk.") for name in weights)


def _student_of(weights: Mapping[str, Tensor], place_shape: tuple[int, int] | None) -> Student:
    saved = weights.get("place")
    if saved is not None:
        place_shape = (saved.shape[-2], saved.shape[-1])
    student = Student(place_shape=place_shape)
    blank = {} if student.place is None else {"place": student.place.detach()}
    student.load_state_dict({**blank, **weights})
    return student.eval()


def _multi_head_of(weights: Mapping[str, Tensor]) -> MultiHeadStudent:
    trunk = {name.removeprefix("trunk."): t for name, t in weights.items() if name.startswith("trunk.")}
    classes, rank = weights["flood.weight"].shape[:2]
    student = MultiHeadStudent(_student_of(trunk, None), classes // FLOOD_CLASSES, rank)
    student.load_state_dict(dict(weights))
    return student.eval()


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().half().contiguous() for name, tensor in state.items()}


def _load(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        raise InputError(path, "does not exist", "run `strandline teach` or name a folder with trained networks")
    return {name: tensor.float() for name, tensor in load_file(path).items()}
