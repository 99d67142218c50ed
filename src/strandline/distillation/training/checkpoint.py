"""A file from which an interrupted training resumes."""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from strandline.errors import InputError
from strandline.files import write_atomically


class Stateful(Protocol):
    """Anything that can be saved and restored, as `nn.Module` and `torch.optim.Optimizer` can."""

    def state_dict(self) -> Any:
        """Tensors, numbers and strings, in dicts and lists."""

    def load_state_dict(self, state_dict: Any, /) -> object:
        """Restore what `state_dict` returned."""


@dataclass(frozen=True)
class Checkpoint:
    """Where and how often the state of a training is saved.

    Attributes:
        path: of the file; it is replaced as a whole.
        every: steps between two saves; the state after the last step is saved as well.
        settings: numbers and strings that must be the same when the training resumes.
        parts: name → what is saved beside the optimiser and torch's random generators.
    """

    path: Path
    every: int
    settings: Mapping[str, object] = field(default_factory=dict)
    parts: Mapping[str, Stateful] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError("checkpoint", f"every {self.every} steps", "give 1 or more")

    def save(self, step: int, loop: Mapping[str, Stateful], history: Mapping[str, list[float]]) -> None:
        """Write the state after ``step`` steps.

        Args:
            loop: optimiser and schedule; ``history``: term → its last values.
        """
        content = {
            "settings": dict(self.settings),
            "step": step,
            "history": dict(history),
            "states": {name: part.state_dict() for name, part in {**self.parts, **loop}.items()},
            "random": torch.get_rng_state(),
            "cuda_random": torch.cuda.get_rng_state_all(),
        }
        with write_atomically(self.path) as temporary:
            torch.save(content, temporary)

    def resume(self, loop: Mapping[str, Stateful], history: dict[str, list[float]]) -> int:
        """Restore the state of the file, in place; returns the number of steps done, 0 without a file.

        Raises:
            InputError: a damaged file, or one of a training with other settings.
        """
        if not self.path.exists():
            return 0
        damaged = InputError(self.path, "is not a training checkpoint", "remove it to start again")
        if not zipfile.is_zipfile(self.path):
            raise damaged
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            settings, states = content["settings"], content["states"]
        except (RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as error:
            raise damaged from error
        other = [name for name in self.settings if settings.get(name) != self.settings[name]]
        if other or settings.keys() != self.settings.keys():
            raise InputError(
                self.path,
                f"belongs to a training with other settings ({', '.join(other) or 'more of them'})",
                "use the same settings, or remove the file to start again",
            )
        for name, part in {**self.parts, **loop}.items():
            part.load_state_dict(states[name])
        history.update(content["history"])
        torch.set_rng_state(content["random"])
        if len(content["cuda_random"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(content["cuda_random"])
        return int(content["step"])
