"""Damage as a function of the sea level, for every choice among a place's designs.

The chain is run over each mapped sea, today's and the futures', once for each way in which designs change the depth at
an asset. All else that a design does acts on the sea or on the damage, so that any set of designs, taken together and
not added up, costs a look-up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.planning.investment.design import Baseline, Design
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import damage_ratios, frequency_weights
from strandline.risk.stage_damage.protection import UNPROTECTED, Protection, join

MeasureSet = frozenset[int]
"""Which of the designs are built, by their places in the list."""


@dataclass(frozen=True, eq=False)
class AssetGroup:
    """Assets of one class that the same designs cover.

    Attributes:
        covered_by: those designs.
        loss: those among them that change the depth here and are built → (S, L) damage at the mapped seas [EUR 2010].
    """

    asset_class: str
    covered_by: MeasureSet
    loss: Mapping[MeasureSet, Floats]


@dataclass(frozen=True, eq=False)
class StageDamageByDesign:
    """Damage in S samples at L mapped seas.

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
    def of(cls, site: Baseline, futures: Sequence[Hazard], designs: Sequence[Design]) -> "StageDamageByDesign":
        """Run the damage chain over today's maps and those of higher seas.

        Where noise of the maps lets damage fall as the sea rises, isotonic regression levels it out.

        Args:
            futures: maps of the same samples under higher seas; none = nothing is known above today's highest.

        Raises:
            InputError: futures with other samples or another grid.
        """
        expected = site.hazard.flood_depth.shape
        for future in futures:
            if future.flood_depth.shape != expected:
                raise InputError("future hazard", f"has maps {future.flood_depth.shape}", f"need {expected}")
        maps = [site.hazard, *futures]
        level = np.concatenate([each.levels for each in maps], axis=1)  # (S, L)
        order = np.argsort(level, axis=1, kind="stable")
        members = list(_group_assets(site, designs))
        lifts = {asset_class: _lifts(asset_class, designs) for asset_class, _, _ in members}
        losses: list[dict[MeasureSet, Floats]] = [
            {lift: np.zeros(level.shape) for lift in lifts[asset_class] if lift <= covered_by}
            for asset_class, covered_by, _ in members
        ]
        for sample, deviate in enumerate(site.deviates):
            depth = np.concatenate([each.flood_depth[sample] for each in maps])[order[sample]]  # (L, H, W)
            for number in range(max(len(each) for each in lifts.values())):
                lifted = {name: each[number] for name, each in lifts.items() if number < len(each)}
                raised = {
                    name: sum(designs[i].protections[sample].raised[name] for i in lift)
                    for name, lift in lifted.items()
                }
                ratio = damage_ratios(
                    depth, site.exposure, site.hazard.region.continent, deviate, Protection(raised=raised)
                )
                loss = ratio * site.exposure.value[:, None]  # (A, L)
                for (name, _, rows), kept in zip(members, losses, strict=True):
                    if lifted.get(name) in kept:
                        kept[lifted[name]][sample] = isotonic_regression(loss[rows].sum(axis=0)).x
        return cls(
            return_periods=site.hazard.return_periods,
            mapped=np.take_along_axis(level, order, axis=1),
            levels=site.hazard.levels,
            protections=tuple(each.protections for each in designs),
            groups=tuple(
                AssetGroup(name, covered_by, kept) for (name, covered_by, _), kept in zip(members, losses, strict=True)
            ),
        )

    @property
    def highest(self) -> Floats:
        """(S,) highest mapped sea [m, region datum]; above it damage is counted as there: at least so much."""
        return np.asarray(self.mapped[:, -1])

    def at_mapped_seas(self, choice: MeasureSet) -> Floats:
        """(S, L) damage [EUR 2010] at the mapped seas behind any crest, with these designs built."""
        total = np.zeros(self.mapped.shape)
        for group in self.groups:
            built = choice & group.covered_by
            lift = max((key for key in group.loss if key <= built), key=len)
            kept = np.ones(len(self.mapped))
            for design in built:
                kept *= [1 - each.avoided_share.get(group.asset_class, 0.0) for each in self.protections[design]]
            total += group.loss[lift] * kept[:, None]
        return total

    def expected_annual_damage(self, choice: MeasureSet, levels: Floats) -> Floats:
        """(N, S) expected annual damage [EUR 2010 a-1] with these designs built.

        Damage is straight between mapped seas. Below the lowest it is that of the lowest: at most so much is left.
        Events rarer than the last return period overtop every crest.

        Args:
            levels: (N, S, R) sea levels of the return periods [m, region datum], N times.
        """
        weights, tail = frequency_weights(self.return_periods, "log_linear"), 1 / self.return_periods[-1]
        weights[-1] -= tail
        loss = self.at_mapped_seas(choice)
        result = np.zeros(levels.shape[:2])
        for sample, mapped in enumerate(self.mapped):
            together = UNPROTECTED
            for design in sorted(choice):
                together = join(together, self.protections[design][sample])
            behind = levels[:, sample] - together.attenuation  # (N, R)
            damage = np.interp(behind, mapped, loss[sample])
            kept_out = np.where(behind <= together.crest, 0.0, damage)
            result[:, sample] = kept_out @ weights + damage[:, -1] * tail
        return result

    def share_beyond(self, levels: Floats) -> Floats:
        """(N,) share of today's-defences damage that comes from seas above the highest mapped one, mean of the samples.

        Args:
            levels: (N, S, R) as for `expected_annual_damage`.
        """
        weights, loss = frequency_weights(self.return_periods, "log_linear"), self.at_mapped_seas(frozenset())
        beyond, whole = np.zeros(len(levels)), np.zeros(len(levels))
        for sample, mapped in enumerate(self.mapped):
            damage = np.interp(levels[:, sample], mapped, loss[sample]) * weights
            beyond += np.where(levels[:, sample] > mapped[-1] + 1e-9, damage, 0.0).sum(axis=1)
            whole += damage.sum(axis=1)
        return np.divide(beyond, whole, out=np.zeros_like(beyond), where=whole > 0)


def choices(count: int) -> tuple[MeasureSet, ...]:
    """Every set of ``count`` designs, nothing first, then by size."""
    return tuple(frozenset(each) for size in range(count + 1) for each in combinations(range(count), size))


def _lifts(asset_class: str, designs: Sequence[Design]) -> list[MeasureSet]:
    """Every set of the designs that change the depth at assets of this class."""
    lifting = [i for i, each in enumerate(designs) if asset_class in each.protections[0].raised]
    return [frozenset(lifting[i] for i in each) for each in choices(len(lifting))]


def _group_assets(site: Baseline, designs: Sequence[Design]) -> Iterator[tuple[str, MeasureSet, npt.NDArray[np.int64]]]:
    """Class, covering designs and rows of the assets that every design treats alike."""
    for group in site.exposure.classes:
        covered = np.zeros((len(designs), group.rows.size), dtype=bool)
        for number, each in enumerate(designs):
            covered[number] = each.covers[group.rows]
        patterns, of_asset = np.unique(covered, axis=1, return_inverse=True)
        for number, pattern in enumerate(patterns.T):
            rows = group.rows[of_asset.ravel() == number]
            yield group.asset_class, frozenset(int(i) for i in np.flatnonzero(pattern)), rows
