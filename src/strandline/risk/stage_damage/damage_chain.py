"""The damage chain: flood maps at all mapped sea levels → depth at assets → damage ratios, one map after another.

What counts assets, people and zones in the water reads this chain; amounts of money read `damage_draws`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.exposure.assets import CURVE_CLASSES, curve_index
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.asset_depths import Maps, cell_depths, greatest_depth, mean_depth
from strandline.risk.stage_damage.exposure import Exposure
from strandline.risk.stage_damage.protection import UNPROTECTED, Protection
from strandline.risk.stage_damage.vulnerability import damage_ratio


def draw_curve_deviates(n_samples: int, rng: np.random.Generator) -> Floats:
    """(S, 6) standard normal deviates of the damage curves, one per sample and curve: a curve errs as a whole."""
    return rng.standard_normal((n_samples, len(CURVE_CLASSES)))


def damage_ratios(
    depth: Maps, exposure: Exposure, continent: str, deviates: Floats, protection: Protection = UNPROTECTED
) -> Floats:
    """(A, L) damage ratios of one Monte-Carlo sample; NaN where a touched cell is unknown.

    Args:
        depth: (L, H, W) [m] of the sample.
        deviates: (6,) of the sample, in the order of ``CURVE_CLASSES``.
        protection: assets raised above the ground, and the share of the damage avoided.
    """
    result = np.full((exposure.value.size, len(depth)), np.nan)
    for group, water in cell_depths(depth, exposure):
        name = group.asset_class
        above_floor = np.maximum(water - protection.raised.get(name, 0.0), 0.0)
        ratio = damage_ratio(above_floor, name, continent, float(deviates[curve_index(name)]))  # (L, C)
        result[group.rows] = group.shares @ ratio.T * (1.0 - protection.avoided_share.get(name, 0.0))
    return np.asarray(np.clip(result, 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class SampleChain:
    """One Monte-Carlo sample of the chain.

    Attributes:
        levels: (L,) sea levels [m, region datum].
        depth: (L, H, W) flood depth [m]; NaN = unknown.
        deviates: (6,) of the damage curves.
    """

    levels: Floats
    depth: Maps
    exposure: Exposure
    continent: str
    deviates: Floats

    def damage_ratios(self, protection: Protection = UNPROTECTED) -> Floats:
        """(A, L) see `damage_ratios`."""
        return damage_ratios(self.depth, self.exposure, self.continent, self.deviates, protection)

    def mean_depth(self) -> Floats:
        """(A, L) see `asset_depths.mean_depth`."""
        return mean_depth(self.depth, self.exposure)

    def greatest_depth(self) -> tuple[Floats, Mask]:
        """(A, L) and (A,), see `asset_depths.greatest_depth`."""
        return greatest_depth(self.depth, self.exposure)

    def only(self, number: int) -> Self:
        """The sample at one of its sea levels."""
        one = slice(number, number + 1)
        return type(self)(self.levels[one], self.depth[one], self.exposure, self.continent, self.deviates)


@dataclass(frozen=True, eq=False)
class DamageChain:
    """S Monte-Carlo samples of flood maps and damage curves over the same assets.

    Attributes:
        hazards: today's maps, then those of the same samples at other sea levels.
        continent: of the damage curves.
        deviates: (S, 6) of the damage curves.

    Raises:
        InputError: hazards of other samples or grids.
    """

    hazards: Sequence[Hazard]
    exposure: Exposure
    continent: str
    deviates: Floats

    def __post_init__(self) -> None:
        samples, _, *cells = self.hazards[0].flood_depth.shape
        for each in self.hazards:
            found, _, *size = each.flood_depth.shape
            if (found, size) != (samples, cells):
                what = f"has {found} samples of {size} cells"
                raise InputError("hazard under sea-level rise", what, f"need {samples} of {cells} as today's")

    @property
    def levels(self) -> Floats:
        """(S, L) all mapped sea levels [m, region datum]: today's return levels, then those under sea-level rise."""
        return np.concatenate([each.levels for each in self.hazards], axis=1)

    @property
    def ascending(self) -> Indices:
        """(S, L) the order in which each sample's sea levels ascend."""
        return np.argsort(self.levels, axis=1, kind="stable")

    def __iter__(self) -> Iterator[SampleChain]:
        for sample, (levels, deviates) in enumerate(zip(self.levels, self.deviates, strict=True)):
            depth = np.concatenate([each.flood_depth[sample] for each in self.hazards])  # (L, H, W)
            yield SampleChain(levels, depth, self.exposure, self.continent, deviates)
