"""Boosted trees on hand features of cells, as arrays that a file can hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numba
import numpy as np
import torch
from torch import Tensor

from strandline.models.flood.scenes.cell_features import FEATURES
from strandline.observations.arrays import SingleFloats

_ARRAYS = ("features", "roots", "feature", "threshold", "missing_left", "left", "right", "value", "baseline")


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """A sum of trees: the log odds of water in a cell.

    Attributes:
        features: (n,) places in ``FEATURES`` of the features that the trees take.
        roots: (T,) first node of each tree.
        feature: (M,) of each node, a place in ``features``; −1 = leaf.
        threshold: (M,) a cell at or below it goes left; ``missing_left``: (M,) whether NaN does.
        left, right: (M,) next node; ``value``: (M,) of a leaf [log odds]; ``baseline``: (1,) added to the sum.

    Source: gradient boosting, Friedman (2001); with histograms, Ke et al. (2017).
    """

    features: Tensor
    roots: Tensor
    feature: Tensor
    threshold: Tensor
    missing_left: Tensor
    left: Tensor
    right: Tensor
    value: Tensor
    baseline: Tensor

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(FEATURES[place] for place in self.features.tolist())

    def probability(self, features: SingleFloats) -> SingleFloats:
        """Probability of water, (F, H, W) of ``FEATURES`` → (H, W)."""
        cells = np.ascontiguousarray(features[self.features.numpy()].reshape(len(self.features), -1).T)
        odds = np.full(len(cells), float(self.baseline[0]), dtype=np.float64)
        _add_trees(cells, odds, *(getattr(self, name).numpy() for name in _ARRAYS[1:-1]))
        return (1 / (1 + np.exp(-odds))).astype(np.float32).reshape(features.shape[1:])

    def tensors(self, prefix: str) -> dict[str, Tensor]:
        """Arrays by name, for a file."""
        return {f"{prefix}{name}": getattr(self, name) for name in _ARRAYS}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Tensor], prefix: str) -> Self:
        """From the arrays of a file."""
        return cls(*(tensors[f"{prefix}{name}"] for name in _ARRAYS))

    @classmethod
    def join(cls, trees: Sequence[Mapping[str, Tensor]], features: Sequence[int], baseline: float) -> Self:
        """From the nodes of each tree: ``feature``, ``threshold``, … of its own numbering."""
        first = np.cumsum([0, *(len(tree["feature"]) for tree in trees)])
        nodes = {
            name: torch.cat([tree[name] + (int(start) if name in ("left", "right") else 0)
                             for tree, start in zip(trees, first[:-1], strict=True)])
            for name in _ARRAYS[2:5] + _ARRAYS[5:-1]
        }  # fmt: skip
        return cls(
            features=torch.tensor(list(features), dtype=torch.int32),
            roots=torch.from_numpy(first[:-1].astype(np.int32)),
            baseline=torch.tensor([baseline], dtype=torch.float32),
            **nodes,
        )


@numba.njit(cache=True, nogil=True)
def _add_trees(cells, odds, roots, feature, threshold, missing_left, left, right, value):  # type: ignore[no-untyped-def]
    for cell in range(len(cells)):
        total = 0.0
        for root in roots:
            node = root
            while feature[node] >= 0:
                x = cells[cell, feature[node]]
                if np.isnan(x):
                    goes_left = missing_left[node]
                else:
                    goes_left = x <= threshold[node]
                node = left[node] if goes_left else right[node]
            total += value[node]
        odds[cell] += total
