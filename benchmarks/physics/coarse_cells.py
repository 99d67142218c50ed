"""What subgrid tables bring a run: the ground of Caorle in cells of 150 m, beside the flood on its cells of 50 m.

A run knows an elevation product, not the ground. So the coarse flood is simulated on the ground itself, and on ground
with the errors of a product; the truth is always the flood on the ground itself in the fine cells.
"""

import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt
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
WHAT = {"flat": "flat cells of 150 m", "tables": "cells of 150 m with tables", "fine": "cells of 50 m"}
ERROR, SEEDS = 1.0, (0, 1, 2)
"""Standard deviation of a product's error over land [m], of which seven tenths have a range of 200 m: an assumption."""


def coarse_cells(case: SfincsCase) -> list[Row]:
    """Critical success index of the extent and CPU seconds, of flat cells, tables, and fine cells on erring ground."""
    rows, columns = (size // FACTOR * FACTOR for size in case.basin.bed.shape)
    bed, sea = case.basin.bed[:rows, :columns], case.basin.open_boundary[:rows, :columns]
    roughness = np.where(np.isfinite(bed), case.basin.roughness[:rows, :columns], 0.03)
    ground = Basin(bed, roughness, case.basin.cell_size, sea)
    is_open, unknown = (_mean(each) > 0 for each in (sea, np.isnan(bed)))
    land = (_mean(bed > 0) > 0.5) & ~unknown & ~is_open
    found: list[Row] = []
    for peak in PEAKS:
        truth = _wet(_flood(ground, peak)[0], bed) & land
        for error, seeds in ((0.0, SEEDS[:1]), (ERROR, SEEDS)):
            scores: dict[str, list[tuple[float, float, float]]] = {}
            for seed in seeds:
                product = np.where(bed > 0, bed + error * _field(bed.shape, seed), bed)
                for name, (wet, seconds) in _extents(replace(ground, bed=product), peak).items():
                    ours = wet & land
                    csi = float((ours & truth).sum() / (ours | truth).sum())
                    scores.setdefault(name, []).append((csi, float(ours.sum() / land.sum()), seconds))
            for name, values in scores.items():
                csi, share, cost = (float(each) for each in np.mean(values, axis=0))
                note = (
                    f"{WHAT[name]}, ground with an error of {error:g} m; {share:.2f} of the land floods, in truth"
                    f" {truth.sum() / land.sum():.2f}; fields of error: {len(seeds)}"
                )
                found.append(row(f"coarse_{name}_{peak:g}m_error_{error:g}m", csi=csi, cpu_s=cost, note=note))
    return found


def _extents(product: Basin, peak: float) -> dict[str, tuple[Mask, float]]:
    """Wet coarse cells and CPU seconds by each method, on the ground of a product."""
    bed, rough = np.asarray(product.bed), _mean(product.roughness)
    tables = build_subgrid(bed, product.roughness, FACTOR)
    known = np.isfinite(tables.bottom)
    mean = np.where(known, _mean(bed), np.nan)
    flat = Basin(mean, rough, FACTOR * product.cell_size, (_mean(product.open_boundary) > 0) & known)
    level, seconds = _flood(flat, peak)
    found = {"flat": (np.asarray(level - mean >= WET), seconds)}
    level, seconds = _flood(replace(flat, bed=tables.bottom, subgrid=tables), peak)
    found["tables"] = _wet(np.kron(level, np.ones((FACTOR, FACTOR))), bed), seconds
    level, seconds = _flood(product, peak)
    found["fine"] = _wet(level, bed), seconds
    return found


def _flood(basin: Basin, peak: float) -> tuple[Floats, float]:
    """Greatest level [m] of a surge of a day, and CPU seconds."""
    seconds = np.linspace(0.0, 24 * 3600.0, 97)
    level = START + (peak - START) * np.exp(-(((seconds / 3600.0 - 12) / 5) ** 2))
    began = time.process_time()
    flood = inundate(basin, Forcing(seconds, level[None]), initial_level=np.array([START]))
    return flood.max_level[0], time.process_time() - began


def _wet(level: npt.NDArray, ground: npt.NDArray) -> Mask:
    """Coarse cells half of which are wet."""
    return np.asarray(_mean(np.nan_to_num(level - ground) >= WET) >= 0.5)


def _mean(fine: npt.NDArray) -> Floats:
    rows, columns = fine.shape
    return np.asarray(fine.reshape(rows // FACTOR, FACTOR, columns // FACTOR, FACTOR).mean(axis=(1, 3)))


def _field(shape: tuple[int, ...], seed: int) -> Floats:
    """Correlated errors with a standard deviation of 1."""
    rng = np.random.default_rng(seed)
    parts = [gaussian_filter(rng.standard_normal(shape), scale) for scale in (4, 0.8)]
    return np.asarray(sum(np.sqrt(share) * part / part.std() for share, part in zip((0.7, 0.3), parts, strict=True)))
