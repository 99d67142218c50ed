"""`strandline fetch` as a user meets it: sizes first, nothing unasked, a table at the end, exit codes."""

import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from strandline.observations.fetch import registry
from strandline.observations.fetch.source import Source
from tests.cli.test_main import strandline
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
    assert code == 0
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
    assert code == 0
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


def test_the_sources_are_listed_with_licence_and_needs(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    use(monkeypatch, TestSource(), TestSource("closed", "radar", needs="login"))
    code, out = strandline(monkeypatch, capsys, "fetch", "--list")
    assert code == 0
    assert "made-up terrain nothing CC-BY-4.0 closed radar login CC-BY-4.0" in out
    code, out = strandline(monkeypatch, capsys, "fetch", "--list", "--json")
    assert [each["name"] for each in json.loads(out)] == ["made-up", "closed"]


def test_a_source_that_no_run_reads_yet_is_listed_as_such(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    use(monkeypatch, TestSource("glofas", "river"))
    assert "glofas river its name; not read by a run yet" in strandline(monkeypatch, capsys, "fetch", "--list")[1]


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
