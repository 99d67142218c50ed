"""What all drivers of floods together do to an evacuation area: sea, rain and rivers."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.planning.early_action.evacuation.frequency import Frequency
from strandline.risk.hazard.joint.zone_floods import ZoneFloods

WORDS = {"sea": "the sea", "rain": "heavy rain", "river": "the river"}


@dataclass(frozen=True)
class AllDrivers:
    """Danger to an area by all drivers together.

    Attributes:
        drivers: ``sea``, and ``rain`` or ``river`` or both.
        per_year: dangerous years, of the zone that is in danger most often [a-1]: at least so many of the area.
        by_sea: times a year that the sea passes the area's level [a-1]; all drivers are no rarer.
    """

    drivers: tuple[str, ...]
    per_year: float
    by_sea: float = 0.0

    @property
    def together(self) -> str:
        """``the sea, heavy rain and the river together``."""
        return f"{in_words(self.drivers)} together"

    @property
    def others(self) -> str:
        """``heavy rain and the river``."""
        return in_words(self.drivers[1:])

    @property
    def frequency(self) -> Frequency:
        """How often at least the area is in danger."""
        per_year = -float(np.log1p(-min(self.per_year, 0.99)))
        return Frequency(max(per_year, self.by_sea), is_at_least=True)

    @property
    def how_often(self) -> str:
        """``at least once in 5 years``."""
        return self.frequency.in_words


def in_words(drivers: tuple[str, ...], before_last: str = "and") -> str:
    """``the sea, heavy rain and the river``."""
    names = [WORDS[driver] for driver in drivers]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {before_last} {names[-1]}"


def all_drivers_of(floods: ZoneFloods | None, zones: Indices, by_sea: float) -> AllDrivers | None:
    """Of an area of some zones, whose level the sea passes ``by_sea`` times a year; ``None`` = not mapped."""
    return None if floods is None else AllDrivers(floods.drivers, float(floods.danger_a_year[zones].max()), by_sea)


def periods_of(floods: ZoneFloods | None, count: int) -> Floats:
    """(Z,) years between dangerous years of each zone by all drivers [a]; ``inf`` = none was drawn, or not mapped."""
    if floods is None:
        return np.full(count, np.inf)
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / floods.danger_a_year)
