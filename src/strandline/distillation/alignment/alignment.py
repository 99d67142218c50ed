"""What an alignment of features is: a distance between the features of a student and of a teacher."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn

Features = Mapping[str, Tensor]
"""``global`` (B, D) and ``patches`` (B, N, D); either may be missing."""


class Alignment(Protocol):
    """A distance between features, often with weights of its own that are trained with the student and then discarded.

    Any `nn.Module` whose ``forward`` takes the features of student and teacher is one.
    """

    def __call__(self, student: Features, teacher: Features, /) -> Tensor:
        """Distance of each sample, (B,)."""

    def parameters(self) -> Iterable[nn.Parameter]:
        """The weights to be trained."""

    def to(self, device: torch.device, /) -> Self:
        """Move it to a device, in place."""

    def state_dict(self) -> Any:
        """Its weights, for a checkpoint."""

    def load_state_dict(self, state_dict: Any, /) -> object:
        """Restore its weights."""
