"""Distances between a region and the stations that speak for its sea."""

from collections.abc import Iterator

import numpy as np

from strandline.observations.checks.findings import Finding
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile

_EARTH_RADIUS = 6371.0
"""[km] Mean radius."""
_BESIDE, _NEAR, _FAR = 40.0, 100.0, 1000.0
"""[km] A station speaks for a coast up to about the first distance, and hardly beyond the second; beyond the third it
is on another sea. Assumptions."""
_WAVE = 36.0
"""[km h-1] Of a tide in 10 m of water, the square root of gravity times depth: shelves are deeper, estuaries not."""

_TIDE_NEAR = 20.0
"""[km] Within which a tide is that of the place: over it a wave in 10 m of water takes half an hour (√gh = 9.9 m/s)."""
_SHALLOW = 10.0
"""[m] ASSUMPTION: the water off a low coast, in which the tide travels."""


def doubts_about_tide_station(distance: float, where: str) -> Iterator[Finding]:
    """Published constants of a station that lies ``distance`` [km] away: the tide comes earlier or later there."""
    if distance <= _TIDE_NEAR:
        return
    hours = distance * 1000.0 / np.sqrt(9.81 * _SHALLOW) / 3600.0
    what = f"lies {distance:,.0f} km away; in {_SHALLOW:.0f} m of water a tide takes {hours:.1f} h for that"
    remedy = "take a nearer station, or 'fit = true' where the gauge's record allows it"
    yield Finding(where, what, remedy, refuses=distance > _FAR)


def doubts_about_own_gauge(region_file: RegionFile) -> Iterator[Finding]:
    """Where a region file puts its own gauge, the first; nothing of its readings is looked at."""
    for gauge in region_file.tide_gauge[:1]:
        yield from doubts_about_position(region_file.region, gauge.longitude, gauge.latitude, f"gauge '{gauge.name}'")


def doubts_about_position(region: Region, longitude: float, latitude: float, where: str) -> Iterator[Finding]:
    """A station that is too far from the region to speak for its sea."""
    distance = _distance_to(region, longitude, latitude)
    if distance <= _BESIDE:
        return
    if distance <= _NEAR:
        what = (
            f"lies {distance:.0f} km from region '{region.name}': in 10 m of water its tide comes up to"
            f" {distance / _WAVE:.1f} h earlier or later, and its surge is that of another shore"
        )
        yield Finding(where, what, "prefer a nearer gauge; else take tides of the coast itself ([tides] constants)")
        return
    swapped = abs(longitude) <= 90 and _distance_to(region, latitude, longitude) <= _NEAR
    remedy = (
        "longitude and latitude are swapped" if swapped else "check its longitude and latitude and the region's bounds"
    )
    what = f"lies {distance:,.0f} km from region '{region.name}'"
    yield Finding(where, what, remedy, refuses=swapped or distance > _FAR)


def great_circle_distance(
    longitude: np.ndarray, latitude: np.ndarray, to_longitude: float, to_latitude: float
) -> np.ndarray:
    """Great-circle distances [km] between positions in degrees (haversine formula)."""
    phi, to_phi = np.deg2rad(latitude), np.deg2rad(to_latitude)
    half = np.sin((phi - to_phi) / 2) ** 2
    half += np.cos(phi) * np.cos(to_phi) * np.sin(np.deg2rad(longitude - to_longitude) / 2) ** 2
    return np.asarray(2 * _EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def _distance_to(region: Region, longitude: float, latitude: float) -> float:
    """[km] From the nearest point of the region's rectangle of longitude and latitude."""
    west, south, east, north = region.bounds_lonlat
    x, y = np.clip(longitude, west, east), np.clip(latitude, south, north)
    return float(great_circle_distance(np.array([longitude]), np.array([latitude]), float(x), float(y))[0])
