"""People of a map on the region's grid and in its homes: nobody is lost, nobody is counted twice."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.transform import from_origin
from shapely import Point

from strandline.errors import InputError
from strandline.observations.exposure.settlement import settle
from strandline.observations.readers.exposure.people import PLACED_WITHIN, read_people
from strandline.observations.region import Region
from strandline.observations.region_file.surveys.exposure_sections import PeopleSection

CRS = "EPSG:32645"


def region(cell: float, edge: float = 6000.0) -> Region:
    return Region("Koyra", CRS, (735000.0, 2465000.0, 735000.0 + edge, 2465000.0 + edge), cell, "msl",
                  (735001.0, 2465001.0), "asia")  # fmt: skip


def write(path: Path, people: np.ndarray, nodata: float | None = -99999.0) -> PeopleSection:
    """A raster of 3 arc seconds that begins a kilometre north-west of the region, as WorldPop's."""
    west, north = Transformer.from_crs(CRS, 4326, always_xy=True).transform(734000.0, 2472000.0)
    with rasterio.open(
        path, "w", driver="GTiff", width=people.shape[1], height=people.shape[0], count=1, dtype="float64",
        crs="EPSG:4326", transform=from_origin(west, north, 1 / 1200, 1 / 1200), nodata=nodata,
    ) as file:  # fmt: skip
        file.write(people, 1)
    return PeopleSection(path=path, year=2025, source="WorldPop", licence="CC-BY-4.0")


@pytest.mark.parametrize("cell", [50.0, 100.0, 200.0, 500.0])
def test_cells_of_any_size_hold_as_many_people_as_the_map(tmp_path: Path, cell: float) -> None:
    people = np.full((100, 100), -99999.0)
    people[20:60, 20:60] = np.random.default_rng(0).gamma(0.3, 20.0, (40, 40))
    read = read_people(write(tmp_path / "people.tif", people), region(cell))["people"]
    assert float(read.sum()) == pytest.approx(people[people >= 0].sum(), rel=1e-3)
    assert np.isnan(read.values).any(), "what the map does not say is unknown"
    assert read.attrs[PLACED_WITHIN] == pytest.approx(90, abs=8)


def test_an_unnamed_nodata_value_and_people_to_a_square_kilometre_are_refused(tmp_path: Path) -> None:
    people = np.ones((100, 100))
    people[0, 0] = people[40, 40] = -200.0
    section = write(tmp_path / "people.tif", people, nodata=None)
    with pytest.raises(InputError, match="negative numbers of people"):
        read_people(section, region(100.0))
    read_people(section.model_copy(update={"nodata": -200.0}), region(100.0))
    with pytest.raises(InputError, match="persons in each cell"):
        read_people(write(tmp_path / "dense.tif", np.full((100, 100), 9000.0)), region(100.0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([50.0, 200.0, 600.0]), st.integers(0, 30), st.floats(0, 1))
def test_whoever_is_mapped_lives_somewhere_and_on_land(seed: int, cell: float, count: int, sea: float) -> None:
    rng, here = np.random.default_rng(seed), region(cell, 3000.0)
    people = np.where(rng.random(here.shape) < 0.2, np.nan, rng.gamma(0.3, 20.0, here.shape))
    water = rng.random(here.shape) < sea
    left, bottom, right, top = here.bounds
    homes = gpd.GeoDataFrame(
        {"asset_class": "residential", "floor_area": rng.gamma(2.0, 40.0, count)},
        geometry=[Point(*each) for each in rng.uniform((left, bottom), (right, top), (count, 2))], crs=CRS,
    )  # fmt: skip
    found = settle(people, homes, water, here)
    assert np.nansum(found) == pytest.approx(np.nansum(people))
    assert (found[np.isfinite(found)] >= 0).all()
    if not homes.size and not water.all():
        assert np.nansum(found[water]) == 0


def test_people_move_to_the_homes_of_their_square_by_floor_area_and_stay_where_there_is_none() -> None:
    here = region(100.0, 1000.0)
    people = np.zeros(here.shape)
    people[:5, :5], people[7, 7] = 4.0, 30.0  # 100 people in the square of the north-west, 30 in that of the south-east
    left, _, _, top = here.bounds
    homes = gpd.GeoDataFrame(
        {"asset_class": ["residential", "residential", "school"], "floor_area": [30.0, 10.0, 900.0]},
        geometry=[Point(left + 50, top - 50), Point(left + 250, top - 50), Point(left + 150, top - 50)], crs=CRS,
    )  # fmt: skip
    found = settle(people, homes, np.zeros(here.shape, dtype=bool), here)
    assert found[0, 0] == pytest.approx(75.0)
    assert found[0, 2] == pytest.approx(25.0)
    assert found[0, 1] == 0, "nobody lives in a school"
    assert found[7, 7] == pytest.approx(30.0)
    water = np.zeros(here.shape, dtype=bool)
    water[7, 7] = True
    assert settle(people, homes, water, here)[7, 7] == 0, "nobody lives on the water"
