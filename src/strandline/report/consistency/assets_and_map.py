"""Assets against the map: what stands in water is damaged, what stays dry is not."""

from collections.abc import Iterator

import numpy as np

from strandline.observations.arrays import Floats
from strandline.report.figures.maps import EVEN_CHANCE
from strandline.risk.hazard.hazard import FLOODED_DEPTH, Hazard
from strandline.risk.impact.impact import Impact

FEW = 10
"""Fewer assets than these say nothing about a share."""
LEAST_DAMAGED = 0.5
"""Least share of the assets in water, at an even chance, that count as damaged [-]. It is not 1: shallow water damages
some classes too little to count, and depths come from the maps alone where damage also draws curves."""
MOST_APART = 0.1
"""Most by which the share of assets in water may differ from that of the cells in which they stand [-]."""


def assets_follow_the_map(hazard: Hazard, impact: Impact) -> Iterator[str]:
    """At the rarest level the assets are as wet as their cells, those in water are damaged and dry ones are not.

    Which share of all land is wet says nothing about them: assets are not spread evenly. States that a network gives in
    place of an outdated survey are its own.
    """
    assets = impact.assets
    none, depth = (assets[name].to_numpy(dtype=float) for name in ("damage_state_0", "depth_p50"))
    known = np.isfinite(none) & np.isfinite(depth)
    wet, damaged = depth >= FLOODED_DEPTH, 1 - none >= EVEN_CHANCE
    period = f"{hazard.return_periods[-1]:g}-year sea level"
    by_curve = known & (assets["state_source"] == "curve").to_numpy()
    in_water, dry = by_curve & wet, by_curve & (depth == 0)
    if in_water.sum() >= FEW and damaged[in_water].mean() < LEAST_DAMAGED:
        yield (
            f"At the {period} {in_water.sum()} assets stand in {FLOODED_DEPTH:g} m of water or more at an even chance,"
            f" but only {damaged[in_water].sum()} of them count as damaged."
        )
    if dry.sum() >= FEW and damaged[dry].mean() > MOST_APART:
        count = damaged[dry].sum()
        yield f"At the {period} {dry.sum()} assets stay dry at an even chance, but {count} of them count as damaged."
    of_cell = _depth_of_cell(hazard, impact)
    compared = known & np.isfinite(of_cell)
    if compared.sum() >= FEW:
        share, of_cells = wet[compared].mean(), (of_cell[compared] >= FLOODED_DEPTH).mean()
        if abs(share - of_cells) > MOST_APART:
            yield (
                f"At the {period} {share:.0%} of {compared.sum()} buildings stand in {FLOODED_DEPTH:g} m of water or"
                f" more, but {of_cells:.0%} of the cells in which they stand do."
            )


def _depth_of_cell(hazard: Hazard, impact: Impact) -> Floats:
    """(A,) median depth [m] of the cell of each asset that is a point; NaN of the others, and outside."""
    points = (impact.assets.geom_type == "Point").to_numpy()
    depth = np.full(len(points), np.nan)
    shapes = impact.assets.geometry[points]
    row, column = hazard.region.cells_of(shapes.x.to_numpy(), shapes.y.to_numpy())
    found = np.median(hazard.flood_depth[:, -1, row, column], axis=0)  # (P,)
    depth[points] = np.where(row >= 0, found, np.nan)
    return depth
