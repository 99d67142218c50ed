"""The nouns of flood mapping: what there is of one flood on one grid, and the same with labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Mask, SingleFloats

RADAR_BANDS = ("vv", "vh")
OPTICAL_BANDS = ("green", "near_infrared", "shortwave_infrared")
RadarUnit = Literal["dB", "relative"]
"""``relative``: scaled image by image, so that only contrasts within one image carry information."""
LabelMeaning = Literal["flood", "water"]
"""``water`` holds permanent water too."""
UNKNOWN, DRY, WET = -1, 0, 1
"""Values of a label."""
_LAYERS = {
    "radar_before": 2, "radar_after": 2, "optical_before": 3, "optical_after": 3,
    "points": 1, "elevation": 1, "permanent_water": 1,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class FloodScene:
    """What there is of one flood on one grid of H × W cells; ``None`` = not observed, NaN = unknown in a cell.

    Attributes:
        cell_size: edge of a cell [m].
        radar_before, radar_after: (2, H, W) ``RADAR_BANDS``, in ``radar_unit``; a band that is missing is all NaN.
        optical_before, optical_after: (3, H, W) ``OPTICAL_BANDS``, reflectance [-] or proportional to it; coarse
            pixels are repeated over their cells.
        points: (H, W) state known on the ground, 1 = wet, 0 = dry.
        elevation: (H, W) of the ground [m above mean sea level].
        permanent_water: (H, W) 1 = water at mean sea level, 0 = land.
        sea_level: of the sea at the moment [m above mean sea level].
    """

    cell_size: float
    radar_before: SingleFloats | None = None
    radar_after: SingleFloats | None = None
    radar_unit: RadarUnit = "dB"
    optical_before: SingleFloats | None = None
    optical_after: SingleFloats | None = None
    points: SingleFloats | None = None
    elevation: SingleFloats | None = None
    permanent_water: SingleFloats | None = None
    sea_level: float | None = None

    def __post_init__(self) -> None:
        shapes = {name: layer.shape for name, layer in self.layers.items()}
        if not shapes:
            raise InputError("flood scene", "holds no layer", f"give one of {', '.join(_LAYERS)}")
        grids = {shape[-2:] for shape in shapes.values()}
        for name, shape in shapes.items():
            expected = (2, 3) if _LAYERS[name] == 1 else (3,)
            if len(shape) not in expected or (len(shape) == 3 and shape[0] != _LAYERS[name]) or len(grids) > 1:
                raise InputError(
                    f"flood scene, layer '{name}'",
                    f"has the shape {shape}",
                    "give every layer on one grid: (2, H, W) radar, (3, H, W) optical, (H, W) all others",
                )

    @property
    def layers(self) -> dict[str, SingleFloats]:
        """The layers that there are, by name."""
        return {name: layer for name in _LAYERS if (layer := getattr(self, name)) is not None}

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        rows, columns = next(iter(self.layers.values())).shape[-2:]
        return int(rows), int(columns)

    def window(self, rows: slice, columns: slice) -> Self:
        """The same scene on a part of the grid."""
        cut: dict[str, Any] = {name: layer[..., rows, columns] for name, layer in self.layers.items()}
        return replace(self, **cut)

    def without(self, *names: str) -> Self:
        """The same scene as if these layers had not been observed."""
        unknown = set(names) - set(_LAYERS)
        if unknown:
            raise ValueError(f"no layer of a flood scene: {', '.join(sorted(unknown))}")
        absent: dict[str, Any] = dict.fromkeys(names)
        return replace(self, **absent)


@dataclass(frozen=True, eq=False)
class LabelledScene:
    """A flood scene whose extent somebody delineated.

    Attributes:
        name: of the chip; ``event``: of the flood that it belongs to: chips of one event are never split between
            training and test.
        scene: what was observed.
        label: (H, W) int8, ``WET``, ``DRY`` or ``UNKNOWN``.
        meaning: what is wet in it.
    """

    name: str
    event: str
    scene: FloodScene
    label: npt.NDArray[np.int8]
    meaning: LabelMeaning

    def __post_init__(self) -> None:
        if self.label.shape != self.scene.shape or not np.isin(self.label, (UNKNOWN, DRY, WET)).all():
            raise InputError(
                f"label of {self.name}",
                f"has the shape {self.label.shape} and values {np.unique(self.label)[:5]}",
                f"give {self.scene.shape} of 1 wet, 0 dry, −1 unknown",
            )

    @property
    def known(self) -> Mask:
        """(H, W) where the label holds."""
        return np.asarray(self.label != UNKNOWN)


def side_by_side(scenes: Sequence[FloodScene]) -> FloodScene:
    """One scene of several parts of one region, one below the other.

    Args:
        scenes: of one width, with the same layers.
    """
    first = scenes[0]
    joined: dict[str, Any] = {
        name: np.concatenate([scene.layers[name] for scene in scenes], axis=-2) for name in first.layers
    }
    return replace(first, **joined)


def events_of(scenes: Sequence[LabelledScene]) -> dict[str, list[LabelledScene]]:
    """Event → its scenes, in the given order."""
    found: dict[str, list[LabelledScene]] = {}
    for scene in scenes:
        found.setdefault(scene.event, []).append(scene)
    return found
