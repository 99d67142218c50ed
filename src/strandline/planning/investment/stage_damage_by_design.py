"""Stage–damage by design: damage as a function of the sea level, for every set of designs.

Damage at each mapped sea level, today's and those under sea-level rise, is summed once for each way in which designs
change the depth at an asset. Everything else that a design does acts on the sea or on the damage, so that any set of
designs, taken together and not added up, is a sum of products.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations

import numpy as np

from strandline.observations.arrays import Floats
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.design import Design
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.protection import UNPROTECTED, Protection, join

MeasureSet = frozenset[int]
"""The designs that are built, by their positions in the list."""
NOTHING: MeasureSet = frozenset()


@dataclass(frozen=True, eq=False)
class AssetGroup:
    """Assets of one class that the same designs cover.

    Attributes:
        covered_by: those designs.
        loss: built designs among them that change the depth here → (N, L) damage at the mapped levels [money].
    """

    asset_class: str
    covered_by: MeasureSet
    loss: Mapping[MeasureSet, Floats]


@dataclass(frozen=True, eq=False)
class StageDamageByDesign:
    """Damage in N draws at L mapped sea levels.

    Attributes:
        draws: of sea levels, maps and damage curves.
        protections: for each design what it changes in each draw.
        groups: all assets.
    """

    draws: DamageDraws
    protections: tuple[tuple[Protection, ...], ...]
    groups: tuple[AssetGroup, ...]

    @classmethod
    def of(cls, baseline: Baseline, designs: Sequence[Design]) -> "StageDamageByDesign":
        """Sum the damage of the baseline, and of each way in which designs lift assets, by asset group."""
        groups = []
        for group in baseline.exposure.classes:
            name, covered = group.asset_class, np.zeros((len(designs), group.rows.size), dtype=bool)
            for number, each in enumerate(designs):
                covered[number] = each.covers[group.rows]
            patterns, of_asset = np.unique(covered, axis=1, return_inverse=True)
            members = (of_asset.ravel() == np.arange(patterns.shape[1])[:, None]).astype(float)  # (Q, A)
            covered_by = [frozenset(int(i) for i in np.flatnonzero(pattern)) for pattern in patterns.T]
            losses: list[dict[MeasureSet, Floats]] = [{} for _ in covered_by]
            for lift in _lifts(name, designs):
                lifted = [number for number, each in enumerate(covered_by) if lift <= each]
                if lifted:
                    raised = sum((_heights(designs[i], name) for i in lift), np.zeros(baseline.draws.count))
                    damage = baseline.draws.damage(group, members[lifted], raised if lift else None)
                    for number, loss in zip(lifted, damage, strict=True):
                        losses[number][lift] = loss
            groups += [AssetGroup(name, *each) for each in zip(covered_by, losses, strict=True)]
        return cls(baseline.draws, tuple(each.protections for each in designs), tuple(groups))

    @property
    def levels(self) -> Floats:
        """(N, P) today's return levels [m, region datum]."""
        return self.draws.levels

    @property
    def highest(self) -> Floats:
        """(N,) highest mapped sea level [m, region datum]; above it damage is that of this level: a lower bound."""
        return np.repeat(self.draws.mapped[:, -1], self.draws.count // self.draws.maps)

    def at_mapped_levels(self, built: MeasureSet) -> Floats:
        """(N, L) damage [money] at the mapped sea levels behind any crest, with these designs built."""
        total = np.zeros((self.draws.count, self.draws.mapped.shape[1]))
        for group in self.groups:
            covering = built & group.covered_by
            lift = max((key for key in group.loss if key <= covering), key=len)
            kept = np.ones(len(total))
            for design in covering:
                kept = kept * self._kept[design].get(group.asset_class, 1.0)
            total += group.loss[lift] * kept[:, None]
        return total

    def expected_annual_damage(self, sets: Sequence[MeasureSet], levels: Floats) -> dict[MeasureSet, Floats]:
        """Measure set → (T, N) expected annual damage [money a-1] with these designs built.

        Args:
            levels: (T, N, P) sea levels of the return periods [m, region datum], T times.
        """
        found: dict[MeasureSet, Floats] = {}
        at_sea = [number for number, each in enumerate(self.protections) if any(_is_at_sea(one) for one in each)]
        for part in dict.fromkeys(frozenset(each & set(at_sea)) for each in sets):
            together = self._together(part)
            annual = self.draws.annual_weights(levels, together)
            weights = self.draws.level_weights(levels, annual, together)  # (T, N, L)
            for built in (each for each in sets if each & set(at_sea) == part):
                found[built] = np.einsum("tnl,nl->tn", weights, self.at_mapped_levels(built))
        return {each: found[each] for each in sets}

    def share_beyond(self, levels: Floats) -> Floats:
        """(T,) share of the expected damage without measures from seas above the highest mapped level.

        Args:
            levels: (T, N, P) as for `expected_annual_damage`.
        """
        weights, loss = self.draws.annual_weights(levels), self.at_mapped_levels(NOTHING)
        is_beyond = levels > self.highest[:, None] + 1e-9
        whole, beyond = (
            np.einsum("tnl,nl->t", self.draws.level_weights(levels, each), loss)
            for each in (weights, np.where(is_beyond, weights, 0.0))
        )
        return np.asarray(np.divide(beyond, whole, out=np.zeros_like(beyond), where=whole > 0))

    @cached_property
    def _kept(self) -> tuple[Mapping[str, Floats], ...]:
        """For each design: asset class → (N,) share of its damage that still occurs [-]; absent = all of it."""
        return tuple(
            {
                name: 1.0 - np.array([each.avoided_share[name] for each in of_design])
                for name in of_design[0].avoided_share
            }
            for of_design in self.protections
        )

    def _together(self, built: MeasureSet) -> list[Protection] | None:
        """The protections of these designs joined, one for each draw; ``None`` without any."""
        if not built:
            return None
        each = zip(*(self.protections[design] for design in sorted(built)), strict=True)
        return [reduce(join, protections, UNPROTECTED) for protections in each]


def measure_sets(count: int) -> tuple[MeasureSet, ...]:
    """Every set of ``count`` designs, the empty one first, then by size."""
    return tuple(frozenset(each) for size in range(count + 1) for each in combinations(range(count), size))


def _is_at_sea(protection: Protection) -> bool:
    """Whether it changes the sea in front of the region."""
    return protection.attenuation > 0 or bool(np.isfinite(protection.crest))


def _lifts(asset_class: str, designs: Sequence[Design]) -> Iterator[MeasureSet]:
    """Every set of the designs that change the depth at assets of this class."""
    lifting = [i for i, each in enumerate(designs) if asset_class in each.protections[0].raised]
    return (frozenset(lifting[i] for i in each) for each in measure_sets(len(lifting)))


def _heights(design: Design, asset_class: str) -> Floats:
    """(N,) height by which a design lifts assets of this class [m]."""
    return np.array([each.raised[asset_class] for each in design.protections])
