"""How long a driver stays as high as it was: rivers do for weeks, so that a flood season is not many chances."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtri

from strandline.observations.arrays import Floats, Indices, Times
from strandline.risk.hazard.joint.driver_events import DAYS, DriverEvents

LONGEST = 90.0
"""Distance of two events [days] up to which their ranks are compared."""
SLOW = 0.3
"""Mean correlation of events five to fifteen days apart from which a driver has a memory [-]; an assumption."""
_SHARES = np.linspace(0.1, 1.0, 19)
_SCALES = np.geomspace(3.0, 120.0, 25)


@dataclass(frozen=True, eq=False)
class Memory:
    """Correlation ``share`` · exp(−distance / ``scale``) of what one driver is beyond the others, in two events.

    Attributes:
        driver: its index; that of the longest memory.
        slopes: (D,) by which its normal score follows those of the others [-]; 0 for itself.
        share: of the variance that is remembered [-].
        scale: [days].
    """

    driver: int
    slopes: Floats
    share: float
    scale: float

    def beyond_others(self, ranks: Floats) -> Floats:
        """(n,) normal score of the slow driver, less what those of the others say; ``ranks``: (n, D)."""
        score = ndtri(np.clip(ranks, 1e-9, 1 - 1e-9))
        return np.asarray(score[:, self.driver] - score @ self.slopes)

    def draw(self, day: Floats, rng: np.random.Generator) -> Floats:
        """(n,) standard normal values at times [days since the first year began] with this correlation."""
        keep = np.exp(-1.0 / self.scale)
        shocks = rng.standard_normal(int(day.max(initial=0.0)) + 1) * np.sqrt(1 - keep**2)
        shocks[:1] /= np.sqrt(1 - keep**2)
        slow = np.asarray(lfilter([1.0], [1.0, -keep], shocks))
        fast = rng.standard_normal(day.size)
        remembered: Floats = np.sqrt(self.share) * slow[day.astype(np.int64)] + np.sqrt(1 - self.share) * fast
        return remembered


def fit_memory(events: DriverEvents, ranks: Floats) -> Memory | None:
    """The memory of the driver that has the longest; ``None`` where none has one. ``ranks``: (N, D) [-]."""
    order = np.argsort(events.time)
    score = ndtri(ranks[order])
    score = (score - score.mean(axis=0)) / score.std(axis=0)
    first, second, distance = _pairs(events.time[order])
    near = (distance >= 5) & (distance < 15)
    if not near.any():
        return None
    correlation = (score[first[near]] * score[second[near]]).mean(axis=0)
    driver = int(correlation.argmax())
    if correlation[driver] < SLOW:
        return None
    slopes = np.zeros(ranks.shape[1])
    others = np.delete(np.arange(ranks.shape[1]), driver)
    slopes[others] = np.linalg.lstsq(score[:, others], score[:, driver], rcond=None)[0]
    beyond = score[:, driver] - score @ slopes
    product = beyond[first] * beyond[second] / beyond.var()  # (P,)
    bins = np.digitize(distance, np.arange(2.0, LONGEST, 4.0))
    counts = np.bincount(bins)
    used = counts > 0
    middle = np.bincount(bins, distance)[used] / counts[used]
    seen = np.bincount(bins, product)[used] / counts[used]
    model = _SHARES[:, None, None] * np.exp(-middle / _SCALES[:, None])  # (shares, scales, bins)
    error = (counts[used] * (model - seen) ** 2).sum(axis=-1)
    row, column = np.unravel_index(int(error.argmin()), error.shape)
    return Memory(driver, slopes, float(_SHARES[row]), float(_SCALES[column]))


def put_in_order(
    ranks: Floats, season: Indices, year: Indices, day: Floats, memory: Memory, rng: np.random.Generator
) -> Floats:
    """The same ranks (n, D), exchanged between events of one part of the year so that the slow driver remembers.

    Source: reordering by ranks, Iman and Conover (1982), Communications in Statistics B 11, 311-334; Clark et al.
        (2004), J. Hydrometeorology 5, 243-262.
    """
    template = memory.draw(year * DAYS + day, rng)
    result = np.empty_like(ranks)
    result[np.lexsort((template, season))] = ranks[np.lexsort((memory.beyond_others(ranks), season))]
    return result


def _pairs(time: Times) -> tuple[Indices, Indices, Floats]:
    """Every two events at most ``LONGEST`` days apart, and their distance [days]; times in order."""
    days = (time - time[0]) / np.timedelta64(1, "D") if time.size else np.empty(0)
    last = np.searchsorted(days, days + LONGEST)
    first = np.repeat(np.arange(days.size), last - np.arange(days.size) - 1)
    start = np.cumsum(np.concatenate([[0], last - np.arange(days.size) - 1]))[:-1]
    second = first + 1 + np.arange(first.size) - np.repeat(start, last - np.arange(days.size) - 1)
    return first, second, np.asarray(days[second] - days[first])
