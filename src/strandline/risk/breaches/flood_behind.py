"""The flood behind embankments: simulated once for each stretch and sea level, and looked up for every draw."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.weather.storm_waves import StormWaves, set_up_at
from strandline.risk.breaches.protected_areas import ProtectedArea
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate
from strandline.simulator.hydrodynamics.walls import Walls
from strandline.simulator.radar_archive import LAND_ROUGHNESS

BREACH_WIDTH = 150.0
"""[m] In whole faces, one at least; as breaches of the simulated coasts. An assumption."""
BREACHES_BEFORE_PEAK = 0.5
"""How far below the peak the sea stands when a stretch gives way [m]; an assumption. Later breaches let in less."""
DEEPEST_BREACH = 0.5
"""Depth of a breach, and of ground that fills, below mean sea level at most [m]; as on the simulated coasts."""
AT_ONCE = 20
"""Floods or draws that are held in memory together."""
SAME_DEPTH = 0.01
"""Difference of two depths below which they count as one [m]."""


@dataclass(frozen=True, eq=False)
class FloodBehind:
    """Floods of a protected area.

    Attributes:
        cells: (C,) flat indices of its cells in the region.
        stretches: (K,) numbers of the stretches before it.
        levels: (G,) peaks of the sea [m, region datum], ascending.
        standing: (G, C) depth [m] if none breaches: what flows over the crests.
        together: (G, C) depth if all do.
        share: (K, C) how far the breach of one stretch alone raises the water from the first to the second [-].
    """

    cells: Indices
    stretches: Indices
    levels: Floats
    standing: Floats
    together: Floats
    share: Floats

    def on_cells(self, kept: Mask) -> Self:
        """The same for some of its cells (C,)."""
        return replace(
            self, cells=self.cells[kept], standing=self.standing[:, kept], together=self.together[:, kept],
            share=self.share[:, kept],
        )  # fmt: skip

    def depth(self, level: float, breached: Mask) -> Floats:
        """(…, C) depth [m] at a sea level, if the stretches ``breached`` (…, K) give way.

        Shares of several breaches add up, to all of it at most. Between the simulated levels depth is linear. No depth
        falls as the sea rises, or as more stretches breach.
        """
        upper = int(np.clip(np.searchsorted(self.levels, level), 1, len(self.levels) - 1))
        low, high = self.levels[upper - 1], self.levels[upper]
        part = float(np.clip((level - low) / (high - low), 0.0, 1.0))
        standing, together = (
            (1 - part) * each[upper - 1] + part * each[upper] for each in (self.standing, self.together)
        )
        share = np.minimum(breached.astype(np.float64) @ self.share, 1.0)
        return np.asarray(standing + share * (together - standing))

    def chances(self, levels: Floats, failure: Floats) -> Floats:
        """(G, C) chance that the depth reaches ``FLOODED_DEPTH`` at sea levels (G,).

        Args:
            failure: (N, K) level at which each stretch fails in each draw [m, region datum].
        """
        count = np.zeros((len(levels), len(self.cells)))
        for number, level in enumerate(levels):
            for first in range(0, len(failure), AT_ONCE):
                breached = failure[first : first + AT_ONCE] <= level
                count[number] += (self.depth(float(level), breached) >= FLOODED_DEPTH).sum(axis=0)
        return count / len(failure)


def simulate_flood_behind(
    area: ProtectedArea,
    crest: Floats,
    ground: Floats,
    cell_size: float,
    storms: Floats,
    mean_sea_level: float,
    waves: StormWaves | None = None,
    toe: float = 0.0,
) -> FloodBehind:
    """Simulate the floods of one protected area, by shallow water within it: K + 2 G solves at most.

    The sea stands before every stretch as high as at the gauge: nothing is lost on the way there, an upper bound. Each
    stretch alone is simulated at the one peak at which breaches matter most; its share holds at the others. Waves lift
    the sea, and are thrown over the crests as high as the depth before the lowest toe lets them be.

    Args:
        crest: (K,) lowest of each of the area's stretches [m, region datum]; infinite = it is not overtopped before it
            breaches.
        ground: (H, W) [m, region datum].
        cell_size: [m].
        storms: (G, T) hourly sea level at the gauge, of storms with ascending peaks [m, region datum].
        mean_sea_level: [m, region datum].
        waves: in storms; ``None`` = there are none. ``toe``: the lowest, read for waves [m, region datum].
    """
    basin, breaches = _basin(area, crest, ground, cell_size, mean_sea_level)
    cells, count = area.cells[_window(area)], len(storms)
    sea = _Sea(storms, waves, toe)
    overflows = np.flatnonzero((sea.level.max(axis=1) > crest.min()) | (waves is not None))
    every = breaches.any(axis=0)
    opens = np.stack([every] * count + [np.zeros_like(every)] * overflows.size)
    both = _solve(basin, cells, sea.of(np.r_[:count, overflows]), opens)
    standing = np.zeros((count, both.shape[1]))
    standing[overflows] = both[count:]
    standing = np.maximum.accumulate(standing, axis=0)
    together = np.maximum(np.maximum.accumulate(both[:count], axis=0), standing)
    stretches = area.stretches
    share = np.ones((len(stretches), standing.shape[1]))
    if len(stretches) > 1:
        most = int((together - standing).sum(axis=1).argmax())
        alone = _solve(basin, cells, sea.of(np.full(len(stretches), most)), breaches)
        share = _shares(alone, standing[most], together[most])
    return FloodBehind(np.flatnonzero(area.cells), stretches, storms.max(axis=1), standing, together, share)


@dataclass(frozen=True, eq=False)
class _Sea:
    """The sea before embankments: hourly level at the gauge (E, T), and waves, which break before a toe [m]."""

    at_gauge: Floats
    waves: StormWaves | None
    toe: float

    def of(self, storms: Indices) -> Self:
        """That of some storms."""
        return replace(self, at_gauge=self.at_gauge[storms])

    @property
    def level(self) -> Floats:
        """(E, T) with the set-up of the waves [m, region datum]."""
        return self.at_gauge + set_up_at(self.waves, self.at_gauge.max(axis=1))[:, None]

    def forcing(self, some: slice) -> Forcing:
        """What drives the solver in some storms."""
        level = self.level[some]
        time = np.arange(level.shape[1], dtype=np.float64) * 3600.0
        if self.waves is None:
            return Forcing(time, level)
        peak = self.at_gauge[some].max(axis=1, keepdims=True)
        height = self.waves.height_in(peak, level - self.toe)
        period = np.broadcast_to(self.waves.period_in(peak), height.shape)
        return Forcing(time, level, wave_height=height, wave_period=period)


def _basin(
    area: ProtectedArea, crest: Floats, ground: Floats, cell_size: float, mean_sea_level: float
) -> tuple[Basin, Mask]:
    """The area with standing walls, and the faces (K, N) that the breach of each stretch opens.

    These are where a stretch is lowest; elsewhere the sea does not flow over it.
    """
    window = _window(area)
    faces, corner = area.faces, np.array([window[0].start, window[1].start])
    outside, inside = faces.outside - corner, faces.inside - corner
    is_open = np.zeros(area.cells[window].shape, dtype=bool)
    is_open[tuple(outside.T)] = True
    deepest = mean_sea_level - DEEPEST_BREACH  # deeper ponds cost time steps and hold little of a flood
    bed = np.where(area.cells[window], np.maximum(ground[window], deepest), np.nan)
    sill = bed[tuple(inside.T)]
    bed[is_open] = np.inf
    np.minimum.at(bed, tuple(outside.T), sill)
    own = np.searchsorted(area.stretches, faces.stretch)
    breaches = np.stack([_breach(own == k, sill, inside, cell_size) for k in range(len(area.stretches))])
    walls = Walls(
        faces.face, faces.row - corner[0], faces.column - corner[1],
        crest=np.where(breaches.any(axis=0), crest[own], np.inf),
        fails_at=np.full(len(own), np.inf),
        breach_level=sill,
        waves_from=np.where((faces.outside == np.column_stack([faces.row, faces.column])).all(axis=1), -1, 1),
    )  # fmt: skip
    return Basin(bed, np.full(bed.shape, LAND_ROUGHNESS), cell_size, is_open, walls=walls), breaches


def _solve(basin: Basin, cells: Mask, sea: _Sea, opens: Mask) -> Floats:
    """(E, C) greatest depth [m] of E storms in which the faces ``opens`` (E, N) give way before the peak."""
    level = sea.level
    fails_at = np.where(opens, level.max(axis=1, keepdims=True) - BREACHES_BEFORE_PEAK, np.inf)
    found = []
    for first in range(0, len(level), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        flood = inundate(
            replace(basin, walls=replace(basin.walls, fails_at=fails_at[some])),
            sea.forcing(some),
            initial_level=level[some, 0],
            initially_dry=cells,
        )
        found.append(flood.max_depth[:, cells])
    return np.concatenate(found)


def _shares(alone: Floats, standing: Floats, together: Floats) -> Floats:
    """(K, C) share of the way from ``standing`` to ``together`` (C,) [m]; of the area where both are as good as one."""
    rise = together - standing
    gained = np.clip(alone - standing, 0.0, rise)
    mean = gained.sum(axis=1) / max(float(rise.sum()), 1e-9)
    share = np.divide(gained, rise, out=np.repeat(mean[:, None], rise.size, axis=1), where=rise > SAME_DEPTH)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _window(area: ProtectedArea) -> tuple[slice, slice]:
    """Rows and columns of the area and of the embankment cells before it."""
    every = np.concatenate([np.argwhere(area.cells), area.faces.outside])
    (top, left), (bottom, right) = every.min(axis=0), every.max(axis=0)
    return slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)


def _breach(own: Mask, sill: Floats, inside: Indices, cell_size: float) -> Mask:
    """(N,) whether a face is open after the breach of its stretch: those about the lowest ground behind it."""
    count = max(1, round(BREACH_WIDTH / cell_size))
    chosen = np.flatnonzero(own)
    lowest = chosen[np.argmin(sill[chosen])]
    near = np.abs(inside[chosen] - inside[lowest]).sum(axis=1)
    open_faces = np.zeros(len(own), dtype=bool)
    open_faces[chosen[np.argsort(near, kind="stable")[:count]]] = True
    return open_faces
