"""What ships with the package: a teacher and an ensemble of students, trained on many simulated coasts."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from strandline import processes
from strandline.atomic import write_bytes, write_text
from strandline.batch import FLOOD_CLASSES, Batch
from strandline.corpus import Curriculum
from strandline.distillation.distil import ask, pick, soft_terms, students_view, task_terms
from strandline.distillation.dropout import Turn, drop_streams
from strandline.distillation.recall import Recall, blur_radar
from strandline.errors import InputError
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.training import Progress, mixed_precision, train

logger = logging.getLogger(__name__)
Network = TypeVar("Network", bound=Teacher | Student)
Loaded = TypeVar("Loaded", bound=nn.Module)
SHIPPED = Path(__file__).parent / "data"
WINDOWS_A_STEP = 128
SURGE_DECODER = "surge_decoder."


def teach(
    curriculum: Curriculum, storms: Batch, windows: Batch, device: str, seed: int, progress: Progress | None = None
) -> Teacher:
    """Train the teacher on the truth of many coasts."""
    torch.manual_seed(seed)
    teacher = Teacher().to(device)
    storms, windows = storms.to(device), windows.to(device)
    generator = torch.Generator().manual_seed(seed)
    processes.part_chances(seed)

    def loss(step: int) -> dict[str, Tensor]:
        maps, hours = _draw(curriculum, storms, windows, generator)
        terms: dict[str, Tensor] = {}
        for batch in (Turn.draw(generator).batch(storms[maps]), windows[hours]):
            seen = processes.own_share(drop_streams(batch, curriculum.outage, generator))
            with _precision(seen, device):
                said = teacher(seen)
            _accumulate(terms, task_terms(said, seen, 1.0))
        return terms

    _train(teacher, loss, curriculum.teacher_steps, curriculum, progress)
    look_again(curriculum, teacher, storms, device, seed)
    return sharpen_surge(teacher, curriculum, windows, seed)


def look_again(curriculum: Curriculum, teacher: Teacher, storms: Batch, device: str, seed: int) -> None:
    """Train the second look alone, on truth: what the first look said of a storm, beside others of the same coast."""
    recall = _recall(curriculum, teacher, storms, seed)
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        _, remembering = recall.draw(curriculum.samples, generator)
        seen = drop_streams(Turn.draw(generator).batch(remembering.to(device)), curriculum.outage, generator)
        seen = processes.own_share(seen)
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
    processes.part_chances(seed)

    def loss(step: int) -> dict[str, Tensor]:
        maps, remembering = recall.draw(curriculum.samples, generator)
        hours = torch.randint(0, len(windows), (2 * curriculum.samples,), generator=generator)
        turn = Turn.draw(generator)
        terms: dict[str, Tensor] = {}
        for batch, word in (
            (turn.batch(remembering.to(device)), turn.word(pick(word_on_storms, maps))),
            (windows[hours], pick(word_on_windows, hours)),
        ):
            seen = processes.own_share(drop_streams(students_view(batch), curriculum.outage, generator))
            word = pick(word, processes.own_indices(len(batch)))
            with _precision(seen, device):
                said = student(seen)
            _accumulate(terms, soft_terms(said, word, seen, curriculum.soft, 1.0))
            _accumulate(terms, task_terms(said, seen, 1 - curriculum.soft))
        return terms

    _train(student, loss, curriculum.snapshot_steps if start else curriculum.student_steps, curriculum, progress)
    return sharpen_surge(student, curriculum, windows, seed)


def sharpen_surge(
    network: Network, curriculum: Curriculum, windows: Batch, seed: int, progress: Progress | None = None
) -> Network:
    """Train the surge decoder alone, in place, on truth: windows are cheap without maps, and many are needed."""
    generator = torch.Generator().manual_seed(seed)

    def loss(step: int) -> dict[str, Tensor]:
        hours = torch.randint(0, len(windows), (WINDOWS_A_STEP,), generator=generator)
        seen = processes.own_share(drop_streams(windows[hours], curriculum.outage, generator))
        if isinstance(network, Student):
            seen = students_view(seen)
        with torch.no_grad():
            tokens, token_seen = network.surge(seen)
        mean, scale = network.surge_decoder(tokens, token_seen, seen)
        return task_terms(Prediction(mean, scale), seen, 1.0)

    network.eval()
    network.surge_decoder.train()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        parameters = list(network.surge_decoder.parameters())
        train(parameters, loss, curriculum.surge_steps, curriculum.learning_rate, progress=progress)
    network.eval()
    return network


def _draw(curriculum: Curriculum, storms: Batch, windows: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Indices of the storms and of the surge windows of one step, two windows a storm."""
    maps = torch.randint(0, len(storms), (curriculum.samples,), generator=generator)
    hours = torch.randint(0, len(windows), (2 * curriculum.samples,), generator=generator)
    return maps, hours


def _precision(batch: Batch, device: str) -> torch.autocast:
    """Maps in bfloat16, which they can bear; surges in single precision, since centimetres count."""
    return mixed_precision(device, enabled=batch.terrain is not None)


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
    content = save(_half(teacher.state_dict()))
    write_bytes(folder / "teacher.safetensors", content)
    save_students(folder, students, {**card, "sha256": {"teacher.safetensors": sha256(content).hexdigest()}})


def save_students(folder: Path, students: Sequence[Student | MultiHeadStudent], card: Mapping[str, object]) -> None:
    """Write ``student.safetensors``, all members in half precision, and the model card ``student.json``.

    The card says the SHA-256 of the weights, beside those of other files that it may name.
    """
    members = {
        f"{i}.{name}": tensor for i, student in enumerate(students) for name, tensor in student.state_dict().items()
    }
    content = save(_half(members))
    write_bytes(folder / "student.safetensors", content)
    others = card.get("sha256")
    digests = {**(others if isinstance(others, dict) else {}), "student.safetensors": sha256(content).hexdigest()}
    write_text(folder / "student.json", json.dumps({**card, "sha256": digests}, indent=2) + "\n")


def make_card(
    command: str, curriculum: Curriculum, seed: int, commit: str, device: str, seconds: float
) -> dict[str, object]:
    """The model card's facts: data, recipe, seed, commit, machine."""
    return {
        "command": command,
        "data": f"{curriculum.coasts} simulated coasts, seeds from {curriculum.first_seed}; no real data",
        "curriculum": asdict(curriculum),
        "seed": seed,
        "commit": commit,
        "torch": torch.__version__,
        "device": device,
        "seconds": round(seconds),
    }


def without_surge(seed: int) -> tuple[Teacher, list[Student]]:
    """The shipped teacher and students with surge decoders that were never taught; everything else is theirs."""

    def kept(network: Network, weights: Mapping[str, Tensor], path: Path) -> Network:
        fresh = {name: t for name, t in network.state_dict().items() if name.startswith(SURGE_DECODER)}
        return _fill(network, {n: t for n, t in weights.items() if not n.startswith(SURGE_DECODER)} | fresh, path)

    teacher, students = SHIPPED / "teacher.safetensors", SHIPPED / "student.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kept(Teacher(), _load(teacher), teacher), [kept(Student(), w, students) for w in _by_member(students)]


def load_card(folder: Path = SHIPPED) -> dict[str, object]:
    """The model card beside the students."""
    card: dict[str, object] = json.loads((folder / "student.json").read_text(encoding="utf-8"))
    return card


def load_teacher(folder: Path = SHIPPED) -> Teacher:
    """The shipped teacher, in evaluation mode.

    Raises:
        InputError: no weights in the folder, or those of another version.
    """
    path = folder / "teacher.safetensors"
    return _fill(Teacher(), _load(path), path)


def load_students(folder: Path = SHIPPED, place_shape: tuple[int, int] | None = None) -> list[Student]:
    """The shipped ensemble, each member with a blank map of the place when its grid is given; or that of a place.

    Args:
        folder: where ``save_students`` wrote.
        place_shape: (H, W) of the blank map; a map that was saved is read back without it.

    Raises:
        InputError: no weights in the folder, those of another version, or of one network with many heads.
    """
    path = folder / "student.safetensors"
    members = _by_member(path)
    if any(_is_multi_head(weights) for weights in members):
        raise InputError(folder, "holds an ensemble in one network", "read it by `load_forecaster`")
    return [_student_of(weights, place_shape, path) for weights in members]


def load_ensemble(folder: Path) -> list[Student | MultiHeadStudent]:
    """Whatever ``save_students`` wrote: members apart, or as the heads of one network.

    Raises:
        InputError: no weights in the folder, or those of another version.
    """
    path = folder / "student.safetensors"
    networks: list[Student | MultiHeadStudent] = []
    for weights in _by_member(path):
        networks.append(_multi_head_of(weights, path) if _is_multi_head(weights) else _student_of(weights, None, path))
    return networks


def _by_member(path: Path) -> list[dict[str, Tensor]]:
    """The weights of each network in a file, by name."""
    weights = _load(path)
    count = 1 + max(int(name.split(".")[0]) for name in weights)
    return [{n.split(".", 1)[1]: t for n, t in weights.items() if n.split(".")[0] == str(i)} for i in range(count)]


def _is_multi_head(weights: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("trunk.") for name in weights)


def _student_of(weights: Mapping[str, Tensor], place_shape: tuple[int, int] | None, path: Path) -> Student:
    saved = weights.get("place")
    if saved is not None:
        place_shape = (saved.shape[-2], saved.shape[-1])
    student = Student(place_shape=place_shape)
    blank = {} if student.place is None else {"place": student.place.detach()}
    return _fill(student, {**blank, **weights}, path)


def _multi_head_of(weights: Mapping[str, Tensor], path: Path) -> MultiHeadStudent:
    trunk = {name.removeprefix("trunk."): t for name, t in weights.items() if name.startswith("trunk.")}
    classes, rank = weights["flood.weight"].shape[:2]
    return _fill(MultiHeadStudent(_student_of(trunk, None, path), classes // FLOOD_CLASSES, rank), weights, path)


def _fill(network: Loaded, weights: Mapping[str, Tensor], path: Path) -> Loaded:
    """The network with these weights, in evaluation mode."""
    expected, given = ({name: t.shape for name, t in state.items()} for state in (network.state_dict(), weights))
    wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
    if wrong:
        raise InputError(
            path, f"holds networks of another version: {wrong[0]} and {len(wrong) - 1} more differ", "make them anew"
        )
    network.load_state_dict(dict(weights))
    network.eval()
    return network


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().half().contiguous() for name, tensor in state.items()}


def _load(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        raise InputError(path, "does not exist", "run `strandline teach` or name a folder with trained networks")
    return {name: tensor.float() for name, tensor in load_file(path).items()}
