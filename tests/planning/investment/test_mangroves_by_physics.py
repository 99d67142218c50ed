"""Attenuation by a mangrove belt in the catalogue, compared with a hydrodynamic model of rough ground."""

import numpy as np
import pytest

from strandline.planning.measures import load_measures
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate

pytestmark = pytest.mark.slow

CELL, FIRST, KILOMETRES = 100.0, 24, 2.0
"""Size of a cell [m], first column of the belt, its width [km]."""
BARE, STAND = 0.03, 0.14
"""Manning's n of tidal flats and of a dense stand [s m-1/3]; assumptions, the latter amid what surge models use."""
PEAKS = np.array([1.5, 2.5])


def attenuation(hours: float) -> np.ndarray:
    """(E,) reduction of the sea level behind the belt, compared with the bare shore [m per km of width]."""
    behind = FIRST + int(KILOMETRES * 1000 / CELL) + 2
    levels = []
    for roughness in (BARE, STAND):
        bed = np.full((3, 120), -3.0)
        bed[:, 20:] = np.linspace(0.0, 0.3, 100)
        rough = np.full(bed.shape, BARE)
        rough[:, FIRST : behind - 2] = roughness
        sea = np.zeros(bed.shape, dtype=bool)
        sea[:, 0] = True
        time = np.linspace(0.0, hours * 3600.0, 49)
        surge = PEAKS[:, None] * np.sin(np.pi * time / time[-1])
        flood = inundate(Basin(bed, rough, CELL, sea), Forcing(time, surge), initial_level=np.zeros(PEAKS.size))
        levels.append(flood.max_depth[:, 1, behind] + bed[1, behind])
    return np.asarray((levels[0] - levels[1]) / KILOMETRES)


def test_a_surge_of_a_day_is_attenuated_as_in_the_catalogue() -> None:
    belt = next(one for one in load_measures().long_term if one.key == "mangrove_belt")
    credited = belt.effect["attenuation"]
    found = attenuation(24.0)
    assert (credited.low <= found).all()
    assert (found <= credited.high).all()


@pytest.mark.parametrize("hours", [6.0, 12.0])
def test_a_faster_surge_is_attenuated_more_so_that_the_catalogue_is_cautious(hours: float) -> None:
    assert (attenuation(hours) > attenuation(24.0)).all()
