"""The sea on terrains with a bed, on flat ones, and on land."""

from pathlib import Path

import numpy as np
import pytest

from strandline.observations.readers.sea_point import find_sea
from strandline.observations.readers.terrain import read_elevation, read_terrain
from strandline.observations.region import Region
from strandline.observations.region_file import load_region_file

REGION = Region("x", "EPSG:32645", (0.0, 0.0, 4000.0, 4000.0), 100.0, "EGM2008", (50.0, 50.0), "asia")


def coast(sea: float) -> np.ndarray:
    """(40, 40) A sea in the ten southern rows, a plain of 1 m and more, and a polder of -1 m in the middle."""
    elevation = np.repeat(np.linspace(3.0, 1.0, 40)[:, None], 40, axis=1) + 0.001 * np.arange(40)
    elevation[30:] = sea
    elevation[12:20, 12:20] = -1.0
    return elevation


@pytest.mark.parametrize("sea", [0.0, 0.7, -0.4])
def test_a_flat_sea_is_found_at_its_own_height_and_the_polder_is_not_the_sea(sea: float) -> None:
    found = find_sea(coast(sea), REGION)
    assert found is not None
    assert found.is_flat
    assert found.y < 1000.0
    assert found.below == pytest.approx(sea + 0.1)
    assert found.share == pytest.approx(0.25)


def test_a_bed_is_told_from_land_that_was_raised_to_a_least_height() -> None:
    elevation = coast(0.0)
    elevation[30:] = np.linspace(-0.5, -9.0, 10)[:, None]
    elevation[20:30] = 0.3
    found = find_sea(elevation, REGION)
    assert found is not None
    assert not found.is_flat
    assert found.below == 0.0
    assert found.share == pytest.approx(0.25)


def test_a_plain_and_an_unknown_box_have_no_sea() -> None:
    assert find_sea(np.abs(coast(5.0)) + 1.0, REGION) is None
    assert find_sea(np.full((40, 40), np.nan), REGION) is None


def test_the_sea_of_the_piave_is_found_where_its_region_file_names_it(shared_data: Path) -> None:
    place = load_region_file(Path(__file__).parents[3] / "examples" / "caorle.toml", shared_data)
    found = find_sea(read_elevation(place.terrain, place.region), place.region)
    assert found is not None
    stated = read_terrain(place.terrain, place.region)["permanent_water"].values
    row, column = place.region.cells_of(np.array([found.x]), np.array([found.y]))
    assert stated[row[0], column[0]] == 1
    assert found.share == pytest.approx(np.nanmean(stated), abs=0.05)
