"""The map streams of a batch, scaled to order one."""

from collections.abc import Collection

import torch
from torch import Tensor

from strandline.models.batch import OPTICAL_CHANNELS, RADAR_CHANNELS, Batch
from strandline.models.encoders.gauges import peak_of

RADAR_CENTRE = (-12.0, -18.0, -12.0, -18.0)  # [dB], typical land backscatter at C band
RADAR_SCALE = 6.0  # [dB]
GROUND_CHANNELS = 6  # elevation, sill, water, distance, height of the peak above ground and above sill
TEACHER_STREAMS = {
    "ground": GROUND_CHANNELS,
    "radar": len(RADAR_CHANNELS),
    "optical": len(OPTICAL_CHANNELS),
    "in_situ": 1,
}
WATERLINE_STREAM = 9  # height of the peak above five bounds, the middle bound, frequency, depth class, storms
STUDENT_STREAMS = {name: count for name, count in TEACHER_STREAMS.items() if name != "radar"}
SPARSE = ("in_situ",)
"""Streams of which a single reading stands for its whole patch."""


def streams_of(batch: Batch, names: Collection[str]) -> dict[str, tuple[Tensor, Tensor]]:
    """Those of the named streams that the batch holds: values (B, C, H, W) and where observed (B, H, W)."""
    streams = {}
    if "ground" in names:
        streams["ground"] = (scale_terrain(batch), batch.require("terrain_seen"))
    for name in ("radar", "optical", "in_situ"):
        if name not in names or getattr(batch, name) is None:
            continue
        value, seen = batch.pair(name)
        if name == "radar":
            value = (value - value.new_tensor(RADAR_CENTRE)[:, None, None]) / RADAR_SCALE
        streams[name] = (value, seen)
    if "waterlines" in names and batch.waterlines is not None:
        streams["waterlines"] = (scale_waterlines(batch), batch.require("waterlines_seen"))
    return streams


def scale_terrain(batch: Batch) -> Tensor:
    """(B, 6, H, W) terrain and the height of the peak above ground and sill, scaled to order one."""
    elevation, sill, water, distance = batch.require("terrain").unbind(dim=1)
    peak = peak_of(batch)[:, None, None]
    above = [(peak - elevation).clamp(-4, 4), (peak - sill).clamp(-4, 4)]
    return torch.stack([elevation / 3, sill / 3, water, distance / 5, *above], 1)


def scale_waterlines(batch: Batch) -> Tensor:
    """(B, 9, H, W) waterline features and the height of the peak above their bounds, scaled to order one."""
    low, middle, high, dry, wet, frequency, depth_class, storms = batch.require("waterlines").unbind(dim=1)
    peak = peak_of(batch)[:, None, None]
    above = [(peak - bound).clamp(-2, 2) for bound in (low, middle, high, dry, wet)]
    return torch.stack([*above, middle / 3, frequency, depth_class / 4, storms.log1p() / 3], 1)
