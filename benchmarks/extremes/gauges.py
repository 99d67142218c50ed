"""Real gauges: return levels of ten-year pieces beside those of the whole record, by the same method."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.record import Row
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.published.cyclone_tracks import read_tracks
from strandline.observations.sea_level.harmonic_tide import fit_tide, predict_tide
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.own_record import GaugeHours, RecordedExtremes, estimate_from_record

PIECE_YEARS, TIDE_YEARS = 10, 19
PERIODS = (10.0, 25.0)
TRACK_DISTANCE = 400.0  # [km]
SAMPLES = 200


@dataclass(frozen=True, eq=False)
class RealGauge:
    """An hourly record (T,) [m, datum of the gauge], NaN = gap, and the cyclone tracks near it."""

    name: str
    longitude: float
    latitude: float
    time: Times
    level: Floats
    storms: xr.Dataset | None


def read_gauges(data: Path) -> Iterator[RealGauge]:
    """The gauges of ``data/gauges`` with more than ten years of hourly levels."""
    tracks = data / "storms" / "ibtracs_wmo_1980_2024.csv.gz"
    dutch = pd.read_csv(data / "gauges/netherlands/stations.csv", index_col="station")
    for name, place in dutch.iterrows():
        (path,) = (data / "gauges/netherlands").glob(f"{name}_hourly_*.csv.gz")
        level = pd.read_csv(path, index_col=0, parse_dates=True).iloc[:, 0]
        level.index = pd.DatetimeIndex(level.index) - pd.Timedelta(hours=1)  # the clock is probably UTC+1
        yield gauge_of(str(name), place["longitude"], place["latitude"], level, None)
    american = pd.read_csv(data / "gauges/new_jersey/stations.csv", index_col="station")
    table = pd.read_csv(data / "gauges/new_jersey/stone_harbor_hourly.csv.gz", index_col=0, parse_dates=True)
    american_level = table["level_m"].where(table["flag"].isna())
    american_level.index = pd.DatetimeIndex(american_level.index).tz_localize(None)
    place = american.loc[["stone_harbor"]].iloc[0]
    near = read_tracks(tracks, [(place["longitude"], place["latitude"])], TRACK_DISTANCE)
    yield gauge_of("stone_harbor", place["longitude"], place["latitude"], american_level[:"2024"], near)


def rows_of_gauge(gauge: RealGauge, seed: int) -> list[Row]:
    """One row for each piece and period: its level and interval, and the level of the whole record."""
    whole = estimate_piece(gauge, slice(None), seed)
    rows: list[Row] = []
    for piece, part_of_record in enumerate(_pieces(gauge.level)):
        part = estimate_piece(gauge, part_of_record, seed)
        for column, period in enumerate(PERIODS):
            low, middle, high = np.quantile(part.levels[:, column], [0.05, 0.5, 0.95])
            reference = np.quantile(whole.levels[:, column], [0.05, 0.5, 0.95])
            rows.append(
                {
                    "gauge": gauge.name,
                    "piece": piece,
                    "from": str(pd.Timestamp(gauge.time[part_of_record.start]).date()),
                    "return_period": period,
                    "level": round(float(middle), 3),
                    "low": round(float(low), 3),
                    "high": round(float(high), 3),
                    "whole": round(float(reference[1]), 3),
                    "whole_low": round(float(reference[0]), 3),
                    "whole_high": round(float(reference[2]), 3),
                    "whole_years": round(whole.record_years, 1),
                    "separation": part.separation,
                    "cyclones": part.cyclones,
                }
            )
    return rows


def _pieces(level: Floats) -> list[slice]:
    """The first, the middle and the last part of a record that hold ``PIECE_YEARS`` of readings each, gaps aside."""
    read = np.concatenate([[0], np.cumsum(~np.isnan(level))])  # before each hour
    needed = PIECE_YEARS * HOURS_PER_YEAR
    latest = int(np.searchsorted(read, read[-1] - needed, side="right")) - 1
    starts = np.linspace(0, latest, 3).astype(int)
    return [slice(start, int(np.searchsorted(read, read[start] + needed))) for start in starts]


def gauge_of(name: str, longitude: float, latitude: float, level: pd.Series, storms: xr.Dataset | None) -> RealGauge:
    """A gauge [degrees] of a series with UTC times, as hours between its first and last reading."""
    hourly = level[~level.index.duplicated()].asfreq("h")
    first, last = hourly.first_valid_index(), hourly.last_valid_index()
    hourly = hourly[first:last]
    time = hourly.index.to_numpy(dtype="datetime64[ns]")
    return RealGauge(name, float(longitude), float(latitude), time, hourly.to_numpy(float), storms)


def estimate_piece(
    gauge: RealGauge, part: slice, seed: int, periods: tuple[float, ...] = PERIODS, epoch: float | None = None
) -> RecordedExtremes:
    """Levels [m, datum of the gauge] from a part of the record alone: its tide too is fitted to that part.

    Args:
        epoch: year of whose sea they are; the end of the part when ``None``.
    """
    time, level = gauge.time[part], gauge.level[part]
    tide = fit_tide(time, level, gauge.latitude, name=gauge.name, source="benchmark")
    long = time[0] + np.arange(TIDE_YEARS * HOURS_PER_YEAR) * np.timedelta64(1, "h")
    predicted = predict_tide(tide.constants, long)
    record = GaugeHours(time, level - tide.mean, predict_tide(tide.constants, time), long, predicted)
    passages = None if gauge.storms is None else cyclone_passages(gauge.storms, gauge.longitude, gauge.latitude)
    found = estimate_from_record(record, passages, None, periods, SAMPLES, np.random.default_rng(seed), epoch)
    return replace(found, levels=found.levels + tide.mean)
