"""Flood maps with the breaches of known embankments, by one rule for maps that know embankments and one for others."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
from scipy.ndimage import convolve

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.exposure.assets import UNKNOWN_CONDITION
from strandline.risk.breaches.flood_behind import FloodBehind
from strandline.risk.breaches.sampled_breaches import Breaches
from strandline.risk.hazard.hazard import FLOODED_DEPTH, Hazard

CHANCE_LEVELS = 13
"""Sea levels at which chances are counted, quantiles of those of the maps; between them they are linear."""

CELLS_AT_ONCE = 10_000
"""Cells that are held in memory together, for all samples."""
SMALLEST = 1e-9
SMOOTHED = 5
"""Cells across over which chances are averaged before they are compared: the elevation product errs from cell to cell,
and a cell that it has too high would seem to flood for other reasons than its neighbours."""


def with_breaches(hazard: Hazard, breaches: Breaches, assets: gpd.GeoDataFrame) -> Hazard:
    """The maps with breaches, behind known embankments.

    Where the networks' maps know no embankment, a cell is wet in the samples in which the sea came in, else dry.
    P(flood) is the share of these samples, and no part of the networks' map.

    Where they learned from floods of the place, their P(flood) already holds breaches, of embankments as strong as
    they are on average. It is multiplied by what the simulation gives for the stated conditions over what it gives for
    unknown ones. So each source counts once: the record for how often, the survey for which stretch. Where nobody
    stated a condition the very same maps come back.

    All cells elsewhere, permanent water and unknown ground stay as they are. The networks' damage states of assets
    behind the embankments go.

    Args:
        hazard: of the same samples as the breaches.
        assets: those of the hazard's damage states.
    """
    if breaches.learned and not breaches.states_a_condition:
        return hazard
    found, behind = _Layers(hazard), np.zeros(hazard.flood_probability[0].size, dtype=bool)
    for number, flood in enumerate(breaches.floods):
        known = ~np.isnan(found.depth[0, 0, flood.cells])
        seen = flood.on_cells(known)
        behind[seen.cells] = True
        if breaches.learned:
            _reweigh(found, seen, breaches, breaches.luck[:, number])
        else:
            _replace(found, seen, breaches)
    return found.written(assets, behind, breaches.sentence)


def levels_of(hazard: Hazard) -> Floats:
    """(G,) ascending sea levels at which chances are counted [m, region datum]."""
    return np.unique(np.quantile(hazard.levels, np.linspace(0.0, 1.0, CHANCE_LEVELS)))


def at_levels(levels: Floats, nodes: Floats, values: Floats) -> Floats:
    """(S, R, C) values at sea levels (S, R), linear between those (G, C) at the nodes (G,)."""
    position = np.interp(levels, nodes, np.arange(len(nodes), dtype=np.float64))
    lower = np.minimum(position.astype(np.int64), max(len(nodes) - 2, 0))
    part = (position - lower)[..., None]
    return np.asarray((1 - part) * values[lower] + part * values[np.minimum(lower + 1, len(nodes) - 1)])


class _Layers:
    """Copies of the layers of a hazard, cell by cell: (S, R, H·W) depth and (R, H·W) probability and extent."""

    def __init__(self, hazard: Hazard) -> None:
        self.hazard, (samples, periods) = hazard, hazard.levels.shape
        self.depth = hazard.flood_depth.reshape(samples, periods, -1).copy()
        self.probability = hazard.flood_probability.reshape(periods, -1).copy()
        self.extent = hazard.flood_extent.reshape(periods, -1).copy()
        self.spread = hazard.epistemic_sd.reshape(periods, -1).copy()

    def written(self, assets: gpd.GeoDataFrame, behind: Mask, sentence: str) -> Hazard:
        """The hazard with these layers."""
        grid, states = self.hazard.region.shape, self.hazard.damage_states
        if states is not None:
            point = assets.geometry.representative_point()
            row, column = self.hazard.region.cells_of(point.x.to_numpy(), point.y.to_numpy())
            stands_behind = (row >= 0) & behind.reshape(grid)[row, column]
            states = np.where(stands_behind[None, :, None], np.nan, states)
        periods = len(self.probability)
        return replace(
            self.hazard,
            flood_depth=self.depth.reshape(self.hazard.flood_depth.shape),
            flood_probability=self.probability.reshape(periods, *grid),
            flood_extent=self.extent.reshape(periods, *grid),
            epistemic_sd=self.spread.reshape(periods, *grid),
            damage_states=states,
            breaches=sentence,
        )


def _replace(found: _Layers, flood: FloodBehind, breaches: Breaches) -> None:
    """Simulated floods in the place of the networks'."""
    failure = breaches.failure_levels(breaches.strength)[:, flood.stretches]
    for sample, levels in enumerate(found.hazard.levels):
        for period, level in enumerate(levels):
            found.depth[sample, period, flood.cells] = flood.depth(float(level), failure[sample] <= level)
    share = (found.depth[..., flood.cells] >= FLOODED_DEPTH).mean(axis=0)
    found.probability[:, flood.cells] = share
    found.extent[:, flood.cells] = share >= 0.5
    found.spread[:, flood.cells] = np.sqrt(share * (1 - share))


def _reweigh(found: _Layers, flood: FloodBehind, breaches: Breaches, luck: Floats) -> None:
    """The networks' chances, times those of the stated conditions over those of unknown ones."""
    nodes, grid = levels_of(found.hazard), found.hazard.region.shape
    stated, unknown = (
        smooth(flood.chances(nodes, levels[:, flood.stretches]), flood.cells, grid)
        for levels in (
            breaches.failure_levels(breaches.strengths),
            breaches.failure_levels(breaches.strengths, UNKNOWN_CONDITION),
        )
    )
    changes = ratio(stated, unknown)  # (G, C)
    for first in range(0, len(flood.cells), CELLS_AT_ONCE):
        some = slice(first, first + CELLS_AT_ONCE)
        factor = at_levels(found.hazard.levels, nodes, changes[:, some])  # (S, R, c)
        _multiply(found, flood.cells[some], factor, luck[:, None, None])


def _multiply(found: _Layers, cells: Indices, factor: Floats, luck: Floats) -> None:
    """Chances of some cells times a factor (S, R, c).

    Fewer floods: a sample loses its flood. More: a dry sample gets the mean depth of those that are wet. A sample that
    floods at one sea floods at every higher one. A cell stays in the flood extent, even where its chance falls.
    """
    learned, depth = found.probability[:, cells].astype(np.float64), found.depth[..., cells].astype(np.float64)
    wet = depth >= FLOODED_DEPTH
    count = np.maximum(wet.sum(axis=0), 1)
    usual = np.maximum(np.where(wet, depth, 0.0).sum(axis=0) / count, FLOODED_DEPTH)  # (R, c)
    added = (np.minimum(learned * factor, 1.0) - learned) / np.maximum(1 - learned, SMALLEST)
    kept = np.where(luck <= factor, depth, 0.0)
    more = np.where(~wet & (luck <= added), usual, 0.0)
    found.depth[..., cells] = np.maximum.accumulate(np.maximum(kept, more), axis=1)
    chance = np.minimum(learned * factor.mean(axis=0), 1.0)
    found.probability[:, cells] = chance
    found.extent[:, cells] = np.maximum(found.extent[:, cells], (chance > learned) & (chance >= 0.5))


def smooth(chance: Floats, cells: Indices, shape: tuple[int, int]) -> Floats:
    """(G, C) chances, mean over the ``SMOOTHED`` cells about each that are among them."""
    layers, present = np.zeros((len(chance), shape[0] * shape[1])), np.zeros(shape[0] * shape[1])
    layers[:, cells], present[cells] = chance, 1.0
    window = np.ones((SMOOTHED, SMOOTHED))  # no running sums, whose rounding leaves 0 to 1
    count = convolve(present.reshape(shape), window, mode="constant").ravel()[cells]
    sums = convolve(layers.reshape(-1, *shape), window[None], mode="constant")
    return np.asarray(sums.reshape(len(chance), -1)[:, cells] / count)


def ratio(chance: Floats, reference: Floats) -> Floats:
    """Chance over a reference chance; 1 where that is 0, since nothing is known of floods that no draw has."""
    return np.divide(chance, reference, out=np.ones_like(chance), where=reference > 0)
