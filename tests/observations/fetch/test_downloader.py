"""A service that is slow, busy, broken, moved or lying: the file comes whole, or the fault is named; never a part."""

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from strandline.errors import FeedError, InputError
from strandline.files import Unwritable
from strandline.observations.fetch.downloader import Downloader, DownloadLimits
from strandline.observations.fetch.transfer.http import NoAnswer
from tests.fixtures.file_server import (
    Fault,
    FileServer,
    Handler,
    busy,
    error,
    file_server,
    half,
    says,
    sends_to,
    silent,
    whole,
)

CONTENT = b"II*\0" + os.urandom(200_000)


@pytest.fixture
def server(socket_enabled: None) -> Iterator[FileServer]:
    with file_server(CONTENT) as running:
        yield running


@pytest.fixture
def web() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        yield client


def downloader(web: httpx.Client, pauses: list[float] | None = None, **limits: object) -> Downloader:
    taken = [] if pauses is None else pauses
    return Downloader("terrain", web, environment={}, limits=DownloadLimits(**limits), pause=taken.append)


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_as_it_is(server: FileServer, web: httpx.Client, tmp_path: Path) -> None:
    downloader(web).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert (tmp_path / "a.tif").read_bytes() == CONTENT
    assert left_over(tmp_path) == ["a.tif"]


@pytest.mark.parametrize(
    ("faults", "pauses"),
    [
        ([busy("7")], [7.0]),
        ([busy()], [1.0]),
        ([busy("7", status=503)], [7.0]),
        ([error(500), error(502)], [1.0, 2.0]),
        ([half], [1.0]),
        ([half, half, half], [1.0, 2.0, 4.0]),
        ([error(416)], [1.0]),
    ],
    ids=["429 with Retry-After", "429", "503 with Retry-After", "5xx", "cut short", "cut short thrice", "no range"],
)
def test_a_fault_that_passes_costs_a_pause_and_the_file_comes_whole(
    server: FileServer, web: httpx.Client, tmp_path: Path, faults: list[Fault], pauses: list[float]
) -> None:
    server.faults, taken = faults, []
    downloader(web, taken).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert (tmp_path / "a.tif").read_bytes() == CONTENT
    assert taken == pauses
    assert left_over(tmp_path) == ["a.tif"]


def test_a_file_that_was_cut_short_is_continued_by_range_not_begun_again(
    server: FileServer, web: httpx.Client, tmp_path: Path
) -> None:
    server.faults = [half]
    downloader(web).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    (_, first), (_, second) = server.requests
    assert "range" not in first
    assert second["range"] == f"bytes={len(CONTENT) // 2}-"
    assert second["if-range"] == '"one"'


def test_another_process_continues_what_one_left(server: FileServer, web: httpx.Client, tmp_path: Path) -> None:
    server.faults = [half]
    with pytest.raises(NoAnswer):
        downloader(web, attempts=1).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert not (tmp_path / "a.tif").exists()
    downloader(web).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert server.requests[1][1]["range"] == f"bytes={len(CONTENT) // 2}-"
    assert (tmp_path / "a.tif").read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_not_glued_to_the_old_half(
    server: FileServer, web: httpx.Client, tmp_path: Path
) -> None:
    server.faults = [half]
    with pytest.raises(NoAnswer):
        downloader(web, attempts=1).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    server.content, server.etag = b"II*\0" + b"new" * 50_000, '"two"'
    downloader(web).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert (tmp_path / "a.tif").read_bytes() == server.content


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (error(404), "127.0.0.1 answers 404 Not Found"),
        (error(403), "127.0.0.1 answers 403"),
        (says(b"<html>please log in", "text/html; charset=utf-8"), r"a web page \(text/html\), no GeoTIFF"),
        (says(b'{"error": "quota"}', "application/json"), r"a message \(application/json\), no GeoTIFF"),
        (says(b"<html>please log in", "image/tiff"), "the file is '<html>please log in', no GeoTIFF"),
        (says(b"CDF\1 something", "application/octet-stream"), "the file is NetCDF, no GeoTIFF"),
        (says(b"", "image/tiff"), "answers with an empty file"),
        (sends_to("http://elsewhere.example/a.tif"), "sends to another host, elsewhere.example"),
        (sends_to("http://[::1"), "gives no answer"),
    ],
)
def test_what_is_no_such_file_is_named_and_nothing_of_it_is_kept(
    server: FileServer, web: httpx.Client, tmp_path: Path, fault: Fault, message: str
) -> None:
    server.faults = [fault] * 5
    with pytest.raises(FeedError, match=message):
        downloader(web).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert left_over(tmp_path) == []


def test_a_redirect_is_followed_on_the_same_host_and_to_one_that_the_source_names_without_its_key(
    server: FileServer, web: httpx.Client, tmp_path: Path
) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    server.faults = [sends_to("/new.tif"), sends_to(f"{elsewhere}/far.tif")]
    ask = downloader(web)
    ask.download(
        f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF", headers={"X-Key": "hush"}, hosts=frozenset({"localhost"})
    )
    assert [(path, headers.get("x-key")) for path, headers in server.requests] == [
        ("/a.tif", "hush"), ("/new.tif", "hush"), ("/far.tif", None),
    ]  # fmt: skip


def test_a_circle_of_redirects_ends(server: FileServer, web: httpx.Client, tmp_path: Path) -> None:
    server.faults = [sends_to("/again")] * 50
    with pytest.raises(FeedError, match="redirects in circles"):
        downloader(web).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert len(server.requests) == 6


def test_an_expired_signature_is_renewed_for_the_next_attempt(
    server: FileServer, web: httpx.Client, tmp_path: Path
) -> None:
    server.faults = [half, error(403)]
    numbers = iter(range(10))
    downloader(web).download(lambda: f"{server.url}/a.tif?sig={next(numbers)}", tmp_path / "a.tif", "GeoTIFF")
    assert [path for path, _ in server.requests] == ["/a.tif?sig=0", "/a.tif?sig=1", "/a.tif?sig=2"]
    assert (tmp_path / "a.tif").read_bytes() == CONTENT


def test_an_error_shows_no_signature_and_no_key(server: FileServer, web: httpx.Client, tmp_path: Path) -> None:
    for fault in (error(404), error(500), sends_to("http://x.example/?sig=hush"), error(403), half):
        server.faults = [fault] * 5
        with pytest.raises(FeedError) as caught:
            downloader(web, attempts=2).download(
                lambda: f"{server.url}/a.tif?sig=hush", tmp_path / "a.tif", "GeoTIFF", headers={"X-Key": "hush"}
            )
        assert "hush" not in str(caught.value)


def test_a_service_that_asks_for_an_hour_is_given_up_at_once(
    server: FileServer, web: httpx.Client, tmp_path: Path
) -> None:
    server.faults, taken = [busy("3600")], []
    with pytest.raises(NoAnswer, match="answers 429 Too Many Requests; try again in 3,600 s"):
        downloader(web, taken).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert taken == []


def test_a_pause_until_a_date_counts_by_the_clock_of_the_service_not_by_ours(
    server: FileServer, web: httpx.Client, tmp_path: Path
) -> None:
    """A laptop's clock may be years off, or jump."""
    server.faults = [busy("Thu, 01 Jan 1998 00:00:30 GMT", date="Thu, 01 Jan 1998 00:00:10 GMT")]
    taken: list[float] = []
    downloader(web, taken).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert taken == [20.0]


def test_a_silent_service_is_named_within_its_time(server: FileServer, tmp_path: Path) -> None:
    server.faults = [silent(0.5)] * 2
    with (
        httpx.Client(timeout=0.05, trust_env=False) as web,
        pytest.raises(NoAnswer, match=r"127\.0\.0\.1 gives no answer \(ReadTimeout\)"),
    ):
        downloader(web, attempts=2).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")


def test_without_a_net_a_service_is_tried_twice_and_no_more(
    socket_enabled: None, web: httpx.Client, tmp_path: Path
) -> None:
    with file_server(CONTENT) as gone:
        address = f"{gone.url}/a.tif"
    taken: list[float] = []
    with pytest.raises(NoAnswer, match=r"127\.0\.0\.1 gives no answer \(ConnectError\); is it up, and the net\?"):
        downloader(web, taken).download(address, tmp_path / "a.tif", "GeoTIFF")
    assert taken == [1.0]


def test_a_file_larger_than_its_limit_is_refused_before_and_while_it_comes(
    server: FileServer, web: httpx.Client, tmp_path: Path
) -> None:
    def unstated(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(CONTENT)
        handler.close_connection = True

    for fault in (whole, unstated):
        server.faults = [fault]
        with pytest.raises(FeedError, match="sends more than 0 MB; choose a smaller box or period"):
            downloader(web, size=1000).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
        assert left_over(tmp_path) == []


def test_a_full_disk_is_named_with_what_is_missing(
    server: FileServer, web: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(Unwritable, match=r"a\.tif: needs 0 MB, and 0 MB are free; free space"):
        downloader(web).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert left_over(tmp_path) == []


def test_a_disk_that_fills_up_meanwhile_is_named(server: FileServer, web: httpx.Client) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    to = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/tmp")
    to = to / f"strandline-full-{os.getpid()}.tif"
    part = to.with_name(f".part-{to.name}")
    part.symlink_to("/dev/full")
    try:
        with pytest.raises(Unwritable, match="cannot be written \\(No space left on device\\)"):
            downloader(web).download(f"{server.url}/a.tif", to, "GeoTIFF")
    finally:
        part.unlink(missing_ok=True)
        part.with_name(f"{part.name}.version").unlink(missing_ok=True)
    assert not to.exists()


def test_a_checksum_of_the_publisher_is_compared(server: FileServer, web: httpx.Client, tmp_path: Path) -> None:
    right = hashlib.sha256(CONTENT).hexdigest()
    downloader(web).download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF", sha256=right)
    with pytest.raises(FeedError, match=r"'b\.tif' has another checksum than its publisher states"):
        downloader(web).download(f"{server.url}/b.tif", tmp_path / "b.tif", "GeoTIFF", sha256="0" * 64)
    assert left_over(tmp_path) == ["a.tif"]


def test_progress_is_reported_and_counts_what_was_there(server: FileServer, web: httpx.Client, tmp_path: Path) -> None:
    server.faults, sizes = [half], []
    ask = Downloader("terrain", web, environment={}, pause=lambda seconds: None, progress=sizes.append)
    ask.download(f"{server.url}/a.tif", tmp_path / "a.tif", "GeoTIFF")
    assert sizes == sorted(sizes)
    assert sizes[-1] == len(CONTENT)


def test_a_catalogue_is_asked_again_while_it_is_busy(socket_enabled: None, web: httpx.Client) -> None:
    with file_server(b'{"features": []}', "application/json") as server:
        server.faults, taken = [busy("2"), error(503), silent(0.0)], []
        assert downloader(web, taken).json(f"{server.url}/search", {"bbox": "1,2,3,4"}) == {"features": []}
        assert taken == [2.0, 2.0, 4.0]
        assert downloader(web).post_json(f"{server.url}/search", {"limit": 1}) == {"features": []}
        assert downloader(web).post_form(f"{server.url}/api", {"data": "[out:json];"}) == '{"features": []}'
        assert server.bodies == [b'{"limit":1}', b"data=%5Bout%3Ajson%5D%3B"]
        server.faults = [says(b"<html>", "text/html")]
        with pytest.raises(FeedError, match=r"source 'terrain': .* which is no JSON"):
            downloader(web).json(f"{server.url}/search")


def test_a_key_that_is_not_set_is_asked_for(web: httpx.Client) -> None:
    ask = Downloader("terrain", web, environment={"SET": "hush", "EMPTY": " "})
    assert ask.key("SET", "get one") == "hush"
    for variable in ("EMPTY", "UNSET"):
        with pytest.raises(InputError, match=f"source 'terrain': the environment variable {variable} is not set; get"):
            ask.key(variable, "get one at example.org")
    assert threading.active_count() < 50
