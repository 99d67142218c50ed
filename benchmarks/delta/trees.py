"""Gradient-boosted trees on hand-made features of every cell: a baseline without a network of its own."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, uniform_filter
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.delta.methods import as_probability_of_flood
from strandline.models.batch import Batch
from strandline.models.encoders.gauges import peak_of
from strandline.observations.arrays import Indices, Mask, SingleFloats

WINDOWS = (5, 15)
"""Edges of the windows of local means [cells]."""
ANALOGS = 3
"""Storms of the archive whose maps are averaged, nearest by peak level."""
CELLS_PER_STORM, LOCAL_CELLS_PER_STORM = 300, 1500
"""Cells drawn from each storm of the source coasts, and at most so many labelled ones of each storm of the place."""
LOCAL_WEIGHT = 3.0
"""Weight of a local cell in units of a source cell. A guess: other weights were not tried."""
SETTINGS = {"max_leaf_nodes": 31, "learning_rate": 0.1, "min_samples_leaf": 40}
"""Scikit-learn's defaults, with twice the cells in a leaf; not tuned either."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Features (N, F) of some cells and whether each is flooded (N,)."""

    features: SingleFloats
    flooded: Mask


def draw_cells(storms: Batch, cells_per_storm: int, rng: np.random.Generator) -> Cells:
    """Some labelled cells of each storm.

    Args:
        storms: student inputs with the student's own archive, and labels.
    """
    classes, valid = storms.pair("flood_class")
    labelled = (valid & storms.land).numpy().reshape(len(storms), -1)
    features, flooded = [], []
    for index, of_storm in enumerate(labelled):
        cells = np.flatnonzero(of_storm)
        if not len(cells):
            continue
        chosen: Indices = rng.permutation(cells)[:cells_per_storm]
        table = features_of(storms[index : index + 1])
        features.append(table.reshape(-1, table.shape[-1])[chosen])
        flooded.append(classes[index].numpy().ravel()[chosen] > 0)
    return Cells(np.concatenate(features), np.concatenate(flooded))


class Trees:
    """Trees of the source coasts, fitted again with the local cells where there are any.

    Args:
        source: cells of other coasts; ``local``: of this coast, ``None`` = no label.
        rounds: of boosting; ``seed``: of the draws within the fit.
    """

    def __init__(self, source: Cells, local: Cells | None, rounds: int, seed: int) -> None:
        parts = [(source, 1.0)] if local is None else [(source, 1.0), (local, LOCAL_WEIGHT)]
        self._fitted = HistGradientBoostingClassifier(max_iter=rounds, **SETTINGS, random_state=seed).fit(
            np.concatenate([cells.features for cells, _ in parts]),
            np.concatenate([cells.flooded for cells, _ in parts]),
            np.concatenate([np.full(len(cells.flooded), weight) for cells, weight in parts]),
        )

    def predict(self, storms: Batch) -> SingleFloats:
        """(n, K, H, W) class probabilities; all flooding is in the lowest flooded class.

        Args:
            storms: student inputs with the student's own archive.
        """
        maps = []
        for index in range(len(storms)):
            table = features_of(storms[index : index + 1])
            maps.append(self.probability(table.reshape(-1, table.shape[-1])).reshape(table.shape[1:3]))
        return as_probability_of_flood(np.stack(maps))

    def probability(self, features: SingleFloats) -> SingleFloats:
        """(N,) probability of flooding of cells with features (N, F)."""
        flooded: SingleFloats = self._fitted.predict_proba(features)[:, 1].astype(np.float32)
        return flooded


def features_of(storms: Batch) -> SingleFloats:
    """(n, H, W, F) of the streams of a student and its own archive; NaN where a stream saw nothing.

    Terrain, its local means and the height of the peak above it; optical bands, a water index, their local means and
    the clear share; the nearest logger's depth and distance and the share of wet loggers; the waterlines and the height
    of the peak above them; the mean map and that of the storms with the nearest levels.
    """
    terrain = storms.require("terrain").numpy()  # (n, 4, H, W)
    shape = terrain[:, 0].shape
    peak = peak_of(storms).numpy()[:, None, None]
    elevation = terrain[:, 0]
    found = [*terrain.swapaxes(0, 1), peak - elevation, peak - terrain[:, 1], np.broadcast_to(peak, shape)]
    found += [_local_mean(elevation, size) - elevation for size in WINDOWS]
    found += _optical_features(storms) + _logger_features(storms, shape) + _archive_features(storms, peak)
    return np.stack([np.asarray(one, dtype=np.float32) for one in found], axis=-1)


def _optical_features(storms: Batch) -> list[SingleFloats]:
    optical, seen = (part.numpy() for part in storms.pair("optical"))
    green, near, short = np.where(seen[:, None], optical, np.nan).swapaxes(0, 1)
    index = (green - short) / np.maximum(green + short, 1e-3)
    found = [green, near, short, index]
    for size in WINDOWS:
        share = _local_mean(seen.astype(float), size)
        mean = _local_mean(np.where(seen, index, 0.0), size) / np.maximum(share, 1e-6)
        found += [share, np.where(share > 1e-3, mean, np.nan)]
    return found


def _logger_features(storms: Batch, shape: tuple[int, ...]) -> list[SingleFloats]:
    depth, seen = (part.numpy() for part in storms.pair("in_situ"))
    nearest, distance, wet = (np.full(shape, np.nan) for _ in range(3))
    for index, where in enumerate(seen):
        if where.any():
            distance[index], (row, column) = distance_transform_edt(~where, return_indices=True)
            nearest[index] = depth[index, 0][row, column]
            wet[index] = (depth[index, 0][where] > 0.1).mean()
    return [nearest, distance, wet]


def _archive_features(storms: Batch, peak: SingleFloats) -> list[SingleFloats]:
    waterlines = storms.require("waterlines").numpy().swapaxes(0, 1)  # (8, n, H, W)
    maps, used = (part.numpy() for part in storms.pair("archive"))
    level = storms.require("archive_level").numpy()
    found = [*waterlines, *(peak - bound for bound in waterlines[:5])]
    mean, near = [], []
    for of_storm, usable, levels, own in zip(maps, used, level, peak[:, 0, 0], strict=True):
        flooded = of_storm[usable, 0]
        nearest = np.abs(levels[usable] - own).argsort()[:ANALOGS]
        mean.append(flooded.mean(axis=0))
        near.append(flooded[nearest].mean(axis=0))
    analog = np.stack(near)
    return [*found, np.stack(mean), analog, *(_local_mean(analog, size) for size in WINDOWS)]


def _local_mean(maps: SingleFloats, size: int) -> SingleFloats:
    """(n, H, W) mean over a square window."""
    mean: SingleFloats = uniform_filter(maps.astype(np.float32), size=(0, size, size), mode="nearest")
    return mean
