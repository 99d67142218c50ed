"""Stage–damage by asset class: damage and flooded assets of single events at today's return levels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.stage_damage.asset_depths import mean_depth
from strandline.risk.stage_damage.damage_draws import DamageDraws


@dataclass(frozen=True, eq=False)
class StageDamageByClass:
    """Damage of single events at the hazard's return periods.

    Attributes:
        levels: (R,) median sea level of each return period [m, region datum].
        by_class: asset class → (N, R) damage to its known assets in each draw [money].
        flooded: asset class → for each return period the ids of assets with a median depth of 0.15 m or more.
    """

    levels: Floats
    by_class: Mapping[str, Floats]
    flooded: Mapping[str, tuple[tuple[str, ...], ...]]

    @classmethod
    def of(cls, draws: DamageDraws, assets: gpd.GeoDataFrame) -> Self:
        """From the draws of damage to ``assets``, all of which must be known."""
        hazard, exposure = draws.hazards[0], draws.exposure
        depth = np.stack([mean_depth(maps, exposure) for maps in hazard.flood_depth])  # (S, A, R)
        is_flooded = np.median(depth, axis=0) >= FLOODED_DEPTH  # (A, R)
        names = assets["asset_id"].astype(str).to_numpy()
        levels = hazard.level_draws.T[:, :, None]  # (R, N, 1)
        weights = draws.level_weights(levels, np.ones(levels.shape))  # (R, N, L)
        by_class, flooded = {}, {}
        for group in exposure.classes:
            loss = draws.damage(group, np.ones((1, group.rows.size)))[0]  # (N, L)
            by_class[group.asset_class] = np.einsum("rnl,nl->nr", weights, loss)
            flooded[group.asset_class] = tuple(
                tuple(names[group.rows[is_flooded[group.rows, period]]]) for period in range(is_flooded.shape[1])
            )
        return cls(np.median(hazard.level_draws, axis=0), by_class, flooded)

    def of_classes(self, classes: tuple[str, ...]) -> Floats:
        """(N, R) damage to these classes together [money]."""
        parts = [damage for name, damage in self.by_class.items() if name in classes]
        first = next(iter(self.by_class.values()))
        return np.asarray(sum(parts, np.zeros_like(first)))

    def at_level(self, classes: tuple[str, ...], level: float) -> Floats:
        """(N,) damage of an event of this sea level [m], linear between the median return levels."""
        damage, position = self.of_classes(classes), np.interp(level, self.levels, np.arange(self.levels.size))
        lower = int(position)
        upper = min(lower + 1, self.levels.size - 1)
        return np.asarray(damage[:, lower] + (position - lower) * (damage[:, upper] - damage[:, lower]))
