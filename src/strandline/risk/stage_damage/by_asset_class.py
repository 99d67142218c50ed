"""Stage–damage by asset class: damage and flooded assets of single events at today's return levels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import FLOODED_DEPTH, Hazard
from strandline.risk.stage_damage.asset_depths import mean_depth
from strandline.risk.stage_damage.exposure import Exposure


@dataclass(frozen=True, eq=False)
class StageDamageByClass:
    """Damage of single events at the hazard's return periods.

    Attributes:
        levels: (R,) median sea level of each return period [m, region datum].
        by_class: asset class → (S, R) damage to its known assets [money].
        flooded: asset class → for each return period the ids of assets with a median depth of 0.15 m or more.
    """

    levels: Floats
    by_class: Mapping[str, Floats]
    flooded: Mapping[str, tuple[tuple[str, ...], ...]]

    @classmethod
    def of(cls, hazard: Hazard, assets: gpd.GeoDataFrame, exposure: Exposure, ratios: Floats) -> Self:
        """Sum the damage ratios (S, A, R) of the damage chain as it is today; all ``assets`` must be known."""
        losses = ratios * exposure.value[:, None]  # (S, A, R)
        depth = np.stack([mean_depth(maps, exposure) for maps in hazard.flood_depth])  # (S, A, R)
        is_flooded = np.median(depth, axis=0) >= FLOODED_DEPTH  # (A, R)
        names = assets["asset_id"].astype(str).to_numpy()
        by_class, flooded = {}, {}
        for group in exposure.classes:
            by_class[group.asset_class] = losses[:, group.rows].sum(axis=1)
            flooded[group.asset_class] = tuple(
                tuple(names[group.rows[is_flooded[group.rows, period]]]) for period in range(is_flooded.shape[1])
            )
        return cls(np.median(hazard.levels, axis=0), by_class, flooded)

    def of_classes(self, classes: tuple[str, ...]) -> Floats:
        """(S, R) damage to these classes together [money]."""
        parts = [damage for name, damage in self.by_class.items() if name in classes]
        first = next(iter(self.by_class.values()))
        return np.asarray(sum(parts, np.zeros_like(first)))

    def at_level(self, classes: tuple[str, ...], level: float) -> Floats:
        """(S,) damage of an event of this sea level [m], linear between the median return levels."""
        return np.array([np.interp(level, self.levels, sample) for sample in self.of_classes(classes)])
