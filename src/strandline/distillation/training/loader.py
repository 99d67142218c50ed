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
        self._epoch_start: dict[str, torch.Tensor] = {}
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
        """Where it stands."""
        return {"epoch_start": self._epoch_start, "batches_read": self._batches_read, "now": self._random_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Read on from where `state_dict` was called."""
        self._set_random_state(state["epoch_start"])
        self._begin()
        for _ in range(state["batches_read"]):
            next(self)
        self._set_random_state(state["now"])

    def _begin(self) -> None:
        self._epoch_start, self._batches_read = self._random_state(), 0
        self._epoch = iter(self._loader)

    def _random_state(self) -> dict[str, torch.Tensor]:
        own = getattr(self._loader, "generator", None)
        state = {"global": torch.get_rng_state()}
        return state | {"own": own.get_state()} if isinstance(own, torch.Generator) else state

    def _set_random_state(self, state: dict[str, torch.Tensor]) -> None:
        torch.set_rng_state(state["global"])
        own = getattr(self._loader, "generator", None)
        if isinstance(own, torch.Generator):
            own.set_state(state["own"])
