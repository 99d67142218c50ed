"""The tide of a place without constants of its own, from the stations around it, and how far its size may be wrong.

The numbers are measured by leaving each of TICON's 4164 stations out (``python -m benchmarks.tides``).
"""

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.sea_level.harmonic_tide import PUBLISHED_ERROR, TidalConstants

OTHER_SIDE, REACH = 90.0, 3.0
"""[degrees] between the bearings of two stations from which on a place lies between them; [-] how many times as far as
the nearest the second one may be. Of the rules that were tried this one's tide comes nearest to the stations'."""
FARTHEST_TIDE = 0.9
"""Deviation of ln(size) of the tide of a coast without constants [-], which no station makes wider: the sum of the main
amplitudes is above 2.2 m at one of ten stations of TICON-4, against 0.7 m in the middle. Smaller tides than this
deviation allows do no harm."""
_ALONE, _BETWEEN, _POWER = 0.12, 0.10, 0.4
"""Deviation of ln(size) at 1 km, by one station and between two, and how it grows with distance: the least that holds
85 % and more of the sizes within 9-in-10 bounds up to 400 km."""


def size_error(distance: float, *, is_between: bool) -> float:
    """Deviation of ln(size) of a tide whose nearest station is so far [km].

    Args:
        is_between: whether the tide is interpolated between two stations.
    """
    grown = (_BETWEEN if is_between else _ALONE) * max(distance, 0.0) ** _POWER
    return float(np.clip(grown, PUBLISHED_ERROR, FARTHEST_TIDE))


def enclosing(bearing: Floats, distance: Floats) -> tuple[int, ...]:
    """Places of the nearest station and of the nearest on the other side of the point; only the first if there is none.

    Args:
        bearing, distance: of the stations from the point [degrees], [km], (N,), nearest first.
    """
    apart = np.abs((bearing - bearing[0] + 180.0) % 360.0 - 180.0)
    other = np.flatnonzero((apart > OTHER_SIDE) & (distance <= REACH * distance[0]))
    return (0, int(other[0])) if other.size else (0,)


def interpolate(stations: list[TidalConstants], distance: Floats, latitude: float) -> TidalConstants:
    """The tide between stations: amplitudes are averaged by inverse distance, and so are phases on the circle.

    Amplitudes that were averaged together with their phases (as complex numbers) would cancel where the tide comes at
    another hour: 17 % too small in the median at 50 to 100 km.

    Args:
        stations: with main constituents in common; one that a station lacks is taken from the others.
        distance: of each from the place [km], (N,).
    """
    weight = 1.0 / np.maximum(distance, 1e-3)
    amplitude: dict[str, float] = {}
    phase: dict[str, float] = {}
    for name in dict.fromkeys(name for each in stations for name in each.amplitude):
        has = [number for number, each in enumerate(stations) if name in each.amplitude]
        sizes = np.array([stations[number].amplitude[name] for number in has])
        turned = np.exp(1j * np.deg2rad([stations[number].phase[name] for number in has]))
        share = weight[has] / weight[has].sum()
        amplitude[name] = float(share @ sizes)
        phase[name] = float(np.rad2deg(np.angle(share @ (sizes * turned))) % 360.0)
    names = " and ".join(each.name for each in stations)
    sources = "; ".join(each.source for each in stations)
    return TidalConstants(f"between {names}", latitude, f"{sources}; interpolated", amplitude, phase)
