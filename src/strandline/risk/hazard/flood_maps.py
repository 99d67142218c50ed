"""Flood maps per return period: predictions of the forecaster for synthetic storms of sampled return levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from torch import Tensor

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.batching import asset_part
from strandline.models.terrain_features import TerrainFeatures, terrain_features_of
from strandline.observations.arrays import Floats, SingleFloats
from strandline.observations.observations import Observations, Provenance
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.variables import DEPTH_EDGES
from strandline.risk.hazard.hazard import Hazard
from strandline.simulator.design_storms import StormDesigner, storm_designer
from strandline.uncertainty.forecaster import Forecaster


@dataclass(frozen=True, eq=False)
class Draw:
    """One Monte-Carlo sample: a storm of each return level, one ensemble member and one quantile for all of them.

    Attributes:
        height: (R,) of the peaks [m above mean sea level].
        storms: batch of R storms, without terrain.
        member: of the ensemble.
        quantile: of its depth distribution, 0…1.
    """

    height: Floats
    storms: Batch
    member: int
    quantile: float


@dataclass(frozen=True, eq=False)
class FloodMaps:
    """Flood maps of S draws on one terrain, with the shapes of a ``Hazard``."""

    depth: SingleFloats
    probability: SingleFloats
    flood_extent: SingleFloats
    epistemic_sd: SingleFloats
    damage_states: Floats | None


def map_hazard(
    forecaster: Forecaster,
    observations: Observations,
    sea_level: SeaLevelModel,
    levels: Floats,
    return_periods: tuple[float, ...],
    rng: np.random.Generator,
    progress: Progress | None = None,
    *,
    rise: Floats | float = 0.0,
    maps: int | None = None,
) -> Hazard:
    """Map the flood depth of sampled return levels.

    Args:
        forecaster: calibrated students.
        observations: terrain, gauge and assets of the study area.
        sea_level: model of the own gauge.
        levels: (S, R) sampled return levels [m, region datum].
        return_periods: R, ascending [years].
        rng: draws storms, members and quantiles.
        rise: of the mean sea level [m], (S,) or one; added to ``levels``, and to the level about which tide and surge
            vary.
        maps: number of rows of ``levels`` to map, the middle one of so many equal parts; ``None`` = every row.
    """
    designer = storm_designer(observations, sea_level)
    of_row = np.broadcast_to(rise, len(levels))[:, None]
    level_draws = levels + of_row
    levels, mapped_rise = (each if maps is None else middle_rows(each, maps) for each in (level_draws, of_row))
    draws = draw_floods(designer, levels, forecaster.members, rng, mapped_rise[:, 0])
    terrain = terrain_features_of(observations.region, observations.terrain, designer.mean_sea_level)
    assets = asset_part(observations, levels.shape[1]) if observations.has_survey else {}
    floods = map_floods(forecaster, terrain, draws, assets, progress)
    return Hazard(
        observations.region,
        return_periods,
        levels,
        floods.depth,
        floods.probability,
        floods.flood_extent,
        floods.epistemic_sd,
        sources_of(observations.provenance),
        floods.damage_states,
        level_draws,
    )


def middle_rows(levels: Floats, maps: int) -> Floats:
    """(M, R) the middle row of each of M equal parts of (N, R) sampled levels.

    Raises:
        InputError: parts that are not equal.
    """
    if len(levels) % maps:
        raise InputError("hazard", f"{len(levels)} sampled levels for {maps} maps", "give a multiple of the maps")
    part = len(levels) // maps
    return levels[part // 2 :: part]


def draw_floods(
    designer: StormDesigner, levels: Floats, members: int, rng: np.random.Generator, rise: Floats | float = 0.0
) -> list[Draw]:
    """One draw per row of return levels (S, R) [m, region datum], which include the ``rise`` of mean sea level [m].

    Each draw has one tide and storm shape, one of the ensemble's ``members`` and one quantile of its depth
    distribution, the same for all return periods; so epistemic uncertainty, storm shapes and sampled
    levels all propagate to the map.
    """
    draws = []
    for row, own_rise in zip(levels, np.broadcast_to(rise, len(levels)), strict=True):
        storms = designer.draw(row, rng, float(own_rise)).seen
        member, quantile = int(rng.integers(members)), float(rng.uniform())
        draws.append(Draw(row - designer.mean_sea_level, storms, member, quantile))
    return draws


def map_floods(
    forecaster: Forecaster,
    terrain: TerrainFeatures,
    draws: Sequence[Draw],
    assets: Mapping[str, Tensor],
    progress: Progress | None = None,
) -> FloodMaps:
    """Map the flood of each draw on one terrain.

    Depths of a sample's cells are taken at one common quantile: errors of neighbouring cells are correlated, and a
    sum over cells must not average them out.

    Args:
        assets: the asset entries of a batch (`asset_part`), or none.

    Returns:
        A cell is in the flood extent where the threshold of the storm (`Forecaster.thresholds`) is reached in half
        of the samples or more. Depth is 0 on permanent water (it is not flooded), NaN where the terrain is unknown.
    """
    elevation, water = terrain.channels[0].numpy(), terrain.channels[2].numpy() > 0.5
    states: list[Floats] = []  # (R, A, 5) each
    depth = np.full((len(draws), len(draws[0].height), *elevation.shape), np.nan, dtype=np.float32)
    probability, flood_extent, variance = (np.zeros(depth.shape[1:], dtype=np.float64) for _ in range(3))
    for sample, draw in enumerate(draws):
        batch = replace(terrain.attach_to(draw.storms), **assets)
        prediction = forecaster.predict(batch)
        classes = prediction.class_probability
        if classes is None:
            raise InputError("flood maps", "the batch has no terrain", "attach terrain features to the storms")
        by_member = 1 - classes[:, :, 0]  # (M, R, H, W)
        flooded = by_member.mean(axis=0)
        probability += flooded
        variance += by_member.var(axis=0)
        flood_extent += flooded >= forecaster.thresholds(batch)[:, None, None]
        if prediction.damage_probability is not None:
            states += [prediction.damage_probability.astype(float)]
        deepest = draw.height[:, None, None] - elevation  # a flood is not higher than the sea level that causes it
        depth[sample] = depth_at_quantile(classes[draw.member], draw.quantile, deepest)
        if progress is not None:
            progress((sample + 1) / len(draws))
    # A higher sea level never floods less; the networks violate this by noise, so values are made non-decreasing.
    depth = np.maximum.accumulate(depth, axis=1)
    probability = np.maximum.accumulate(probability / len(draws), axis=0)
    flood_extent = np.maximum.accumulate((flood_extent >= len(draws) / 2).astype(float), axis=0)
    epistemic_sd = np.sqrt(variance / len(draws))
    for grid in (depth, probability, flood_extent, epistemic_sd):
        grid[..., water] = 0.0
        grid[..., ~terrain.known.numpy()] = np.nan
    seen = assets["asset_seen"].numpy()[..., None] if states else None
    damage_states = None if seen is None else np.where(seen, np.mean(states, axis=0), np.nan)
    single = np.float32
    return FloodMaps(
        depth, probability.astype(single), flood_extent.astype(single), epistemic_sd.astype(single), damage_states
    )


def depth_at_quantile(
    probability: npt.NDArray[np.float32], quantile: float, deepest: Floats
) -> npt.NDArray[np.float32]:
    """Depth [m] below which a share ``quantile`` of the class distribution lies.

    Linear within a class; the open last class ends at ``deepest``, or half a metre above its edge where the terrain
    is higher than that (the elevation product errs by metres).

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


def sources_of(provenance: Mapping[str, Provenance]) -> dict[str, Provenance]:
    """Provenance of the observations that flood maps use."""
    used = ("terrain", "tide_gauge", "sar", "optical", "in_situ", "flood_survey")
    return {name: provenance[name] for name in used if name in provenance}
