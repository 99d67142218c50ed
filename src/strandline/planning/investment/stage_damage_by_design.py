"""Stage–damage by design: damage as a function of the sea level, for every set of designs.

The damage chain is run over each mapped sea level, today's and those under sea-level rise, once for each way in which
designs change the depth at an asset. Everything else that a design does acts on the sea or on the damage, so that any
set of designs, taken together and not added up, is a table look-up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import isotonic_regression

from strandline.observations.arrays import Floats, Indices
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.design import Design
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.protection import UNPROTECTED, Protection, join

MeasureSet = frozenset[int]
"""The designs that are built, by their positions in the list."""
NOTHING: MeasureSet = frozenset()


@dataclass(frozen=True, eq=False)
class AssetGroup:
    """Assets of one class that the same designs cover.

    Attributes:
        covered_by: those designs.
        loss: built designs among them that change the depth here → (S, L) damage at the mapped levels [money].
    """

    asset_class: str
    covered_by: MeasureSet
    loss: Mapping[MeasureSet, Floats]


@dataclass(frozen=True, eq=False)
class StageDamageByDesign:
    """Damage in S samples at L mapped sea levels.

    Attributes:
        mapped: (S, L) sea levels [m, region datum], ascending.
        levels: (S, R) today's return levels [m, region datum].
        protections: for each design what it changes in each sample.
        groups: all assets.
    """

    return_periods: tuple[float, ...]
    mapped: Floats
    levels: Floats
    protections: tuple[tuple[Protection, ...], ...]
    groups: tuple[AssetGroup, ...]

    @classmethod
    def of(cls, baseline: Baseline, designs: Sequence[Design]) -> "StageDamageByDesign":
        """Sum the damage ratios of the baseline, and of each way in which designs lift assets, by asset group.

        Where noise of the maps lets damage fall as the sea rises, isotonic regression replaces it.
        """
        chain = baseline.chain
        levels, order = chain.levels, chain.ascending
        members = list(_group_assets(baseline, designs))
        lifts = {asset_class: _lifts(asset_class, designs) for asset_class, _, _ in members}
        losses: list[dict[MeasureSet, Floats]] = [
            {lift: np.zeros(levels.shape) for lift in lifts[asset_class] if lift <= covered_by}
            for asset_class, covered_by, _ in members
        ]
        for number, sample in enumerate(chain):
            for position in range(max(len(each) for each in lifts.values())):
                lifted = {name: each[position] for name, each in lifts.items() if position < len(each)}
                raised = {
                    name: sum(designs[i].protections[number].raised[name] for i in lift)
                    for name, lift in lifted.items()
                }
                is_baseline = not any(raised.values())
                ratio = baseline.ratios[number] if is_baseline else sample.damage_ratios(Protection(raised=raised))
                loss = ratio * baseline.exposure.value[:, None]  # (A, L)
                for (name, _, rows), kept in zip(members, losses, strict=True):
                    if lifted.get(name) in kept:
                        total = loss[rows].sum(axis=0)[order[number]]
                        kept[lifted[name]][number] = isotonic_regression(total).x
        return cls(
            return_periods=baseline.hazard.return_periods,
            mapped=np.take_along_axis(levels, order, axis=1),
            levels=baseline.hazard.levels,
            protections=tuple(each.protections for each in designs),
            groups=tuple(
                AssetGroup(name, covered_by, kept) for (name, covered_by, _), kept in zip(members, losses, strict=True)
            ),
        )

    @property
    def highest(self) -> Floats:
        """(S,) highest mapped sea level [m, region datum]; above it damage is that of this level: a lower bound."""
        return np.asarray(self.mapped[:, -1])

    def at_mapped_levels(self, built: MeasureSet) -> Floats:
        """(S, L) damage [money] at the mapped sea levels behind any crest, with these designs built."""
        total = np.zeros(self.mapped.shape)
        for group in self.groups:
            covering = built & group.covered_by
            lift = max((key for key in group.loss if key <= covering), key=len)
            kept = np.ones(len(self.mapped))
            for design in covering:
                kept *= [1 - each.avoided_share.get(group.asset_class, 0.0) for each in self.protections[design]]
            total += group.loss[lift] * kept[:, None]
        return total

    def expected_annual_damage(self, built: MeasureSet, levels: Floats) -> Floats:
        """(N, S) expected annual damage [money a-1] with these designs built.

        Damage is linear between mapped sea levels. Below the lowest it is that of the lowest: an upper bound. Events
        rarer than the last return period overtop every crest.

        Args:
            levels: (N, S, R) sea levels of the return periods [m, region datum], N times.
        """
        weights, tail = frequency_weights(self.return_periods), 1 / self.return_periods[-1]
        weights[-1] -= tail
        loss = self.at_mapped_levels(built)
        result = np.zeros(levels.shape[:2])
        for sample, mapped in enumerate(self.mapped):
            together = UNPROTECTED
            for design in sorted(built):
                together = join(together, self.protections[design][sample])
            behind = levels[:, sample] - together.attenuation  # (N, R)
            damage = np.interp(behind, mapped, loss[sample])
            kept_out = np.where(behind <= together.crest, 0.0, damage)
            result[:, sample] = kept_out @ weights + damage[:, -1] * tail
        return result

    def share_beyond(self, levels: Floats) -> Floats:
        """(N,) share of the damage without measures from seas above the highest mapped level, mean of the samples.

        Args:
            levels: (N, S, R) as for `expected_annual_damage`.
        """
        weights, loss = frequency_weights(self.return_periods), self.at_mapped_levels(NOTHING)
        beyond, whole = np.zeros(len(levels)), np.zeros(len(levels))
        for sample, mapped in enumerate(self.mapped):
            damage = np.interp(levels[:, sample], mapped, loss[sample]) * weights
            beyond += np.where(levels[:, sample] > mapped[-1] + 1e-9, damage, 0.0).sum(axis=1)
            whole += damage.sum(axis=1)
        return np.divide(beyond, whole, out=np.zeros_like(beyond), where=whole > 0)


def measure_sets(count: int) -> tuple[MeasureSet, ...]:
    """Every set of ``count`` designs, the empty one first, then by size."""
    return tuple(frozenset(each) for size in range(count + 1) for each in combinations(range(count), size))


def _lifts(asset_class: str, designs: Sequence[Design]) -> list[MeasureSet]:
    """Every set of the designs that change the depth at assets of this class."""
    lifting = [i for i, each in enumerate(designs) if asset_class in each.protections[0].raised]
    return [frozenset(lifting[i] for i in each) for each in measure_sets(len(lifting))]


def _group_assets(baseline: Baseline, designs: Sequence[Design]) -> Iterator[tuple[str, MeasureSet, Indices]]:
    """Class, covering designs and rows of the assets that every design treats alike."""
    for group in baseline.exposure.classes:
        covered = np.zeros((len(designs), group.rows.size), dtype=bool)
        for number, each in enumerate(designs):
            covered[number] = each.covers[group.rows]
        patterns, of_asset = np.unique(covered, axis=1, return_inverse=True)
        for number, pattern in enumerate(patterns.T):
            rows = group.rows[of_asset.ravel() == number]
            yield group.asset_class, frozenset(int(i) for i in np.flatnonzero(pattern)), rows
