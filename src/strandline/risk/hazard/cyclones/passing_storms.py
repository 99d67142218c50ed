"""Simulated storms that pass a place: straight tracks at the two simulated deltas, elsewhere those of the climate."""

from dataclasses import dataclass, field

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.checks.positions import great_circle_distance
from strandline.risk.hazard.cyclones.cyclone_passages import NEAR
from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate, load_cyclone_climate
from strandline.simulator.sea.cyclone_climate.passages import draw_passages
from strandline.simulator.sea.seasonal_weather import seasonal_means
from strandline.simulator.sea.tracks import CLIMATOLOGIES, Basin, Track, draw_tracks

REFERENCE_SITES: dict[Basin, tuple[float, float]] = {"bay_of_bengal": (91.0, 22.2), "mekong": (106.8, 9.8)}
"""Longitude and latitude [degrees] around which the climatologies were counted (`simulator.sea.tracks`)."""
REACH = 400.0
"""Greatest distance [km] from such a site at which its climatology is used: the radius that it was counted in."""
HIGHEST_LATITUDE = 45.0
"""[degrees] beyond which a storm that was a cyclone is a low of middle latitudes, which the field of a cyclone does not
describe; an assumption. It counts among all other storms there."""
YEARS_AT_ONCE, LONGEST = 50, 10_000
"""Years drawn at once from the climate, and at most."""
FEWEST = 50
"""Passages in ``LONGEST`` years below which a coast has no cyclones: one in two centuries."""
_START = np.datetime64("1700-01-01", "h")  # of the simulated centuries; no calendar depends on it


@dataclass(frozen=True)
class Shelf:
    """The plain shelf over which simulated storms raise the sea.

    Attributes:
        width, depth: [m].
        log_factor: mean and deviation of ln(real surge / simulated surge) before the record [-].
    """

    width: float
    depth: float
    log_factor: tuple[float, float]


DELTA_SHELF = Shelf(175_000.0, 11.0, (0.0, 0.7))
"""The middle of those of the simulated coasts; it may be wrong by a factor of two either way: an assumption."""
USUAL_SHELF = Shelf(65_000.0, 39.0, (0.6, 0.9))
"""Shelves are 65 km wide on average and end at 133 m (Encyclopaedia Britannica, "continental shelf", "shelf break"). A
bed that slopes from 5 m at the shore, an assumption, to 133 m has the wind set-up of an even one of
``(133 - 5) / ln(133 / 5)`` = 39 m. Cyclones of seven gauges in New Jersey, Texas and Australia raised the sea 1.2 to
3.0 times as much, about twice in the middle (``benchmarks.cyclones``). That coasts differ by a factor of two and a half
either way is an ASSUMPTION: between the edge of an ocean island and the shelf of a delta lies a factor of ten."""


@dataclass(frozen=True, eq=False)
class PassingStorms:
    """Simulated storms of some years.

    Attributes:
        tracks: within ``NEAR`` of the place.
        years: in which they passed.
        number: recorded storms near the place that they rest on, or what these would be.
        shelf: over which they raise the sea.
        source: what they are, for a report.
        basin: whose seasonal winds blow; ``None`` = no mean wind is known, and it is 0.
    """

    tracks: list[Track] = field(repr=False)
    years: float
    number: float
    shelf: Shelf
    source: str
    basin: Basin | None = None

    def mean_wind(self, day_of_year: Floats) -> Floats:
        """Mean eastward and northward wind [m s-1] of the season (2, T)."""
        return np.zeros((2, day_of_year.size)) if self.basin is None else seasonal_means(self.basin, day_of_year)[1:]


def delta_of(longitude: float, latitude: float) -> Basin | None:
    """The simulated delta whose straight tracks hold for a place [degrees]; ``None`` = neither."""
    for basin, site in REFERENCE_SITES.items():
        if great_circle_distance(np.array([longitude]), np.array([latitude]), *site)[0] <= REACH:
            return basin
    return None


def is_cyclone_coast(longitude: float, latitude: float) -> bool:
    """Whether cyclones of 1980-2024 came near a place [degrees]."""
    if abs(latitude) > HIGHEST_LATITUDE:
        return False
    return bool(load_cyclone_climate().basins_near(longitude, latitude, 1000.0 * NEAR))


def draw_passing_storms(
    longitude: float, latitude: float, seaward_direction: float, number: int, rng: np.random.Generator
) -> PassingStorms | None:
    """About so many storms that pass a place [degrees], fewer where they are rare; ``None`` = no cyclone coast.

    Args:
        seaward_direction: direction that its coast faces [degrees clockwise from north].
    """
    delta = delta_of(longitude, latitude)
    if delta is None:
        return _of_climate(load_cyclone_climate(), longitude, latitude, number, rng)
    climatology = CLIMATOLOGIES[delta]
    years = number / climatology.storms_per_year
    tracks = draw_tracks(delta, longitude, latitude, seaward_direction, _START, years, rng)
    recorded = float(sum(climatology.storms_by_month))
    return PassingStorms(tracks, years, recorded, DELTA_SHELF, "simulated tracks of the basin", delta)


def _of_climate(
    climate: CycloneClimate, longitude: float, latitude: float, number: int, rng: np.random.Generator
) -> PassingStorms | None:
    tracks, years = list[Track](), 0
    if not is_cyclone_coast(longitude, latitude):
        return None
    while len(tracks) < number and years < LONGEST:
        tracks += draw_passages(climate, longitude, latitude, 1000.0 * NEAR, _START, YEARS_AT_ONCE, rng, least_wind=0.0)
        years += YEARS_AT_ONCE
    if len(tracks) < FEWEST:
        return None
    first, last = climate.years
    recorded = (last - first + 1) * len(tracks) / years
    source = f"storms simulated from all cyclones of the ocean basin that were recorded in {first} to {last}"
    return PassingStorms(tracks, float(years), recorded, USUAL_SHELF, source)
