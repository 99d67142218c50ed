"""A teacher's answers on disk, so that it is asked once about each tile.

An answer is filed under the sha256 of everything that decides it: the teacher's weights, how tiles are prepared, and
the tile's own bytes. Change one of them by one bit and the teacher is asked anew; nothing needs to be cleared by hand.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from strandline.atomic import write_bytes
from strandline.errors import InputError

logger = logging.getLogger(__name__)

Answer = Mapping[str, Tensor]
DIGEST = "__digest__"
"""The tensor in each file that tells whether the others are whole."""


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """sha256 over names, types, shapes and bytes; the order of the names does not count.

    Of a network, ``fingerprint(network.state_dict())``: once, not for each tile.
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def answer_key(weights: str, preparation: Mapping[str, object], tile: Mapping[str, Tensor]) -> str:
    """What an answer is filed under: 64 hexadecimal digits.

    Args:
        weights: the teacher's `fingerprint`.
        preparation: everything between the file and the tensor, in plain values that JSON can say: means, scales,
            bands, and the name of the architecture, which weights alone do not tell.
        tile: what the teacher sees, masks included, by stream.

    Raises:
        InputError: a preparation that JSON cannot say, or with a number that is not finite.
    """
    try:
        said = json.dumps(preparation, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(
            "preparation", str(error), "describe it by text, finite numbers, lists and mappings"
        ) from error
    return hashlib.sha256(json.dumps([weights, said, fingerprint(tile)]).encode()).hexdigest()


def ask_once(ask: Callable[[], Answer], key: str, folder: Path, half: bool = False) -> dict[str, Tensor]:
    """The answer under ``key``: read from ``folder`` if it is there and whole, asked for and filed if not.

    Each file carries the digest of its own content and key. A file that was cut short, altered, renamed or is no answer
    at all is *replaced*, with a warning in the log: the teacher can always be asked again, and a wrong answer can never
    come back. What is returned is what is filed, the first time as every other, on the processor.

    Args:
        ask: the teacher's word on one tile, by name; called only if needed.
        key: from `answer_key`.
        folder: made if missing; files appear whole or not at all, so that several programs may share it.
        half: file floating-point numbers in half precision (11 significant bits); they come back as float32. Both
            precisions are filed apart.

    Raises:
        InputError: a file that cannot be read or written, or numbers that half precision cannot hold (beyond ±65504).
    """
    path = folder / f"{key}{'-half' if half else ''}.safetensors"
    if path.exists():
        answer = _read(path, key)
        if answer is not None:
            return _widen(answer) if half else answer
        logger.warning("%s is damaged; the teacher is asked again", path)
    with torch.no_grad():
        answer = {name: tensor.detach().cpu().contiguous() for name, tensor in ask().items()}
    if half:
        answer = {name: _narrow(name, tensor) for name, tensor in answer.items()}
    write_bytes(path, save({**answer, DIGEST: _digest(answer, key)}))
    return _widen(answer) if half else answer


def _read(path: Path, key: str) -> dict[str, Tensor] | None:
    """The answer in a file, or nothing when the file is not what was written."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror or error})", "name another folder") from error
    try:
        answer = dict(load(content))
    except (SafetensorError, KeyError, ValueError):
        return None
    digest = answer.pop(DIGEST, None)
    if digest is None or digest.dtype != torch.uint8 or not torch.equal(digest, _digest(answer, key)):
        return None
    return answer


def _digest(answer: Answer, key: str) -> Tensor:
    """(32,) bytes."""
    return torch.tensor(list(hashlib.sha256((key + fingerprint(answer)).encode()).digest()), dtype=torch.uint8)


def _narrow(name: str, tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    narrow = tensor.half()
    if not torch.equal(torch.isfinite(narrow), torch.isfinite(tensor)):
        raise InputError(f"answer '{name}'", "has numbers that half precision cannot hold", "file it with half=False")
    return narrow


def _widen(answer: Answer) -> dict[str, Tensor]:
    return {name: tensor.float() if tensor.dtype == torch.float16 else tensor for name, tensor in answer.items()}
