"""Networks and trees that a job has finished, so that an interrupted one continues."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from strandline.errors import InputError
from strandline.files import write_text

Network = TypeVar("Network", bound=nn.Module)


class FinishedParts:
    """A folder of finished parts.

    Args:
        folder: created if missing; ``None`` = nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def claim(self, job: str) -> None:
        """State what the parts are of, so that no other job takes them for its own.

        Args:
            job: everything that decides the parts.

        Raises:
            InputError: the folder holds parts of another job.
        """
        if self._folder is None:
            return
        path, digest = self._folder / "job.txt", sha256(job.encode()).hexdigest()
        if not path.exists():
            write_text(path, digest)
        elif path.read_text(encoding="utf-8") != digest:
            raise InputError(
                self._folder,
                "holds parts of another job (data, seed, steps or version)",
                "start anew, without --resume",
            )

    def network(self, name: str, blank: Network, train: Callable[[Network], Network]) -> Network:
        """The network of that name, trained once."""
        found = self.tensors(name, lambda: dict(train(blank).state_dict()))
        blank.load_state_dict(found)
        return blank.eval()

    def tensors(self, name: str, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        """The tensors of that name, made once; a file is whole or absent."""
        if self._folder is None:
            return make()
        path = self._folder / f"{name}.safetensors"
        if not path.exists():
            unfinished = path.with_suffix(".partial")
            save_file({key: value.contiguous() for key, value in make().items()}, unfinished)
            unfinished.replace(path)
        return load_file(path)
