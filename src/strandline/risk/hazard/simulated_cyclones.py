"""Skew surges of simulated cyclones of a basin, for the form of a tail that a record is too short to show.

A record of some decades holds a few dozen cyclones, of which one or two are severe. The simulator's tracks follow the
statistics of 45 years of the basin's cyclones; its surges are those of a plain shelf, which is not that of the place.
Only the *shape* of their tail is used, therefore, and as a prior: the recorded cyclones set size and number, and may
contradict it.
"""

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
STORMS = 2000
"""Simulated cyclones, about fourteen centuries of either basin."""
SHELF_WIDTH, SHELF_DEPTH = 175_000.0, 11.0
"""Of the plain shelf [m]: the middle of those of the simulated coasts."""
_START = np.datetime64("1700-01-01", "h")  # of the simulated centuries; no calendar depends on it


def basin_of(longitude: float, latitude: float) -> Basin | None:
    """The basin whose cyclone climatology holds for a place [degrees]; ``None`` = none of those that are known."""
    for basin, site in REFERENCE_SITES.items():
        if great_circle_distance(np.array([longitude]), np.array([latitude]), *site)[0] <= REACH:
            return basin
    return None


def simulate_skew_surges(
    basin: Basin,
    longitude: float,
    latitude: float,
    seaward_direction: float,
    time: Times,
    tide: Floats,
    rng: np.random.Generator,
    storms: int = STORMS,
) -> Floats:
    """Greatest skew surges (N,) [m] of about ``storms`` cyclones, each on a random stretch of the tide of its month.

    Args:
        longitude, latitude: of the gauge [degrees].
        seaward_direction: direction that its coast faces [degrees clockwise from north].
        time: (T,) hours of a predicted tide, over years.
        tide: (T,) [m above mean sea level].
    """
    years = storms / CLIMATOLOGIES[basin].storms_per_year
    months_of_tide = month_of(time)
    starts = [np.flatnonzero(months_of_tide == month) for month in range(12)]
    before, after = (int(part / np.timedelta64(1, "h")) for part in (HOURS_BEFORE, HOURS_AFTER))
    surges = []
    for track in draw_tracks(basin, longitude, latitude, seaward_direction, _START, years, rng):
        distance = great_circle_distance(track.cyclone.longitude, track.cyclone.latitude, longitude, latitude)
        near = np.flatnonzero(distance <= NEAR)
        if near.size == 0:
            continue
        whole = cyclone_surge(track, longitude, latitude, seaward_direction, SHELF_WIDTH, SHELF_DEPTH)
        surge = np.pad(whole, (0, after))[max(near[0] - before, 0) : near[-1] + after + 1]
        month = int(month_of(track.time[near[:1]].astype("datetime64[ns]"))[0])
        start = min(int(rng.choice(starts[month])), tide.size - surge.size)
        stretch = slice(start, start + surge.size)
        waters = find_high_waters(time[stretch], tide[stretch] + surge, tide[stretch])
        if waters.surge.size:
            surges.append(float(waters.surge.max()))
    return np.array(surges)
