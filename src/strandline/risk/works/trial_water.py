"""The water before and after drawn works, at some sea levels: at once as still water, then by the solver."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

import numpy as np

from strandline.observations.arrays import Floats, SingleFloats
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.works.built import Built
from strandline.risk.works.still_water import lowest_sills, still_depth
from strandline.risk.works.trial_ground import TrialGround
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate
from strandline.simulator.hydrodynamics.walls import Walls

Method = Literal["still water", "solver"]
Progress = Callable[[float], None]
MOST_CRESTS = 3
"""Different crests whose overtopping has sea levels of its own."""
JUST_ABOVE = 0.02
"""Height above a crest at which it counts as overtopped [m]."""
WET = 1e-3
"""Water on the bed from which a cell is wet [m]."""
CELLS_AT_ONCE = 2_000_000
"""Cells of all storms that the solver holds together."""
FEWEST = 4
"""Sea levels beside those of the crests."""
COMMON, RARE = 0.8, 3.0
"""Half of the sea levels lie in this share of all draws; the last but one is exceeded in 10 ** -3 of them."""
LEAST_DROP = 0.02
"""By less than this the solver does not lower water that may come: it errs by more, and that makes no benefit [m]."""


@dataclass(frozen=True, eq=False)
class TrialWater:
    """Depth at L sea levels, before and after the works.

    Attributes:
        levels: (L,) at the gauge [m, region datum], ascending.
        before, after: (L, H, W) depth [m]; NaN = unknown, never dry.
        method: how it was found.
    """

    levels: Floats
    before: SingleFloats
    after: SingleFloats
    method: Method

    def as_hazards(self, ground: TrialGround, depth: SingleFloats) -> list[Hazard]:
        """One of the depths as flood maps that all draws share, as many levels in each as there are return periods."""
        count, nothing = len(ground.return_periods), np.zeros((1, 1), dtype=np.float32)
        empty = np.broadcast_to(nothing, (count, *ground.region.shape))
        return [
            Hazard(
                ground.region, ground.return_periods, self.levels[None, first : first + count],
                depth[None, first : first + count], empty, empty, empty, {}, None, ground.levels,
            )
            for first in range(0, len(self.levels), count)
        ]  # fmt: skip


def still_water(ground: TrialGround, built: Built) -> TrialWater:
    """Water at once: the sea stands for ever; the sea levels lie close, and at every crest.

    A gate that is still open when water stands before it counts as open, another one as shut; pumps and mangroves do
    nothing against a sea that stands for ever.
    """
    levels, walls = _levels(ground, built.walls, 3), built.still_walls
    before, after = (
        np.stack([_on_land(still_depth(level, ground.surface, *sills), ground) for level in ground.at_shore(levels)])
        for sills in (_sills(ground, each) for each in (Walls(), walls))
    )
    return TrialWater(levels, before.astype(np.float32), after.astype(np.float32), "still water")


def simulated_water(ground: TrialGround, built: Built, progress: Progress | None = None) -> TrialWater:
    """Water by the solver: every sea level is a storm that stays high for long, with and without the works.

    Ground that water may reach over unknown ground alone stays unknown: no water passes unknown ground in the solver.
    """
    levels, walls, basin = _levels(ground, built.walls, 2), built.still_walls, ground.basin()
    with_works = replace(basin, walls=built.walls, structures=built.structures, roughness=built.roughness(ground))

    def tell(part: int) -> Progress | None:
        return None if progress is None else lambda share: progress((part + share) / 2)

    simulated = [_highest(ground, each, levels, tell(part)) for part, each in enumerate((basin, with_works))]
    before, after = np.maximum.accumulate(simulated, axis=1)  # a higher sea never floods less
    may_reach = ground.at_shore(levels)[:, None, None] > _sills(ground, walls)[1]
    after = np.where((before - after < LEAST_DROP) & may_reach, np.maximum(before, after), after)
    depth = _simulated_depth(ground, before, levels, Walls())
    depth_after = _simulated_depth(ground, np.maximum.accumulate(after, axis=0), levels, walls)
    return TrialWater(levels, depth, depth_after, "solver")


def _highest(ground: TrialGround, basin: Basin, levels: Floats, progress: Progress | None) -> Floats:
    """(L, H, W) highest level of the water [m, region datum] in storms with these peaks at the gauge."""
    sea = ground.storm_of(levels)
    hours = np.arange(sea.shape[1], dtype=np.float64) * 3600.0
    at_once = max(1, CELLS_AT_ONCE // ground.bed.size)
    found = []
    for first in range(0, len(levels), at_once):
        own = sea[first : first + at_once]

        def tell(share: float, first: int = first, count: int = len(own)) -> None:
            if progress is not None:
                progress((first + share * count) / len(levels))

        forcing = Forcing(hours, own)
        flood = inundate(basin, forcing, initial_level=own[:, 0], initially_dry=ground.land, progress=tell)
        found.append(flood.max_level)
    return np.concatenate(found)


def _simulated_depth(ground: TrialGround, level: Floats, sea: Floats, walls: Walls) -> SingleFloats:
    """(L, H, W) depth [m] for levels of the water, or of the bed where it is dry, at sea levels (L,)."""
    depth = np.where(level > ground.bed + WET, np.maximum(level - ground.surface, 0.0), 0.0)
    known, unknown = _sills(ground, walls)
    shore = ground.at_shore(sea)[:, None, None]
    is_unknown = np.isnan(ground.bed) | ((shore > unknown) & (shore <= known) & (depth <= 0))
    return _on_land(np.where(is_unknown, np.nan, depth), ground).astype(np.float32)


def _levels(ground: TrialGround, walls: Walls, times: int) -> Floats:
    """(L,) sea levels at the gauge, a multiple of the return periods: spread over all draws, and at the crests.

    Half of them are frequent, half rare: a few centimetres decide on the former, and the latter damage the most.
    """
    draws = np.concatenate([(ground.levels + rise).ravel() for rise in (0.0, *(each.rise for each in ground.futures))])
    lowest, highest = float(draws.min()), float(draws.max())
    fine = np.linspace(lowest, highest, 400)
    crests = np.unique(np.round(walls.crest, 3))[:MOST_CRESTS]
    at_gauge = np.interp(crests, ground.at_shore(fine), fine)
    at_gauge = at_gauge[(at_gauge > lowest) & (at_gauge < highest - JUST_ABOVE)]
    own = np.concatenate([at_gauge, at_gauge + JUST_ABOVE])
    count = len(ground.return_periods)
    total = max(times, ceil((own.size + FEWEST) / count)) * count
    others = total - own.size - 1
    common = np.linspace(0.0, COMMON, others // 2, endpoint=False)
    rare = 1.0 - np.geomspace(1.0 - COMMON, 10**-RARE, others - others // 2)
    levels = np.unique(np.concatenate([own, np.quantile(draws, [*common, *rare, 1.0])]))
    while levels.size < total:
        widest = int(np.argmax(np.diff(levels)))
        levels = np.insert(levels, widest + 1, levels[widest : widest + 2].mean())
    return levels


def _sills(ground: TrialGround, walls: Walls) -> tuple[Floats, Floats]:
    """(H, W) sills if no water passes unknown ground, and if all does."""
    known, unknown = (lowest_sills(ground.bed, ground.open_sea, walls, passes) for passes in (np.inf, -np.inf))
    return known, unknown


def _on_land(depth: Floats, ground: TrialGround) -> Floats:
    """Depth that floods land; permanent water is not flooded."""
    return np.where(ground.land | np.isnan(depth), depth, 0.0)
