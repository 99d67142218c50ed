"""Long hourly records of real gauges, and the sea-level model of the watch fitted to the first part of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.harmonic_tide import fit_tide, predict_tide
from strandline.observations.sea_level.surge.residual_process import autocovariance
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import find_storms
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.fit import fit_forecast_weights
from strandline.uncertainty.assimilation.gauge_model import fit_sensor, own_sensor
from strandline.uncertainty.assimilation.inflation_fit import HOURS_NEEDED
from strandline.uncertainty.assimilation.spread_inflation import SpreadInflation
from strandline.uncertainty.assimilation.surge_process import fit_surge_process

BEFORE_HOURS, AFTER_HOURS = 36, 24
"""Hours before and after its peak that count as a storm."""
FITTED_SHARE = 0.35
"""Least part of a record that is fitted to."""
EVENTS_A_YEAR = (1.0, 4.0)
"""How often the first part passes each event level."""
FITTED_STORMS = 30
"""Highest storms of the first part that the spread of the ensemble is fitted to."""
LEAST_CORRELATION = 0.5
"""Between daily levels of two gauges of one file, from which the other is a neighbour."""
CENTRAL_EUROPEAN_HOURS = 1


@dataclass(frozen=True, eq=False)
class Gauge:
    """A gauge's record and what is fitted to its first part.

    Attributes:
        region: name of the folder that the record is from.
        time: (T,) UTC, hourly; ``first``: position at which the test begins.
        tide: (T + 48,) tide and mean sea level [m, datum of the record].
        residuals: (S, T) readings of the own gauge and of its neighbour minus their tides [m]; NaN = not observed.
        event_levels: events a year → level that the highest storms of the first part reach so often [m].
    """

    name: str
    region: str
    time: Times
    first: int
    tide: Floats
    residuals: Floats
    event_levels: Mapping[float, float]
    model: SeaModel
    spread_inflation: SpreadInflation

    @property
    def level(self) -> Floats:
        """(T,) observed level of the own gauge [m]; NaN = not observed."""
        return np.asarray(self.tide[: self.time.size] + self.residuals[0])

    @property
    def test_years(self) -> float:
        """Length of the test [a]."""
        return (self.time.size - self.first) / HOURS_PER_YEAR

    def storm_peaks(self) -> list[int]:
        """Positions of the highest storms of the test, four a year."""
        storms = find_storms(self.time[self.first :], self.level[self.first :], round(4 * self.test_years))
        return [int(np.searchsorted(self.time, storm.peak)) for storm in storms]

    def in_storm(self) -> Mask:
        """(T,) hours around those peaks."""
        inside = np.zeros(self.time.size, dtype=bool)
        for peak in self.storm_peaks():
            inside[max(peak - BEFORE_HOURS, 0) : peak + AFTER_HOURS] = True
        return inside


def files_of(folder: Path) -> list[Path]:
    """The hourly records of a folder."""
    return sorted(folder.glob("*hourly*.csv.gz"))


def read_levels(folder: Path) -> pd.DataFrame:
    """(T, gauges) hourly levels [m], UTC, of a folder with ``stations.csv`` and one or more ``*hourly*.csv.gz``.

    A file has one column per station, or times, levels and flags of the station that it is named by. Flagged hours were
    filled or altered by the author of the file and count as not observed.
    """
    records: list[pd.DataFrame] = []
    for path in files_of(folder):
        table = pd.read_csv(path, index_col=0, parse_dates=True)
        assert isinstance(table.index, pd.DatetimeIndex)
        if "MET" in str(table.index.name):
            table.index = table.index - pd.Timedelta(hours=CENTRAL_EUROPEAN_HOURS)
        elif table.index.tz is not None:
            table.index = table.index.tz_localize(None)
        if "flag" in table:
            table = table[["level_m"]].where(table["flag"].isna())
        if len(table.columns) == 1:
            table.columns = pd.Index([path.name.partition("_hourly")[0]])
        records.append(table)
    levels = pd.concat(records, axis=1)
    levels = levels.loc[levels.first_valid_index() :]
    return levels.reindex(pd.date_range(levels.index[0], levels.index[-1], freq="h"))


def latitudes_of(folder: Path) -> dict[str, float]:
    """Station → latitude [degrees north]."""
    return dict(pd.read_csv(folder / "stations.csv", index_col="station")["latitude"].astype(float))


def fit_gauge(name: str, region: str, levels: pd.DataFrame, latitudes: Mapping[str, float], most_years: float) -> Gauge:
    """Fit tide, surge process, neighbour, event levels and spread to the first part of a record."""
    time = levels.index.to_numpy("datetime64[ns]")
    first = max(round(FITTED_SHARE * time.size), time.size - round(most_years * HOURS_PER_YEAR))
    neighbour = _best_neighbour(name, levels.iloc[:first])
    own = levels[name].to_numpy(dtype=float)
    tide = _tide(name, time, own, first, latitudes[name])
    residuals = [own - tide[: time.size]]
    process = fit_surge_process(residuals[0][:first], autocovariance(residuals[0][:first]))
    sensors = [own_sensor(name, process)]
    if neighbour is not None:
        other = levels[neighbour].to_numpy(dtype=float)
        residual = other - _tide(neighbour, time, other, first, latitudes[neighbour])[: time.size]
        try:
            sensors.append(fit_sensor(neighbour, residuals[0][:first], residual[:first], process))
            residuals.append(residual)
        except RefusedByTheory:  # too few hours in common: the gauge stands alone
            pass
    model, stacked = SeaModel(process, tuple(sensors)), np.array(residuals)
    return Gauge(
        name, region, time, first, tide, stacked, _event_levels(time[:first], own[:first]), model,
        fit_forecast_weights(model, time[:first], stacked[:, :first], _peaks(time[:first], own[:first]), {})[1],
    )  # fmt: skip


def _tide(name: str, time: Times, level: Floats, first: int, latitude: float) -> Floats:
    """(T + 48,) tide and mean level of a gauge, from its first part."""
    fitted = fit_tide(time[:first], level[:first], latitude, name=name, source="first part of the record")
    beyond = time[-1] + np.arange(1, HORIZON_HOURS + 1).astype("timedelta64[h]")
    return predict_tide(fitted.constants, np.concatenate([time, beyond])) + fitted.mean


def _best_neighbour(name: str, levels: pd.DataFrame) -> str | None:
    """The gauge whose daily levels, without the tide, agree best; ``None`` = none agrees."""
    daily = levels.rolling(25, center=True, min_periods=20).mean()
    correlation = daily.corr()[name].drop(name)
    if correlation.empty or not correlation.max() >= LEAST_CORRELATION:
        return None
    return str(correlation.idxmax())


def _event_levels(time: Times, level: Floats) -> dict[float, float]:
    years = float(np.isfinite(level).sum()) / HOURS_PER_YEAR
    return {
        often: min(storm.peak_level for storm in find_storms(time, level, max(round(often * years), 1)))
        for often in EVENTS_A_YEAR
    }


def _peaks(time: Times, level: Floats) -> list[int]:
    storms = find_storms(time, level, FITTED_STORMS)
    peaks = [int(np.searchsorted(time, storm.peak)) for storm in storms]
    return [peak for peak in peaks if HOURS_NEEDED <= peak < time.size - AFTER_HOURS]
