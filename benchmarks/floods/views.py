"""What teacher and student see of a chip: full resolution for the one, little and cloudy for the other."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from benchmarks.floods.chips import NO_RADAR, Bytes, Chips
from strandline.observations.arrays import Mask

TEACHER_STREAMS = {"s1_before": 1, "s1_after": 1, "s2_before": 5, "s2_after": 5}
STUDENT_STREAMS = {**TEACHER_STREAMS, "in_situ": 1}
"""Stream → channels. A student's network takes all of them, whatever a setting leaves."""
INSTRUMENTS = (("s1_before", "s1_after"),)
"""Streams that fail together."""
IN_SITU_POINTS, COARSE = 8, 4
"""Points whose state is known, and cells a side of a pixel of the student's optical after-image (32 × 32 a chip)."""


@dataclass(frozen=True)
class Setting:
    """What is left for the student.

    Attributes:
        name: as in the results.
        streams: names.
        cloud: share of the after-image under cloud.
        headline: whether it is run on every seed.
        outage: share of streams hidden while learning.
        clouds: shares under which a student is raised on other events, each of its chips once under each.
        patience: times as many steps as others that it is raised for.
    """

    name: str
    streams: tuple[str, ...]
    cloud: float
    headline: bool = False
    outage: float = 0.1
    clouds: tuple[float, float] = (0.3, 0.3)
    patience: int = 1


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("archive", ("s2_before", "s2_after", "in_situ"), 0.3, headline=True),
        Setting("radar_only", ("s1_before", "s1_after"), 0.0, headline=True),
        Setting("strict", ("s2_after", "in_situ"), 0.6, clouds=(0.6, 0.6)),
        Setting("outage", tuple(STUDENT_STREAMS), 0.3, outage=0.5, clouds=(0.3, 0.6), patience=2),
    )
}
"""The one student of ``outage`` is also tested on the other settings, beside the students raised for those."""


@dataclass(frozen=True, eq=False)
class Views:
    """Chips with one draw of what covers and reveals them.

    Attributes:
        chips: (N) images and masks.
        clear: (N, 32, 32) pixels of the student's after-image that are free of the drawn cloud.
        points: (N, H, W) cells whose state is known on the ground; never scored.
        water: (N, H, W) permanent water; never taught, and left out of the main score.
    """

    chips: Chips
    clear: Mask
    points: Mask
    water: Mask

    def __len__(self) -> int:
        return len(self.chips)

    def __getitem__(self, index: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> "Views":
        return Views(self.chips[index], self.clear[index], self.points[index], self.water[index])

    @property
    def side(self) -> int:
        """Cells along the edge of a chip."""
        return int(self.water.shape[-1])

    @cached_property
    def labels(self) -> Tensor:
        """(N, H, W) 1 = flooded."""
        return torch.from_numpy(self.chips.mask.astype(np.int64))

    @cached_property
    def seen(self) -> Tensor:
        """(N, H, W) cells that every instrument saw."""
        return torch.from_numpy(self.chips.valid)

    @cached_property
    def taught(self) -> Tensor:
        """(N, H, W) cells of which the label may teach: seen, and no permanent water."""
        return torch.from_numpy(self.chips.valid & ~self.water)


def draw_views(chips: Chips, cloud: float | npt.NDArray[np.float64], rng: np.random.Generator) -> Views:
    """Cover each chip with a spatially correlated cloud, and choose the cells known on the ground.

    Args:
        chips: N of them.
        cloud: share covered, of all or of each (N,).
        rng: what it draws from.
    """
    size = chips.mask.shape[1] // COARSE
    noise = rng.standard_normal((len(chips), size, size))
    smooth = np.stack([ndimage.gaussian_filter(field, 3.0, mode="wrap") for field in noise])
    shares = np.broadcast_to(cloud, len(chips))
    clear = np.stack([field >= np.quantile(field, share) for field, share in zip(smooth, shares, strict=True)])
    points = np.zeros(chips.mask.shape, dtype=bool)
    for chosen, seen in zip(points, chips.valid, strict=True):
        cells = np.flatnonzero(seen)
        chosen.flat[rng.choice(cells, min(IN_SITU_POINTS, cells.size), replace=False)] = True
    return Views(chips, clear, points, chips.permanent_water)


def teachers_view(views: Views) -> dict[str, tuple[Tensor, Tensor]]:
    """Both radar and both optical images at full resolution."""
    chips = views.chips
    return {
        "s1_before": radar_stream(chips.s1_before),
        "s1_after": radar_stream(chips.s1_after),
        "s2_before": optical_stream(chips.s2_before),
        "s2_after": optical_stream(chips.s2_after),
    }


def student_inputs(views: Views, setting: Setting) -> dict[str, tuple[Tensor, Tensor]]:
    """The streams of a setting; the optical after-image is coarse and cloudy in every one."""
    chips, streams = views.chips, {}
    if "s1_before" in setting.streams:
        streams["s1_before"], streams["s1_after"] = radar_stream(chips.s1_before), radar_stream(chips.s1_after)
    if "s2_before" in setting.streams:
        streams["s2_before"] = optical_stream(chips.s2_before)
    if "s2_after" in setting.streams:
        value, seen = optical_stream(_shrunk(chips.s2_after, views.clear))
        streams["s2_after"] = (_grown(value), _grown(seen[:, None])[:, 0])
    if "in_situ" in setting.streams:
        points = torch.from_numpy(views.points)
        state = torch.from_numpy(chips.mask).float() * 2 - 1  # +1 flooded, −1 dry
        streams["in_situ"] = ((state * points)[:, None], points)
    return streams


def radar_stream(images: Bytes) -> tuple[Tensor, Tensor]:
    """(N, H, W) uint8 → (N, 1, H, W) standardised a chip, and where there is data.

    Absolute backscatter was lost when the chips were scaled, so only the order within a chip speaks.
    """
    seen = torch.from_numpy(images != NO_RADAR)
    value = torch.from_numpy(images.astype(np.float32)) / 255.0
    weight = seen.float()
    count = weight.sum((1, 2), keepdim=True).clamp(min=1.0)
    mean = (value * weight).sum((1, 2), keepdim=True) / count
    spread = (((value - mean) ** 2 * weight).sum((1, 2), keepdim=True) / count).sqrt().clamp(min=0.02)
    return ((value - mean) / spread * weight)[:, None], seen


def optical_stream(images: Bytes) -> tuple[Tensor, Tensor]:
    """(N, H, W, 3) uint8 → (N, 5, H, W): three bands and two water indices, and where there is data.

    Source: the indices of McFeeters (1996) and Xu (2006), which survive a change of brightness.
    """
    bands = torch.from_numpy(images.astype(np.float32)).permute(0, 3, 1, 2) / 255.0  # (N, 3, H, W)
    seen = (bands > 0).any(dim=1)
    swir, nir, green = bands.unbind(dim=1)
    wet = (green - nir) / (green + nir + 0.02)
    wetter = (green - swir) / (green + swir + 0.02)
    value = torch.cat([(bands - 0.25) * 4, 2 * wet[:, None], 2 * wetter[:, None]], dim=1)
    return value * seen[:, None], seen


def _shrunk(images: Bytes, clear: Mask) -> Bytes:
    """Means of 4 × 4 cells; all 0 where a cell has no data or the cloud lies."""
    count, rows, columns, bands = images.shape
    blocks = images.reshape(count, rows // COARSE, COARSE, columns // COARSE, COARSE, bands)
    whole = np.asarray(images.any(axis=-1)).reshape(blocks.shape[:-1]).all(axis=(2, 4))
    means = np.maximum(blocks.mean(axis=(2, 4)).round(), 1)  # black is data, 0 is none
    return np.where((whole & clear)[..., None], means, 0).astype(np.uint8)


def _grown(coarse: Tensor) -> Tensor:
    """(N, C, h, w) → (N, C, 4h, 4w), every pixel repeated."""
    return coarse.repeat_interleave(COARSE, dim=2).repeat_interleave(COARSE, dim=3)
