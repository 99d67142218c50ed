"""Hand features of each cell of a flood scene, for boosted trees; NaN where the scene does not show them."""

from collections.abc import Iterator

import numpy as np

from strandline.models.flood.scenes.images.local_images import INDICES, local_mean, water_indices
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics, ranked_images
from strandline.observations.arrays import Reals, SingleFloats
from strandline.observations.flood_scenes.scene import RADAR_BANDS, FloodScene

_TIMES = ("before", "after")
_OPTICAL = ("green", "near", "short")
RADAR_FEATURES = tuple(
    f"{band}_{name}"
    for band in RADAR_BANDS
    for name in (
        *(f"{time}_{edge}" for time in _TIMES for edge in (1, 3, 7, 15)),
        *(f"{time}_level_{edge}" for time in _TIMES for edge in (3, 7)),
        *(f"{time}_rank" for time in _TIMES),
        "after_deviation", "change_3", "change_7", "change_rank",
    )
)  # fmt: skip
OPTICAL_FEATURES = (
    *(f"{band}_{time}" for time in _TIMES for band in _OPTICAL),
    *(f"{index}_{time}_{edge}" for time in _TIMES for index in INDICES for edge in (1, 5, 15)),
    *(f"vegetation_{time}" for time in _TIMES),
    *(f"{name}_{time}_rank" for time in _TIMES for name in (*INDICES, "near")),
    *(f"{index}_change" for index in INDICES),
    *(f"{band}_change_{what}" for band in _OPTICAL for what in ("3", "rank")),
)  # fmt: skip
FEATURES = RADAR_FEATURES + OPTICAL_FEATURES
"""Names, in the order of `cell_features`."""


def cell_features(scene: FloodScene, statistics: SceneStatistics) -> SingleFloats:
    """(F, H, W) ``FEATURES`` of every cell."""
    found = dict(_radar_features(scene, statistics)) | dict(_optical_features(scene))
    for name, image in ranked_images(scene, statistics):
        found[f"{name}_rank"] = statistics.ranks[name].rank(image)
    for bands, changes in (
        (RADAR_BANDS, statistics.radar_changes(scene)),
        (_OPTICAL, statistics.optical_changes(scene)),
    ):
        found |= {f"{band}_change_3": change for band, change in zip(bands, changes, strict=False)}
    blank = np.full(scene.shape, np.nan, dtype=np.float32)
    return np.stack([found.get(name, blank) for name in FEATURES]).astype(np.float32)


def _radar_features(scene: FloodScene, statistics: SceneStatistics) -> Iterator[tuple[str, Reals]]:
    for number, band in enumerate(RADAR_BANDS):
        for time in _TIMES:
            image = getattr(scene, f"radar_{time}")
            if image is None or not np.isfinite(image[number]).any():
                continue
            standard = getattr(statistics, f"radar_{time}")[number]
            means = {edge: local_mean(image[number], edge) for edge in (1, 3, 7, 15)}
            for edge, mean in means.items():
                yield f"{band}_{time}_{edge}", standard.apply(mean)
                if scene.radar_unit == "dB":
                    yield f"{band}_{time}_level_{edge}", mean
            if time == "after":
                square = local_mean(standard.apply(image[number]) ** 2, 7)
                variance = square - np.asarray(standard.apply(means[7])) ** 2
                yield f"{band}_after_deviation", np.sqrt(np.maximum(variance, 0))
    changes = statistics.radar_changes(scene)
    for band, change in zip(RADAR_BANDS, changes, strict=False):
        yield f"{band}_change_7", local_mean(change, 5)


def _optical_features(scene: FloodScene) -> Iterator[tuple[str, Reals]]:
    indices = {}
    for time in _TIMES:
        image = getattr(scene, f"optical_{time}")
        if image is None:
            continue
        indices[time] = water_indices(image)
        yield from ((f"{band}_{time}", values) for band, values in zip(_OPTICAL, image, strict=True))
        for index, values in zip(INDICES, indices[time], strict=True):
            yield from ((f"{index}_{time}_{edge}", local_mean(values, edge)) for edge in (1, 5, 15))
        yield f"vegetation_{time}", (image[1] - image[2]) / (image[1] + image[2] + 0.02)
    if len(indices) == 2:
        for index, before, after in zip(INDICES, indices["before"], indices["after"], strict=True):
            yield f"{index}_change", local_mean(after - before, 5)
