"""The place that a run is about: real files or the built-in simulated delta, told in the same words."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strandline.config import RegionFile, load_region_file
from strandline.observations import Observations
from strandline.risk.extremes import ReturnLevelFit
from strandline.simulator.coast import simulate_coast
from strandline.sources.observe import observe
from strandline.tides import TidalConstants
from strandline.training import Progress

BUILT_IN_SEED = 7
"""The delta that a run without a region file is about; below ``pretraining.FIRST_SEED``, so never taught."""
RETURN_PERIODS = (2.0, 5.0, 10.0, 25.0, 50.0, 100.0)


@dataclass(frozen=True, eq=False)
class Place:
    """Observations of a place, and what is known of it besides.

    Attributes:
        observations: all streams.
        return_periods: [years] that the hazard is mapped for.
        constants: published tidal constants of the own gauge; ``None`` = to be fitted on the record.
        published_levels: a fit to a longer, published record; ``None`` = to be fitted on the own record.
        held_out: windows that learning never sees.
        budget: [EUR 2010] for measures, if there is one.
    """

    observations: Observations
    return_periods: tuple[float, ...] = RETURN_PERIODS
    constants: TidalConstants | None = None
    published_levels: ReturnLevelFit | None = None
    held_out: tuple[tuple[np.datetime64, np.datetime64], ...] = ()
    budget: float | None = None


def simulate_place(cells: int, storms: int, years: float, progress: Progress | None = None) -> Place:
    """The built-in delta, which needs no file."""
    coast = simulate_coast(
        "the built-in delta",
        BUILT_IN_SEED,
        shape=(cells, cells),
        years=years,
        n_storms=storms,
        n_surveys=6,
        progress=progress,
    )
    return Place(coast)
