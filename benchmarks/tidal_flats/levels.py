"""The sea at earlier and later scenes: from a table, from a tide fitted to the earlier ones, or from their water."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.tidal_flats.scenes import Flat
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.readers.published.tide_stations import distance_of_station
from strandline.observations.sea_level.harmonic_tide import FittedTide, TidalConstants
from strandline.observations.sea_level.neighbouring_tides import FARTHEST_TIDE, size_error
from strandline.observations.sea_level.scenes.latent_levels import level_of_scene
from strandline.observations.sea_level.scenes.levels import levels_at_scenes
from strandline.observations.sea_level.scenes.local_tide import MEMORY_DAYS, LocalTide, fit_local_tide
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.risk.hazard.surges.regional_prior import WORLD

Source = Literal["table", "fitted", "proxy"]
WEATHER = float(np.exp(WORLD.log_spread[0]))
"""[m] Spread of the weather's part of the level where nobody read it, as in a run without a gauge."""


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels [m above mean sea level] and their standard deviations.

    Attributes:
        earlier, earlier_sd: (N,) of the scenes that are learnt from.
        later, later_sd: (L,) of those that are predicted.
        later_time: (L,) UTC.
    """

    earlier: Floats
    earlier_sd: Floats
    later: Floats
    later_sd: Floats
    later_time: Times


@dataclass(frozen=True)
class Table:
    """The constants of a station, and how far they may be wrong at the flat.

    Attributes:
        distance: [km]; ``None`` = its position is not known.
        size_error: deviation of ln(size) of the tide [-].
    """

    constants: TidalConstants
    distance: float | None
    size_error: float


def read_table(constants: Path, station: str, stations: Path | None, flat: Flat) -> Table:
    """The table of a station; without a table of positions the one beside the constants is taken, if there is one."""
    beside = constants.parent / "stations.csv.gz"
    if stations is None and beside.exists():
        stations = beside
    read = read_tidal_constants(constants, station, flat.latitude).value
    away = distance_of_station(read.name, flat.longitude, flat.latitude, stations)
    return Table(read, away, FARTHEST_TIDE if away is None else size_error(away, is_between=False))


def levels_by_table(table: Table, earlier: Times, later: Times) -> Levels:
    """As a run takes them where no gauge was read."""
    count = len(table.constants.amplitude)
    lags = np.arange(96) / 24.0
    model = SeaLevelModel(
        FittedTide(table.constants, 0.0, np.zeros((2 * count + 1, 1))), WEATHER**2 * np.exp(-lags / MEMORY_DAYS)
    )
    found = [levels_at_scenes(times, model, None, size_error=table.size_error) for times in (earlier, later)]
    return Levels(found[0].level, found[0].sd, found[1].level, found[1].sd, later)


def fit_to_scenes(table: Table, earlier: Flat, weather: float = WEATHER) -> LocalTide:
    """The table, corrected by the earlier scenes.

    Args:
        weather: spread of its part of the level [m].
    """
    water = earlier.water
    cells = water.sample()
    return fit_local_tide(water.take(slice(None), cells), table.constants, table.size_error, weather)


def levels_by_fit(tide: LocalTide, later: Times) -> Levels:
    """Of the earlier scenes as their own water tells, of the later ones by the hour alone."""
    return Levels(tide.latent.level, tide.latent.level_sd, *tide.level(later), later)


def levels_by_hour(tide: LocalTide, earlier: Times, later: Times) -> Levels:
    """Of all scenes by the hour alone."""
    return Levels(*tide.level(earlier), *tide.level(later), later)


def levels_by_water(tide: LocalTide, earlier: Flat, later: Flat, scored: np.ndarray) -> Levels:
    """Read off each scene's own water outside the scored cells, over heights that the earlier scenes gave.

    Args:
        scored: (H·W,) cells that no level may come from.
    """
    cells = earlier.water.sample()
    outside = ~scored[cells]
    height = tide.latent.height[outside]
    found = []
    for part in (earlier, later):
        before = zip(part.water.wet[:, cells[outside]], *tide.level(part.water.time), strict=True)
        found.append(np.array([level_of_scene(wet, height, float(mean), float(sd)) for wet, mean, sd in before]))
    return Levels(found[0][:, 0], found[0][:, 1], found[1][:, 0], found[1][:, 1], later.water.time)
