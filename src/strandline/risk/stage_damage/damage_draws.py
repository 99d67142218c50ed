"""Monte-Carlo draws of damage: sea levels, flood map and damage curves drawn together, with and without protection.

Flood maps are dear: a network predicts each. Damage is cheap: it is linear between the sea levels of a map and between
the depths of a damage curve. Several draws of levels and curves therefore read each map. Damage today, damage
under a higher sea and what measures avoid all read the same draws, so that differences are due to the measures alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices
from strandline.observations.exposure.assets import curve_index
from strandline.observations.exposure.damage_curves import DEPTHS
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.asset_depths import cell_depths
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.exposure import ClassExposure, Exposure
from strandline.risk.stage_damage.protection import Protection
from strandline.risk.stage_damage.vulnerability import curve_knots, depth_shares

NEGLIGIBLE_BEYOND = 0.01
"""Share of a damage from seas above the maps up to which it is not called a lower bound [-]: it is far smaller than the
damage's Monte-Carlo error. An assumption."""
LEVEL_TOLERANCE = 1e-9
"""Height by which a level may exceed a map's by rounding alone [m]."""


@dataclass(frozen=True, eq=False)
class DamageDraws:
    """N draws over M flood maps; each N / M in a row read the same map.

    Between mapped sea levels damage is linear. Below the lowest it is that of the lowest, above the highest that of the
    highest: there a lower bound. A higher sea never damages less: where noise of the maps says so, cells keep the
    depth of the lower sea.

    Attributes:
        hazards: today's maps first, then those of the same storms at other sea levels.
        continent: of the damage curves.
        curve_deviates: (N, 6).
        frequent: the same storms at the levels of shorter return periods than today's first; ``None`` = not mapped.

    Raises:
        InputError: hazards of other samples or grids, or deviates for another number of draws.
    """

    hazards: Sequence[Hazard]
    exposure: Exposure
    continent: str
    curve_deviates: Floats
    frequent: Hazard | None = None

    def __post_init__(self) -> None:
        today = self.hazards[0]
        expected = (len(today.levels), *today.region.shape)
        for each in self._mapped_hazards:
            found = (len(each.levels), *each.flood_depth.shape[2:])
            if found != expected or len(each.level_draws) != len(today.level_draws):
                what = f"has {found[0]} samples of {found[1:]} cells, {len(each.level_draws)} draws"
                need = f"need {expected[0]} of {expected[1:]}, {len(today.level_draws)} draws as today's"
                raise InputError("hazard under sea-level rise", what, need)
        if len(self.curve_deviates) != self.count:
            raise InputError("damage curves", f"{len(self.curve_deviates)} deviates", f"need {self.count}, one a draw")

    @property
    def count(self) -> int:
        """N draws."""
        return len(self.hazards[0].level_draws)

    @property
    def maps(self) -> int:
        """M maps at each sea level."""
        return len(self.hazards[0].levels)

    @property
    def return_periods(self) -> tuple[float, ...]:
        """P, from the most frequent mapped one [years]."""
        shorter = () if self.frequent is None else self.frequent.return_periods
        return (*shorter, *self.hazards[0].return_periods)

    @property
    def levels(self) -> Floats:
        """(N, P) today's sea levels of the return periods [m, region datum]."""
        shorter = [] if self.frequent is None else [self.frequent.level_draws]
        return np.concatenate([*shorter, self.hazards[0].level_draws], axis=1)

    @property
    def values(self) -> Floats:
        """(N, A) value of each asset in each draw [money], or (1, A) where all are surveyed; NaN = unknown."""
        return self.exposure.values(self.count)

    @cached_property
    def mapped(self) -> Floats:
        """(M, L) sea levels of each map [m, region datum], ascending."""
        return np.take_along_axis(self._unsorted, self._order, axis=1)

    def annual_damage(self, protections: Sequence[Protection] | None = None, rise: Floats | float = 0.0) -> Floats:
        """(N, A) expected annual damage [money a-1] of each draw; NaN where unknown.

        Args:
            protections: one for each draw; ``None`` = as it is today.
            rise: of the sea [m], one or (N,).
        """
        levels = self.levels[None] + np.broadcast_to(rise, self.count)[:, None]  # (1, N, P)
        weights = self.level_weights(levels, self.annual_weights(levels, protections), protections)[0]
        return self._ratios(weights, protections) * self.values

    def share_beyond(self, rise: Floats | float = 0.0) -> float:
        """Share of the expected annual damage from seas above the highest level that a draw's map knows [-].

        Args:
            rise: of the sea [m], one or (N,).
        """
        levels = self.levels[None] + np.broadcast_to(rise, self.count)[:, None]  # (1, N, P)
        highest = np.repeat(self.mapped[:, -1], self.count // self.maps)[:, None]
        weights = self.annual_weights(levels)
        whole, beyond = (
            float(np.nansum(self._ratios(self.level_weights(levels, each)[0]) * self.values))
            for each in (weights, np.where(levels > highest + LEVEL_TOLERANCE, weights, 0.0))
        )
        return beyond / whole if whole > 0 else 0.0

    def damage_ratios(self, period: int, rise: Floats | float = 0.0) -> Floats:
        """(N, A) damage ratio [-] at the return period with this index among ``return_periods``; NaN where unknown.

        Args:
            rise: of the sea [m], one or (N,).
        """
        levels = self.levels[None] + np.broadcast_to(rise, self.count)[:, None]
        unit = np.zeros((1, *self.levels.shape))
        unit[..., period] = 1.0
        return self._ratios(self.level_weights(levels, unit)[0])

    def damage(self, group: ClassExposure, members: Floats, raised: Floats | None = None) -> Floats:
        """(Q, N, L) damage [money] at the mapped levels to parts of one asset class.

        Args:
            members: (Q, A of the class) 1 where an asset belongs to the part, else 0.
            raised: (N,) height by which the class is lifted [m]; ``None`` = as it is today.
        """
        knots = self._knots(group.asset_class)
        value = members * self.exposure.value[group.rows]  # (Q, A)
        result = np.empty((len(members), self.count, self.mapped.shape[1]))
        for rows, by_depth in self._by_depth(group, raised):
            surveyed = value if group.is_mapped is None else np.where(group.is_mapped, 0.0, value)
            part = np.tensordot(surveyed, by_depth, 1)  # (Q, L, 9)
            result[:, rows] = np.einsum("qlk,nk->qnl", part, knots[rows])
            if group.is_mapped is not None:
                mapped = np.tensordot(np.where(group.is_mapped, value, 0.0), by_depth, 1)
                factor = group.value_factor(self.count)[rows]
                result[:, rows] += np.einsum("qlk,nk,n->qnl", mapped, knots[rows], factor)
        return result

    def annual_weights(self, levels: Floats, protections: Sequence[Protection] | None = None) -> Floats:
        """(T, N, P) weights [a-1] of the damages at sea levels (T, N, P) whose sum is the expected annual damage.

        A crest keeps lower seas out, but everything rarer than the last return period overtops it.
        """
        weights, tail = frequency_weights(self.return_periods), 1.0 / self.return_periods[-1]
        result = np.broadcast_to(weights, levels.shape).copy()
        if protections is not None:
            crest, attenuation = _of_each(protections, "crest"), _of_each(protections, "attenuation")
            kept_out = levels - attenuation[:, None] <= crest[:, None]
            result[..., -1] -= tail
            result[kept_out] = 0.0
            result[..., -1] += tail
        return result

    def level_weights(self, levels: Floats, weights: Floats, protections: Sequence[Protection] | None = None) -> Floats:
        """(T, N, L) weights of the damages at the mapped levels, for those at sea levels (T, N, P).

        Args:
            weights: (T, N, P) of the damages at ``levels`` [m, region datum].
            protections: whose belts lower the sea; one for each draw.
        """
        sea = levels if protections is None else levels - _of_each(protections, "attenuation")[:, None]
        times, count, last = len(levels), self.count // self.maps, self.mapped.shape[1] - 1
        result = np.zeros((times, self.count, last + 1))
        row = np.arange(times * count)[:, None]
        for number, mapped in enumerate(self.mapped):
            draws = slice(number * count, (number + 1) * count)
            level, weight = (each[:, draws].reshape(times * count, -1) for each in (sea, weights))
            position = np.interp(level, mapped, np.arange(last + 1.0))
            lower = np.minimum(position.astype(np.int64), max(last - 1, 0))
            share = position - lower
            own = np.zeros((times * count, last + 1))
            np.add.at(own, (row, lower), weight * (1.0 - share))
            np.add.at(own, (row, np.minimum(lower + 1, last)), weight * share)
            result[:, draws] = own.reshape(times, count, -1)
        return result

    @property
    def _mapped_hazards(self) -> tuple[Hazard, ...]:
        return (*self.hazards, *(() if self.frequent is None else (self.frequent,)))

    @cached_property
    def _unsorted(self) -> Floats:
        return np.concatenate([each.levels for each in self._mapped_hazards], axis=1)

    @cached_property
    def _order(self) -> Indices:
        return np.argsort(self._unsorted, axis=1, kind="stable")

    def _knots(self, asset_class: str) -> Floats:
        """(N, 9) of the class's curve in each draw."""
        return curve_knots(asset_class, self.continent, self.curve_deviates[:, curve_index(asset_class)])

    def _ratios(self, weights: Floats, protections: Sequence[Protection] | None = None) -> Floats:
        """(N, A) damage ratios of every asset, summed over the mapped levels with weights (N, L)."""
        result = np.full((self.count, self.exposure.value.size), np.nan)
        for group in self.exposure.classes:
            name, kept = group.asset_class, np.ones(self.count)
            raised: Floats | None = None
            if protections is not None:
                raised = np.array([each.raised.get(name, 0.0) for each in protections])
                kept = np.array([1.0 - each.avoided_share.get(name, 0.0) for each in protections])
            knots = self._knots(name)
            for rows, by_depth in self._by_depth(group, raised):
                mixed = weights[rows][:, :, None] * knots[rows][:, None, :] * kept[rows][:, None, None]  # (n, L, 9)
                result[np.ix_(rows, group.rows)] = np.tensordot(mixed, by_depth, ((1, 2), (1, 2)))
        return result

    def _by_depth(self, group: ClassExposure, raised: Floats | None) -> Iterator[tuple[Indices, Floats]]:
        """Draws that read the same map at the same height, and (A, L, 9) shares of the curve's depths at each asset of
        the class."""
        count = self.count // self.maps
        for number, order in enumerate(self._order):
            draws = np.arange(number * count, (number + 1) * count)
            water = np.maximum.accumulate(self._cells[group.asset_class][number][order], axis=0)  # (L, C)
            heights = np.zeros(count) if raised is None else raised[draws]
            for height in np.unique(heights):
                shares = depth_shares(np.maximum(water - height, 0.0)).transpose(1, 0, 2)  # (C, L, 9)
                flat = group.shares @ shares.reshape(len(shares), -1)
                yield draws[heights == height], flat.reshape(-1, len(order), len(DEPTHS))

    @cached_property
    def _cells(self) -> dict[str, Floats]:
        """Asset class → (M, levels, C) depth [m] at the cells that it touches; outside the region NaN."""
        found: dict[str, list[Floats]] = {group.asset_class: [] for group in self.exposure.classes}
        for number in range(self.maps):
            depth = np.concatenate([each.flood_depth[number] for each in self._mapped_hazards])
            for group, water in cell_depths(depth, self.exposure):
                found[group.asset_class].append(water)
        return {name: np.stack(each) for name, each in found.items()}


def _of_each(protections: Sequence[Protection], name: str) -> Floats:
    """(N,) one number of each protection."""
    return np.array([getattr(each, name) for each in protections], dtype=float)
