"""``forecast.json``, ``forecast.csv`` and ``forecast.svg``: one forecast of the water level for programs and people."""

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from strandline.files import write_text
from strandline.observations.arrays import Floats, Times
from strandline.report.alerts.exceedance import AlertLevel, Exceedance
from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.alerts.level_forecast import (
    SHARES,
    LevelForecast,
    OperationalForecast,
    WithoutGauge,
    sentences_of,
    warnings_of,
)
from strandline.report.figures.charts import draw_surge
from strandline.report.figures.driver_shares import draw_shares
from strandline.report.products import JsonValue, as_json, write_json

MOST_LETTERS = 48
"""Of the name of a level in the picture."""
LAND = ("knows_land", "knows_rain")
"""Columns of a place with a river or rain; empty elsewhere."""
COLUMNS = ("time", "lead_h", "p05", "p10", "p50", "p90", "p95", "tide", "knows_weather")
WITHOUT_GAUGE = ("p05", "p50", "p95")
"""Columns that the table holds a second time for a gauge in doubt; empty where there is none."""


def write_forecast(folder: Path, forecast: LevelForecast, time: Times, level: Floats) -> None:
    """Write table, JSON and picture, and ``shares.svg`` where drivers of the level are known.

    Args:
        time, level: (T,) readings up to the issue [m, region datum], for the picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trace = ForecastTrace(forecast.rows, forecast.issued, None)
    history = pd.Series(level, pd.DatetimeIndex(time))
    levels = [(textwrap.shorten(each.name, MOST_LETTERS, placeholder=" …"), each.level) for each in forecast.levels]
    beside = None if forecast.without_gauge is None else forecast.without_gauge.rows
    picture = draw_surge(trace, history, forecast.datum, levels=levels, without_gauge=beside)
    table = forecast.rows.loc[:, list(COLUMNS)].copy()
    for name in (*LAND, *(f"share_{each}" for each in SHARES)):
        table[name] = forecast.rows.get(name)
    for name in WITHOUT_GAUGE:
        table[f"{name}_without_gauge"] = np.nan if beside is None else beside[name]
    table["time"] = pd.to_datetime(table["time"]).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    write_text(folder / "forecast.csv", table.to_csv(index=False, float_format="%.3f"))
    write_text(folder / "forecast.svg", picture.svg)
    drawn = folder / "shares.svg"
    if len(forecast.shares):
        write_text(drawn, draw_shares(forecast.rows["time"], forecast.shares, forecast.datum).svg)
    else:
        drawn.unlink(missing_ok=True)  # of an earlier forecast
    write_json(folder / "forecast.json", as_plain(forecast))


def as_plain(forecast: LevelForecast) -> dict[str, JsonValue]:
    """The forecast as plain values: levels [m, datum], times UTC, probabilities [-]."""
    rows = forecast.rows.loc[:, [*COLUMNS, *(name for name in LAND if forecast.land)]]
    shares = forecast.shares.to_dict(orient="records")
    until = forecast.knows_weather_until
    return {
        "place": forecast.place,
        "vertical_datum": forecast.datum,
        "issued": _utc(forecast.issued),
        "provenance": "simulated" if forecast.is_simulated else "real",
        "warnings": list(warnings_of(forecast)),
        "summary": list(sentences_of(forecast)),
        "rests_on": {
            "readings_of_72_h": forecast.readings,
            "newest_reading_h": forecast.reading_age,
            "weather": forecast.weather_source or None,
            "weather_issued": None if forecast.weather_issued is None else _utc(forecast.weather_issued),
            "weather_known_until": None if until is None else _utc(until),
            "is_calm_knowable": forecast.knows_all_weather,
        },
        "high_waters": [
            {"time": _utc(row["time"]), **{name: as_json(float(row[name])) for name in ("p05", "p50", "p95", "tide")}}
            for row in forecast.high_waters.to_dict(orient="records")
        ],
        "levels": _levels(forecast.levels),
        "without_gauge": None if forecast.without_gauge is None else _without_gauge(forecast.without_gauge),
        "operational": [_operational(each) for each in forecast.operational],
        "skill_in_storms_held_out": as_json([asdict(each) for each in forecast.skill]),
        "hours": as_json(
            [
                {
                    **row,
                    "time": _utc(row["time"]),
                    "lead_h": int(row["lead_h"]),
                    "shares": shares[number] if shares else None,
                }
                for number, row in enumerate(rows.to_dict(orient="records"))
            ]
        ),
    }


def _operational(found: OperationalForecast) -> dict[str, JsonValue]:
    rows = found.rows.assign(as_issued=found.raw).to_dict(orient="records")
    names = ("p05", "p50", "p95", "as_issued")
    return {
        "service": found.service,
        "weeks_of_past_forecasts": found.weeks,
        "levels": _levels(found.levels),
        "hours": as_json([{"time": _utc(row["time"]), **{name: row[name] for name in names}} for row in rows]),
    }


def _without_gauge(found: WithoutGauge) -> dict[str, JsonValue]:
    rows = found.rows.to_dict(orient="records")
    return {
        "doubt_since": _utc(pd.Timestamp(found.doubt.since)),
        "levels": _levels(found.levels),
        "hours": as_json([{"time": _utc(row["time"]), **{name: row[name] for name in WITHOUT_GAUGE}} for row in rows]),
    }


def _levels(found: Sequence[AlertLevel]) -> list[JsonValue]:
    return [{"name": each.name, "level": each.level, **_exceedance(each.exceedance)} for each in found]


def _exceedance(found: Exceedance | None) -> dict[str, JsonValue]:
    if found is None:
        return {"chance_at_least": None, "possible_from": None, "likely_from": None}
    return {
        "chance_at_least": found.probability,
        "possible_from": None if found.earliest is None else _utc(found.earliest),
        "likely_from": None if found.onset is None else _utc(found.onset),
    }


def _utc(time: pd.Timestamp) -> str:
    return f"{pd.Timestamp(time):%Y-%m-%dT%H:%M:%SZ}"
