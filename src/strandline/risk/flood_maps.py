"""Flood maps per return period: the forecaster driven by synthetic storms of sampled levels."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from strandline.batch import DEPTH_EDGES
from strandline.errors import InputError
from strandline.observations import Observations, Provenance
from strandline.risk.hazard import Hazard
from strandline.samples import asset_part
from strandline.simulator.rehearsal import StormDesigner
from strandline.tide_and_weather import TideAndWeather
from strandline.training import Progress
from strandline.uncertainty.forecaster import Forecaster

Floats = npt.NDArray[np.float64]


def map_hazard(
    forecaster: Forecaster,
    observations: Observations,
    sea: TideAndWeather,
    levels: Floats,
    return_periods: tuple[float, ...],
    rng: np.random.Generator,
    progress: Progress | None = None,
    *,
    rise: float = 0.0,
) -> Hazard:
    """Flood depth for each sampled return level.

    Each sample draws one tide and storm shape, one member of the ensemble and one quantile of its depth distribution,
    and keeps them over all return periods; so members' disagreement, storm shapes and sampled levels all reach the
    map. Depths of a sample's cells are taken at one common quantile: errors of neighbouring cells are alike, and a
    sum over cells must not average them away.

    Args:
        forecaster: calibrated students.
        observations: terrain and gauge of the place.
        sea: tide and weather of the own gauge.
        levels: (S, R) sampled return levels [m, region datum].
        return_periods: R, ascending [years].
        rng: draws storms, members and quantiles.
        rise: of the mean sea level [m], on which tide and storms ride; added to ``levels``.

    Returns:
        Cells are called flooded where the threshold of the storm (`Forecaster.thresholds`) is reached in half of the
        samples or more. Depth 0 on permanent water (it is not flooded), NaN where the ground is unknown.
    """
    designer = StormDesigner(observations, sea)
    known, water, elevation = designer.known, designer.terrain[2] > 0.5, designer.terrain[0].numpy()
    levels = levels + rise
    assets = {} if observations.assets is None else asset_part(observations, levels.shape[1])
    states: list[Floats] = []  # (R, A, 5) each
    depth = np.full((*levels.shape, *observations.region.shape), np.nan, dtype=np.float32)
    probability, called, variance = (np.zeros(depth.shape[1:], dtype=np.float64) for _ in range(3))
    for sample, row in enumerate(levels):
        batch = replace(designer.draw(row, rng, rise).seen, **assets)
        said = forecaster.predict(batch)
        classes = said.class_probability
        if classes is None:
            raise InputError("observations", "have no terrain", "a flood map needs it")
        member = int(rng.integers(len(classes)))
        wet = 1 - classes[:, :, 0]  # (M, R, H, W)
        chance = wet.mean(axis=0)
        probability += chance
        variance += wet.var(axis=0)
        called += chance >= forecaster.thresholds(batch)[:, None, None]
        if said.damage_probability is not None:
            states += [said.damage_probability.astype(float)]
        height = row - designer.mean_sea_level
        deepest = height[:, None, None] - elevation  # no water stands above the sea that brings it
        depth[sample] = depth_at_quantile(classes[member], float(rng.uniform()), deepest)
        if progress is not None:
            progress((sample + 1) / len(levels))
    # more sea never floods less: what the networks violate by noise is put in order of the return periods
    depth = np.maximum.accumulate(depth, axis=1)
    probability = np.maximum.accumulate(probability / len(levels), axis=0)
    called = np.maximum.accumulate((called >= len(levels) / 2).astype(float), axis=0)
    disagreement = np.sqrt(variance / len(levels))
    for grid in (depth, probability, called, disagreement):
        grid[..., water.numpy()] = 0.0
        grid[..., ~known.numpy()] = np.nan
    told = np.where(assets["asset_seen"].numpy()[..., None], np.mean(states, axis=0), np.nan) if states else None
    return Hazard(
        observations.region,
        return_periods,
        levels,
        depth,
        probability.astype(np.float32),
        called.astype(np.float32),
        disagreement.astype(np.float32),
        _provenance(observations),
        told,
    )


def depth_at_quantile(
    probability: npt.NDArray[np.float32], quantile: float, deepest: Floats
) -> npt.NDArray[np.float32]:
    """Depth [m] below which a share ``quantile`` of the class distribution lies.

    Linear within a class; the open last class ends at ``deepest``, or half a metre above its edge where the ground is
    said to lie higher than that (the elevation product errs by metres).

    Args:
        probability: (B, K, H, W) of the depth classes.
        quantile: 0…1.
        deepest: (B, H, W) sea level minus ground [m].
    """
    last = np.maximum(deepest, DEPTH_EDGES[-1] + 0.5)
    edges = [np.zeros_like(last), *(np.full_like(last, edge) for edge in DEPTH_EDGES), last]
    cumulative = np.concatenate([np.zeros_like(probability[:, :1]), np.cumsum(probability, axis=1)], axis=1)
    depth = np.zeros(last.shape, dtype=np.float32)
    for k in range(1, probability.shape[1]):  # class 0 is dry
        inside = (quantile >= cumulative[:, k]) & (quantile > cumulative[:, 1]) & (probability[:, k] > 0)
        share = np.clip((quantile - cumulative[:, k]) / np.maximum(probability[:, k], 1e-6), 0.0, 1.0)
        depth = np.where(inside, edges[k] + share * (edges[k + 1] - edges[k]), depth).astype(np.float32)
    return depth


def _provenance(observations: Observations) -> Mapping[str, Provenance]:
    used = ("terrain", "tide_gauge", "sar", "optical", "in_situ", "flood_survey")
    return {name: observations.provenance[name] for name in used if name in observations.provenance}
