"""Astronomical arguments of tidal constituents, by utide."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from utide._ut_constants import constit_index_dict
from utide.harmonics import FUV, linearized_freqs

from strandline.observations.arrays import Complexes, Floats, Indices, Times
from strandline.observations.variables import HOURS_PER_YEAR

_MILLISECONDS = 86_400_000.0
_DAYS_TO_UNIX_EPOCH = 719163.0  # utide counts days from 0000-12-31


@dataclass(frozen=True, eq=False)
class TidePart:
    """``f exp(i (V + u))`` of up to a year of times.

    utide's V, f and u are computed at noon of each day; within the day V advances at the constituent's frequency. The
    tide differs by less than 1 mm from an evaluation at every time, at a fraction of the cost.

    Attributes:
        where: of the times.
        daily: (days, C) at noon; ``day``: (T,) index into it.
        within: (hours, C) advance since noon at each time of day; ``hour``: (T,) index into it.
    """

    where: slice
    daily: Complexes
    day: Indices
    within: Complexes
    hour: Indices

    def basis(self) -> Complexes:
        """(T, C)"""
        return np.asarray(self.daily[self.day] * self.within[self.hour])

    def sum_of(self, phasor: Complexes) -> Floats:
        """(T,) real part of the sum over the constituents, each times its phasor (C,)."""
        if len(self.daily) * len(self.within) > 2 * self.day.size:  # the times of day hardly recur
            return np.asarray((self.basis() @ phasor).real)
        return np.asarray(((self.daily * phasor) @ self.within.T).real[self.day, self.hour])


def tide_parts(names: list[str], latitude: float, days: Floats) -> Iterator[TidePart]:
    """The constituents at these times, up to a year at once.

    Args:
        names: (C,) in utide's spelling; latitude: [degrees north]; days: (T,) as of `days_of`.
    """
    index = np.array([constit_index_dict[name] for name in names], dtype=int)
    for first in range(0, days.size, HOURS_PER_YEAR):
        where = slice(first, first + HOURS_PER_YEAR)
        noon, day = np.unique(np.floor(days[where]) + 0.5, return_inverse=True)
        factor, nodal, argument = FUV(noon, noon[:1], index, latitude, [False] * 4)  # (noon, constituent)
        daily = factor * np.exp(2j * np.pi * (nodal + argument))
        since, hour = np.unique(np.round((days[where] - noon[day]) * _MILLISECONDS), return_inverse=True)
        radians_per_day = 48.0 * np.pi * linearized_freqs(noon[:1])[index]
        within = np.exp(1j * (since / _MILLISECONDS)[:, None] * radians_per_day)
        yield TidePart(where, daily, day, within, hour)


def tidal_basis(names: list[str], latitude: float, days: Floats) -> Iterator[tuple[slice, Complexes]]:
    """``f exp(i (V + u))`` for up to a year of times at once: the slice of ``days``, and (time, constituent)."""
    for part in tide_parts(names, latitude, days):
        yield part.where, part.basis()


def days_of(time: Times) -> Floats:
    """Days since 0000-12-31, as utide counts them."""
    milliseconds = np.asarray(time).astype("datetime64[ms]").astype(np.float64)
    return milliseconds / _MILLISECONDS + _DAYS_TO_UNIX_EPOCH
