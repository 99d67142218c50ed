"""The map of one moment, from files alone and from a region file: what is known is right, the rest is unknown."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from strandline.errors import InputError
from strandline.models.flood.scenes.index_thresholds import IndexThresholds, Threshold
from strandline.observations.region_file import load_region_file
from strandline.pipeline.maps.moment import scene_reader
from strandline.pipeline.maps.moment.inputs import SceneFiles
from strandline.pipeline.maps.moment.layers import BOTH, DRY, FLOODED, IMAGES, PERMANENT, SEA, UNKNOWN_EXTENT
from strandline.pipeline.maps.moment.map_moment import map_flood_of_moment
from strandline.pipeline.maps.moment.products.findings import MomentFindings
from strandline.pipeline.maps.moment.sea_flood import EMBANKMENTS_AS_GROUND
from strandline.report.figures import moment_map
from tests.fixtures.batches import ground
from tests.fixtures.lakes import CELL, LEFT, TOP, bowl, lake, optical_of, overlap, radar_of, write_bands
from tests.fixtures.region_files import write_region_folder
from tests.observations.flood_scenes.images.test_known_cells import point, square, write

pytestmark = pytest.mark.slow

WATER, CALM = lake(), lake(radius=0.15)
FLOOD = WATER & ~CALM
MOMENT = np.datetime64("2020-01-10T08:00", "ns")
AFTER, BEFORE = "S1A_20200110T080000.tif", "S1A_20191201T080000.tif"


@pytest.fixture(autouse=True)
def _coarse_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moment_map, "RASTER_DPI", 40)


def quiet(_: str) -> None:
    return None


def map_files(out: Path, files: SceneFiles, **settings: object) -> MomentFindings:
    mapper = settings.pop("mapper", IndexThresholds())
    return map_flood_of_moment(None, files, out, mapper, quiet, **settings)  # type: ignore[arg-type]


def bands_of(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return np.asarray(file.read())


@pytest.fixture
def files(tmp_path: Path) -> SceneFiles:
    after = write_bands(tmp_path / AFTER, radar_of(WATER))
    return SceneFiles(after, write_bands(tmp_path / BEFORE, radar_of(CALM, 5)))


# --- files alone -------------------------------------------------------------------------------------------------


def test_two_images_and_nothing_else_give_a_map(files: SceneFiles, tmp_path: Path) -> None:
    out = tmp_path / "out"
    findings = map_files(out, files)
    extent, source = bands_of(out / "flood_extent.tif")
    assert overlap(extent == FLOODED, FLOOD) > 0.9
    assert overlap(extent == PERMANENT, CALM) > 0.9
    assert (source == IMAGES).all()
    assert findings.time == "2020-01-10T08:00:00Z"
    assert findings.area.km2 == pytest.approx(FLOOD.sum() * CELL**2 / 1e6, rel=0.05)
    assert findings.area.at_least <= findings.area.km2 <= findings.area.at_most
    assert not (out / "flood_depth.tif").exists()  # no ground, no depth
    assert sorted(path.name for path in out.iterdir()) == [
        "flood.geojson", "flood.json", "flood.png", "flood_extent.tif", "flood_probability.tif",
    ]  # fmt: skip


def test_every_product_says_that_it_is_zero_shot_who_mapped_it_and_whose_data_it_holds(
    files: SceneFiles, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    map_files(out, files)
    mapped_by = [
        f"threshold found in the radar image ({band}), and change since the image before" for band in ("VV", "VH")
    ]
    credit = "contains modified Copernicus Sentinel data 2019, 2020"
    for name in ("flood_extent.tif", "flood_probability.tif"):
        with rasterio.open(out / name) as file:
            assert file.tags()["ADAPTATION"].startswith("zero-shot")
            assert file.tags()["CREDITS"] == credit
            assert file.tags()["MAPPED_BY"] == "; ".join(mapped_by)
            assert file.tags()["MOMENT"] == "2020-01-10T08:00:00Z"
    polygons = json.loads((out / "flood.geojson").read_text(encoding="utf-8"))
    assert polygons["adaptation"].startswith("zero-shot")
    assert polygons["credits"] == [credit]
    assert polygons["mapped_by"] == mapped_by
    facts = json.loads((out / "flood.json").read_text(encoding="utf-8"))
    assert facts["adapted"].startswith("zero-shot")
    assert facts["images"][1]["age_hours"] == 40 * 24
    assert (facts["mapped_by"], facts["members"]) == (mapped_by, ["vv_found_change", "vh_found_change"])
    assert (out / "flood.png").stat().st_size > 3_000


def test_polygons_hold_the_area_of_the_extent(files: SceneFiles, tmp_path: Path) -> None:
    findings = map_files(tmp_path / "out", files)
    polygons = json.loads((tmp_path / "out" / "flood.geojson").read_text(encoding="utf-8"))["features"]
    area = sum(each["properties"]["area_m2"] for each in polygons if each["properties"]["state"] == "flooded")
    assert area / 1e6 == pytest.approx(findings.area.km2, rel=0.02)
    longitude, latitude = polygons[0]["geometry"]["coordinates"][0][0]
    assert (longitude, latitude) == (pytest.approx(93.0, abs=0.1), pytest.approx(21.7, abs=0.1))


def test_ground_gives_the_depth_with_bounds(files: SceneFiles, tmp_path: Path) -> None:
    terrain = write_bands(tmp_path / "dem.tif", bowl()[None])
    out = tmp_path / "out"
    findings = map_files(out, replace(files, radar_before=None, terrain=terrain, terrain_error=0.3))
    low, middle, high = bands_of(out / "flood_depth.tif")
    inside = lake(radius=0.27)
    assert np.abs(middle - (2.0 - bowl()))[inside].mean() < 0.3
    assert (low[inside] <= middle[inside]).all()
    assert (middle[inside] <= high[inside]).all()
    assert findings.median_depth == pytest.approx(1.5, abs=0.4)
    assert findings.ground_error == 0.3


def test_cloud_is_unknown_and_never_dry(tmp_path: Path) -> None:
    optical = optical_of(WATER)
    optical[:, :20] = np.nan
    path = write_bands(tmp_path / "S2_20200110T050000.tif", optical, names=("B3", "B8", "B11"))
    findings = map_files(tmp_path / "out", SceneFiles(optical_after=path))
    extent, _ = bands_of(tmp_path / "out" / "flood_extent.tif")
    assert (extent[:20] == UNKNOWN_EXTENT).all()
    assert (extent[20:] != UNKNOWN_EXTENT).all()
    assert findings.area.seen_share == pytest.approx(76 / 96)
    assert any("never dry" in warning for warning in findings.warnings)


def test_an_image_before_on_another_grid_is_resampled(files: SceneFiles, tmp_path: Path) -> None:
    coarse = radar_of(lake(64, 0.15), 5)  # 30 m, shifted by a cell
    transform = Affine(30, 0, LEFT - 15, 0, -30, TOP + 15)
    before = write_bands(tmp_path / "S1A_20191120T080000.tif", coarse, transform=transform)
    map_files(tmp_path / "out", replace(files, radar_before=before))
    extent, _ = bands_of(tmp_path / "out" / "flood_extent.tif")
    assert overlap(extent == FLOODED, FLOOD) > 0.85


def test_tiles_agree_with_the_whole(files: SceneFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    map_files(tmp_path / "whole", files)
    monkeypatch.setattr(scene_reader, "REACH", 48)
    monkeypatch.setattr(scene_reader, "OVERLAP", 16)
    monkeypatch.setattr(scene_reader, "SAMPLE_EDGE", 32)
    map_files(tmp_path / "tiles", files)
    whole, tiles = (bands_of(tmp_path / name / "flood_probability.tif")[0] for name in ("whole", "tiles"))
    assert np.abs(whole - tiles).max() < 0.1
    first, second = (bands_of(tmp_path / name / "flood_extent.tif")[0] for name in ("whole", "tiles"))
    assert (first == second).mean() > 0.995


def test_labels_adapt_a_map_and_it_says_what_they_gained(files: SceneFiles, tmp_path: Path) -> None:
    assert files.radar_before is not None
    too_low = IndexThresholds({"vv": Threshold(-20.0, 1.5, is_found=False)})
    seen = [(point(c, r), {"wet": int(WATER[r, c])}) for r in range(3, 96, 9) for c in range(3, 96, 9)]
    labels = write(tmp_path / "labels.geojson", (square(40, 56), {"wet": 1}), *seen)
    found = map_files(tmp_path / "out", replace(files, radar_before=None, labels=labels), mapper=FixedMapper(too_low))
    assert found.adapted.startswith("adapted")
    assert found.iou_before is not None
    assert found.iou_after is not None
    assert found.iou_after > found.iou_before
    assert found.labels_from == "labels.geojson"
    extent, _ = bands_of(tmp_path / "out" / "flood_extent.tif")
    assert overlap(extent == FLOODED, WATER) > 0.85


class FixedMapper:
    """Keeps its thresholds, whatever the region."""

    def __init__(self, mapper: IndexThresholds) -> None:
        self.map = mapper.map


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({"radar_after": None}, {}, "give --radar-after"),
        ({"radar_before": "far.tif"}, {}, "does not cover"),
        ({"radar_after": BEFORE, "radar_before": AFTER}, {}, "swap the two images"),
        ({"radar_after": "blind.tif"}, {}, "only nodata"),
        ({"radar_after": None, "radar_before": None, "optical_after": "cloud.tif"}, {}, "radar sees through cloud"),
        ({}, {"at": np.datetime64("2099-01-01", "ns")}, "lies in the future"),
        ({}, {"at": np.datetime64("2020-01-01", "ns")}, "after the moment"),
        ({}, {"at": np.datetime64("2020-03-01", "ns")}, "more than 12 days before"),
        ({}, {"sea_level": 1.2}, "needs a region file"),
        ({"terrain": "far.tif"}, {}, "covers no cell"),
    ],
)
def test_what_cannot_be_mapped_is_refused_and_nothing_is_left(
    files: SceneFiles, tmp_path: Path, change: dict[str, str | None], settings: dict[str, object], message: str
) -> None:
    far = Affine(CELL, 0, LEFT + 90_000, 0, -CELL, TOP)
    write_bands(tmp_path / "far.tif", radar_of(CALM), transform=far)
    write_bands(tmp_path / "blind.tif", np.full((2, 96, 96), np.nan, np.float32))
    write_bands(tmp_path / "cloud.tif", np.full((3, 96, 96), 0.7, np.float32), names=("B3", "B8", "B11"))
    named = {name: None if value is None else tmp_path / value for name, value in change.items()}
    with pytest.raises(InputError, match=message):
        map_files(tmp_path / "out", replace(files, **named), **settings)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_without_an_image_or_a_region_there_is_no_grid(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no raster gives a grid"):
        map_files(tmp_path / "out", SceneFiles(points=tmp_path / "seen.geojson"))


# --- a region file -----------------------------------------------------------------------------------------------

SAR = """
[sar]
scale = "dB"
bands = {{ vv = 1, vh = 2 }}
reference = ["dry.tif"]
licence = "free"

[[sar.scenes]]
path = "scene.tif"
time = {time}
"""
PLAIN = np.isfinite(ground()) & (ground() > -1)
FLOODED_PLAIN = PLAIN & (ground() < 1.3)


def write_place(folder: Path, time: str = "2020-01-10T07:00:00Z", cloud: slice | None = None) -> Path:
    """The handmade coast with a radar image of the plain under water, where the sea stood at 1.2 m or so."""
    path = write_region_folder(folder)
    sea = ground() < -1
    place = Affine(100, 0, 500_000, 0, -100, 5_001_600)
    image = radar_of(sea | FLOODED_PLAIN)
    if cloud is not None:
        image[:, cloud] = np.nan
    write_bands(folder / "scene.tif", image, crs="EPSG:32633", transform=place)
    write_bands(folder / "dry.tif", radar_of(sea, 3), crs="EPSG:32633", transform=place)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n[assets]", SAR.format(time=time) + "\n[assets]"), encoding="utf-8")
    return path


def test_a_region_file_gives_images_ground_and_the_sea_of_the_moment(tmp_path: Path) -> None:
    region_file = load_region_file(write_place(tmp_path / "place"))
    out = tmp_path / "out"
    findings = map_flood_of_moment(region_file, SceneFiles(), out, IndexThresholds(), quiet, at=MOMENT)
    extent, source = bands_of(out / "flood_extent.tif")
    land = PLAIN & np.isfinite(ground())
    assert overlap((extent == FLOODED) & land, FLOODED_PLAIN) > 0.7
    assert (extent[ground() < -1] == PERMANENT).all()
    assert (source[land] == BOTH).mean() > 0.9
    assert findings.sea is not None
    assert findings.sea.source == "gauge Pier"
    assert findings.sea.age_hours is not None
    assert 0 <= findings.sea.age_hours < 12
    assert findings.sea_by == "still water over the sills of the ground"
    assert EMBANKMENTS_AS_GROUND in findings.warnings
    assert findings.agreement is not None
    assert findings.agreement.cells > 100
    assert findings.images[0].age_hours == 1.0
    assert findings.images[0].licence == "free"
    assert findings.median_depth is not None


def test_where_the_image_sees_nothing_the_seas_flood_answers_and_says_so(tmp_path: Path) -> None:
    region_file = load_region_file(write_place(tmp_path / "place", cloud=slice(4, 8)))
    out = tmp_path / "out"
    findings = map_flood_of_moment(region_file, SceneFiles(), out, IndexThresholds(), quiet, at=MOMENT)
    extent, source = bands_of(out / "flood_extent.tif")
    hidden = np.zeros_like(PLAIN)
    hidden[4:8] = True
    assert (source[hidden & PLAIN] == SEA).all()
    assert (extent[hidden & PLAIN] != UNKNOWN_EXTENT).all()
    assert findings.cells_by_source["the sea's flood"] > 0.1


def test_the_sea_alone_is_enough_and_a_forecast_can_state_it(tmp_path: Path) -> None:
    region_file = load_region_file(write_region_folder(tmp_path / "place"))
    flooded = []
    for level in (0.5, 1.5):
        out = tmp_path / f"{level}"
        found = map_flood_of_moment(
            region_file, SceneFiles(), out, IndexThresholds(), quiet, at=MOMENT, sea_level=level
        )
        assert found.members == ()
        flooded.append(bands_of(out / "flood_extent.tif")[0] == FLOODED)
    assert (flooded[1] | ~flooded[0]).all()  # a higher sea floods what a lower one does
    assert flooded[1].sum() > flooded[0].sum()


def test_a_region_file_without_image_or_sea_of_the_moment_is_refused(tmp_path: Path) -> None:
    region_file = load_region_file(write_place(tmp_path / "place", time="2020-01-10T07:00:00Z"))
    late = np.datetime64("2021-06-01", "ns")
    with pytest.raises(InputError, match="no image within 12 days"):
        map_flood_of_moment(region_file, SceneFiles(), tmp_path / "out", IndexThresholds(), quiet, at=late)


def test_surveys_of_the_flood_adapt_and_those_of_another_do_not(tmp_path: Path) -> None:
    path = write_place(tmp_path / "place")
    survey = '\n[[flood_survey]]\nkind = "raster"\npath = "seen.tif"\ntime = {}\ndepth = 0.5\n'
    place = Affine(100, 0, 500_000, 0, -100, 5_001_600)
    write_bands(tmp_path / "place" / "seen.tif", FLOODED_PLAIN[None].astype(np.float32), crs="EPSG:32633",
                transform=place)  # fmt: skip
    text = path.read_text(encoding="utf-8")
    cells = []
    for day in ("2020-01-10", "2019-06-01"):
        path.write_text(text + survey.format(day), encoding="utf-8")
        found = map_flood_of_moment(
            load_region_file(path), SceneFiles(), tmp_path / day, IndexThresholds(), quiet, at=MOMENT
        )
        cells.append(found.labelled_cells)
    assert cells[0] > 100
    assert cells[1] == 0


def test_a_dry_cell_is_dry_in_every_product(files: SceneFiles, tmp_path: Path) -> None:
    terrain = write_bands(tmp_path / "dem.tif", bowl()[None])
    map_files(tmp_path / "out", replace(files, terrain=terrain))
    extent, _ = bands_of(tmp_path / "out" / "flood_extent.tif")
    _, depth, _ = bands_of(tmp_path / "out" / "flood_depth.tif")
    assert (depth[extent == DRY] == 0).all()
    assert np.isnan(depth[extent == PERMANENT]).all()
