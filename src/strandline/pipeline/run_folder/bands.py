"""The bands of a run's rasters, by the names that ``report.products`` gives them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import rasterio
from rasterio.errors import RasterioError

from strandline.errors import InputError

_BAND = re.compile(
    r"(?P<scenario>.+), (?:given the (?P<period>[\d.]+)-year sea level(?:, p(?P<percentile>\d+))?"
    r"|in any one year, (?P<bound>at least|at most))"
)


@dataclass(frozen=True)
class Band:
    """A band of a raster.

    Attributes:
        number: from 1, as GDAL counts.
        return_period: [a] of the sea level that the band is given; ``None`` = it is of any one year.
        percentile: ``None`` = the quantity has no percentiles.
        bound: of an annual probability: ``at least`` or ``at most``; ``None`` = the quantity has no bounds.
    """

    number: int
    scenario: str
    return_period: float | None
    percentile: int | None
    bound: Literal["at least", "at most"] | None


def read_bands(path: Path) -> list[Band]:
    """Return the bands of a raster.

    Raises:
        InputError: it cannot be read, or a band has another name.
    """
    try:
        with rasterio.open(path) as raster:
            names = raster.descriptions
    except (OSError, RasterioError, ValueError) as error:  # ValueError: names that are no text
        raise InputError(path, f"cannot be read ({error})", "run `strandline run` again") from error
    found = []
    for number, name in enumerate(names, start=1):
        match = _BAND.fullmatch(name or "")
        if match is None:
            raise InputError(path, f"band {number} is called {name!r}", "run `strandline run` again")
        period, percentile, bound = match["period"], match["percentile"], match["bound"]
        found.append(
            Band(
                number,
                match["scenario"],
                None if period is None else float(period),
                None if percentile is None else int(percentile),
                bound,  # type: ignore[arg-type]
            )
        )
    return found
