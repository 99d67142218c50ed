"""The prediction that teacher and student share, features included."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Prediction:
    """Output of a network.

    Attributes:
        flood_logits: (B, K, H, W) depth classes, edges in ``batch.DEPTH_EDGES``.
        damage_logits: (B, A, K) damage states 0…4; ``None`` where the batch has no assets.
        features: ``global`` (B, D); ``patches`` (B, N, D), N = H/8 · W/8 in row order; and the gauge and climate
            tokens, ``tokens`` (B, T, D), with ``token_hours`` (B, T) from issue, ``tokens_seen`` (B, T).
    """

    flood_logits: Tensor
    damage_logits: Tensor | None = None
    features: dict[str, Tensor] = field(default_factory=dict)

    def __getitem__(self, index: Tensor | slice) -> Self:
        return self._map(lambda tensor: tensor[index])

    def detach(self) -> Self:
        """The same prediction, detached from the graph."""
        return self._map(Tensor.detach)

    @classmethod
    def concatenate(cls, predictions: Sequence[Self]) -> Self:
        """One prediction of all samples; all predictions must have the same outputs."""
        damage = [prediction.damage_logits for prediction in predictions if prediction.damage_logits is not None]
        return cls(
            torch.cat([prediction.flood_logits for prediction in predictions]),
            torch.cat(damage) if damage else None,
            {name: torch.cat([one.features[name] for one in predictions]) for name in predictions[0].features},
        )

    def _map(self, change: Callable[[Tensor], Tensor]) -> Self:
        return replace(
            self,
            flood_logits=change(self.flood_logits),
            damage_logits=None if self.damage_logits is None else change(self.damage_logits),
            features={name: change(tensor) for name, tensor in self.features.items()},
        )
