"""The input of the networks: a frozen batch in which an absent modality is ``None`` and an unobserved cell ``False``.

Levels and elevations in a batch are metres above the gauge's mean sea level, so that coasts with different vertical
datums look alike to a network.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from strandline.errors import InputError
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.variables import DEPTH_EDGES

FLOOD_CLASSES = len(DEPTH_EDGES) + 1
DAMAGE_STATES = 5
FLOOD_ISSUE = np.timedelta64(12, "h")
"""A storm's flood map is issued this long after its peak, when the first scenes are available."""
CLIMATE_DAYS = 6
"""Daily climate tokens: three days before issue, the day itself, two days of forecast."""
TERRAIN_CHANNELS = ("elevation", "sill", "permanent_water", "distance_to_sea")
CLIMATE_CHANNELS = ("pressure", "onshore_wind", "alongshore_wind", "lowest_pressure", "strongest_wind")
RADAR_CHANNELS = ("vv", "vh", "vv_reference", "vh_reference")
OPTICAL_CHANNELS = ("green", "near_infrared", "shortwave_infrared")
WATERLINE_CHANNELS = ("low", "middle", "high", "highest_dry", "lowest_wet", "frequency", "depth_class", "storms")
ARCHIVE_CHANNELS = ("flooded", "depth_class")
INFLOW_CHANNELS = ("rain", "discharge")


@dataclass(frozen=True)
class Layout:
    """Shape, type and role of one field of a batch.

    Attributes:
        dims: sizes, or letters: B samples, S stations (0 = own), H W rows and columns, E storms, A assets.
        dtype: float32; bool of a mask; int64 of a class or an index.
        modality: fields of one modality are present together or absent together; ``None`` = the field stands alone.
        mask: field that is ``True`` where this one was observed.
    """

    dims: tuple[int | str, ...]
    dtype: torch.dtype
    modality: str | None
    mask: str | None

    @property
    def is_map(self) -> bool:
        """Whether the field covers the grid."""
        return self.dims[-2:] == ("H", "W")

    def shape(self, sizes: Mapping[str, int]) -> tuple[int | str, ...]:
        """The dimensions, with a size for each letter that has one."""
        return tuple(sizes.get(dim, dim) if isinstance(dim, str) else dim for dim in self.dims)

    def check(self, name: str, tensor: Tensor, sizes: dict[str, int]) -> None:
        """Check one tensor; sizes of letters that occur for the first time are added to ``sizes``.

        Raises:
            InputError: another shape or type, NaN or infinity.
        """
        expected, actual = self.shape(sizes), tuple(tensor.shape)
        if len(actual) != len(expected) or any(
            isinstance(size, int) and size != given for size, given in zip(expected, actual, strict=True)
        ):
            raise InputError("batch", f"'{name}' is {actual}", f"expected ({', '.join(map(str, expected))})")
        sizes.update({dim: size for dim, size in zip(self.dims, actual, strict=True) if isinstance(dim, str)})
        if self.dtype == torch.bool:
            if tensor.dtype != torch.bool:
                raise InputError("batch", f"'{name}' is {tensor.dtype}", "masks are boolean")
        elif tensor.is_floating_point() and not bool(torch.isfinite(tensor.sum())):
            raise InputError("batch", f"'{name}' holds NaN or infinity", "mask what was not observed")


def _layout(
    *dims: int | str, modality: str | None = None, mask: str | None = None, dtype: torch.dtype = torch.float32
) -> dict[str, Layout]:
    """Metadata of a field."""
    return {"layout": Layout(dims, dtype, modality, mask)}


def _map(channels: Sequence[str], modality: str) -> dict[str, Layout]:
    return _layout("B", len(channels), "H", "W", modality=modality, mask=f"{modality}_seen")


def _mask(*dims: int | str, modality: str | None = None) -> dict[str, Layout]:
    return _layout(*dims, modality=modality, dtype=torch.bool)


def _index(*dims: int | str, modality: str, mask: str) -> dict[str, Layout]:
    return _layout(*dims, modality=modality, mask=mask, dtype=torch.int64)


@dataclass(frozen=True)
class Batch:
    """Inputs of the networks and, where known, targets.

    The layout of each field stands beside it and in `LAYOUTS`. Behind a ``False`` of a mask stands a zero that no loss
    or score may read.

    Attributes:
        gauge: water level [m above mean sea level].
        tide: own predicted tide [m above mean sea level] at the hours of ``gauge``, the last 72 up to issue.
        season: sine and cosine of the day of the year.
        terrain: ``TERRAIN_CHANNELS`` [m, m, 1, km].
        radar: ``RADAR_CHANNELS`` [dB].
        optical: ``OPTICAL_CHANNELS``, reflectance; coarse pixels are repeated on the region's grid.
        in_situ: depth at loggers [m].
        waterlines: ``WATERLINE_CHANNELS``, bounds of the ground from flood maps of other storms [m; frequency, class
            and number of storms: 1].
        archive: ``ARCHIVE_CHANNELS``, those maps themselves [probability, expected class]; ``archive_level``: each
            storm's peak [m above mean sea level].
        inflow: ``INFLOW_CHANNELS`` at the hours of ``gauge`` [mm h-1; ln of the ratio to the river's mean].
        archive_inflow: of the storms of the archive, as of `summarise_inflow`.
        climate: ``CLIMATE_CHANNELS`` a day [hPa − 1013, m s-1]; ``climate_hours``: from issue to the middle of the day.
        asset_cell: row and column; ``asset_class``: index of the damage curve; ``asset_seen``: lies on the grid.
        flood_class: target, depth class 0…4.
        damage_state: target, 0…4.
    """

    gauge: Tensor = field(metadata=_layout("B", "S", CONTEXT_HOURS, modality="gauge", mask="gauge_seen"))
    gauge_seen: Tensor = field(metadata=_mask("B", "S", CONTEXT_HOURS, modality="gauge"))
    tide: Tensor = field(metadata=_layout("B", CONTEXT_HOURS))
    season: Tensor = field(metadata=_layout("B", 2))
    terrain: Tensor | None = field(default=None, metadata=_map(TERRAIN_CHANNELS, "terrain"))
    terrain_seen: Tensor | None = field(default=None, metadata=_mask("B", "H", "W", modality="terrain"))
    radar: Tensor | None = field(default=None, metadata=_map(RADAR_CHANNELS, "radar"))
    radar_seen: Tensor | None = field(default=None, metadata=_mask("B", "H", "W", modality="radar"))
    optical: Tensor | None = field(default=None, metadata=_map(OPTICAL_CHANNELS, "optical"))
    optical_seen: Tensor | None = field(default=None, metadata=_mask("B", "H", "W", modality="optical"))
    in_situ: Tensor | None = field(default=None, metadata=_map(("depth",), "in_situ"))
    in_situ_seen: Tensor | None = field(default=None, metadata=_mask("B", "H", "W", modality="in_situ"))
    waterlines: Tensor | None = field(default=None, metadata=_map(WATERLINE_CHANNELS, "waterlines"))
    waterlines_seen: Tensor | None = field(default=None, metadata=_mask("B", "H", "W", modality="waterlines"))
    archive: Tensor | None = field(
        default=None,
        metadata=_layout("B", "E", len(ARCHIVE_CHANNELS), "H", "W", modality="archive", mask="archive_seen"),
    )
    archive_seen: Tensor | None = field(default=None, metadata=_mask("B", "E", modality="archive"))
    archive_level: Tensor | None = field(default=None, metadata=_layout("B", "E", modality="archive"))
    climate: Tensor | None = field(
        default=None,
        metadata=_layout("B", CLIMATE_DAYS, len(CLIMATE_CHANNELS), modality="climate", mask="climate_seen"),
    )
    climate_seen: Tensor | None = field(default=None, metadata=_mask("B", CLIMATE_DAYS, modality="climate"))
    climate_hours: Tensor | None = field(default=None, metadata=_layout("B", CLIMATE_DAYS))
    inflow: Tensor | None = field(
        default=None, metadata=_layout("B", CONTEXT_HOURS, 2, modality="inflow", mask="inflow_seen")
    )
    inflow_seen: Tensor | None = field(default=None, metadata=_mask("B", CONTEXT_HOURS, 2, modality="inflow"))
    archive_inflow: Tensor | None = field(
        default=None, metadata=_layout("B", "E", 2, modality="archive_inflow", mask="archive_inflow_seen")
    )
    archive_inflow_seen: Tensor | None = field(default=None, metadata=_mask("B", "E", 2, modality="archive_inflow"))
    asset_cell: Tensor | None = field(default=None, metadata=_index("B", "A", 2, modality="assets", mask="asset_seen"))
    asset_class: Tensor | None = field(default=None, metadata=_index("B", "A", modality="assets", mask="asset_seen"))
    asset_seen: Tensor | None = field(default=None, metadata=_mask("B", "A", modality="assets"))
    flood_class: Tensor | None = field(
        default=None, metadata=_index("B", "H", "W", modality="flood", mask="flood_valid")
    )
    flood_valid: Tensor | None = field(default=None, metadata=_mask("B", "H", "W", modality="flood"))
    damage_state: Tensor | None = field(default=None, metadata=_index("B", "A", modality="damage", mask="damage_valid"))
    damage_valid: Tensor | None = field(default=None, metadata=_mask("B", "A", modality="damage"))

    def __post_init__(self) -> None:
        if torch.compiler.is_exporting():  # shapes and values are symbols then
            return
        sizes: dict[str, int] = {}
        for name, layout in LAYOUTS.items():
            if (tensor := getattr(self, name)) is not None:
                layout.check(name, tensor, sizes)
        for modality, names in MODALITIES.items():
            absent = [name for name in names if getattr(self, name) is None]
            if 0 < len(absent) < len(names):
                remedy = f"give all or none of {', '.join(names)}"
                raise InputError("batch", f"'{modality}' lacks '{absent[0]}'", remedy)

    def __len__(self) -> int:
        return int(self.gauge.shape[0])

    def __getitem__(self, index: Tensor | slice) -> Self:
        return self._map(lambda tensor: tensor[index])

    @classmethod
    def concatenate(cls, batches: Sequence[Self]) -> Self:
        """One batch of all samples; every batch must have the same modalities and shapes."""
        names = [name for name in LAYOUTS if getattr(batches[0], name) is not None]
        return cls(**{name: torch.cat([getattr(batch, name) for batch in batches]) for name in names})

    @property
    def land(self) -> Tensor:
        """(B, H, W) cells that can be flooded: of known elevation and not permanent water."""
        return land_of(*self.pair("terrain"))

    def require(self, name: str) -> Tensor:
        """The field of this name.

        Raises:
            InputError: it is absent.
        """
        tensor: Tensor | None = getattr(self, name)
        if tensor is None:
            raise InputError("batch", f"has no '{name}'", "give a batch with this modality")
        return tensor

    def pair(self, name: str) -> tuple[Tensor, Tensor]:
        """The field of this name and its mask.

        Raises:
            InputError: it is absent.
        """
        mask = LAYOUTS[name].mask
        if mask is None:
            raise ValueError(f"'{name}' has no mask")
        return self.require(name), self.require(mask)

    def to(self, device: torch.device | str) -> Self:
        """The same batch on another device."""
        return self._map(lambda tensor: tensor.to(device))

    def without(self, *modalities: str) -> Self:
        """The same batch with these modalities absent; ``gauge`` is masked instead, since the tide always remains.

        Raises:
            InputError: a modality that does not exist.
        """
        changes: dict[str, Tensor | None] = {}
        for modality in modalities:
            if modality not in MODALITIES:
                raise InputError("batch", f"has no modality '{modality}'", f"name one of {', '.join(MODALITIES)}")
            for name in MODALITIES[modality]:
                changes[name] = torch.zeros_like(getattr(self, name)) if modality == "gauge" else None
        return replace(self, **changes)  # type: ignore[arg-type]

    def _map(self, change: Callable[[Tensor], Tensor]) -> Self:
        present = {name: getattr(self, name) for name in LAYOUTS}
        return replace(self, **{name: change(tensor) for name, tensor in present.items() if tensor is not None})


LAYOUTS: Mapping[str, Layout] = {one.name: one.metadata["layout"] for one in fields(Batch)}
"""Field → its layout, in the order of the fields."""
MODALITIES: Mapping[str, tuple[str, ...]] = {
    modality: tuple(name for name, layout in LAYOUTS.items() if layout.modality == modality)
    for modality in dict.fromkeys(layout.modality for layout in LAYOUTS.values())
    if modality is not None
}
"""Modality → its fields, which are present or absent together."""


def land_of(terrain: Tensor, seen: Tensor) -> Tensor:
    """(…, H, W) cells that can be flooded, from ``TERRAIN_CHANNELS`` (…, 4, H, W) and where they are known."""
    return seen & (terrain[..., TERRAIN_CHANNELS.index("permanent_water"), :, :] < 0.5)
