"""Forecast of a gauge's residual: normal process, response to the weather, and errors measured on weeks left out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Indices
from strandline.observations.sea_level.surge.likelihood import Record
from strandline.observations.sea_level.surge.residual_process import fit_residual_covariance
from strandline.observations.sea_level.surge.surge_forecast import DrivenResidual, drive, predict_driven
from strandline.observations.sea_level.surge.weather_response import Column, WeatherResponse, fit_weather_response

CONTEXT_HOURS, LONGEST_LEAD = 72, 72
HOURS = CONTEXT_HOURS + LONGEST_LEAD
"""Hours about an issue: the last one of the context is that of issue."""
GRID = np.concatenate([[0.002, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.998]])
"""Levels at which the distribution of the normalised errors is kept."""
TIDE_DOUBT = 3.0**0.5
"""Scale of the modes of the tide's error. The residual in the weeks that a tide was fitted to lacks what the fit took,
of the variance of the modes, and its likelihood counts their error once more all the same: the covariance of the
residual lacks both, beside the error of the tide itself."""
LEAD_WINDOW = 6
"""Leads to either side [h] whose errors are measured together."""
AMPLITUDES = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6)
"""Candidates for the standard deviation of a factor on the response to the weather [-]: storms err in proportion to
their size. It only widens what the process says."""
LARGE_SHARE, FEWEST_LARGE, MOST_FACTOR = 0.1, 300, 3.0
"""Share of the forecasts that count as of a large residual, errors of them that a factor needs, and its greatest
value."""
WEATHER_HOURS = 72
"""Length of an independent piece of weather [h]; an assumption: a storm and its surge last two to four days."""
FEWEST_ERRORS = 100
"""Errors of left-out weeks that a distribution needs; with fewer Student's holds."""
LOST_SHARE = 1e-3
"""Of the variance of what forecasts of the weather miss that its modes may lack."""
_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class Situation:
    """What is known at N issues.

    Attributes:
        own: (N, 72) residuals [m] up to the issue; NaN = not read.
        tide_modes: (N, 144, R) of the tide's error [m] from 71 h before the issue to 72 h after.
        weather: (N, 144 + 78, M, C) of M members as known at the issue, in the response's columns, from 143 h before it
            to 78 h after; NaN = not known. ``None`` = there is no weather.
    """

    own: Floats
    tide_modes: Floats
    weather: Floats | None = None

    def __len__(self) -> int:
        return len(self.own)

    def __getitem__(self, rows: slice | Indices) -> "Situation":
        weather = None if self.weather is None else self.weather[rows]
        return Situation(self.own[rows], self.tide_modes[rows], weather)


@dataclass(frozen=True)
class LargeResiduals:
    """How much less sure a forecast of a large residual is than one of a small.

    Attributes:
        middle, high: of the size of the forecast residual [m]: half and nine tenths of the forecasts lie below.
        factor: on the spread from ``high`` on, 1 or more [-]; it grows from 1 at ``middle``.
    """

    middle: float = 0.0
    high: float = math.inf
    factor: float = 1.0

    def of(self, mean: Floats) -> Floats:
        """Factors on the spread of forecasts of these residuals [m]."""
        share = np.clip((np.abs(mean) - self.middle) / max(self.high - self.middle, 1e-9), 0.0, 1.0)
        return np.asarray(1 + (self.factor - 1) * share)

    @classmethod
    def measure(cls, mean: Floats, error: Floats, half_width: Floats) -> "LargeResiduals":
        """The factor with which nine in ten errors of the largest tenth of forecasts lie within the range.

        Args:
            mean, error: (N, 73) [m] of forecasts and of what they missed, NaN = not known.
            half_width: (N, 73) of the range that is meant to hold nine in ten errors [m].
        """
        known = np.isfinite(error)
        if known.sum() < FEWEST_LARGE / LARGE_SHARE:
            return cls()
        size, ratio = np.abs(mean[known]), np.abs(error[known]) / half_width[known]
        middle, high = np.quantile(size, [0.5, 1 - LARGE_SHARE])
        found = float(np.quantile(ratio[size >= high], 0.9))
        return cls(float(middle), float(high), float(np.clip(found, 1.0, MOST_FACTOR)))


@dataclass(frozen=True, eq=False)
class ResidualForecaster:
    """A gauge's forecaster, 0 to 72 h ahead.

    Attributes:
        covariance: (168,) of the residual without weather [m2].
        response: to the weather; ``None`` = there is none.
        forecast_error: (144, K) modes [m] of what forecasts of the weather miss, by hour about the issue.
        amplitude: standard deviation of a factor on the response [-].
        errors: (73, 103) quantiles of the errors, by lead, in standard deviations, at ``GRID``: in weeks left out,
            or of Student's distribution where these are wider.
        large: how much less sure a forecast of a large residual is.
    """

    covariance: Floats
    response: WeatherResponse | None
    forecast_error: Floats | None
    amplitude: float
    errors: Floats
    large: LargeResiduals = LargeResiduals()

    def moments(self, situation: Situation) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the residual (N, 73) [m] by lead.

        Where the weather was not known the forecast is that of the readings alone.
        """
        parts = [self._parts(situation[at : at + _AT_ONCE]) for at in range(0, len(situation), _AT_ONCE)]
        mean, spread, answer = (np.concatenate([part[i] for part in parts]) for i in range(3))
        return mean, self._widened(spread, answer) * self.large.of(mean)

    def _widened(self, spread: Floats, answer: Floats) -> Floats:
        """Standard deviations of which a part grows with the response to the weather."""
        return np.asarray(np.hypot(spread, self.amplitude * answer))

    def quantiles(self, situation: Situation, levels: Sequence[float]) -> Floats:
        """(N, 73, Q) quantiles of the residual [m]; they do not cross."""
        mean, spread = self.moments(situation)
        at = np.stack([np.interp(levels, GRID, row) for row in self.errors])  # (73, Q)
        found: Floats = mean[..., None] + spread[..., None] * at
        return found

    def _parts(self, situation: Situation) -> tuple[Floats, Floats, Floats]:
        """Mean and standard deviation of the process (N, 73), and the response to the weather, 0 where not known."""
        seen = np.isfinite(situation.own)
        own = np.where(seen, situation.own, 0.0)
        modes, first = TIDE_DOUBT * situation.tide_modes, CONTEXT_HOURS - 1
        shift = np.zeros((len(situation), HOURS))
        if self.response is not None:
            shift = situation.tide_modes @ self.response.tide_shift
        if self.response is not None and situation.weather is not None:
            driven = drive(self.response, situation.weather, self.forecast_error)
            answer = driven.mean[:, first:]
            driven = replace(driven, mean=driven.mean + shift)
            with_weather = predict_driven(own, seen, modes, self.response.residual_covariance, driven, first)
            known = np.isfinite(with_weather[0])
            if known.all():
                return (*with_weather, answer)
        nothing = DrivenResidual(shift, np.zeros((len(situation), HOURS, 0)))
        mean, spread = predict_driven(own, seen, modes, self.covariance, nothing, first)
        if self.response is None or situation.weather is None:
            return mean, spread, np.zeros_like(mean)
        found = zip((*with_weather, answer), (mean, spread, np.zeros_like(mean)), strict=True)
        return tuple(np.where(known, one, other) for one, other in found)  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class GaugeHistory:
    """What a forecaster is fitted to: T hours of one gauge and its weather.

    Attributes:
        level: (T,) residuals about the tide [m]; NaN = not read, or not to be used.
        tide_modes: (T, R) of the tide's error [m].
        weather: (T, C) analyses in the columns' units; NaN = not known.
        columns: of the weather; empty = none.
        part: (T,) number of the part that an hour is left out with, as its week; −1 = never.
        others: the same residual as neighbours show it.
    """

    level: Floats
    tide_modes: npt.NDArray[np.float32]
    weather: Floats
    columns: tuple[Column, ...]
    part: Indices
    others: tuple[Record, ...] = ()


@dataclass(frozen=True, eq=False)
class FittedForecaster:
    """A forecaster whose errors are not measured yet, and the same without each part of its record.

    Attributes:
        whole: of all parts; ``without``: part → of the others, with the variances of all.
        level, part: (T,) of the history.
    """

    whole: ResidualForecaster
    without: Mapping[int, ResidualForecaster]
    level: Floats
    part: Indices

    def measured(
        self, issues: Indices, situation: Situation, forecast_error: Floats | None = None
    ) -> ResidualForecaster:
        """The forecaster of all parts, with the errors of the parts that were left out.

        How the spread grows with the response, and the distribution of the errors, are those of these parts.

        Args:
            issues: (N,) hours of the history whose situations these are; those near known levels measure the errors.
            situation: at these hours.
            forecast_error: (144, K) modes [m] of what forecasts of the weather miss.

        Raises:
            InputError: an hour of issue outside of the history.
        """
        if issues.size and (issues.min() < 0 or issues.max() >= self.level.size):
            raise InputError("hours of issue", "lie outside of the history", "give indices into it")
        ahead = issues[:, None] + np.arange(LONGEST_LEAD + 1)
        at = np.minimum(ahead, self.level.size - 1)
        truth = np.where(ahead < self.level.size, self.level[at], np.nan)
        found: list[tuple[Floats, Floats, Floats, Floats]] = []  # mean, level − mean, spread and response: (N, 73) each
        for part, others in self.without.items():
            rows = np.flatnonzero(self.part[issues] == part)
            if rows.size:
                mean, spread, answer = replace(others, forecast_error=forecast_error)._parts(situation[rows])
                same = self.part[at[rows]] == part
                found.append((mean, np.where(same, truth[rows] - mean, np.nan), spread, answer))
        whole = replace(self.whole, forecast_error=forecast_error)
        if not found:
            return whole
        mean, error, spread, answer = (np.concatenate(each) for each in zip(*found, strict=True))
        candidates = [replace(whole, amplitude=size) for size in AMPLITUDES]
        best = max(candidates, key=lambda one: _likelihood(error, one._widened(spread, answer)))
        spread = best._widened(spread, answer)
        errors = _distributions(error / spread, self.whole.errors[0])
        half_width = spread * np.array([np.interp(0.95, GRID, row) for row in errors])
        return replace(best, errors=errors, large=LargeResiduals.measure(mean, error, half_width))


def fit_residual_forecaster(history: GaugeHistory) -> FittedForecaster:
    """Fit a forecaster to all parts of a record, and to all but each.

    The variances are chosen on all parts, the coefficients without the part that is tested.

    Raises:
        RefusedByTheory: no reading.
    """
    covariance = fit_residual_covariance(history.level, history.tide_modes, np.zeros((0, 168)))
    response = None
    if history.columns:
        try:
            response = fit_weather_response(
                history.level, history.tide_modes, history.weather, history.columns, history.others
            )
        except RefusedByTheory:  # no reading at an hour with weather
            response = None
    whole = ResidualForecaster(
        covariance, response, None, 0.0, np.tile(_narrowest(history.level), (LONGEST_LEAD + 1, 1))
    )
    parts = np.unique(history.part[history.part >= 0])
    without = {int(part): _without_part(whole, history, int(part)) for part in parts}
    return FittedForecaster(whole, without, history.level, history.part)


def _likelihood(error: Floats, spread: Floats) -> float:
    """Log likelihood of errors (N, 73) [m], NaN = not known, each by itself."""
    known = np.isfinite(error)
    return float(-np.sum(0.5 * (error[known] / spread[known]) ** 2 + np.log(spread[known])))


def learn_forecast_error(response: WeatherResponse, forecast: Floats, analysis: Floats) -> Floats:
    """(144, K) modes [m] of what forecasts of the weather miss, from past issues whose weather is known by now.

    The modes hold all but a thousandth of the variance.

    No reading of the gauge is needed. Hours of issue and before have no error beyond that of the analysis.

    Args:
        forecast: (N, 222, M, C) weather as known at each issue; ``analysis``: (N, 222, C) as known later.
    """
    foreseen = drive(response, forecast).mean
    happened = drive(response, analysis[:, :, None]).mean
    known = np.isfinite(foreseen - happened)  # forecasts that end early still show how they err before
    error = np.where(known, foreseen - happened, 0.0)
    pairs = known.astype(float)
    covariance = error.T @ error / np.maximum(pairs.T @ pairs, 1.0)
    covariance[:CONTEXT_HOURS] = covariance[:, :CONTEXT_HOURS] = 0.0
    variance, patterns = np.linalg.eigh(covariance)
    variance, patterns = np.maximum(variance[::-1], 0.0), patterns[:, ::-1]
    kept = 1 + int(np.searchsorted(np.cumsum(variance), (1 - LOST_SHARE) * variance.sum()))
    return np.asarray(patterns[:, :kept] * np.sqrt(variance[:kept]))


def _without_part(whole: ResidualForecaster, history: GaugeHistory, part: int) -> ResidualForecaster:
    """The forecaster of all other parts, with the variances of all."""
    if whole.response is None:
        return whole
    level = np.where(history.part == part, np.nan, history.level)
    if not np.isfinite(level).any():
        return whole
    try:
        response = fit_weather_response(
            level, history.tide_modes, history.weather, history.columns, history.others, whole.response.logarithms
        )
    except RefusedByTheory:  # all weather that is known is that of this part
        return replace(whole, response=None)
    return replace(whole, response=replace(response, residual_covariance=whole.response.residual_covariance))


def _distributions(errors: Floats, narrowest: Floats) -> Floats:
    """(73, 103) quantiles of normalised errors (N, 73) by lead, those of neighbouring leads together.

    They are symmetric, since a few weeks do not show which way a forecast errs, and never narrower than ``narrowest``:
    errors that happened to be small in these weeks make no later forecast surer.
    """
    found = np.tile(narrowest, (errors.shape[1], 1))
    for lead in range(errors.shape[1]):
        near = errors[:, max(0, lead - LEAD_WINDOW) : lead + LEAD_WINDOW + 1]
        known = np.abs(near[np.isfinite(near)])
        if known.size >= FEWEST_ERRORS:
            size = np.quantile(known, np.abs(2 * GRID - 1))
            found[lead] = np.sign(GRID - 0.5) * np.maximum(size, np.abs(narrowest))
    return found


def _narrowest(level: Floats) -> Floats:
    """(103,) quantiles of an error over a standard deviation that was estimated from the weather of a record (T,).

    Source: Student's distribution, with a degree of freedom for each piece of weather but one.
    """
    pieces = np.unique(np.flatnonzero(np.isfinite(level)) // WEATHER_HOURS).size
    return np.asarray(student.ppf(GRID, max(1, pieces - 1)))
