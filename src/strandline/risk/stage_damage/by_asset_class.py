"""Stage–damage by asset class: damage of single events at today's return levels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.stage_damage.damage_draws import DamageDraws


@dataclass(frozen=True, eq=False)
class StageDamageByClass:
    """Damage of single events at the mapped return periods, the most frequent first.

    Attributes:
        levels: (P,) median sea level of each return period [m, region datum], ascending.
        by_class: asset class → (N, P) damage to its known assets in each draw [money].
    """

    levels: Floats
    by_class: Mapping[str, Floats]

    @classmethod
    def of(cls, draws: DamageDraws) -> Self:
        """From the draws of damage, maps of shorter return periods included."""
        levels = draws.levels.T[:, :, None]  # (P, N, 1)
        weights = draws.level_weights(levels, np.ones(levels.shape))  # (P, N, L)
        by_class = {}
        for group in draws.exposure.classes:
            loss = draws.damage(group, np.ones((1, group.rows.size)))[0]  # (N, L)
            by_class[group.asset_class] = np.einsum("pnl,nl->np", weights, loss)
        return cls(np.median(draws.levels, axis=0), by_class)

    def of_classes(self, classes: tuple[str, ...]) -> Floats:
        """(N, P) damage to these classes together [money]."""
        parts = [damage for name, damage in self.by_class.items() if name in classes]
        first = next(iter(self.by_class.values()))
        return np.asarray(sum(parts, np.zeros_like(first)))

    def at_level(self, classes: tuple[str, ...], level: float) -> Floats:
        """(N,) damage of an event of this sea level [m], linear between the median return levels."""
        damage, position = self.of_classes(classes), np.interp(level, self.levels, np.arange(self.levels.size))
        lower = int(position)
        upper = min(lower + 1, self.levels.size - 1)
        return np.asarray(damage[:, lower] + (position - lower) * (damage[:, upper] - damage[:, lower]))
