"""Extreme sea levels of published annual maxima: maximum-likelihood fit of the GEV distribution.

The shape xi has the sign of Coles (2001): xi < 0 means a bounded tail. SciPy's ``genextreme`` takes c = -xi.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats
from strandline.risk.hazard.surges.tail import SHAPE_RANGE

EXTRAPOLATION = 4.0
"""Greatest return period over record length [-] (Pugh 1987, Tides, Surges and Mean Sea-Level, chapter 8)."""
FEWEST_BLOCKS = 10
"""Annual maxima below which no GEV is fitted; a convention, e.g. Caires (2011), JCOMM Technical Report 58."""


@dataclass(frozen=True, eq=False)
class ReturnLevelFit:
    """A GEV distribution fitted to annual maxima, with the data that a bootstrap needs.

    Attributes:
        location: in ``reference_year`` [m, datum of the data].
        scale: [m].
        shape: xi [-].
        record_years: length of the record [years].
        trend: rise of the location [m a-1]; 0 where none was fitted.
        reference_year: the year for which levels are given; NaN where no trend was fitted.
        log_likelihood: at the maximum.
        data: (N, r) largest values of each year [m]; NaN = missing order.
        years: (N,) calendar years.
        source: of the record.
    """

    location: float
    scale: float
    shape: float
    record_years: float
    source: str
    data: Floats
    years: Floats
    log_likelihood: float
    trend: float = 0.0
    reference_year: float = float("nan")

    def __post_init__(self) -> None:
        if not (self.scale > 0 and np.isfinite([self.location, self.scale, self.shape]).all()):
            raise InputError(self.source, f"scale is {self.scale:g} m", "give a finite location, shape and scale > 0")

    def levels(self, return_periods: tuple[float, ...]) -> Floats:
        """(R,) levels [m] that the highest of a year exceeds with probability 1/T.

        Raises:
            RefusedByTheory: a period is longer than the record allows.

        Source: Coles (2001), equation 3.4.
        """
        require_record(self.record_years, return_periods)
        return self.location + self.scale * self.reduced_level(return_periods)

    def exceedances_a_year(self, level: float) -> float:
        """Expected events a year above a level [m]: −ln of the chance of a year without any."""
        standard = (level - self.location) / self.scale
        if abs(self.shape) < 1e-9:
            return float(np.exp(-standard))
        inside = 1.0 + self.shape * standard
        return float(inside ** (-1.0 / self.shape)) if inside > 0 else 0.0

    def reduced_level(self, return_periods: tuple[float, ...], shape: float | None = None) -> Floats:
        """(R,) levels of the standard tail (location 0, scale 1) with this or another ``shape`` [-]."""
        period = np.asarray(return_periods, dtype=float)
        if (period <= 1).any():
            raise InputError("return periods", f"{return_periods} are not all above 1 year", "use e.g. 2, 10, 100")
        xi = self.shape if shape is None else shape
        growth = -np.log(-np.log1p(-1 / period))
        return stretch(np.asarray(growth), xi)


def require_record(record_years: float, return_periods: tuple[float, ...]) -> None:
    """Refuse return periods that are more than ``EXTRAPOLATION`` times the record's length."""
    longest = max(return_periods)
    if longest > EXTRAPOLATION * record_years:
        raise RefusedByTheory(
            f"a record of {record_years:.1f} years cannot give {longest:g}-year levels"
            f"; give at least {longest / EXTRAPOLATION:.0f} years, or the published record of a longer one"
        )


def block_log_likelihood(data: Floats, location: Floats | float, scale: float, shape: float) -> float:
    """Log-likelihood of the r largest values of each block; r = 1 is the GEV.

    Args:
        data: (N, r) descending in each row; NaN = that order is missing.
        location: GEV location [m], one for all or (N, 1).
        scale: [m], above 0.
        shape: xi [-].

    Source: Coles (2001), equations 3.7 and 3.15.
    """
    reduced = _reduce((data - location) / scale, shape)
    if reduced is None:
        return -np.inf
    present = ~np.isnan(data)
    lowest = reduced[np.arange(len(data)), present.sum(axis=1) - 1]
    return float(-np.exp(-lowest).sum() - present.sum() * np.log(scale) - (1 + shape) * reduced[present].sum())


def fit_block_maxima(
    maxima: Floats,
    years: Floats,
    *,
    source: str,
    trend: bool,
    reference_year: float | None = None,
    near: "ReturnLevelFit | None" = None,
) -> ReturnLevelFit:
    """Fit a GEV to annual maxima, or to the r largest of each year, by maximum likelihood.

    Args:
        maxima: (N,) or (N, r) levels [m], descending in each row; NaN = that order is missing.
        years: (N,) calendar years of the blocks.
        trend: whether the location rises linearly with time; test it by the likelihood ratio.
        reference_year: of the levels; the last year by default. Used only with a trend.
        near: a fit from which the search starts, to a tenth of a thousandth of the spread; for fits by the hundred.

    Raises:
        InputError: a year without a maximum, or rows that are not descending.
        RefusedByTheory: fewer than ``FEWEST_BLOCKS`` years.

    Source: Coles (2001), sections 3.3, 3.5 and 6.2 (trend in the location).
    """
    data = np.asarray(maxima, dtype=float).reshape(len(maxima), -1)
    time = np.asarray(years, dtype=float)
    if np.isnan(data[:, 0]).any() or not np.isfinite(time).all() or time.shape != (len(data),):
        raise InputError(source, "a block has no maximum or no year", "leave out years without a record")
    filled = ~np.isnan(data)
    if (np.diff(data, axis=1) > 0).any() or (np.diff(filled.astype(int), axis=1) > 0).any():
        raise InputError(source, "the largest values of a year are not descending", "sort each row, largest first")
    if len(data) < FEWEST_BLOCKS:
        raise RefusedByTheory(f"{len(data)} annual maxima are too few for a GEV; give at least {FEWEST_BLOCKS} years")
    reference = float(time.max()) if reference_year is None else reference_year
    span = max(float(np.ptp(time)), 1.0)
    clock = ((time - time.mean()) / span)[:, None]  # (N, 1)
    centre, spread = float(data[:, 0].mean()), float(data[:, 0].std())
    if spread == 0:
        raise InputError(source, "all maxima are equal", "check for a stuck gauge")
    standard = (data - centre) / spread  # (N, r)

    def loss(p: Floats) -> float:
        location = p[0] + p[3] * clock if trend else p[0]
        return -block_log_likelihood(standard, location, np.exp(p[1]), p[2])

    gumbel = np.sqrt(6) / np.pi
    start = np.array([-0.577 * gumbel, np.log(gumbel), 0.0, *([0.0] if trend else [])])
    if near is not None:
        middle = near.location - (near.trend * (near.reference_year - float(time.mean())) if trend else 0.0)
        tail = [(middle - centre) / spread, np.log(near.scale / spread), near.shape]
        start = np.array([*tail, *([near.trend * span / spread] if trend else [])])
    best = _minimise(loss, start, 1e-7 if near is None or not np.isfinite(loss(start)) else 1e-4)
    slope = float(best[3]) * spread / span if trend else 0.0
    scale = float(np.exp(best[1])) * spread
    return ReturnLevelFit(
        location=centre + spread * float(best[0]) + slope * (reference - float(time.mean())) * trend,
        scale=scale,
        shape=float(best[2]),
        record_years=float(len(data)),
        source=source,
        trend=slope,
        reference_year=reference if trend else float("nan"),
        log_likelihood=-loss(best) - int(filled.sum()) * float(np.log(spread)),
        data=data,
        years=time,
    )


def maxima_at_epoch(fit: ReturnLevelFit) -> Floats:
    """(N,) published annual maxima [m, region datum] as the same storms would reach in the reference year."""
    return np.asarray(fit.data[:, 0] + (fit.trend * (fit.reference_year - fit.years) if fit.trend else 0.0))


def stretch(growth: Floats, shape: float) -> Floats:
    """(exp(xi g) - 1) / xi, with its limit g at xi = 0: from the exponential or Gumbel scale to that of the tail."""
    return growth if abs(shape) < 1e-9 else np.asarray(np.expm1(shape * growth) / shape)


def _reduce(standard: Floats, shape: float) -> Floats | None:
    """ln(1 + xi y) / xi, with its limit y at xi = 0; ``None`` where a value lies outside the distribution."""
    if not SHAPE_RANGE[0] < shape < SHAPE_RANGE[1]:
        return None
    if abs(shape) < 1e-9:
        return standard
    stretched = shape * standard
    return None if (stretched <= -1).any() else np.asarray(np.log1p(stretched) / shape)


def _minimise(loss: Callable[[Floats], float], start: Floats, accuracy: float) -> Floats:
    """The parameters with the least loss, by Nelder-Mead."""
    simplex = np.vstack([start, start + 0.2 * np.eye(start.size)])
    options = {"xatol": accuracy, "fatol": accuracy / 100, "maxiter": 4000, "maxfev": 8000, "initial_simplex": simplex}
    first = optimize.minimize(loss, start, method="Nelder-Mead", options=options)
    if not first.success or not np.isfinite(first.fun):
        raise RefusedByTheory(f"the likelihood has no regular maximum ({first.message}); give a longer record")
    return np.asarray(first.x, dtype=float)
