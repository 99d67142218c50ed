"""The surge service of a simulated coast: what it said of past storms, and what it says as they are lived again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt

from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.simulator.sea.surge_forecasts import ForecastSkill, forecast_surges
from strandline.watch.assimilation.forecast_guidance import ExternalForecast
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Reading

SURGE_SERVICE = "surge forecast"
SERVICE_DELAY = timedelta(hours=1)
"""From the analysis to the moment at which its forecast can be had."""
SKILL = ForecastSkill(members=8)


@dataclass(frozen=True, eq=False)
class SurgeService:
    """Forecasts of the true surge at a simulated coast.

    Attributes:
        time: (T,) UTC, hourly; ``surge``: (T,) what truly came [m about the tide].
        seed: of its errors.
    """

    time: npt.NDArray[np.datetime64]
    surge: npt.NDArray[np.float64]
    seed: int

    @classmethod
    def of(cls, place: StudyArea, deployment: Deployment) -> Self | None:
        """The one of a simulated place, with errors by the run's seed; ``None`` on a real one."""
        truth = place.observations.truth
        if truth is None or "surge" not in truth:
            return None
        seed = next(iter(deployment.metadata.seeds.values()), 0)
        return cls(truth["hour"].values, truth["surge"].values.astype(float), seed)

    def say(self, hour: np.datetime64) -> ExternalForecast | None:
        """Mean and spread of the newest issue that can be had at an hour, from then on; ``None`` = there is none."""
        issue = self._number(hour - np.timedelta64(SERVICE_DELAY))
        if issue < 0:
            return None
        issued = forecast_surges(self.time, self.surge, self.seed, SKILL, [issue])
        past = int((hour - issued.issued[0]) / np.timedelta64(1, "h"))
        values = issued.values[0, past:].astype(float)  # (L, M)
        known = np.isfinite(values).all(axis=1)
        leads = np.arange(len(values))[known]
        return (
            ExternalForecast(leads, values[known].mean(axis=1), values[known].std(axis=1, ddof=1))
            if leads.size
            else None
        )

    def replay(self, start: datetime, end: datetime) -> Replay:
        """Its issues between two times as a stream."""
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
        """Of the last issue up to a moment; the record ends with one."""
        return int((min(moment, self.time[-1]) - self.time[0]) // np.timedelta64(SKILL.every_hours, "h"))
