"""Folders that receive products: forecasts with issue, lead and member, and flood maps as flooded shares of zones."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import xarray as xr
from shapely.geometry import box

from strandline.errors import FeedError, InputError
from strandline.models.weights.load_scene_weights import load_committee
from strandline.observations.region import Region
from strandline.observations.region_file.watch.feed_sections import FloodSceneStreamSection, ForecastStreamSection
from strandline.pipeline.maps.moment import one_scene
from strandline.pipeline.maps.moment.inputs import SceneFiles
from strandline.pipeline.maps.moment.one_scene import SceneLayers, flooded_land, read_layers
from strandline.watch.feeds.files import flood_scenes
from strandline.watch.feeds.files.flood_scenes import FloodScenes, read_zones
from strandline.watch.feeds.files.forecasts import ForecastFolder
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.replay import Replay
from tests.fixtures.datums import on_datum
from tests.fixtures.lakes import radar_of, write_bands

T = TypeVar("T")
ISSUED = datetime(2022, 11, 21, 12)
NOW = datetime(2022, 11, 21, 20)
HOUR = timedelta(hours=1)
SCHEDULE = {"interval_hours": 1.0, "delay_hours": 0.25, "silent_after_hours": 6.0}
REGION = Region("Box", "EPSG:32633", (0.0, 0.0, 800.0, 400.0), 100.0, "datum", (50.0, 50.0), "europe")


def folder(path: Path, **stated: object) -> ForecastFolder:
    longest_delay = stated.pop("longest_delay", timedelta(days=3))
    keys = {"kind": "forecast", "name": "model", "variable": "surge_forecast", "level": "surge", "folder": str(path)}
    section = ForecastStreamSection.model_validate(keys | SCHEDULE | stated)
    return ForecastFolder(section, longest_delay)  # type: ignore[arg-type]


def by_valid_time(path: Path, issued: datetime = ISSUED, unit: str = "cm") -> None:
    """One file an issue, with valid times and members."""
    time = np.datetime64(issued, "ns") + np.arange(3) * np.timedelta64(1, "h")
    surge = np.array([[10.0, 20.0, np.nan], [11.0, 21.0, 31.0]])  # member, time
    xr.Dataset(
        {"surge": (("member", "time"), surge, {"units": unit})},
        {"time": time, "forecast_reference_time": np.datetime64(issued, "ns")},
    ).to_netcdf(path)


# --- forecasts -------------------------------------------------------------------------------------------------------


def test_a_forecast_keeps_its_issue_its_times_and_its_members(tmp_path: Path) -> None:
    by_valid_time(tmp_path / "a.nc")
    readings = folder(tmp_path).read(datetime.min, NOW)
    assert {reading.issued for reading in readings} == {ISSUED}
    assert {reading.variable for reading in readings} == {"surge_forecast"}
    assert {(r.time, r.member): round(r.value, 6) for r in readings} == {
        (ISSUED, 0): 0.10, (ISSUED, 1): 0.11, (ISSUED + HOUR, 0): 0.20, (ISSUED + HOUR, 1): 0.21,
        (ISSUED + 2 * HOUR, 1): 0.31,
    }  # fmt: skip


def test_issue_and_lead_equal_valid_times(tmp_path: Path) -> None:
    """Several issues in one file, leads in hours, one of two stations selected by name."""
    issues = np.datetime64(ISSUED, "ns") + np.array([0, 6]) * np.timedelta64(1, "h")
    level = np.arange(12.0).reshape(2, 3, 2) / 10  # issue, lead, station
    xr.Dataset(
        {"zeta": (("issued", "lead", "station"), level, {"units": "m"})},
        {"issued": issues, "lead": ("lead", [0.0, 1.0, 2.0]), "station": ["Trieste", "Venice"]},
    ).to_netcdf(tmp_path / "a.nc")
    stated = {"variable": "water_level_forecast", "level": "zeta", **on_datum(1.0), "at": {"station": "Venice"}}
    readings = folder(tmp_path, **stated).read(datetime.min, NOW)
    assert [(r.issued, (r.time - r.issued) / HOUR, round(r.value, 6)) for r in readings] == [
        (ISSUED, 0, 1.1), (ISSUED, 1, 1.3), (ISSUED, 2, 1.5),
        (ISSUED + 6 * HOUR, 0, 1.7), (ISSUED + 6 * HOUR, 1, 1.9), (ISSUED + 6 * HOUR, 2, 2.1),
    ]  # fmt: skip


def test_a_later_issue_is_left_out(tmp_path: Path) -> None:
    by_valid_time(tmp_path / "a.nc")
    by_valid_time(tmp_path / "b.nc", ISSUED + 12 * HOUR)
    assert {r.issued for r in folder(tmp_path).read(datetime.min, NOW)} == {ISSUED}


def test_a_file_is_read_when_it_arrives_and_not_at_every_step(tmp_path: Path) -> None:
    by_valid_time(tmp_path / "a.nc")
    path = tmp_path / "a.nc"
    arrival = datetime.fromtimestamp(path.stat().st_ctime, UTC).replace(tzinfo=None)
    os.utime(path, (0, 0))  # a copy that keeps the date of its contents
    recent = folder(tmp_path, longest_delay=timedelta(days=36_500))
    assert recent.read(arrival - HOUR, arrival + HOUR)
    assert not recent.read(arrival + 2 * HOUR, arrival + 3 * HOUR)


def test_an_incomplete_file_waits_and_only_unreadable_folders_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    by_valid_time(tmp_path / "a.nc")
    whole = (tmp_path / "a.nc").read_bytes()
    (tmp_path / "b.nc").write_bytes(whole[: len(whole) // 2])
    assert folder(tmp_path).read(datetime.min, NOW)
    assert "b.nc" in caplog.text
    (tmp_path / "a.nc").unlink()
    with pytest.raises(FeedError, match="none of 1 new files"):
        folder(tmp_path).read(datetime.min, NOW)
    with pytest.raises(FeedError, match="is no folder"):
        folder(tmp_path / "gone").read(datetime.min, NOW)


@pytest.mark.parametrize(
    ("stated", "change", "message"),
    [
        ({"level": "zeta"}, {}, "has no variable 'zeta'"),
        ({}, {"unit": "furlong"}, "has units 'furlong'"),
        ({"at": {"station": "Venice"}}, {}, "is no dimension with labels"),
    ],
)
def test_what_a_file_lacks_is_named(tmp_path: Path, stated: dict, change: dict, message: str) -> None:  # type: ignore[type-arg]
    by_valid_time(tmp_path / "a.nc", **change)
    with pytest.raises(FeedError, match=message):
        folder(tmp_path, **stated).read(datetime.min, NOW)


def test_a_folder_becomes_a_recording(tmp_path: Path) -> None:
    by_valid_time(tmp_path / "a.nc")
    replay = Replay.of("model", folder(tmp_path).read(datetime.min, NOW), 6 * HOUR)
    assert replay.read(ISSUED, ISSUED + 5 * HOUR) == []
    assert len(replay.read(ISSUED + 5 * HOUR, ISSUED + 6 * HOUR)) == 5


# --- flood scenes ----------------------------------------------------------------------------------------------------


def write_scene(path: Path, water: np.ndarray) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=4, width=8, dtype="uint8", crs=REGION.crs,
        transform=REGION.transform, nodata=255,
    ) as file:  # fmt: skip
        file.write(water.astype("uint8"), 1)


def write_zones(path: Path, x: float = 0.0, y: float = 0.0) -> None:
    """West and east half of a box that starts at (x, y), in degrees."""
    halves = [box(x, y, x + 400, y + 400), box(x + 400, y, x + 800, y + 400)]
    zones = gpd.GeoDataFrame({"name": ["west", "east"]}, geometry=halves, crs=REGION.crs)
    zones.to_crs("EPSG:4326").to_file(path, driver="GeoJSON", engine="pyogrio")


def scenes(path: Path, **keys: object) -> FloodScenes:
    write_zones(path / "zones.geojson")
    common = {
        "kind": "flood_scene", "name": "radar", "folder": str(path), "time_format": "water_%Y%m%dT%H%M",
        "zones": str(path / "zones.geojson"), "zone_name": "name",
    }  # fmt: skip
    section = FloodSceneStreamSection.model_validate(common | (keys or {"flooded": [1.0]}) | SCHEDULE)
    return FloodScenes(section, REGION, read_zones(section.zones, section.zone_name, REGION))


def test_a_scene_gives_the_flooded_share_of_each_observed_zone(tmp_path: Path) -> None:
    water = np.zeros((4, 8))
    water[:, :1] = 1  # a quarter of the west
    water[0, 4:] = 1
    water[1, 4:] = 255  # a quarter of the east unseen: 4 of 12 seen cells are wet
    write_scene(tmp_path / "water_20221121T0515.tif", water)
    readings = scenes(tmp_path).read(datetime.min, NOW)
    assert [(r.place, round(r.value, 6), r.time) for r in readings] == [
        ("east", round(1 / 3, 6), datetime(2022, 11, 21, 5, 15)),
        ("west", 0.25, datetime(2022, 11, 21, 5, 15)),
    ]
    water[:, 4:] = 255
    write_scene(tmp_path / "water_20221121T0515.tif", water)
    assert [r.place for r in scenes(tmp_path).read(datetime.min, NOW)] == ["west"]


@pytest.mark.slow
def test_a_radar_image_that_arrives_is_mapped_as_the_command_maps_it(tmp_path: Path) -> None:
    """The image has cells of 20 m, the region of 100 m."""
    water = np.zeros((20, 40), bool)
    water[:, :20] = True
    there = {"crs": REGION.crs, "transform": REGION.refined(5).transform}
    path = write_bands(tmp_path / "water_20221121T0515.tif", radar_of(water), **there)
    shares = {r.place: r.value for r in scenes(tmp_path, images="radar").read(datetime.min, NOW)}
    assert shares == {"west": pytest.approx(1.0, abs=0.1), "east": pytest.approx(0.0, abs=0.1)}
    mapped = flooded_land(read_layers(SceneFiles(radar_after=path), REGION), load_committee())
    assert mapped.shape == REGION.shape
    np.testing.assert_allclose(mapped, np.broadcast_to(np.arange(8) < 4, (4, 8)), atol=0.1)

    sea = np.zeros((20, 40), bool)
    sea[:, :10] = True
    write_bands(tmp_path / "calm.tiff", radar_of(sea), **there)
    shares = {r.place: r.value for r in scenes(tmp_path, images="radar", before=str(tmp_path / "calm.tiff")).read(
        datetime.min, NOW)}  # fmt: skip
    dry_before = {"west": pytest.approx(1.0, abs=0.1), "east": pytest.approx(0.0, abs=0.1)}
    assert shares == dry_before


def test_an_image_is_mapped_once_and_outside_the_limits_of_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A map that outlasts a poll is found by the next one."""
    there = {"crs": REGION.crs, "transform": REGION.refined(5).transform}
    write_bands(tmp_path / "water_20221121T0515.tif", radar_of(np.zeros((20, 40), bool)), **there)
    is_reading, maps = [False], []

    def execute(paths: Sequence[Path], read: Callable[[], T]) -> T:
        is_reading[0] = True
        found = read()
        is_reading[0] = False
        return found

    def map_slowly(images: SceneLayers, mapper: object) -> np.ndarray:
        assert not is_reading[0]
        maps.append(images)
        return np.zeros(REGION.shape, np.float32)

    monkeypatch.setattr(flood_scenes, "flooded_land", map_slowly)
    feed = replace(scenes(tmp_path, images="radar"), files=ForeignFiles(execute))
    for _ in range(2):
        assert {r.place: r.value for r in feed.read(datetime.min, NOW)} == {"west": 0.0, "east": 0.0}
    assert len(maps) == 1


def test_a_large_region_is_mapped_in_no_more_cells_than_a_watch_has_time_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"crs": REGION.crs, "transform": REGION.refined(5).transform}
    path = write_bands(tmp_path / "water_20221121T0515.tif", radar_of(np.zeros((20, 40), bool)), **there)
    assert read_layers(SceneFiles(radar_after=path), REGION).parts == 5
    monkeypatch.setattr(one_scene, "MOST_PARTS", 32 * 4 + 1)  # the region has 32 cells
    found = read_layers(SceneFiles(radar_after=path), REGION)
    assert (found.parts, found.layers["radar_after"].shape) == (2, (2, 8, 16))


@pytest.mark.parametrize("keys", [{"band": 1}, {"flooded": [1.0], "images": "radar"}, {"flooded": [1], "before": "a"}])
def test_a_stream_of_scenes_says_whether_they_are_maps_or_images(tmp_path: Path, keys: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"'flooded'|'before' is an image"):
        scenes(tmp_path, **keys)


def test_scenes_of_the_future_wait_and_broken_ones_do_not_stop_the_others(tmp_path: Path) -> None:
    write_scene(tmp_path / "water_20221121T0515.tif", np.zeros((4, 8)))
    write_scene(tmp_path / "water_20221122T0515.tif", np.zeros((4, 8)))
    (tmp_path / "water_20221121T1615.tif").write_bytes(b"II*\x00half")
    readings = scenes(tmp_path).read(datetime.min, NOW)
    assert {reading.time for reading in readings} == {datetime(2022, 11, 21, 5, 15)}


def test_unusable_file_names_and_zones_are_refused(tmp_path: Path) -> None:
    write_scene(tmp_path / "flood.tif", np.zeros((4, 8)))
    with pytest.raises(FeedError, match="does not match 'water_%Y%m%dT%H%M'"):
        scenes(tmp_path).read(datetime.min, NOW)
    with pytest.raises(InputError, match="no column 'zone'"):
        read_zones(tmp_path / "zones.geojson", "zone", REGION)
    far = Region("Far", "EPSG:32633", (9000.0, 0.0, 9800.0, 400.0), 100.0, "datum", (9050.0, 50.0), "europe")
    with pytest.raises(InputError, match="covers no cell of region 'Far'"):
        read_zones(tmp_path / "zones.geojson", "name", far)
