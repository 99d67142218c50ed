"""Astronomical arguments of tidal constituents, by utide."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from utide._ut_constants import constit_index_dict
from utide.harmonics import FUV, linearized_freqs

from strandline.observations.arrays import Complexes, Floats, Indices, Times
from strandline.observations.variables import HOURS_PER_YEAR

_MILLISECONDS = 86_400_000.0
_DAYS_TO_UNIX_EPOCH = 719163.0  # utide counts days from 0000-12-31
_BLOCK_DAYS = 128
"""Days that are computed and kept together [d]; utide takes as long for one."""


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
        number = (noon // _BLOCK_DAYS).astype(int)
        parts = [(_block(one, latitude), noon[number == one]) for one in np.unique(number).tolist()]
        daily = np.concatenate([block.at(some, index) for block, some in parts])  # (noon, constituent)
        since, hour = np.unique(np.round((days[where] - noon[day]) * _MILLISECONDS), return_inverse=True)
        radians_per_day = 48.0 * np.pi * parts[0][0].frequency[index]
        within = np.exp(1j * (since / _MILLISECONDS)[:, None] * radians_per_day)
        yield TidePart(where, daily, day, within, hour)


@dataclass(frozen=True, eq=False)
class _Block:
    """utide's V, f and u at noon of ``_BLOCK_DAYS`` days, of all its constituents.

    Attributes:
        first: noon of the first day; ``frequency``: (C,) then [cycles h-1].
        factor: (days, C) f; ``cycles``: (days, C) V + u.
    """

    first: float
    frequency: Floats
    factor: Floats
    cycles: Floats

    def at(self, noon: Floats, index: Indices) -> Complexes:
        """(T, C) ``f exp(i (V + u))`` of some of the constituents at noon of some of the days."""
        chosen = np.ix_((noon - self.first).astype(int), index)
        return np.asarray(self.factor[chosen] * np.exp(2j * np.pi * self.cycles[chosen]))


@lru_cache(maxsize=64)  # 20 years at one latitude, 20 MB; forecasts of one day after the other ask for the same
def _block(number: int, latitude: float) -> _Block:
    noon = number * _BLOCK_DAYS + np.arange(_BLOCK_DAYS) + 0.5
    frequency = linearized_freqs(noon[:1])
    factor, nodal, argument = FUV(noon, noon[:1], np.arange(frequency.size), latitude, [False] * 4)
    return _Block(float(noon[0]), frequency, factor, nodal + argument)


def tidal_basis(names: list[str], latitude: float, days: Floats) -> Iterator[tuple[slice, Complexes]]:
    """``f exp(i (V + u))`` for up to a year of times at once: the slice of ``days``, and (time, constituent)."""
    for part in tide_parts(names, latitude, days):
        yield part.where, part.basis()


def days_of(time: Times) -> Floats:
    """Days since 0000-12-31, as utide counts them."""
    milliseconds = np.asarray(time).astype("datetime64[ms]").astype(np.float64)
    return milliseconds / _MILLISECONDS + _DAYS_TO_UNIX_EPOCH
