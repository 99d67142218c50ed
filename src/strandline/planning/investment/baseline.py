"""The situation without any measure: hazard, assets and their damage, draw by draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import geopandas as gpd

from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.exposure import Exposure


@dataclass(frozen=True, eq=False)
class Baseline:
    """What measures are designed for and compared with.

    Attributes:
        assets: all of known damage, in the order of the draws' exposure.
        draws: of sea levels, maps and damage curves, which damage and every measure share.
        today: (N, A) expected annual damage [money a-1].
        events: damage of single events.
    """

    assets: gpd.GeoDataFrame
    draws: DamageDraws
    today: Floats
    events: StageDamageByClass

    @classmethod
    def of(
        cls,
        hazards: Sequence[Hazard],
        assets: gpd.GeoDataFrame,
        exposure: Exposure,
        curve_deviates: Floats,
        frequent: Hazard | None = None,
    ) -> Self:
        """Damage without measures.

        Args:
            hazards: today's maps, then those of the same samples under sea-level rise, if any.
            curve_deviates: (N, 6) of the damage curves, those of the impact.
            frequent: the same storms at levels of shorter return periods.

        Raises:
            InputError: hazards of other samples or grids.
        """
        draws = DamageDraws(hazards, exposure, hazards[0].region.continent, curve_deviates, frequent)
        return cls(assets, draws, draws.annual_damage(), StageDamageByClass.of(draws))

    @property
    def hazard(self) -> Hazard:
        """Today's."""
        return self.draws.hazards[0]

    @property
    def exposure(self) -> Exposure:
        """The assets over the cells."""
        return self.draws.exposure
