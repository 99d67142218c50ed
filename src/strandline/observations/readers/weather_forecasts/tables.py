"""Plain tables of forecasts at one place, as `strandline fetch` writes them: one row an issue, lead and member."""

import csv
import io
from pathlib import Path

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.files import write_text
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.readers.formats.timestamps import parse_times
from strandline.observations.readers.weather_forecasts.assemble import VARIABLES, Rows, assemble

_DECIMALS = {"pressure": 1, "wind_east": 3, "wind_north": 3, "rain": 3}
_KEYS = ("issued", "available", "lead", "member")


def write_forecast_table(forecast: xr.Dataset, path: Path) -> None:
    """Write a forecast of one cell: ``issued,available,lead,member`` and the variables in SI; empty = not given.

    Times are UTC, leads hours, rain mm h-1.
    """
    point = forecast.isel(latitude=0, longitude=0)
    names = [name for name in VARIABLES if name in point]
    values = {name: point[name].transpose("issued", "lead", "member").values for name in names}
    given = ~np.all([np.isnan(array) for array in values.values()], axis=0)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEYS, *names])
    times = {name: np.datetime_as_string(point[name].values, unit="s") for name in ("issued", "available")}
    leads, members = point["lead"].values, point["member"].values
    for issue, lead, member in np.argwhere(given).tolist():
        numbers = [values[name][issue, lead, member] for name in names]
        cells = [
            "" if np.isnan(number) else f"{number:.{_DECIMALS[name]}f}"
            for name, number in zip(names, numbers, strict=True)
        ]
        writer.writerow([times["issued"][issue], times["available"][issue], leads[lead], members[member], *cells])
    write_text(path, text.getvalue())


def read_forecast_table(path: Path, longitude: float, latitude: float) -> xr.Dataset:
    """A table as ``write_forecast_table`` writes it; see ``assemble``.

    Raises:
        InputError: with file, row and remedy.
    """
    table = read_table(path)
    issued, available = (parse_times(table, name).astype("datetime64[ns]") for name in ("issued", "available"))
    lead, member = (table.numbers(name, ()) for name in ("lead", "member"))
    whole = np.isfinite(lead) & np.isfinite(member) & (lead == np.round(lead)) & (member == np.round(member))
    table.refuse(~whole, ["lead", "member"], "are no whole numbers", "give leads in hours, and members from 0 on")
    names = [name for name in VARIABLES if name in table.frame.columns]
    rows = [
        Rows(name, issued, lead.astype(np.int64), member.astype(np.int64), table.numbers(name, ())[:, None, None])
        for name in names
    ]
    issues, first = np.unique(issued, return_index=True)
    moments = available[first]
    differ = available != moments[np.searchsorted(issues, issued)]
    table.refuse(differ, ["available"], "is another time than in a row of the same issue", "give one time an issue")
    if not names:
        raise InputError(path, "has none of the columns pressure, wind_east, wind_north, rain", "name them so, in SI")
    return assemble(rows, np.array([latitude]), np.array([longitude]), lambda _: moments, path)
