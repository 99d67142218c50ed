"""The prediction that teacher and student share, features included."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Prediction:
    """Output of a network; ``None`` where the batch lacks what the output needs (terrain, assets).

    Attributes:
        surge_mean, surge_scale: (B, 25) water level minus tide [m] at leads 0…24 h; the scale is a standard deviation.
        flood_logits: (B, K, H, W) depth classes, edges in ``batch.DEPTH_EDGES``.
        damage_logits: (B, A, K) damage states 0…4.
        features: ``global`` (B, D) and, with terrain, ``patches`` (B, N, D), N = H/8 · W/8 in row order, and the gauge
            and climate tokens: ``tokens`` (B, T, D), ``token_hours`` (B, T) from issue, ``tokens_seen`` (B, T).
    """

    surge_mean: Tensor
    surge_scale: Tensor
    flood_logits: Tensor | None = None
    damage_logits: Tensor | None = None
    features: dict[str, Tensor] = field(default_factory=dict)

    def require_flood_logits(self) -> Tensor:
        """(B, K, H, W) flood logits.

        Raises:
            ValueError: the prediction has none, as it was made without terrain.
        """
        if self.flood_logits is None:
            raise ValueError("a prediction without terrain has no flood map")
        return self.flood_logits

    def __getitem__(self, index: Tensor | slice) -> Self:
        return self._map(lambda tensor: tensor[index])

    def detach(self) -> Self:
        """The same prediction, detached from the graph."""
        return self._map(Tensor.detach)

    @classmethod
    def concatenate(cls, predictions: Sequence[Self]) -> Self:
        """One prediction of all samples; all predictions must have the same outputs."""

        def cat(name: str) -> Tensor | None:
            parts = [getattr(prediction, name) for prediction in predictions]
            return None if parts[0] is None else torch.cat(parts)

        return cls(
            torch.cat([prediction.surge_mean for prediction in predictions]),
            torch.cat([prediction.surge_scale for prediction in predictions]),
            cat("flood_logits"),
            cat("damage_logits"),
            {name: torch.cat([one.features[name] for one in predictions]) for name in predictions[0].features},
        )

    def _map(self, change: Callable[[Tensor], Tensor]) -> Self:
        return replace(
            self,
            surge_mean=change(self.surge_mean),
            surge_scale=change(self.surge_scale),
            flood_logits=None if self.flood_logits is None else change(self.flood_logits),
            damage_logits=None if self.damage_logits is None else change(self.damage_logits),
            features={name: change(tensor) for name, tensor in self.features.items()},
        )
