"""Extreme sea levels: maximum-likelihood fits of block maxima and of peaks over a threshold.

The shape xi has the sign of Coles (2001): xi < 0 means a bounded tail. SciPy's ``genextreme`` takes c = -xi,
``genpareto`` takes c = +xi.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.storms import find_storms
from strandline.observations.variables import HOURS_PER_YEAR

Method = Literal["block_maxima", "peaks_over_threshold"]
METHOD_NAMES = {"block_maxima": "block maxima", "peaks_over_threshold": "peaks over threshold"}

EXTRAPOLATION = 4.0
"""Greatest return period over record length [-] (Pugh 1987, Tides, Surges and Mean Sea-Level, chapter 8)."""
FEWEST_BLOCKS = 10
"""Annual maxima below which no GEV is fitted; a convention, e.g. Caires (2011), JCOMM Technical Report 58."""
FEWEST_PEAKS = 30
"""Exceedances below which no GPD is fitted; a convention: ML estimates of the shape are erratic for small samples
(Hosking & Wallis 1987, Technometrics 29, 339-349)."""
EVENTS_PER_YEAR = 3.0
"""Declustered peaks a year above the threshold; two to three as a rule (Lang et al. 1999, Journal of Hydrology 225,
103-117)."""
SHAPE_RANGE = (-0.5, 1.0)
"""Where ML theory is regular (xi > -0.5; Smith 1985, Biometrika 72, 67-90) and the mean is finite (xi < 1)."""


@dataclass(frozen=True, eq=False)
class ReturnLevelFit:
    """A fitted tail of the sea level, with the data that a bootstrap needs.

    Attributes:
        method: of the fit; ``location`` and ``scale`` are those of a GEV, or of a GPD above a threshold.
        location: GEV location in ``reference_year``, or the threshold [m, datum of the data].
        scale: [m].
        shape: xi [-].
        record_years: length of the record [years].
        rate: exceedances of the threshold per year [a-1]; 0 for a GEV.
        trend: rise of the location [m a-1]; 0 where none was fitted.
        reference_year: the year for which levels are given; NaN where no trend was fitted.
        log_likelihood: at the maximum.
        data: (N, r) largest values of each block or (N, 1) excesses over the threshold [m]; NaN = missing order.
        years: (N,) year of each block; ``None`` for peaks.
        source: of the record.
    """

    method: Method
    location: float
    scale: float
    shape: float
    record_years: float
    source: str
    data: Floats
    log_likelihood: float
    rate: float = 0.0
    trend: float = 0.0
    reference_year: float = float("nan")
    years: Floats | None = None

    def __post_init__(self) -> None:
        if not (self.scale > 0 and np.isfinite([self.location, self.scale, self.shape]).all()):
            raise InputError(self.source, f"scale is {self.scale:g} m", "give a finite location, shape and scale > 0")

    def levels(self, return_periods: tuple[float, ...]) -> Floats:
        """(R,) levels [m] that are exceeded in a year with probability 1/T (GEV) or 1/T times a year (GPD).

        Raises:
            RefusedByTheory: a period is longer than the record allows.

        Source: Coles (2001), equations 3.4 and 4.12.
        """
        require_record(self.record_years, return_periods, self.method)
        return self.location + self.scale * self.reduced_level(return_periods)

    def reduced_level(self, return_periods: tuple[float, ...], shape: float | None = None) -> Floats:
        """(R,) levels of the standard tail (location 0, scale 1) with this or another ``shape`` [-]."""
        period = np.asarray(return_periods, dtype=float)
        if (period <= 1).any():
            raise InputError("return periods", f"{return_periods} are not all above 1 year", "use e.g. 2, 10, 100")
        xi = self.shape if shape is None else shape
        growth = (
            np.log(period * self.rate) if self.method == "peaks_over_threshold" else -np.log(-np.log1p(-1 / period))
        )
        return stretch(np.asarray(growth), xi)


def require_record(record_years: float, return_periods: tuple[float, ...], method: Method) -> None:
    """Refuse return periods that are more than ``EXTRAPOLATION`` times the record's length."""
    longest = max(return_periods)
    if longest > EXTRAPOLATION * record_years:
        raise RefusedByTheory(
            f"a record of {record_years:.1f} years cannot give {longest:g}-year levels"
            f" by {METHOD_NAMES[method]}; give at least {longest / EXTRAPOLATION:.0f} years, or the published record of"
            " a longer one"
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


def excess_log_likelihood(excesses: Floats, scale: float, shape: float) -> float:
    """Log-likelihood of excesses over a threshold under the GPD. Source: Coles (2001), equation 4.10."""
    reduced = _reduce(excesses / scale, shape)
    return -np.inf if reduced is None else float(-excesses.size * np.log(scale) - (1 + shape) * reduced.sum())


def fit_block_maxima(
    maxima: Floats,
    years: Floats,
    *,
    source: str,
    trend: bool,
    reference_year: float | None = None,
) -> ReturnLevelFit:
    """Fit a GEV to annual maxima, or to the r largest of each year, by maximum likelihood.

    Args:
        maxima: (N,) or (N, r) levels [m], descending in each row; NaN = that order is missing.
        years: (N,) calendar years of the blocks.
        trend: whether the location rises linearly with time; test it by the likelihood ratio.
        reference_year: of the levels; the last year by default. Used only with a trend.

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
    best = _minimise(loss, np.array([-0.577 * gumbel, np.log(gumbel), 0.0, *([0.0] if trend else [])]))
    slope = float(best[3]) * spread / span if trend else 0.0
    scale = float(np.exp(best[1])) * spread
    return ReturnLevelFit(
        method="block_maxima",
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


def fit_peaks_over_threshold(peaks: Floats, threshold: float, record_years: float, *, source: str) -> ReturnLevelFit:
    """Fit a GPD to declustered peaks above ``threshold`` [m] by maximum likelihood.

    Args:
        peaks: (N,) independent peaks [m]; those at or below the threshold are left out.
        threshold: [m].
        record_years: observed time [years], gaps not counted.

    Raises:
        RefusedByTheory: fewer than ``FEWEST_PEAKS`` exceedances.

    Source: Coles (2001), section 4.3.
    """
    excesses = np.asarray(peaks, dtype=float)
    if np.isnan(excesses).any() or not record_years > 0:
        raise InputError(source, "a peak is NaN or the record has no length", "leave gaps out and count observed time")
    excesses = excesses[excesses > threshold] - threshold
    if excesses.size < FEWEST_PEAKS:
        raise RefusedByTheory(
            f"{excesses.size} peaks above {threshold:g} m are too few for a GPD; lower the threshold, or give a record "
            f"with at least {FEWEST_PEAKS} peaks"
        )
    spread = float(excesses.mean())
    standard = excesses / spread
    best = _minimise(lambda p: -excess_log_likelihood(standard, np.exp(p[0]), p[1]), np.zeros(2))
    return ReturnLevelFit(
        method="peaks_over_threshold",
        location=threshold,
        scale=float(np.exp(best[0])) * spread,
        shape=float(best[1]),
        record_years=record_years,
        source=source,
        rate=excesses.size / record_years,
        log_likelihood=excess_log_likelihood(excesses, float(np.exp(best[0])) * spread, float(best[1])),
        data=excesses[:, None],
    )


def fit_gauge(
    time: Times,
    level: Floats,
    return_periods: tuple[float, ...],
    *,
    source: str,
) -> ReturnLevelFit:
    """Fit peaks over a threshold of an hourly gauge record, or refuse when it is too short for ``return_periods``.

    Args:
        time: (T,) UTC, hourly.
        level: (T,) [m]; NaN = gap, not counted as observed time.
        return_periods: [years] for which levels are needed.

    Raises:
        RefusedByTheory: the record is too short for these periods, or has too few peaks.
    """
    observed_years = float((~np.isnan(level)).sum()) / HOURS_PER_YEAR
    require_record(observed_years, return_periods, "peaks_over_threshold")
    wanted = round(EVENTS_PER_YEAR * observed_years)
    peaks = np.sort([storm.peak_level for storm in find_storms(time, level, wanted + 1)])
    return fit_peaks_over_threshold(peaks, float(peaks[0]), observed_years, source=source)


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


def _minimise(loss: Callable[[Floats], float], start: Floats) -> Floats:
    """The parameters with the least loss, by Nelder-Mead with one restart from where the first search ended."""
    simplex = np.vstack([start, start + 0.2 * np.eye(start.size)])
    options = {"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4000, "maxfev": 8000, "initial_simplex": simplex}
    first = optimize.minimize(loss, start, method="Nelder-Mead", options=options)
    if not first.success or not np.isfinite(first.fun):
        raise RefusedByTheory(f"the likelihood has no regular maximum ({first.message}); give a longer record")
    return np.asarray(first.x, dtype=float)
