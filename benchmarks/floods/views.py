"""Input streams of a chip: full resolution for the teacher, coarse and cloudy for the student."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from benchmarks.floods.chips import NO_RADAR, Chips
from strandline.observations.arrays import Bytes, Mask

TEACHER_STREAMS = {"s1_before": 1, "s1_after": 1, "s2_before": 5, "s2_after": 5}
STUDENT_STREAMS = {**TEACHER_STREAMS, "in_situ": 1}
"""Stream → channels. The student network accepts all of them; a setting leaves some out."""
INSTRUMENTS = (("s1_before", "s1_after"),)
"""Streams that are lost together."""
IN_SITU_POINTS, COARSE = 8, 4
"""Points with known state, and cells per pixel edge of the student's optical after-image (32 × 32 pixels per chip)."""


@dataclass(frozen=True)
class Setting:
    """Streams of the student.

    Attributes:
        name: as in the results.
        streams: names.
        cloud: share of the after-image under cloud.
        headline: whether every seed runs it.
        dropout_rate: share of streams hidden in training.
        clouds: cloud shares of the pre-training on other events; each chip is used once under each.
        steps_factor: factor on the steps of the pre-training.
    """

    name: str
    streams: tuple[str, ...]
    cloud: float
    headline: bool = False
    dropout_rate: float = 0.1
    clouds: tuple[float, float] = (0.3, 0.3)
    steps_factor: int = 1


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("archive", ("s2_before", "s2_after", "in_situ"), 0.3, headline=True),
        Setting("radar_only", ("s1_before", "s1_after"), 0.0, headline=True),
        Setting("strict", ("s2_after", "in_situ"), 0.6, clouds=(0.6, 0.6)),
        Setting("outage", tuple(STUDENT_STREAMS), 0.3, dropout_rate=0.5, clouds=(0.3, 0.6), steps_factor=2),
    )
}
"""The student of ``outage`` is also tested on the other settings, beside their own students."""


@dataclass(frozen=True, eq=False)
class Views:
    """Chips with one draw of clouds and in-situ points.

    Attributes:
        chips: (N) images and masks.
        clear: (N, 32, 32) pixels of the student's after-image without cloud.
        points: (N, H, W) cells with known state; never scored.
        water: (N, H, W) permanent water; not used in training, and not in the main score.
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
        """(N, H, W) cells with data of every instrument."""
        return torch.from_numpy(self.chips.valid)

    @cached_property
    def label_mask(self) -> Tensor:
        """(N, H, W) cells whose label is used in training: with data, and not permanent water."""
        return torch.from_numpy(self.chips.valid & ~self.water)


def draw_views(chips: Chips, cloud: float | npt.NDArray[np.float64], rng: np.random.Generator) -> Views:
    """Draw a spatially correlated cloud and the in-situ points of each chip.

    Args:
        chips: N chips.
        cloud: covered share, of all or of each (N,).
        rng: source of the draws.
    """
    size = chips.mask.shape[1] // COARSE
    noise = rng.standard_normal((len(chips), size, size))
    smooth = np.stack([ndimage.gaussian_filter(field, 3.0, mode="wrap") for field in noise])
    shares = np.broadcast_to(cloud, len(chips))
    clear = np.stack([field >= np.quantile(field, share) for field, share in zip(smooth, shares, strict=True)])
    points = np.zeros(chips.mask.shape, dtype=bool)
    for of_chip, valid in zip(points, chips.valid, strict=True):
        cells = np.flatnonzero(valid)
        of_chip.flat[rng.choice(cells, min(IN_SITU_POINTS, cells.size), replace=False)] = True
    return Views(chips, clear, points, chips.permanent_water)


def teacher_inputs(views: Views) -> dict[str, tuple[Tensor, Tensor]]:
    """Both radar and both optical images at full resolution."""
    chips = views.chips
    return {
        "s1_before": radar_stream(chips.s1_before),
        "s1_after": radar_stream(chips.s1_after),
        "s2_before": optical_stream(chips.s2_before),
        "s2_after": optical_stream(chips.s2_after),
    }


def student_inputs(views: Views, setting: Setting) -> dict[str, tuple[Tensor, Tensor]]:
    """The streams of a setting; the optical after-image is always coarse and cloudy."""
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
    """(N, H, W) uint8 → (N, 1, H, W) standardised per chip, and the mask of data.

    The scaling of the chips removed the absolute backscatter; only contrasts within a chip carry information.
    """
    seen = torch.from_numpy(images != NO_RADAR)
    value = torch.from_numpy(images.astype(np.float32)) / 255.0
    weight = seen.float()
    count = weight.sum((1, 2), keepdim=True).clamp(min=1.0)
    mean = (value * weight).sum((1, 2), keepdim=True) / count
    spread = (((value - mean) ** 2 * weight).sum((1, 2), keepdim=True) / count).sqrt().clamp(min=0.02)
    return ((value - mean) / spread * weight)[:, None], seen


def optical_stream(images: Bytes) -> tuple[Tensor, Tensor]:
    """(N, H, W, 3) uint8 → (N, 5, H, W): three bands and two water indices, and the mask of data.

    Source: McFeeters (1996) and Xu (2006) for the indices, which do not depend on brightness.
    """
    bands = torch.from_numpy(images.astype(np.float32)).permute(0, 3, 1, 2) / 255.0  # (N, 3, H, W)
    seen = (bands > 0).any(dim=1)
    swir, nir, green = bands.unbind(dim=1)
    wet = (green - nir) / (green + nir + 0.02)
    wetter = (green - swir) / (green + swir + 0.02)
    value = torch.cat([(bands - 0.25) * 4, 2 * wet[:, None], 2 * wetter[:, None]], dim=1)
    return value * seen[:, None], seen


def _shrunk(images: Bytes, clear: Mask) -> Bytes:
    """Means of 4 × 4 cells; all 0 where a cell has no data or is cloudy."""
    count, rows, columns, bands = images.shape
    blocks = images.reshape(count, rows // COARSE, COARSE, columns // COARSE, COARSE, bands)
    whole = np.asarray(images.any(axis=-1)).reshape(blocks.shape[:-1]).all(axis=(2, 4))
    means = np.maximum(blocks.mean(axis=(2, 4)).round(), 1)  # 0 marks missing data
    return np.where((whole & clear)[..., None], means, 0).astype(np.uint8)


def _grown(coarse: Tensor) -> Tensor:
    """(N, C, h, w) → (N, C, 4h, 4w), every pixel repeated."""
    return coarse.repeat_interleave(COARSE, dim=2).repeat_interleave(COARSE, dim=3)
