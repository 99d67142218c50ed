"""What the networks see: one frozen batch, in which an absent modality is ``None`` and an unseen cell ``False``.

All levels and elevations in a batch are metres above the gauge's mean sea level, so that coasts with different
vertical datums look alike to a network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from strandline.errors import InputError
from strandline.observations.sea_level.forecast_window import CONTEXT_HOURS, TIDE_HOURS, TIDE_MODES

DEPTH_EDGES = (0.15, 0.5, 1.0, 1.5)
"""Depths [m] that part the flood classes; a cell counts as flooded from the first edge on."""
FLOOD_CLASSES = len(DEPTH_EDGES) + 1
DAMAGE_STATES = 5
FLOOD_ISSUE = np.timedelta64(12, "h")
"""A storm's flood map is issued this long after its peak, when the first scenes are in."""
CLIMATE_DAYS = 6
"""Daily climate tokens: three days before issue, the day itself, two days of forecast."""
TERRAIN_CHANNELS = ("elevation", "sill", "permanent_water", "distance_to_sea")
CLIMATE_CHANNELS = ("pressure", "onshore_wind", "alongshore_wind", "lowest_pressure", "strongest_wind")
RADAR_CHANNELS = ("vv", "vh", "vv_reference", "vh_reference")
OPTICAL_CHANNELS = ("green", "near_infrared", "shortwave_infrared")
WATERLINE_CHANNELS = ("low", "middle", "high", "highest_dry", "lowest_wet", "frequency", "depth_class", "storms")
ARCHIVE_CHANNELS = ("flooded", "depth_class")


@dataclass(frozen=True)
class Batch:
    """What the networks see, and what they should say where that is known.

    B samples, S stations (0 = own), H W rows and columns, A assets. ``*_seen`` and ``*_valid`` are boolean; behind a
    ``False`` stands a zero that no loss or score may read.

    Attributes:
        gauge: (B, S, 72) water level [m above mean sea level]; ``gauge_seen`` (B, S, 72).
        tide: (B, 96) own predicted tide [m] from 71 h before issue to 24 h after; ``tide_error_modes`` (B, 96, 16) of its
            error, each times an independent standard normal number [m].
        weather: (B, 96) autocovariance [m2] of the own residual, level − tide, at lags of 0 to 95 h.
        season: (B, 2) sine and cosine of the day of the year.
        terrain: (B, 4, H, W) ``TERRAIN_CHANNELS`` [m, m, 1, km]; ``terrain_seen`` (B, H, W).
        radar: (B, 4, H, W) ``RADAR_CHANNELS`` [dB]; ``radar_seen`` (B, H, W).
        optical: (B, 3, H, W) reflectance, coarse pixels repeated on the region's grid; ``optical_seen`` (B, H, W).
        in_situ: (B, 1, H, W) depth at loggers [m]; ``in_situ_seen`` (B, H, W).
        strandlines: (B, 8, H, W) ``WATERLINE_CHANNELS``, what the maps of other storms say of the ground
            [m; frequency, class and number of storms: 1]; ``waterlines_seen`` (B, H, W).
        archive: (B, E, 2, H, W) ``ARCHIVE_CHANNELS``, those maps themselves [probability, expected class];
            ``archive_seen`` (B, E); ``archive_level`` (B, E) each storm's peak [m above mean sea level].
        climate: (B, 6, 5) ``CLIMATE_CHANNELS`` a day [hPa − 1013, m s-1]; ``climate_seen`` (B, 6);
            ``climate_hours`` (B, 6) hours from issue to the middle of the day.
        asset_cell: (B, A, 2) row and column; ``asset_class`` (B, A); ``asset_seen`` (B, A) lies on the grid.
        flood_class: (B, H, W) 0…4, ``flood_valid`` (B, H, W).
        surge: (B, 25) level − tide [m] at each lead, ``surge_valid`` (B, 25).
        damage_state: (B, A) 0…4, ``damage_valid`` (B, A).
    """

    gauge: Tensor
    gauge_seen: Tensor
    tide: Tensor
    tide_error_modes: Tensor
    residual_covariance: Tensor
    season: Tensor
    terrain: Tensor | None = None
    terrain_seen: Tensor | None = None
    radar: Tensor | None = None
    radar_seen: Tensor | None = None
    optical: Tensor | None = None
    optical_seen: Tensor | None = None
    in_situ: Tensor | None = None
    in_situ_seen: Tensor | None = None
    waterlines: Tensor | None = None
    waterlines_seen: Tensor | None = None
    archive: Tensor | None = None
    archive_seen: Tensor | None = None
    archive_level: Tensor | None = None
    climate: Tensor | None = None
    climate_seen: Tensor | None = None
    climate_hours: Tensor | None = None
    asset_cell: Tensor | None = None
    asset_class: Tensor | None = None
    asset_seen: Tensor | None = None
    flood_class: Tensor | None = None
    flood_valid: Tensor | None = None
    surge: Tensor | None = None
    surge_valid: Tensor | None = None
    damage_state: Tensor | None = None
    damage_valid: Tensor | None = None

    def __post_init__(self) -> None:
        if torch.compiler.is_exporting():  # shapes and values are symbols then
            return
        size = len(self)
        for field in fields(self):
            tensor = getattr(self, field.name)
            if tensor is None:
                continue
            if tensor.shape[0] != size:
                raise InputError("batch", f"'{field.name}' holds {tensor.shape[0]} samples", f"expected {size}")
            if field.name.endswith(("_seen", "_valid")):
                if tensor.dtype != torch.bool:
                    raise InputError("batch", f"'{field.name}' is {tensor.dtype}", "masks are boolean")
            elif tensor.is_floating_point() and not bool(torch.isfinite(tensor.sum())):
                raise InputError("batch", f"'{field.name}' holds NaN or infinity", "mask what was not seen")
        for name in ("terrain", "radar", "optical", "in_situ", "waterlines", "archive", "climate"):
            if (getattr(self, name) is None) != (getattr(self, f"{name}_seen") is None):
                raise InputError("batch", f"'{name}' and '{name}_seen' do not come together", "give both or neither")
        self._check_shapes()
        if self.gauge.shape[2] != CONTEXT_HOURS or self.tide.shape[1] != TIDE_HOURS:
            raise InputError(
                "batch",
                f"gauge {tuple(self.gauge.shape)} and tide {tuple(self.tide.shape)}",
                f"the last dimensions are {CONTEXT_HOURS} and {TIDE_HOURS} hours",
            )
        for name, expected in (
            ("tide_error_modes", (size, TIDE_HOURS, TIDE_MODES)),
            ("residual_covariance", (size, TIDE_HOURS)),
        ):
            if (given := tuple(getattr(self, name).shape)) != expected:
                raise InputError("batch", f"'{name}' is {given}", f"expected {expected}")

    def _check_shapes(self) -> None:
        """Every mask covers its values, and every map the same grid."""
        # the dimension that the mask lacks
        channel = {"terrain": 1, "radar": 1, "optical": 1, "in_situ": 1, "waterlines": 1, "climate": 2}
        for name in ("gauge", *channel, "flood_class", "surge"):
            values = getattr(self, name)
            mask = getattr(
                self, f"{name.removesuffix('_class')}_{'valid' if name in ('flood_class', 'surge') else 'seen'}"
            )
            if values is None or mask is None:
                continue
            expected = tuple(size for dim, size in enumerate(values.shape) if dim != channel.get(name))
            if tuple(mask.shape) != expected:
                raise InputError("batch", f"the mask of '{name}' is {tuple(mask.shape)}", f"expected {expected}")
            on_map = channel.get(name) == 1 or name == "flood_class"
            if on_map and self.terrain is not None and values.shape[-2:] != self.terrain.shape[-2:]:
                grid = tuple(self.terrain.shape[-2:])
                raise InputError("batch", f"'{name}' covers {tuple(values.shape[-2:])} cells", f"expected {grid}")
        if self.archive is not None:
            expected = tuple(self.archive.shape[:2])
            for name in ("archive_seen", "archive_level"):
                given = getattr(self, name)
                if given is None or tuple(given.shape) != expected:
                    shape = None if given is None else tuple(given.shape)
                    raise InputError("batch", f"'{name}' is {shape}", f"expected {expected}, one value a map")

    def __len__(self) -> int:
        return int(self.gauge.shape[0])

    def __getitem__(self, index: Tensor | slice) -> Self:
        return self._map(lambda tensor: tensor[index])

    def to(self, device: torch.device | str) -> Self:
        """The same batch on another device."""
        return self._map(lambda tensor: tensor.to(device))

    def without(self, *modalities: str) -> Self:
        """The same batch with these modalities absent; ``gauge`` becomes unseen, since the tide always remains."""
        batch = self
        for name in modalities:
            if name == "gauge":
                nothing = torch.zeros_like(self.gauge_seen)
                batch = replace(batch, gauge=torch.zeros_like(self.gauge), gauge_seen=nothing)
            else:
                gone = {name: None, f"{name}_seen": None} | ({"archive_level": None} if name == "archive" else {})
                batch = replace(batch, **gone)  # type: ignore[arg-type]
        return batch

    def _map(self, change: Callable[[Tensor], Tensor]) -> Self:
        present = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: change(tensor) for name, tensor in present.items() if tensor is not None})


def concatenate(batches: Sequence[Batch]) -> Batch:
    """One batch of all samples; every batch must have the same modalities and shapes."""
    names = [field.name for field in fields(Batch) if getattr(batches[0], field.name) is not None]
    return Batch(**{name: torch.cat([getattr(batch, name) for batch in batches]) for name in names})
