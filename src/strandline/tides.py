"""Astronomical tide: constants that travel, predicted and fitted with utide's astronomy."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import numpy as np
import numpy.typing as npt
from utide._ut_constants import constit_index_dict
from utide.constituent_selection import ut_cnstitsel
from utide.harmonics import FUV, linearized_freqs

from strandline.errors import InputError, RefusedByTheory

Times = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

SHORTEST_RECORD_DAYS = 15.0
"""Below 14.77 days M2 and S2 cannot be told apart by Rayleigh's criterion (Foreman 1977)."""

_DAYS_TO_UNIX_EPOCH = 719163.0  # utide counts days from 0000-12-31
_SOURCES = {
    "vung_tau": (10.340, "TICON-4, gauge Vung Tau (UHSLC 383, fast delivery), CC-BY-4.0"),
    "chittagong": (22.237, "TICON-4, gauge Chittagong (UHSLC 124, fast delivery), CC-BY-4.0"),
}


@dataclass(frozen=True)
class TidalConstants:
    """The tide of one place, as constants in utide's convention.

    Attributes:
        name: of the gauge.
        latitude: [degrees north]; the nodal corrections of diurnal constituents depend on it.
        source: where the constants come from, with their licence.
        amplitude: constituent (utide's spelling) → amplitude [m].
        phase: constituent → Greenwich phase lag [degrees].
    """

    name: str
    latitude: float
    source: str
    amplitude: Mapping[str, float]
    phase: Mapping[str, float]

    def __post_init__(self) -> None:
        where = f"tidal constants '{self.name}'"
        unknown = sorted(set(self.amplitude) - set(constit_index_dict))
        if unknown:
            raise InputError(where, f"unknown constituents {unknown}", "spell them as utide does, or leave them out")
        if set(self.amplitude) != set(self.phase):
            odd = sorted(set(self.amplitude) ^ set(self.phase))
            raise InputError(where, f"{odd} have an amplitude or a phase but not both", "give both")
        numbers = [*self.amplitude.values(), *self.phase.values(), self.latitude]
        if not np.isfinite(numbers).all() or min(self.amplitude.values(), default=0.0) < 0:
            raise InputError(where, "an amplitude is negative or a number is not finite", "amplitudes are metres >= 0")


def load_constants(name: Literal["vung_tau", "chittagong"]) -> TidalConstants:
    """The constants that come with the package; the table's head states source and licence.

    Raises:
        InputError: where the name is not in the table.
    """
    if name not in _SOURCES:
        raise InputError(f"tidal constants '{name}'", "are not in the package", f"known: {', '.join(_SOURCES)}")
    latitude, source = _SOURCES[name]
    text = files("strandline").joinpath("data/tidal_constants.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    rows = [row for row in csv.DictReader(lines) if row["station"] == name]
    return TidalConstants(
        name,
        latitude,
        source,
        {row["constituent"]: float(row["amplitude_m"]) for row in rows},
        {row["constituent"]: float(row["phase_deg"]) for row in rows},
    )


def predict_tide(constants: TidalConstants, time: Times) -> Floats:
    """The tide [m] about mean sea level at these times (UTC, any order and spacing).

    The sum of ``f A cos(V + u - g)``, with the astronomical argument V and the nodal f, u of utide.

    Source: Codiga 2011, UTide.
    """
    names = list(constants.amplitude)
    phasor = np.array(
        [constants.amplitude[n] * np.exp(-1j * np.deg2rad(constants.phase[n])) for n in names], dtype=complex
    )
    level = np.empty(time.shape)
    for part, basis in _basis(names, constants.latitude, _days(time)):
        level[part] = (basis @ phasor).real
    return level


def fit_tide(time: Times, level: Floats, latitude: float, *, name: str, source: str) -> tuple[TidalConstants, float]:
    """Constants and mean sea level from a record, which may have gaps, by least squares.

    The same equations as ``utide.solve`` with ordinary least squares and no trend, summed up a year at a
    time, so that decades fit in memory. Only those constituents are fitted that Rayleigh's criterion can tell
    apart within the record (within its *observed* time, where over a third of it is gaps): SSA needs half a
    year, SA a year. Only those are kept whose amplitude is at least twice the noise at frequencies nearby.

    Args:
        time: UTC, increasing, in even steps apart from gaps.
        level: water level [m] on any datum; NaN = not observed.
        latitude: [degrees north].
        name: of the gauge.
        source: of the record, for the report.

    Returns:
        The constants, and the mean sea level [m] on the record's datum about which that tide swings.

    Raises:
        RefusedByTheory: where fewer than 15 days are observed.
        InputError: where times and levels do not match.
    """
    if time.shape != level.shape or time.ndim != 1:
        raise InputError(
            f"tide of '{name}'", f"has {time.shape} times and {level.shape} levels", "give one level a time"
        )
    seen = np.isfinite(level)
    days, observed_level = _days(time[seen]), level[seen]
    step = float(np.median(np.diff(days))) if days.size > 1 else 0.0
    observed = step * days.size
    if observed < SHORTEST_RECORD_DAYS:
        raise RefusedByTheory(
            f"tide of '{name}': {observed:.1f} observed days cannot tell M2 from S2; "
            f"need {SHORTEST_RECORD_DAYS:g} days or more, or published constants"
        )
    span = float(days[-1] - days[0]) + step
    resolved = span if observed > span * 2 / 3 else observed
    selected, _ = ut_cnstitsel(days[:1], 1.0 / (24.0 * resolved), "auto", None)
    names = [str(constituent) for constituent in selected.NR.name]

    size = 2 * len(names) + 1
    normal, right = np.zeros((size, size)), np.zeros(size)
    for part, basis in _basis(names, latitude, days):
        columns = np.hstack([basis.real, basis.imag, np.ones((len(basis), 1))])  # (T, 2 C + 1)
        normal += columns.T @ columns
        right += columns.T @ observed_level[part]
    solution = np.linalg.solve(normal, right)
    phasor = solution[: len(names)] - 1j * solution[len(names) : -1]
    mean_sea_level = float(solution[-1])

    residual = observed_level - mean_sea_level
    for part, basis in _basis(names, latitude, days):
        residual[part] -= (basis @ phasor).real
    noise = _noise_amplitude(days, residual, step, np.asarray(selected.NR.frq))
    kept = np.flatnonzero(np.abs(phasor) >= 2.0 * noise)
    constants = TidalConstants(
        name,
        latitude,
        source,
        {names[i]: float(np.abs(phasor[i])) for i in kept},
        {names[i]: float(np.rad2deg(-np.angle(phasor[i])) % 360.0) for i in kept},
    )
    return constants, mean_sea_level


def _basis(names: list[str], latitude: float, days: Floats) -> Iterator[tuple[slice, Complexes]]:
    """``f exp(i (V + u))`` a year's worth of times at once: the part of ``days``, and (time, constituent).

    utide's V, f and u are taken at noon of each day; within the day V runs on at the constituent's frequency.
    That is within 1 mm of working them out for every single time, in a fraction of the time.
    """
    index = np.array([constit_index_dict[name] for name in names], dtype=int)
    for first in range(0, days.size, 8766):
        part = slice(first, first + 8766)
        noon, which = np.unique(np.floor(days[part]) + 0.5, return_inverse=True)
        factor, nodal, argument = FUV(noon, noon[:1], index, latitude, [False] * 4)  # (noon, constituent)
        daily = factor * np.exp(2j * np.pi * (nodal + argument))
        radians_per_day = 48.0 * np.pi * linearized_freqs(noon[:1])[index]
        yield part, daily[which] * np.exp(1j * (days[part] - noon[which])[:, None] * radians_per_day)


def _noise_amplitude(days: Floats, residual: Floats, step: float, frequency: Floats) -> Floats:
    """Amplitude [m] that noise alone would give a constituent of each frequency [cycles per hour].

    The root mean square of the residual's spectrum over the 17 nearest lines. A missing time adds nothing to
    a Fourier sum, so it stands as 0 in the grid that the fast transform needs.
    """
    slot = np.rint((days - days[0]) / step).astype(int)
    grid = np.zeros(slot[-1] + 1)
    grid[slot] = residual
    amplitude = np.abs(np.fft.rfft(grid)) * 2.0 / residual.size
    line = np.rint(frequency * 24.0 * step * grid.size).astype(int)
    nearby = np.clip(line[:, None] + np.arange(-8, 9), 1, amplitude.size - 1)  # (constituent, line)
    noise: Floats = np.sqrt((amplitude[nearby] ** 2).mean(axis=1))
    return noise


def _days(time: Times) -> Floats:
    """Days since 0000-12-31, as utide counts them."""
    milliseconds = np.asarray(time).astype("datetime64[ms]").astype(np.float64)
    return milliseconds / 86_400_000.0 + _DAYS_TO_UNIX_EPOCH
