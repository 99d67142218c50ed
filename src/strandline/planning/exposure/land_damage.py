"""Damage a year by rain and rivers beside that by the sea, and what measures leave of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.observations.arrays import Floats, Mask
from strandline.planning.early_action.evacuation.all_drivers import in_words
from strandline.planning.investment.design import Design
from strandline.planning.investment.stage_damage_by_design import NOTHING, MeasureSet, StageDamageByDesign
from strandline.planning.measures import LongTermMeasure

SEA, RAIN, RIVER = "sea", "rain", "river"


@dataclass(frozen=True, eq=False)
class LandDamage:
    """What all drivers together damage beyond what the sea alone would, by the maps of their combinations.

    Attributes:
        drivers: of the maps, the sea first.
        of_asset: (S, A) mean a year in each sample of the maps [money a-1].
        rain_share: part that rain brings [-], the rest the rivers: as of the area that floods.
    """

    drivers: tuple[str, ...]
    of_asset: Floats
    rain_share: float

    def of_assets(self, chosen: Mask) -> "LandDamage":
        """That of some assets (A,)."""
        return replace(self, of_asset=self.of_asset[:, chosen])

    def share_of(self, drivers: Sequence[str]) -> float:
        """Part of the damage that a measure against some drivers acts on [-]."""
        parts = {RAIN: self.rain_share, RIVER: 1.0 - self.rain_share}
        return float(sum(part for name, part in parts.items() if name in drivers))

    def left(
        self, sets: Sequence[MeasureSet], designs: Sequence[Design], damage: StageDamageByDesign
    ) -> Mapping[MeasureSet, Floats]:
        """Set of designs → (N,) mean a year that remains [money a-1], in the draws of the sea's damage.

        A measure averts the same share of the damage by rain or rivers to the assets that it covers as of that by the
        sea, if it works against them, and nothing if it holds back the sea: an assumption.
        """
        draws, classes = damage.draws, damage.draws.exposure.classes
        sample = np.repeat(np.arange(draws.maps) % len(self.of_asset), draws.count // draws.maps)
        total = {each: np.zeros(draws.count) for each in sets}
        for group in classes:
            covered = np.array([each.covers[group.rows] for each in designs]).reshape(len(designs), group.rows.size)
            averted = [self._averted(number, each, group.asset_class, damage) for number, each in enumerate(designs)]
            patterns, of_asset = np.unique(covered, axis=1, return_inverse=True)
            for number, pattern in enumerate(patterns.T):
                rows = group.rows[of_asset.ravel() == number]
                whole = self.of_asset[:, rows].sum(axis=1)[sample]  # (N,)
                for built in sets:
                    kept = np.prod([1.0 - averted[each] for each in built if pattern[each]])
                    total[built] += whole * kept
        return total

    def _averted(self, number: int, design: Design, asset_class: str, damage: StageDamageByDesign) -> float:
        """Share of the damage by rain and rivers to covered assets of a class that one design averts [-]."""
        acts_on = self.share_of(design.measure.drivers)
        groups = [each for each in damage.groups if each.asset_class == asset_class and number in each.covered_by]
        if not acts_on or not groups:
            return 0.0
        alone = frozenset({number})
        found = replace(damage, groups=tuple(groups)).expected_annual_damage((NOTHING, alone), damage.levels[None])
        before, after = (float(found[each].mean()) for each in (NOTHING, alone))
        return acts_on * (1.0 - after / before) if before > 0 else 0.0


def averts(measure: LongTermMeasure, land: LandDamage) -> str:
    """Which floods a measure is counted against, and what it may make worse, in sentences."""
    others = [name for name in land.drivers[1:] if name in measure.drivers]
    kept = [name for name in land.drivers[1:] if name not in measure.drivers]
    if not others:
        worse = ""
        if measure.mechanism == "embankment" and RAIN in land.drivers:
            worse = (
                " A ring keeps rain in: without sluices or pumps, floods of rain behind it stand deeper and longer than"
                " today. That was not simulated; do not close a ring without drainage."
            )
        return f"It is counted against the sea alone, and averts nothing of {in_words(tuple(kept))}.{worse}"
    alone = f", and averts nothing of {in_words(tuple(kept))}" if kept else ""
    counted = in_words((SEA, *others))
    return f"It is counted against {counted}{alone}; of rain and rivers it is assumed to avert the same share."
