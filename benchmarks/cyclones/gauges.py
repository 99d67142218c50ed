"""Real gauges of cyclone coasts: their highest cyclone surge beside simulated ones, and levels with and without."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.extremes.gauges import RealGauge, gauge_of
from benchmarks.record import Row
from strandline.observations.arrays import Floats
from strandline.observations.readers.published.cyclone_tracks import read_tracks
from strandline.observations.sea_level.harmonic_tide import fit_tide, predict_tide
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.risk.hazard.cyclones.cyclone_passages import NEAR, cyclone_passages
from strandline.risk.hazard.cyclones.simulated_cyclones import SimulatedCyclones, simulate_cyclones
from strandline.risk.hazard.own_record import GaugeHours, estimate_from_record
from strandline.risk.hazard.surges.high_waters import find_daily_highest, find_high_waters, tide_is_large

PERIOD, TIDE_YEARS, SAMPLES, STORMS = 100.0, 5, 200, 1000
TEXAS = {"port_isabel_2008_2012": (-97.215, 26.060), "south_padre_coast_guard_2008_2012": (-97.167, 26.073)}
AUSTRALIA = {"CapeFerguson": 0.0, "Darwin": 270.0, "Broome": 270.0, "Hillarys": 270.0}
"""Gauge → direction that its coast faces [degrees clockwise from north], to a quarter; 90 in America."""


@dataclass(frozen=True, eq=False)
class CycloneGauge:
    """A gauge with tracks, and the direction that its coast faces [degrees clockwise from north]."""

    record: RealGauge
    facing: float


def read_cyclone_gauges(gauges: Path, tracks: Path) -> Iterator[CycloneGauge]:
    """Seven gauges; hours that were filled or flagged are left out.

    Args:
        gauges: folder with ``new_jersey``, ``texas`` and ``australia``; tracks: IBTrACS.
    """

    def gauge(name: str, longitude: float, latitude: float, level: pd.Series, facing: float) -> CycloneGauge:
        level.index = pd.DatetimeIndex(level.index).tz_localize(None)
        near = read_tracks(tracks, [(longitude, latitude)], NEAR)
        return CycloneGauge(gauge_of(name, longitude, latitude, level, near), facing)

    def read(path: str) -> pd.DataFrame:
        return pd.read_csv(gauges / path, index_col=0, parse_dates=True)

    table = read("new_jersey/stone_harbor_hourly.csv.gz")
    yield gauge("stone_harbor", -74.765, 39.057, table["level_m"].where(table["flag"].isna())[:"2024"], 90.0)
    for name, (longitude, latitude) in TEXAS.items():
        table = read(f"texas/{name}.csv.gz")
        yield gauge(name, longitude, latitude, table["level_m"].where(table["level_flag"].isna()), 90.0)
    table = read("australia/sealevel_hourly_2012_2014.csv.gz")
    places = pd.read_csv(gauges / "australia/stations.csv", index_col="station")
    for name, facing in AUSTRALIA.items():
        longitude, latitude = (float(places[axis][name]) for axis in ("longitude", "latitude"))
        yield gauge(name, longitude, latitude, table[name].copy(), facing)


def rows_of_gauge(gauge: CycloneGauge, seed: int) -> Iterator[Row]:
    """What simulated cyclones allowed before a reading, and levels of ``PERIOD`` with and without them."""
    own, rng = gauge.record, np.random.default_rng(seed)
    tide = fit_tide(own.time, own.level, own.latitude, name=own.name, source="benchmark")
    long = own.time[0] + np.arange(TIDE_YEARS * HOURS_PER_YEAR) * np.timedelta64(1, "h")
    predicted = predict_tide(tide.constants, long)
    hours = GaugeHours(own.time, own.level - tide.mean, predict_tide(tide.constants, own.time), long, predicted)
    passages = [] if own.storms is None else cyclone_passages(own.storms, own.longitude, own.latitude)
    simulated = simulate_cyclones(own.longitude, own.latitude, gauge.facing, long, predicted, rng, STORMS)
    if simulated is None:
        return
    recorded, background = surges_of(hours, passages)
    before = highest_before_readings(simulated, recorded.size, background, rng)
    low, middle, high = np.quantile(before, [0.05, 0.5, 0.95])
    factors = simulated.fit_factors(recorded, background, SAMPLES, rng)
    head: Row = {
        "part": "gauge", "name": own.name, "years": hours.years, "cyclones": int(recorded.size),
        "highest_surge": float(recorded.max()), "before_low": float(low), "before_middle": float(middle),
        "before_high": float(high), "before_within": bool(low <= recorded.max() <= high),
        "factor": float(np.median(factors)),
    }  # fmt: skip
    for method, given in (("without", None), ("with", simulated)):
        found = estimate_from_record(hours, passages, given, (PERIOD,), SAMPLES, np.random.default_rng(seed))
        low, middle, high = np.quantile(found.levels[:, 0], [0.1, 0.5, 0.9])
        yield {
            **head, "method": method, "separation": found.separation, "level": float(middle), "level_low": float(low),
            "level_high": float(high), "highest": found.highest,
        }  # fmt: skip


def surges_of(hours: GaugeHours, passages: list[tuple[np.datetime64, np.datetime64]]) -> tuple[Floats, Floats]:
    """Greatest skew surge [m] of each cyclone that was read, and the skew surges of other weather."""
    waters = find_high_waters(hours.time, hours.level, hours.tide)
    if not tide_is_large(waters)[0]:
        waters = find_daily_highest(hours.time, hours.level)
    event = waters.within(passages)
    return np.array([waters.surge[event == one].max() for one in np.unique(event[event >= 0])]), waters.surge[event < 0]


def highest_before_readings(
    simulated: SimulatedCyclones, number: int, background: Floats, rng: np.random.Generator
) -> Floats:
    """(S,) greatest skew surge [m] of so many simulated cyclones, by factors that no reading changed."""
    factors = simulated.fit_factors(np.zeros(0), background, SAMPLES, rng)
    chosen = rng.integers(simulated.surge.size, size=(SAMPLES, number))
    return np.asarray((factors[:, None] * simulated.surge[chosen] + rng.choice(background, chosen.shape)).max(axis=1))
