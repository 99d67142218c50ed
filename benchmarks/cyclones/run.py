"""Rows: each basin and place, by the synthetic climate and by recorded years drawn again."""

from collections.abc import Iterator

import numpy as np

from benchmarks.cyclones.methods import (
    YearlyPassages,
    recorded_passages,
    recorded_storms,
    synthetic_passages,
    synthetic_storms,
)
from benchmarks.cyclones.places import PLACES
from benchmarks.cyclones.scoring import RATES, score
from benchmarks.record import Row
from strandline.observations.arrays import Floats
from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate
from strandline.simulator.sea.cyclone_climate.fixes import Fixes
from strandline.simulator.sea.cyclone_climate.sampling import draw_storms

Years = tuple[int, int]


def rows_of(
    climate: CycloneClimate, fixes: Fixes, pressure: Floats, fitted: Years, held_out: Years, windows: int, seed: int
) -> Iterator[Row]:
    """Held-out years of every basin and place against ``windows`` windows as long as they."""
    rng = np.random.default_rng(seed)
    length = held_out[1] - held_out[0] + 1
    storms = {basin: draw_storms(climate, basin, windows * length, rng) for basin in climate.basins}
    for basin in climate.basins:
        past, rest = (recorded_storms(fixes, basin, years) for years in (fitted, held_out))
        head: Row = {"part": "basin", "name": basin, "basin": basin}
        yield from _scored(head, synthetic_storms(storms[basin]), past, rest, windows, rng)
    for name, (basin, *where) in PLACES.items():
        place = (where[0], where[1])
        past, rest = (recorded_passages(fixes, pressure, place, years) for years in (fitted, held_out))
        head = {"part": "place", "name": name, "basin": basin}
        yield from _scored(head, synthetic_passages(climate, storms, place), past, rest, windows, rng)


def _scored(
    head: Row,
    synthetic: YearlyPassages,
    past: YearlyPassages,
    rest: YearlyPassages,
    windows: int,
    rng: np.random.Generator,
) -> Iterator[Row]:
    drawn = {"synthetic": synthetic.windows(rest.years), "resampled": past.resampled(rest.years, windows, rng)}
    for method, own in drawn.items():
        fitted: Row = {f"{name}_fitted": rate(past) for name, rate in RATES.items()}
        yield {**head, "method": method, **fitted, **score(rest, own)}
