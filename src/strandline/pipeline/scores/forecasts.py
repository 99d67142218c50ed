"""Forecasts of the water level through the storms that a run held out, and their skill by lead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.observations.weather.storms import Storm
from strandline.report.findings import LeadSkill, SurgeScores
from strandline.uncertainty.gauge_forecast.forecaster import LEADS, GaugeForecaster, readings_at
from strandline.uncertainty.metrics import interval_coverage, root_mean_square

EVERY = np.timedelta64(3, "h")
"""Between issues."""
SCORED_LEADS = (3, 6, 12, 24, 36, 48, 72)
"""Leads at which the skill is stated [h]."""
DAY_AHEAD = 24
"""Least lead of the forecasts by which storms' peaks are judged, and longest of those in one number [h]."""
LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)


@dataclass(frozen=True, eq=False)
class SurgeTable:
    """Forecasts issued through held-out storms.

    Attributes:
        rows: ``issue_time``, ``time``, ``lead_h``, ``p10``, ``p50``, ``p90``, ``observed``, ``tide``, and the bounds of
            the 90 % interval ``p05``, ``p95``; water levels [m, region datum]; ``observed`` NaN = gap, or an hour that
            was not held out. ``persistence`` is the tide plus the last observed surge, NaN where the own gauge was
            silent for 72 h; ``by_readings`` is the median without weather. ``knows_weather``: whether a row rests on
            weather that was known then.
    """

    rows: pd.DataFrame

    def scores(self) -> SurgeScores:
        """Errors up to a day ahead beside the better of tide alone and persistence, and the skill at single leads."""
        scored = self.rows[(self.rows["lead_h"] > 0) & self.rows["observed"].notna()]
        day = scored[scored["lead_h"] <= DAY_AHEAD]
        baselines = {"tide alone": _rmse(day, "tide"), "persistence": _rmse(day, "persistence")}
        name = min(baselines, key=lambda key: baselines[key])
        peaks = self.peaks()
        by_lead = [_skill(lead, scored[scored["lead_h"] == lead]) for lead in SCORED_LEADS]
        return SurgeScores(
            _rmse(day, "p50"),
            _coverage(day),
            len(day),
            baselines[name],
            name,
            _coverage(_stormiest(day)),
            len(peaks),
            int((peaks["observed"] > peaks["p90"]).sum()),
            int((peaks["observed"] < peaks["p10"]).sum()),
            tuple(each for each in by_lead if each.n_hours),
        )

    def peaks(self) -> pd.DataFrame:
        """The highest reading of each storm, in the row of the last forecast that was issued a day before or earlier.

        A storm without a reading has no row.
        """
        rows = self.rows[(self.rows["lead_h"] >= DAY_AHEAD) & self.rows["observed"].notna()]
        highest = rows[rows["observed"] == rows.groupby("storm")["observed"].transform("max")]
        return highest.sort_values("lead_h").groupby("storm").first()


def forecast_storms(
    forecaster: GaugeForecaster, observations: Observations, time: Times, level: Floats, storms: Sequence[Storm]
) -> SurgeTable:
    """Forecasts issued every third hour of each storm, from what was known then.

    Args:
        observations: whose weather counts.
        time, level: (T,) of the own gauge [m, region datum]; NaN = no reading.
    """
    tables = [pd.DataFrame(columns=_COLUMNS)]
    by_readings = forecaster.without_weather()
    for number, storm in enumerate(storms):
        issue = np.arange(storm.start, storm.end, EVERY)
        found = forecaster.forecast(issue, time, level, observations, LEVELS)
        alone = by_readings.forecast(issue, time, level, None, (0.5,))
        valid = issue[:, None] + LEADS.astype("timedelta64[h]")
        observed = np.where(valid <= storm.end, readings_at(time, level, valid), np.nan)
        last = readings_at(time, level, issue - np.nan_to_num(found.age).astype("timedelta64[h]"))
        last = np.where(np.isnan(found.age), np.nan, last)
        tide_then = _tide(forecaster, issue - np.nan_to_num(found.age).astype("timedelta64[h]"))
        columns = {
            "storm": np.full(valid.size, number),
            "issue_time": np.repeat(issue, LEADS.size),
            "time": valid.ravel(),
            "lead_h": np.tile(LEADS, issue.size),
            **{f"p{round(100 * at):02d}": values.ravel() for at, values in found.quantiles.items()},
            "observed": observed.ravel(),
            "tide": found.tide.ravel(),
            "persistence": (found.tide + (last - tide_then)[:, None]).ravel(),
            "by_readings": alone.quantiles[0.5].ravel(),
            "knows_weather": found.knows_weather.ravel(),
        }
        table = pd.DataFrame(columns)
        tables.append(table[table["time"] <= storm.end])
    return SurgeTable(pd.concat(tables[1:] or tables, ignore_index=True))


_COLUMNS = (
    "storm", "issue_time", "time", "lead_h", "p05", "p10", "p50", "p90", "p95", "observed", "tide", "persistence",
    "by_readings", "knows_weather",
)  # fmt: skip


def _tide(forecaster: GaugeForecaster, time: Times) -> Floats:
    return np.asarray(forecaster.mean_sea_level + forecaster.sea_level.tide(time))


def _skill(lead: int, rows: pd.DataFrame) -> LeadSkill:
    return LeadSkill(
        lead=lead,
        n_hours=len(rows),
        rmse=_rmse(rows, "p50"),
        by_readings=_rmse(rows, "by_readings"),
        persistence=_rmse(rows, "persistence"),
        tide=_rmse(rows, "tide"),
        coverage_90=_coverage(rows),
        knows_weather=float(rows["knows_weather"].mean()) if len(rows) else float("nan"),
    )


def _rmse(rows: pd.DataFrame, name: str) -> float:
    known = rows[rows[name].notna()]
    if known.empty:
        return float("nan")
    return root_mean_square(known[name].to_numpy(dtype=float) - known["observed"].to_numpy(dtype=float))


def _coverage(rows: pd.DataFrame) -> float:
    """Share of readings inside the 90 % interval [-]; NaN without any."""
    if rows.empty:
        return float("nan")
    return interval_coverage(*(rows[name].to_numpy(dtype=float) for name in ("p05", "p95", "observed")))


def _stormiest(rows: pd.DataFrame) -> pd.DataFrame:
    """The tenth of the hours in which the sea stands highest above the tide."""
    surge = rows["observed"] - rows["tide"]
    return rows[surge >= surge.quantile(0.9)]
