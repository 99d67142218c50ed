"""Observations for the filter: hourly residuals of the gauges, and the newest issue of each external forecast."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.watch.feeds.quality_control import Tide
from strandline.watch.readings import Reading

HALF_HOUR, AROUND_THE_HOUR = timedelta(minutes=30), timedelta(minutes=10)
"""Readings that belong to an hour, and those available at the step of that hour; an assumption."""
FORECASTS = ("surge_forecast", "water_level_forecast")
HOUR = timedelta(hours=1)


def residuals_of(
    new: Sequence[Reading], known: Sequence[Reading], now: datetime, tides: Mapping[str, Tide]
) -> list[Residual]:
    """Each gauge's residual about its own tide at every full hour without an earlier reading in ``known``.

    The mean of the readings within ten minutes of the hour, else the nearest one within half an hour. Bad readings are
    ignored; an hour is suspect if all of its readings are.

    Args:
        tides: gauge → times → tide and mean level [m, region datum]; other streams are ignored.
    """
    used_before = {
        (reading.stream, _full_hour(reading.time))
        for reading in known
        if reading.variable == "water_level" and reading.quality != "bad"
    }
    by_hour: dict[tuple[str, datetime], list[Reading]] = {}
    for reading in new:
        if reading.variable == "water_level" and reading.stream in tides and reading.quality != "bad":
            key = reading.stream, _full_hour(reading.time)
            if key[1] <= now and key not in used_before:
                by_hour.setdefault(key, []).append(reading)
    found = []
    for (stream, hour), readings in sorted(by_hour.items(), key=lambda pair: pair[0]):
        good = [reading for reading in readings if reading.quality == "good"] or readings
        near = [reading for reading in good if abs(reading.time - hour) <= AROUND_THE_HOUR]
        used = near or [min(good, key=lambda reading: abs(reading.time - hour))]
        times = np.array([reading.time for reading in used], dtype="datetime64[ns]")
        residual = np.array([reading.value for reading in used]) - tides[stream](times)
        is_suspect = all(reading.quality == "suspect" for reading in used)
        found.append(Residual(stream, np.datetime64(hour, "h"), float(residual.mean()), is_suspect))
    return found


def own_readings(
    readings: Sequence[Reading], stream: str, last_rejection: np.datetime64 | None, now: np.datetime64
) -> tuple[Times, Floats]:
    """Full hours up to now, and the gauge's levels then [m, region datum]; of revised readings the newest.

    Args:
        last_rejection: readings up to this hour are left out; ``None`` = none.
    """
    level = {
        _full_hour(reading.time): reading.value
        for reading in readings
        if reading.stream == stream and reading.variable == "water_level"
    }
    hours = np.array(sorted(level), dtype="datetime64[ns]")
    values = np.array([level[hour] for hour in sorted(level)], dtype=float)
    kept = hours <= now
    if last_rejection is not None:
        kept &= hours > last_rejection
    return hours[kept], values[kept]


def latest_forecasts(readings: Sequence[Reading], now: datetime, tide: Tide) -> dict[str, ExternalForecast]:
    """Stream → mean and spread of its newest issue, of whatever age.

    Args:
        tide: times → tide and mean level [m, region datum], subtracted from forecasts of the level.
    """
    newest: dict[str, datetime] = {}
    for reading in readings:
        if reading.variable in FORECASTS and reading.issued <= now:
            newest[reading.stream] = max(reading.issued, newest.get(reading.stream, reading.issued))
    members: dict[str, dict[int, list[float]]] = {stream: {} for stream in newest}
    for reading in readings:
        if reading.variable not in FORECASTS or reading.issued != newest.get(reading.stream):
            continue
        issued = _issue_hour(reading)
        lead = round((reading.time - issued) / HOUR)
        if reading.time != issued + lead * HOUR or lead < 0:
            continue
        level = reading.value
        if reading.variable == "water_level_forecast":
            level -= float(tide(np.array([reading.time], dtype="datetime64[ns]"))[0])
        members[reading.stream].setdefault(lead, []).append(level)
    found = {}
    for stream, by_lead in sorted(members.items()):
        if by_lead:
            leads = np.array(sorted(by_lead))
            values = [np.array(by_lead[lead]) for lead in leads.tolist()]
            spread = np.array([each.std(ddof=1) if each.size > 1 else 0.0 for each in values])
            hour = np.datetime64(newest[stream].replace(minute=0, second=0, microsecond=0), "h")
            found[stream] = ExternalForecast(hour, leads, np.array([each.mean() for each in values]), spread)
    return found


def _issue_hour(reading: Reading) -> datetime:
    return reading.issued.replace(minute=0, second=0, microsecond=0)


def _full_hour(time: datetime) -> datetime:
    return (time + HALF_HOUR).replace(minute=0, second=0, microsecond=0)
