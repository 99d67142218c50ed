"""xarray decodes the maps by the CF conventions, and each cell is that of the run.

Besides these tests, the file of the built-in delta was checked by the IOOS compliance checker.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from pyproj import CRS, Transformer

from strandline.pipeline.export.gis.netcdf import NETCDF
from strandline.pipeline.run_folder.bands import read_bands
from tests.fixtures.gis import CREDIT
from tests.fixtures.reports import a_region

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def maps(gis: Path) -> xr.Dataset:
    with xr.open_dataset(gis / NETCDF, decode_coords="all") as opened:
        found = opened.load()
    return found.set_xindex("scenario_name").set_xindex("bound_name")


@pytest.mark.parametrize(
    "name", ["annual_flood_probability", "flood_probability", "flood_depth", "flooded", "flood_disagreement"]
)
def test_each_band_of_the_run_is_found_by_what_it_holds(gis: Path, maps: xr.Dataset, name: str) -> None:
    path = gis.parent / f"{name}.tif"
    bands = read_bands(path)
    with rasterio.open(path) as raster:
        values = raster.read()
    mapped = maps[name].notnull().any(("y", "x"))  # noqa: PD004
    assert int(mapped.sum()) == len(bands), "a scenario has no map of a return period: unknown, not filled"
    for band in bands:
        where = {"scenario_name": band.scenario, "return_period": band.return_period, "percentile": band.percentile,
                 "bound_name": band.bound}  # fmt: skip
        found = maps[name].sel({key: label for key, label in where.items() if label is not None})
        np.testing.assert_array_equal(found.transpose("y", "x"), values[band.number - 1])


def test_what_sea_rain_and_rivers_flood_together_is_found_by_part(gis: Path, maps: xr.Dataset) -> None:
    with rasterio.open(gis.parent / "annual_flood_probability_all_drivers.tif") as raster:
        values, names = raster.read(), raster.descriptions
    parts = maps.set_xindex("part_name")["annual_flood_probability_all_drivers"]
    assert [f"today, {part}" for part in parts["part_name"].to_numpy()] == list(names)
    np.testing.assert_array_equal(parts.transpose("part", "y", "x"), values)


def test_a_map_is_found_at_its_place_in_both_kinds_of_coordinates(maps: xr.Dataset) -> None:
    region = a_region()
    np.testing.assert_allclose(maps["x"], region.x)
    np.testing.assert_allclose(maps["y"], region.y)
    to_degrees = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(float(maps["x"][7]), float(maps["y"][11]))
    assert float(maps["lon"][11, 7]) == pytest.approx(longitude)
    assert float(maps["lat"][11, 7]) == pytest.approx(latitude)


def test_every_map_names_its_grid_mapping_which_says_the_crs_in_both_ways(maps: xr.Dataset) -> None:
    crs = CRS.from_user_input(a_region().crs)
    assert CRS.from_wkt(maps["crs"].attrs["crs_wkt"]) == crs
    by_parameters = {name: text for name, text in maps["crs"].attrs.items() if name != "crs_wkt"}
    assert by_parameters["grid_mapping_name"] == "transverse_mercator"
    moved = Transformer.from_crs(crs, CRS.from_cf(by_parameters), always_xy=True).transform(330000.0, 5050000.0)
    assert moved == pytest.approx((330000.0, 5050000.0))
    for name, variable in maps.data_vars.items():
        if "x" in variable.dims:
            assert variable.encoding["grid_mapping"] == "crs", name


def test_every_variable_says_what_it_is_in_which_unit(maps: xr.Dataset) -> None:
    for name, variable in maps.variables.items():
        if name == "crs":
            continue
        assert variable.attrs["long_name"], name
        if variable.dtype.kind == "f":
            assert variable.attrs["units"], name
    assert maps["flood_depth"].attrs["standard_name"] == "flood_water_thickness"
    assert "time: maximum" in maps["flood_depth"].attrs["cell_methods"]
    assert maps["sea_level"].attrs["long_name"] == "sea level of today above local mean sea level 1992"


def test_coordinate_variables_are_numbers_as_the_conventions_ask(maps: xr.Dataset) -> None:
    assert all(maps[dimension].dtype.kind in "fi" for dimension in maps.dims)


def test_return_levels_are_those_of_the_table(gis: Path, maps: xr.Dataset) -> None:
    table = pd.read_csv(gis.parent / "return_levels.csv").set_index("return_period")
    for period, row in table.iterrows():
        for percentile in (10, 50, 90):
            found = float(maps["sea_level"].sel(return_period=period, percentile=percentile))
            assert found == pytest.approx(row[f"p{percentile}"], abs=1e-4)


def test_the_file_says_that_it_is_simulated_whose_data_it_holds_and_its_datum(maps: xr.Dataset) -> None:
    assert maps.attrs["Conventions"] == "CF-1.11"
    assert maps.attrs["title"].startswith("SIMULATED")
    assert maps.attrs["acknowledgement"] == CREDIT
    assert maps.attrs["vertical_datum"] == a_region().vertical_datum
    assert "never dry" in maps.attrs["comment"]
