"""An operational forecast of the sea level, corrected by what it missed before at this gauge.

Its errors are a normal process of few numbers, which a few weeks of issued forecasts and observed levels show: a bias,
its change by lead, how far the forecast is to be drawn towards others of the same level, a slow error that readings
show as they come, and one that grows with the lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize
from scipy.stats import t as student

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Indices, Mask, Times
from strandline.observations.sea_level.issued_levels import HOUR, IssuedLevels

RECENT_HOURS = 72
"""Hours before an issue whose known errors correct it."""
BIN_HOURS = 12
"""Width of a class of leads; within one each level is forecast once."""
LONGEST = 96.0
"""[h] Lead from which errors grow no more."""
BLOCK_HOURS = 72
"""Length of one independent piece of weather; an assumption: a storm and its surge last two to four days."""
BIAS, BIAS_BY_LEAD, WEIGHT = 0.03, 0.02, 0.1
"""Standard deviations a priori: of the bias [m], of its change in 48 h of lead [m], and of the weight of another
forecast [-]. Assumptions, chosen on left-out weeks of PETSS at three gauges of New Jersey in 2026."""
TYPICAL = np.log([0.04, 72.0, 0.05, 24.0, 0.03])
"""Slow error [m] and its hours, error that grows with the square root of lead [m in 24 h] and its hours, and what is
left [m]; assumptions, with a factor of 2 (`LOG_SPREAD`) to either side."""
LOG_SPREAD = 0.7
SERIES = 4.0
"""Classes of leads that count as independent: they forecast the same levels."""
MOST_OF_A_CLASS = 160
"""Forecasts of a class of leads that the variances are fitted to."""
FEWEST_ERRORS = 20
"""Left-out errors that a class of leads needs for a spread of its own."""
LEAST_SPREAD = 1e-3
"""[m]"""
NO_PAST = "no issued forecast meets an observed level; give the archive of the record's weeks"


@dataclass(frozen=True, eq=False)
class PastForecasts:
    """Issued forecasts whose levels were observed.

    Attributes:
        forecast: N of them.
        observed: (N,) levels [m], above one zero, which may be another than that of the forecasts.
    """

    forecast: IssuedLevels
    observed: Floats

    def __post_init__(self) -> None:
        if self.observed.shape != self.forecast.level.shape or not np.isfinite(self.observed).all():
            raise InputError("observed levels", "are missing for some forecasts", "give past forecasts with a level")

    def __len__(self) -> int:
        return len(self.forecast)

    def __getitem__(self, rows: Indices | Mask) -> Self:
        return replace(self, forecast=self.forecast[rows], observed=self.observed[rows])

    @property
    def error(self) -> Floats:
        """(N,) level − forecast [m]."""
        return self.observed - self.forecast.level

    @classmethod
    def of(cls, forecast: IssuedLevels, time: Times, level: Floats) -> Self:
        """The forecasts whose hours were observed.

        Args:
            time: (T,) UTC, ascending; ``level``: (T,) [m], hourly or high waters alone, NaN = not observed.
        """
        at = np.minimum(np.searchsorted(time, forecast.valid), max(time.size - 1, 0))
        found = np.flatnonzero((time[at] == forecast.valid) & np.isfinite(level[at])) if time.size else at[:0]
        return cls(forecast[found], level[at[found]])

    def known_at(self, now: np.datetime64) -> Self:
        """The newest forecast of each level of the last 72 h, as it was there before the level."""
        valid, available = self.forecast.valid, self.forecast.available
        rows = np.flatnonzero((valid <= now) & (valid > now - RECENT_HOURS * HOUR) & (available < valid))
        rows = rows[np.argsort(self.forecast.lead[rows], kind="stable")]
        return self[rows[np.unique(valid[rows], return_index=True)[1]]]


@dataclass(frozen=True, eq=False)
class ForecastCorrector:
    """The errors of an operational forecast at one gauge, as a normal process.

    level − forecast = bias + change by lead + Σ weight · (other − forecast) + slow error + growing error + rest.

    Attributes:
        zero: what leads from the forecast's zero to that of the observed levels [m]; ``other_zeros``: (A,) the same of
            ``others − level``.
        logarithms: (5,) of the process's standard deviations [m] and hours, in the order of ``TYPICAL``.
        coefficients, covariance: (2 + 2 A,) and their covariance, about a prior of zero: the forecast as it is.
        freedom: degrees of freedom of the spread: pieces of weather in the past, less one. One piece gives bounds so
            wide that they say so.
        inflation: (C,) factor on the spread by class of lead, 1 or more, from left-out parts.
    """

    zero: float
    other_zeros: Floats
    logarithms: Floats
    coefficients: Floats
    covariance: Floats
    freedom: int
    inflation: Floats

    def moments(
        self, coming: IssuedLevels, now: np.datetime64, recent: PastForecasts | None = None
    ) -> tuple[Floats, Floats]:
        """Mean (N,) of the levels [m above the zero of the observed ones] and their standard deviation [m].

        Args:
            coming: that could be had at ``now``.
            recent: forecasts whose levels were read by ``now``; those of the last 72 h are used.

        Raises:
            InputError: a forecast could not be had yet.
        """
        if (coming.available > now).any():
            raise InputError("issued levels", f"hold some that were not known at {now}", "take those of 'known_at'")
        mean, spread = self._moments(coming, recent.known_at(now) if recent is not None else None)
        return coming.level + self.zero + mean, spread

    def quantiles(
        self, coming: IssuedLevels, now: np.datetime64, levels: Sequence[float], recent: PastForecasts | None = None
    ) -> Floats:
        """(N, Q) quantiles of the levels [m above the zero of the observed ones]; they do not cross."""
        mean, spread = self.moments(coming, now, recent)
        return np.asarray(mean[:, None] + spread[:, None] * student.ppf(np.asarray(levels), self.freedom))

    def _moments(self, coming: IssuedLevels, known: PastForecasts | None) -> tuple[Floats, Floats]:
        """Of the error about ``zero``."""
        mean, spread = self._posterior(coming, known)
        spread = spread * self.inflation[np.minimum(_class_of(coming), self.inflation.size - 1)]
        return mean, np.fmax(spread, coming.spread)

    def _posterior(self, coming: IssuedLevels, known: PastForecasts | None) -> tuple[Floats, Floats]:
        design = _design(coming, self.other_zeros)
        mean = design @ self.coefficients
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        slow, _, growing, _, rest = np.exp(2 * self.logarithms)
        variance += slow + growing * _size(coming) ** 2 + rest
        if known is not None and len(known):
            rows = _design(known.forecast, self.other_zeros)
            among = _kernel(self.logarithms, known.forecast, known.forecast) + rows @ self.covariance @ rows.T
            factor = cholesky(_with_rest(among, self.logarithms), lower=True)
            shared = _kernel(self.logarithms, coming, known.forecast) + design @ self.covariance @ rows.T
            mean = mean + shared @ cho_solve((factor, True), known.error - self.zero - rows @ self.coefficients)
            variance -= np.einsum("ij,ji->i", shared, cho_solve((factor, True), shared.T))
        return mean, np.sqrt(np.maximum(variance, LEAST_SPREAD**2))


@dataclass(frozen=True, eq=False)
class CorrectedForecast:
    """What a service forecasts for the coming hours, corrected.

    Attributes:
        coming: (N,) the newest forecast of each coming hour, as issued.
        quantiles: (N, Q) levels [m, above the zero of the readings]; they do not cross.
        past: forecasts that it was learned from; ``weeks`` in which they lie.
    """

    coming: IssuedLevels
    quantiles: Floats
    past: int
    weeks: int


def correct_forecast(
    issued: IssuedLevels,
    time: Times,
    level: Floats,
    now: np.datetime64,
    levels: Sequence[float],
    *,
    has_same_zero: bool,
) -> CorrectedForecast | None:
    """Correct the forecasts known at an hour by those of before and the readings up to it; ``None`` = none is coming.

    Args:
        issued: all cycles of one service, as `issued_levels` gives them; later ones are not used.
        time, level: (T,) ascending hours and readings [m], NaN = none; later ones are not used.
        levels: of the quantiles, 0…1.
        has_same_zero: whether levelling joins the zero of the forecasts to that of the readings; a bias is then about
            0, else about the median error.

    Raises:
        RefusedByTheory: no past forecast meets a reading.
    """
    known = issued.known_at(now)
    coming = known[known.valid > now].newest()
    if not len(coming):
        return None
    past = PastForecasts.of(known[known.valid <= now], time, level)
    if not len(past):
        raise RefusedByTheory(NO_PAST)
    week = ((past.forecast.valid - past.forecast.valid.min()) // (168 * HOUR)).astype(np.int64)
    corrector = fit_forecast_corrector(past, week, has_same_zero=has_same_zero)
    quantiles = corrector.quantiles(coming, now, levels, past)
    return CorrectedForecast(coming, quantiles, len(past), int(np.unique(week).size))


def fit_forecast_corrector(past: PastForecasts, part: Indices, *, has_same_zero: bool) -> ForecastCorrector:
    """Fit to weeks of issued forecasts and observed levels, hourly or high waters alone.

    The variances of the process maximise a likelihood in which each class of leads stands by itself: a forecast's slope
    cannot be learned beside another forecast of the same level, which would give that level away.

    Args:
        part: (N,) number of the part that a forecast is left out with, as the week of its level; −1 = never. With
            fewer than two parts no spread is measured, and the process and its degrees of freedom alone give it.
        has_same_zero: whether forecasts and observed levels are above the same zero, by levelling; a bias is then
            about 0, and a stormy past does not shift a calm future. Else it is about the median error.

    Raises:
        RefusedByTheory: no past forecast.
    """
    if not len(past):
        raise RefusedByTheory(NO_PAST)
    if part.shape != past.observed.shape:
        raise InputError("parts", f"have shape {part.shape}", f"give {past.observed.shape}, one a forecast")
    logarithms = _fit_variances(past, _zero(past, has_same_zero))
    whole = _fit_coefficients(past, logarithms, _zero(past, has_same_zero))
    parts = np.unique(part[part >= 0])
    if parts.size < 2:
        return whole
    scaled = np.full(len(past), np.nan)
    for one in parts:
        own, rest = np.flatnonzero(part == one), np.flatnonzero(part != one)
        without = _fit_coefficients(past[rest], logarithms, _zero(past[rest], has_same_zero))
        scaled[own] = _left_out(without, past, own)
    return replace(whole, inflation=_inflation(scaled, _class_of(past.forecast), whole.freedom))


def _left_out(without: ForecastCorrector, past: PastForecasts, rows: Indices) -> Floats:
    """Errors in standard deviations of forecasts that the coefficients have not seen, with what was known at issue."""
    scaled = np.empty(rows.size)
    available = past.forecast.available[rows]
    for now in np.unique(available):
        own = np.flatnonzero(available == now)
        coming = past[rows[own]]
        mean, spread = without._moments(coming.forecast, past.known_at(now))
        scaled[own] = (coming.error - without.zero - mean) / spread
    return scaled


def _inflation(scaled: Floats, classes: Indices, freedom: int) -> Floats:
    """(C,) factor by class of lead with which 90 % of left-out errors lie within the bounds, 1 or more.

    Neighbouring classes are taken together, and all of them where these are few.
    """
    known = np.isfinite(scaled)
    size, classes = np.abs(scaled[known]), classes[known]
    found = np.ones(int(classes.max()) + 1)
    for number in range(found.size):
        near = size[np.abs(classes - number) <= 1]
        errors = near if near.size >= FEWEST_ERRORS else size
        found[number] = max(1.0, float(np.quantile(errors, 0.9)) / float(student.ppf(0.95, freedom)))
    return found


def _pieces(forecast: IssuedLevels) -> int:
    """Pieces of weather in which forecasts lie."""
    return int(np.unique((forecast.valid - forecast.valid.min()) // (BLOCK_HOURS * HOUR)).size)


def _class_of(forecast: IssuedLevels) -> Indices:
    return np.maximum(forecast.lead // BIN_HOURS, 0).astype(np.int64)


def _by_class(past: PastForecasts) -> list[PastForecasts]:
    """Forecasts of each class of leads, each level once, by its shortest lead."""
    classes, found = _class_of(past.forecast), []
    for one in np.unique(classes):
        rows = np.flatnonzero(classes == one)
        rows = rows[np.argsort(past.forecast.lead[rows], kind="stable")]
        rows = rows[np.unique(past.forecast.valid[rows], return_index=True)[1]]
        kept = np.linspace(0, rows.size - 1, min(rows.size, MOST_OF_A_CLASS)).astype(int)
        found.append(past[rows[kept]])
    return found


def _zero(past: PastForecasts, has_same_zero: bool) -> float:
    return 0.0 if has_same_zero else float(np.median(past.error))


def _zeros_of_others(forecast: IssuedLevels) -> Floats:
    return np.asarray(np.median(forecast.others - forecast.level[:, None], axis=0))


def _design(forecast: IssuedLevels, other_zeros: Floats) -> Floats:
    """(N, 2 + 2 A) columns of the coefficients, scaled by their standard deviations a priori."""
    days = np.minimum(forecast.lead, LONGEST) / 48 - 1
    columns = [BIAS * np.ones_like(days), BIAS_BY_LEAD * days]
    for other, zero in zip(forecast.others.T, other_zeros, strict=True):
        apart = WEIGHT * (other - forecast.level - zero)
        columns += [apart, apart * days]
    return np.stack(columns, axis=1)


def _kernel(logarithms: Floats, first: IssuedLevels, second: IssuedLevels) -> Floats:
    """(N, M) covariance [m2] of the slow and the growing error."""
    return _covariance(logarithms, *_apart(first, second))


def _apart(first: IssuedLevels, second: IssuedLevels) -> tuple[Floats, Floats, Floats]:
    """(N, M) between forecasts: hours from level to level, these and those from issue to issue, product of sizes."""
    levels = np.abs((first.valid[:, None] - second.valid) / HOUR)
    cycles = np.abs((first.issued[:, None] - second.issued) / HOUR)
    return levels, levels + cycles, _size(first)[:, None] * _size(second)


def _covariance(logarithms: Floats, levels: Floats, both: Floats, sizes: Floats) -> Floats:
    """(N, M) covariance [m2] of the slow and the growing error, of forecasts so far ``_apart``."""
    slow, slow_hours, growing, growing_hours = np.exp(logarithms[:4])
    storm = growing**2 * sizes * np.exp(-both / growing_hours)
    return np.asarray(slow**2 * np.exp(-levels / slow_hours) + storm)


def _size(forecast: IssuedLevels) -> Floats:
    """(N,) of the growing error, 1 a day ahead [-]."""
    return np.asarray(np.sqrt(np.clip(forecast.lead, 0, LONGEST) / 24))


def _with_rest(covariance: Floats, logarithms: Floats) -> Floats:
    return np.asarray(covariance + (np.exp(2 * logarithms[4]) + LEAST_SPREAD**2) * np.eye(len(covariance)))


def _fit_variances(past: PastForecasts, zero: float) -> Floats:
    """(5,) logarithms of the errors that the coefficients leave; see ``TYPICAL``."""
    logarithms = TYPICAL
    for _ in range(2):  # the coefficients hardly depend on the variances
        corrector = _fit_coefficients(past, logarithms, zero)
        logarithms = _fit_to_errors(_by_class(past), corrector)
    return logarithms


def _fit_to_errors(classes: Sequence[PastForecasts], corrector: ForecastCorrector) -> Floats:
    share = min(1.0, SERIES / len(classes))
    errors = [
        each.error - corrector.zero - _design(each.forecast, corrector.other_zeros) @ corrector.coefficients
        for each in classes
    ]

    apart = [_apart(each.forecast, each.forecast) for each in classes]

    def loss(logarithms: Floats) -> float:
        total = 0.0
        for distances, error in zip(apart, errors, strict=True):
            covariance = _covariance(logarithms, *distances)
            factor = cholesky(_with_rest(covariance, logarithms), lower=True)
            total += 0.5 * float(error @ cho_solve((factor, True), error)) + float(np.log(np.diag(factor)).sum())
        return share * total + 0.5 * float((((logarithms - TYPICAL) / LOG_SPREAD) ** 2).sum())

    found = minimize(loss, TYPICAL, method="L-BFGS-B", options={"maxiter": 30})
    return np.asarray(found.x, dtype=float)


def _fit_coefficients(past: PastForecasts, logarithms: Floats, zero: float) -> ForecastCorrector:
    """The corrector without a measured spread.

    Least squares, so that the errors themselves become small. Weighted by the inverse of their covariance, smooth
    errors would look better than small ones: the tide's, beside those of cycles that follow each other. Each class
    counts as many independent errors as the process has in it, and no more than there are pieces of weather.
    """
    classes, other_zeros = _by_class(past), _zeros_of_others(past.forecast)
    share = min(1.0, SERIES / len(classes))
    precision = np.eye(2 + 2 * other_zeros.size)
    pull = np.zeros(len(precision))
    for each in classes:
        design = _design(each.forecast, other_zeros)
        covariance = _with_rest(_kernel(logarithms, each.forecast, each.forecast), logarithms)
        variance = float(np.diag(covariance).mean())
        weight = share * min(variance / covariance.mean(), _pieces(each.forecast)) / len(each) / variance
        precision += weight * design.T @ design
        pull += weight * design.T @ (each.error - zero)
    covariance = np.asarray(np.linalg.inv(precision), dtype=float)
    return ForecastCorrector(
        zero, other_zeros, logarithms, covariance @ pull, covariance, max(1, _pieces(past.forecast) - 1), np.ones(1)
    )
