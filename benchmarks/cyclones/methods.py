"""What is compared: windows of years of the synthetic climate, and recorded years drawn again."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.weather.cyclone_fields import AMBIENT_PRESSURE, pressure_drop
from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate
from strandline.simulator.sea.cyclone_climate.fixes import Fixes
from strandline.simulator.sea.cyclone_climate.passages import passages_of
from strandline.simulator.sea.cyclone_climate.sampling import SyntheticStorms

DISTANCE = 250_000.0
"""[m] within which a storm counts as passing a place."""


@dataclass(frozen=True, eq=False)
class YearlyPassages:
    """Passages (N,) of a place, or storms of a basin, in some years.

    Attributes:
        year: 0 to ``years`` - 1.
        wind: greatest 1-minute [m s-1]; pressure: lowest central [Pa], NaN = not recorded.
        years: of the record.
    """

    year: Indices
    wind: Floats
    pressure: Floats
    years: int

    def windows(self, length: int) -> list["YearlyPassages"]:
        """Consecutive windows of some years; a rest is left out."""
        order = np.argsort(self.year, kind="stable")
        edges = np.searchsorted(self.year[order], length * np.arange(self.years // length + 1))
        return [
            YearlyPassages(self.year[part] % length, self.wind[part], self.pressure[part], length)
            for part in (order[first:end] for first, end in pairwise(edges))
        ]

    def resampled(self, length: int, number: int, rng: np.random.Generator) -> list["YearlyPassages"]:
        """The baseline: windows of years that are drawn, with replacement, from the recorded ones."""
        of_year = [np.flatnonzero(self.year == year) for year in range(self.years)]
        found = []
        for _ in range(number):
            drawn = [of_year[year] for year in rng.integers(0, self.years, length)]
            part = np.concatenate(drawn)
            year = np.repeat(np.arange(length), [each.size for each in drawn])
            found.append(YearlyPassages(year, self.wind[part], self.pressure[part], length))
        return found


def recorded_passages(
    fixes: Fixes, pressure: Floats, place: tuple[float, float], years: tuple[int, int]
) -> YearlyPassages:
    """Passages of storms that began in some years; pressure is the lowest of their fixes within the distance."""
    year = fixes.time.astype("datetime64[Y]").astype(np.int64) + 1970
    born = year[fixes.first][np.cumsum(fixes.first) - 1]
    which = (born >= years[0]) & (born <= years[1])
    own, pressure = fixes.chosen(which), pressure[which]
    found = passages_of(own.storm, own.longitude, own.latitude, own.wind, place, DISTANCE)
    lowest = np.full(found.storm.size, np.nan)
    near = (1000.0 * great_circle_distance(own.longitude, own.latitude, *place) <= DISTANCE) & np.isfinite(pressure)
    for one, storm in enumerate(found.storm):
        of_storm = pressure[near & (own.storm == storm)]
        lowest[one] = of_storm.min() if of_storm.size else np.nan
    return YearlyPassages(born[which][found.fix] - years[0], found.wind, lowest, years[1] - years[0] + 1)


def synthetic_passages(
    climate: CycloneClimate, storms: dict[str, SyntheticStorms], place: tuple[float, float]
) -> YearlyPassages:
    """Passages of the synthetic storms of all basins that reach a place; pressure follows from wind."""
    years, winds, length = [], [], next(iter(storms.values())).years
    for basin in climate.basins_near(*place, DISTANCE):
        own = storms[basin]
        position = own.longitude.astype(np.float64), own.latitude.astype(np.float64)
        found = passages_of(own.storm, *position, own.wind.astype(np.float64), place, DISTANCE)
        years.append(own.year[found.fix])
        winds.append(found.wind)
    year = np.concatenate(years) if years else np.zeros(0, dtype=np.int64)
    wind = np.concatenate(winds) if winds else np.zeros(0)
    return YearlyPassages(year, wind, AMBIENT_PRESSURE - pressure_drop(wind), length)


def recorded_storms(fixes: Fixes, basin: str, years: tuple[int, int]) -> YearlyPassages:
    """Recorded storms of gale force that began in a basin, with their greatest wind."""
    own = fixes.born(*years).gales()
    own = own.chosen((own.basin[own.first] == basin)[np.cumsum(own.first) - 1])
    start = np.flatnonzero(own.first)
    year = own.time[start].astype("datetime64[Y]").astype(np.int64) + 1970 - years[0]
    wind = np.maximum.reduceat(own.wind, start) if start.size else np.zeros(0)
    return YearlyPassages(year, wind, np.full(wind.size, np.nan), years[1] - years[0] + 1)


def synthetic_storms(storms: SyntheticStorms) -> YearlyPassages:
    """Synthetic storms of a basin, with their greatest wind."""
    start = np.flatnonzero(np.append(True, np.diff(storms.storm) > 0))
    wind = np.maximum.reduceat(storms.wind, start).astype(np.float64)
    return YearlyPassages(storms.year[start], wind, AMBIENT_PRESSURE - pressure_drop(wind), storms.years)
