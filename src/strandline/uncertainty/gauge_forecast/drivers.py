"""All that drives a gauge's residual, in the columns of its response: the weather over the sea, rain, and rivers."""

from collections.abc import Sequence

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.river_process import READ, RiverProcess, fit_river_process
from strandline.observations.sea_level.surge.weather_response import RAIN, Column, driver_of
from strandline.observations.weather.known_rivers import between_readings, known_rivers, river_readings
from strandline.observations.weather.known_weather import HOUR
from strandline.uncertainty.gauge_forecast.weather import (
    AROUND_ISSUE,
    LEAST_SHARE,
    rain_at,
    rain_later,
    weather_at,
    weather_later,
)

FEWEST_RIVER_HOURS = 336
"""Of the own gauge's readings at which a river is known that its effect is learned from: two weeks; an assumption."""


def land_columns(
    observations: Observations, time: Times, level: Floats
) -> tuple[tuple[Column, ...], tuple[RiverProcess, ...]]:
    """Columns of the rivers with their processes or, without any, of the rain; both empty where neither is known.

    Rain acts through the rivers that it feeds: beside one, its own column did not help in left-out weeks (decision 55).

    Args:
        time, level: (T,) hours, every one, and readings of the own gauge; NaN = not read, or not to be used.
    """
    read = np.isfinite(level)
    rain = rain_later(observations, time)
    if rain is not None:
        rain = np.where(read, rain, np.nan)
    found = []
    if observations.river is not None:
        _, is_stage = river_readings(observations.river)
        names = observations.river["river"].values.tolist()
        for name, values, stage in zip(names, _rivers_later(observations, time).T, is_stage.tolist(), strict=True):
            if (np.isfinite(between_readings(values)) & read).sum() < FEWEST_RIVER_HOURS:
                continue
            try:
                found.append(fit_river_process(str(name), np.where(read, values, np.nan), rain, is_stage=stage))
            except RefusedByTheory:  # it read the same all the time
                continue
    if found:
        return tuple(Column(each.name, "river", "1") for each in found), tuple(found)
    is_usable = rain is not None and np.isfinite(rain).sum() > LEAST_SHARE * read.sum()
    return ((RAIN,) if is_usable else ()), ()


def drivers_at(
    observations: Observations,
    issue: Times,
    columns: Sequence[Column],
    rivers: Sequence[RiverProcess],
    rain_of: str = "then",
) -> tuple[Floats, Floats | None] | None:
    """(N, 222, M, C) drivers as known at issues (N,), and (N, 222, C) how unsure rivers are; ``None`` = nothing is known.

    The flow of a river is what its readings by then and the rain that was known let expect.

    Args:
        columns: of a response; ``rivers``: those of its columns of rivers, by name.
        rain_of: by which the flow of rivers is expected: ``then`` = known at the issue, ``later`` = known by now,
            ``mean`` = its mean, as if no rain were known to depart from it.
    """
    sea = [column for column in columns if driver_of(column) == "weather"]
    weather = weather_at(observations, issue, sea)
    if len(sea) == len(columns):
        return None if weather is None else (weather, None)
    rain = rain_at(observations, issue)
    members = next((each.shape[2] for each in (weather, rain) if each is not None), 1)
    values = np.full((issue.size, AROUND_ISSUE.size, members, len(columns)), np.nan)
    doubt = np.zeros((issue.size, AROUND_ISSUE.size, len(columns)))
    if weather is not None:
        values[..., [columns.index(column) for column in sea]] = weather
    flows = _expected(observations, issue, rivers, rain, rain_of)
    for at, column in enumerate(columns):
        if column.kind == "rain" and rain is not None:
            values[..., at] = rain
        elif column.name in flows and column.kind == "river":
            flow, spread = flows[column.name]
            values[..., at], doubt[..., at] = flow[:, :, None], spread
    return values, doubt


def drivers_in_hindsight(
    observations: Observations, issue: Times, columns: Sequence[Column], rivers: Sequence[RiverProcess]
) -> Floats:
    """(N, 222, C) drivers about issues as known by now, but for readings of rivers after each.

    Beside `drivers_at` they show what forecasts of the weather and the rain miss.
    """
    sea = [column for column in columns if driver_of(column) == "weather"]
    hours = issue[:, None] + AROUND_ISSUE.astype("timedelta64[h]")
    found = np.full((*hours.shape, len(columns)), np.nan)
    if sea:
        found[..., [columns.index(column) for column in sea]] = weather_later(observations, hours, sea)
    rain = rain_later(observations, hours)
    flows = _expected(observations, issue, rivers, None if rain is None else rain[:, :, None], "later")
    for at, column in enumerate(columns):
        if column.kind == "rain" and rain is not None:
            found[..., at] = rain
        elif column.name in flows and column.kind == "river":
            found[..., at] = flows[column.name][0]
    return found


def drivers_later(
    observations: Observations, time: Times, columns: Sequence[Column], rivers: Sequence[RiverProcess]
) -> Floats:
    """(T, C) drivers of consecutive hours as they are known by now."""
    sea = [column for column in columns if driver_of(column) == "weather"]
    found = np.full((time.size, len(columns)), np.nan)
    if sea:
        found[:, [columns.index(column) for column in sea]] = weather_later(observations, time, sea)
    rain = rain_later(observations, time)
    if rain is not None and RAIN.name in (column.name for column in columns):
        found[:, [column.name for column in columns].index(RAIN.name)] = rain
    if rivers:
        names = observations.require("river")["river"].values.tolist()
        read = _rivers_later(observations, time)
        for each in rivers:
            at = [column.name for column in columns].index(each.name)
            found[:, at] = each.flow(between_readings(read[:, names.index(each.name)]))
    return found


def _expected(
    observations: Observations, issue: Times, rivers: Sequence[RiverProcess], rain: Floats | None, rain_of: str
) -> dict[str, tuple[Floats, Floats]]:
    """Name of a river → (N, 222) flow that is expected, and its standard deviation; of those with readings here."""
    if not rivers or observations.river is None:
        return {}
    names = observations.river["river"].values.tolist()
    known = known_rivers(observations, issue, np.arange(1 - READ, 1))  # (N, 144, R)
    if rain_of == "later":
        rain_there = rain_later(observations, issue[:, None] + AROUND_ISSUE.astype("timedelta64[h]"))
    else:
        rain_there = None if rain is None else rain.mean(axis=2)
    found = {}
    for each in rivers:
        if each.name not in names:
            continue
        there = rain_there
        if there is not None and rain_of == "mean" and each.response is not None:
            there = np.where(np.isfinite(there), each.response.columns[0].mean, np.nan)
        found[each.name] = each.expect(known[:, :, names.index(each.name)], there)
    return found


def _rivers_later(observations: Observations, time: Times) -> Floats:
    """(T, R) readings at hours, whenever they came; NaN = none."""
    river = observations.require("river")
    readings, _ = river_readings(river)
    at = ((time - river["time"].values[0]) // HOUR).astype(np.int64)
    inside = (at >= 0) & (at < readings.shape[1])
    return np.asarray(np.where(inside[:, None], readings.T[np.clip(at, 0, readings.shape[1] - 1)], np.nan))
