"""Terrain GeoTIFFs on the region's grid, from any CRS, rotation and scale."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.readers.formats import rasters
from strandline.observations.readers.terrain import read_elevation, read_terrain, water_connected_to_sea
from strandline.observations.region_file.data_sections import TerrainSection
from tests.fixtures.datums import on_datum
from tests.fixtures.rasters import REGION, centres, expected_plane, plane, write_tif


def terrain_section(path: Path, **changes: object) -> TerrainSection:
    stated = {"path": path, "vertical_datum": "region", "elevation_error": 1.0, "permanent_water": {"below": 0.0}}
    return TerrainSection.model_validate(stated | changes)


# --- terrain -----------------------------------------------------------------------------------------------------


def test_a_raster_on_the_regions_own_grid_passes_unchanged(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(1.0, 0.5, REGION.shape)
    values[-1, 0] = -2.0
    terrain = read_terrain(terrain_section(write_tif(tmp_path / "dem.tif", values), **on_datum(0.25)), REGION)
    np.testing.assert_allclose(terrain["elevation"].values, values + 0.25, atol=1e-6)
    assert (terrain["elevation_error"].values == 1.0).all()
    assert (np.diff(terrain["y"].values) < 0).all()


@pytest.mark.parametrize("degrees", [0.0, 27.0, 153.0])
@pytest.mark.parametrize("size", [40.0, 100.0, 260.0])
def test_a_rotated_raster_of_any_resolution_keeps_a_plane(tmp_path: Path, degrees: float, size: float) -> None:
    turn = np.deg2rad(degrees)
    cos, sin = size * np.cos(turn), size * np.sin(turn)
    extent = int(9000 / size)
    centre_x, centre_y = 601600.0, 1100800.0
    half = extent / 2
    transform = Affine(cos, -sin, centre_x - half * cos + half * sin, sin, cos, centre_y - half * sin - half * cos)
    x, y = centres(transform, extent, extent)
    path = write_tif(tmp_path / "dem.tif", plane(x, y), transform)
    terrain = read_terrain(terrain_section(path), REGION)
    np.testing.assert_allclose(terrain["elevation"].values, expected_plane(), atol=0.02)


def test_a_raster_in_degrees_is_reprojected(tmp_path: Path) -> None:
    from pyproj import Transformer

    longitude, latitude = REGION.centre_lonlat
    transform = Affine(0.0005, 0, longitude - 0.05, 0, -0.0005, latitude + 0.05)
    x, y = Transformer.from_crs("EPSG:4326", REGION.crs, always_xy=True).transform(*centres(transform, 200, 200))
    path = write_tif(tmp_path / "dem.tif", plane(x, y), transform, "EPSG:4326")
    np.testing.assert_allclose(
        read_terrain(terrain_section(path), REGION)["elevation"].values, expected_plane(), atol=0.01
    )


def test_nodata_is_unknown_and_so_is_its_water(tmp_path: Path) -> None:
    values = expected_plane()
    values[:4, :6] = -9999.0
    for declared, stated in ((-9999.0, None), (None, -9999.0)):
        path = write_tif(tmp_path / "dem.tif", values, nodata=declared)
        terrain = read_terrain(terrain_section(path, nodata=stated), REGION)
        unknown = np.isnan(terrain["elevation"].values)
        np.testing.assert_array_equal(unknown, values == -9999.0)
        np.testing.assert_array_equal(np.isnan(terrain["permanent_water"].values), unknown)
        np.testing.assert_array_equal(np.isnan(terrain["elevation_error"].values), unknown)


def test_land_below_the_sea_behind_a_dike_is_land() -> None:
    elevation = np.full((5, 9), 1.0)
    elevation[:, :3] = -2.0  # sea
    elevation[:, 5:8] = -1.0  # polder behind a dike
    elevation[0, 5] = np.nan
    water = water_connected_to_sea(elevation, 0.0, (4, 0))
    assert water[:, :3].all()
    assert not water[:, 3:].any()
    elevation[2, 3:5] = -0.1  # a channel through the dike joins the polder
    assert water_connected_to_sea(elevation, 0.0, (4, 0))[1:, 5:8].all()
    assert not water_connected_to_sea(elevation, 0.0, (4, 0))[0, 5]


def test_permanent_water_is_read_from_a_raster(tmp_path: Path) -> None:
    water = np.zeros(REGION.shape)
    water[:, :5] = 1
    dem = write_tif(tmp_path / "dem.tif", expected_plane())
    mask = write_tif(tmp_path / "water.tif", water)
    terrain = read_terrain(terrain_section(dem, permanent_water={"path": mask}), REGION)
    np.testing.assert_array_equal(terrain["permanent_water"].values, water)


def test_a_sea_point_on_land_or_on_unknown_ground_is_refused(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "dem.tif", expected_plane() + 5.0)
    with pytest.raises(InputError, match=r"sea_point .* the cell lies at 4\.07 m"):
        read_terrain(terrain_section(path), REGION)
    values = expected_plane()
    values[-1, 0] = np.nan
    with pytest.raises(InputError, match="its elevation is unknown"):
        read_terrain(terrain_section(write_tif(tmp_path / "dem.tif", values)), REGION)


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda path: write_tif(path, expected_plane(), crs=None), ["no coordinate reference system", "EPSG"]),
        (lambda path: write_tif(path, np.full((16, 32), -1.0), nodata=-1.0), ["only nodata", "check nodata"]),
        (
            lambda path: write_tif(path, expected_plane(), Affine(100, 0, 0, 0, -100, 0)),
            ["does not cover region 'Delta'", "spans 0, -1600, 3200, 0 in EPSG:32648", "check the region's bounds"],
        ),
        (
            lambda path: write_tif(path, expected_plane(), Affine(0.05, 0, 9.2, 0, -0.05, 106.2), "EPSG:4326"),
            ["does not cover", "longitude and latitude are swapped"],
        ),
        (lambda path: write_tif(path, expected_plane() * 100 + 500), ["outside -50 to 200 m", "check its unit"]),
        (
            lambda path: write_tif(path, expected_plane(), Affine(100, 0, 6e5, 100, 0, 1e6)),
            ["has cells without an area", "georeference"],
        ),
        (lambda path: path.write_bytes(b""), ["is not a readable raster"]),
        (lambda path: path.write_bytes(b"PNG, honestly"), ["is not a readable raster"]),
    ],
)
def test_bad_terrain_is_refused_by_name(tmp_path: Path, make: object, parts: list[str]) -> None:
    path = tmp_path / "dem.tif"
    make(path)  # type: ignore[operator]
    with pytest.raises(InputError) as caught:
        read_terrain(terrain_section(path), REGION)
    for part in ["dem.tif", *parts]:
        assert part in str(caught.value)


def test_a_missing_raster_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.tif: cannot be read"):
        read_terrain(terrain_section(tmp_path / "nowhere.tif"), REGION)


def test_a_damaged_transform_is_refused(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "whole.tif", expected_plane())
    with rasterio.open(path, "r+") as file:
        file.transform = Affine(1e-4, 0, 6e5, 0, -1e-303, 1.1016e6)
    with pytest.raises(InputError, match=r"whole\.tif"):
        read_terrain(terrain_section(path), REGION)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_truncated_or_corrupt_raster_loads_or_is_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(write_tif(folder / "whole.tif", expected_plane()).read_bytes())
    cut = data.draw(st.integers(0, len(content)))
    offset = st.integers(0, len(content) - 1)
    for position, byte in data.draw(st.lists(st.tuples(offset, st.integers(0, 255)), max_size=3)):
        content[position] = byte
    path = folder / "cut.tif"
    path.write_bytes(bytes(content[:cut]))
    with contextlib.suppress(InputError):
        assert bool(np.isfinite(read_terrain(terrain_section(path), REGION)["elevation"].values).any())


def test_a_fine_raster_is_read_in_parts_with_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a49c0fa a fine terrain was read whole and took 15 GB."""
    fine = Affine(10.0, 0, 599950.0, 0, -10.0, 1101650.0)
    x, y = centres(fine, 170, 330)
    values = plane(x, y)
    values[40:60, 100:160] = -9999.0
    section = terrain_section(write_tif(tmp_path / "dem.tif", values, fine, nodata=-9999.0))
    whole = read_elevation(section, REGION)
    monkeypatch.setattr(rasters, "PIXELS_AT_ONCE", 5_000)
    np.testing.assert_allclose(read_elevation(section, REGION), whole, atol=1e-9)
    monkeypatch.setattr(rasters, "MOST_PIXELS", 40_000)
    with pytest.raises(InputError, match=r"dem\.tif: covers the region with .* at most are read; resample it first"):
        read_elevation(section, REGION)
    monkeypatch.setattr(rasters, "MOST_CELLS", 100)
    with pytest.raises(InputError, match="use a larger cell_size"):
        read_elevation(section, REGION)
