"""Images that are given as files alone: bands, scale, time and grid are found and said, or refused."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from strandline.errors import InputError
from strandline.observations.flood_scenes.images.given_images import optical_image, radar_image
from strandline.observations.flood_scenes.images.image import time_in_name
from strandline.observations.flood_scenes.images.raster_grid import grid_of_raster
from tests.fixtures.lakes import CELL, CRS, LEFT, TOP, lake, optical_of, radar_of, write_bands

WATER = lake(32)
RADAR = radar_of(WATER)


def test_decibels_are_read_as_they_are_on_the_rasters_own_grid(tmp_path: Path) -> None:
    path = write_bands(tmp_path / "after.tif", RADAR, names=("VV", "VH"))
    grid = grid_of_raster(path)
    assert grid.note == ""
    assert grid.region.shape == WATER.shape
    np.testing.assert_allclose(radar_image(path, "radar_after").read(grid.region), RADAR, atol=1e-3)


def test_linear_power_is_converted_and_said_to_be(tmp_path: Path) -> None:
    path = write_bands(tmp_path / "after.tif", 10 ** (RADAR / 10))
    image = radar_image(path, "radar_after")
    np.testing.assert_allclose(image.read(grid_of_raster(path).region), RADAR, atol=1e-3)
    assert any("linear power" in note for note in image.notes)


def test_bands_follow_their_names_and_one_band_is_vv(tmp_path: Path) -> None:
    swapped = write_bands(tmp_path / "swapped.tif", RADAR[::-1], names=("Gamma0_VH", "Gamma0_VV"))
    region = grid_of_raster(swapped).region
    np.testing.assert_allclose(radar_image(swapped, "radar_after").read(region), RADAR, atol=1e-3)
    alone = radar_image(write_bands(tmp_path / "vv.tif", RADAR[:1]), "radar_after").read(region)
    assert np.isnan(alone[1]).all()


def test_digital_numbers_are_refused(tmp_path: Path) -> None:
    path = write_bands(tmp_path / "dn.tif", np.full((1, 32, 32), 180.0, np.float32))
    with pytest.raises(InputError, match="calibrated sigma nought"):
        radar_image(path, "radar_after").read(grid_of_raster(path).region)


def test_an_undeclared_border_of_zeros_is_nodata(tmp_path: Path) -> None:
    framed = RADAR.copy()
    framed[:, :4] = 0.0
    path = write_bands(tmp_path / "framed.tif", framed, nodata=None)  # type: ignore[arg-type]
    read = radar_image(path, "radar_after").read(grid_of_raster(path).region)
    assert np.isnan(read[:, :4]).all()


def test_an_image_of_nodata_alone_is_refused(tmp_path: Path) -> None:
    path = write_bands(tmp_path / "empty.tif", np.full((2, 32, 32), np.nan, np.float32))
    with pytest.raises(InputError, match="only nodata"):
        radar_image(path, "radar_after")


def test_reflectance_times_ten_thousand_is_found_and_clouds_are_left_out(tmp_path: Path) -> None:
    bands = optical_of(WATER)
    bands[:, :5, :5] = 0.6  # a cloud
    path = write_bands(tmp_path / "s2.tif", bands * 10_000, names=("B3", "B8", "B11"))
    read = optical_image(path, "optical_after").read(grid_of_raster(path).region)
    assert np.isnan(read[:, :5, :5]).all()
    np.testing.assert_allclose(read[:, 6:, 6:], bands[:, 6:, 6:], rtol=1e-3)


def test_bands_without_names_must_be_stated(tmp_path: Path) -> None:
    path = write_bands(tmp_path / "s2.tif", np.vstack([optical_of(WATER), optical_of(WATER)])[:4])
    with pytest.raises(InputError, match="--optical-bands"):
        optical_image(path, "optical_after")
    assert optical_image(path, "optical_after", (1, 2, 3)).read(grid_of_raster(path).region).shape == (3, 32, 32)


def test_coarse_pixels_are_repeated_over_their_cells(tmp_path: Path) -> None:
    fine = write_bands(tmp_path / "fine.tif", RADAR)
    coarse = write_bands(
        tmp_path / "coarse.tif", optical_of(lake(8)), names=("B3", "B8", "B11"),
        transform=Affine(4 * CELL, 0, LEFT, 0, -4 * CELL, TOP),
    )  # fmt: skip
    read = optical_image(coarse, "optical_after").read(grid_of_raster(fine).region)
    assert np.unique(read[0, :4, :4]).size == 1


@pytest.mark.parametrize(
    ("transform", "crs", "why"),
    [
        (Affine(0.0002, 0, 88.0, 0, -0.0002, 22.0), "EPSG:4326", "in degrees"),
        (Affine(19, 6, LEFT, 6, -19, TOP), CRS, "rotated"),
    ],
)
def test_a_grid_in_degrees_or_rotated_becomes_north_up_in_metres(
    tmp_path: Path, transform: Affine, crs: str, why: str
) -> None:
    path = write_bands(tmp_path / "other.tif", RADAR, crs=crs, transform=transform)
    grid = grid_of_raster(path)
    assert why in grid.note
    assert grid.region.cell_size == pytest.approx(20, abs=2.5)
    read = radar_image(path, "radar_after").read(grid.region)
    rows, columns = grid.region.shape
    assert read[0, rows // 2, columns // 2] < -15  # the lake is in the middle
    assert np.isfinite(read[0]).mean() > 0.4


@pytest.mark.parametrize(
    ("bands", "crs", "message"),
    [
        (np.full((1, 1, 1), -9.0, np.float32), CRS, "too few"),
        (RADAR, None, "no coordinate reference system"),
    ],
)
def test_a_raster_that_gives_no_grid_is_refused(
    tmp_path: Path, bands: np.ndarray, crs: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        grid_of_raster(write_bands(tmp_path / "raster.tif", bands, crs=crs))


def test_the_time_in_a_products_name_is_its_time() -> None:
    name = "S1A_IW_GRDH_1SDV_20221122T165012_20221122T165037_046031.tif"
    assert time_in_name(Path(name)) == np.datetime64("2022-11-22T16:50:12", "ns")
    assert time_in_name(Path("India_900498_S1Hand.tif")) is None
    with pytest.raises(InputError, match="cannot be the time of an observation"):
        time_in_name(Path("S1A_20990101T000000.tif"))
