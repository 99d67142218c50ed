"""When simulated water arrives in each zone, and how long it stands there, as bounds over storms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.region import Region
from strandline.risk.people import Homes
from strandline.risk.stage_damage.danger import DANGEROUS_SHARE, ENDANGERED_SHARE
from strandline.risk.stage_damage.zones import Zones, zone_of_homes
from strandline.risk.timing.simulated_floods import AFTER_HOURS, BEFORE_HOURS, SimulatedFloods

EARLIER_HOURS, LONGER_HOURS = 2.0, 2.0
"""Allowance for the ground [h]: true water may come so much earlier, and stand so much longer, than on the ground as it
is known. Beside the true ground of the built-in delta, simulated water was more than 1.5 h late in fewer than 5 % of 66
zones and storms, and more than 2 h in two, which flooded a tide before; with floods mapped without error (three coasts,
146 cases) 1 h and none. Where both grounds drain, it left at most 2 h too soon (14 cases)."""
HOME = (ENDANGERED_SHARE, 1.0)
"""Share of a zone's people, and least number, whose homes count."""


@dataclass(frozen=True, eq=False)
class ZoneTimes:
    """Times of Z zones in E storms; hours count from the peak of the sea at the gauge, negative = before it.

    The water counts from when the first ``DANGEROUS_SHARE`` of the land that the tide leaves dry had it, until no more
    than that will have it again. NaN = unknown: too little of the land is known.

    Attributes:
        return_periods: (E,) of the peaks [years].
        sea: (E, T) hourly level at the gauge [m, region datum].
        dangerous_from: (Z, E) dangerous depth on that share of the land, or at the homes of ``ENDANGERED_SHARE`` of the
            people [h]; infinite = in no simulated hour.
        wet_from: (Z, E) flooded depth [h]; likewise.
        wet_until: (Z, E) [h]; minus infinity = not wet, infinite = no end was seen.
    """

    return_periods: Floats
    sea: Floats
    dangerous_from: Floats
    wet_from: Floats
    wet_until: Floats

    def __post_init__(self) -> None:
        storms = len(self.sea)
        shapes = {self.dangerous_from.shape, self.wet_from.shape, self.wet_until.shape}
        if len(shapes) > 1 or next(iter(shapes))[1:] != (storms,) or self.return_periods.shape != (storms,):
            what = f"{storms} storms, {self.return_periods.shape} periods and times of {sorted(shapes)}"
            raise InputError("times of the zones", f"have {what}", "give (Z, E) times and (E,) periods")
        if not np.isfinite(self.sea).all():
            raise InputError("times of the zones", "the sea has gaps", "give a level for every hour")

    @property
    def hours(self) -> Floats:
        """(T,) of the sea [h from the peak]."""
        return np.arange(self.sea.shape[1], dtype=float) - BEFORE_HOURS

    @property
    def peaks(self) -> Floats:
        """(E,) highest level of the sea [m, region datum]."""
        return np.asarray(self.sea.max(axis=1))


def times_by_zone(
    floods: SimulatedFloods, return_periods: Floats, zones: Zones, homes: Homes | None, region: Region
) -> ZoneTimes:
    """The times of the cells, summarised by zone.

    Args:
        return_periods: (E,) of the storms [years].
        homes: where people live; ``None`` = unknown.
    """
    storms = len(floods.sea)
    dangerous, wet, until = (
        each.reshape(storms, -1) for each in (floods.dangerous_from, floods.wet_from, floods.wet_until)
    )
    known: Mask = ~np.asarray(np.isnan(dangerous).any(axis=0))
    dry_by_tide = ~floods.ordinary.ravel()
    at_home = _at_homes(np.where(dry_by_tide, dangerous, np.inf), zones, homes, region)
    found = np.full((3, len(zones), storms), np.nan)
    for zone in range(len(zones)):
        own = (zones.of_cell == zone).ravel()
        cells = np.flatnonzero(own & known & dry_by_tide)
        if not cells.size:
            continue
        count = max(1, int(np.ceil(DANGEROUS_SHARE * cells.size - 1e-9)))
        first = np.minimum(_nth(dangerous[:, cells], count), at_home[zone])
        values = np.stack([first, _nth(wet[:, cells], count), -_nth(-until[:, cells], count)])
        if (~known)[own].mean() >= DANGEROUS_SHARE:  # what is dry where the ground is known may be wet elsewhere
            values[values == np.array([np.inf, np.inf, -np.inf])[:, None]] = np.nan
        found[:, zone] = values
    return ZoneTimes(return_periods, floods.sea, *found)


def _nth(times: Floats, count: int) -> Floats:
    """(E,) the moment from which ``count`` of the cells (E, N) have begun."""
    return np.asarray(np.partition(times, count - 1, axis=1)[:, count - 1])


def _at_homes(dangerous: Floats, zones: Zones, homes: Homes | None, region: Region) -> Floats:
    """(Z, E) when the homes of the counted share of a zone's people are in danger [h]; infinite = never or unknown."""
    found = np.full((len(zones), len(dangerous)), np.inf)
    if homes is None:
        return found
    zone, cell = zone_of_homes(zones, homes, region), _cells(homes, region)
    for number in range(len(zones)):
        chosen = np.flatnonzero((zone == number) & (cell >= 0) & (homes.likely > 0))
        people = homes.likely[chosen]
        if not people.sum() > 0:
            continue
        at_cell = dangerous[:, cell[chosen]]  # (E, P)
        first = np.where(np.isnan(at_cell), np.inf, at_cell)
        order = np.argsort(first, axis=1, kind="stable")
        reached = np.cumsum(people[order], axis=1) >= max(HOME[1], HOME[0] * people.sum())
        at = np.argmax(reached, axis=1)
        moment = np.take_along_axis(first, order, axis=1)[np.arange(len(dangerous)), at]
        found[number] = np.where(reached.any(axis=1), moment, np.inf)
    return found


def _cells(homes: Homes, region: Region) -> Indices:
    """(P,) flat index of the cell of each home; −1 = outside the region."""
    point = homes.places.geometry.representative_point()
    row, column = region.cells_of(point.x.to_numpy(), point.y.to_numpy())
    inside: Mask = (row >= 0) & (row < region.shape[0]) & (column >= 0) & (column < region.shape[1])
    return np.where(inside, row * region.shape[1] + column, -1).astype(np.int64)


@dataclass(frozen=True)
class ZoneTime:
    """When water comes to a zone at one return period, and how long it stands: bounds over the simulated storms.

    Attributes:
        zone: its name.
        return_period: of the sea [years].
        sea_level: at the peak [m, the plan's vertical datum].
        is_known: whether enough of the land is known; else every hour is ``None``.
        wet_from: earliest 0.15 m on 5 % of its land [h from the peak of the sea at the gauge, negative = before];
            ``None`` = in no simulated storm.
        dangerous_from: earliest 0.5 m there, or at the homes of 1 % of its people [h]; likewise.
        hours_wet: longest time from the first to the last such water [h]; a lower bound where ``has_no_end``.
        has_no_end: in some storm water stood until the simulation ended, or in land from which it is not known to
            leave.
    """

    zone: str
    return_period: float
    sea_level: float
    is_known: bool
    wet_from: float | None
    dangerous_from: float | None
    hours_wet: float | None
    has_no_end: bool


def bounds_of_zones(times: ZoneTimes, names: Sequence[str]) -> tuple[ZoneTime, ...]:
    """A row for each zone and return period: the earliest and the longest over its storms, with the allowances."""
    rows = []
    for period in np.unique(times.return_periods):
        storms = np.flatnonzero(times.return_periods == period)
        sea = float(times.peaks[storms].max())
        for zone, name in enumerate(names):
            wet, dangerous, until = (
                each[zone, storms] for each in (times.wet_from, times.dangerous_from, times.wet_until)
            )
            is_known = not np.isnan([*wet, *dangerous, *until]).any()
            is_wet = is_known and bool(np.isfinite(wet).any())
            has_no_end = is_wet and bool(np.isposinf(until).any())
            rows.append(
                ZoneTime(
                    name, float(period), sea, is_known,
                    wet_from=_earliest(wet) if is_known else None,
                    dangerous_from=_earliest(dangerous) if is_known else None,
                    hours_wet=_longest(wet, until) if is_wet else None,
                    has_no_end=has_no_end,
                )
            )  # fmt: skip
    return tuple(rows)


def _earliest(times: Floats) -> float | None:
    first = float(times.min()) - EARLIER_HOURS
    return float(np.floor(max(first, -BEFORE_HOURS))) if np.isfinite(first) else None


def _longest(wet: Floats, until: Floats) -> float:
    stands = np.where(np.isfinite(wet), np.minimum(until, AFTER_HOURS) - wet, 0.0)
    is_open = bool(np.isposinf(until).any())
    return float(np.ceil(stands.max() + (0.0 if is_open else LONGER_HOURS)))
