"""Rasters come from a local STAC API and bucket, through the real clients, and the readers read them."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strandline.errors import FeedError, InputError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.raster_access.high_sea import readings_at
from strandline.observations.fetch.source import CachedFile, FetchChoice, PlannedFile, Source
from strandline.observations.fetch.sources.rasters.copernicus_terrain import HIGHEST, CopernicusTerrain
from strandline.observations.fetch.sources.rasters.delta_terrain import DeltaTerrain, ForbiddenTerrain
from strandline.observations.fetch.sources.rasters.optical_scenes import OpticalScenes
from strandline.observations.fetch.sources.rasters.people import PeopleGrid
from strandline.observations.fetch.sources.rasters.radar_scenes import OPERA_RTC, SENTINEL_1_RTC
from strandline.observations.fetch.sources.rasters.world_cover import WorldCover
from strandline.observations.readers.satellite import read_optical, read_sar, read_sar_reference
from strandline.observations.readers.terrain import read_elevation, read_water
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import OpticalSection, SarSection, TerrainSection
from strandline.observations.variables import VARIABLES
from tests.fixtures import raster_services as services
from tests.fixtures.raster_services import BOX, KEY, LAND_POWER, SHORE, SIGNATURE, WATER_POWER, Sky, at, values_of

pytestmark = pytest.mark.slow

pytest.importorskip("odc.stac", reason="the extra 'fetch' is not installed")

CHOICE = FetchChoice(frozenset({"radar"}), since=date(2020, 1, 1))
SEA, LAND = SHORE - 0.006, SHORE + 0.008
"""[degrees] Longitudes at sea and on land."""
REGION = Region(
    "box",
    services.ZONE,
    (758_000.0, 2_479_100.0, 760_000.0, 2_480_500.0),
    50.0,
    "EGM2008",
    (758_100.0, 2_479_800.0),
    "asia",
)
TIMES = ["2021-01-05T12:00:00Z", "2021-03-10T12:00:00Z", "2021-06-11T12:00:00Z", "2021-09-12T12:00:00Z"]


@pytest.fixture(scope="session")
def rasters() -> dict[str, bytes]:
    """COGs of the made-up coast."""
    radar = {"sea": WATER_POWER, "land": LAND_POWER}
    return {
        "vv.tif": services.utm_raster(radar, 10.0, "float32", -32768.0),
        "vh.tif": services.utm_raster({"sea": 0.001, "land": 0.01}, 10.0, "float32", -32768.0),
        "vv-west.tif": services.utm_raster(radar, 10.0, "float32", None, east=SHORE + 0.005),
        "vv-east.tif": services.utm_raster(radar, 10.0, "float32", None, west=SHORE + 0.004),
        "B03-new.tif": services.utm_raster({"sea": 1400, "land": 1800}, 10.0, "uint16", 0),
        "B03-old.tif": services.utm_raster({"sea": 400, "land": 800}, 10.0, "uint16", 0),
        "B08.tif": services.utm_raster({"sea": 1050, "land": 3500}, 10.0, "uint16", 0),
        "B11.tif": services.utm_raster({"sea": 1020, "land": 2800}, 20.0, "uint16", 0),
        "SCL.tif": services.utm_raster({"sea": 6, "land": 9}, 20.0, "uint8", 0),
        "cover.tif": services.degree_raster((89.45, 22.35, 89.55, 22.45), 1200, {"sea": 0, "land": 40}, "uint8", 0),
        "dem.tif": services.degree_raster(
            (89.0, 22.0, 90.0, 23.0), 3600, {"sea": 0.0, "land": 1.0, "slope": 100.0}, "float32", None
        ),
    }  # fmt: skip


@pytest.fixture
def sky(socket_enabled: None, rasters: dict[str, bytes]) -> Any:
    tile = "Copernicus_DSM_COG_10_N22_00_E089_00_DEM"
    dem = f"dem/{tile}/{tile}.tif"
    full = Sky(files={**rasters, dem: rasters["dem.tif"]}, texts={"/open/dem/tileList.txt": f"{tile}\n"})
    both = {"vv": "vv.tif", "vh": "vh.tif"}
    full.collections["sentinel-1-rtc"] = [
        services.item(f"S1_{number}", "sentinel-1-rtc", time, both, platform="SENTINEL-1A")
        for number, time in enumerate(TIMES)
    ]
    full.collections["sentinel-2-l2a"] = [
        optical_item("clear", "2021-12-01T04:30:00Z", 3.0, "03.01", "B03-old.tif"),
        optical_item("cloudy", "2021-12-11T04:30:00Z", 90.0, "03.01", "B03-old.tif"),
        optical_item("new", "2022-12-01T04:30:00Z", 9.0, "04.00", "B03-new.tif"),
    ]
    cover = services.item("cover", "esa-worldcover", "2021-01-01T00:00:00Z", {"map": "cover.tif"})
    full.collections["esa-worldcover"] = [cover]
    with services.serving(full) as running:
        yield running


def optical_item(name: str, time: str, cloud: float, baseline: str, green: str) -> dict[str, Any]:
    assets = {"B03": green, "B08": "B08.tif", "B11": "B11.tif", "SCL": "SCL.tif"}
    fields = {"eo:cloud_cover": cloud, "s2:processing_baseline": baseline, "s2:mgrs_tile": "45QYE"}
    return services.item(name, "sentinel-2-l2a", time, assets, platform="Sentinel-2A", **fields)


def fetch(
    source: Source, sky: Sky, folder: Path, choice: FetchChoice = CHOICE, **environment: str
) -> list[tuple[PlannedFile, CachedFile, Path]]:
    client = sky.downloader(source.name, **environment)
    brought = []
    for planned in source.plan(BOX, choice, client):
        to = folder / planned.region_path
        brought.append((planned, source.download(planned, to, client), to))
    return brought


def section(kind: Any, brought: list[tuple[PlannedFile, CachedFile, Path]], folder: Path) -> Any:
    """The section of the region file that the files fill together."""
    values: dict[str, Any] = {}
    for _, file, _ in brought:
        for key, value in file.section.values.items():
            values[key] = (
                values.get(key, []) + value if isinstance(value, list) and key in ("scenes", "reference") else value
            )
    return kind.model_validate(values, context={"data": folder})


def test_terrain_is_cut_out_of_the_bucket_and_the_sea_lies_at_zero(sky: Sky, tmp_path: Path) -> None:
    ((planned, file, path),) = fetch(CopernicusTerrain(address=f"{sky.address}/open/dem"), sky, tmp_path)
    assert at(path, SEA) == 0.0
    assert at(path, LAND) == pytest.approx(1.0 + 100 * (LAND - SHORE), abs=0.05)
    assert file.section.values["vertical_datum"] == {"name": "EGM2008", "kind": "geoid model"}
    assert "DLR" in file.attribution
    assert file.sha256
    assert len(planned.url) > 0
    assert sum(1 for entry in sky.ranges if entry.endswith("whole")) == 0  # only parts were read


def test_hills_behind_a_coast_do_not_keep_its_terrain_from_being_read(sky: Sky, tmp_path: Path) -> None:
    name = next(name for name in sky.files if name.startswith("dem/"))
    hills = {"sea": 0.0, "land": 1.0, "slope": 60_000.0}
    sky.files[name] = services.degree_raster((89.0, 22.0, 90.0, 23.0), 3600, hills, "float32", None)
    ((_, _, path),) = fetch(CopernicusTerrain(address=f"{sky.address}/open/dem"), sky, tmp_path)
    assert at(path, LAND) == HIGHEST < VARIABLES["elevation"].high


def test_terrain_is_refused_where_the_bucket_has_no_tile(sky: Sky) -> None:
    source = CopernicusTerrain(address=f"{sky.address}/open/dem")
    with pytest.raises(InputError, match=r"no tile over .*open sea"):
        source.plan(Box(-30.0, 10.0, -29.9, 10.1), CHOICE, sky.downloader())


def test_water_is_worldcovers_and_the_sea_that_it_leaves_open(sky: Sky, tmp_path: Path) -> None:
    ((_, file, path),) = fetch(WorldCover(address=sky.address), sky, tmp_path)
    assert (at(path, SEA), at(path, LAND)) == (1.0, 0.0)
    assert (at(path, SEA, band=2), at(path, LAND, band=2)) == (0.0, 40.0)
    assert file.section.table == "terrain.permanent_water"
    water = read_water(path, REGION)
    assert 0 < water.mean() < 1


def test_an_inland_box_says_that_there_is_no_water(sky: Sky, tmp_path: Path, rasters: dict[str, bytes]) -> None:
    sky.files["cover.tif"] = services.degree_raster(
        (89.45, 22.35, 89.55, 22.45), 300, {"sea": 40, "land": 40}, "uint8", 0
    )
    ((_, file, _),) = fetch(WorldCover(address=sky.address), sky, tmp_path)
    assert any("without a sea" in note for note in file.notes)


def test_radar_is_read_by_the_reader_in_decibels(sky: Sky, tmp_path: Path) -> None:
    brought = fetch(replace(SENTINEL_1_RTC, address=sky.address), sky, tmp_path)
    assert len(brought) == len(TIMES)
    sar = read_sar(section(SarSection, brought, tmp_path), REGION)
    assert sar.sizes["scene"] == len(TIMES)
    assert float(sar["vv"].min()) == pytest.approx(10 * np.log10(WATER_POWER), abs=0.1)
    assert float(sar["vv"].max()) == pytest.approx(10 * np.log10(LAND_POWER), abs=0.1)
    assert "vh" in sar


def test_scenes_of_high_sea_are_preferred_and_those_of_low_sea_are_the_reference(sky: Sky, tmp_path: Path) -> None:
    times = np.array([time.rstrip("Z") for time in TIMES], dtype="datetime64[ns]")
    sea = readings_at(times, np.array([0.2, 2.5, -1.0, 1.1]))
    source = replace(SENTINEL_1_RTC, address=sky.address, scenes=2, references=1)
    brought = fetch(source, sky, tmp_path, replace(CHOICE, sea_level=sea))
    assert ["reference" if "reference" in planned.what else planned.what[-6:] for planned, _, _ in brought] == [
        "2.50 m", "reference", "1.10 m",
    ]  # fmt: skip
    settings = section(SarSection, brought, tmp_path)
    assert read_sar_reference(settings, REGION) is not None
    assert len(settings.scenes) == 2


def test_scenes_whose_sea_nothing_tells_are_brought_by_name_alone(sky: Sky) -> None:
    source, unasked = replace(SENTINEL_1_RTC, address=sky.address), replace(CHOICE, only=frozenset())
    blind = replace(unasked, sea_level=lambda times: np.full(times.size, np.nan))
    assert source.plan(BOX, unasked, sky.downloader()) == []
    assert source.plan(BOX, blind, sky.downloader()) == []
    assert len(source.plan(BOX, replace(unasked, sea_level_follows=True), sky.downloader())) == len(TIMES)
    assert len(source.plan(BOX, replace(blind, only=frozenset({source.name})), sky.downloader())) == len(TIMES)


def test_slices_of_one_pass_make_one_scene_and_unmarked_zeros_are_no_measurement(sky: Sky, tmp_path: Path) -> None:
    sky.collections["sentinel-1-rtc"] = [
        services.item("west", "sentinel-1-rtc", "2021-01-05T12:00:00Z", {"vv": "vv-west.tif"}, platform="A"),
        services.item("east", "sentinel-1-rtc", "2021-01-05T12:00:25Z", {"vv": "vv-east.tif"}, platform="A"),
    ]
    ((_, file, path),) = fetch(replace(SENTINEL_1_RTC, address=sky.address), sky, tmp_path)
    assert at(path, SEA) == pytest.approx(WATER_POWER)
    assert at(path, SHORE + 0.012) == pytest.approx(LAND_POWER)  # the west's zeros do not hide it
    assert file.section.values["bands"] == {"vv": 1}


def test_the_offset_of_2022_is_taken_off_newer_scenes_alone(sky: Sky, tmp_path: Path) -> None:
    brought = fetch(OpticalScenes(address=sky.address), sky, tmp_path)
    assert [planned.date.year for planned, _, _ in brought] == [2021, 2022]  # 90 % cloud is above the limit
    old, new = (path for _, _, path in brought)
    assert (at(old, SEA), at(new, SEA)) == (400.0, 400.0)
    assert (at(old, LAND), at(new, LAND)) == (800.0, 800.0)
    optical = read_optical(section(OpticalSection, brought, tmp_path), REGION)
    green = optical["green"].values
    assert np.nanmax(green) == pytest.approx(0.04, abs=5e-3)  # land lies under cloud
    assert 0.2 < np.isnan(green).mean() < 0.9


def test_an_item_without_a_baseline_is_refused_since_its_offset_is_unknown(sky: Sky) -> None:
    del sky.collections["sentinel-2-l2a"][0]["properties"]["s2:processing_baseline"]
    with pytest.raises(FeedError, match="states no processing baseline"):
        OpticalScenes(address=sky.address).plan(BOX, CHOICE, sky.downloader())


def test_an_empty_answer_is_no_scene_and_an_unknown_collection_is_an_error(sky: Sky) -> None:
    source = replace(SENTINEL_1_RTC, address=sky.address)
    assert source.plan(Box(10.0, 50.0, 10.1, 50.1), CHOICE, sky.downloader()) == []
    with pytest.raises(FeedError, match="404"):
        replace(source, collection="sentinel-1").plan(BOX, CHOICE, sky.downloader())


def test_another_asset_key_is_named_with_what_there_is(sky: Sky) -> None:
    source = replace(SENTINEL_1_RTC, address=sky.address, assets={"vv": "VV", "vh": "VH"})
    with pytest.raises(InputError, match="no item has the assets VV; 'S1_0' has vh, vv"):
        source.plan(BOX, CHOICE, sky.downloader())


def test_an_expired_signature_is_renewed_once(sky: Sky, tmp_path: Path) -> None:
    sky.issued = ["sig=stale", SIGNATURE]
    brought = fetch(replace(SENTINEL_1_RTC, address=sky.address, scenes=1), sky, tmp_path)
    assert at(brought[0][2], SEA) == pytest.approx(WATER_POWER)


def test_a_signature_that_stays_refused_is_said_without_showing_it(
    sky: Sky, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sky.issued = ["sig=stale"]
    with pytest.raises(FeedError, match=r"refuses the signature of 'vv.tif' \(403\)") as caught:
        fetch(replace(SENTINEL_1_RTC, address=sky.address, scenes=1), sky, tmp_path)
    assert "stale" not in str(caught.value) + caplog.text
    assert caught.value.__suppress_context__
    assert not list(tmp_path.rglob("*.tif*"))


def test_a_signature_needs_a_key_where_the_service_asks_for_one(sky: Sky, tmp_path: Path) -> None:
    sky.key = KEY
    source = replace(SENTINEL_1_RTC, address=sky.address, scenes=1)
    with pytest.raises(InputError, match="gives no signature for 'sentinel-1-rtc' without a key"):
        fetch(source, sky, tmp_path)
    ((_, file, path),) = fetch(source, sky, tmp_path, PC_SDK_SUBSCRIPTION_KEY=KEY)
    assert path.exists()
    assert KEY not in str(file)
    assert SIGNATURE not in str(file)


def test_a_raster_that_was_withdrawn_or_cut_off_leaves_nothing_behind(sky: Sky, tmp_path: Path) -> None:
    source = replace(SENTINEL_1_RTC, address=sky.address, scenes=1)
    whole = sky.files.pop("vv.tif")
    with pytest.raises(FeedError, match=r"has no .* any more"):
        fetch(source, sky, tmp_path)
    sky.files["vv.tif"] = whole[: len(whole) // 3]
    with pytest.raises(FeedError, match="cannot be read"):
        fetch(source, sky, tmp_path)
    assert not list(tmp_path.rglob("*.tif*"))


def test_people_are_counted_once_whatever_the_grid(sky: Sky, tmp_path: Path) -> None:
    tile = "GHS_POP_E2025_GLOBE_R2023A_4326_3ss_V1_0_R7_C27"
    bounds = (89.40, 22.30, 89.60, 22.50)
    raster = services.degree_raster(bounds, 240, {"sea": -200.0, "land": 2.0}, "float64", -200.0)
    sky.files[f"people/{tile}.zip"] = services.zipped(f"{tile}.tif", raster, tmp_path)
    ((planned, _, path),) = fetch(PeopleGrid(address=f"{sky.address}/open/people"), sky, tmp_path)
    assert planned.details["tiles"] == tile
    people = values_of(path)
    cell = 0.2 / 240 * 111_320 * np.cos(np.radians(22.41)) * 0.2 / 240 * 110_700  # [m2] of a pixel
    on_land = np.isfinite(people) & (people > 0)
    assert np.median(people[on_land]) == pytest.approx(2.0 * 100 * 100 / cell, rel=0.03)
    assert not list(path.parent.glob("*.zip"))


def test_a_box_at_the_antimeridian_is_fetched_up_to_it(sky: Sky, tmp_path: Path) -> None:
    tile = "Copernicus_DSM_COG_10_S17_00_E179_00_DEM"
    sky.texts["/open/dem/tileList.txt"] = f"{tile}\n"
    sky.files[f"dem/{tile}/{tile}.tif"] = services.degree_raster(
        (179.0, -17.0, 180.0, -16.0), 720, {"sea": 0.0, "land": 3.0}, "float32", None
    )
    source, client = CopernicusTerrain(address=f"{sky.address}/open/dem"), sky.downloader()
    (planned,) = source.plan(Box(179.96, -16.55, 180.0, -16.52), CHOICE, client)
    source.download(planned, tmp_path / "dem.tif", client)
    assert at(tmp_path / "dem.tif", 179.98, -16.53) == pytest.approx(3.0)


def test_an_elevation_of_the_box_is_read_by_the_reader(sky: Sky, tmp_path: Path) -> None:
    ((_, file, _),) = fetch(CopernicusTerrain(address=f"{sky.address}/open/dem"), sky, tmp_path)
    offset = {"metres": 0.0, "uncertainty": 0.1, "source": "a test"}
    values = {**file.section.values, "permanent_water": {"below": 0.5}, "offset_to_region_datum": offset}
    settings = TerrainSection.model_validate(values, context={"data": tmp_path})
    elevation = read_elevation(settings, REGION)
    assert not np.isnan(elevation).any()
    assert elevation.min() == 0.0


def test_a_busy_host_is_asked_again(sky: Sky, tmp_path: Path) -> None:
    sky.failures["/files/vv.tif"] = [503]
    ((_, _, path),) = fetch(replace(SENTINEL_1_RTC, address=sky.address, scenes=1), sky, tmp_path)
    assert at(path, SEA) == pytest.approx(WATER_POWER)


def test_the_users_deltadtm_is_filled_where_it_ends(sky: Sky, tmp_path: Path) -> None:
    bounds = (89.0, 22.0, 90.0, 23.0)
    own = tmp_path / "own"
    own.mkdir()
    ground = services.degree_raster(bounds, 3600, {"sea": -9999.0, "land": 0.4}, "float32", -9999.0)
    (own / "DeltaDTM_v1_1_N22E089.tif").write_bytes(ground)
    source = DeltaTerrain(CopernicusTerrain(address=f"{sky.address}/open/dem"))
    with pytest.raises(InputError, match="--file delta-dtm="):
        source.plan(BOX, CHOICE, sky.downloader())
    ((_, file, path),) = fetch(source, sky, tmp_path, replace(CHOICE, files={"delta-dtm": own}))
    assert (at(path, SEA), at(path, LAND)) == (0.0, pytest.approx(0.4))
    assert any("GLO-30" in note for note in file.notes)
    assert str(own) not in str(file)


def test_a_deltadtm_on_another_datum_is_refused(sky: Sky, tmp_path: Path) -> None:
    tile = tmp_path / "DeltaDTM_v1_1_N22E089_GOCO06s_MDT.tif"
    tile.write_bytes(services.degree_raster((89.0, 22.0, 90.0, 23.0), 60, {"sea": 0.0, "land": 0.4}, "float32", None))
    source = DeltaTerrain(CopernicusTerrain(address=f"{sky.address}/open/dem"))
    with pytest.raises(InputError, match="on mean sea level"):
        source.plan(BOX, replace(CHOICE, files={"delta-dtm": tile}), sky.downloader())


def test_fabdem_is_refused_with_the_reason(sky: Sky) -> None:
    with pytest.raises(InputError, match="forbids commercial use"):
        ForbiddenTerrain().plan(BOX, CHOICE, sky.downloader())


def test_opera_asks_for_a_login_and_signs_no_address(sky: Sky, tmp_path: Path) -> None:
    name = OPERA_RTC.collection
    sky.collections[name] = [services.item("burst", name, TIMES[0], {"0_VV": "vv.tif", "0_VH": "vh.tif"})]
    for asset in sky.collections[name][0]["assets"].values():
        asset["href"] = asset["href"].replace("/files/", "/open/")
    source = replace(OPERA_RTC, address=sky.address, catalogue="/api/stac/v1")
    with pytest.raises(InputError, match="EARTHDATA_TOKEN is not set"):
        fetch(source, sky, tmp_path)
    ((_, _, path),) = fetch(source, sky, tmp_path, EARTHDATA_TOKEN=KEY)
    assert at(path, LAND) == pytest.approx(LAND_POWER)
    assert KEY not in "".join(sky.log)
