"""The surge forecast service of a simulated coast: its past forecasts, and their replay."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Times
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.simulator.sea.surge_forecasts import ForecastSkill, forecast_surges
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Reading

SURGE_SERVICE = "surge forecast"
SERVICE_DELAY = timedelta(hours=1)
"""From the analysis to the publication of its forecast."""
SKILL = ForecastSkill(members=8)


@dataclass(frozen=True, eq=False)
class SurgeService:
    """Forecasts of the true surge at a simulated coast.

    Attributes:
        time: (T,) UTC, hourly; ``surge``: (T,) true surge [m about the tide].
        seed: of its errors.
    """

    time: npt.NDArray[np.datetime64]
    surge: npt.NDArray[np.float64]
    seed: int

    @classmethod
    def of(cls, study_area: StudyArea, deployment: Deployment) -> Self | None:
        """The service of a simulated study area, with errors drawn by the run's seed; ``None`` for a real one."""
        truth = study_area.observations.truth
        if truth is None or "surge" not in truth:
            return None
        seed = next(iter(deployment.metadata.seeds.values()), 0)
        return cls(truth["hour"].values, truth["surge"].values.astype(float), seed)

    def forecasts(self, hours: Times) -> list[ExternalForecast | None]:
        """Mean and spread of the newest issue available at each hour; ``None`` = no issue."""
        return [self.forecast(hour) for hour in hours]

    def forecast(self, hour: np.datetime64) -> ExternalForecast | None:
        """Mean and spread of the newest issue available at an hour; ``None`` = no issue."""
        issue = self._number(hour - np.timedelta64(SERVICE_DELAY))
        if issue < 0:
            return None
        issued = forecast_surges(self.time, self.surge, self.seed, SKILL, [issue])
        values = issued.values[0].astype(float)  # (L, M)
        known = np.isfinite(values).all(axis=1)
        if not known.any():
            return None
        mean, spread = values[known].mean(axis=1), values[known].std(axis=1, ddof=1)
        return ExternalForecast(issued.issued[0].astype("datetime64[h]"), np.flatnonzero(known), mean, spread)

    def replay(self, start: datetime, end: datetime) -> Replay:
        """Its issues between two times, as a stream."""
        numbers = range(max(self._number(np.datetime64(start)), 0), self._number(np.datetime64(end)) + 1)
        issued = forecast_surges(self.time, self.surge, self.seed, SKILL, list(numbers))
        readings = []
        for issue, values in zip(issued.issued.astype("datetime64[us]").tolist(), issued.values, strict=True):
            for lead, members in zip(issued.leads.tolist(), values.tolist(), strict=True):
                moment = issue + timedelta(hours=lead)
                readings += [
                    Reading(SURGE_SERVICE, "surge_forecast", moment, issue, value, member=member)
                    for member, value in enumerate(members)
                    if np.isfinite(value)
                ]
        return Replay.of(SURGE_SERVICE, readings, SERVICE_DELAY)

    def _number(self, moment: np.datetime64) -> int:
        """Number of the last issue up to a moment; the record ends with an issue."""
        return int((min(moment, self.time[-1]) - self.time[0]) // np.timedelta64(SKILL.every_hours, "h"))
