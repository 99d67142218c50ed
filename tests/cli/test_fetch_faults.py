"""The table of faults, through the commands: what is said, with which exit code, and nothing half-written is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from strandline.observations.fetch import downloader, registry
from strandline.observations.fetch.cache import open_cache, read_manifest
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import CachedFile, PlannedFile, cached
from strandline.observations.fetch.sources.rasters.radar_scenes import SENTINEL_1_RTC
from tests.cli.test_fetch import REGION
from tests.cli.test_main import strandline
from tests.fixtures import raster_services
from tests.fixtures.file_server import (
    Fault,
    FileServer,
    busy,
    error,
    file_server,
    half,
    says,
    sends_to,
    silent,
)
from tests.fixtures.region_files import write_terrain
from tests.fixtures.sources import TestSource, terrain_section

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]
CONTENT = b"II*\0" + bytes(996)


@dataclass(frozen=True)
class SignedSource(TestSource):
    """A source that signs its address anew for each attempt."""

    __test__ = False

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        client.download(lambda: f"{planned.url}?sig=hush", to, "GeoTIFF")
        return cached(self, planned, to, self.section(planned))


@pytest.fixture
def pauses(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited; nobody waits."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    noted: list[float] = []
    monkeypatch.setitem(Downloader.__init__.__kwdefaults__, "pause", noted.append)
    monkeypatch.setattr(downloader, "TIMEOUT", httpx.Timeout(0.15))
    return noted


@pytest.fixture
def server(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with file_server(CONTENT) as running:
        use(monkeypatch, TestSource(address=running.url, section=terrain_section))
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "koyra.toml"
    path.write_text(REGION)
    return path


def use(monkeypatch: pytest.MonkeyPatch, source: TestSource) -> None:
    monkeypatch.setattr(registry, "SOURCES", (source,))


PASSING: dict[str, list[Fault]] = {
    "429 with Retry-After": [busy("7")],
    "503": [error(503)],
    "timeout": [silent(0.3)],
    "truncated body": [half],
}
LASTING: dict[str, tuple[list[Fault], int, str]] = {
    "429 for an hour": ([busy("3600")], 75, "answers 429 Too Many Requests; try again in 3,600 s"),
    "503 five times": ([error(503)] * 5, 75, "answers 503 Service Unavailable; try again later"),
    "timeout": ([silent(0.3)] * 5, 75, "gives no answer (ReadTimeout)"),
    "truncated body": ([half] * 5, 75, "gives no answer"),
    "wrong content type": ([says(b"<html>", "text/html")], 2, "answers with a web page (text/html), no GeoTIFF"),
    "another content than its type": ([says(b"<html>", "image/tiff")], 2, "no GeoTIFF"),
    "empty answer": ([says(b"", "image/tiff")], 2, "answers with an empty file"),
    "moved endpoint": ([sends_to("http://elsewhere.example/a.tif")], 2, "sends to another host, elsewhere.example"),
    "gone": ([error(404)], 2, "answers 404 Not Found"),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_a_pause(
    fault: str, server: FileServer, place: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    server.faults = list(PASSING[fault])
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert code == 0, out
    assert pauses == [7.0 if "Retry-After" in fault else 1.0]
    assert (place.parent / "fetched/terrain/a.tif").read_bytes() == CONTENT


@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_lasts_is_named_and_nothing_half_written_counts_as_fetched(
    fault: str, server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    server.faults, expected, words = list(LASTING[fault][0]), *LASTING[fault][1:]
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert (code, words in out) == (expected, True), out
    assert not (place.parent / "fetched/terrain/a.tif").exists()
    assert read_manifest(place.parent) == {}
    assert place.read_text() == REGION


@pytest.mark.parametrize(("times", "expected"), [(1, 0), (5, 75)])
def test_a_signature_that_ran_out_is_renewed_and_never_shown(
    times: int, expected: int, server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    use(monkeypatch, SignedSource(address=server.url))
    server.faults = [error(403)] * times
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert (code, "refuses the signed address" in out) == (expected, expected == 75), out
    assert "hush" not in out
    assert "hush" not in "".join(path.read_text() for path in place.parent.rglob("*.json"))


def test_a_full_disk_a_second_fetch_and_a_poisoned_file_are_named(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 0}))
        code, out = strandline(full, capsys, "fetch", place, "--yes")
    assert (code, "MB are free; free space" in out) == (2, True), out
    with open_cache(place.parent):
        code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert (code, "another fetch fills it; wait for its end" in out) == (75, True), out
    assert strandline(monkeypatch, capsys, "fetch", place, "--yes")[0] == 0
    (place.parent / "fetched/terrain/a.tif").write_bytes(CONTENT[:-1] + b"\1")
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert (code, "was not what had been fetched any more" in out) == (0, True), out


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (["179.5", "-17", "-179.5", "-16"], "crosses the antimeridian"),
        (["80", "10", "95", "25"], "at most 40,000 km2 are fetched at once"),
    ],
)
def test_a_box_over_the_antimeridian_and_a_huge_one_are_refused_by_new(
    box: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, out = strandline(monkeypatch, capsys, "new", "--bbox", *box, "--out", tmp_path / "x.toml")
    assert (code, words in out, (tmp_path / "x.toml").exists()) == (2, True, False), out


@pytest.mark.parametrize(
    ("crs", "bounds", "words"),
    [
        ("EPSG:32601", "[400000.0, 8100000.0, 900000.0, 8130000.0]", "crosses the antimeridian"),
        ("EPSG:32645", "[200000.0, 2200000.0, 800000.0, 2800000.0]", "at most 40,000 km2 are fetched at once"),
    ],
)
def test_a_region_file_with_such_a_box_is_refused_by_fetch(
    crs: str, bounds: str, words: str, server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:  # fmt: skip
    place.write_text(f'[region]\nname = "x"\ncrs = "{crs}"\nbounds = {bounds}\n')
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert (code, words in out, server.requests) == (2, True, []), out


def test_an_inland_box_is_no_error_where_nothing_is_there_and_refused_where_its_terrain_shows_it(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    use(monkeypatch, TestSource("pier", "gauge", address=server.url, names=()))
    code, out = strandline(monkeypatch, capsys, "fetch", place, "--yes")
    assert (code, "pier has nothing to use here" in out) == (0, True), out
    assert place.read_text() == REGION
    hills = hills_over_a_box(place.parent / "hills.tif")
    code, out = strandline(
        monkeypatch, capsys, "new", "--near", "45.15, 15.01", "--size", 1.5, "--out", place.parent / "new.toml",
        "--terrain", hills,
    )  # fmt: skip
    assert (code, "lies inland or high: its lowest ground is 60 m" in out) == (2, True), out


def hills_over_a_box(path: Path) -> Path:
    write_terrain(path, np.full((16, 16), 60.0))
    return path


@pytest.mark.parametrize("ahead", [timedelta(hours=-2), timedelta(hours=30)])
def test_a_clock_that_jumped_costs_questions_and_no_scene(
    ahead: timedelta, socket_enabled: None, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """A signature that seems to have run out when it comes, or to last for a day, by this machine's clock."""
    pytest.importorskip("odc.stac", reason="the extra 'fetch' is not installed")
    place.write_text(REGION.replace("[726000.0, 2456000.0, 756000.0, 2486000.0]", "[758000, 2479100, 760000, 2480500]"))
    power = raster_services.utm_raster({"sea": 0.01, "land": 0.08}, 20.0, "float32", -32768.0)
    scene = raster_services.item("a", "sentinel-1-rtc", "2021-01-05T12:00:00Z", {"vv": "vv.tif"}, platform="A")
    sky = raster_services.Sky(files={"vv.tif": power}, collections={"sentinel-1-rtc": [scene]}, expires=ahead)
    sky.issued = ["sig=old", raster_services.SIGNATURE] if ahead > timedelta() else [raster_services.SIGNATURE]
    with raster_services.serving(sky):
        monkeypatch.setattr(registry, "SOURCES", (replace(SENTINEL_1_RTC, address=sky.address),))
        words = ("--since", "2020-01-01", "--only", "radar", "--yes")
        code, out = strandline(monkeypatch, capsys, "fetch", place, *words)
    assert code == 0, out
    assert [name for name in read_manifest(place.parent) if "20210105" in name]
