"""All that drives a gauge's residual, in the columns of its response: the weather over the sea, rain, and rivers."""

from collections.abc import Sequence

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.river_process import NEWEST, READ, RiverProcess, fit_river_process
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
from strandline.uncertainty.residual_forecaster import LONGEST_LEAD

FEWEST_RIVER_HOURS = 336
"""Of the own gauge's readings at which a river is known that its effect is learned from: two weeks; an assumption."""


def land_columns(
    observations: Observations, time: Times, level: Floats
) -> tuple[tuple[Column, ...], tuple[RiverProcess, ...]]:
    """Columns of the rivers with their processes or, without any, of the rain; both empty where neither is known.

    Rain acts through the rivers that it feeds: beside one, its own column did not help in left-out weeks (decision 55).
    What comes three days after its hour, or later, as reanalyses do, is known of no hour that matters, and is left out.

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
        delays = observations.river["available_after_h"].values.tolist()
        for name, values, stage, delay in zip(
            names, _rivers_later(observations, time).T, is_stage.tolist(), delays, strict=True
        ):
            if delay >= NEWEST or (np.isfinite(between_readings(values)) & read).sum() < FEWEST_RIVER_HOURS:
                continue
            try:
                found.append(fit_river_process(str(name), np.where(read, values, np.nan), rain, is_stage=stage))
            except RefusedByTheory:  # it read the same all the time
                continue
    if found:
        return tuple(Column(each.name, "river", "1") for each in found), tuple(found)
    weather = observations.weather
    is_late = weather is None or float(weather["available_after_h"]) >= NEWEST
    is_usable = rain is not None and not is_late and np.isfinite(rain).sum() > LEAST_SHARE * read.sum()
    return ((RAIN,) if is_usable else ()), ()


def drivers_at(
    observations: Observations,
    issue: Times,
    columns: Sequence[Column],
    rivers: Sequence[RiverProcess],
    *,
    is_dry: bool = False,
) -> tuple[Floats, Floats | None] | None:
    """(N, 222, M, C) drivers as known at issues (N,), and (N, 222, C) how unsure rivers are; ``None`` = there is none.

    The flow of a river is what its readings by then and the rain that was known let expect.

    Args:
        columns: of a response; ``rivers``: those of its columns of rivers, by name.
        is_dry: whether the flow of rivers is that of their readings alone, as if rain never departed from its mean.
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
    flows = _expected(observations, issue, rivers, rain, is_dry)
    for at, column in enumerate(columns):
        if column.kind == "rain" and rain is not None:
            values[..., at] = rain
        elif column.name in flows and column.kind == "river":
            flow, spread = flows[column.name]
            values[..., at], doubt[..., at] = flow[:, :, None], spread
    return values, doubt


def river_age(observations: Observations, issue: np.datetime64, rivers: Sequence[RiverProcess]) -> float | None:
    """Age of the newest reading by an issue, of the river that was read last least [h]; ``None`` = none in six days."""
    if not rivers or observations.river is None:
        return None
    names = observations.river["river"].values.tolist()
    seen = np.isfinite(known_rivers(observations, np.array([issue]), np.arange(1 - READ, 1))[0])  # (144, R)
    seen = seen[:, [names.index(each.name) for each in rivers if each.name in names]]
    if not seen.shape[1] or not seen.any(axis=0).all():
        return None
    return float(np.argmax(seen[::-1], axis=0).max())


def knows_rain(observations: Observations, issue: Times) -> Mask:
    """(N, 73) whether rain was known at issues, for the hours ahead."""
    rain = rain_at(observations, issue.astype("datetime64[ns]"))
    if rain is None:
        return np.zeros((issue.size, LONGEST_LEAD + 1), dtype=bool)
    ahead = np.flatnonzero((AROUND_ISSUE >= 0) & (AROUND_ISSUE <= LONGEST_LEAD))
    found = np.array(np.isfinite(rain[:, ahead]).all(axis=2))
    found[:, 0] |= found[:, 1]  # the hour of issue may not have been measured yet
    return found


def drivers_in_hindsight(
    observations: Observations, issue: Times, columns: Sequence[Column], rivers: Sequence[RiverProcess]
) -> Floats:
    """(N, 222, C) drivers about issues as they are known by now: what forecasts miss is the difference."""
    hours = issue[:, None] + AROUND_ISSUE.astype("timedelta64[h]")
    found = np.full((*hours.shape, len(columns)), np.nan)
    sea = [column for column in columns if driver_of(column) == "weather"]
    if sea:
        found[..., [columns.index(column) for column in sea]] = weather_later(observations, hours, sea)
    rain = rain_later(observations, hours)
    for at, column in enumerate(columns):
        if column.kind == "rain" and rain is not None:
            found[..., at] = rain
        if column.kind == "river" and observations.river is not None:
            found[..., at] = _flow_later(observations, hours, next(one for one in rivers if one.name == column.name))
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
    for each in rivers:
        found[:, [column.name for column in columns].index(each.name)] = _flow_later(observations, time, each)
    return found


def _expected(
    observations: Observations, issue: Times, rivers: Sequence[RiverProcess], rain: Floats | None, is_dry: bool
) -> dict[str, tuple[Floats, Floats]]:
    """Name of a river → (N, 222) flow that is expected, and its standard deviation; of those with readings here."""
    if not rivers or observations.river is None:
        return {}
    names = observations.river["river"].values.tolist()
    known = known_rivers(observations, issue, np.arange(1 - READ, 1))  # (N, 144, R)
    mean = None if rain is None else rain.mean(axis=2)
    return {
        each.name: each.expect(known[:, :, names.index(each.name)], each.dry(mean) if is_dry else mean)
        for each in rivers
        if each.name in names
    }


def _flow_later(observations: Observations, hours: Times, river: RiverProcess) -> Floats:
    """(…) flow of a river at hours (…), between its readings whenever they came; NaN = not known."""
    record = observations.require("river")
    readings, _ = river_readings(record)
    flow = river.flow(between_readings(readings[record["river"].values.tolist().index(river.name)]))
    at = ((hours - record["time"].values[0]) // HOUR).astype(np.int64)
    inside = (at >= 0) & (at < flow.size)
    return np.where(inside, flow[np.clip(at, 0, flow.size - 1)], np.nan)


def _rivers_later(observations: Observations, time: Times) -> Floats:
    """(T, R) readings at hours, whenever they came; NaN = none."""
    river = observations.require("river")
    readings, _ = river_readings(river)
    at = ((time - river["time"].values[0]) // HOUR).astype(np.int64)
    inside = (at >= 0) & (at < readings.shape[1])
    return np.where(inside[:, None], readings.T[np.clip(at, 0, readings.shape[1] - 1)], np.nan)
