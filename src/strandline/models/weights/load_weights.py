"""Read and write network weights."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from strandline.errors import InputError
from strandline.files import write_bytes, write_text
from strandline.models.batch import FLOOD_CLASSES
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.teacher import Teacher

Network = TypeVar("Network", bound=Teacher | Student)
Loaded = TypeVar("Loaded", bound=nn.Module)
SHIPPED = Path(__file__).parent
CARD = "student.json"
"""File of the model card; it states the SHA-256 of every file of weights beside it."""
REPLACE = "train them again, or repeat `strandline run`"


def save_networks(folder: Path, teacher: Teacher, students: Sequence[Student], card: Mapping[str, object]) -> None:
    """Write ``teacher.safetensors`` and the students, in half precision, and the model card."""
    content = save(_half(teacher.state_dict()))
    write_bytes(folder / "teacher.safetensors", content)
    save_students(folder, students, {**card, "sha256": {"teacher.safetensors": sha256(content).hexdigest()}})


def save_students(folder: Path, students: Sequence[Student | MultiHeadStudent], card: Mapping[str, object]) -> None:
    """Write ``student.safetensors``, all members in half precision, and the model card ``student.json``.

    The SHA-256 of the weights is added to those that the card already holds.
    """
    members = {
        f"{i}.{name}": tensor for i, student in enumerate(students) for name, tensor in student.state_dict().items()
    }
    content = save(_half(members))
    write_bytes(folder / "student.safetensors", content)
    others = card.get("sha256")
    digests = {**(others if isinstance(others, dict) else {}), "student.safetensors": sha256(content).hexdigest()}
    write_text(folder / CARD, json.dumps({**card, "sha256": digests}, indent=2) + "\n")


def load_card(folder: Path = SHIPPED, name: str = CARD) -> dict[str, object]:
    """The model card beside the networks.

    Raises:
        InputError: there is none, or it is damaged.
    """
    path = folder / name
    if not path.exists():
        raise InputError(path, "does not exist", "run `strandline pretrain` or name a folder with trained networks")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(path, f"is damaged ({error})", REPLACE) from error
    if not isinstance(card, dict):
        raise InputError(path, "is no model card", REPLACE)
    return card


def verified_bytes(path: Path, card: Mapping[str, object], name: str = CARD) -> bytes:
    """The content of a file whose SHA-256 a model card of that name states.

    Raises:
        InputError: the file cannot be read, the card does not list it, or it has changed since.
    """
    digests = card.get("sha256")
    stated = digests.get(path.name) if isinstance(digests, dict) else None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", REPLACE) from error
    if stated is None:
        raise InputError(path.parent / name, f"states no SHA-256 of {path.name}", REPLACE)
    if sha256(content).hexdigest() != stated:
        raise InputError(path, f"does not have the SHA-256 that {name} states: it was changed or damaged", REPLACE)
    return content


def load_teacher(folder: Path = SHIPPED) -> Teacher:
    """The shipped teacher, in evaluation mode.

    Raises:
        InputError: no weights in the folder, or weights of another version.
    """
    path = folder / "teacher.safetensors"
    return _fill(Teacher(), _load(path), path)


def load_students(
    folder: Path = SHIPPED, site_shape: tuple[int, int] | None = None, members: int | None = None
) -> list[Student]:
    """The shipped ensemble, or one that ``save_students`` wrote.

    Args:
        folder: where ``save_students`` wrote.
        site_shape: (H, W) of a blank site memory to add; a saved one is read back without it.
        members: the first so many alone; ``None`` = all.

    Raises:
        InputError: no weights in the folder, weights of another version, or of a multi-head student.
    """
    path = folder / "student.safetensors"
    each = _by_member(path)
    if any(_is_multi_head(weights) for weights in each):
        raise InputError(folder, "holds an ensemble in one network", "read it with `load_forecaster`")
    return [_student_of(weights, site_shape, path) for weights in each[:members]]


def load_ensemble(folder: Path) -> list[Student | MultiHeadStudent]:
    """What ``save_students`` wrote: single members, or the heads of one network.

    Raises:
        InputError: no weights in the folder, or weights of another version.
    """
    path = folder / "student.safetensors"
    return [
        _multi_head_of(weights, path) if _is_multi_head(weights) else _student_of(weights, None, path)
        for weights in _by_member(path)
    ]


def network_like(kind: str, weights: Mapping[str, Tensor]) -> Teacher | Student | MultiHeadStudent:
    """The network of a class's name with these weights, in evaluation mode.

    Raises:
        InputError: weights of another network, or no such class.
    """
    where = Path(kind)
    if kind == "Teacher":
        return _fill(Teacher(), weights, where)
    if kind == "Student":
        return _student_of(weights, None, where)
    if kind == "MultiHeadStudent":
        return _multi_head_of(weights, where)
    raise InputError(kind, "is no network of this program", "store a Teacher, a Student or a MultiHeadStudent")


def _by_member(path: Path) -> list[dict[str, Tensor]]:
    """The weights of each network in a file, by name."""
    weights = _load(path)
    if not weights or not all(name.split(".")[0].isdecimal() for name in weights):
        raise InputError(path, "holds no members of an ensemble", REPLACE)
    count = 1 + max(int(name.split(".")[0]) for name in weights)
    return [{n.split(".", 1)[1]: t for n, t in weights.items() if n.split(".")[0] == str(i)} for i in range(count)]


def _is_multi_head(weights: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("trunk.") for name in weights)


def _student_of(weights: Mapping[str, Tensor], site_shape: tuple[int, int] | None, path: Path) -> Student:
    saved = weights.get("site_memory")
    if saved is not None:
        site_shape = (saved.shape[-2], saved.shape[-1])
    student = Student(site_shape=site_shape, inflow=any(name.startswith("inflow.") for name in weights))
    blank = {} if student.site_memory is None else {"site_memory": student.site_memory.detach()}
    return _fill(student, {**blank, **weights}, path)


def _multi_head_of(weights: Mapping[str, Tensor], path: Path) -> MultiHeadStudent:
    trunk = {name.removeprefix("trunk."): t for name, t in weights.items() if name.startswith("trunk.")}
    classes, rank = weights["flood.weight"].shape[:2]
    return _fill(MultiHeadStudent(_student_of(trunk, None, path), classes // FLOOD_CLASSES, rank), weights, path)


def _fill(network: Loaded, weights: Mapping[str, Tensor], path: Path) -> Loaded:
    """The network with these weights, in evaluation mode."""
    expected, actual = ({name: t.shape for name, t in state.items()} for state in (network.state_dict(), weights))
    wrong = sorted(name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name))
    if wrong:
        raise InputError(
            path,
            f"holds networks of another version: {wrong[0]} and {len(wrong) - 1} more differ",
            REPLACE,
        )
    network.load_state_dict(dict(weights))
    network.eval()
    return network


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().half().contiguous() for name, tensor in state.items()}


def _load(path: Path) -> dict[str, Tensor]:
    """The weights of a file, as the card beside it lists them.

    Raises:
        InputError: the file is missing or damaged, or its SHA-256 is not that of the card.
    """
    if not path.exists():
        raise InputError(path, "does not exist", "run `strandline pretrain` or name a folder with trained networks")
    content = verified_bytes(path, load_card(path.parent))
    try:
        return {name: tensor.float() for name, tensor in load(content).items()}
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"is damaged ({error})", REPLACE) from error
