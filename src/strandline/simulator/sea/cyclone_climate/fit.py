"""From recorded tracks to the climate of cyclones."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import maximum_filter

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Bytes, Floats, Indices, Mask
from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate
from strandline.simulator.sea.cyclone_climate.fixes import Fixes, Steps, steps_of
from strandline.simulator.sea.cyclone_climate.grid import COLUMNS, ROWS, LandMask, cell_of, smooth, sums_over_cells
from strandline.simulator.sea.cyclone_climate.passages import passages_of
from strandline.simulator.sea.cyclone_climate.processes.dissipation import fit_dissipation
from strandline.simulator.sea.cyclone_climate.processes.genesis import Genesis, spread_of_numbers
from strandline.simulator.sea.cyclone_climate.processes.intensity import fit_intensity
from strandline.simulator.sea.cyclone_climate.processes.movement import fit_movement
from strandline.simulator.sea.cyclone_climate.sampling import draw_storms
from strandline.simulator.sea.cyclone_climate.stretch import Stretch, fit_stretch

COAST_REACH, COAST_LATITUDE = 250_000.0, 45.0
"""[m] within which a storm passes a coast, and [degrees] beyond which no coast counts, for the stretch of winds."""
COAST_YEARS = 400
"""Simulated for the stretch: ten times the record."""
FEWEST_STORMS = 30
"""A basin with fewer recorded storms has no climate; such as the South Atlantic with 3 in 45 years."""


def fit_cyclone_climate(
    fixes: Fixes, land: LandMask, years: tuple[int, int], rng: np.random.Generator
) -> CycloneClimate:
    """Fit genesis, movement, intensity and end to the storms that began in some years, then the stretch of winds.

    Args:
        fixes: six-hourly; left out are storms of other years and those below gale force, and basins with fewer than
            ``FEWEST_STORMS``.
        years: first and last, both included and both wholly in the record.
        rng: draws the storms that the stretch compares with the recorded ones.

    Raises:
        RefusedByTheory: no basin has enough storms.

    Source: the steps of Bloemendaal et al. (2020), Scientific Data 7, 40 (STORM), with local means in place of boxes.
    """
    fixes = fixes.born(*years).gales()
    born_in, storms = np.unique(fixes.basin[fixes.first], return_counts=True)
    basins = tuple(str(name) for name, number in zip(born_in, storms, strict=True) if number >= FEWEST_STORMS)
    if not basins:
        raise RefusedByTheory(
            f"no basin has {FEWEST_STORMS} storms in {years[0]}-{years[1]}: a climate needs them; give more years"
        )
    storm = np.cumsum(fixes.first) - 1
    fixes = fixes.chosen(np.isin(fixes.basin[fixes.first], basins)[storm])
    numbers = {name: number for number, name in enumerate(basins)}
    basin_of_birth = np.array([numbers[str(name)] for name in fixes.basin[fixes.first]])
    region = _regions(fixes, basins)
    steps = steps_of(fixes, land)
    movement, departure = fit_movement(fixes, steps, region, len(basins))
    genesis = _genesis(fixes, steps, departure, basin_of_birth, len(basins), years)
    intensity = fit_intensity(fixes, steps, region, len(basins))
    climate = CycloneClimate(
        basins,
        years,
        genesis,
        movement,
        intensity,
        fit_dissipation(fixes, steps, region, len(basins), intensity),
        Stretch.none(len(basins)),
        land,
        _visits(fixes, basin_of_birth, len(basins)),
    )
    return replace(climate, stretch=_stretch(climate, fixes, basin_of_birth, rng))


def _regions(fixes: Fixes, basins: tuple[str, ...]) -> Bytes:
    """(H, W) basin to which most fixes around a cell belong."""
    cell = cell_of(fixes.longitude, fixes.latitude)
    near = []
    for name in basins:
        counts = sums_over_cells(cell, None, (fixes.basin == name).astype(np.float64))
        near.append(sum(smooth(counts, degrees, 0.0)[0] * 10.0**-degrees for degrees in (2.5, 10.0)))
    return np.asarray(np.argmax(np.stack(near), axis=0), dtype=np.uint8)


def _genesis(
    fixes: Fixes, steps: Steps, departure: Floats, basin: Indices, basins: int, years: tuple[int, int]
) -> Genesis:
    first = np.flatnonzero(fixes.first)
    drift = np.zeros((first.size, 2))
    storm = (np.cumsum(fixes.first) - 1)[steps.at]
    early = steps.at - first[storm] < 2  # the mean of the first two steps: one alone is mostly rounding
    number = np.bincount(storm[early], minlength=first.size)
    for part in range(2):
        drift[:, part] = np.bincount(storm[early], departure[early, part], first.size) / np.maximum(number, 1)
    year = fixes.time[first].astype("datetime64[Y]").astype(np.int64) + 1970 - years[0]
    span = years[1] - years[0] + 1
    by_year = np.stack([np.bincount(year[basin == one], minlength=span) for one in range(basins)])  # (B, Y)
    return Genesis(
        basin,
        fixes.longitude[first].astype(np.float32),
        fixes.latitude[first].astype(np.float32),
        fixes.day[first].astype(np.float32),
        fixes.wind[first].astype(np.float32),
        drift.astype(np.float32),
        by_year.mean(axis=1),
        np.array([spread_of_numbers(each) for each in by_year]),
    )


def _visits(fixes: Fixes, basin: Indices, basins: int) -> Mask:
    cell, own = cell_of(fixes.longitude, fixes.latitude), basin[np.cumsum(fixes.first) - 1]
    visits = np.zeros((basins, ROWS * COLUMNS), dtype=bool)
    visits[own, cell] = True
    return np.asarray(
        maximum_filter(visits.reshape(basins, ROWS, COLUMNS), size=(1, 3, 3), mode=("nearest", "nearest", "wrap"))
    )


def _stretch(climate: CycloneClimate, fixes: Fixes, basin: Indices, rng: np.random.Generator) -> Stretch:
    """By the passages of the coasts of each basin."""
    own = basin[np.cumsum(fixes.first) - 1]
    longitude, latitude = climate.land.coast(COAST_LATITUDE)
    region = climate.movement.region.reshape(-1)[cell_of(longitude, latitude)]
    simulated, recorded, storms = [], [], []
    for number, name in enumerate(climate.basins):
        coast = list(zip(longitude[region == number], latitude[region == number], strict=True))
        drawn, part = draw_storms(climate, name, COAST_YEARS, rng), fixes.chosen(own == number)
        at = drawn.longitude.astype(np.float64), drawn.latitude.astype(np.float64), drawn.wind.astype(np.float64)
        simulated.append(_passing(drawn.storm, *at, coast)[1])
        passed, winds = _passing(part.storm, part.longitude, part.latitude, part.wind, coast)
        recorded.append(winds)
        storms.append(passed)
    return fit_stretch(simulated, recorded, storms)


def _passing(
    storm: Indices, longitude: Floats, latitude: Floats, wind: Floats, coast: list[tuple[float, float]]
) -> tuple[Indices, Floats]:
    """Storm and greatest wind [m s-1] of each passage of each place of a coast."""
    found = [passages_of(storm, longitude, latitude, wind, place, COAST_REACH) for place in coast]
    return (
        np.concatenate([np.zeros(0, dtype=np.int64), *(each.storm for each in found)]),
        np.concatenate([np.zeros(0), *(each.wind for each in found)]),
    )
