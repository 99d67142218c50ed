"""The map streams of a batch, scaled to order one."""

from collections.abc import Collection

import torch
from torch import Tensor

from strandline.models.batch import OPTICAL_CHANNELS, RADAR_CHANNELS, Batch
from strandline.models.surge_encoder import peak_of

RADAR_CENTRE = (-12.0, -18.0, -12.0, -18.0)  # [dB], typical land backscatter at C band
RADAR_SCALE = 6.0  # [dB]
GROUND_CHANNELS = 6  # elevation, sill, water, distance, and how far the peak stands above ground and sill
TEACHER_STREAMS = {
    "ground": GROUND_CHANNELS,
    "radar": len(RADAR_CHANNELS),
    "optical": len(OPTICAL_CHANNELS),
    "in_situ": 1,
}
WATERLINE_STREAM = 9  # how far the peak stands above five bounds of the ground, its middle, and what was seen there
STUDENT_STREAMS = {name: count for name, count in TEACHER_STREAMS.items() if name != "radar"}
SPARSE = ("in_situ",)
"""A single logger speaks for its patch."""


def streams_of(batch: Batch, names: Collection[str]) -> dict[str, tuple[Tensor, Tensor]]:
    """Those of the named streams that the batch holds, values (B, C, H, W) and where seen (B, H, W)."""
    streams = {}
    if "ground" in names:
        assert batch.terrain_seen is not None
        streams["ground"] = (ground_of(batch), batch.terrain_seen)
    for name in ("radar", "optical", "in_situ"):
        value, seen = getattr(batch, name), getattr(batch, f"{name}_seen")
        if name not in names or value is None:
            continue
        if name == "radar":
            value = (value - value.new_tensor(RADAR_CENTRE)[:, None, None]) / RADAR_SCALE
        streams[name] = (value, seen)
    if "waterlines" in names and batch.waterlines is not None:
        assert batch.waterlines_seen is not None
        streams["waterlines"] = (scaled_waterlines(batch), batch.waterlines_seen)
    return streams


def ground_of(batch: Batch) -> Tensor:
    """(B, 6, H, W) what the terrain says of this peak, scaled to order one."""
    assert batch.terrain is not None
    elevation, sill, water, distance = batch.terrain.unbind(dim=1)
    peak = peak_of(batch)[:, None, None]
    above = [(peak - elevation).clamp(-4, 4), (peak - sill).clamp(-4, 4)]
    return torch.stack([elevation / 3, sill / 3, water, distance / 5, *above], 1)


def scaled_waterlines(batch: Batch) -> Tensor:
    """(B, 9, H, W) what the strandlines say of this peak, scaled to order one."""
    assert batch.waterlines is not None
    low, middle, high, dry, wet, frequency, depth_class, storms = batch.waterlines.unbind(dim=1)
    peak = peak_of(batch)[:, None, None]
    above = [(peak - bound).clamp(-2, 2) for bound in (low, middle, high, dry, wet)]
    return torch.stack([*above, middle / 3, frequency, depth_class / 4, storms.log1p() / 3], 1)
