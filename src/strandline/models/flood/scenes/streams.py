"""Input streams of the scene networks: images standardised by the whole scene, their change, and absolute levels."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from strandline.models.flood.scenes.images.local_images import water_indices
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.observations.arrays import Mask, Reals, SingleFloats
from strandline.observations.flood_scenes.scene import RADAR_BANDS, FloodScene

SCENE_STREAMS = {
    "vv_before": 1,
    "vv_after": 1,
    "vv_change": 1,
    "vh_before": 1,
    "vh_after": 1,
    "vh_change": 1,
    "level_before": 2,
    "level_after": 2,
    "optical_before": 5,
    "optical_after": 5,
    "optical_change": 3,
    "points": 1,
}
"""Stream → channels. A stream that a scene does not have is absent; the networks take any subset."""
SPARSE = ("points",)
"""Streams of which one reading stands for its block."""
SHOWS_WATER = ("vv_after", "vh_after", "optical_after", "points")
"""Streams of the moment."""
RADAR_STREAMS = tuple(name for name in SCENE_STREAMS if name.startswith(("vv", "vh", "level")))
OPTICAL_STREAMS = tuple(name for name in SCENE_STREAMS if name.startswith("optical"))
_LEVEL_CENTRE, _LEVEL_SCALE = (-12.0, -18.0), 6.0
"""[dB] Typical backscatter of land at C band in VV and VH, and the scale of both."""
_REFLECTANCE_CENTRE, _REFLECTANCE_GAIN = 0.25, 4.0

SceneStreams = dict[str, tuple[SingleFloats, Mask]]
"""Stream → values (C, H, W), 0 where unknown, and where it was seen (H, W)."""


def scene_streams(scene: FloodScene, statistics: SceneStatistics) -> SceneStreams:
    """The streams that a scene has."""
    found = _radar_streams(scene, statistics)
    indices = {}
    for name in ("optical_before", "optical_after"):
        image = getattr(scene, name)
        if image is not None:
            indices[name] = water_indices(image)
            found[name] = _masked(
                np.concatenate([(image - _REFLECTANCE_CENTRE) * _REFLECTANCE_GAIN, 2 * indices[name]])
            )
    if len(indices) == 2:
        change = indices["optical_after"] - indices["optical_before"]
        infrared = statistics.optical_changes(scene)[1]
        found["optical_change"] = _masked(np.concatenate([2 * change, infrared[None] / 3]))
    if scene.points is not None:
        found["points"] = _masked(2 * scene.points[None] - 1)
    return {name: stream for name, stream in found.items() if stream[1].any()}


def _radar_streams(scene: FloodScene, statistics: SceneStatistics) -> SceneStreams:
    found: SceneStreams = {}
    for time, image, standards in (
        ("before", scene.radar_before, statistics.radar_before),
        ("after", scene.radar_after, statistics.radar_after),
    ):
        if image is None:
            continue
        for band, values, standard in zip(RADAR_BANDS, image, standards, strict=True):
            found[f"{band}_{time}"] = _masked(np.clip(standard.apply(values), -6.0, 6.0)[None])
        if scene.radar_unit == "dB":
            centre = np.array(_LEVEL_CENTRE, dtype=np.float32)[:, None, None]
            found[f"level_{time}"] = _masked(np.clip((image - centre) / _LEVEL_SCALE, -4.0, 4.0))
    for band, change in zip(RADAR_BANDS, statistics.radar_changes(scene), strict=False):
        found[f"{band}_change"] = _masked(change[None] / 2)
    return found


def _masked(values: Reals) -> tuple[SingleFloats, Mask]:
    """(C, H, W) with 0 where a channel is NaN, and where none is."""
    seen: Mask = np.asarray(np.isfinite(values).all(axis=0))
    return np.where(seen, values, 0.0).astype(np.float32), seen


def stack_streams(scenes: Sequence[SceneStreams]) -> dict[str, tuple[Tensor, Tensor]]:
    """Streams of N scenes of one size → values (N, C, H, W) and where seen (N, H, W); absent = seen nowhere."""
    rows, columns = next(iter(scenes[0].values()))[1].shape
    stacked = {}
    for name, channels in SCENE_STREAMS.items():
        if not any(name in scene for scene in scenes):
            continue
        blank = np.zeros((channels, rows, columns), dtype=np.float32), np.zeros((rows, columns), dtype=bool)
        values, seen = zip(*(scene.get(name, blank) for scene in scenes), strict=True)
        stacked[name] = (torch.from_numpy(np.stack(values)), torch.from_numpy(np.stack(seen)))
    return stacked


def only(streams: Mapping[str, tuple[Tensor, Tensor]], names: Sequence[str]) -> dict[str, tuple[Tensor, Tensor]]:
    """Those of the named streams that there are."""
    return {name: pair for name, pair in streams.items() if name in names}
