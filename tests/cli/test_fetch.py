"""`strandline fetch` as a user meets it: sizes first, nothing unasked, a table at the end, exit codes."""

import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from strandline.observations.fetch import registry
from strandline.observations.fetch.source import CHOSEN_BY_SEA_LEVEL, TELL_SEA_LEVEL, Source
from strandline.observations.fetch.sources.gauges.uhslc import Uhslc
from strandline.observations.fetch.sources.rasters.radar_scenes import SENTINEL_1_RTC
from tests.cli.test_main import strandline
from tests.fixtures import raster_services
from tests.fixtures.data_services import Reply, serving_data
from tests.fixtures.file_server import FileServer, busy, error, file_server
from tests.fixtures.sources import TestSource, terrain_section

REGION = """[region]
name = "Koyra"
crs = "EPSG:32645"
bounds = [726000.0, 2456000.0, 756000.0, 2486000.0]
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def server(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with file_server(b"II*\0" + bytes(996)) as running:
        use(monkeypatch, TestSource(address=running.url, section=terrain_section, notes=("A surface model.",)))
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "koyra.toml"
    path.write_text(REGION)
    return path


def use(monkeypatch: pytest.MonkeyPatch, *sources: Source) -> None:
    monkeypatch.setattr(registry, "SOURCES", sources)


def test_with_a_yes_the_files_come_the_region_file_is_completed_and_the_licence_is_shown(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert code == 0, out
    for part in ("to be downloaded for the box 89.1", "about 0.0 MB", "made-up fetched 1 0.0 MB CC-BY-4.0",
                 "completed with [terrain]", "made-up: A surface model.", "fetch made-up: done in"):  # fmt: skip
        assert part in out
    assert tomllib.loads(place.read_text())["terrain"]["path"] == "fetched/terrain/a.tif"
    assert (place.parent / "fetched/terrain/a.tif").stat().st_size == 1000
    assert str(place.parent) not in place.read_text()
    assert server.requests[0][1]["user-agent"].startswith("strandline/")


def test_without_a_yes_nothing_is_downloaded(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, out = strandline(monkeypatch, capsys, "fetch", place)
    assert code == 2
    assert "would download 1 files, 0.0 MB, and nobody is there to say yes; add --yes" in out
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda question, err: False)
    code, out = strandline(monkeypatch, capsys, "fetch", place)
    assert (code, server.requests) == (130, [])
    assert "nothing was fetched" in out
    assert place.read_text() == REGION


def test_a_second_fetch_asks_nothing_and_needs_no_net(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    strandline(monkeypatch, capsys, "fetch", place, "--yes")
    server.shutdown()
    server.server_close()
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--json")
    assert code == 0, out
    assert json.loads(out[out.index("{ ") :])["files"][0]["state"] == "in the cache"
    assert len(server.requests) == 1


def test_what_does_not_come_is_named_with_the_exit_code_of_its_reason(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    server.faults = [error(404)]
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert code == 2
    assert "made-up failed 1" in out
    assert "answers 404 Not Found" in out
    assert "not all came (made-up); see above, or leave them out by --only" in out
    server.faults = [busy("3600", status=503)]
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert code == 75
    assert "answers 503 Service Unavailable; try again in 3,600 s" in out
    assert "fetch again: what has come stays" in out


@pytest.mark.slow
def test_the_first_fetch_chooses_its_radar_scenes_by_the_gauge_that_it_brings(
    socket_enabled: None, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    place.write_text(REGION.replace("[726000.0, 2456000.0, 756000.0, 2486000.0]", "[758000, 2479100, 760000, 2480500]"))
    hours = np.arange("2021-01-01", "2022-01-01", dtype="datetime64[h]")
    level = 2.0 + np.cos(2 * np.pi * np.arange(hours.size) / 12.42)
    days = ["2021-01-05", "2021-03-10", "2021-06-11", "2021-09-12", "2021-11-13"]
    for day, height in zip(days, [0.2, 2.5, -1.0, 1.1, 0.9], strict=True):
        level[hours == np.datetime64(f"{day}T12")] = 2.0 + height
    rows = [f"{at}:00:00Z,{1000 * each:.0f},1" for at, each in zip(hours, level, strict=True)]
    span = {"fd_span": {"oldest": "2021-01-01", "latest": "2021-12-31"}}
    feature = {"properties": {"uhslc_id": 134, "name": "Pier", **span}, "geometry": {"coordinates": [89.5, 22.4]}}
    power = raster_services.utm_raster({"sea": 0.01, "land": 0.08}, 20.0, "float32", -32768.0)
    scenes = [
        raster_services.item(day, "sentinel-1-rtc", f"{day}T12:00:00Z", {"vv": "vv.tif"}, platform="A") for day in days
    ]
    sky = raster_services.Sky(files={"vv.tif": power}, collections={"sentinel-1-rtc": scenes})
    with serving_data() as gauges, raster_services.serving(sky):
        gauges.reply("/data/meta.geojson", Reply(json.dumps({"features": [feature]}), kind="application/json"))
        gauges.reply(
            "/erddap/tabledap/global_hourly_fast.csv",
            Reply("\n".join(["time,sea_level,record_id", "UTC,millimeters,", *rows])),
        )
        radar = replace(SENTINEL_1_RTC, address=sky.address, scenes=2, references=1)
        use(monkeypatch, Uhslc(address=gauges.address), radar)
        code, out = strandline(monkeypatch, capsys, "fetch", place, "--since", "2020-01-01", "--yes")
    assert code == 0, out
    assert "sentinel-1-rtc 3 about" in out  # as many and as large as those that come
    assert "chosen by the sea's level, once gauge or tide have come" in out
    stated = tomllib.loads(place.read_text())
    assert [f"{scene['time']:%Y-%m-%d}" for scene in stated["sar"]["scenes"]] == [days[1], days[3]]
    assert [name for name in stated["sar"]["reference"] if "20210611" in name]
    assert stated["tide_gauge"][0]["name"] == "Pier"


def test_what_tells_the_seas_level_is_asked_before_what_is_chosen_by_it() -> None:
    kinds = [source.kind for source in registry.SOURCES]
    last = max(number for number, kind in enumerate(kinds) if kind in TELL_SEA_LEVEL)
    assert all(number > last for number, kind in enumerate(kinds) if kind in CHOSEN_BY_SEA_LEVEL)


def test_the_sources_are_listed_with_licence_and_needs(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    use(monkeypatch, TestSource(), TestSource("closed", "radar", needs="login"))
    code, out = strandline(monkeypatch, capsys, "fetch", "--list")
    assert code == 0, out
    assert "made-up terrain nothing CC-BY-4.0 closed radar login CC-BY-4.0" in out
    code, out = strandline(monkeypatch, capsys, "fetch", "--list", "--json")
    assert [each["name"] for each in json.loads(out)] == ["made-up", "closed"]


def test_a_source_that_is_asked_by_its_name_is_listed_as_such(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    use(monkeypatch, TestSource("glofas", "river"))
    assert "glofas river its name" in strandline(monkeypatch, capsys, "fetch", "--list")[1]


def test_a_mirror_is_asked_in_place_of_a_source(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    use(monkeypatch, TestSource(section=terrain_section))
    mirrors = place.with_name("mirrors.toml")
    mirrors.write_text(f'made-up = "{server.url}"\n')
    code, _ = strandline(monkeypatch, capsys, "fetch", place, "--yes", "--mirrors", mirrors)
    assert (code, len(server.requests)) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "terain"], "'terain' is no source; known:"),
        (["--max-cloud", "130"], "130 is no share; give 0 to 100"),
        (["--budget-mb", "0"], "give a size above 0"),
        (["--since", "yesterday"], "yesterday"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, arguments: list[str], message: str
) -> None:
    code, out = strandline(monkeypatch, capsys, "fetch", place, *arguments)
    assert code == 2
    assert message in out
    assert not (place.parent / "fetched").exists()
