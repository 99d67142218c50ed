"""Rows of the river mouth: how the river was chosen, and what makes the level."""

from dataclasses import replace

import numpy as np

from benchmarks.record import Row
from benchmarks.surge.methods.forecaster import FittedTask, fit_task
from benchmarks.surge.methods.registry import SIMPLE
from benchmarks.surge.protocol import Issues, Task, draw_task
from benchmarks.surge.records.gauge import Gauge, GaugeSet
from strandline.observations.arrays import Floats, Indices
from strandline.uncertainty.gauge_forecast.shares import shares_of
from strandline.uncertainty.residual_forecaster import LONGEST_LEAD

METHODS = (*SIMPLE, "ridge_weather", "process", "labels_only")
RIVERS = ("", "le_thuy_m", "kien_giang_m", "kien_giang_m3_s")
"""Candidates for the river; none = rain alone."""
PEAK = np.datetime64("2020-10-18T20", "h")
"""Hour of the highest reading, UTC."""
MONTH = (np.datetime64("2020-10-01"), np.datetime64("2020-11-01"))
SHARE_LEADS = (6, 12, 24, 48)


def task_of(gauge_set: GaugeSet, gauge: Gauge) -> Task:
    """Every week of 2010 and 2016 known, and the rain forecast."""
    period = gauge_set.period_of(gauge.name)
    return draw_task(gauge, (), period, gauge_set.fraction, gauge_set.leads, 0, "forecast")


def choice(gauge_set: GaugeSet, river: str) -> Row:
    """Errors in floods of the training years, each part of the record left out of the fit [m]; 2020 is not used."""
    gauge = replace(gauge_set.gauges[0], river=river)
    fitted = fit_task(task_of(gauge_set, gauge))
    history = fitted.history
    flood = gauge.scored & np.isfinite(history.level)
    hours = np.flatnonzero(np.isfinite(history.level))
    hours = hours[(hours >= 71) & (hours < flood.size - LONGEST_LEAD)]
    hours = hours[[bool(flood[hour : hour + 49].any()) for hour in hours]]
    found: Row = {"river": river or "rain alone"}
    whole = fitted.situation_of_record(hours)
    for name, situation in (("", whole), ("silent_", replace(whole, own=np.full_like(whole.own, np.nan)))):
        errors = np.full((hours.size, LONGEST_LEAD + 1), np.nan)
        for part, others in fitted.whole.without.items():
            rows: Indices = np.flatnonzero(history.part[hours] == part)
            if rows.size:
                ahead = hours[rows, None] + np.arange(LONGEST_LEAD + 1)
                there = flood[ahead] & (history.part[ahead] == part)
                mean = others.moments(situation[rows])[0]
                errors[rows] = np.where(there, mean - history.level[ahead], np.nan)
        for lead in (12, 24):
            found[f"{name}rmse_{lead}h"] = float(np.sqrt(np.nanmean(errors[:, lead] ** 2)))
            found[f"{name}n_{lead}h"] = int(np.isfinite(errors[:, lead]).sum())
    return found


def shares(task: Task, fitted: FittedTask) -> list[Row]:
    """What makes the level at the peak of October 2020, and its mean over the scored hours of that month [m].

    ``forecast``: as issued some hours before; ``hindcast``: without a reading of the mouth, the river as read up to the
    hour itself. ``left_over``: what was read less the sum of all.
    """
    rows: list[Row] = []
    for case, outage, leads in (("forecast", 0.0, SHARE_LEADS), ("hindcast", 1.0, (0,))):
        issues, level, _ = task.tests(outage)
        parts = _parts(fitted, issues)
        for lead in leads:
            at = task.leads.index(lead)
            valid = issues.time + np.timedelta64(lead, "h")
            of_month = (valid >= MONTH[0]) & (valid < MONTH[1]) & np.isfinite(level[:, at])
            for what, which in (("peak", valid == PEAK), ("October", of_month)):
                if not which.any():
                    continue
                tide = float(issues.tide_at_leads[which, at].mean())
                found = {name: float(each[which, lead].mean()) for name, each in parts.items()}
                found["tide"] += tide
                read = float(level[which, at].mean())
                left = read - sum(found.values())
                row: Row = {"case": case, "hours": what, "lead_h": lead, "n": int(which.sum()), "level": read}
                rows.append({**row, **found, "left_over": left})
    return rows


def _parts(fitted: FittedTask, issues: Issues) -> dict[str, Floats]:
    return shares_of(fitted.residual, fitted.situation(issues), fitted.situation(issues, is_dry=True))
