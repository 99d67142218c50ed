"""The committee that maps floods: transformers and trees on different streams, joined by weights of their log odds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import torch

from strandline.errors import InputError
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import OPTICAL_FEATURES, RADAR_FEATURES, cell_features
from strandline.models.flood.scenes.scene_map import SceneMap
from strandline.models.flood.scenes.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.streams import OPTICAL_STREAMS, RADAR_STREAMS, scene_streams
from strandline.models.inference import DihedralTransform
from strandline.observations.arrays import Floats, Mask, Reals, SingleFloats
from strandline.observations.flood_scenes.scene import FloodScene

LARGEST_ODDS = 6.0
"""Log odds beyond which a member's certainty is not heard."""


def log_odds(probability: Reals) -> Floats:
    """Log odds, clipped to ±``LARGEST_ODDS``; NaN stays NaN."""
    return np.clip(np.log(probability + 1e-9) - np.log1p(1e-9 - probability), -LARGEST_ODDS, LARGEST_ODDS)


@dataclass(frozen=True)
class Stacking:
    """Weights of members for one set of members that answer.

    Attributes:
        weights: (M,) of the log odds of each; ``bias``: added.
        threshold: probability from which a cell counts as wet.

    Source: stacked generalisation, Wolpert (1992); as a logistic regression of log odds.
    """

    weights: tuple[float, ...]
    bias: float
    threshold: float

    def join(self, probabilities: Reals) -> Floats:
        """Probabilities of the members (M, …) → (…); NaN where one is NaN."""
        odds = self.bias + np.tensordot(np.array(self.weights), log_odds(probabilities), axes=1)
        return np.asarray(1 / (1 + np.exp(-odds)))
