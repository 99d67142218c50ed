"""Reads the ``[[surge_forecast]]`` sections of a region file: what operational services issued for the gauge."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Times
from strandline.observations.checks.times import check_times
from strandline.observations.readers.formats.tables import TextTable, read_table
from strandline.observations.readers.formats.timestamps import parse_times
from strandline.observations.readers.formats.units import to_si
from strandline.observations.readers.published.surge_forecast_fields import read_forecast
from strandline.observations.readers.weather_forecasts.assemble import HOUR, LONGEST_LEAD
from strandline.observations.region import Region
from strandline.observations.region_file.weather_sections import SurgeForecastSection
from strandline.observations.variables import as_variable, check_variables

TENTH_TO_NINETIETH = 2.5631
"""Standard deviations between the 10th and the 90th percentile of a normal distribution."""
_MOST_VALUES = 20_000_000
_DIMENSIONS = ("service", "issued", "lead")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Rows:
    """N forecasts of one service: cycle, valid time (UTC), level and, of members, their spread [m], NaN = none."""

    issued: Times
    valid: Times
    level: Floats
    spread: Floats
    member: Indices


def read_surge_forecasts(sections: Sequence[SurgeForecastSection], region: Region) -> xr.Dataset:
    """The ``surge_forecast`` modality: a service for each section.

    Members become their mean and standard deviation, a 10 % and a 90 % the standard deviation of the normal
    distribution between them. Hours up to that of the cycle, which are no forecast, are left out.

    Raises:
        InputError: with file, variable or row, and remedy.
    """
    names = [section.name for section in sections]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError("[[surge_forecast]]", f"names '{repeated[0]}' twice", "give each service a name, and one file")
    parts = [_by_issue(_read(section), section) for section in sections]
    issued = np.unique(np.concatenate([part.index.get_level_values("issued") for part in parts]))
    lead = np.unique(np.concatenate([part.index.get_level_values("lead") for part in parts]))
    shape = (len(parts), issued.size, lead.size)
    if np.prod(shape, dtype=float) > _MOST_VALUES:
        raise InputError("[[surge_forecast]]", f"hold {shape} services, cycles and leads", "give fewer cycles")
    layers = {name: np.full(shape, np.nan) for name in ("water_level_forecast", "surge_forecast", "forecast_spread")}
    available = np.empty(shape[:2], dtype="datetime64[ns]")
    for number, (section, part) in enumerate(zip(sections, parts, strict=True)):
        at = (
            np.searchsorted(issued, part.index.get_level_values("issued")),
            np.searchsorted(lead, part.index.get_level_values("lead")),
        )
        layers[section.variable][number, at[0], at[1]] = part["level"]
        layers["forecast_spread"][number, at[0], at[1]] = part["spread"]
        available[number] = issued + np.timedelta64(round(section.delay_hours * 3600e9), "ns")
    forecast = xr.Dataset(
        {name: as_variable(name, _DIMENSIONS, each) for name, each in layers.items() if np.isfinite(each).any()},
        {"service": names, "issued": issued, "lead": lead, "available": (_DIMENSIONS[:2], available)},
    )
    check_variables(forecast, "[[surge_forecast]]")
    _log.info("surge forecasts: %d cycles of %s, to %d h ahead", issued.size, ", ".join(names), lead[-1])
    return forecast


def _read(section: SurgeForecastSection) -> list[tuple[Path, _Rows]]:
    read = _of_table if section.format == "table" else _of_fields
    return [(path, read(path, section)) for path in section.paths]


def _of_fields(path: Path, section: SurgeForecastSection) -> _Rows:
    valid, issued, level, member = read_forecast(path, section)
    check_times(issued, path)
    return _Rows(issued, valid, level, np.full(level.size, np.nan), member)


def _of_table(path: Path, section: SurgeForecastSection) -> _Rows:
    table, columns = read_table(path, section.delimiter), section.columns
    assert columns is not None

    def metres(name: str) -> Floats:
        return to_si(table.numbers(name, section.missing), str(section.unit)) + section.datum_shift

    issued = parse_times(table, columns.issued)
    check_times(issued, path)
    valid = parse_times(table, columns.valid) if columns.valid else issued + _hours(table, str(columns.lead))
    level = metres(columns.level)
    spread = np.full(level.size, np.nan)
    if columns.low is not None and columns.high is not None:
        low, high = metres(columns.low), metres(columns.high)
        table.refuse(high < low, [columns.low, columns.high], "cross", "swap the columns low and high")
        spread = (high - low) / TENTH_TO_NINETIETH
    member = np.zeros(level.size, dtype=np.int64)
    if columns.member is not None:
        member = np.unique(table.column(columns.member).to_numpy(dtype=str), return_inverse=True)[1]
    return _Rows(issued, valid, level, spread, member)


def _hours(table: TextTable, name: str) -> np.ndarray:
    hours = table.numbers(name, ())
    table.refuse(~(np.abs(hours) <= 1e5), [name], "is no lead", "give leads in hours")
    return np.round(hours * 3600).astype("timedelta64[s]")


def _by_issue(files: Sequence[tuple[Path, _Rows]], section: SurgeForecastSection) -> pd.DataFrame:
    """``level`` and ``spread`` [m] by ``issued`` and ``lead`` [h] of one service."""
    frames = [_ahead(path, rows) for path, rows in files]
    frame = pd.concat(frames)
    where = f"[[surge_forecast]] '{section.name}'"
    if frame.empty:
        raise InputError(where, "holds no level after its cycle", "give forecasts, not only the hours before them")
    keys = ["issued", "lead", "member"]
    groups = frame.groupby(keys, sort=True)["level"]
    differ = groups.max() - groups.min() > 1e-3
    if differ.any():
        issue, lead, _ = differ.index[int(differ.argmax())]
        what = f"gives {issue:%Y-%m-%dT%H:%M} twice, and otherwise, {lead} h ahead"
        raise InputError(where, what, "keep one service in one section; name columns.member, if these are members")
    once = frame.drop_duplicates(keys).groupby(["issued", "lead"], sort=True)
    found = once.agg(level=("level", "mean"), members=("level", "std"), spread=("spread", "mean"))
    return pd.DataFrame({"level": found["level"], "spread": found["spread"].fillna(found["members"])})


def _ahead(path: Path, rows: _Rows) -> pd.DataFrame:
    hours = (rows.valid - rows.issued) / HOUR
    kept = np.isfinite(rows.level) & (hours > 0)
    odd = kept & ((hours != np.round(hours)) | (hours > LONGEST_LEAD))
    if odd.any():
        first = int(np.flatnonzero(odd)[0])
        what = f"holds a forecast {hours[first]:g} h after its cycle of {str(rows.issued[first])[:16]}"
        raise InputError(path, what, f"give whole hours up to {LONGEST_LEAD}; are issue and valid times in UTC?")
    return pd.DataFrame(
        {
            "issued": rows.issued[kept], "lead": hours[kept].astype(np.int64), "member": rows.member[kept],
            "level": rows.level[kept], "spread": rows.spread[kept],
        }
    )  # fmt: skip
