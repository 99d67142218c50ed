"""Whose the data is: each file that a run reads is cited, and no folder, login or key of a machine is told."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

from strandline.observations.fetch.cache import open_cache
from strandline.observations.fetch.credits.cited_files import cite
from strandline.observations.fetch.credits.data_files import (
    DataFile,
    attributions,
    non_commercial_sentence,
    without_folders,
    without_secrets,
)
from strandline.observations.fetch.source import PlannedFile, cached
from strandline.observations.fetch.sources.rasters.copernicus_terrain import CopernicusTerrain
from strandline.observations.fetch.sources.weather.open_meteo import OpenMeteo
from strandline.observations.readers.observe import named_files, observe
from strandline.observations.region_file import load_region_file
from strandline.pipeline.study_area import open_study_area
from tests.fixtures.region_files import write_place, write_region_folder


def with_fetched_terrain(folder: Path) -> Path:
    """A region whose terrain came by a fetch."""
    path, source = write_region_folder(folder), CopernicusTerrain()
    planned = PlannedFile(
        source.name, "terrain/dem.tif", "https://x.example/dem.tif", "x", date=datetime.date(2021, 4, 1)
    )
    with open_cache(folder) as cache:
        to = cache.place(planned.name)
        to.parent.mkdir(parents=True)
        (folder / "dem.tif").rename(to)
        cache.add(cached(source, planned, to))
    path.write_text(path.read_text().replace('path = "dem.tif"', 'path = "fetched/terrain/dem.tif"'))
    return path


def files_of(path: Path) -> dict[str, DataFile]:
    return {each.name: each for each in observe(load_region_file(path)).files}


def test_every_file_is_cited_by_its_publisher_or_by_the_region_file(tmp_path: Path) -> None:
    path = with_fetched_terrain(tmp_path)
    stated = 'source = "the port", licence = "CC0"'.replace(", ", "\n")
    path.write_text(path.read_text().replace('name = "Pier"', f'name = "Pier"\n{stated}'))
    files = files_of(path)
    assert set(files) == {"fetched/terrain/dem.tif", "levels.csv", "assets.geojson"}
    terrain, gauge = files["fetched/terrain/dem.tif"], files["levels.csv"]
    assert "produced using Copernicus WorldDEM-30 © DLR" in terrain.attribution
    assert (terrain.date, terrain.source) == ("2021-04-01", "copernicus-glo30, https://x.example/dem.tif")
    assert (gauge.source, gauge.licence, gauge.used_for, len(gauge.sha256)) == ("the port", "CC0", "tide_gauge", 64)
    assert files["assets.geojson"].licence == "not stated"


def test_a_file_of_two_sections_is_cited_once_and_one_that_was_changed_is_called_so(tmp_path: Path) -> None:
    path = with_fetched_terrain(tmp_path)
    region_file = load_region_file(path)
    named = named_files(region_file)
    named["zones"] = named["terrain"]
    (tmp_path / "fetched/terrain/dem.tif").write_bytes(b"another")
    (terrain,) = (each for each in cite(named).value if each.name.endswith("dem.tif"))
    assert (terrain.used_for, terrain.is_changed) == ("terrain, zones", True)


def test_a_damaged_manifest_ends_no_run_and_is_a_doubt(tmp_path: Path) -> None:
    path = with_fetched_terrain(tmp_path)
    (tmp_path / "fetched/manifest.json").write_text("{")
    observations = observe(load_region_file(path))
    assert "fetch again, so that credits are stated" in " ".join(map(str, observations.findings))
    assert {each.name for each in observations.files} == {"dem.tif", "levels.csv", "assets.geojson"}


def test_what_forbids_commercial_use_is_said_and_credits_are_given_once() -> None:
    weather = OpenMeteo("open-meteo", "archive", "https://x.example")
    bound = DataFile("a.csv", "weather.station", "x", weather.licence, weather.attribution)
    free = DataFile("b.csv", "terrain", "x", "CC-BY-4.0", weather.attribution)
    assert non_commercial_sentence((free,)) == ""
    assert "NOT FOR COMMERCIAL USE: weather.station" in non_commercial_sentence((bound, free))
    assert attributions((bound, free, replace(free, attribution=""))) == (weather.attribution,)
    for licence in ("CC-BY-NC-SA-4.0", "not for commercial use (IOC)", "free for non-commercial use"):
        assert replace(free, licence=licence).is_non_commercial, licence
    assert not replace(free, licence="NCEI, public domain").is_non_commercial


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/home/me/data/koyra/tides.csv station 'x': lies 46 km away", "tides.csv station 'x': lies 46 km away"),
        (r"C:\Users\me\levels.csv row 3", "levels.csv row 3"),
        ("see https://x.example/a/b.tif and 1/2 of 3 m/s", "see https://x.example/a/b.tif and 1/2 of 3 m/s"),
        ("fetched/terrain/dem.tif", "fetched/terrain/dem.tif"),
    ],
)
def test_a_file_has_its_name_alone(text: str, clean: str) -> None:
    assert without_folders(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://me:hush@x.example/a", "https://x.example/a"),
        ("https://x.example/a?b=1&sig=hush&c=2", "https://x.example/a?b=1&sig=…&c=2"),
        ("https://x.example/a?X-Amz-Signature=hush", "https://x.example/a?X-Amz-Signature=…"),
        ("https://x.example/a?time>=2020&uhslc_id=134", "https://x.example/a?time>=2020&uhslc_id=134"),
    ],
)
def test_an_address_has_no_login_and_no_key(text: str, clean: str) -> None:
    assert without_secrets(text) == clean


def test_neither_folder_nor_key_of_a_region_file_reaches_the_products(tmp_path: Path) -> None:
    path = write_place(tmp_path)
    (tmp_path / "stations.csv").write_text("id,name,lat,lon\nhere,Pier,45.6,15.4\n")  # far enough for a doubt
    source = 'source = "https://me:hush@x.example/a?sig=hush"'
    path.write_text(path.read_text().replace('name = "Pier"', f'name = "Pier"\n{source}'))
    area = open_study_area(load_region_file(path))
    told = json.dumps([area.warnings, [vars(each) for each in area.observations.files],
                       [vars(each) for each in area.observations.provenance.values()]])  # fmt: skip
    assert "tides.csv" in told
    assert "hush" not in told
    assert str(tmp_path) not in told
