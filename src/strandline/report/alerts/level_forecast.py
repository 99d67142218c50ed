"""One forecast of the water level for people: its high waters, and the levels that the sea may pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.signal import find_peaks

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.issued_levels import HOUR, IssuedLevels
from strandline.planning.early_action.protocol import Protocol
from strandline.planning.formatting import format_metres, format_metres_between, format_percent, format_time, pluralise
from strandline.report.alerts.exceedance import LEVELS, AlertLevel, alert_levels
from strandline.report.findings import LeadSkill
from strandline.uncertainty.gauge_forecast.plausibility import Doubt
from strandline.uncertainty.operational_forecast import correct_forecast

TIDE, MOST_AGE = np.timedelta64(13, "h"), np.timedelta64(36, "h")
"""By which a service's last high water may come before the end, and age of the oldest cycle that it is made of; an
assumption."""
HORIZON_HOURS = 72
"""Of a forecast that is shown [h]."""
_HEAD = ("issue_time", "time", "lead_h")
SHOWN = {"p05": 0.05, "p10": 0.1, "p50": 0.5, "p90": 0.9, "p95": 0.95}
"""Quantiles of the rows of a forecast."""
SHARES = {
    "tide": "tide and mean sea level",
    "weather": "weather over the sea",
    "river": "the river",
    "rain": "rain",
    "readings": "what the gauge shows beyond these",
}
"""Parts of the expected level in words; columns ``share_…`` of the rows of a forecast."""
HOURS_BETWEEN = 6
"""Least time between two high waters [h]."""
STALE_WEATHER_H, STALE_READING_H, STALE_RIVER_H = 24.0, 3.0, 6.0
"""Age of the newest weather forecast, and of the newest reading of gauge and river, from which a reader is warned [h];
assumptions."""


@dataclass(frozen=True, eq=False)
class OperationalForecast:
    """What a service forecasts for the same hours, corrected by what it missed here before.

    Attributes:
        service: its name.
        rows: an hour each, as those of a ``LevelForecast``, without ``tide`` and ``knows_weather``; empty = nothing is
            coming.
        raw: (N,) levels as issued [m, the service's zero].
        weeks: of past forecasts that were read here; 0 = it cannot be corrected, and ``rows`` is empty.
        levels: as of the ``LevelForecast``, by this forecast.
        is_whole: whether it reaches to the end of the hours shown, by a cycle of the last day and a half; else no
            chance of it is small.
    """

    service: str
    rows: pd.DataFrame
    raw: Floats
    weeks: int
    levels: tuple[AlertLevel, ...] = ()
    is_whole: bool = False


@dataclass(frozen=True, eq=False)
class WithoutGauge:
    """The forecast without the readings of the last day, which are in doubt.

    Attributes:
        doubt: why.
        rows, levels: as those of a ``LevelForecast``.
    """

    doubt: Doubt
    rows: pd.DataFrame
    levels: tuple[AlertLevel, ...]


@dataclass(frozen=True, eq=False)
class LevelForecast:
    """A forecast as it is shown.

    Attributes:
        place, datum: names.
        issued: UTC.
        is_simulated: whether any data behind it was simulated.
        rows: an hour each: ``issue_time``, ``time``, ``lead_h``, ``p05``, ``p10``, ``p50``, ``p90``, ``p95``,
            ``observed``, ``tide`` [m, region datum], and ``knows_weather``; with a river or rain also ``knows_land``
            and ``knows_rain``; ``share_…`` of each of `SHARES` that is known, whose sum is ``p50`` [m].
        readings: of the last 72 hours; ``reading_age`` of the newest [h], ``None`` = there is none.
        weather_source: empty = there is no weather; ``weather_issued``: of its newest forecast, ``None`` = none.
        levels: ascending.
        skill: of the forecaster on storms that were held out, by lead.
        is_fitted: whether the forecaster was fitted to the hours about the issue.
        operational: of services, for the same hours.
        without_gauge: the same without the newest readings of the gauge; ``None`` = there is no doubt about them.
        land: what the forecaster answers beside the sea: ``river``, ``rain``, or nothing.
        river_age: of the newest reading of the river [h]; ``None`` = there is none.
    """

    place: str
    datum: str
    issued: pd.Timestamp
    is_simulated: bool
    rows: pd.DataFrame
    readings: int
    reading_age: float | None
    weather_source: str
    weather_issued: pd.Timestamp | None
    levels: tuple[AlertLevel, ...]
    skill: tuple[LeadSkill, ...] = ()
    is_fitted: bool = False
    operational: tuple[OperationalForecast, ...] = ()
    without_gauge: WithoutGauge | None = None
    land: Literal["", "river", "rain"] = ""
    river_age: float | None = None

    @property
    def shares(self) -> pd.DataFrame:
        """Parts of the expected level that are known, by name [m]; no row = no driver is."""
        names = [name for name in SHARES if f"share_{name}" in self.rows]
        found: pd.DataFrame = self.rows[[f"share_{name}" for name in names]].set_axis(names, axis=1)
        return found if len(names) > len(("tide", "readings")) else found.iloc[:0]

    @property
    def knows_weather_until(self) -> pd.Timestamp | None:
        """Last hour up to which every hour rests on the weather; ``None`` = none does."""
        known = self.rows["knows_weather"].to_numpy(dtype=bool)
        last = int(known.argmin()) if not known.all() else known.size
        return None if last == 0 else pd.Timestamp(self.rows["time"].iloc[last - 1])

    @property
    def knows_all_weather(self) -> bool:
        """Whether every hour rests on the weather, and on all that comes from the land where it matters here."""
        names = ["knows_weather", *(("knows_land", "knows_rain") if self.land else ())]
        return bool(self.rows[names].all(axis=None))

    @property
    def high_waters(self) -> pd.DataFrame:
        """The rows of the high waters of the median, in order of time."""
        peaks, _ = find_peaks(self.rows["p50"].to_numpy(), distance=HOURS_BETWEEN)
        found: pd.DataFrame = self.rows.iloc[peaks]
        return found


def operational_forecast(
    service: str,
    issued: IssuedLevels,
    time: Times,
    level: Floats,
    hour: np.datetime64,
    protocol: Protocol | None,
    return_levels: Sequence[tuple[float, float]],
    *,
    has_same_zero: bool,
) -> OperationalForecast:
    """The newest forecast of a service that could be had at an hour, corrected by its past and by the readings.

    Args:
        issued: all cycles; ``time``, ``level``: (T,) readings up to the hour [m, region datum].
        protocol, return_levels: as of `alert_levels`.
        has_same_zero: whether levelling joins the service's zero to that of the readings.
    """
    rows, raw = pd.DataFrame(columns=[*_HEAD, *SHOWN]), np.empty(0)
    try:
        corrected = correct_forecast(issued, time, level, hour, LEVELS, has_same_zero=has_same_zero)
    except RefusedByTheory:  # no past forecast meets a reading
        return OperationalForecast(service, rows, raw, 0)
    if corrected is None:
        return OperationalForecast(service, rows, raw, 1)
    within = corrected.coming.valid <= hour + np.timedelta64(HORIZON_HOURS, "h")
    valid, raw = corrected.coming.valid[within], corrected.coming.level[within]
    head = (pd.Timestamp(hour), valid, (valid - hour) / np.timedelta64(1, "h"))
    quantiles = corrected.quantiles[within]
    columns = {name: quantiles[:, LEVELS.index(share)] for name, share in SHOWN.items()}
    rows = pd.DataFrame({**dict(zip(_HEAD, head, strict=True)), **columns})
    levels = alert_levels(rows, quantiles, protocol, return_levels) if len(rows) else ()
    is_whole = bool(
        len(rows)
        and valid.max() >= hour + HORIZON_HOURS * HOUR - TIDE
        and corrected.coming.issued[within].min() >= hour - MOST_AGE
    )
    return OperationalForecast(service, rows, raw, corrected.weeks, levels, is_whole)


def warnings_of(forecast: LevelForecast) -> list[str]:
    """What a reader must know before relying on the forecast; it never lacks what makes calm unsure."""
    found = []
    if forecast.without_gauge is not None:
        found.append(_doubt(forecast.without_gauge.doubt))
    if forecast.is_simulated:
        found.append("Data behind this forecast are simulated: it is an exercise.")
    if forecast.is_fitted:
        found.append("The forecaster was fitted to these hours: how well it does here proves nothing.")
    until, end = forecast.knows_weather_until, pd.Timestamp(forecast.rows["time"].iloc[-1])
    if forecast.reading_age is None and until is None:
        found.append(
            "Neither a reading of the last three days nor a weather forecast is known: these are the tide and the range"
            " of all seasons. Do not conclude that the sea stays calm."
        )
    elif until is None:
        rests = "the gauge's readings alone"
        if forecast.land and forecast.rows["knows_land"].any():
            rests = f"the gauge's readings and the {forecast.land} alone"
        found.append(
            f"No weather forecast is known: the forecast is by {rests} and cannot see a storm coming."
            " Do not conclude that the sea stays calm."
        )
    elif until < end:
        found.append(f"The weather is known until {format_time(until)}; after it a storm cannot be seen coming.")
    if until is not None and forecast.reading_age is None:
        found.append(
            "The gauge was silent for three days: the forecast is by the weather alone, and its range is wide."
        )
    elif forecast.reading_age is not None and forecast.reading_age >= STALE_READING_H:
        found.append(f"The newest reading of the gauge is {pluralise(round(forecast.reading_age), 'hour')} old.")
    if forecast.weather_issued is not None:
        age = (forecast.issued - forecast.weather_issued) / pd.Timedelta(hours=1)
        if age >= STALE_WEATHER_H:
            found.append(f"The newest weather forecast is {pluralise(round(age), 'hour')} old.")
    return found + _unknown_from_land(forecast)


def _unknown_from_land(forecast: LevelForecast) -> list[str]:
    """What of river and rain is not known, where they raise the water."""
    if not forecast.land:
        return []
    found = []
    if not forecast.rows["knows_land"].any():
        found.append(
            f"The {forecast.land} is not known: high water from the land cannot be seen coming. Do not conclude that"
            " there is none."
        )
    elif not forecast.rows["knows_land"].all():
        first = forecast.rows["time"][~forecast.rows["knows_land"].to_numpy(dtype=bool)].iloc[0]
        found.append(f"The {forecast.land} is not known from {format_time(first)} on, and does not count there.")
    if forecast.river_age is not None and forecast.river_age >= STALE_RIVER_H:
        age = pluralise(round(forecast.river_age), "hour")
        found.append(f"The newest reading of the river is {age} old: it may have risen since.")
    dry = ~forecast.rows["knows_rain"].to_numpy(dtype=bool)
    if dry.any() and forecast.rows["knows_land"].any():
        first = format_time(forecast.rows["time"][dry].iloc[0])
        found.append(f"The rain from {first} on is not known: water that it would bring is not in this forecast.")
    return found


def sentences_of(forecast: LevelForecast) -> list[str]:
    """The forecast in sentences: its highest water, what it rests on, and how well such forecasts did."""
    found = [f"Highest water expected within 72 hours: {_highest(forecast.rows, forecast.datum)}."]
    if forecast.without_gauge is not None:
        right, wrong = (_highest(rows, forecast.datum) for rows in (forecast.rows, forecast.without_gauge.rows))
        found = [
            f"Highest water expected within 72 hours, if the gauge is right: {right}.",
            f"If its readings of the last day are wrong: {wrong}. Prepare for the higher.",
        ]
    if len(forecast.shares):
        found.append(_made_of(forecast))
    found.append(_basis(forecast))
    found += [_beside(each) for each in forecast.operational]
    day = next((each for each in forecast.skill if each.lead >= 24), None)
    if day is not None:
        found.append(
            f"In storms that it was not fitted to, such forecasts {day.lead} hours ahead erred by"
            f" {format_metres(day.rmse)} (the tide alone by {format_metres(day.tide)}), and"
            f" {format_percent(day.coverage_90)} of the readings lay in the range meant for 90 %."
        )
    return found


def _doubt(doubt: Doubt) -> str:
    since = format_time(pd.Timestamp(doubt.since))
    if doubt.departure == 0:
        what = f"The gauge has read the same since {since} while the tide moved: it seems to be stuck."
    else:
        side = "above" if doubt.departure > 0 else "below"
        what = (
            f"Since {since} the gauge reads what the forecast of the day before did not allow; its newest reading lies"
            f" {format_metres(abs(doubt.departure))} {side} that range. It may be broken, or the sea does what it was"
            " not known to do."
        )
    return f"{what} Ask someone who sees the water. Until then prepare for the higher of the two chances of each level."


def _beside(operational: OperationalForecast) -> str:
    """What a service says of the highest water."""
    name = operational.service
    if not operational.weeks:
        return f"The forecast of {name} cannot be corrected: no past forecast of it meets a reading here."
    if operational.rows.empty:
        return f"No forecast of {name} for the coming hours was at hand."
    top = operational.rows.iloc[int(operational.rows["p50"].argmax())]
    return (
        f"{name}, corrected by what it missed here in {pluralise(operational.weeks, 'week')}, expects"
        f" {format_metres(top['p50'])} ({format_metres_between(top['p05'], top['p95'])} in 9 of 10 cases) on"
        f" {format_time(top['time'])}{'' if operational.is_whole else ' (it is old, or ends before these three days)'}."
        " Where the two differ, prepare for the higher."
    )


def _highest(rows: pd.DataFrame, datum: str) -> str:
    """The highest water after the issue, its range and its hour."""
    coming = rows[rows["lead_h"] > 0]
    top = coming.iloc[int(coming["p50"].argmax())]
    return (
        f"{format_metres(top['p50'])} above {datum} ({format_metres_between(top['p05'], top['p95'])} in 9 of 10 cases)"
        f" on {format_time(top['time'])}"
    )


def _made_of(forecast: LevelForecast) -> str:
    """What makes the highest water."""
    coming = forecast.rows[forecast.rows["lead_h"] > 0]
    top = coming.iloc[int(coming["p50"].argmax())]
    words = SHARES | ({"rain": "rain that has not reached the river's gauge"} if forecast.land == "river" else {})
    parts = [f"{words[name]} {format_metres(top[f'share_{name}'])}" for name in map(str, forecast.shares)]
    return f"Of the {format_metres(top['p50'])}: {', '.join(parts)}. Each driver counts from what is usual here."


def _basis(forecast: LevelForecast) -> str:
    if forecast.reading_age is None:
        gauge = "no reading of the last 72 hours"
    else:
        gauge = f"{pluralise(forecast.readings, 'reading')} of the last 72 hours"
    until = forecast.knows_weather_until
    if forecast.land and forecast.rows["knows_land"].any():
        gauge += f", the {forecast.land}"
    if until is None:
        return f"It rests on {gauge}, and on no weather over the sea."
    issued = "" if forecast.weather_issued is None else f" issued {format_time(forecast.weather_issued)}"
    return f"It rests on {gauge} and the weather{issued} ({forecast.weather_source}), until {format_time(until)}."
