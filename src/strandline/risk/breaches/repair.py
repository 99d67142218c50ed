"""What the repair of a stretch would avoid in a year, and what it is worth to know its condition first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Mask
from strandline.observations.exposure.assets import EMBANKMENT_CONDITIONS, UNKNOWN_CONDITION
from strandline.observations.exposure.damage_curves import DEPTHS
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

        Source: expected value of perfect information, Raiffa and Schlaifer (1961), Applied Statistical Decision
            Theory, section 4.5.
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

    All others stay as they are, sample by sample with the strengths of the maps; the stretch itself is taken in each
    condition that it may have, and in a good one.

    Args:
        hazard: of today; ``frequent``: the same samples at levels of shorter return periods.
        people: (y, x) of a map, where no survey counts any.
    """
    shorter = () if frequent is None else (frequent,)
    levels = np.concatenate([*(each.levels for each in shorter), hazard.levels], axis=1)  # (S, R)
    periods = tuple(period for each in (*shorter, hazard) for period in each.return_periods)
    weights = frequency_weights(periods)
    exposed = _Exposed.of(assets, hazard, people)
    failure = breaches.failure_levels
    areas = [_Area(flood, exposed, levels, weights, failure) for flood in breaches.floods]
    found = []
    for number, stretch in enumerate(breaches.stretches):
        known = stretch.condition != UNKNOWN_CONDITION
        conditions = (stretch.condition,) if known else EMBANKMENT_CONDITIONS
        per_year = {
            condition: _sum_of_areas(areas, number, breaches.level_in(number, condition))
            for condition in {*conditions, SOUND}
        }
        avoided = {each: per_year[each] - per_year[SOUND] for each in conditions}
        mean = np.stack(list(avoided.values())).mean(axis=0)  # (2, S): damage, people
        found.append(
            Repair(
                stretch,
                float(np.mean((failure[:, number, None] <= levels) @ weights)),
                Expectation.of(mean[0], len(mean[0])) if exposed.has_value else Expectation.unknown(),
                {each: float(both[0].mean()) for each, both in avoided.items()},
                float(mean[1].mean()) if exposed.has_people else np.nan,
            )
        )
    return tuple(sorted(found, key=_by_worth))


def _sum_of_areas(areas: Sequence["_Area"], number: int, failure: Floats) -> Floats:
    """(2, S) damage [money a-1] and people [a-1] behind one stretch that fails at levels (S,)."""
    return np.asarray(np.sum([area.per_year(number, failure) for area in areas], axis=0))


def _by_worth(repair: Repair) -> tuple[float, float, float]:
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
    """Damage and people in one protected area, for the levels (S, R) and failure levels (S, K) of all samples."""

    def __init__(self, flood: FloodBehind, exposed: _Exposed, levels: Floats, weights: Floats, failure: Floats) -> None:
        matters = (exposed.damage[flood.cells].any(axis=1)) | (exposed.people[flood.cells] > 0)
        self._flood = flood.on_cells(matters)
        self._damage, self._people = exposed.damage[self._flood.cells], exposed.people[self._flood.cells]
        self._levels, self._weights = levels, weights
        self._breached = failure[:, None, flood.stretches] <= levels[..., None]  # (S, R, K)
        self._today = self._harm(self._breached, np.ones(levels.shape, dtype=bool), np.zeros((2, *levels.shape)))

    def per_year(self, number: int, failure: Floats) -> Floats:
        """(2, S) damage [money a-1] and people [a-1], if the stretch of this number fails at levels (S,)."""
        own = np.flatnonzero(self._flood.stretches == number)
        if not own.size:
            return np.zeros((2, len(self._levels)))
        breached = self._breached.copy()
        breached[..., own[0]] = failure[:, None] <= self._levels
        changed = (breached != self._breached).any(axis=-1)
        return np.asarray(self._harm(breached, changed, self._today) @ self._weights)

    def _harm(self, breached: Mask, where: Mask, otherwise: Floats) -> Floats:
        """(2, S, R) damage [money] and people, anew ``where`` (S, R) something changed."""
        harm = otherwise.copy()
        for sample, period in np.argwhere(where):
            depth = self._flood.depth(float(self._levels[sample, period]), breached[sample, period])
            harm[0, sample, period] = (depth_shares(depth) * self._damage).sum()
            harm[1, sample, period] = self._people[depth >= FLOODED_DEPTH].sum()
        return harm
