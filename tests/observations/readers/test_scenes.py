"""Radar and optical GeoTIFFs on the region's grid, in any scale."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from pydantic import ValidationError

from strandline.errors import InputError
from strandline.observations.readers.satellite import read_optical, read_sar, read_sar_reference
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import OpticalSection, SarSection
from tests.fixtures.rasters import NOON, REGION, centres, plane, write_tif


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
