"""Terrain, radar and optical GeoTIFFs on the region's grid, from any CRS, rotation and scale."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from strandline.errors import InputError
from strandline.observations.readers.formats import rasters
from strandline.observations.readers.satellite import read_optical, read_sar, read_sar_reference
from strandline.observations.readers.terrain import read_elevation, read_terrain, water_connected_to_sea
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import OpticalSection, SarSection, TerrainSection
from tests.fixtures.datums import on_datum

REGION = Region(
    "Delta", "EPSG:32648", (600000.0, 1100000.0, 603200.0, 1101600.0), 100.0, "msl", (600050.0, 1100050.0), "asia"
)
TRANSFORM = Affine(100.0, 0, 600000.0, 0, -100.0, 1101600.0)
NOON = datetime(2022, 11, 22, 12, tzinfo=UTC)


def plane(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Plane elevation [m], preserved by bilinear interpolation and averages."""
    return -1.0 + (x - 600000.0) / 1000.0 + (y - 1100000.0) / 2000.0


def expected_plane() -> np.ndarray:
    x, y = np.meshgrid(REGION.x, REGION.y)
    return plane(x, y)


def write_tif(
    path: Path,
    bands: np.ndarray,
    transform: Affine = TRANSFORM,
    crs: str | None = REGION.crs,
    nodata: float | None = None,
) -> Path:
    layers = bands if bands.ndim == 3 else bands[None]
    count, height, width = layers.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype="float32",
        transform=transform,
        crs=crs,
        nodata=nodata,
    ) as file:
        file.write(layers.astype("float32"))
    return path


def centres(transform: Affine, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    column, row = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    a, b, c, d, e, f = tuple(transform)[:6]
    return a * column + b * row + c, d * column + e * row + f


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


# --- radar -------------------------------------------------------------------------------------------------------


def sar_section(paths: list[Path], **changes: object) -> SarSection:
    scenes = [{"path": path, "time": NOON.replace(day=22 - i)} for i, path in enumerate(paths)]
    return SarSection.model_validate({"scale": "dB", "bands": {"vv": 1}, "scenes": scenes} | changes)


def test_decibel_and_linear_files_give_the_same_scene(tmp_path: Path) -> None:
    power = np.random.default_rng(3).gamma(4.0, 0.02, (2, *REGION.shape))
    linear = write_tif(tmp_path / "linear.tif", power)
    decibel = write_tif(tmp_path / "decibel.tif", 10 * np.log10(power))
    bands = {"vv": 1, "vh": 2}
    first = read_sar(sar_section([linear], scale="linear", bands=bands), REGION)
    second = read_sar(sar_section([decibel], bands=bands), REGION)
    np.testing.assert_allclose(first["vv"].values[0], 10 * np.log10(power[0]), atol=1e-4)
    np.testing.assert_allclose(first["vh"].values, second["vh"].values, atol=1e-4)


def test_cells_are_averaged_in_power_not_in_decibel(tmp_path: Path) -> None:
    fine = Affine(50.0, 0, 600000.0, 0, -50.0, 1101600.0)
    decibel = np.full((32, 64), -20.0)
    decibel[::2] = 0.0
    sar = read_sar(sar_section([write_tif(tmp_path / "s.tif", decibel, fine)]), REGION)
    np.testing.assert_allclose(sar["vv"].values, 10 * np.log10((1 + 0.01) / 2), atol=1e-4)


def test_scenes_are_put_in_order_and_no_two_share_a_time(tmp_path: Path) -> None:
    late = write_tif(tmp_path / "late.tif", np.full(REGION.shape, -5.0))
    early = write_tif(tmp_path / "early.tif", np.full(REGION.shape, -15.0))
    sar = read_sar(sar_section([late, early]), REGION)
    assert sar["vv"].values[:, 0, 0].tolist() == [-15.0, -5.0]
    assert (np.diff(sar["time"].values) > np.timedelta64(0)).all()
    scenes = [{"path": path, "time": NOON} for path in (late, early)]
    with pytest.raises(InputError, match=r"early\.tif: was taken at 2022-11-22T12:00Z, like .*late\.tif"):
        read_sar(sar_section([], scenes=scenes), REGION)


def test_cells_outside_a_scene_are_nan(tmp_path: Path) -> None:
    power = np.full(REGION.shape, 0.1)
    power[:, :10] = 0.0
    sar = read_sar(sar_section([write_tif(tmp_path / "s.tif", power)], scale="linear"), REGION)
    np.testing.assert_array_equal(np.isnan(sar["vv"].values[0]), power == 0.0)
    with pytest.raises(InputError, match="covers no cell"):
        read_sar(sar_section([write_tif(tmp_path / "s.tif", power * 0)], scale="linear"), REGION)


def test_linear_values_declared_as_decibel_are_refused(tmp_path: Path) -> None:
    digital_numbers = write_tif(tmp_path / "s.tif", np.full(REGION.shape, 130.0))
    with pytest.raises(InputError, match="half of its values lie above 130"):
        read_sar(sar_section([digital_numbers]), REGION)


def test_the_reference_is_the_mean_power_of_observed_cells(tmp_path: Path) -> None:
    first, second = np.full(REGION.shape, 0.1), np.full(REGION.shape, 0.3)
    second[0] = 0.0
    paths = [write_tif(tmp_path / f"{i}.tif", power) for i, power in enumerate((first, second))]
    section = sar_section(paths[:1], scale="linear", reference=paths)
    reference = read_sar_reference(section, REGION)
    assert reference is not None
    np.testing.assert_allclose(reference["vv"].values[0], -10.0, atol=1e-5)
    np.testing.assert_allclose(reference["vv"].values[1:], 10 * np.log10(0.2), atol=1e-5)
    assert read_sar_reference(sar_section(paths[:1], scale="linear"), REGION) is None


def test_a_missing_band_is_refused(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "s.tif", np.full(REGION.shape, -10.0))
    with pytest.raises(InputError, match="has 1 bands, not 2"):
        read_sar(sar_section([path], bands={"vv": 1, "vh": 2}), REGION)


# --- limits and nonsense ---------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("scale", "level", "message"),
    [
        ("dB", 0.05, r"half of its values lie above 0\.1 dB, if its scale is 'dB'"),
        ("linear", -12.0, "100% of its values are negative.*set scale = 'dB'"),
        ("linear", 250.0, "half of its values lie above 24"),
        ("dB", -60.0, "half of its values lie above -60"),
    ],
)
def test_a_radar_scene_in_another_scale_is_refused(tmp_path: Path, scale: str, level: float, message: str) -> None:
    """On a49c0fa linear power was taken for decibels."""
    rng = np.random.default_rng(0)
    path = write_tif(tmp_path / "s.tif", level * (1 + 0.01 * rng.uniform(size=REGION.shape)))
    section = SarSection.model_validate({"scale": scale, "bands": {"vv": 1}, "scenes": [{"path": path, "time": NOON}]})
    with pytest.raises(InputError, match=rf"s\.tif: {message}"):
        read_sar(section, REGION)


def test_a_cloud_mask_with_a_value_that_nobody_names_is_refused(tmp_path: Path) -> None:
    """On a49c0fa a mask of 255 made every pixel clear."""
    path = write_tif(tmp_path / "o.tif", np.full((2, *REGION.shape), 1500.0))
    mask = write_tif(tmp_path / "cloud.tif", np.full(REGION.shape, 255.0))
    with pytest.raises(InputError, match=r"cloud\.tif: its cloud mask holds 255, which is neither cloud nor clear"):
        read_optical(optical_section({"path": path, "cloud_mask": mask}), REGION)
    clear = read_optical(optical_section({"path": path, "cloud_mask": mask}, clear_values=[255]), REGION)
    assert clear["green"].notnull().all()


@pytest.mark.parametrize("time", ["3022-01-01T00:00:00Z", "1022-01-01T00:00:00Z", "1722-01-01T00:00:00Z"])
def test_a_scene_of_another_age_is_refused(time: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"cannot be the time of an observation|is no time of this place"):
        optical_section({"path": tmp_path / "o.tif", "time": datetime.fromisoformat(time)})


# --- optical -----------------------------------------------------------------------------------------------------


def optical_section(scene: dict[str, object], **changes: object) -> OpticalSection:
    stated = {
        "bands": {"green": 1, "near_infrared": 2},
        "reflectance_scale": 1e-4,
        "scenes": [{"time": NOON} | scene],
    }
    return OpticalSection.model_validate(stated | changes)


def test_optical_keeps_its_own_coarser_grid_inside_the_regions_bounds(tmp_path: Path) -> None:
    coarse = Affine(450.0, 0, 599000.0, 0, -450.0, 1103000.0)
    x, y = centres(coarse, 12, 14)
    path = write_tif(tmp_path / "o.tif", np.stack([1000 * plane(x, y) + 3000] * 2), coarse)
    optical = read_optical(optical_section({"path": path}), REGION)
    assert optical.sizes == {"scene": 1, "y": 4, "x": 8}  # 450 m → four cells of 100 m
    xx, yy = np.meshgrid(optical["x"].values, optical["y"].values)
    np.testing.assert_allclose(optical["green"].values[0], 0.1 * plane(xx, yy) + 0.3, atol=1e-5)


def test_a_cell_with_any_cloud_is_unknown(tmp_path: Path) -> None:
    fine = Affine(50.0, 0, 600000.0, 0, -50.0, 1101600.0)
    cloud = np.zeros((32, 64))
    cloud[0, 0] = 9
    cloud[10, 20] = 3
    stack = np.stack([np.full((32, 64), 1500.0), np.full((32, 64), 2500.0), cloud])
    path = write_tif(tmp_path / "o.tif", stack, fine)
    in_band = read_optical(optical_section({"path": path}, cloud_band=3, cloud_values=[9], clear_values=[0, 3]), REGION)
    mask = write_tif(tmp_path / "cloud.tif", cloud, fine)
    in_file = read_optical(
        optical_section({"path": path, "cloud_mask": mask}, cloud_values=[9], clear_values=[0, 3]), REGION
    )
    for optical in (in_band, in_file):
        unknown = np.isnan(optical["near_infrared"].values[0])
        assert np.argwhere(unknown).tolist() == [[0, 0]]
        np.testing.assert_allclose(optical["near_infrared"].values[0][~unknown], 0.25)
    clear = read_optical(optical_section({"path": path}), REGION)
    assert not np.isnan(clear["green"].values).any()


def test_a_missing_reflectance_scale_is_refused(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "o.tif", np.full((2, *REGION.shape), 1500.0))
    with pytest.raises(InputError, match=r"reflectance_scale\?.*outside -0\.2 to 1\.6"):
        read_optical(optical_section({"path": path}, reflectance_scale=1.0), REGION)


# --- real data ---------------------------------------------------------------------------------------------------


def test_a_real_sentinel_chip_is_read_in_decibel(shared_data: Path) -> None:
    folder = shared_data / "floods" / "sen1floods11_spain"
    path = next(p for p in sorted(folder.rglob("*.tif")) if "S1" in p.name)
    with rasterio.open(path) as file:
        longitude, latitude = (file.bounds.left + file.bounds.right) / 2, (file.bounds.top + file.bounds.bottom) / 2
        median = float(np.nanmedian(file.read(1)))
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32630", always_xy=True).transform(longitude, latitude)
    x, y = round(x, -2), round(y, -2)
    bounds = (x - 1600, y - 1600, x + 1600, y + 1600)
    region = Region("chip", "EPSG:32630", bounds, 50.0, "none", (x, y), "europe")
    sar = read_sar(sar_section([path], bands={"vv": 1, "vh": 2}), region)
    assert sar["vv"].shape == (1, 64, 64)
    assert float(sar["vv"].median()) == pytest.approx(median, abs=2.0)
    assert float((sar["vv"] - sar["vh"]).median()) > 3.0  # cross-polarised echoes are weaker
