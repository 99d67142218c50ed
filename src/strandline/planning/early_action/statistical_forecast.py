"""A statistical probabilistic forecast of a gauge from its own readings, for all issue times of a record."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.residual_process import autocovariance, predict_residual
from strandline.planning.early_action.streams import Stream

CONTEXT_HOURS, LATEST_HOURS = 48, 6
"""Hours of readings that a forecast uses, and the greatest age of the last of them; otherwise there is no forecast."""
MEMBERS = 50


@dataclass(frozen=True, eq=False)
class StatisticalForecast:
    """Gaussian-process prediction of the residual, dressed with its past errors.

    Attributes:
        residual_covariance: (168,) autocovariance of the residual [m2].
        errors: (L, M) standardised forecast errors [-]: at each lead the quantiles of all past errors, joined from lead
            to lead in the rank order of some of them, so that a member is one possible trajectory (error dressing:
            Roulston and Smith 2003, Tellus A 55, 16-30; rank order: Clark et al. 2004, Journal of Hydrometeorology 5,
            243-262).
    """

    residual_covariance: Floats
    errors: Floats

    def issue(self, time: Times, level: Floats, tide: Floats, every_hours: int) -> Stream:
        """The forecasts that would have been issued every ``every_hours`` of a record.

        Args:
            time: (T,) UTC, hourly without a gap.
            level: (T,) water level [m, any datum]; NaN = no reading.
            tide: (T,) predicted tide with the mean sea level of that datum [m].

        Raises:
            InputError: times that are not an hour apart.

        Returns:
            Members of the water level [m] for leads 0 to 24 h; no issue after six hours without a reading.
        """
        if not (np.diff(time) == np.timedelta64(1, "h")).all():
            raise InputError("statistical forecast", "its times are not an hour apart", "put the record on full hours")
        issue = np.arange(CONTEXT_HOURS - 1, time.size - (len(self.errors) - 1), every_hours)
        mean, spread, has_readings = _mean_and_spread(self.residual_covariance, level - tide, issue, len(self.errors))
        hours = issue[has_readings, None] + np.arange(len(self.errors))  # (N, L)
        middle = tide[hours] + mean[has_readings]
        values = (middle[..., None] + spread[has_readings][..., None] * self.errors).astype(np.float32)  # (N, L, M)
        return Stream("m", time[issue[has_readings]], np.arange(len(self.errors), dtype=float), values)


def fit_statistical_forecast(
    level: Floats, tide: Floats, rng: np.random.Generator, leads: int = 24
) -> StatisticalForecast:
    """Fit to a record (T,) other than the one it is tested on.

    Raises:
        InputError: lengths that do not match.
        RefusedByTheory: fewer issues than members whose every lead was observed.
    """
    if level.shape != tide.shape:
        raise InputError(
            "statistical forecast", f"{level.size} levels and {tide.size} tides", "give one tide for each level"
        )
    residual = level - tide
    covariance = autocovariance(residual)
    issue = np.arange(CONTEXT_HOURS - 1, residual.size - leads, 7)  # so that every hour of the day occurs
    mean, spread, has_readings = _mean_and_spread(covariance, residual, issue, leads + 1)
    errors = (residual[issue[:, None] + np.arange(leads + 1)] - mean) / spread  # (N, L)
    whole = np.flatnonzero(has_readings & np.isfinite(errors).all(axis=1))
    if whole.size < MEMBERS:
        raise RefusedByTheory(f"{whole.size} whole forecasts do not give {MEMBERS} members; give a longer record")
    ranks = errors[rng.choice(whole, MEMBERS, replace=False)].argsort(axis=0).argsort(axis=0)  # (M, L)
    quantiles = np.quantile(errors[whole], (np.arange(MEMBERS) + 0.5) / MEMBERS, axis=0)  # (M, L)
    return StatisticalForecast(covariance, np.take_along_axis(quantiles, ranks, axis=0).T)


def _mean_and_spread(
    covariance: Floats, residual: Floats, issue: npt.NDArray[np.int64], leads: int
) -> tuple[Floats, Floats, Mask]:
    """Mean and spread (N, L) [m] of the residual from each issue on, and (N,) which issues have recent readings.

    The weights of the readings depend on which are missing, not on their values; so they are computed once for each
    pattern of gaps.
    """
    past = issue[:, None] + np.arange(-CONTEXT_HOURS + 1, 1)  # (N, C)
    own = residual[past]
    seen = np.isfinite(own)
    has_readings = seen[:, -LATEST_HOURS:].any(axis=1)
    patterns, which = np.unique(seen, axis=0, return_inverse=True)
    mean, spread = np.zeros((issue.size, leads)), np.ones((issue.size, leads))
    unit = torch.eye(CONTEXT_HOURS, dtype=torch.float64)
    covariances = torch.from_numpy(covariance).expand(CONTEXT_HOURS, -1)
    no_modes = torch.zeros(CONTEXT_HOURS, CONTEXT_HOURS - 1 + leads, 0, dtype=torch.float64)
    filled = np.where(seen, own, 0.0)
    for number, pattern in enumerate(patterns):
        rows = (which.ravel() == number) & has_readings
        if not rows.any():
            continue
        is_read = torch.from_numpy(np.tile(pattern, (CONTEXT_HOURS, 1)))
        weights, deviation = predict_residual(
            unit,
            is_read,
            covariances.expand(CONTEXT_HOURS, -1),
            no_modes.expand(CONTEXT_HOURS, -1, -1),
            first=CONTEXT_HOURS - 1,
        )
        mean[rows] = filled[rows] @ weights.numpy()
        spread[rows] = deviation[0].numpy()
    return mean, spread, has_readings
