"""One satellite image of a flood, or of the time before it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from strandline.observations.arrays import SingleFloats
from strandline.observations.checks.times import check_times
from strandline.observations.readers.formats.rasters import NoCoverage
from strandline.observations.region import Region

ImageLayer = Literal["radar_before", "radar_after", "optical_before", "optical_after"]
_TIME_IN_NAME = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})[T_](\d{2})(\d{2})(\d{2})?(?!\d)")


@dataclass(frozen=True, eq=False)
class Image:
    """An image that windows are read from.

    Attributes:
        layer: of a ``FloodScene``.
        path: of the file, or of the first of several.
        time: UTC; ``None`` = not stated.
        read_window: (2, h, w) radar [dB] or (3, h, w) reflectance of a window; NaN = not seen.
        source, licence: as the region file states them, else the file's name.
        notes: what was assumed about the file, as sentences.
    """

    layer: ImageLayer
    path: Path
    time: np.datetime64 | None
    read_window: Callable[[Region], SingleFloats]
    source: str
    licence: str = "not stated"
    notes: tuple[str, ...] = ()

    def read(self, window: Region) -> SingleFloats:
        """The same as ``read_window``, with NaN where the image shows nothing of the window.

        Raises:
            InputError: the file cannot be used.
        """
        try:
            return self.read_window(window)
        except NoCoverage:
            bands = 2 if self.layer.startswith("radar") else 3
            return np.full((bands, *window.shape), np.nan, np.float32)


def time_in_name(path: Path) -> np.datetime64 | None:
    """The time that a file's name holds as ``20221122T165012``, UTC; ``None`` = it holds none.

    Names of Sentinel-1 and Sentinel-2 products begin their sensing time so.

    Raises:
        InputError: it cannot be the time of an observation.
    """
    found = _TIME_IN_NAME.search(path.name)
    if found is None:
        return None
    year, month, day, hour, minute, second = found.groups()
    try:
        time = np.datetime64(f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}", "ns")
    except ValueError:  # a number that only looks like a time
        return None
    check_times(np.array([time]), path)
    return time


def as_text(time: np.datetime64 | None) -> str:
    """A time for people, UTC; where it is unknown, that."""
    return "time not stated" if time is None else f"{pd.Timestamp(time):%Y-%m-%d %H:%M} UTC"
