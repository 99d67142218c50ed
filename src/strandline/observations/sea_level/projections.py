"""Projections of mean sea level, and of the level that a sinking coast sees."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources

import numpy as np
from scipy.interpolate import PchipInterpolator

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.sea_level.subsidence import STABLE, SinkingRate

REFERENCE_YEARS = (1995, 2014)
"""The IPCC's reference period of sea-level rise."""
LAST_YEAR = 2100
LIKELY, VERY_LIKELY = 0.954, 1.645
"""Standard normal quantiles of 83 %, where the IPCC's likely range ends, and of 95 %, beyond which no projection has
medium confidence."""


@dataclass(frozen=True)
class SeaLevelProjection:
    """A scenario of mean sea level at a coast.

    Attributes:
        name: such as ``SSP2-4.5``.
        years: K years of the values, ascending, the last one 2100 or later.
        low, median, high: (K,) rise [m] above the mean of ``reference_years``: 17, 50 and 83 %.
        reference_years: first and last year of the period whose mean sea level is the zero of the rise.
        holds_land_motion: the rise is that against the land; else it is the sea's alone.
        sinking: of the land, which adds to the rise of the sea alone.
    """

    name: str
    years: tuple[float, ...]
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    source: str
    reference_years: tuple[int, int] = REFERENCE_YEARS
    holds_land_motion: bool = False
    sinking: SinkingRate = STABLE

    def __post_init__(self) -> None:
        where, count = f"scenario '{self.name}'", len(self.years)
        if not count or any(len(each) != count for each in (self.low, self.median, self.high)):
            raise InputError(where, "has no years, or years without values", "give low, median and high of each year")
        if not (np.diff([self.reference_year, *self.years]) > 0).all():
            what = f"its years {self.years} do not ascend from the reference period {self.reference_years}"
            raise InputError(where, what, "sort them, each once, all after the middle of the reference period")
        if self.years[-1] < LAST_YEAR:
            raise InputError(where, f"ends in {self.years[-1]:.0f}", f"give values until {LAST_YEAR}")
        if not all(a <= b <= c for a, b, c in zip(self.low, self.median, self.high, strict=True)):
            raise InputError(where, "has a median outside its bounds", "give low <= median <= high for each year")
        if self.holds_land_motion and not self.sinking.is_zero:
            raise InputError(
                where,
                "holds the motion of the land, and subsidence is stated beside it: the land would sink twice",
                "give projections without land motion ('novlm' of the IPCC's files), or leave subsidence out",
            )

    @property
    def reference_year(self) -> float:
        """The middle of the reference period, where the rise is zero."""
        return (self.reference_years[0] + self.reference_years[1] + 1) / 2

    def rise(self, years: Floats, start_year: float, deviates: Floats, land_deviates: Floats | float = 0.0) -> Floats:
        """(S, T) rise [m] of the sea against the land since ``start_year``: sea's rise + subsidence × years.

        Between the stated years the sea's rise follows a monotone cubic. A deviate moves all years by the same quantile
        of half-normal distributions that match the likely range, no further than 5 to 95 %; the land's rate has its
        own.

        Args:
            deviates: (S,) standard normal, of the scenario; ``land_deviates``: likewise, of the rate of subsidence.

        Raises:
            InputError: a year after 2100.

        Source: monotone cubic interpolation, Fritsch & Butland (1984), SIAM Journal on Scientific and Statistical
            Computing 5, 300-304.
        """
        if np.max(years, initial=start_year) > LAST_YEAR:
            raise InputError(
                f"scenario '{self.name}'", f"does not reach the year {np.max(years):.0f}", f"stay within {LAST_YEAR}"
            )
        spread = np.stack([np.subtract(self.median, self.low), np.subtract(self.high, self.median)]) / LIKELY  # (2, K)
        own = np.clip(deviates, -VERY_LIKELY, VERY_LIKELY)[:, None]  # (S, 1)
        values = np.asarray(self.median) + own * np.where(own > 0, spread[1], spread[0])  # (S, K)
        knots = np.array([self.reference_year, *self.years])
        curve = PchipInterpolator(knots, np.concatenate([np.zeros((len(values), 1)), values], axis=1), axis=1)
        sea = curve(years) - curve(np.array([start_year]))  # (S, T)
        land = self.sinking.draw(np.broadcast_to(np.asarray(land_deviates, dtype=float), np.shape(deviates)))
        return np.asarray(sea + land[:, None] * (np.asarray(years) - start_year))

    def year_of(self, rise: float, start_year: int) -> int | None:
        """The first year in which the median rise [m] since ``start_year`` is reached; ``None`` = not until 2100."""
        reached = _median_rise(self, start_year) >= rise
        return start_year + int(reached.argmax()) if reached.any() else None

    def on_sinking_land(self, sinking: SinkingRate) -> "SeaLevelProjection":
        """The same sea at a coast that sinks.

        Raises:
            InputError: the projection holds the motion of the land already.
        """
        return replace(self, sinking=sinking)


@lru_cache(maxsize=64)
def _median_rise(projection: SeaLevelProjection, start_year: int) -> Floats:
    """(T,) median rise [m] in ``start_year`` and each year after it until 2100: plans ask it of hundreds of rises."""
    years = np.arange(start_year, LAST_YEAR + 1, dtype=float)
    return np.asarray(projection.rise(years, start_year, np.zeros(1))[0])


def middle_of(projections: Iterable[SeaLevelProjection]) -> SeaLevelProjection:
    """The projection with the middle median rise in 2100, the lower of two."""
    ordered = sorted(projections, key=lambda each: each.rise(np.array([2100.0]), 2050.0, np.zeros(1))[0, 0])
    return ordered[(len(ordered) - 1) // 2]


@cache
def global_projections() -> tuple[SeaLevelProjection, ...]:
    """The IPCC's projections of global mean sea level, in the order of their file."""
    text = resources.files(__package__).joinpath("data/sea_level_rise.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    found = []
    for name in dict.fromkeys(row["scenario"] for row in rows):
        own = [row for row in rows if row["scenario"] == name]
        low, median, high = (tuple(float(row[key]) for row in own) for key in ("low", "median", "high"))
        ranges = "17 to 83 % of all methods" if "low confidence" in name else "likely range"
        source = f"IPCC AR6 WG1 table 9.9, global mean, median and {ranges}"
        found.append(SeaLevelProjection(name, tuple(float(row["year"]) for row in own), low, median, high, source))
    return tuple(found)
