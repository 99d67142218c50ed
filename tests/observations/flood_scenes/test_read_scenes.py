"""Labelled flood scenes as others published them: each written small, with a known truth."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image

from strandline import read_labelled_scenes
from strandline.errors import InputError
from strandline.observations.flood_scenes.scene import DRY, UNKNOWN, WET, LabelledScene

SIDE = 16
FLOOD = np.zeros((SIDE, SIDE), dtype=bool)
FLOOD[:, 8:12] = True
LAKE = np.zeros((SIDE, SIDE), dtype=bool)
LAKE[:4, :4] = True


def png(image: np.ndarray) -> bytes:
    """A PNG of (bands, H, W)."""
    content = BytesIO()
    Image.fromarray(np.moveaxis(image, 0, -1).squeeze().astype(np.uint8)).save(content, "png")
    return content.getvalue()


def images() -> dict[str, np.ndarray]:
    """A lake that was always there, and a flood, of which the radar does not see the first row."""

    def optical(water: np.ndarray) -> np.ndarray:
        image = np.stack([np.where(water, 10, 120), np.where(water, 20, 150), np.where(water, 60, 90)])
        image[:, -1] = 0
        return image

    after = np.where(LAKE | FLOOD, 20, 120)[None]
    after[:, 0] = 255
    return {
        "s1_before": np.where(LAKE, 20, 120)[None], "s1_after": after, "s2_before": optical(LAKE),
        "s2_after": optical(LAKE | FLOOD), "mask": np.where(FLOOD, 255, 0)[None],
    }  # fmt: skip


def write_ombria(path: Path, numbers: list[int], leave_out: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in numbers:
            for layer, image in images().items():
                if f"{layer}/{number:04d}" != leave_out and layer != leave_out:
                    archive.writestr(f"{layer}/{number:04d}.png", png(image))
    return path


def write_blocks(path: Path, *blocks: list[int]) -> Path:
    path.write_text(json.dumps(blocks))
    return path


def write_geotiff(path: Path, bands: np.ndarray, crs: str, transform: Affine, nodata: float | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    count, rows, columns = bands.shape
    with rasterio.open(
        path, "w", driver="GTiff", dtype=bands.dtype, count=count, height=rows, width=columns, crs=crs,
        transform=transform, nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(bands)


AT_60_DEGREES = Affine(1e-4, 0, 10.0, 0, -1e-4, 60.0)
LABEL = np.where(FLOOD | LAKE, 1, 0).astype(np.int16)
LABEL[5, 5] = -1


def write_sen1floods11(folder: Path, name: str = "Spain_12", label: np.ndarray = LABEL) -> Path:
    radar = np.stack([np.where(LABEL == 1, -20, -9), np.where(LABEL == 1, -28, -15)]).astype(np.float32)
    radar[:, 7, 7] = np.nan, -np.inf
    optical = np.arange(1, 14, dtype=np.int16)[:, None, None] * np.full((1, SIDE, SIDE), 100, dtype=np.int16)
    optical[:, 9, 9] = 0
    write_geotiff(folder / "S1" / f"{name}_S1Hand.tif", radar, "EPSG:4326", AT_60_DEGREES, np.nan)
    write_geotiff(folder / "S2" / f"{name}_S2Hand.tif", optical, "EPSG:4326", AT_60_DEGREES)
    write_geotiff(folder / "Labels" / f"{name}_LabelHand.tif", label[None], "EPSG:4326", AT_60_DEGREES)
    return folder


MERCATOR = Affine(10.0, 0, 1_113_195.0, 0, -10.0, 8_399_738.0)  # 10° E, 60° N


def write_kuro_siwo(folder: Path) -> Path:
    chip = folder / "data" / "555" / "01" / "1f3a"
    kind = np.where(LAKE, 1, np.where(FLOOD, 2, 0)).astype(np.uint8)
    kind[5, 5] = 3
    valid = np.ones((SIDE, SIDE), dtype=np.uint8)
    valid[6, 6] = 0
    powers = {"MS1": ("20201009", 0.01), "SL1": ("20200903", 0.1), "SL2": ("20200927", 0.2)}
    for image, (date, power) in powers.items():
        for polarisation, factor in (("IVV", 1.0), ("IVH", 0.1)):
            values = np.full((1, SIDE, SIDE), power * factor, dtype=np.float32)
            values[0, 7, 7] = 0.0
            write_geotiff(chip / f"{image}_{polarisation}_555_01_{date}.tif", values, "EPSG:3857", MERCATOR, 0.0)
    write_geotiff(chip / "MK0_MLU_555_01_20201009.tif", kind[None], "EPSG:3857", MERCATOR, 3)
    write_geotiff(chip / "MK0_MNA_555_01_20201009.tif", valid[None], "EPSG:3857", MERCATOR, 0)
    height = np.full((1, SIDE, SIDE), 2.5, dtype=np.float32)
    write_geotiff(chip / "MK0_DEM_555_01_20201009.tif", height, "EPSG:3857", MERCATOR)
    return folder


def only(path: Path) -> LabelledScene:
    scenes = read_labelled_scenes(path)
    assert len(scenes) == 1
    return scenes[0]


def test_scaled_images_of_8_bits_keep_their_bands_and_their_gaps(tmp_path: Path) -> None:
    chip = only(write_ombria(tmp_path / "chips.zip", [7]))
    scene = chip.scene
    assert (chip.name, chip.event, chip.meaning) == ("0007", "chips", "flood")
    assert (scene.radar_unit, scene.cell_size) == ("relative", 2560 / SIDE)
    np.testing.assert_array_equal(chip.label == WET, FLOOD)
    np.testing.assert_allclose(scene.optical_before[:, 10, 0], np.array([90, 150, 120]) / 255)  # green, NIR, SWIR
    assert np.isnan(scene.optical_after[:, -1]).all()
    assert not np.isnan(scene.optical_after[:, :-1]).any()
    assert np.isnan(scene.radar_after[0, 0]).all()
    assert not np.isnan(scene.radar_after[0, 1:]).any()
    assert np.isnan(scene.radar_after[1]).all(), "VH was not published"


def test_permanent_water_is_what_both_images_before_the_flood_show(tmp_path: Path) -> None:
    water = only(write_ombria(tmp_path / "chips.zip", [7])).scene.permanent_water
    assert np.isnan(water[-1]).all(), "the optical image has no data there"
    assert not (water[:-1] == 1)[~LAKE[:-1]].any()
    assert (water == 1)[LAKE].mean() > 0.9


def test_blocks_of_numbers_are_events_and_chips_outside_are_left_out(tmp_path: Path) -> None:
    path, blocks = write_ombria(tmp_path / "chips.zip", [1, 2, 5, 9]), tmp_path / "blocks.json"
    scenes = read_labelled_scenes(path, write_blocks(blocks, [1, 2, 2], [5, 8, 1]))
    assert scenes.events == ("1-2", "1-2", "5-8")
    assert scenes.names == ("0001", "0002", "0005")
    assert scenes.of({"5-8"})[0].name == "0005"
    assert [chip.name for chip in scenes[1:]] == ["0002", "0005"]
    with pytest.raises(InputError, match="overlaps another"):
        read_labelled_scenes(path, write_blocks(blocks, [1, 5], [5, 8]))
    with pytest.raises(InputError, match="holds no chip"):
        read_labelled_scenes(path, write_blocks(blocks, [1, 5], [20, 21]))
    blocks.write_text('{"a": 1}')
    with pytest.raises(InputError, match="no list of ranges"):
        read_labelled_scenes(path, blocks)


def test_a_folder_of_images_reads_as_the_zip_file_does(tmp_path: Path) -> None:
    path = write_ombria(tmp_path / "chips.zip", [3])
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "deep" / "chips")
    ours, packed = only(tmp_path / "deep"), only(path)
    for name, layer in packed.scene.layers.items():
        np.testing.assert_array_equal(ours.scene.layers[name], layer)


def test_a_kind_of_image_that_is_missing_altogether_was_not_observed(tmp_path: Path) -> None:
    scene = only(write_ombria(tmp_path / "chips.zip", [7], leave_out="s1_before")).scene
    assert scene.radar_before is None
    assert scene.permanent_water is None


def test_a_chip_that_lacks_one_image_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no s2_after/0008.png"):
        read_labelled_scenes(write_ombria(tmp_path / "chips.zip", [7, 8], leave_out="s2_after/0008"))


def test_a_damaged_image_is_refused_when_its_scene_is_read(tmp_path: Path) -> None:
    path = write_ombria(tmp_path / "chips.zip", [7], leave_out="s1_after/0007")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("s1_after/0007.png", b"no image")
    scenes = read_labelled_scenes(path)
    with pytest.raises(InputError, match=r"s1_after/0007.png: is not a readable image"):
        scenes[0]
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError):
        read_labelled_scenes(path)


def test_decibels_of_sen1floods11_are_read_with_their_unknown_cells(tmp_path: Path) -> None:
    chip = only(write_sen1floods11(tmp_path))
    scene = chip.scene
    assert (chip.name, chip.event, chip.meaning, scene.radar_unit) == ("Spain_12", "Spain", "water", "dB")
    assert chip.label[5, 5] == UNKNOWN
    assert chip.label[0, 0] == WET
    assert chip.label[5, 6] == DRY
    assert scene.radar_before is None
    assert scene.radar_after[0, 0, 0] == -20
    assert np.isnan(scene.radar_after[:, 7, 7]).all()
    np.testing.assert_allclose(scene.optical_after[:, 0, 0], [0.03, 0.08, 0.12])  # B3, B8, B11
    assert np.isnan(scene.optical_after[:, 9, 9]).all()
    assert scene.cell_size == pytest.approx(11.13 * np.sqrt(np.cos(np.radians(60))), rel=0.01)


def test_a_label_of_other_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds 2"):
        only(write_sen1floods11(tmp_path, label=LABEL + 1))


def test_a_label_without_an_image_is_refused(tmp_path: Path) -> None:
    (write_sen1floods11(tmp_path) / "S1" / "Spain_12_S1Hand.tif").unlink()
    with pytest.raises(InputError, match=r"has no Spain_12_S1Hand.tif"):
        read_labelled_scenes(tmp_path)


def test_powers_of_kuro_siwo_become_decibels_of_the_flood_and_the_later_day_before(tmp_path: Path) -> None:
    chip = only(write_kuro_siwo(tmp_path))
    scene = chip.scene
    assert (chip.name, chip.event, chip.meaning) == ("1f3a", "555", "water")
    np.testing.assert_allclose(scene.radar_after[:, 0, 0], [-20, -30], rtol=1e-6)
    np.testing.assert_allclose(scene.radar_before[:, 0, 0], 10 * np.log10([0.2, 0.02]), rtol=1e-6)
    assert np.isnan(scene.radar_after[:, 7, 7]).all(), "a power of 0 is no data"
    assert chip.label[5, 5] == chip.label[6, 6] == UNKNOWN
    assert (chip.label[LAKE] == WET).all()
    assert (chip.label[FLOOD] == WET)[np.ones((SIDE, SIDE), bool)[FLOOD]].all()
    np.testing.assert_array_equal(scene.permanent_water == 1, LAKE)
    assert (scene.elevation == 2.5).all()
    assert scene.cell_size == pytest.approx(5.0, rel=0.01), "half of 10 m at 60 degrees north"


def test_what_is_of_no_known_layout_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no labelled flood scenes.*OMBRIA.*Sen1Floods11.*Kuro Siwo"):
        read_labelled_scenes(tmp_path)
    with pytest.raises(InputError, match="is not there"):
        read_labelled_scenes(tmp_path / "absent")
    with pytest.raises(InputError, match="leave it out"):
        read_labelled_scenes(write_sen1floods11(tmp_path), write_blocks(tmp_path / "blocks.json", [1, 2]))


def test_real_chips_of_eighteen_events_are_read(shared_data: Path) -> None:
    floods = shared_data / "floods"
    scenes = read_labelled_scenes(floods / "ombria_2017_2020_128px.zip", floods / "ombria_scene_blocks.json")
    assert (len(scenes), len(set(scenes.events))) == (694, 18)
    assert scenes[0].scene.cell_size == 20.0
    assert (scenes[0].label == WET).any()


def test_water_is_darker_than_land_in_real_decibels(shared_data: Path) -> None:
    scenes = read_labelled_scenes(shared_data / "floods" / "sen1floods11")
    assert scenes.events == ("Bolivia", "Ghana", "India", "Pakistan", "Somalia", "Spain", "USA")
    for chip in scenes:
        vv = chip.scene.radar_after[0]
        assert 8.5 < chip.scene.cell_size < 10.0
        if (chip.label == WET).any():
            assert np.nanmedian(vv[chip.label == WET]) < np.nanmedian(vv[chip.label == DRY])
