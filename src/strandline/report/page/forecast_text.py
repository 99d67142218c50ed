"""The sentences of the report on the forecast of the water level, and on how well it does."""

import numpy as np
import pandas as pd

from strandline.planning.formatting import (
    format_metres,
    format_metres_between,
    format_percent,
    format_time,
    pluralise,
)
from strandline.report.alerts.forecast_trace import ForecastTrace
from strandline.report.findings import SurgeScores

ALWAYS = 0.99
"""Share of forecasts that knew the weather from which all did [-]."""
COVERAGE_TOLERANCE = 0.04
"""Difference of a coverage from what is meant that a reader need not know of [-]; an assumption."""


def forecast_sentences(trace: ForecastTrace | None, scores: SurgeScores) -> list[str]:
    """Return what the forecast shown predicted, what was observed, and how often it fails in storms."""
    if trace is None:
        return ["There is no forecast to show."]
    rows = trace.rows
    peak = rows.iloc[int(rows["p50"].argmax())]
    if trace.issue_time is not None:
        issued = f"Issued on {format_time(trace.issue_time)}"
    else:
        issued = f"Issued anew every hour, {trace.lead_h:g} hours ahead"
    sentences = [
        f"{issued}, the forecast peaks at {format_metres(peak['p50'])} "
        f"({format_metres_between(peak['p10'], peak['p90'])}) on {format_time(peak['time'])}."
    ]
    observed = rows["observed"]
    if observed.notna().any():
        top = rows.iloc[int(observed.argmax())]
        sentences.append(
            f"The highest reading in that time was {format_metres(top['observed'])} on {format_time(top['time'])}, "
            f"{_beside_its_range(top)}."
        )
    if scores.storms:
        sentences += [
            f"So it goes in storms: of the highest readings of {pluralise(scores.storms, 'storm')} that the model was "
            f"not trained on, {scores.peaks_above} lay above the range of the last forecast issued a day before them "
            f"or earlier, and {scores.peaks_below} below it; about 1 in 10 each is meant.",
            "The storm with the highest reading is shown; it was not chosen by its forecast.",
        ]
    if observed.isna().any():
        sentences.append(
            f"The gauge gave no reading in {pluralise(int(observed.isna().sum()), 'hour')} of this time; the gaps are "
            "shaded."
        )
    return sentences


def _beside_its_range(row: pd.Series) -> str:
    """Where a reading lies beside the range that was forecast for its hour."""
    between = format_metres_between(row["p10"], row["p90"])
    if row["observed"] > row["p90"]:
        return f"above the range of that hour ({between}): this forecast failed, it would have warned of too little"
    if row["observed"] < row["p10"]:
        return f"below the range of that hour ({between}): this forecast failed, it would have warned of too much"
    return f"within the range of that hour ({between})"


def lead_rows(scores: SurgeScores) -> list[tuple[str, ...]]:
    """Return a row a lead: hours ahead, errors of the forecast and of simpler ones, share within the 90 % range."""
    return [
        (
            f"{each.lead}",
            *(_error(value) for value in (each.rmse, each.by_readings, each.persistence, each.tide)),
            format_percent(each.coverage_90),
        )
        for each in scores.by_lead
    ]


def weather_sentence(scores: SurgeScores) -> str:
    """Return what of the weather the forecasts rest on, and from which lead on they are no better than the tide."""
    if not scores.by_lead:
        return ""
    shares = [each.knows_weather for each in scores.by_lead]
    if max(shares) == 0:
        weather = (
            "No forecast of wind and pressure was known in these storms: the forecast is by readings alone. With a "
            "weather forecast among the streams it can look further ahead."
        )
    elif min(shares) >= ALWAYS:
        weather = "Wind and pressure count as they were forecast at the time, never as they were known later."
    else:
        weather = (
            f"Wind and pressure count as they were forecast at the time, where there was a forecast: in "
            f"{format_percent(max(shares))} of the cases at best, in {format_percent(min(shares))} at worst; in the "
            "others the forecast is by readings alone."
        )
    worse = [each.lead for each in scores.by_lead if each.rmse >= each.tide]
    if not worse:
        return weather
    return f"{weather} From {min(worse)} hours ahead on, the tide alone was as good or better on these storms."


def _error(value: float) -> str:
    return "–" if np.isnan(value) else format_metres(value)


def range_verdict(scores: SurgeScores) -> str:
    """Return whether the 90 % range is as wide as it should be, by the worse of all hours and the stormy ones."""
    stormy = scores.coverage_90_in_storms
    if stormy is not None and width_of_range(stormy) == "too narrow":
        return f"too narrow in storms ({format_percent(stormy)})"
    return width_of_range(scores.coverage_90)


def range_sentence(scores: SurgeScores) -> str:
    """Return whether the 90 % range of the water-level forecast is as wide as it should be, in storms and in all."""
    whole, stormy = scores.coverage_90, scores.coverage_90_in_storms
    contained = f"The range meant to contain 90 % of the readings contained {format_percent(whole)}"
    if stormy is None or np.isnan(stormy):
        return f"{contained}: it is {width_of_range(whole)}."
    apart = f"{contained}, and {format_percent(stormy)} in the stormiest tenth of the hours"
    if width_of_range(whole) == width_of_range(stormy):
        return f"{apart}: it is {width_of_range(whole)}."
    return f"{apart}: it is {width_of_range(whole)} in all hours together, and {width_of_range(stormy)} in storms."


def width_of_range(coverage: float) -> str:
    """Return whether a 90 % range with this coverage [-] is as wide as it should be."""
    if coverage > 0.9 + COVERAGE_TOLERANCE:
        return "wider than needed"
    return "too narrow" if coverage < 0.9 - COVERAGE_TOLERANCE else "about as wide as it should be"
