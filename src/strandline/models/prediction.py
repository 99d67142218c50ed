"""What teacher and student both say: one semantic space, features included."""

from dataclasses import dataclass, field, replace
from typing import Self

from torch import Tensor


@dataclass(frozen=True)
class Prediction:
    """The answer of a network; ``None`` where the input gives no ground to answer on.

    Attributes:
        flood_logits: (B, K, H, W) depth classes, edges in ``batch.DEPTH_EDGES``.
        surge_mean, surge_scale: (B, 25) water level minus tide [m] at leads 0…24 h; the scale is a standard deviation.
        damage_logits: (B, A, K) damage states 0…4.
        features: ``global`` (B, D) and, with terrain, ``patches`` (B, N, D), N = H/8 · W/8 in row order.
    """

    surge_mean: Tensor
    surge_scale: Tensor
    flood_logits: Tensor | None = None
    damage_logits: Tensor | None = None
    features: dict[str, Tensor] = field(default_factory=dict)

    def detach(self) -> Self:
        """The same prediction, cut from the graph."""
        return replace(
            self,
            surge_mean=self.surge_mean.detach(),
            surge_scale=self.surge_scale.detach(),
            flood_logits=None if self.flood_logits is None else self.flood_logits.detach(),
            damage_logits=None if self.damage_logits is None else self.damage_logits.detach(),
            features={name: tensor.detach() for name, tensor in self.features.items()},
        )
