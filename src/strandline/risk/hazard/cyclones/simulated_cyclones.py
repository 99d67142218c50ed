"""Surges of simulated cyclones that pass a place, scaled to those that a gauge recorded.

A record of some decades holds a few dozen cyclones, of which one or two are severe, or none. Simulated storms follow
the statistics of 45 years of all cyclones of the ocean basin; their surges are those of a plain shelf, which is not
that of the place. Only the *form* of their distribution is used, therefore: one factor, fitted to the stronger recorded
cyclones, sets the size, and the record their number.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.observations.checks.positions import great_circle_distance
from strandline.risk.hazard.cyclones.cyclone_passages import HOURS_AFTER, HOURS_BEFORE, NEAR
from strandline.risk.hazard.cyclones.passing_storms import DELTA_SHELF, draw_passing_storms
from strandline.risk.hazard.surges.high_waters import find_high_waters, month_of
from strandline.simulator.sea.storm_surge import cyclone_surge

STORMS = 2000
"""Simulated cyclones, about fourteen centuries of either delta."""
TIDES = 3
"""Times of its month at which each cyclone comes."""
FORM_ERROR = 0.10
"""Deviation of ln(surge) at a given chance that remains after scaling, because the strongest recorded storms are those
of 45 years; an assumption."""
_STEPS = np.linspace(-2.0, 2.0, 81)  # of ln(factor), about its mean before the record
_SOFTENING, _BANDWIDTH = 0.2, 0.12  # [m], [-] of the logarithm in which densities are compared
_BESIDE = 4  # other high waters during a passage


@dataclass(frozen=True, eq=False)
class SimulatedCyclones:
    """Simulated cyclones that pass a place, each ``TIDES`` times.

    Attributes:
        surge: (N,) greatest skew surge of each [m], for a factor of 1.
        tide: (N,) its highest level minus ``surge``, the tide that it met [m above mean sea level].
        per_year: passages a year [a-1].
        number: recorded storms near the place that the simulated ones rest on.
        log_factor: mean and deviation of ln(factor) before the record [-].
        source: what the storms are, for a report.
    """

    surge: Floats
    tide: Floats
    per_year: float = 1.0
    number: float = 1.0
    log_factor: tuple[float, float] = DELTA_SHELF.log_factor
    source: str = "simulated tracks of the basin"

    def without_tide(self) -> "SimulatedCyclones":
        """Where high waters are not parted into tide and surge: the tide is in the weather that the surge comes on."""
        return replace(self, tide=np.zeros_like(self.tide))

    def fit_factors(self, recorded: Floats, background: Floats, n_samples: int, rng: np.random.Generator) -> Floats:
        """(S,) factors [-] that are consistent with the stronger half of the recorded cyclones.

        Of the weaker half only the number counts: weak surges are weather as much as cyclone. Without a recorded
        cyclone the factors are those of the prior.

        Args:
            recorded: (n,) greatest skew surge of each cyclone [m].
            background: skew surges of other weather [m], on which those of cyclones come.

        Source: censored likelihood; posterior on a grid, Gelman et al. (2013), Bayesian Data Analysis, section 3.7; the
            density of the simulated surges is a kernel estimate.
        """
        middle = float(np.median(recorded)) if recorded.size else -np.inf
        upper = _soften(recorded[recorded > middle])[:, None]  # (n / 2, 1)
        on = _OnBackground(self.surge[::TIDES], background, rng)
        mean, deviation = self.log_factor
        logarithm, factors = -0.5 * (_STEPS / deviation) ** 2, np.exp(mean + _STEPS)
        for index, factor in enumerate(factors):
            simulated = _soften(on(factor))[None, :]  # (1, N)
            density = np.exp(-0.5 * ((upper - simulated) / _BANDWIDTH) ** 2).mean(axis=1)
            logarithm[index] += np.log(density + 1e-12).sum()
            if recorded.size:
                weaker = float((simulated <= _soften(np.array([middle]))).mean())
                logarithm[index] += (recorded.size - len(upper)) * np.log(weaker + 1e-12)
        weight = np.exp(logarithm - logarithm.max())
        step = float(_STEPS[1] - _STEPS[0])
        chosen = rng.choice(factors.size, size=n_samples, p=weight / weight.sum())
        return np.asarray(factors[chosen] * np.exp(rng.uniform(-0.5 * step, 0.5 * step, n_samples)))

    def exceedance(self, factors: Floats, background: Floats, level: Floats, rng: np.random.Generator) -> Floats:
        """(S, Z) chance [-] that a cyclone's highest level exceeds levels (Z,) [m], for factors (S,)."""
        on = _OnBackground(self.surge, background, rng)
        rows = []
        for factor in factors * np.exp(FORM_ERROR * rng.standard_normal(factors.size)):
            ordered = np.sort(on(factor) + self.tide)
            rows.append(1.0 - np.searchsorted(ordered, level, side="right") / ordered.size)
        return np.stack(rows)


def simulate_cyclones(
    longitude: float,
    latitude: float,
    seaward_direction: float,
    time: Times,
    tide: Floats,
    rng: np.random.Generator,
    storms: int = STORMS,
) -> SimulatedCyclones | None:
    """About ``storms`` cyclones that pass a place, each on ``TIDES`` random stretches of the tide of its month.

    ``None`` = no cyclone coast.

    Args:
        longitude, latitude: of the gauge [degrees].
        seaward_direction: direction that its coast faces [degrees clockwise from north].
        time: (T,) hours of a predicted tide, over years.
        tide: (T,) [m above mean sea level].
    """
    passing = draw_passing_storms(longitude, latitude, seaward_direction, storms, rng)
    if passing is None:
        return None
    months_of_tide, shelf = month_of(time), passing.shelf
    starts = [np.flatnonzero(months_of_tide == month) for month in range(12)]
    before, after = (int(part / np.timedelta64(1, "h")) for part in (HOURS_BEFORE, HOURS_AFTER))
    surges, tides = [], []
    for track in passing.tracks:
        distance = great_circle_distance(track.cyclone.longitude, track.cyclone.latitude, longitude, latitude)
        near = np.flatnonzero(distance <= NEAR)
        if near.size == 0:
            continue
        wind = passing.mean_wind(pd.DatetimeIndex(track.time).day_of_year.to_numpy(dtype=float))
        whole = cyclone_surge(track, wind, longitude, latitude, seaward_direction, shelf.width, shelf.depth)
        surge = np.pad(whole, (0, after))[max(near[0] - before, 0) : near[-1] + after + 1]
        month = int(month_of(track.time[near[:1]])[0])
        for _ in range(TIDES):
            start = min(int(rng.choice(starts[month])), tide.size - surge.size)
            stretch = slice(start, start + surge.size)
            waters = find_high_waters(time[stretch], tide[stretch] + surge, tide[stretch])
            if waters.surge.size:
                surges.append(float(waters.surge.max()))
                tides.append(float((waters.surge + waters.tide).max()) - surges[-1])
    per_year = len(surges) / TIDES / passing.years
    return SimulatedCyclones(
        np.array(surges), np.array(tides), per_year, passing.number, shelf.log_factor, passing.source
    )


class _OnBackground:
    """The surges times a factor, on the weather of the time, and at least the highest of some high waters without."""

    def __init__(self, surge: Floats, background: Floats, rng: np.random.Generator) -> None:
        self.surge = surge
        self.under = rng.choice(background, surge.size)
        self.beside = rng.choice(background, (_BESIDE, surge.size)).max(axis=0)

    def __call__(self, factor: float) -> Floats:
        return np.asarray(np.maximum(factor * self.surge + self.under, self.beside))


def _soften(surge: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(surge, 0.0) + _SOFTENING))
