"""What other gauges tell of a gauge before its first reading: how the variance of its residual is shared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats

SLOW_SPREAD, SLOW_LOG_SPREAD = 0.1, 0.7
"""Standard deviation [m] of the sea level of weeks and months about its mean and tide, and prior standard deviation of
the logarithm of its variance: a few weeks of record show neither the season nor the years. Monthly means swing by 0.05
to 0.15 m at most gauges (Holgate et al. 2013, J. Coastal Research 29, 493-504); the value is an assumption."""
SMOOTH = ((-6.0, 3.0), (-8.0, 1.0), (-7.0, 1.0), (-3.5, 2.5), (-3.0, 2.0), (-3.0, 1.5), (-2.0, 1.5))
TIDAL = ((-6.5, 1.5), (-7.0, 1.0), (-8.0, 2.0), (-8.0, 1.5), (-8.0, 2.0), (-9.5, 2.0), (-9.0, 2.5), (-9.5, 2.0))
SEICHE = ((-7.0, 1.5), (-8.5, 1.0), (-8.5, 1.5), (-9.5, 1.0), (-10.0, 1.0), (-10.5, 1.0))
NOISE = (-6.0, 2.0)
PRESSURE, STRESS = ((-2.3, 1.5), (-4.5, 1.5), (-5.0, 1.5)), ((-5.3, 1.5), (-5.5, 1.5), (-5.0, 1.5))
"""Mean and standard deviation, over gauges with a year of record and more, of the logarithm of a variance beside that
of the residual: of the shapes of the covariance, and of the coefficients of the weather by kind of column and band of
lags. Training periods of 25 gauges of Australia, the Salish Sea and Texas, 17 of them with wind and five with pressure,
as `python -m benchmarks.surge.prior` measures them. Shapes are rounded to halves, their deviations to 1 and more; those
of the weather are 1.5, for few seas had any. Scores at these gauges saw this prior."""
DIFFERENCE = (-2.5, 1.5)
"""The same, beside the first band of lags of a kind of column: how what neighbours show departs from the own answer.
Means over gauges of that benchmark with neighbours: −2.1 of stress (17), −3.5 of pressure (5)."""
ANY_SPREAD = 3.0
"""Prior standard deviation of the logarithm of a variance of which nothing is known."""
OF_KIND = {"pressure": PRESSURE, "stress": STRESS}


@dataclass(frozen=True, eq=False)
class VariancePrior:
    """Normal prior of the logarithms of K + G variances.

    Attributes:
        mean, spread: (K + G,).
    """

    mean: Floats
    spread: Floats


def variance_prior(
    variance: float, others: int = 0, kinds: Sequence[str] = (), bands: int = 3, *, has_teacher: bool = False
) -> VariancePrior:
    """The prior of the shapes of `residual_process`, and of the coefficients of kinds of weather.

    Args:
        variance: of the residual [m2].
        others: number of further shapes, the covariances of other gauges.
        kinds: of columns, in their order; one that is not known gets an equal share with a wide spread.
        bands: of lags of each.
        has_teacher: whether the first band of each kind may differ in a further record.
    """
    total = math.log(max(variance, 1e-6))
    found = [(total + mean, spread) for mean, spread in (*SMOOTH, *TIDAL, *SEICHE, NOISE)]
    found.append((2 * math.log(SLOW_SPREAD), SLOW_LOG_SPREAD))
    found += [(total - math.log(max(others, 1)), ANY_SPREAD)] * others
    of_kinds = [OF_KIND.get(kind, ((-5.5, ANY_SPREAD),) * bands) for kind in kinds]
    found += [(total + mean, spread) for of_kind in of_kinds for mean, spread in of_kind]
    if has_teacher:
        firsts = [of_kind[0] for of_kind in of_kinds]
        found += [(total + mean + DIFFERENCE[0], math.hypot(spread, DIFFERENCE[1])) for mean, spread in firsts]
    mean, spread = np.array(found).T
    return VariancePrior(mean, spread)


def equal_shares(variance: float, shapes: int, groups: int = 0, features: int = 1) -> VariancePrior:
    """The prior of shapes, and of groups of features, of which nothing is known."""
    total = math.log(max(variance, 1e-6))
    mean = [total - math.log(shapes)] * shapes + [total - math.log(max(features, 1))] * groups
    return VariancePrior(np.array(mean), np.full(shapes + groups, ANY_SPREAD))
