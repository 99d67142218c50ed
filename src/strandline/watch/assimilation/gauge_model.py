"""What a gauge, the own one or a neighbour's, says of the own sea."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats
from strandline.watch.assimilation.surge_process import EXTREME_SCALE, SurgeProcess

FURTHEST_AHEAD = 6
"""Most hours by which water may reach a neighbour sooner or later than the own gauge: some 150 km along a shelf."""
READING_NOISE = 0.01
"""Standard deviation of an hourly reading [m]; a gauge's own accuracy (IOC Manual 14, vol. IV, section 2)."""
DATUM_SPREAD, DATUM_MEMORY = 0.04, 0.98
"""How far off the own gauge's zero may be [m], and what is left of that after an hour [-], two days long: assumptions.
Without them a gauge that drifts by a decimetre a day takes the belief with it."""
FEWEST = 500
"""Hours that both gauges read, from which their relation can be learned."""


@dataclass(frozen=True, eq=False)
class Sensor:
    """A gauge's residual as gain · r(t + ahead) + deviation + noise, where r is the own sea's.

    Attributes:
        stream: its name.
        ahead: hours by which its water runs ahead of the own; below 0 behind.
        gain: [-].
        memory: share of the deviation that is left after an hour [-]; the deviation is what its place has of its own.
        shocks: (R,) of the deviation an hour, in each regime of the surge [m]; zeros = none.
        noise: of a reading [m].
    """

    stream: str
    ahead: int
    gain: float
    memory: float
    shocks: Floats
    noise: float = READING_NOISE

    @property
    def deviates(self) -> bool:
        """Whether its place has a sea of its own."""
        return bool((self.shocks > 0).any())

    def spread(self, usual: Floats) -> float:
        """Standard deviation of the deviation where nothing is known [m]."""
        return float(np.sqrt(usual @ self.shocks**2 / (1 - self.memory**2)))


def own_sensor(stream: str, process: SurgeProcess) -> Sensor:
    """The gauge that the residual is about; what deviates is its zero alone."""
    shock = DATUM_SPREAD * np.sqrt(1 - DATUM_MEMORY**2)
    return Sensor(stream, 0, 1.0, DATUM_MEMORY, np.full(process.shocks.size, shock))


def fit_sensor(stream: str, own: Floats, other: Floats, process: SurgeProcess) -> Sensor:
    """A neighbour, from residuals of the same hours (T,) [m], each about its own tide and mean; NaN = not observed.

    Raises:
        RefusedByTheory: too few hours that both were read.
    """

    def shifted(ahead: int) -> Floats:
        """The own residual so many hours later."""
        result = np.full(own.size, np.nan)
        if ahead >= 0:
            result[: own.size - ahead] = own[ahead:]
        else:
            result[-ahead:] = own[:ahead]
        return result

    best, found = -np.inf, (0, 0.0)
    for ahead in range(-FURTHEST_AHEAD, FURTHEST_AHEAD + 1):
        later = shifted(ahead)
        both = np.isfinite(later) & np.isfinite(other)
        if both.sum() < FEWEST:
            raise RefusedByTheory(
                f"'{stream}' and the own gauge were read together in {both.sum()} hours; {FEWEST} tell their relation"
            )
        x, y = later[both], other[both]
        explained = float((x @ y) ** 2 / max(float(x @ x) * float(y @ y), 1e-12))
        if explained > best:
            best, found = explained, (ahead, float(x @ y) / max(float(x @ x), 1e-12))
    ahead, gain = found
    deviation = other - gain * shifted(ahead)
    before, after = deviation[:-1], deviation[1:]
    pair = np.isfinite(before) & np.isfinite(after)
    memory = float(np.clip(before[pair] @ after[pair] / max(float(before[pair] @ before[pair]), 1e-12), 0.0, 0.995))
    shock = np.where(pair, after - memory * before, np.nan)
    share = process.regimes_of(own)[1:]
    weight = share * np.isfinite(shock)[:, None]
    size = np.sqrt((weight * np.nan_to_num(shock)[:, None] ** 2).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9))
    overall = float(np.sqrt(np.nanmean(shock**2)))
    learned = np.maximum(np.where(weight.sum(axis=0) > 10, size, overall), 1e-3)
    return Sensor(stream, ahead, gain, memory, np.append(learned[:-1], EXTREME_SCALE * learned[-2]))
