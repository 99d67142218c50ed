"""The state of sea, zones and maps hour by hour: as known at each past step of a watch, and as forecast by its newest.

An hour of which nothing is known is in the list without a state, so that nobody takes it for a dry one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from pydantic import Field

from strandline.watch.decisions import ForecastRow
from strandline.watch.store.readers import Readers
from strandline.web.run_folder import RunFolder
from strandline.web.schemas import Record, ReturnLevel, UtcTime

HOUR = timedelta(hours=1)
HORIZON = 48
"""Hours ahead of the newest step that are listed, with a forecast or without."""
PROBABILITY = "flood_probability.tif"
Kind: TypeAlias = Literal["known", "forecast"]
Bound: TypeAlias = Literal["at most", "near", "at least"]


class SeaAt(Record):
    """The sea level of an hour [m, region datum]."""

    p05: float
    p50: float
    p95: float


class MapAt(Record):
    """The flood map of an hour: that of the lowest sea with a map which the hour's upper sea level does not pass."""

    band: int = Field(description="of flood_probability")
    return_period: float = Field(description="[a]")
    level: float = Field(description="[m, region datum] of that sea, the median")
    bound: Bound = Field(
        description="at most: the sea is lower than that of every map; at least: it may be higher than all"
    )


class HourState(Record):
    """The state of an hour; null = unknown, never dry."""

    time: UtcTime
    kind: Kind = Field(description="known: as known at that hour; forecast: of the newest step")
    issued: UtcTime | None = Field(description="the step that says so; null = none does")
    sea: SeaAt | None
    until: UtcTime | None = Field(description="the chances are of a flood at any time from the step until then")
    chances: list[float | None] = Field(description="that each zone floods, in the order of the zones [-]")
    map: MapAt | None


class Hours(Record):
    """The hours of a watch, oldest first."""

    newest: UtcTime | None = Field(description="hour of the newest step; null = there is none")
    zones: list[str]
    hours: list[HourState]


def hours_of(run: RunFolder, read: Readers, since: datetime) -> Hours:
    """Return the hours from the first step after ``since`` to the horizon of the newest.

    Raises:
        InputError: a file of the run cannot be read.
    """
    zones = [str(each["properties"]["zone"]) for each in run.features("zones.geojson")]
    newest = read.newest_step()
    if newest is None:
        return Hours(newest=None, zones=zones, hours=[])
    maps = list(_maps(run))
    steps = {step.hour for step in read.steps(since, newest.hour)}
    seas = {one.hour: one.rows for one in read.forecast_history("water_level", "", since, newest.hour)}
    floods = {one.hour: one.rows for one in read.forecast_history("flooded_share", None, since, newest.hour)}

    def state(issue: datetime, hour: datetime) -> HourState:
        sea = next((_sea(row) for row in seas.get(issue, ()) if row.time == hour), None)
        until, chances = _chances(floods.get(issue, ()), hour)
        is_known = sea is not None or bool(chances)
        return HourState(
            time=hour, kind="known" if hour <= newest.hour else "forecast", issued=issue if is_known else None, sea=sea,
            until=until, chances=[chances.get(zone) for zone in zones], map=None if sea is None else _map_at(sea, maps),
        )  # fmt: skip

    past = _every_hour(min(steps, default=newest.hour), newest.hour)
    ahead = _every_hour(newest.hour + HOUR, newest.hour + HORIZON * HOUR)
    hours = [*(state(hour, hour) for hour in past), *(state(newest.hour, hour) for hour in ahead)]
    return Hours(newest=newest.hour, zones=zones, hours=hours)


def _every_hour(first: datetime, last: datetime) -> Iterator[datetime]:
    for number in range(int((last - first) / HOUR) + 1):
        yield first + number * HOUR


def _sea(row: ForecastRow) -> SeaAt:
    return SeaAt(p05=row.p05, p50=row.p50, p95=row.p95)


def _chances(rows: Iterable[ForecastRow], hour: datetime) -> tuple[datetime | None, Mapping[str, float]]:
    """Return the chances by zone until the first time that is forecast and not before ``hour``, and that time."""
    ahead = [row for row in rows if row.time >= hour and row.probability is not None]
    until = min((row.time for row in ahead), default=None)
    return until, {row.zone: row.probability for row in ahead if row.time == until and row.probability is not None}


def _maps(run: RunFolder) -> Iterator[tuple[int, ReturnLevel]]:
    """Yield band and sea level of each map of today, from the lowest."""
    if not run.file(PROBABILITY).is_file():
        return
    bands = run.bands(PROBABILITY)
    today = {band.return_period: band.number for band in bands if band.scenario == bands[0].scenario}
    for level in sorted(run.record().return_levels, key=lambda each: each.p50):
        if level.return_period in today:
            yield today[level.return_period], level


def _map_at(sea: SeaAt, maps: Sequence[tuple[int, ReturnLevel]]) -> MapAt | None:
    if not maps:
        return None
    number, (band, level) = next(
        ((number, one) for number, one in enumerate(maps) if one[1].p50 >= sea.p95), (len(maps) - 1, maps[-1])
    )
    bound: Bound = "at least" if level.p50 < sea.p95 else "at most" if number == 0 else "near"
    return MapAt(band=band, return_period=level.return_period, level=level.p50, bound=bound)
