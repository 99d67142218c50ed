"""A simple probabilistic forecast of a gauge from its own readings, for every hour of a record at which it was due."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.residual_process import autocovariance, predict_residual
from strandline.planning.early_action.triggers import Stream

CONTEXT_HOURS, SILENT_HOURS = 48, 6
"""Readings that a forecast looks back on, and how old the last of them may be; else there is no forecast."""
MEMBERS = 50


@dataclass(frozen=True, eq=False)
class StatisticalForecast:
    """How the water about the tide goes on after some readings.

    Attributes:
        weather: (168,) autocovariance of the residual [m2].
        errors: (L, M) what its forecasts were off, each over its own spread [-]: at each lead the quantiles of all past
            errors, joined from lead to lead in the order of some of them. So a member is one possible course of the
            hours (error dressing: Roulston and Smith 2003, Tellus A 55, 16-30; the order: Clark et al. 2004, Journal of
            Hydrometeorology 5, 243-262).
    """

    weather: Floats
    errors: Floats

    def forecast(self, time: Times, level: Floats, tide: Floats, every_hours: int) -> Stream:
        """The forecasts that would have been issued every so many hours of a record.

        Args:
            time: (T,) UTC, hourly without a break.
            level: (T,) water level [m, any datum]; NaN = not read.
            tide: (T,) predicted tide with the mean sea level of that datum [m].

        Raises:
            InputError: times that are not an hour apart.

        Returns:
            Members of the water level [m] for leads 0 to 24 h; no issue where nothing was read for six hours.
        """
        if not (np.diff(time) == np.timedelta64(1, "h")).all():
            raise InputError("gauge forecast", "its times are not an hour apart", "put the record on full hours")
        issue = np.arange(CONTEXT_HOURS - 1, time.size - (len(self.errors) - 1), every_hours)
        mean, spread, told = _mean_and_spread(self.weather, level - tide, issue, len(self.errors))
        hours = issue[told, None] + np.arange(len(self.errors))  # (N, L)
        middle = tide[hours] + mean[told]
        values = (middle[..., None] + spread[told][..., None] * self.errors).astype(np.float32)  # (N, L, M)
        return Stream("m", time[issue[told]], np.arange(len(self.errors), dtype=float), values)


def fit_statistical_forecast(
    level: Floats, tide: Floats, rng: np.random.Generator, leads: int = 24
) -> StatisticalForecast:
    """From a record (T,) that is not the one to be judged on.

    Raises:
        InputError: lengths that do not match.
        RefusedByTheory: fewer issues than members whose every lead was observed.
    """
    if level.shape != tide.shape:
        raise InputError("gauge forecast", f"{level.size} levels and {tide.size} tides", "give one tide a level")
    residual = level - tide
    weather = autocovariance(residual)
    issue = np.arange(CONTEXT_HOURS - 1, residual.size - leads, 7)  # so that every hour of the day is there
    mean, spread, told = _mean_and_spread(weather, residual, issue, leads + 1)
    errors = (residual[issue[:, None] + np.arange(leads + 1)] - mean) / spread  # (N, L)
    whole = np.flatnonzero(told & np.isfinite(errors).all(axis=1))
    if whole.size < MEMBERS:
        raise RefusedByTheory(f"{whole.size} whole forecasts do not give {MEMBERS} members; give a longer record")
    ranks = errors[rng.choice(whole, MEMBERS, replace=False)].argsort(axis=0).argsort(axis=0)  # (M, L)
    usual = np.quantile(errors[whole], (np.arange(MEMBERS) + 0.5) / MEMBERS, axis=0)  # (M, L)
    return StatisticalForecast(weather, np.take_along_axis(usual, ranks, axis=0).T)


def _mean_and_spread(
    weather: Floats, residual: Floats, issue: npt.NDArray[np.int64], leads: int
) -> tuple[Floats, Floats, Mask]:
    """Mean and spread (N, L) [m] of the residual from each issue on, and (N,) which issues had readings to speak of.

    The rule that turns readings into a forecast depends on which were read, not on what; so it is made once for each
    pattern of gaps.
    """
    past = issue[:, None] + np.arange(-CONTEXT_HOURS + 1, 1)  # (N, C)
    own = residual[past]
    seen = np.isfinite(own)
    told = seen[:, -SILENT_HOURS:].any(axis=1)
    patterns, which = np.unique(seen, axis=0, return_inverse=True)
    mean, spread = np.zeros((issue.size, leads)), np.ones((issue.size, leads))
    unit = torch.eye(CONTEXT_HOURS, dtype=torch.float64)
    covariance = torch.from_numpy(weather).expand(CONTEXT_HOURS, -1)
    no_modes = torch.zeros(CONTEXT_HOURS, CONTEXT_HOURS - 1 + leads, 0, dtype=torch.float64)
    filled = np.where(seen, own, 0.0)
    for number, pattern in enumerate(patterns):
        rows = (which.ravel() == number) & told
        if not rows.any():
            continue
        there = torch.from_numpy(np.tile(pattern, (CONTEXT_HOURS, 1)))
        answer, width = predict_residual(
            unit,
            there,
            covariance.expand(CONTEXT_HOURS, -1),
            no_modes.expand(CONTEXT_HOURS, -1, -1),
            first=CONTEXT_HOURS - 1,
        )
        mean[rows] = filled[rows] @ answer.numpy()
        spread[rows] = width[0].numpy()
    return mean, spread, told
