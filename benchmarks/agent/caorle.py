"""Replay of November 2022 at Caorle on the real gauges: beliefs and proposed actions, and their lead times."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import DateFormatter

from benchmarks.record import Row, Rows
from strandline.distillation.training.loop import Progress
from strandline.observations.region_file import load_region_file
from strandline.observations.weather.forecast_errors import WeatherSkill, with_synthetic_forecasts
from strandline.observations.weather.issue_errors import Growth
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea, open_study_area
from strandline.planning.actions import MONITORING
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.gauge_forecast.forecaster_file import load_gauge_forecaster
from strandline.watch.clock import hours_between
from strandline.watch.feeds.recorded import replayed_feeds
from strandline.watch.service import open_watch

START, END = datetime(2022, 11, 16), datetime(2022, 12, 1)
"""The storm of 22 November, high water on the three days after it, and five calm days in which alarms should end."""
LEADS, PEAK_LEADS = (1, 3, 6, 12, 24), (48, 24, 12, 6, 3)
NO_ERROR: Growth = ((0.0, 0.0), (96.0, 0.0))
WEATHER: dict[str, WeatherSkill | None] = {
    "none": None,
    "readings": WeatherSkill(NO_ERROR, NO_ERROR, NO_ERROR, NO_ERROR, members=1, every_hours=6),
    "readings with errors": WeatherSkill(every_hours=6),
}
"""Forecasts of the weather: none, the platform's readings as if they had been forecast, and these with errors as
published by lead. No forecast of those days was kept."""
SEED = 0
"""Of the errors."""


def open_with_weather(region: Path, data: Path, skill: WeatherSkill | None) -> StudyArea:
    """The region of a file, with forecasts of the weather that are made of its own readings.

    Args:
        skill: errors of these forecasts; ``None`` = no forecast of the weather.
    """
    study_area = open_study_area(load_region_file(region, data))
    if skill is None:
        return study_area
    return replace(study_area, observations=with_synthetic_forecasts(study_area.observations, SEED, skill))


def rows_of(
    study_area: StudyArea, deployment: Deployment, run: Path, store: Path, progress: Progress | None = None
) -> list[Row]:
    """One row per hour: the belief, the coverage of its bounds, actions that start or stop, and zones in alarm.

    Args:
        study_area: of Caorle, see `open_with_weather`; ``deployment``: of its finished run.
        run: folder of this run; ``store``: a new database.
    """
    gauge = study_area.observations.require_gauge()
    observed = pd.Series(gauge["water_level"].values[0], index=pd.DatetimeIndex(gauge["time"].values))
    observed = observed[gauge["quality"].values[0] == 0]
    watch = open_watch(run, study_area, partial(replayed_feeds, study_area, deployment, START, END), store)
    rows: list[Row] = []
    running: set[str] = set()
    hours = list(hours_between(START, END))
    for number, hour in enumerate(hours):
        decisions = watch.step(hour) or []
        before, running = running, {one.action for one in decisions if one.change in ("start", "keep")} - {MONITORING}
        forecast = watch.store.read.forecast()
        assert forecast is not None
        levels = {row.lead_hours: row for row in forecast.rows if row.variable == "water_level"}
        moments = {lead: pd.Timestamp(hour + timedelta(hours=lead)) for lead in LEADS}
        known = {lead: float(observed[moment]) for lead, moment in moments.items() if moment in observed.index}
        day = next(row for row in forecast.rows if row.variable == "highest_water_level" and row.lead_hours == 24)
        rows.append({
            "scenario": "Caorle, November 2022", "condition": "all", "policy": "strandline", "hour": hour.isoformat(),
            "level_p50": levels[0.0].p50, "level_observed": _finite(observed.get(pd.Timestamp(hour))),
            "highest_p05": day.p05, "highest_p50": day.p50, "highest_p95": day.p95,
            "last_p05": levels[HORIZON_HOURS].p05, "last_p95": levels[HORIZON_HOURS].p95,
            "covered": sum(levels[float(lead)].p05 <= came <= levels[float(lead)].p95 for lead, came in known.items()),
            "scored": len(known),
            "starts": ", ".join(one.action for one in decisions if one.change == "start"),
            "stops": ", ".join(sorted(before - running)),
            "running": len(running),
            "zones": len(watch.agent.deployment.zones),
            "zones_flagged": len({zone for one in decisions if one.change in ("start", "keep") for zone in one.where}),
            "zones_at_risk": sum(
                row.variable == "flooded_share" and row.lead_hours == HORIZON_HOURS
                and (row.probability or 0.0) >= PROBABILITY_FOR_LIVES for row in forecast.rows
            ),
        })  # fmt: skip
        if progress is not None:
            progress((number + 1) / len(hours))
    watch.store.close()
    return rows


def forecasts_of_the_peak(study_area: StudyArea, deployment: Deployment, run: Path) -> list[Row]:
    """The level at the hour of the highest reading, as `strandline forecast` gives it some hours before."""
    forecaster = load_gauge_forecaster(run, deployment.sea_level, deployment.mean_sea_level)
    time, levels = study_area.hourly_levels
    inside = (time >= np.datetime64(START)) & (time <= np.datetime64(END))
    peak = int(np.nanargmax(np.where(inside, levels[0], np.nan)))
    rows: list[Row] = []
    for lead in PEAK_LEADS:
        issue = time[[peak - lead]]
        found = forecaster.forecast(issue, time, levels[0], study_area.observations, (0.05, 0.5, 0.95))
        low, middle, high = (float(found.quantiles[at][0, lead]) for at in (0.05, 0.5, 0.95))
        rows.append({
            "scenario": "Caorle, November 2022", "condition": "all", "policy": "forecaster", "peak_lead_h": lead,
            "level_observed": float(levels[0, peak]), "level_p05": low, "level_p50": middle, "level_p95": high,
        })  # fmt: skip
    return rows


def draw(rows: Rows, path: Path) -> None:
    """Draw the observed level, the forecast of the highest level of the next 24 h, and the actions."""
    moments = [datetime.fromisoformat(str(row["hour"])) for row in rows]
    time = np.array(moments, dtype="datetime64[s]")
    low, middle, high, observed = (
        np.array([np.nan if row[key] is None else float(str(row[key])) for row in rows])
        for key in ("highest_p05", "highest_p50", "highest_p95", "level_observed")
    )
    figure, axes = plt.subplots(figsize=(10, 4.6), layout="constrained")
    axes.fill_between(time, low, high, color="#56B4E9", alpha=0.35, lw=0, label="highest level of the next 24 h (90 %)")
    axes.plot(time, middle, color="#0072B2", lw=1.2, ls="--", label="its median")
    axes.plot(time, observed, color="black", lw=1.4, label="observed level, Diga Sud Lido")
    top = float(np.nanmax(high))
    running: dict[str, datetime] = {}
    spans: list[tuple[str, datetime, datetime]] = []
    for row, moment in zip(rows, moments, strict=True):
        running |= {name: moment for name in str(row["starts"]).split(", ") if name}
        spans += [(name, running.pop(name), moment) for name in str(row["stops"]).split(", ") if name in running]
    spans += [(name, start, moments[-1]) for name, start in running.items()]
    names = list(dict.fromkeys(name for name, _, _ in spans))
    step = 0.09 * (top + 0.6)
    for name, start, end in spans:
        height = top + step * (1 + names.index(name))
        span = np.array([start, end], dtype="datetime64[s]")
        axes.plot(span, [height, height], color="#D55E00", lw=4, solid_capstyle="butt")
        axes.annotate(name.replace("_", " "), (start, height), xytext=(3, 4), textcoords="offset points", fontsize=8)
    axes.set(
        ylabel="m above mean sea level", xlim=(moments[0], moments[-1]), ylim=(-0.7, top + step * (len(names) + 1.5))
    )
    axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0.6), fontsize=8, frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
