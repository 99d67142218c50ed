"""The data sets of a region against one another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats
from strandline.observations.checks.annual_maxima import compare_maxima_with_readings
from strandline.observations.checks.findings import Finding
from strandline.observations.checks.positions import doubts_about_position
from strandline.observations.checks.published_tide import compare_tide_with_readings
from strandline.observations.region import Region
from strandline.observations.sea_level.harmonic_tide import TidalConstants


@dataclass(frozen=True, eq=False)
class Published:
    """What is published of the sea, beside the region's own readings.

    Attributes:
        constants, constants_from: of the tide, and their file; ``None`` = fitted to the record.
        years, maxima, maxima_from: annual maxima [m, region datum], and their file; ``None`` = none are published.
    """

    constants: TidalConstants | None = None
    constants_from: str = ""
    years: Floats | None = None
    maxima: Floats | None = None
    maxima_from: str = ""

    def joined(self, other: "Published") -> "Published":
        """With what ``other`` has and this lacks."""
        missing = {name: value for name, value in vars(other).items() if getattr(self, name) in (None, "")}
        return replace(self, **missing)


def cross_checks(
    region: Region,
    gauge: xr.Dataset | None,
    published: Published,
    held_out: Sequence[tuple[np.datetime64, np.datetime64]],
) -> Iterator[Finding]:
    """What contradicts the region's own gauge, station 0 of the ``tide_gauge`` modality."""
    if gauge is None:
        return
    name = f"gauge '{gauge['station'].values[0]}'"
    yield from doubts_about_position(
        region, float(gauge["longitude"].values[0]), float(gauge["latitude"].values[0]), name
    )
    time, level = gauge["time"].values, gauge["water_level"].values[0]
    readings = np.where(gauge["quality"].values[0] == 0, level, np.nan)
    if np.isnan(readings).all():
        what = "every reading is flagged as a spike, stuck or on another datum"
        yield Finding(name, what, "check the file: column, unit and missing markers", refuses=True)
        return
    if published.constants is not None:
        yield from compare_tide_with_readings(published.constants, time, readings, published.constants_from, name)
    if published.years is not None and published.maxima is not None:
        mean = float(gauge["mean_sea_level"].values[0])
        yield from compare_maxima_with_readings(
            published.years, published.maxima, time, readings, mean, published.maxima_from
        )
    for start, end in held_out:
        if not (~np.isnan(readings[(time >= start) & (time <= end)])).any():
            first, last = (np.datetime_as_string(each, "m") for each in (start, end))
            what = f"the gauge has no reading in the held-out window {first} to {last}"
            yield Finding("split.held_out", what, "check its dates, or leave it out")
