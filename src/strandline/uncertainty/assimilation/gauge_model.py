"""Observation model of a gauge: its residual as a function of the residual at the own gauge."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats
from strandline.uncertainty.assimilation.surge_process import EXTREME_SCALE, SurgeProcess

LARGEST_SHIFT = 6
"""Largest time shift between a neighbour and the own gauge [h]: some 150 km along a shelf."""
READING_NOISE = 0.01
"""Standard deviation of an hourly reading [m]; a gauge's own accuracy (IOC Manual 14, vol. IV, section 2)."""
ZERO_SPREAD, ZERO_PERSISTENCE = 0.06, 0.95
"""Standard deviation of a gauge's zero [m], and its persistence per hour [-] (20 hours): assumptions. Without them a
gauge that drifts by a decimetre a day pulls the belief along."""
FEWEST = 500
"""Hours with readings of both gauges that a fit needs."""


@dataclass(frozen=True, eq=False)
class Deviation:
    """A first-order process that a gauge's residual contains beside that of the sea.

    Attributes:
        persistence: over an hour [-].
        shocks: (R,) hourly shocks in each regime of the surge [m].
    """

    persistence: float
    shocks: Floats

    def spread(self, stationary: Floats) -> float:
        """Standard deviation without readings [m], given the regimes' stationary distribution (R,)."""
        return float(np.sqrt(stationary @ self.shocks**2 / (1 - self.persistence**2)))


@dataclass(frozen=True, eq=False)
class Sensor:
    """A gauge's residual as gain · r(t + ahead) + local part + zero + noise, with r the residual at the own gauge.

    Attributes:
        ahead: hours by which it leads the own gauge; negative = it lags.
        gain: [-].
        persistence: of the local part of its residual over an hour [-].
        shocks: (R,) hourly shocks of the local part in each regime of the surge [m]; zeros = there is none.
        zero: standard deviation of its zero, which may drift [m].
        noise: of a reading [m].
    """

    stream: str
    ahead: int
    gain: float
    persistence: float
    shocks: Floats
    zero: float = ZERO_SPREAD
    noise: float = READING_NOISE

    @cached_property
    def deviations(self) -> tuple[Deviation, ...]:
        """The local part and the zero, those that there are."""
        shock = self.zero * np.sqrt(1 - ZERO_PERSISTENCE**2)
        both = Deviation(self.persistence, self.shocks), Deviation(ZERO_PERSISTENCE, np.full_like(self.shocks, shock))
        return tuple(each for each in both if (each.shocks > 0).any())


def own_sensor(stream: str, process: SurgeProcess) -> Sensor:
    """The own gauge, at which the sea level is defined."""
    return Sensor(stream, 0, 1.0, 0.0, np.zeros(process.shocks.size))


def fit_sensor(stream: str, own: Floats, other: Floats, process: SurgeProcess) -> Sensor:
    """Fit a neighbour to residuals of the same hours (T,) [m], each about its own tide and mean; NaN = no reading.

    Raises:
        RefusedByTheory: too few hours with readings of both.
    """

    def shifted(ahead: int) -> Floats:
        """The own residual ``ahead`` hours later."""
        result = np.full(own.size, np.nan)
        if ahead >= 0:
            result[: own.size - ahead] = own[ahead:]
        else:
            result[-ahead:] = own[:ahead]
        return result

    best, found = -np.inf, (0, 0.0)
    for ahead in range(-LARGEST_SHIFT, LARGEST_SHIFT + 1):
        later = shifted(ahead)
        both = np.isfinite(later) & np.isfinite(other)
        if both.sum() < FEWEST:
            raise RefusedByTheory(
                f"'{stream}' and the own gauge have {both.sum()} hours in common; {FEWEST} are needed"
            )
        x, y = later[both], other[both]
        explained = float((x @ y) ** 2 / max(float(x @ x) * float(y @ y), 1e-12))
        if explained > best:
            best, found = explained, (ahead, float(x @ y) / max(float(x @ x), 1e-12))
    ahead, gain = found
    deviation = other - gain * shifted(ahead)
    before, after = deviation[:-1], deviation[1:]
    pair = np.isfinite(before) & np.isfinite(after)
    persistence = float(
        np.clip(before[pair] @ after[pair] / max(float(before[pair] @ before[pair]), 1e-12), 0.0, 0.995)
    )
    shock = np.where(pair, after - persistence * before, np.nan)
    share = process.regimes_of(own)[1:]
    weight = share * np.isfinite(shock)[:, None]
    size = np.sqrt((weight * np.nan_to_num(shock)[:, None] ** 2).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9))
    overall = float(np.sqrt(np.nanmean(shock**2)))
    fitted = np.maximum(np.where(weight.sum(axis=0) > 10, size, overall), 1e-3)
    return Sensor(stream, ahead, gain, persistence, np.append(fitted[:-1], EXTREME_SCALE * fitted[-2]))
