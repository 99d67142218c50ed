"""A data loader that is read again and again, and resumes in the middle of an epoch."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from strandline.errors import InputError


class LoaderCycle(Iterator[Any]):
    """Batches of a loader, epoch after epoch.

    The order of an epoch may be drawn from torch's global generator or from ``loader.generator``; both are part of the
    state. To resume, the batches of the epoch that were read before are read again.
    """

    def __init__(self, loader: Iterable[Any]) -> None:
        self._loader = loader
        self._epoch: Iterator[Any] | None = None
        self._epoch_start: dict[str, torch.Tensor | None] = {}
        self._batches_read = 0

    def __next__(self) -> Any:
        """The next batch.

        Raises:
            InputError: a loader without batches, or one that cannot be read twice.
        """
        for _ in range(2):
            if self._epoch is None:
                self._begin()
            for batch in self._epoch or ():
                self._batches_read += 1
                return batch
            self._epoch = None
        raise InputError("loader", "gives no batch", "give a DataLoader or a list, which can be read again and again")

    def state_dict(self) -> dict[str, Any]:
        """Position in the epoch, and the random states that it started from."""
        return {"epoch_start": self._epoch_start, "batches_read": self._batches_read, "own": self._own_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to the position of `state_dict`. `Checkpoint` restores the global generator afterwards."""
        torch.set_rng_state(state["epoch_start"]["global"])
        self._set_own_state(state["epoch_start"]["own"])
        self._begin()
        for _ in range(state["batches_read"]):
            next(self)
        self._set_own_state(state["own"])

    def _begin(self) -> None:
        self._epoch_start = {"global": torch.get_rng_state(), "own": self._own_state()}
        self._batches_read, self._epoch = 0, iter(self._loader)

    def _own_state(self) -> torch.Tensor | None:
        generator = getattr(self._loader, "generator", None)
        return generator.get_state() if isinstance(generator, torch.Generator) else None

    def _set_own_state(self, state: torch.Tensor | None) -> None:
        if state is not None:
            self._loader.generator.set_state(state)  # type: ignore[attr-defined]
