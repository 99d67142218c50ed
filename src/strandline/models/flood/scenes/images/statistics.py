"""Level, contrast and ranks of one image, and the line between two images of the same ground."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from strandline.observations.arrays import Floats, Reals

LARGEST_SAMPLE = 200_000
"""Cells that the statistics of an image are estimated from; of larger images every n-th."""
LEAST_CELLS = 50
"""Cells without which an image is not standardised."""
_SMALLEST = 1e-6


@dataclass(frozen=True)
class Standard:
    """Centre and spread of one band: its median, and its median absolute deviation times 1.4826."""

    centre: float
    spread: float

    @classmethod
    def of(cls, values: Reals) -> Self:
        """Of the values that are not NaN; 0 and 1 of fewer than ``LEAST_CELLS``."""
        known = _sample(values)
        if known.size < LEAST_CELLS:
            return cls(0.0, 1.0)
        centre = float(np.median(known))
        spread = 1.4826 * float(np.median(np.abs(known - centre)))
        return cls(centre, max(spread, 0.1 * float(known.std()), _SMALLEST))

    def apply(self, values: Reals) -> Reals:
        """The standardised values."""
        return (values - self.centre) / self.spread


@dataclass(frozen=True)
class Match:
    """Line by which the ground that did not change takes the before-image to the after-image of one band.

    Fitted with weights that fall with the residual, so that flooded cells do not draw it.

    Attributes:
        slope, intercept: after = intercept + slope · before.
        spread: of the residuals of unchanged ground.

    Source: iteratively reweighted least squares with Cauchy weights, Holland and Welsch (1977); relative radiometric
    normalisation by unchanged pixels, Canty and Nielsen (2008), in a simpler form.
    """

    slope: float
    intercept: float
    spread: float

    @classmethod
    def of(cls, before: Reals, after: Reals) -> Self:
        """Of two images of one shape; cells that are NaN in one do not count."""
        both = np.isfinite(before) & np.isfinite(after)
        x, y = _thin(before[both]), _thin(after[both])
        if x.size < LEAST_CELLS:
            return cls(1.0, 0.0, 1.0)
        weight = np.ones(x.size)
        slope, intercept, spread = 1.0, 0.0, 1.0
        for _ in range(8):
            total = weight.sum()
            mean_x, mean_y = float(weight @ x) / total, float(weight @ y) / total
            variance = float(weight @ (x - mean_x) ** 2) / total
            slope = float(
                np.clip(float(weight @ ((x - mean_x) * (y - mean_y))) / total / (variance + _SMALLEST**2), 0.2, 3.0)
            )
            intercept = mean_y - slope * mean_x
            residual = y - intercept - slope * x
            spread = max(1.4826 * float(np.median(np.abs(residual))), 0.05 * float(y.std()), _SMALLEST)
            weight = 1.0 / (1.0 + (residual / (1.5 * spread)) ** 2)
        return cls(slope, intercept, spread)

    def change(self, before: Reals, after: Reals) -> Reals:
        """Residual of the after-image, in spreads of unchanged ground; at most ±10."""
        return np.clip((after - self.intercept - self.slope * before) / self.spread, -10.0, 10.0)


@dataclass(frozen=True, eq=False)
class RankTable:
    """Quantiles of an image, by which a value is ranked.

    Attributes:
        knots: (101,) values at 0, 1 … 100 % of the cells; empty = the image shows too little.
    """

    knots: Floats

    @classmethod
    def of(cls, image: Reals) -> Self:
        """Of the values that are not NaN."""
        known = _sample(image)
        return cls(np.quantile(known, np.linspace(0, 1, 101)) if known.size >= LEAST_CELLS else np.zeros(0))

    def rank(self, values: Reals) -> Reals:
        """Share of the image below each value, 0…1; NaN stays NaN."""
        if not self.knots.size:
            return np.full_like(values, np.nan)
        return np.where(np.isfinite(values), np.interp(values, self.knots, np.linspace(0, 1, self.knots.size)), np.nan)


def _sample(values: Reals) -> Reals:
    known = values[np.isfinite(values)]
    return _thin(known)


def _thin(values: Reals) -> Reals:
    step = -(-values.size // LARGEST_SAMPLE) if values.size else 1
    return values[::step].astype(np.float64)
