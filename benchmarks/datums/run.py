"""Data sets shifted by known offsets, and what the checks of datums find."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.record import Row
from strandline.observations.checks.datums.gauge_records import GaugeRecord, gauge_records
from strandline.observations.checks.datums.ground import compare_with_sea, ground_of
from strandline.observations.checks.datums.highest_readings import compare_with_maxima
from strandline.observations.checks.datums.mean_sea_level import USUAL_SEASON, compare_with_statement
from strandline.observations.checks.findings import Finding
from strandline.observations.region_file.data_sections import ExtremesSection, TerrainSection, TideGaugeSection
from strandline.observations.region_file.vertical_datum import VerticalDatum
from strandline.simulator.coast import simulate_dry_coast

SHIFTS = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
"""[m]"""
YEARS, STORMS = 2.0, 5
"""Of the simulated records."""
PIECES = (30, 92, 365)
"""[days]"""
LONG_RECORD = 10
"""Whole years from which a gauge has maxima of its own to compare with."""
_SHARE_OF_HOURS = 0.6
_LOCAL = VerticalDatum(name="gauge zero", kind="local")
_FILES = {
    "Hoek van Holland": ("netherlands/hoekvhld_hourly_1976_1994.csv.gz", "level_m_NAP"),
    "Vlissingen": ("netherlands/vlissgn_hourly_1976_1994.csv.gz", "level_m_NAP"),
    "Stone Harbor": ("new_jersey/stone_harbor_hourly.csv.gz", "level_m"),
    "Port Isabel": ("texas/port_isabel_2008_2012.csv.gz", "level_m"),
    "South Padre Island": ("texas/south_padre_coast_guard_2008_2012.csv.gz", "level_m"),
    **{
        name: ("australia/sealevel_hourly_2012_2014.csv.gz", name)
        for name in (
            "Hillarys", "Esperance", "Thevenard", "Portland", "PortKembla", "CapeFerguson", "Darwin", "Broome",
        )
    },
}  # fmt: skip


def simulated(seeds: Sequence[int]) -> Iterator[Row]:
    """Terrain of simulated deltas, shifted against their gauge."""
    section = TerrainSection.model_validate(
        {"path": "t", "vertical_datum": "region", "elevation_error": 1.2, "permanent_water": {"path": "w"}}
    )
    coasts = []
    for seed in seeds:
        coast = simulate_dry_coast(f"coast {seed}", seed, years=YEARS, n_storms=STORMS)
        gauge = coast.require_gauge().isel(station=[0])
        (record,) = gauge_records((_section("own", float(gauge["mean_sea_level"][0])),), gauge)
        coasts.append((coast.region, coast.terrain, record))

    def of(shift: float) -> Iterator[list[Finding]]:
        for region, terrain, record in coasts:
            ground = ground_of(terrain.assign(elevation=terrain["elevation"] + shift), region, record)
            yield list(compare_with_sea(ground, region.cell_size, section))

    for shift in SHIFTS:
        yield _row("simulated", f"{len(coasts)} coasts", "terrain", shift, of(shift))


def gauges(folder: Path) -> Iterator[Row]:
    """Pieces of real records against the mean of the whole, and years of long ones against their own maxima."""
    records = {name: _read(folder / path, column) for name, (path, column) in _FILES.items()}
    for days in PIECES:
        for shift in SHIFTS:
            found = [
                compare_with_statement(_record(piece + shift, float(record.mean())), _LOCAL, USUAL_SEASON)
                for record in records.values()
                for piece in _pieces(record, days)
            ]
            yield _row("mean sea level", f"{days} days", "gauge", shift, found)
    book = ExtremesSection.model_validate(
        {"source": "own record", "path": "m", "year": "y", "maximum": "m", "unit": "m", "trend": False,
         "vertical_datum": "region"}
    )  # fmt: skip
    yearly = {name: _annual_maxima(record) for name, record in records.items()}
    for shift in SHIFTS:
        found = [
            compare_with_maxima(_record(piece + shift, 0.0), *maxima, book)
            for name, maxima in yearly.items()
            if maxima[0].size >= LONG_RECORD
            for piece in _pieces(records[name], 365)
        ]
        yield _row("highest readings", "365 days", "gauge", shift, found)


def _row(part: str, case: str, shifted: str, shift: float, found: Iterable[Iterable[Finding]]) -> Row:
    counts = Counter(_outcome(list(findings)) for findings in found)
    outcomes = {name: counts[name] for name in ("silent", "warned", "refused")}
    return {"part": part, "case": case, "shifted": shifted, "shift_m": shift, "n": sum(counts.values()), **outcomes}


def _outcome(findings: list[Finding]) -> str:
    return "refused" if any(finding.refuses for finding in findings) else "warned" if findings else "silent"


def _read(path: Path, column: str) -> pd.Series:
    """Hourly levels [m]; NaN = gap."""
    table = pd.read_csv(path)
    times = pd.to_datetime(table.iloc[:, 0], utc=True).dt.tz_localize(None)
    levels = pd.Series(pd.to_numeric(table[column], errors="coerce").to_numpy(), pd.DatetimeIndex(times))
    return levels[~levels.index.duplicated()].resample("h").mean()


def _pieces(record: pd.Series, days: int) -> Iterator[pd.Series]:
    length = pd.Timedelta(days=days)
    for start in pd.date_range(record.index[0], record.index[-1] - length, freq=length):
        piece = record[start : start + length]
        if piece.notna().sum() >= 24 * days * _SHARE_OF_HOURS:
            yield piece


def _annual_maxima(record: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    by_year = record.groupby(pd.DatetimeIndex(record.index).year)
    highest = by_year.max()[by_year.count() >= 8766 * _SHARE_OF_HOURS]
    return highest.index.to_numpy(dtype=float), highest.to_numpy()


def _record(levels: pd.Series, mean_sea_level: float) -> GaugeRecord:
    dataset = xr.Dataset(
        {
            "water_level": (("station", "time"), levels.to_numpy()[None]),
            "quality": (("station", "time"), np.zeros((1, levels.size), np.uint8)),
        },
        {"time": levels.index.to_numpy(dtype="datetime64[ns]"), "mean_sea_level": ("station", [mean_sea_level])},
    )
    (record,) = gauge_records((_section("gauge", mean_sea_level),), dataset)
    return record


def _section(name: str, mean_sea_level: float) -> TideGaugeSection:
    return TideGaugeSection.model_validate(
        {
            "name": name, "paths": ["levels.csv"], "format": "wide", "columns": {"time": "time", "level": "level"},
            "unit": "m", "time_zone": "UTC", "vertical_datum": "region", "longitude": 0.0, "latitude": 0.0,
            "mean_sea_level": mean_sea_level, "minimum_share": 0.5,
        }
    )  # fmt: skip
