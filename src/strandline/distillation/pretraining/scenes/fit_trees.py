"""Boosted trees fitted to labelled scenes."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from strandline.distillation.pretraining.scenes.samples import trained_cells
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import FEATURES, cell_features
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats
from strandline.observations.flood_scenes.scene import WET, LabelledScene, events_of

TREES = 100
BINS = 63
"""Of each feature; finding more of them by weight takes longer than growing the trees."""


def fit_trees(
    cells: SingleFloats, wet: Mask, weight: Floats, names: Sequence[str], seed: int, trees: int | None = None
) -> BoostedTrees:
    """Fit trees on some of the features.

    Args:
        cells: (N, F) ``FEATURES`` of cells, NaN = unknown; ``wet``: (N,) labels; ``weight``: (N,).
        names: features that the trees may use.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # takes a second to import, which no other command pays

    places = [FEATURES.index(name) for name in names]
    places = [place for place in places if np.isfinite(cells[:, place]).any()]
    model = HistGradientBoostingClassifier(
        max_iter=trees or TREES, learning_rate=0.08, max_leaf_nodes=24, min_samples_leaf=100, l2_regularization=5.0,
        max_features=0.4, max_bins=BINS, early_stopping=False, random_state=seed,
    )  # fmt: skip
    model.fit(cells[:, places], wet, sample_weight=weight)
    parts = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        parts.append(
            {
                "feature": torch.from_numpy(np.where(nodes["is_leaf"], -1, nodes["feature_idx"]).astype(np.int32)),
                "threshold": torch.from_numpy(_rounded_down(nodes["num_threshold"])),
                "missing_left": torch.from_numpy(nodes["missing_go_to_left"].astype(bool)),
                "left": torch.from_numpy(nodes["left"].astype(np.int32)),
                "right": torch.from_numpy(nodes["right"].astype(np.int32)),
                "value": torch.from_numpy(nodes["value"].astype(np.float32)),
            }
        )
    return BoostedTrees.join(parts, places, float(np.ravel(model._baseline_prediction)[0]))


def _rounded_down(thresholds: Floats) -> SingleFloats:
    """In single precision, never above: else a value just above a threshold could equal it and go the other way."""
    single = thresholds.astype(np.float32)
    return np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single)


@dataclass(frozen=True, eq=False)
class CellTable:
    """Cells with a label of many scenes.

    Attributes:
        features: (N, F) ``FEATURES``, NaN = unknown; ``wet``: (N,); ``weight``: (N,), an event counting with the
            square root of its number of scenes.
    """

    features: SingleFloats
    wet: Mask
    weight: Floats

    @classmethod
    def of(cls, scenes: Sequence[LabelledScene], count: int, seed: int) -> Self:
        """``count`` random cells of each scene."""
        events = events_of(scenes)
        features, wet, weight = [], [], []
        for one in scenes:
            places = draw_cells(one, count, seed)
            every = cell_features(one.scene, SceneStatistics.of(one.scene))
            features.append(every.reshape(len(every), -1)[:, places].T)
            wet.append(one.label.ravel()[places] == WET)
            weight.append(np.full(places.size, len(events[one.event]) ** -0.5))
        return cls(np.concatenate(features), np.concatenate(wet), np.concatenate(weight))

    def has(self, names: Sequence[str]) -> bool:
        """Whether some cell has one of these features."""
        return bool(np.isfinite(self.features[:, [FEATURES.index(name) for name in names]]).any())

    def fit(self, names: Sequence[str], seed: int) -> BoostedTrees:
        """Trees on these features."""
        return fit_trees(self.features, self.wet, self.weight, names, seed)


def draw_cells(scene: LabelledScene, count: int, seed: int) -> Indices:
    """Random labelled cells of a scene, the same for the same name and seed."""
    cells = np.flatnonzero(trained_cells(scene))
    draw = np.random.default_rng([seed, zlib.crc32(scene.name.encode())])
    return np.sort(draw.choice(cells, min(count, cells.size), replace=False))
