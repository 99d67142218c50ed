"""Members of a committee: each gives the probability of water in a scene from the streams that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import nn

from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction, Streams
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import cell_features
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.index_thresholds import IndexThresholds
from strandline.models.flood.scenes.streams import SHOWS_WATER, SceneStreams, scene_streams
from strandline.models.inference import DihedralTransform
from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.flood_scenes.scene import FloodScene

TILE, OVERLAP = 128, 32
"""[cells] Networks map larger scenes in tiles of the size that they were trained on, with overlap."""


@dataclass(frozen=True, eq=False)
class PreparedScene:
    """A scene as members read it; what several of them need is computed once.

    Attributes:
        statistics: of the whole scene or region.
    """

    scene: FloodScene
    statistics: SceneStatistics

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.scene.shape

    @cached_property
    def streams(self) -> SceneStreams:
        """Of networks."""
        return scene_streams(self.scene, self.statistics)

    @cached_property
    def features(self) -> SingleFloats:
        """(F, H, W) of trees."""
        return cell_features(self.scene, self.statistics)


class Member(Protocol):
    """One of a committee."""

    @property
    def name(self) -> str:
        """In cards and products."""
        ...

    def probability(self, images: PreparedScene) -> SingleFloats:
        """(H, W) probability of water; NaN where none of its streams shows the moment."""
        ...


@dataclass(frozen=True, eq=False)
class NetworkMember:
    """A network on some of the ``SCENE_STREAMS``.

    Attributes:
        streams: names; ``symmetries``: of the square, over which its probability is averaged.
        tile, overlap: [cells] of the windows that a larger scene is mapped in.
    """

    name: str
    network: DenseCNN | DenseTransformer
    streams: tuple[str, ...]
    symmetries: int = 2
    tile: int = TILE
    overlap: int = OVERLAP

    def probability(self, images: PreparedScene) -> SingleFloats:
        """(H, W) probability of water, by tiles that are blended."""
        found = {name: pair for name, pair in images.streams.items() if name in self.streams}
        shown = np.zeros(images.shape, dtype=bool)
        for name, (_, seen) in found.items():
            shown |= seen if name in SHOWS_WATER else False
        if not shown.any():
            return np.full(images.shape, np.nan, dtype=np.float32)
        total, weight = np.zeros(images.shape, dtype=np.float32), np.zeros(images.shape, dtype=np.float32)
        for rows in tiles(images.shape[0], self.tile, self.overlap):
            for columns in tiles(images.shape[1], self.tile, self.overlap):
                part = {
                    name: (torch.from_numpy(value[:, rows, columns])[None], torch.from_numpy(seen[rows, columns])[None])
                    for name, (value, seen) in found.items()
                }
                share = _taper(rows, self.overlap)[:, None] * _taper(columns, self.overlap)[None]
                total[rows, columns] += share * probability_of(self.network, part, self.symmetries)[0].numpy()
                weight[rows, columns] += share
        return np.where(shown, total / weight, np.nan).astype(np.float32)


@dataclass(frozen=True, eq=False)
class TreeMember:
    """Boosted trees.

    Attributes:
        shows: layers of the scene of which it needs one.
    """

    name: str
    trees: BoostedTrees
    shows: tuple[str, ...]

    def probability(self, images: PreparedScene) -> SingleFloats:
        """(H, W) probability of water."""
        shown = layers_seen(images.scene, self.shows)
        if not shown.any():
            return np.full(images.shape, np.nan, dtype=np.float32)
        return np.where(shown, self.trees.probability(images.features), np.nan).astype(np.float32)


@dataclass(frozen=True, eq=False)
class ThresholdMember:
    """Thresholds of one sensor, found in the scene itself.

    Attributes:
        sensor: ``radar`` or ``optical``.
    """

    name: str
    sensor: str

    def probability(self, images: PreparedScene) -> SingleFloats:
        """(H, W) probability of water; a half where the image shows no two classes that a threshold could part."""
        scene = images.scene
        shown = layers_seen(scene, (f"{self.sensor}_after",))
        other = "optical" if self.sensor == "radar" else "radar"
        own = scene.without(*(name for name in scene.layers if name.startswith(other) or name == "points"))
        found = IndexThresholds().of_region(own)
        if not shown.any():
            return np.full(scene.shape, np.nan, dtype=np.float32)
        if self.sensor == "radar" and not found.radar_members(own):
            return np.where(shown, 0.5, np.nan).astype(np.float32)
        return np.where(shown, np.nan_to_num(found.map(own).probability, nan=0.5), np.nan).astype(np.float32)


def layers_seen(scene: FloodScene, names: Sequence[str]) -> Mask:
    """(H, W) cells that one of the layers shows, in at least one band."""
    seen = np.zeros(scene.shape, dtype=bool)
    for name in names:
        layer = getattr(scene, name)
        if layer is not None:
            seen |= np.isfinite(layer).reshape(-1, *scene.shape).any(axis=0)
    return seen


@torch.no_grad()
def probability_of(network: nn.Module, streams: Streams, symmetries: int) -> torch.Tensor:
    """(N, H, W) probability of water, averaged over the first ``symmetries`` of the square's eight.

    Source: test-time augmentation, Krizhevsky et al. (2012), section 4.1.
    """
    parts = []
    for turn in DihedralTransform.all()[:symmetries]:
        turned = {name: (turn.grid(value.float()), turn.grid(seen)) for name, (value, seen) in streams.items()}
        prediction: MapPrediction = network(turned)
        parts.append(turn.inverse.grid(1 - prediction.logits.softmax(dim=1)[:, 0]))
    return torch.stack(parts).mean(0)


def tiles(cells: int, size: int = TILE, overlap: int = OVERLAP) -> list[slice]:
    """Windows of at most ``size`` cells that cover a side, neighbours overlapping by at least ``overlap``."""
    if cells <= size:
        return [slice(0, cells)]
    count = -(-(cells - overlap) // (size - overlap))
    starts = np.linspace(0, cells - size, count).round().astype(int)
    return [slice(int(start), int(start) + size) for start in starts]


def _taper(window: slice, overlap: int) -> SingleFloats:
    """Weights of the cells of a window, lower towards its edges, never 0."""
    place = np.arange(window.stop - window.start, dtype=np.float32)
    taper: SingleFloats = np.minimum(np.minimum(place, place[::-1]) + 1, overlap / 2).astype(np.float32)
    return taper
