"""The situation without any measure: hazard, assets and their damage, sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass
from strandline.risk.stage_damage.damage_chain import DamageChain
from strandline.risk.stage_damage.expected_annual_damage import overtopping_weights
from strandline.risk.stage_damage.exposure import Exposure


@dataclass(frozen=True, eq=False)
class Baseline:
    """What measures are designed for and compared with.

    Attributes:
        assets: all of known damage, in the order of the chain's exposure.
        chain: flood maps of today and under sea-level rise, with the damage curves of each sample.
        ratios: (S, A, L) damage ratios of the chain [-].
        today: (S, A) expected annual damage [money a-1].
        events: damage of single events.
    """

    assets: gpd.GeoDataFrame
    chain: DamageChain
    ratios: Floats
    today: Floats
    events: StageDamageByClass

    @classmethod
    def of(cls, hazards: Sequence[Hazard], assets: gpd.GeoDataFrame, exposure: Exposure, deviates: Floats) -> Self:
        """Run the damage chain once over all mapped sea levels.

        Args:
            hazards: today's maps, then those of the same samples under sea-level rise, if any.
            deviates: (S, 6) of the damage curves.

        Raises:
            InputError: hazards of other samples or grids.
        """
        hazard = hazards[0]
        chain = DamageChain(hazards, exposure, hazard.region.continent, deviates)
        ratios = chain.damage_ratios()
        at_return_levels = ratios[:, :, : len(hazard.return_periods)]
        weights = overtopping_weights(hazard.return_periods)
        with_overtopping = np.concatenate([at_return_levels, at_return_levels[:, :, -1:]], axis=2)  # (S, A, R + 1)
        today = np.stack([each @ weights * exposure.value for each in with_overtopping])
        return cls(assets, chain, ratios, today, StageDamageByClass.of(hazard, assets, exposure, at_return_levels))

    @property
    def hazard(self) -> Hazard:
        """Today's."""
        return self.chain.hazards[0]

    @property
    def exposure(self) -> Exposure:
        """The assets over the cells."""
        return self.chain.exposure
