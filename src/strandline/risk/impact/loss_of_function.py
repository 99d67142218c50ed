"""Loss of function: which assets stop serving in a flood, and how often."""

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import ASSET_CLASSES, asset_classes
from strandline.risk.stage_damage.asset_depths import exceeds_depth
from strandline.risk.stage_damage.damage_chain import DamageChain


def draw_function_thresholds(assets: gpd.GeoDataFrame, n_samples: int, rng: np.random.Generator) -> Floats:
    """(S, A) depth [m] from which each asset loses its function; NaN where its class serves nobody.

    An asset's own ``operation_threshold`` is exact. Elsewhere one uniform draw per sample and class lies between the
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


def loss_of_function_probability(chain: DamageChain, assets: gpd.GeoDataFrame, rng: np.random.Generator) -> Floats:
    """(A, L) probability that an asset is out of service at each sea level; NaN where it is unknown in any sample."""
    names = set(assets["asset_class"])
    if "operation_threshold" not in assets and all(asset_classes()[name].out_of_service is None for name in names):
        return np.full((len(assets), chain.levels.shape[1]), np.nan)
    thresholds = draw_function_thresholds(assets, len(chain.deviates), rng)
    lost = [
        exceeds_depth(*sample.greatest_depth(), threshold) for sample, threshold in zip(chain, thresholds, strict=True)
    ]
    return np.asarray(np.mean(lost, axis=0))
