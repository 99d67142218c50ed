"""Where, when and how often storms begin."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices, SingleFloats

SPREAD_DEGREES, SPREAD_DAYS = 1.0, 10.0
"""Standard deviations of the kernel around each recorded genesis."""


@dataclass(frozen=True, eq=False)
class Genesis:
    """Recorded geneses (N,), the centres of a kernel density of place, season and first state.

    Attributes:
        basin: number of the basin of each.
        longitude, latitude: [degrees].
        day: since the first of January.
        wind: 1-minute [m s-1].
        drift: (N, 2) departure of the first motion from the mean motion there [m s-1].
        per_year: (B,) mean storms a year of each basin [a-1].
        dispersion: (B,) variance of the yearly number over its mean [-]; 1 = Poisson.
    """

    basin: Indices
    longitude: SingleFloats
    latitude: SingleFloats
    day: SingleFloats
    wind: SingleFloats
    drift: SingleFloats
    per_year: Floats
    dispersion: Floats

    def draw_numbers(self, basin: int, years: int, rng: np.random.Generator) -> Indices:
        """(Y,) storms of each year: Poisson, or negative binomial where the recorded years vary more than that."""
        mean, excess = self.per_year[basin], self.dispersion[basin] - 1.0
        if excess <= 0:
            return rng.poisson(mean, years)
        return rng.poisson(rng.gamma(mean / excess, excess, years))

    def draw_centres(self, basin: int, number: int, rng: np.random.Generator) -> Indices:
        """(N,) recorded geneses of a basin, around which new ones are drawn."""
        return rng.choice(np.flatnonzero(self.basin == basin), number)

    def draw_around(self, centre: Indices, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Longitude, latitude, day, wind (N,) and drift (N, 2) of new storms around recorded geneses.

        Source: smoothed bootstrap, Silverman (1986), Density Estimation, section 6.4.
        """
        noise = rng.standard_normal((3, centre.size))
        latitude = self.latitude[centre].astype(np.float64)
        side = np.where(latitude >= 0, 1.0, -1.0)
        across = SPREAD_DEGREES * noise[1] / np.cos(np.deg2rad(latitude))
        return (
            (self.longitude[centre] + across) % 360.0,
            side * np.abs(latitude + SPREAD_DEGREES * noise[0]),
            (self.day[centre] + SPREAD_DAYS * noise[2]) % 365.25,
            self.wind[centre].astype(np.float64),
            self.drift[centre].astype(np.float64),
        )


def spread_of_numbers(numbers: Indices) -> float:
    """Variance over mean of yearly numbers (Y,), at least 1."""
    return max(1.0, float(numbers.var(ddof=1) / numbers.mean())) if numbers.sum() else 1.0
