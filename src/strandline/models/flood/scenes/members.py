"""Members of a committee: each gives the probability of water in a scene from the streams that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np
import torch
from torch import nn

from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction, Streams
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import cell_features
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.index_thresholds import IndexThresholds, optical_members
from strandline.models.flood.scenes.streams import SHOWS_WATER, SceneStreams, scene_streams
from strandline.models.inference import DihedralTransform
from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.flood_scenes.scene import FloodScene

TILE, OVERLAP = 128, 32
"""[cells] Networks map larger scenes in tiles of the size that they were trained on, with overlap."""
LEAST_SIDE = 32
"""[cells] A smaller scene is repeated in mirrors, so that networks find something around a cell."""
FEWEST = 8
"""[cells] Along a side, below which networks know nothing."""


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
        infers: whether it answers for every cell of a scene of which something is shown, as under clouds.
    """

    name: str
    network: DenseCNN | DenseTransformer
    streams: tuple[str, ...]
    symmetries: int = 2
    tile: int = TILE
    overlap: int = OVERLAP
    infers: bool = False

    def probability(self, images: PreparedScene) -> SingleFloats:
        """(H, W) probability of water, by tiles that are blended."""
        found = {name: pair for name, pair in images.streams.items() if name in self.streams}
        shown = np.zeros(images.shape, dtype=bool)
        for name, (_, seen) in found.items():
            shown |= seen if name in SHOWS_WATER else False
        if not shown.any():
            return np.full(images.shape, np.nan, dtype=np.float32)
        if min(images.shape) < FEWEST:
            return np.where(shown, 0.5, np.nan).astype(np.float32)
        total, weight = np.zeros(images.shape, dtype=np.float32), np.zeros(images.shape, dtype=np.float32)
        for rows in tiles(images.shape[0], self.tile, self.overlap):
            for columns in tiles(images.shape[1], self.tile, self.overlap):
                part = {
                    name: (_mirrored(value[:, rows, columns])[None], _mirrored(seen[rows, columns])[None])
                    for name, (value, seen) in found.items()
                }
                share = _taper(rows, self.overlap)[:, None] * _taper(columns, self.overlap)[None]
                mapped = probability_of(self.network, part, self.symmetries)[0].numpy()
                total[rows, columns] += share * mapped[: share.shape[0], : share.shape[1]]
                weight[rows, columns] += share
        return np.where(shown | self.infers, total / weight, np.nan).astype(np.float32)


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
    """Thresholds, found in the images themselves.

    Attributes:
        sensor: ``radar``, ``optical`` or ``all``.
        doubt: its probability where the image shows no two classes that a threshold could part; NaN = no answer.
        thresholds: of the region; without any, those of the scene are found.
    """

    name: str
    sensor: str
    doubt: float = 0.5
    thresholds: IndexThresholds = field(default_factory=IndexThresholds)

    def of_region(self, sample: FloodScene) -> Self:
        """The same with the thresholds of these parts of a region."""
        return replace(self, thresholds=self.thresholds.of_region(self._own(sample)))

    def probability(self, images: PreparedScene) -> SingleFloats:
        """(H, W) probability of water."""
        own = self._own(images.scene)
        shown = layers_seen(own, ("radar_after", "optical_after"))
        if not shown.any():
            return np.full(images.shape, np.nan, dtype=np.float32)
        fitted = self.thresholds if self.thresholds.thresholds else self.thresholds.of_region(own)
        if not fitted.radar_members(own) and not optical_members(own):
            return np.where(shown, self.doubt, np.nan).astype(np.float32)
        return np.where(shown, np.nan_to_num(fitted.map(own).probability, nan=self.doubt), np.nan).astype(np.float32)

    def _own(self, scene: FloodScene) -> FloodScene:
        """The images of the sensor alone; a ground that nobody knows keeps the grid where there is none."""
        hidden = {"radar": ("optical", "points"), "optical": ("radar", "points"), "all": ("points",)}[self.sensor]
        unknown = np.full(scene.shape, np.nan, dtype=np.float32)
        grounded = replace(scene, elevation=unknown)
        return grounded.without(*(name for name in scene.layers if name.startswith(hidden)))


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


def _mirrored(layer: SingleFloats | Mask) -> torch.Tensor:
    """A layer (…, H, W) that is repeated in mirrors to ``LEAST_SIDE`` where it is smaller."""
    missing = [(0, max(0, LEAST_SIDE - size)) for size in layer.shape[-2:]]
    return torch.from_numpy(np.pad(layer, [(0, 0)] * (layer.ndim - 2) + missing, mode="symmetric"))


def _taper(window: slice, overlap: int) -> SingleFloats:
    """Weights of the cells of a window, lower towards its edges, never 0."""
    place = np.arange(window.stop - window.start, dtype=np.float32)
    taper: SingleFloats = np.minimum(np.minimum(place, place[::-1]) + 1, overlap / 2).astype(np.float32)
    return taper
