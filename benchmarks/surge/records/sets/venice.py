"""Venice: the platform, the Lido mole and the city in winter 2022–23, 5-minute values by the hour."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.surge.records.gauge import HOUR, Gauge, GaugeSet
from benchmarks.surge.records.layout import read_gauges
from strandline.observations.arrays import Mask

LAGOON, SEA = "punta_salute", "diga_sud_lido"
CLOSED = 0.2
"""Difference of the day's highest levels of sea and city [m] from which on the barrier was closed that day."""


def read(folder: Path) -> GaugeSet:
    """The set, in blocks; days on which the barrier was closed are not scored and not read inside the lagoon."""
    gauges = read_gauges(sorted(folder.glob("*.csv.gz")))
    sea = next((gauge for gauge in gauges if gauge.name == SEA), None)
    if sea is not None:
        gauges = tuple(_without_closures(gauge, sea) if gauge.name == LAGOON else gauge for gauge in gauges)
    source = "Comune di Venezia, cyrilmichino/venice-meteo-analysis@4bf5a3d; clock UTC+1, as its tide shows"
    return GaugeSet("venice", tuple(replace(gauge, datum="zero of 1897") for gauge in gauges), source=source)


def _without_closures(city: Gauge, sea: Gauge) -> Gauge:
    open_sea = np.full(city.time.size, np.nan)
    at = ((sea.time - city.time[0]) / HOUR).astype(int)
    inside = (at >= 0) & (at < city.time.size)
    open_sea[at[inside]] = sea.level[inside]
    closed: Mask = np.zeros(city.time.size, dtype=bool)
    days = city.time.astype("datetime64[D]")
    for day in np.unique(days):
        hours = days == day
        both = hours & np.isfinite(city.level) & np.isfinite(open_sea)
        if both.any() and open_sea[both].max() - city.level[both].max() > CLOSED:
            closed |= hours
    note = (
        f"inside the lagoon; {closed.sum() // 24} days with the barrier closed are left out (none can be known before "
    )
    note += f"{str(sea.time[0])[:10]})"
    return replace(city, level=np.where(closed, np.nan, city.level), scored=~closed, note=note)
