"""Skew surges of simulated cyclones of a basin, scaled to those that a gauge recorded.

A record of some decades holds a few dozen cyclones, of which one or two are severe. The simulator's tracks follow the
statistics of 45 years of the basin's cyclones; its surges are those of a plain shelf, which is not that of the place.
Only the *form* of their distribution is used, therefore: one factor, fitted to the recorded cyclones, sets the size.
"""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.cyclone_tracks import great_circle_distance
from strandline.risk.hazard.cyclone_passages import HOURS_AFTER, HOURS_BEFORE, NEAR
from strandline.risk.hazard.high_waters import find_high_waters, month_of
from strandline.simulator.sea.storm_surge import cyclone_surge
from strandline.simulator.sea.tracks import CLIMATOLOGIES, Basin, draw_tracks

REFERENCE_SITES: dict[Basin, tuple[float, float]] = {"bay_of_bengal": (91.0, 22.2), "mekong": (106.8, 9.8)}
"""Longitude and latitude [degrees] around which the climatologies were counted (`simulator.sea.tracks`)."""
REACH = 400.0
"""Greatest distance [km] from such a site at which its climatology is used: the radius that it was counted in."""
STORMS = 3000
"""Simulated cyclones, about two thousand years of either basin."""
TIDES = 3
"""Times of the month at which each of them comes."""
SHELF_WIDTH, SHELF_DEPTH = 175_000.0, 11.0
"""Of the plain shelf [m]: the middle of those of the simulated coasts. The fitted factor stands for the real one."""
FACTOR_PRIOR = 0.7
"""Deviation of ln(factor) before the record: the plain shelf may be wrong by a factor of two either way; an
assumption."""
FORM_ERROR = 0.10
"""Deviation of ln(surge) at a given chance that remains after scaling, because the climatology's strongest storms are
those of 45 years; an assumption, checked by ``benchmarks.extremes``."""
_FACTORS = np.exp(np.linspace(-2.0, 2.0, 81))
_SOFTENING, _BANDWIDTH = 0.2, 0.12  # [m], [-] of the logarithm in which densities are compared
_BESIDE = 4  # other high waters during a passage


@dataclass(frozen=True, eq=False)
class CycloneCatalogue:
    """Simulated cyclones that pass a place.

    Attributes:
        surge: (N,) greatest skew surge of each [m], for a factor of 1.
        tide: (N,) its highest level minus ``surge`` [m above mean sea level]: the tide that it met.
    """

    basin: Basin
    surge: Floats
    tide: Floats


def basin_of(longitude: float, latitude: float) -> Basin | None:
    """The basin whose cyclone climatology holds for a place [degrees]; ``None`` = none of those that are known."""
    for basin, site in REFERENCE_SITES.items():
        distance = great_circle_distance(np.array([longitude]), np.array([latitude]), *site)
        if distance[0] <= REACH:
            return basin
    return None


def simulate_catalogue(
    basin: Basin,
    longitude: float,
    latitude: float,
    seaward_direction: float,
    time: Times,
    tide: Floats,
    rng: np.random.Generator,
    storms: int = STORMS,
) -> CycloneCatalogue:
    """Skew surges of about as many ``storms`` that pass a place, each on a random stretch of the tide of its month.

    Args:
        longitude, latitude: of the gauge [degrees].
        seaward_direction: direction that its coast faces [degrees clockwise from north].
        time: (T,) hours of a predicted tide, over years.
        tide: (T,) [m above mean sea level].
    """
    years = storms / CLIMATOLOGIES[basin].storms_per_year
    tracks = draw_tracks(basin, longitude, latitude, seaward_direction, np.datetime64("1700-01-01", "h"), years, rng)
    months_of_tide = month_of(time)
    starts = [np.flatnonzero(months_of_tide == month) for month in range(12)]
    margin = int(HOURS_BEFORE / np.timedelta64(1, "h")), int(HOURS_AFTER / np.timedelta64(1, "h"))
    surges, tides = [], []
    for track in tracks:
        distance = great_circle_distance(track.cyclone.longitude, track.cyclone.latitude, longitude, latitude)
        near = np.flatnonzero(distance <= NEAR)
        if near.size == 0:
            continue
        surge = cyclone_surge(track, longitude, latitude, seaward_direction, SHELF_WIDTH, SHELF_DEPTH)
        surge = np.pad(surge, (0, margin[1]))[max(near[0] - margin[0], 0) : near[-1] + margin[1] + 1]
        month = int(month_of(track.time[near[:1]].astype("datetime64[ns]"))[0])
        for _ in range(TIDES):
            start = min(int(rng.choice(starts[month])), tide.size - surge.size)
            stretch = slice(start, start + surge.size)
            waters = find_high_waters(time[stretch], tide[stretch] + surge, tide[stretch])
            if waters.surge.size:
                surges.append(float(waters.surge.max()))
                tides.append(float((waters.surge + waters.tide).max()) - surges[-1])
    return CycloneCatalogue(basin, np.array(surges), np.array(tides))


def fit_factors(
    catalogue: CycloneCatalogue, recorded: Floats, background: Floats, n_samples: int, rng: np.random.Generator
) -> Floats:
    """(S,) factors [-] on the simulated surges that are consistent with the recorded cyclones.

    Args:
        recorded: (n,) greatest skew surge of each cyclone [m].
        background: skew surges of other weather [m], which come on top.

    Source: posterior on a grid; the density of the simulated surges is a kernel estimate, Silverman (1986).
    """

    def soften(surge: Floats) -> Floats:
        return np.log(np.maximum(surge, 0.0) + _SOFTENING)

    wanted = soften(recorded)[:, None]  # (n, 1)
    logarithm = np.empty(_FACTORS.size)
    around = _OnBackground(catalogue.surge[::TIDES], background, rng)
    for index, factor in enumerate(_FACTORS):
        simulated = soften(around(factor))[None, :]  # (1, N)
        density = np.exp(-0.5 * ((wanted - simulated) / _BANDWIDTH) ** 2).mean(axis=1)
        logarithm[index] = np.log(density + 1e-12).sum()
    logarithm -= 0.5 * (np.log(_FACTORS) / FACTOR_PRIOR) ** 2
    weight = np.exp(logarithm - logarithm.max())
    step = float(np.log(_FACTORS[1] / _FACTORS[0]))
    chosen = rng.choice(_FACTORS.size, size=n_samples, p=weight / weight.sum())
    return np.asarray(_FACTORS[chosen] * np.exp(rng.uniform(-0.5 * step, 0.5 * step, n_samples)))


def catalogue_exceedance(
    catalogue: CycloneCatalogue, factors: Floats, background: Floats, level: Floats, rng: np.random.Generator
) -> Floats:
    """(S, Z) chance [-] that a cyclone's highest level exceeds levels (Z,) [m], for factors (S,)."""
    around = _OnBackground(catalogue.surge, background, rng)
    own = factors * np.exp(FORM_ERROR * rng.standard_normal(factors.size))
    rows = []
    for factor in own:
        ordered = np.sort(around(factor) + catalogue.tide)
        rows.append(1.0 - np.searchsorted(ordered, level, side="right") / ordered.size)
    return np.stack(rows)


class _OnBackground:
    """The surges times a factor, on the weather of the time, and at least the highest of some high waters without."""

    def __init__(self, surge: Floats, background: Floats, rng: np.random.Generator) -> None:
        self.surge = surge
        self.under = rng.choice(background, surge.size)
        self.beside = rng.choice(background, (_BESIDE, surge.size)).max(axis=0)

    def __call__(self, factor: float) -> Floats:
        return np.maximum(factor * self.surge + self.under, self.beside)
