"""Damage of many floods to many assets, from sparse depths: one evaluation per wet cell under an asset."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import sparse

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import CURVE_CLASSES, curve_index
from strandline.observations.exposure.damage_curves import DEPTHS
from strandline.risk.stage_damage.exposure import Exposure
from strandline.risk.stage_damage.vulnerability import damage_ratio

KNOT_SPACING = 0.5
"""All published depths are multiples of this [m]."""


def curve_knots(asset_class: str, continent: str, deviate: float = 0.0) -> Floats:
    """(13,) the curve at 0, 0.5, … 6 m: the same curve exactly, with evenly spaced knots."""
    return damage_ratio(np.arange(0.0, DEPTHS[-1] + KNOT_SPACING, KNOT_SPACING), asset_class, continent, deviate)


@dataclass(frozen=True, eq=False)
class EventSet:
    """Possible floods with their frequencies; only wet and unknown cells are stored.

    Attributes:
        frequency: (E,) of each event [a-1].
        depth: (H·W + 1, E) sparse, by cell: depth [m] where an event wets the cell, NaN where it is unknown whether it
            does. The last row is everything outside the region.
    """

    frequency: Floats
    depth: sparse.csr_array

    def __post_init__(self) -> None:
        if self.depth.shape[1] != self.frequency.size:
            raise InputError(
                "events", f"{self.frequency.size} frequencies for {self.depth.shape[1]} floods", "give one"
            )
        if not (np.isfinite(self.frequency) & (self.frequency >= 0)).all():
            raise InputError("events", "a frequency is negative or not finite", "give events per year, 0 or more")
        if (self.depth.data < 0).any() or np.isinf(self.depth.data).any():
            raise InputError("events", "a depth is negative or infinite", "store wet cells [m] and NaN only")

    @classmethod
    def of_maps(cls, depth: npt.NDArray[np.float32], frequency: Floats) -> Self:
        """From maps (E, H, W) [m] with 0 = dry and NaN = unknown; cells outside are unknown."""
        cells = depth.reshape(len(depth), -1).T  # (H·W, E)
        outside = np.full((1, len(depth)), np.nan, dtype=np.float32)
        return cls(frequency, sparse.vstack([sparse.csr_array(cells), sparse.csr_array(outside)], format="csr"))


@dataclass(frozen=True, eq=False)
class EventImpact:
    """Damage of the events to the assets, and its unknown part.

    Attributes:
        expected_annual_damage: (A,) [EUR 2010 a-1]; NaN where any event is unknown at the asset, or its value is.
        event_damage: (E,) damage to the assets that are known in this event [EUR 2010].
        event_unknown_value: (E,) value of the others that have one [EUR 2010]: the damage lies between
            ``event_damage`` and the sum of both.
        priceless: assets without a value; they are in no number above.
    """

    expected_annual_damage: Floats
    event_damage: Floats
    event_unknown_value: Floats
    priceless: int


def assess_events(events: EventSet, exposure: Exposure, continent: str, deviates: Floats | None = None) -> EventImpact:
    """Damage by asset and by event, value × damage ratio of the depth at the asset, averaged over its cells by share.

    Args:
        continent: whose damage curves apply.
        deviates: (6,) standard normal deviates of the damage curves, in the order of ``CURVE_CLASSES``; none = means.

    Raises:
        InputError: events on other cells than the exposure's.

    Source: the definition is that of CLIMADA's ``ImpactCalc`` (Aznar-Siguan and Bresch 2019, GMD 12, 3085-3097), with
        the affected share of an asset instead of its impact function's.
    """
    moved = np.zeros(len(CURVE_CLASSES)) if deviates is None else deviates
    annual = np.full(exposure.value.size, np.nan)
    damage, unknown = np.zeros(events.frequency.size), np.zeros(events.frequency.size)
    stored = events.depth
    for group in exposure.classes:
        if group.cells[-1] >= stored.shape[0]:
            raise InputError("events", f"have {stored.shape[0]} cells", f"assets touch cell {group.cells[-1]}")
        knots = curve_knots(group.asset_class, continent, float(moved[curve_index(group.asset_class)]))
        annual[group.rows] = _accumulate(
            exposure.value[group.rows],
            group.shares.indptr,
            group.cells[group.shares.indices],
            group.shares.data,
            stored.indptr,
            stored.indices,
            stored.data,
            events.frequency,
            knots,
            1 / KNOT_SPACING,
            damage,
            unknown,
        )
    return EventImpact(annual, damage, unknown, int(np.isnan(exposure.value).sum()))


@njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc"})
def _accumulate(  # type: ignore[no-untyped-def]
    value, first_share, cell, share, first_event, event, depth, frequency, knots, per_metre, damage, unknown
):
    """(N,) expected annual damage; adds to ``damage`` and ``unknown`` (E,). NaN depths run through ``ratio``."""
    annual = np.empty(value.size)
    ratio = np.empty(frequency.size)
    last = knots.size - 1
    for asset in range(value.size):
        ratio[:] = 0.0
        for touched in range(first_share[asset], first_share[asset + 1]):
            here, part = cell[touched], share[touched]
            for entry in range(first_event[here], first_event[here + 1]):
                position = depth[entry] * per_metre
                if position < last:
                    below = int(position)
                    at_depth = knots[below] + (position - below) * (knots[below + 1] - knots[below])
                elif position >= last:
                    at_depth = knots[last]
                else:
                    at_depth = np.nan
                ratio[event[entry]] += part * at_depth
        expected = 0.0
        for e in range(ratio.size):
            expected += ratio[e] * frequency[e]
        annual[asset] = value[asset] * expected
        if not np.isnan(annual[asset]):
            for e in range(ratio.size):
                damage[e] += value[asset] * ratio[e]
        elif not np.isnan(value[asset]):
            for e in range(ratio.size):
                if np.isnan(ratio[e]):
                    unknown[e] += value[asset]
                else:
                    damage[e] += value[asset] * ratio[e]
    return annual
