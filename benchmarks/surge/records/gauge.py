"""The record of a gauge: hourly levels, the weather there, and operational forecasts."""

from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np

from benchmarks.record import Value
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask, Times

HOUR = np.timedelta64(1, "h")
Kind = Literal["wind_east", "wind_north", "pressure", "stress_component", "pressure_component", "rain", "water"]


@dataclass(frozen=True)
class Column:
    """One column of forcing.

    Attributes:
        name: as in the file, with the station where it is another one.
        kind: what it is; ``water`` (levels and discharge upstream) is read, never forecast by a weather service.
        unit: of the values.
    """

    name: str
    kind: Kind
    unit: str


@dataclass(frozen=True, eq=False)
class Forcing:
    """Hourly weather, and water upstream.

    Attributes:
        columns: (C,).
        values: (T, C); NaN = not observed.
    """

    columns: tuple[Column, ...]
    values: Floats

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.columns):
            raise InputError("forcing", f"has shape {self.values.shape}", f"give (T, {len(self.columns)})")


@dataclass(frozen=True, eq=False)
class Operational:
    """Issued forecasts of the level, from each cycle.

    Attributes:
        source: who issues them.
        issued, available: (K,) UTC, increasing: the nominal hour, and when they can be had.
        value: (K, H) level [m on the gauge's datum, or above ``datum``] 0 … H − 1 hours after the nominal hour; NaN =
            none.
        low, high: (K, H) 10 % and 90 % of the members, where the product has them.
        offset: what to add for the gauge's datum [m], as published; NaN = not published, to be learned.
    """

    source: str
    issued: Times
    available: Times
    value: Floats
    low: Floats | None = None
    high: Floats | None = None
    offset: float = float("nan")

    def at(self, time: Times, leads: tuple[int, ...]) -> tuple[Floats, Floats, Floats, Floats]:
        """Value, low and high (N, L) at leads after ``time`` from the newest cycle then, and its age (N,) [h].

        NaN where there is none.
        """
        newest = np.searchsorted(self.available, time, side="right") - 1
        cycle = np.maximum(newest, 0)
        age = ((time - self.issued[cycle]) / HOUR).astype(np.int64)
        ahead = age[:, None] + np.array(leads)
        inside = (newest >= 0)[:, None] & (ahead < self.value.shape[1])
        at = np.clip(ahead, 0, self.value.shape[1] - 1)
        value, low, high = (
            np.where(inside, part[cycle[:, None], at], np.nan) if part is not None else np.full(ahead.shape, np.nan)
            for part in (self.value, self.low, self.high)
        )
        return value, low, high, np.where(newest >= 0, age, np.nan)


@dataclass(frozen=True, eq=False)
class Gauge:
    """The record of one gauge in T consecutive hours.

    Attributes:
        name: of the gauge.
        time: (T,) UTC, every hour.
        level: (T,) [m on the gauge's datum]; NaN = not observed, or flagged.
        datum: in words.
        latitude, longitude: [degrees]; ``None`` = unknown.
        forcing: weather of the place, or ``None``.
        tide: (T,) published tide [m above mean sea level], and ``tide_source``; ``None`` = to be fitted.
        scored: (T,) hours that may be scored.
        reading_delay: hours after which a reading may be used.
        operational: issued forecasts of the level, or ``None``.
        has_only_high_waters: whether the level is known at high waters alone.
        note: what a reader of the scores has to know.
        river: column of the forcing that is a river upstream, which the package's forecaster takes as one.
    """

    name: str
    time: Times
    level: Floats
    datum: str
    latitude: float | None
    longitude: float | None
    forcing: Forcing | None = None
    tide: Floats | None = None
    tide_source: str = ""
    scored: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    reading_delay: int = 0
    operational: Operational | None = None
    has_only_high_waters: bool = False
    note: str = ""
    river: str = ""

    def __post_init__(self) -> None:
        if not self.scored.size:
            object.__setattr__(self, "scored", np.ones(self.time.size, dtype=bool))
        if (np.diff(self.time) != HOUR).any():
            raise InputError(f"gauge '{self.name}'", "has hours that do not follow each other", "give every hour once")
        for name, values in (("level", self.level), ("tide", self.tide), ("scored", self.scored)):
            if values is not None and values.shape != self.time.shape:
                raise InputError(f"gauge '{self.name}'", f"has {values.shape} of {name}", f"give {self.time.shape}")
        if self.forcing is not None and len(self.forcing.values) != self.time.size:
            raise InputError(f"gauge '{self.name}'", f"has {len(self.forcing.values)} hours of weather", "align both")
        if not np.isfinite(self.level).any():
            raise InputError(f"gauge '{self.name}'", "has no level", "leave it out")

    def where_within(self, first: str, last: str) -> Mask:
        """(T,) hours of these days, including the last."""
        after: Mask = self.time >= np.datetime64(first)
        return after & (self.time < np.datetime64(last) + np.timedelta64(1, "D"))

    def cut(self) -> Self:
        """The same record without the hours before the first level and after the last."""
        known = np.flatnonzero(np.isfinite(self.level))
        part = slice(known[0], known[-1] + 1)
        forcing = self.forcing and Forcing(self.forcing.columns, self.forcing.values[part])
        tide = None if self.tide is None else self.tide[part]
        return replace(
            self, time=self.time[part], level=self.level[part], scored=self.scored[part], forcing=forcing, tide=tide
        )


@dataclass(frozen=True)
class Period:
    """Days of training and of the test, as ``(first, last)``; empty = blocks of the record."""

    train: tuple[tuple[str, str], ...] = ()
    test: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class GaugeSet:
    """Gauges that are measured together.

    Attributes:
        name: of the set.
        gauges: each a target in its turn, the others its neighbours.
        period: of training and test, by gauge where they differ.
        fraction: share of the training weeks whose levels are known.
        leads: [h].
        has_full_record: whether the student of every week of the training is measured beside that of some.
        source: who published the data.
        peers: published scores to quote beside ours, as rows of ``source``, ``target``, ``lead_h`` and numbers.
    """

    name: str
    gauges: tuple[Gauge, ...]
    period: Period = Period()
    periods: dict[str, Period] = field(default_factory=dict)
    fraction: float = 0.05
    leads: tuple[int, ...] = (0, 6, 12, 24, 48, 72)
    has_full_record: bool = False
    source: str = ""
    peers: tuple[dict[str, Value], ...] = ()

    def period_of(self, gauge: str) -> Period:
        """The period of a gauge."""
        return self.periods.get(gauge, self.period)
