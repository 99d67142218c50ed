"""What the repair of a stretch would avoid in a year, and what it is worth to know its condition first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.observations.arrays import Floats, Indices
from strandline.observations.exposure.assets import EMBANKMENT_CONDITIONS, UNKNOWN_CONDITION
from strandline.observations.exposure.damage_curves import DEPTHS
from strandline.risk.breaches.breached_maps import CHANCE_LEVELS, at_levels, ratio
from strandline.risk.breaches.flood_behind import FloodBehind
from strandline.risk.breaches.sampled_breaches import Breaches
from strandline.risk.breaches.stretches import Stretch
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import FLOODED_DEPTH, Hazard
from strandline.risk.people import Homes
from strandline.risk.sensitivity import CURVE_DEVIATES
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.vulnerability import curve_knots, depth_shares

SOUND = "good"
"""Condition after a repair."""
SMALLEST = 1e-6
"""Chance below which one counts as so much [-]: no flood becomes likelier than certain."""


@dataclass(frozen=True, eq=False)
class Repair:
    """A stretch, and what its repair to a good condition would avoid; surveyed or mapped assets alone.

    Attributes:
        breaches_a_year: expected number today [a-1].
        damage: avoided [money a-1], of assets of known value; NaN where none has one.
        damage_if: condition that the stretch may have → avoided damage [money a-1]. One entry: it is known.
        people: with water at home in a year, avoided [a-1]; NaN = nobody counted them.
    """

    stretch: Stretch
    breaches_a_year: float
    damage: Expectation
    damage_if: Mapping[str, float]
    people: float

    def net_benefit(self, annuity: float, cost: float) -> float:
        """Expected present value of the repair less its cost [money]; ``annuity``: present value of 1 a year [a]."""
        return annuity * float(np.mean(list(self.damage_if.values()))) - cost

    def value_of_survey(self, annuity: float, cost: float) -> float:
        """Expected value of knowing the condition before deciding on the repair [money]; 0 where it is known.

        E[max(B − C, 0)] − max(E[B] − C, 0), over the equally likely conditions, with the avoided damage B and cost C.

        This is the expected value of perfect information: that of the best decisions with it, less that of the best
        decision without. A look at an embankment tells less, and is worth less.
        """
        net = annuity * np.array(list(self.damage_if.values())) - cost
        return float(np.maximum(net, 0.0).mean() - max(net.mean(), 0.0))


def appraise_repairs(
    breaches: Breaches,
    hazard: Hazard,
    frequent: Hazard | None,
    assets: gpd.GeoDataFrame,
    people: xr.DataArray | None = None,
) -> tuple[Repair, ...]:
    """The repair of each stretch alone, the greatest avoided damage of a kilometre first, then the most breaches.

    A repair takes from the damage and people of the maps, cell by cell, the share by which it makes a flood less likely
    in the simulation. All other stretches stay as they are, with the same strengths; the stretch itself is taken in
    each condition that it may have, and in a good one.

    Args:
        hazard: of today, with breaches; ``frequent``: the same samples at levels of shorter return periods.
        people: (y, x) of a map, where no survey counts any.
    """
    maps = [each for each in (frequent, hazard) if each is not None]
    levels = np.concatenate([each.levels for each in maps], axis=1)  # (S, R)
    weights = frequency_weights(tuple(period for each in maps for period in each.return_periods))
    exposed = _Exposed.of(assets, hazard, people)
    failure = breaches.failure_levels(breaches.strengths)
    areas = [_Area(flood, exposed, maps, levels, weights, failure) for flood in breaches.floods]
    found = []
    for number, stretch in enumerate(breaches.stretches):
        known = stretch.condition != UNKNOWN_CONDITION
        conditions = (stretch.condition,) if known else EMBANKMENT_CONDITIONS
        per_year = {}
        for condition in (*conditions, SOUND):
            level = breaches.level_in(number, condition, breaches.strengths)
            per_year[condition] = np.sum([area.per_year(number, level) for area in areas], axis=0)  # (2, S)
        avoided = {each: per_year[each] - per_year[SOUND] for each in conditions}
        mean = np.stack(list(avoided.values())).mean(axis=0)  # (2, S): damage, people
        curve = breaches.fragility(number, stretch.condition)
        found.append(
            Repair(
                stretch,
                float((curve.probability(breaches.before_stretches(levels)) @ weights).mean()),
                Expectation.of(mean[0], len(mean[0])) if exposed.has_value else Expectation.unknown(),
                {each: float(both[0].mean()) for each, both in avoided.items()},
                float(mean[1].mean()) if exposed.has_people else np.nan,
            )
        )
    return tuple(sorted(found, key=_rank))


def _rank(repair: Repair) -> tuple[float, float, float]:
    damage, length = repair.damage.mean, repair.stretch.length
    people = repair.people if np.isfinite(repair.people) else 0.0
    return (-damage / length if np.isfinite(damage) else 0.0, -people / length, -repair.breaches_a_year)


@dataclass(frozen=True, eq=False)
class _Exposed:
    """What stands and who lives in each cell.

    Attributes:
        damage: (H·W, 9) mean damage at ``DEPTHS`` over the errors of the curves [money].
        people: (H·W,) likely number.
    """

    damage: Floats
    people: Floats
    has_value: bool
    has_people: bool

    @classmethod
    def of(cls, assets: gpd.GeoDataFrame, hazard: Hazard, people: xr.DataArray | None) -> "_Exposed":
        region = hazard.region
        size = region.shape[0] * region.shape[1]
        damage, living = np.zeros((size + 1, len(DEPTHS))), np.zeros(size)
        exposure = overlay_exposure(assets, region)
        value = np.nan_to_num(exposure.value)
        for group in exposure.classes:
            knots = curve_knots(group.asset_class, region.continent, CURVE_DEVIATES).mean(axis=0)
            damage[group.cells] += (group.shares.T @ value[group.rows])[:, None] * knots
        homes = Homes.of(assets, people)
        if homes is not None:
            point = homes.places.geometry.representative_point()
            row, column = region.cells_of(point.x.to_numpy(), point.y.to_numpy())
            np.add.at(living, (row * region.shape[1] + column)[row >= 0], homes.likely[row >= 0])
        return cls(damage[:-1], living, bool(np.isfinite(exposure.value).any()), homes is not None)


class _Area:
    """Damage and people behind one line of embankments, by the maps at sea levels (S, R)."""

    def __init__(
        self,
        flood: FloodBehind,
        exposed: _Exposed,
        maps: Sequence[Hazard],
        levels: Floats,
        weights: Floats,
        failure: Floats,
    ) -> None:
        depth = np.concatenate([_of_cells(each.flood_depth, flood.cells) for each in maps], axis=1)  # (S, R, C)
        matters = exposed.damage[flood.cells].any(axis=1) | (exposed.people[flood.cells] > 0)
        matters &= ~np.isnan(depth).any(axis=(0, 1))
        self._flood, depth = flood.on_cells(matters), depth[..., matters]
        cells = self._flood.cells
        chance = np.concatenate([_of_cells(each.flood_probability, cells) for each in maps])  # (R, C)
        damage = np.einsum("srck,ck->src", depth_shares(depth), exposed.damage[cells])
        affected = exposed.people[cells] * (depth >= FLOODED_DEPTH)
        self._harm = np.stack([damage, affected]) * weights[:, None]  # (2, S, R, C) a year
        self._most = 1 / np.maximum(chance, SMALLEST)
        self._levels, self._failure = levels, failure[:, flood.stretches]
        self._nodes = np.unique(np.quantile(levels, np.linspace(0.0, 1.0, CHANCE_LEVELS)))
        self._today = self._flood.chances(self._nodes, self._failure)

    def per_year(self, number: int, failure: Floats) -> Floats:
        """(2, S) damage [money a-1] and people [a-1], if the stretch of this number fails at levels (N,)."""
        own = np.flatnonzero(self._flood.stretches == number)
        if not own.size:
            return np.asarray(self._harm.sum(axis=(2, 3)))
        changed = self._failure.copy()
        changed[:, own[0]] = failure
        factor = ratio(self._flood.chances(self._nodes, changed), self._today)
        factor = np.minimum(at_levels(self._levels, self._nodes, factor), self._most)
        return np.asarray(np.einsum("hsrc,src->hs", self._harm, factor))


def _of_cells(layer: npt.NDArray[np.float32], cells: Indices) -> Floats:
    """(…, C) of a layer (…, H, W)."""
    return layer.reshape(*layer.shape[:-2], -1)[..., cells].astype(np.float64)
