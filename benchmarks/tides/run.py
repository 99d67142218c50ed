"""Cases: each station of a table left out, and its tide from the nearest others that are so far and farther."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.record import Row
from strandline.observations.arrays import Floats
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.readers.published.tide_stations import read_tide_stations
from strandline.observations.sea_level.harmonic_tide import TidalConstants
from strandline.observations.sea_level.neighbouring_tides import enclosing, interpolate, size_error

MAIN = ("M2", "S2", "N2", "K2", "K1", "O1", "P1", "Q1")
NEEDED = ("M2", "S2", "K1", "O1")
EDGES = (1, 5, 20, 50, 100, 200, 400, 700, 1000)
"""[km] Classes of the distance to the nearest station that is kept; nearer ones are left out as well."""
LOOKED_AT = 12
"""Nearest kept stations, as in a fetch."""
VISIBLE = 0.15
"""[m] Standard deviation of a tide whose bounds are counted: smaller ones may be off by any factor without harm."""
NINE_IN_TEN = 1.645


def read_tides(folder: Path, names: Sequence[str] = MAIN) -> tuple[list[TidalConstants], Floats]:
    """Some constituents of a table of constants, and longitude and latitude (N, 2) of its stations [degrees]."""
    table = pd.read_csv(folder / "ticon_ccby_constituents.csv.gz")
    places = {each.identifier: each for each in read_tide_stations(folder / "stations.csv.gz")}
    tides, positions = [], []
    for identifier, rows in table[table["name"].isin(names)].groupby("id"):
        place = places.get(str(identifier))
        amplitude = dict(zip(rows["name"], rows["amplitude_m"].astype(float), strict=True))
        if place is None or not all(name in amplitude for name in NEEDED):
            continue
        phase = dict(zip(rows["name"], rows["phase_deg"].astype(float), strict=True))
        tides.append(TidalConstants(place.identifier, place.latitude, "TICON-4", amplitude, phase))
        positions.append((place.longitude, place.latitude))
    return tides, np.array(positions)


def cases_of(tides: Sequence[TidalConstants], positions: Floats) -> Iterator[Row]:
    """One row for each station, class of distance and rule: errors of the tide and of its size."""
    phasors = np.stack([phasor(each) for each in tides])
    for number, (longitude, latitude) in enumerate(positions):
        away = great_circle_distance(positions[:, 0], positions[:, 1], longitude, latitude)
        order = np.argsort(away, kind="stable")
        for low, high in pairwise(EDGES):
            kept = order[np.searchsorted(away[order], low) :][:LOOKED_AT]
            if not kept.size or away[kept[0]] >= high:
                continue
            distance = away[kept]
            around = enclosing(_bearings(positions[kept], longitude, latitude), distance)
            is_between = len(around) > 1
            between = interpolate([tides[kept[each]] for each in around], distance[list(around)], latitude)
            same: Row = {"distance_km": f"{low}-{high}", "is_between": is_between}
            found = {"nearest": (phasors[kept[0]], False), "around": (phasor(between), is_between)}
            for rule, (guess, interpolated) in found.items():
                error = size_error(float(distance[0]), is_between=interpolated)
                yield {**same, "rule": rule, **_errors(guess, phasors[number], error)}


def _bearings(positions: Floats, longitude: float, latitude: float) -> Floats:
    """Directions [degrees] of positions (N, 2) from a place, on a plane."""
    east = (positions[:, 0] - longitude + 180.0) % 360.0 - 180.0
    return np.rad2deg(np.arctan2(east * np.cos(np.deg2rad(latitude)), positions[:, 1] - latitude))


def phasor(tide: TidalConstants, names: Sequence[str] = MAIN) -> np.ndarray:
    """Complex amplitudes of constituents [m]; 0 where one is missing."""
    return np.array(
        [tide.amplitude.get(name, 0.0) * np.exp(-1j * np.deg2rad(tide.phase.get(name, 0.0))) for name in names]
    )


def _errors(guess: np.ndarray, truth: np.ndarray, error: float) -> Row:
    """Errors of a tide [m], of ln of its size [-], and whether the truth lies within its bounds."""
    size, stated = (float(np.sqrt((np.abs(each) ** 2).sum() / 2)) for each in (truth, guess))
    log = float(np.log(stated / size))
    return {
        "rms": float(np.sqrt((np.abs(guess - truth) ** 2).sum() / 2)), "size": size, "size_error": abs(stated - size),
        "log_size": log, "is_within": abs(log) < NINE_IN_TEN * error, "is_not_above": -log < NINE_IN_TEN * error,
    }  # fmt: skip
