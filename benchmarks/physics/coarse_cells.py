"""What subgrid tables bring a run: the ground of Caorle in cells of 150 m, beside the flood on its cells of 50 m.

A run knows an elevation product, not the ground. So the coarse flood is simulated on the ground itself, and on ground
with the errors of a product; the truth is always the flood on the ground itself in the fine cells.
"""

import time

import numpy as np
from scipy.ndimage import gaussian_filter

from benchmarks.physics.run import row
from benchmarks.physics.sfincs_case import SfincsCase
from benchmarks.physics.subgrid_tables import build_subgrid
from benchmarks.record import Row
from strandline.observations.arrays import Floats, Mask
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate

FACTOR = 3
PEAKS = (1.2, 2.0)
"""Of the sea [m]."""
START = 0.2
WET = 0.1
"""Depth from which a fine cell counts as wet [m]; a coarse one where half of its fine ones are."""
ERROR, SEEDS = 1.0, (0, 1, 2)
"""Standard deviation of a product's error over land [m], of which seven tenths have a range of 200 m: an assumption."""


def coarse_cells(case: SfincsCase) -> list[Row]:
    """Critical success index of the extent and CPU seconds, of flat cells, tables, and fine cells on erring ground."""
    rows, columns = (size // FACTOR * FACTOR for size in case.basin.bed.shape)
    bed, sea = case.basin.bed[:rows, :columns], case.basin.open_boundary[:rows, :columns]
    roughness = np.where(np.isfinite(bed), case.basin.roughness[:rows, :columns], 0.03)
    size, land = case.basin.cell_size, bed > 0
    outside = np.isnan(bed)
    found: list[Row] = []
    for peak in PEAKS:
        truth = _wet(_flood(Basin(bed, roughness, size, sea), peak)[0], bed)
        counted = (_mean(land.astype(float)) > 0.5) & ~(_mean(outside.astype(float)) > 0) & ~(_mean(sea * 1.0) > 0)
        for error, seeds in ((0.0, SEEDS[:1]), (ERROR, SEEDS)):
            scores: dict[str, list[tuple[float, float, float]]] = {}
            for seed in seeds:
                product = np.where(land, bed + error * _field(bed.shape, seed), bed)
                tables = build_subgrid(product, roughness, FACTOR)
                known = np.isfinite(tables.bottom)
                mean = np.where(known, _mean(product), np.nan)
                open_cells = (_mean(sea * 1.0) > 0) & known
                flat = Basin(mean, _mean(roughness), FACTOR * size, open_cells)
                fine = Basin(tables.bottom, _mean(roughness), FACTOR * size, open_cells, subgrid=tables)
                level, seconds = _flood(flat, peak)
                maps = {"flat": (level - mean >= WET, seconds)}
                level, seconds = _flood(fine, peak)
                maps["tables"] = (_wet(np.kron(level, np.ones((FACTOR, FACTOR))), product), seconds)
                if error:
                    level, seconds = _flood(Basin(product, roughness, size, sea), peak)
                    maps["fine"] = (_wet(level, product), seconds)
                for name, (wet, cost) in maps.items():
                    ours, theirs = wet & counted, truth & counted
                    csi = float((ours & theirs).sum() / (ours | theirs).sum())
                    scores.setdefault(name, []).append((csi, float(ours.sum() / counted.sum()), cost))
            true_share = float((truth & counted).sum() / counted.sum())
            for name, values in scores.items():
                csi, share, cost = np.mean(values, axis=0)
                note = (
                    f"cells of 150 m ({name}) beside the flood of 50 m; flooded {share:.2f} of the land, in truth"
                    f" {true_share:.2f}; mean of {len(seeds)} fields of error"
                )
                found.append(row(f"coarse_{name}_{peak:g}m_error_{error:g}m", csi=float(csi), cpu_s=cost, note=note))
    return found


def _flood(basin: Basin, peak: float) -> tuple[Floats, float]:
    """Greatest level [m] of a surge of a day, and CPU seconds."""
    seconds = np.linspace(0.0, 24 * 3600.0, 97)
    level = START + (peak - START) * np.exp(-(((seconds / 3600.0 - 12) / 5) ** 2))
    began = time.process_time()
    flood = inundate(basin, Forcing(seconds, level[None]), initial_level=np.array([START]))
    return flood.max_level[0], time.process_time() - began


def _wet(level: Floats, ground: Floats) -> Mask:
    """Coarse cells half of which are wet."""
    return np.asarray(_mean(np.nan_to_num(level - ground) >= WET) >= 0.5)


def _mean(fine: Floats | Mask) -> Floats:
    rows, columns = fine.shape
    return np.asarray(fine.reshape(rows // FACTOR, FACTOR, columns // FACTOR, FACTOR).mean(axis=(1, 3)))


def _field(shape: tuple[int, ...], seed: int) -> Floats:
    """Correlated errors with a standard deviation of 1."""
    rng = np.random.default_rng(seed)
    parts = [gaussian_filter(rng.standard_normal(shape), scale) for scale in (4, 0.8)]
    return np.asarray(sum(np.sqrt(share) * part / part.std() for share, part in zip((0.7, 0.3), parts, strict=True)))
