"""Boosted trees fitted to labelled scenes."""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import FEATURES
from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats

TREES = 150


def fit_trees(
    cells: SingleFloats, wet: Mask, weight: Floats, names: Sequence[str], seed: int, trees: int = TREES
) -> BoostedTrees:
    """Fit trees on some of the features.

    Args:
        cells: (N, F) ``FEATURES`` of cells, NaN = unknown; ``wet``: (N,) labels; ``weight``: (N,).
        names: features that the trees may use.
    """
    places = [FEATURES.index(name) for name in names]
    places = [place for place in places if np.isfinite(cells[:, place]).any()]
    model = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=0.08, max_leaf_nodes=24, min_samples_leaf=100, l2_regularization=5.0,
        max_features=0.4, early_stopping=False, random_state=seed,
    )  # fmt: skip
    model.fit(cells[:, places], wet, sample_weight=weight)
    parts = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        parts.append(
            {
                "feature": torch.from_numpy(np.where(nodes["is_leaf"], -1, nodes["feature_idx"]).astype(np.int32)),
                "threshold": torch.from_numpy(nodes["num_threshold"].astype(np.float32)),
                "missing_left": torch.from_numpy(nodes["missing_go_to_left"].astype(bool)),
                "left": torch.from_numpy(nodes["left"].astype(np.int32)),
                "right": torch.from_numpy(nodes["right"].astype(np.int32)),
                "value": torch.from_numpy(nodes["value"].astype(np.float32)),
            }
        )
    return BoostedTrees.join(parts, places, float(np.ravel(model._baseline_prediction)[0]))


def draw_cells(
    features: SingleFloats, label: SingleFloats, known: Mask, count: int, rng: np.random.Generator
) -> tuple[SingleFloats, Mask]:
    """Random cells of one scene with a known label: (n, F) and (n,).

    Args:
        features: (F, H, W); ``label``: (H, W) 1 = wet; ``known``: (H, W).
    """
    cells: Indices = np.flatnonzero(known)
    chosen = rng.choice(cells, min(count, cells.size), replace=False)
    return features.reshape(len(features), -1)[:, chosen].T, label.ravel()[chosen] > 0.5
