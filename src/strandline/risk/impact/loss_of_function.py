"""Loss of function: which assets no longer serve in a flood, and how often that comes."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.observations.assets import ASSET_CLASSES, asset_classes
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.exposure import Exposure, flat_cells


def draw_function_thresholds(assets: gpd.GeoDataFrame, n_samples: int, rng: np.random.Generator) -> Floats:
    """(S, A) depth [m] from which each asset is out of service; NaN where its class serves nobody.

    An asset's own ``operation_threshold`` is exact. Elsewhere one draw a sample and class lies evenly between the
    bounds of ``data/asset_classes.toml``: a class errs as a whole.
    """
    quantile = rng.uniform(size=(n_samples, len(ASSET_CLASSES)))
    thresholds = np.full((n_samples, len(assets)), np.nan)
    names = assets["asset_class"].to_numpy()
    for number, name in enumerate(ASSET_CLASSES):
        threshold = asset_classes()[name].out_of_service
        if threshold is not None:
            drawn = threshold.low + quantile[:, number] * (threshold.high - threshold.low)
            thresholds[:, names == name] = drawn[:, None]
    if "operation_threshold" in assets:
        stated = assets["operation_threshold"].to_numpy(dtype=float)
        thresholds = np.where(np.isnan(stated), thresholds, stated)
    return thresholds


def deepest_at_assets(depth: npt.NDArray[np.float32], exposure: Exposure) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(A, R) greatest depth [m] over the known cells of each asset, and (A,) whether a cell of it is unknown.

    A road is as passable as its deepest stretch, so that no mean is taken. NaN where no cell is known.
    """
    flat = flat_cells(depth)
    deepest = np.full((exposure.value.size, len(depth)), np.nan)
    unknown = np.zeros(exposure.value.size, dtype=bool)
    for group in exposure.classes:
        first, columns = group.shares.indptr, group.cells[group.shares.indices]
        stretch = flat[:, columns]  # (R, touched)
        holes = np.isnan(stretch)
        lowest = np.maximum.reduceat(np.where(holes, -1.0, stretch), first[:-1], axis=1).T  # (N, R)
        deepest[group.rows] = np.where(lowest < 0, np.nan, lowest)
        unknown[group.rows] = np.logical_or.reduceat(holes.any(axis=0), first[:-1])
    return deepest, unknown


def exceeds_depth(deepest: Floats, unknown: npt.NDArray[np.bool_], threshold: Floats) -> Floats:
    """(A, R) 1 = water stands as high as the threshold somewhere on the asset, 0 = nowhere, NaN = unknown.

    Water over the threshold in a known cell is enough, whatever the unknown cells hold; without it one unknown cell
    leaves the answer open.

    Args:
        threshold: (A,) [m]; NaN = the asset has none, its answer is NaN as well.
    """
    lost = (deepest >= threshold[:, None]).astype(float)
    return np.where(np.isnan(threshold)[:, None] | (unknown[:, None] & (lost == 0)), np.nan, lost)


def loss_of_function_probability(
    hazard: Hazard, assets: gpd.GeoDataFrame, exposure: Exposure, rng: np.random.Generator
) -> Floats:
    """(A, R) probability that an asset is out of service at each return period; NaN where any sample leaves it open."""
    names = set(assets["asset_class"])
    if "operation_threshold" not in assets and all(asset_classes()[name].out_of_service is None for name in names):
        return np.full((len(assets), len(hazard.return_periods)), np.nan)
    thresholds = draw_function_thresholds(assets, len(hazard.flood_depth), rng)
    lost = [
        exceeds_depth(*deepest_at_assets(depth, exposure), threshold)
        for depth, threshold in zip(hazard.flood_depth, thresholds, strict=True)
    ]
    return np.asarray(np.mean(lost, axis=0))
