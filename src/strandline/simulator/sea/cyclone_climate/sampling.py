"""Synthetic storms of a basin, drawn step by step, all at once."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats
from strandline.observations.weather.cyclone_fields import EARTH_RADIUS
from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate
from strandline.simulator.sea.cyclone_climate.fixes import GALE, SECONDS, StormState
from strandline.simulator.sea.cyclone_climate.grid import BOUND, cell_of, is_over_land, month_of_day, share_over_land
from strandline.simulator.sea.cyclone_climate.processes.movement import Course

LONGEST = 160
"""Steps of six hours after which a storm ends in any case: 40 days, as the longest of the record."""
STORMS_AT_ONCE = 100_000
_TRIES = 8


@dataclass(frozen=True, eq=False)
class SyntheticStorms:
    """Six-hourly fixes (N,) of synthetic storms; those of one storm are adjacent and in order of time.

    Attributes:
        storm: number of the storm, in order of the year.
        year: 0 to ``years`` - 1, in which the storm began.
        day: since the first of January of that year; goes on beyond its end.
        longitude, latitude: [degrees], longitude 0 to 360.
        wind: 1-minute maximum [m s-1].
        years: drawn.
    """

    storm: Indices
    year: Indices
    day: SingleFloats
    longitude: SingleFloats
    latitude: SingleFloats
    wind: SingleFloats
    years: int


def draw_storms(climate: CycloneClimate, basin: str, years: int, rng: np.random.Generator) -> SyntheticStorms:
    """Draw the storms that begin in a basin in some years and reach gale force; they may leave the basin.

    Raises:
        InputError: an unknown basin, or no year.

    Source: the steps of Bloemendaal et al. (2020), Scientific Data 7, 40.
    """
    if years < 1:
        raise InputError("synthetic cyclones", f"{years} years were asked for", "ask for one or more")
    number = climate.number_of(basin)
    year = np.repeat(np.arange(years), climate.genesis.draw_numbers(number, years, rng))
    parts = []
    for start in range(0, year.size, STORMS_AT_ONCE):
        storm, *states = _draw(climate, number, min(STORMS_AT_ONCE, year.size - start), rng)
        parts.append([storm + start, *states])
    fixes = [np.concatenate(each) for each in zip(*parts, strict=True)] if parts else [np.zeros(0)] * 5
    number_of_storm = fixes[0].astype(np.int64)
    fixes[-1] = climate.stretch.of(number, fixes[-1])
    day, longitude, latitude, wind = (each.astype(np.float32) for each in fixes[1:])
    return SyntheticStorms(number_of_storm, year[number_of_storm], day, longitude, latitude, wind, years)


def _draw(climate: CycloneClimate, basin: int, number: int, rng: np.random.Generator) -> tuple[Floats, ...]:
    """Storm, day, longitude, latitude and wind of the fixes of some storms.

    The recorded storms are those that reached gale force. One that fails to is drawn again from the same genesis.
    """
    land = climate.land.unpacked()
    births = _births(climate, basin, number, land, rng)
    waiting = np.arange(number)
    done = []
    for _ in range(_TRIES):
        lived, *states = _live(climate, tuple(each[waiting] for each in births), land, rng)
        storm = lived.astype(np.int64)
        strongest = np.zeros(waiting.size)
        np.maximum.at(strongest, storm, states[-1])
        grown = strongest >= GALE
        done.append((waiting[storm[grown[storm]]].astype(np.float64), *(each[grown[storm]] for each in states)))
        waiting = waiting[~grown]
        if waiting.size == 0:
            break
    columns = tuple(np.concatenate(each) for each in zip(*done, strict=True))
    order = np.argsort(columns[0], kind="stable")
    return tuple(each[order] for each in columns)


def _births(
    climate: CycloneClimate, basin: int, number: int, land: Mask, rng: np.random.Generator
) -> tuple[Floats, ...]:
    """Longitude, latitude, day, wind and drift at genesis; over sea where the recorded genesis is."""
    genesis = climate.genesis
    centre = genesis.draw_centres(basin, number, rng)
    from_sea = ~is_over_land(
        land, genesis.longitude[centre].astype(np.float64), genesis.latitude[centre].astype(np.float64)
    )
    births = genesis.draw_around(centre, rng)
    for _ in range(_TRIES):
        ashore = np.flatnonzero(from_sea & is_over_land(land, births[0], births[1]))
        for kept, fresh in zip(births, genesis.draw_around(centre[ashore], rng), strict=True):
            kept[ashore] = fresh
    return births


def _live(
    climate: CycloneClimate, births: tuple[Floats, ...], land: Mask, rng: np.random.Generator
) -> tuple[Floats, ...]:
    """Storm, day, longitude, latitude and wind at every six hours of the lives of some storms."""
    longitude, latitude, day, wind, drift = births
    region = climate.movement.region.reshape(-1).astype(np.int64)
    storm, nothing = np.arange(wind.size), np.zeros(wind.size)
    state = StormState(wind, nothing, nothing, wind, nothing)
    mean = climate.movement.mean_at(month_of_day(day), cell_of(longitude, latitude))
    course = Course(drift, drift, drift, mean)
    fixes = [(storm, day, longitude, latitude, wind)]
    for _ in range(LONGEST):
        cell, month = cell_of(longitude, latitude), month_of_day(day)
        mean = climate.movement.mean_at(month, cell)
        departure = climate.movement.next_departure(
            course, mean, cell, latitude, state.wind, rng.standard_normal(mean.shape)
        )
        velocity = mean + departure
        north = np.rad2deg(velocity[:, 1] * SECONDS / EARTH_RADIUS)
        middle = np.deg2rad(latitude + 0.5 * north)
        east = np.rad2deg(velocity[:, 0] * SECONDS / (EARTH_RADIUS * np.cos(middle)))
        share = share_over_land(land, longitude, latitude, longitude + east, latitude + north)
        potential = climate.intensity.potential_at(month, cell)
        over_sea = climate.intensity.change_over_sea(
            region[cell], cell, state, potential, latitude, rng.random(storm.size)
        )
        state = state.after(climate.intensity.wind_after(state.wind, over_sea, share))

        crosses = (latitude >= 0) != (latitude + north >= 0)
        longitude, latitude, day = (longitude + east) % 360.0, latitude + north, day + 0.25
        course = course.after(departure, mean)
        cell, month = cell_of(longitude, latitude), month_of_day(day)
        potential = climate.intensity.potential_at(month, cell)
        chance = climate.dissipation.chance(state, potential, latitude, share, region[cell], cell)
        lives = ~crosses & (np.abs(latitude) < BOUND)
        fixes.append(tuple(each[lives] for each in (storm, day, longitude, latitude, state.wind)))
        lives &= rng.random(storm.size) >= chance  # the fix at which a storm ends is its last
        storm, day, longitude, latitude = (each[lives] for each in (storm, day, longitude, latitude))
        state, course = state.at(lives), course.at(lives)
        if storm.size == 0:
            break
    return tuple(np.concatenate(each) for each in zip(*fixes, strict=True))
