"""Surge forecasts for the storms of a record, and how they compare with what was observed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.adaptation import hours_of
from strandline.batch import CONTEXT_HOURS, LEADS
from strandline.distillation.distil import students_view
from strandline.events import Storm
from strandline.observations import Observations
from strandline.samples import build_surge_batch
from strandline.tide_and_weather import TideAndWeather
from strandline.uncertainty.forecaster import Forecaster
from strandline.uncertainty.scores import interval_coverage, root_mean_square

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SurgeTable:
    """Forecasts issued through held-out storms.

    Attributes:
        rows: ``issue_time``, ``time``, ``lead_h``, ``p10``, ``p50``, ``p90``, ``observed``, ``tide``, and the bounds of
            the 90 % interval ``p05``, ``p95``; water levels [m, region datum]; ``observed`` NaN = gap.
            ``persistence`` is the tide plus the last observed surge, NaN where the own gauge was silent for 72 h.
    """

    rows: pd.DataFrame

    def scores(self) -> dict[str, float]:
        """RMSE [m] of the median, of persistence and of the tide alone on the same hours; interval coverage [-]."""
        rows = self.rows[(self.rows["lead_h"] > 0) & self.rows["observed"].notna()]
        observed = rows["observed"].to_numpy()
        return {
            "rmse": root_mean_square(rows["p50"].to_numpy() - observed),
            "rmse_persistence": root_mean_square(rows["persistence"].to_numpy() - observed),
            "rmse_tide": root_mean_square(rows["tide"].to_numpy() - observed),
            "coverage_90": interval_coverage(rows["p05"].to_numpy(), rows["p95"].to_numpy(), observed),
            "n_hours": float(len(rows)),
        }


def forecast_surge(
    forecaster: Forecaster, observations: Observations, storms: Sequence[Storm], sea: TideAndWeather
) -> SurgeTable:
    """Forecast every third hour through each storm, from the own gauge, the tide and the season alone.

    Args:
        sea: tide and weather of the own gauge.
    """
    gauge = observations.tide_gauge
    assert gauge is not None
    mean = float(gauge["mean_sea_level"].values[0])
    tables = []
    for storm in storms:
        issue = hours_of(observations, storm)
        if not issue.size:
            continue
        batch = students_view(build_surge_batch(observations, issue, sea, "survey"))
        assert batch.surge is not None
        assert batch.surge_valid is not None
        forecast = forecaster.predict(batch)
        low, high = forecaster.surge_interval(forecast, 0.8)
        lowest, highest = forecaster.surge_interval(forecast, 0.9)
        base = batch.tide[:, CONTEXT_HOURS - 1 :].numpy() + mean  # (B, 25)
        observed = np.where(batch.surge_valid.numpy(), base + batch.surge.numpy(), np.nan)
        residual = (batch.gauge[:, 0] - batch.tide[:, :CONTEXT_HOURS]).numpy()
        persistence = base + _last_seen(residual, batch.gauge_seen[:, 0].numpy())[:, None]
        lead = np.arange(LEADS)
        columns = {
            "issue_time": np.repeat(issue, LEADS),
            "time": (issue[:, None] + lead.astype("timedelta64[h]")).ravel(),
            "lead_h": np.tile(lead, issue.size),
            "p10": (base + low).ravel(),
            "p50": (base + forecast.surge_mean).ravel(),
            "p90": (base + high).ravel(),
            "observed": observed.ravel(),
            "tide": base.ravel(),
            "p05": (base + lowest).ravel(),
            "p95": (base + highest).ravel(),
            "persistence": persistence.ravel(),
        }
        tables.append(pd.DataFrame(columns))
    return SurgeTable(pd.concat(tables, ignore_index=True))


def _last_seen(residual: npt.NDArray[np.float32], seen: npt.NDArray[np.bool_]) -> Floats:
    """(B,) latest observed value of (B, 72); NaN where nothing was observed."""
    back = np.argmax(seen[:, ::-1], axis=1)
    last = residual[np.arange(len(residual)), residual.shape[1] - 1 - back]
    return np.where(seen.any(axis=1), last, np.nan)
