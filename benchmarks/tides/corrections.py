"""How far the tide of a station is from that of another one: the prior of a tide that scenes correct.

Differences are those of the complex amplitudes, each way: a cosine's and a sine's amplitude differ by as much. Each is
divided by the deviation of ln(size) that a run states at the distance (`neighbouring_tides.size_error`). Of a species'
first constituent the mean square is parted, by least squares over the pairs, into what every station has (the
admittance, times the equilibrium amplitude) and what grows with the tide of the other station (the factor):

    |z − z'|² / (2 e²) = (admittance · equilibrium)² + (factor · |z'|)²

The largest twentieth of the differences is left out: rivers, harbours behind locks, and records that are wrong. Large
tides are among them, so that of made-up pairs with a factor of 0.4 one of 0.26 to 0.3 is found, and some of it as
admittance.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from benchmarks.record import Row
from benchmarks.tides.run import EDGES, MAIN, phasor
from strandline.observations.arrays import Floats
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.sea_level.harmonic_tide import TidalConstants, describe_constituents
from strandline.observations.sea_level.neighbouring_tides import size_error

OTHERS = ("M4", "MS4", "MM", "MF", "SA", "SSA")
SPECIES = {"semidiurnal": ("M2", "S2", "N2", "K2"), "diurnal": ("K1", "O1", "P1", "Q1")}
KEPT = 0.95
DRAWS, SEED = 200, 0


def corrections(tides: Sequence[TidalConstants], positions: Floats) -> tuple[list[Row], list[Row]]:
    """Spreads of admittance and factor by species, and differences of each constituent, by class of distance.

    Args:
        tides: with ``MAIN`` and ``OTHERS``; positions: (N, 2) longitude and latitude [degrees].
    """
    names = (*MAIN, *OTHERS)
    phasors = np.stack([phasor(each, names) for each in tides])  # (N, constituents)
    species: list[Row] = []
    constituents: list[Row] = []
    for low, high in pairwise(EDGES):
        here, there, distance = _pairs(positions, low, high)
        if here.size < 2:
            continue
        stated = np.array([size_error(float(each), is_between=False) for each in distance])
        apart, other = phasors[here] - phasors[there], phasors[there]
        same: Row = {"distance_km": f"{low}-{high}", "stations": int(here.size)}
        for name in names:
            first = next((group[0] for group in SPECIES.values() if name in group), name)
            column, leader = apart[:, names.index(name)], apart[:, names.index(first)]
            rms, scaled = _rms(column), _rms(column / stated)
            coherence = _coherence(column, leader) if name != first else None
            constituents.append(
                {**same, "constituent": name, "rms_m": rms, "rms_of_size_error_m": scaled, "coherence": coherence}
            )
        for kind, group in SPECIES.items():
            column = names.index(group[0])
            equilibrium = float(describe_constituents([group[0]]).equilibrium[0])
            found = _parted(apart[:, column] / stated, other[:, column], equilibrium)
            species.append({**same, "species": kind, **found})
    return species, constituents


def _pairs(positions: Floats, low: float, high: float) -> tuple[np.ndarray, np.ndarray, Floats]:
    """Stations, the nearest other one from ``low`` km on, and its distance, where that is below ``high``."""
    found = []
    for number, (longitude, latitude) in enumerate(positions):
        away = great_circle_distance(positions[:, 0], positions[:, 1], longitude, latitude)
        away[away < low] = np.inf
        nearest = int(away.argmin())
        if away[nearest] < high:
            found.append((number, nearest, away[nearest]))
    pairs = np.array(found).reshape(-1, 3)
    return pairs[:, 0].astype(int), pairs[:, 1].astype(int), pairs[:, 2]


def _parted(apart: np.ndarray, other: np.ndarray, equilibrium: float) -> Row:
    """Admittance and factor [-], with the 95 % intervals of draws of the pairs."""
    square = np.abs(apart) ** 2 / 2
    kept = square <= np.quantile(square, KEPT)
    square, grows = square[kept], np.abs(other[kept]) ** 2
    system = np.stack([np.full(grows.shape, equilibrium**2), grows], axis=1)
    rng = np.random.default_rng(SEED)
    drawn = [np.arange(grows.size), *rng.integers(0, grows.size, size=(DRAWS, grows.size))]
    solved = np.array([np.linalg.lstsq(system[each], square[each], rcond=None)[0] for each in drawn])
    roots = np.sqrt(np.maximum(solved, 0.0))
    low, high = np.quantile(roots[1:], (0.025, 0.975), axis=0)
    return {
        "admittance": float(roots[0, 0]), "admittance_low": float(low[0]), "admittance_high": float(high[0]),
        "factor": float(roots[0, 1]), "factor_low": float(low[1]), "factor_high": float(high[1]),
    }  # fmt: skip


def _rms(apart: np.ndarray) -> float:
    """Each way, of all but the largest twentieth."""
    square = np.abs(apart) ** 2 / 2
    return float(np.sqrt(square[square <= np.quantile(square, KEPT)].mean()))


def _coherence(one: np.ndarray, other: np.ndarray) -> float:
    """Of two constituents' differences, where the second one's is not among the largest twentieth [-]."""
    kept = np.abs(other) <= np.quantile(np.abs(other), KEPT)
    one, other = one[kept], other[kept]
    return float(np.abs(np.vdot(other, one)) / np.sqrt(np.vdot(one, one).real * np.vdot(other, other).real))
