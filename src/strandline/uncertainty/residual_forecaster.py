"""Forecast of a gauge's residual: normal process, response to the weather, and errors measured on weeks left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Indices
from strandline.observations.sea_level.surge.likelihood import Record
from strandline.observations.sea_level.surge.residual_process import fit_residual_covariance
from strandline.observations.sea_level.surge.surge_forecast import DrivenResidual, drive, predict_driven
from strandline.observations.sea_level.surge.weather_response import (
    Column,
    WeatherResponse,
    driver_of,
    fit_weather_response,
)
from strandline.uncertainty.large_residuals import LargeResiduals, amplitude_by_lead

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
        doubt: (N, 144 + 78, C) standard deviation of the weather [its units], as that of a river that is not forecast;
            ``None`` = what forecasts miss is all.
    """

    own: Floats
    tide_modes: Floats
    weather: Floats | None = None
    doubt: Floats | None = None

    def __len__(self) -> int:
        return len(self.own)

    def __getitem__(self, rows: slice | Indices) -> "Situation":
        weather, doubt = (None if each is None else each[rows] for each in (self.weather, self.doubt))
        return Situation(self.own[rows], self.tide_modes[rows], weather, doubt)

    def of_columns(self, at: Indices) -> "Situation":
        """The same with some of the columns alone."""
        weather = None if self.weather is None else self.weather[..., at]
        return replace(self, weather=weather, doubt=None if self.doubt is None else self.doubt[..., at])


@dataclass(frozen=True, eq=False)
class Fallback:
    """A response to a part of the drivers, which answers where others of them are not known.

    Attributes:
        response: its columns are some of those of the forecaster's response.
        forecast_error: as of the forecaster.
    """

    response: WeatherResponse
    forecast_error: Floats | None = None


@dataclass(frozen=True, eq=False)
class ResidualForecaster:
    """A gauge's forecaster, 0 to 72 h ahead.

    Attributes:
        covariance: (168,) of the residual without weather [m2].
        response: to the weather, and to rain or rivers; ``None`` = there is none.
        forecast_error: (144, K) modes [m] of what forecasts of the weather miss, by hour about the issue.
        amplitude: (73,) standard deviation of a factor on the response by lead [-], or one number for all.
        errors: (73, 103) quantiles of the errors, by lead, in standard deviations, at ``GRID``: in weeks left out,
            or of Student's distribution where these are wider.
        large: how much less sure a forecast of a large residual is.
        fallbacks: in their order, each for the hours that no response before it answers.
    """

    covariance: Floats
    response: WeatherResponse | None
    forecast_error: Floats | None
    amplitude: Floats | float
    errors: Floats
    large: LargeResiduals = field(default_factory=LargeResiduals)
    fallbacks: tuple[Fallback, ...] = ()

    @property
    def responses(self) -> tuple[Fallback, ...]:
        """All responses, in the order in which they answer."""
        return () if self.response is None else (Fallback(self.response, self.forecast_error), *self.fallbacks)

    @property
    def answers_land(self) -> bool:
        """Whether a river or rain is among what is answered."""
        return self.response is not None and any(driver_of(column) != "weather" for column in self.response.columns)

    def columns_of(self, response: WeatherResponse) -> Indices:
        """Where the columns of a response stand in a situation."""
        assert self.response is not None
        names = [column.name for column in self.response.columns]
        return np.array([names.index(column.name) for column in response.columns])

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
        shift, found = np.zeros((len(situation), HOURS)), None
        if self.response is not None:
            shift = situation.tide_modes @ self.response.tide_shift
        for each in self.responses if situation.weather is not None else ():
            part = situation if each.response is self.response else situation.of_columns(self.columns_of(each.response))
            assert part.weather is not None
            driven = drive(each.response, part.weather, each.forecast_error, part.doubt)
            answer = driven.mean[:, first:]
            driven = replace(driven, mean=driven.mean + situation.tide_modes @ each.response.tide_shift)
            answered = predict_driven(own, seen, modes, each.response.residual_covariance, driven, first)
            found = _completed(found, (*answered, answer))
            if np.isfinite(found[0]).all():
                return found
        nothing = DrivenResidual(shift, np.zeros((len(situation), HOURS, 0)))
        mean, spread = predict_driven(own, seen, modes, self.covariance, nothing, first)
        return _completed(found, (mean, spread, np.zeros_like(mean)))


def _completed(
    found: tuple[Floats, Floats, Floats] | None, other: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """What was found, and where its first is not known the other."""
    if found is None:
        return other
    known = np.isfinite(found[0])
    return tuple(np.where(known, one, two) for one, two in zip(found, other, strict=True))  # type: ignore[return-value]


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
        fallbacks: names of the columns that each fallback answers to, in their order.
    """

    level: Floats
    tide_modes: npt.NDArray[np.float32]
    weather: Floats
    columns: tuple[Column, ...]
    part: Indices
    others: tuple[Record, ...] = ()
    fallbacks: tuple[tuple[str, ...], ...] = ()

    def response(self, level: Floats, names: Sequence[str], logarithms: Floats | None = None) -> WeatherResponse | None:
        """Fitted to levels (T,) with some of the columns; ``None`` = no level at an hour with their values."""
        at = [number for number, column in enumerate(self.columns) if column.name in names]
        columns = [self.columns[number] for number in at]
        try:
            return fit_weather_response(level, self.tide_modes, self.weather[:, at], columns, self.others, logarithms)
        except RefusedByTheory:
            return None


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
        self,
        issues: Indices,
        situation: Situation,
        forecast_error: Floats | None = None,
        of_fallbacks: Sequence[Floats | None] | None = None,
    ) -> ResidualForecaster:
        """The forecaster of all parts, with the errors of the parts that were left out.

        How the spread grows with the response, and the distribution of the errors, are those of these parts. Floods of
        rivers are rare and their errors decide little of a likelihood: where a river or rain is answered, the spread
        grows so that it holds the errors of the largest responses, by lead.

        Args:
            issues: (N,) hours of the history whose situations these are; those near known levels measure the errors.
            situation: at these hours.
            forecast_error: (144, K) modes [m] of what forecasts of the weather miss.
            of_fallbacks: the same of each fallback; ``None`` = nothing is added.

        Raises:
            InputError: an hour of issue outside of the history.
        """
        if issues.size and (issues.min() < 0 or issues.max() >= self.level.size):
            raise InputError("hours of issue", "lie outside of the history", "give indices into it")
        ahead = issues[:, None] + np.arange(LONGEST_LEAD + 1)
        at = np.minimum(ahead, self.level.size - 1)
        truth = np.where(ahead < self.level.size, self.level[at], np.nan)
        errors = of_fallbacks or [None] * len(self.whole.fallbacks)
        found: list[tuple[Floats, Floats, Floats, Floats]] = []  # mean, level − mean, spread and response: (N, 73) each
        for part, others in self.without.items():
            rows = np.flatnonzero(self.part[issues] == part)
            if rows.size:
                mean, spread, answer = _with_errors(others, forecast_error, errors)._parts(situation[rows])
                same = self.part[at[rows]] == part
                found.append((mean, np.where(same, truth[rows] - mean, np.nan), spread, answer))
        whole = _with_errors(self.whole, forecast_error, errors)
        if not found:
            return whole
        mean, error, spread, answer = (np.concatenate(each) for each in zip(*found, strict=True))
        if whole.answers_land:
            best = replace(whole, amplitude=amplitude_by_lead(error, spread, answer, LEAD_WINDOW))
        else:
            candidates = [replace(whole, amplitude=size) for size in AMPLITUDES]
            best = max(candidates, key=lambda one: _likelihood(error, one._widened(spread, answer)))
        spread = best._widened(spread, answer)
        distributions = _distributions(error / spread, self.whole.errors[0])
        half_width = spread * np.array([np.interp(0.95, GRID, row) for row in distributions])
        large = LargeResiduals.measure(mean, error, half_width, with_response=whole.answers_land)
        return replace(best, errors=distributions, large=large)


def fit_residual_forecaster(history: GaugeHistory) -> FittedForecaster:
    """Fit a forecaster to all parts of a record, and to all but each.

    The variances are chosen on all parts, the coefficients without the part that is tested.

    Raises:
        RefusedByTheory: no reading.
    """
    covariance = fit_residual_covariance(history.level, history.tide_modes, np.zeros((0, 168)))
    names = [column.name for column in history.columns]
    response = history.response(history.level, names) if names else None
    others = () if response is None else [history.response(history.level, each) for each in history.fallbacks]
    whole = ResidualForecaster(
        covariance,
        response,
        None,
        0.0,
        np.tile(_narrowest(history.level), (LONGEST_LEAD + 1, 1)),
        fallbacks=tuple(Fallback(each) for each in others if each is not None),
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


def _with_errors(
    forecaster: ResidualForecaster, forecast_error: Floats | None, of_fallbacks: Sequence[Floats | None]
) -> ResidualForecaster:
    pairs = zip(forecaster.fallbacks, of_fallbacks, strict=True)
    fallbacks = tuple(replace(fallback, forecast_error=error) for fallback, error in pairs)
    return replace(forecaster, forecast_error=forecast_error, fallbacks=fallbacks)


def _without_part(whole: ResidualForecaster, history: GaugeHistory, part: int) -> ResidualForecaster:
    """The forecaster of all other parts, with the variances of all."""
    if whole.response is None:
        return whole
    level = np.where(history.part == part, np.nan, history.level)
    if not np.isfinite(level).any():
        return whole

    def refitted(response: WeatherResponse) -> WeatherResponse | None:
        found = history.response(level, [column.name for column in response.columns], response.logarithms)
        return None if found is None else replace(found, residual_covariance=response.residual_covariance)

    response, *others = (refitted(each.response) for each in whole.responses)
    fallbacks = tuple(Fallback(each) for each in others if each is not None)
    if response is None or len(fallbacks) < len(others):  # all weather that is known is that of this part
        return replace(whole, response=None)
    return replace(whole, response=response, fallbacks=fallbacks)


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
