"""The forecast of the highest level in a table of surge forecasts, and its probability to exceed a level."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from strandline.observations.arrays import Floats
from strandline.planning.early_action.streams import Stream

MEMBERS = 50
P90_OF_STANDARD_NORMAL = float(norm.ppf(0.9))
MIN_HOURS = 3
DAY_AHEAD = 24
"""Lead by which a warning is of use to most people [h]; an assumption."""


@dataclass(frozen=True, eq=False)
class ForecastTrace:
    """One continuous forecast.

    Attributes:
        rows: rows of the surge forecast, ascending in time.
        issue_time: UTC; None where each row has its own issue time and the same lead.
        lead_h: that lead [h]; None where all rows have one issue time.
    """

    rows: pd.DataFrame
    issue_time: pd.Timestamp | None
    lead_h: float | None


def forecast_of_the_peak(surge: pd.DataFrame, days_around: float = 2.0) -> ForecastTrace | None:
    """Return the forecast of the highest level in the table; None where there is no level.

    The peak is the highest observed level, or the highest median without observations. Of the issue times that cover
    the peak, the last one that was a day before it or earlier is chosen; without such, the earliest. Where an issue has
    fewer than ``MIN_HOURS`` leads, the trace follows the longest lead that covers the peak instead, over
    ``days_around`` it.
    """
    if surge.empty:
        return None
    ordered = surge.sort_values(["issue_time", "time"], ignore_index=True)
    target = ordered["observed"] if ordered["observed"].notna().any() else ordered["p50"]
    if not target.notna().any():
        return None
    peak_time = ordered["time"].iloc[int(target.argmax())]
    at_peak = ordered[ordered["time"] == peak_time].sort_values("lead_h")
    early = at_peak[at_peak["lead_h"] >= DAY_AHEAD]
    issue = pd.Timestamp(early["issue_time"].iloc[0] if len(early) else at_peak["issue_time"].iloc[-1])
    rows = ordered[ordered["issue_time"] == issue]
    if len(rows) >= MIN_HOURS:
        return ForecastTrace(rows.reset_index(drop=True), issue, None)
    lead = float(at_peak["lead_h"].iloc[-1])
    window = pd.Timedelta(days=days_around)
    rows = ordered[(ordered["lead_h"] == lead) & ((ordered["time"] - peak_time).abs() <= window)]
    return ForecastTrace(rows.sort_values("time").reset_index(drop=True), None, lead)


def exceedance_probability(rows: pd.DataFrame, level: float) -> Floats:
    """Return the hourly probability [-] that the water level exceeds ``level`` [m]; NaN where a quantile is unknown.

    The forecast is a two-piece normal distribution with half its mass on either side of the median; p10 and p90 set the
    spread of the two sides.

    Source: Wallis (2014), The two-piece normal, binormal, or double Gaussian distribution, Statistical Science 29,
    106-112; here with the pieces joined at the median.
    """
    p10, p50, p90 = (rows[name].to_numpy(dtype=float) for name in ("p10", "p50", "p90"))
    spread = np.where(level >= p50, p90 - p50, p50 - p10) / P90_OF_STANDARD_NORMAL
    distance = level - p50
    standardised = np.where(
        spread > 0, distance / np.where(spread > 0, spread, 1.0), np.where(distance < 0, -np.inf, np.inf)
    )
    probability = norm.sf(standardised)
    return np.where(np.isnan(p10 + p50 + p90), np.nan, probability)


def as_stream(trace: ForecastTrace) -> Stream:
    """Return equally weighted members at each lead [m] of the distribution in ``exceedance_probability``."""
    p10, p50, p90 = (trace.rows[name].to_numpy(dtype=float)[:, None] for name in ("p10", "p50", "p90"))
    deviate = norm.ppf((np.arange(MEMBERS) + 0.5) / MEMBERS) / P90_OF_STANDARD_NORMAL  # (M,)
    members = p50 + deviate * np.where(deviate > 0, p90 - p50, p50 - p10)  # (rows, M)
    if trace.lead_h is None:
        issued = np.array([trace.issue_time], dtype="datetime64[ns]")
        return Stream("m", issued, trace.rows["lead_h"].to_numpy(dtype=float), members[None])
    issued = trace.rows["issue_time"].to_numpy(dtype="datetime64[ns]")
    return Stream("m", issued, np.array([trace.lead_h]), members[:, None])
