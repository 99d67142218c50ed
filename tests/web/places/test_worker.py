"""The program of a job, called in this process: a fetch from a server of this machine."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from strandline.observations.fetch import registry
from strandline.web.places.place_folder import PlaceFolder, open_places
from strandline.web.places.worker import do
from tests.fixtures.file_server import FileServer, file_server
from tests.fixtures.sources import TestSource, terrain_section

REGION = '[region]\nname = "Koyra"\ncrs = "EPSG:32645"\nbounds = [726000.0, 2456000.0, 756000.0, 2486000.0]\n'


@pytest.fixture
def server(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with file_server(b"II*\0" + bytes(996)) as running:
        source = TestSource(address=running.url, section=terrain_section, notes=("A surface model.",))
        monkeypatch.setattr(registry, "SOURCES", (source,))
        yield running


def done(place: PlaceFolder, kind: str, **more: object) -> list[Any]:
    job = {"kind": kind, "region_file": str(place.region_file("koyra")), "sources": [], "budget_mb": None, **more}
    reported = StringIO()
    do(job, reported)
    return [json.loads(line) for line in reported.getvalue().splitlines()]


@pytest.mark.slow
def test_a_look_downloads_nothing_and_a_fetch_completes_the_region_file(server: FileServer, tmp_path: Path) -> None:
    place = open_places(tmp_path).create("Koyra", REGION)
    kind, found = done(place, "look")[-1]
    assert kind == "done"
    (offer,) = found["offers"]
    assert (offer["source"], offer["files"], offer["bytes"], offer["licence"]) == ("made-up", 1, 1000, "CC-BY-4.0")
    assert not list(place.folder.rglob("*.tif"))
    *_, (kind, fetched) = done(place, "fetch", sources=["made-up"])
    assert (kind, fetched["came"], fetched["added"]) == ("done", 1, ["terrain"])
    assert "fetched/terrain/a.tif" in place.region_file("koyra").read_text()
    assert done(place, "look")[-1][1]["offers"][0]["there"] == 1


def test_what_is_refused_is_told_without_paths_of_this_machine(tmp_path: Path) -> None:
    place = open_places(tmp_path).create("Koyra", REGION)
    (kind, fault) = done(place, "fetch", sources=["nowhere"])[-1]
    assert kind == "failed"
    assert fault["what"]
    assert str(tmp_path) not in json.dumps(fault)
    place.region_file("koyra").write_text('[terrain]\npath = "../../dem.tif"\n')
    (kind, fault) = done(place, "check")[-1]
    assert (kind, "leads out of the place's folder" in fault["what"]) == ("failed", True)
