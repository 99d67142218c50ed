"""Tropical cyclone tracks: all fixes of the storms that passed near the region."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.checks.times import REMEDY, implausible_times
from strandline.observations.readers.formats.tables import TextTable, read_table
from strandline.observations.readers.formats.timestamps import parse_times
from strandline.observations.readers.formats.units import to_si
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import StormsSection
from strandline.observations.variables import as_variable, check_variables

_log = logging.getLogger(__name__)

_COLUMNS = {
    "track_id": ("track_id", "time", "lon", "lat", "wind", "slp"),
    "SID": ("SID", "ISO_TIME", "LON", "LAT", "WMO_WIND", "WMO_PRES"),
}
"""First column → columns of storm, time, longitude, latitude, wind [kt], pressure [hPa]. ``SID`` is NCEI's own CSV."""


def read_storms(settings: StormsSection, region: Region) -> xr.Dataset | None:
    """The ``storms`` modality, or ``None`` where no storm passed within ``distance`` [km] of the region's centre.

    Raises:
        InputError: with file, row and remedy.
    """
    return read_tracks(settings.path, [region.centre_lonlat], settings.distance)


def read_tracks(path: Path, points: Sequence[tuple[float, float]], distance: float) -> xr.Dataset | None:
    """All fixes of the storms that passed within ``distance`` [km] of any point; ``None`` without such a storm.

    Args:
        path: IBTrACS, as CSV.
        points: longitude and latitude of each [degrees].

    Raises:
        InputError: with file, row and remedy.
    """
    table = read_table(path)
    columns = next((names for key, names in _COLUMNS.items() if key in table.frame.columns), None)
    if columns is None:
        raise InputError(path, "has neither column 'track_id' nor 'SID'", "give an IBTrACS CSV")
    if columns[0] == "SID" and table.frame["SID"].iloc[0] == "":
        table = TextTable(
            table.path, table.frame.iloc[1:], table.first_row
        )  # the second line of NCEI's CSV holds the units
    storm, time, longitude, latitude, wind, pressure = columns
    x, y = table.numbers(longitude, ()), table.numbers(latitude, ())
    wrong = np.isnan(x) | np.isnan(y) | (np.abs(y) > 90) | (np.abs(x) > 360)
    remedy = "check whether longitude and latitude are swapped"
    table.refuse(wrong, [longitude, latitude], "is not a position", remedy)
    x = (x + 180.0) % 360.0 - 180.0
    near = np.any([great_circle_distance(x, y, *point) <= distance for point in points], axis=0)
    names = table.column(storm)
    chosen = np.flatnonzero(names.isin(set(names[near])))
    _log.info("storms: %d passed within %g km", names[near].nunique(), distance)
    if not chosen.size:
        return None
    selected = TextTable(table.path, table.frame.iloc[chosen], table.first_row)
    at = parse_times(selected, time)
    selected.refuse(implausible_times(at), [time], "cannot be the time of an observation", REMEDY)
    storms = xr.Dataset(
        {
            "maximum_wind": as_variable("maximum_wind", ("fix",), to_si(selected.numbers(wind, ()), "kt")),
            "central_pressure": as_variable("central_pressure", ("fix",), to_si(selected.numbers(pressure, ()), "hPa")),
        },
        {
            "fix": np.arange(chosen.size),
            "storm": ("fix", names.iloc[chosen].to_numpy(dtype=str)),
            "time": ("fix", at),
            "longitude": ("fix", x[chosen]),
            "latitude": ("fix", y[chosen]),
        },
    )
    check_variables(storms, path)
    return storms
