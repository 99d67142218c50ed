"""A file that hangs, crashes, floods or never ends costs its own stream one step, and is not tried at every hour."""

import gzip
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from strandline.errors import FeedError, InputError
from strandline.observations.readers.formats.reading_process import FileDefeatsReader, ReadingLimits, ReadingProcess
from strandline.observations.region_file.data_sections import GaugeFileSection
from strandline.observations.region_file.watch.feed_sections import ForecastStreamSection
from strandline.watch.agent import poll_feeds
from strandline.watch.feeds.client import FeedClient, RetryPolicy
from strandline.watch.feeds.files.forecasts import ForecastFolder
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.files.growing_file import GrowingFile
from strandline.watch.feeds.files.quarantine import Quarantine
from strandline.watch.feeds.replay import Replay
from strandline.watch.feeds.windowing import MOST_READINGS, available_readings
from tests.fixtures import hostile_files as hostile
from tests.fixtures.hostile_services import EXPECTED
from tests.watch.feeds.test_folders import HOUR, ISSUED, NOW, by_valid_time
from tests.watch.feeds.test_folders import folder as forecasts_in
from tests.watch.feeds.test_quality_control import gauge

pytestmark = pytest.mark.slow

T = TypeVar("T")
LIMITS = ReadingLimits(seconds=2.0, seconds_per_gigabyte=0.0, megabytes=200)
ONCE = RetryPolicy(timeout=6.0, attempts=1)


@pytest.fixture(scope="module")
def reader() -> Iterator[ReadingProcess]:
    with ReadingProcess(LIMITS) as running:
        yield running


@pytest.fixture
def process(reader: ReadingProcess, tmp_path_factory: pytest.TempPathFactory) -> ReadingProcess:
    """A process that has read a file before: the first one costs the import of its library."""
    path = tmp_path_factory.mktemp("sound") / "sound.nc"
    path.write_bytes(hostile.forecast_bytes())
    reader.limits = replace(LIMITS, seconds=30.0)
    reader([path], partial(hostile.read_and_close, path))
    reader.limits = LIMITS
    return reader


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def files(process: ReadingProcess, tmp_path: Path) -> ForeignFiles:
    return ForeignFiles(process, Quarantine(tmp_path / "quarantine.json", Clock()))


def folder(path: Path, files: ForeignFiles) -> ForecastFolder:
    path.mkdir(exist_ok=True)
    return replace(forecasts_in(path), files=files)


def growing(path: Path, files: ForeignFiles, **stated: object) -> GrowingFile:
    form = {
        "name": "Pier", "paths": str(path), "format": "wide", "columns": {"time": "time", "level": "level"},
        "unit": "m", "time_zone": "UTC", "vertical_datum": "region",
    }  # fmt: skip
    section = GaugeFileSection.model_validate(form | stated)
    return GrowingFile("Pier", section, clock=lambda: NOW, files=files)


def poll(feed: ForecastFolder | GrowingFile, files: ForeignFiles) -> tuple[int, str, str, float]:
    """Readings, condition and note of a poll, and its time [s]."""
    begin = time.perf_counter()
    result = FeedClient(feed, EXPECTED, retry_policy=ONCE, quarantine=files.quarantine).poll(NOW - HOUR, NOW)
    return len(result.readings), result.health.condition, result.health.note, time.perf_counter() - begin


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless_link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def four_gigabytes(path: Path) -> None:
    hostile.sparse_file(path, 4 << 30)
    with path.open("r+b") as file:
        file.write(b"\x89HDF\r\n\x1a\n")


def a_folder(path: Path) -> None:
    path.mkdir()


def a_loop(path: Path) -> None:
    path.symlink_to(path)


def hanging(path: Path) -> None:
    hostile.hanging_netcdf(path)


WRONG = [
    (pipe, "bad.nc is a pipe; give a regular file"),
    (endless_link, "bad.nc is a device; give a regular file"),
    (four_gigabytes, "bad.nc holds 4,295 MB; more than 1,074 MB is not read"),
    (a_folder, "bad.nc is a folder"),
    (hanging, "bad.nc was not read within 2 s; it is damaged or too large: replace it, or remove it"),
]


@pytest.mark.parametrize(("write", "note"), WRONG)
def test_a_bad_forecast_is_named_and_the_good_ones_are_read(
    tmp_path: Path, files: ForeignFiles, write: Callable[[Path], None], note: str
) -> None:
    feed = folder(tmp_path / "in", files)
    write(tmp_path / "in" / "bad.nc")
    by_valid_time(tmp_path / "in" / "good.nc")
    count, condition, noted, seconds = poll(feed, files)
    assert (count, condition) == (5, "silent")  # issued eight hours ago
    assert noted.startswith("A file is left out: " + note)
    assert "It is tried again when it changes" in noted
    assert seconds < 5.0


@pytest.mark.parametrize(("write", "note"), [*WRONG, (a_loop, "cannot be read")])
@pytest.mark.parametrize("form", ["netcdf", "wide"])
def test_a_bad_gauge_file_is_named(
    tmp_path: Path, files: ForeignFiles, write: Callable[[Path], None], note: str, form: str
) -> None:
    write(tmp_path / "bad.nc")
    count, condition, noted, seconds = poll(growing(tmp_path / "bad.nc", files, format=form), files)
    assert (count, condition) == (0, "failing")
    assert noted.startswith(f"Polling failed: stream 'Pier': {tmp_path / 'bad.nc'}")
    if form == "netcdf":
        assert note.split(";")[0].removeprefix("bad.nc ") in noted
    assert seconds < 5.0


def test_a_table_that_unpacks_without_end_is_refused(tmp_path: Path, files: ForeignFiles) -> None:
    path = tmp_path / "levels.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"time,level\n" + b"2022-11-21T12:00,0.5\n" * 3_500_000)
    assert path.stat().st_size < 2e6
    assert "levels.csv.gz: holds more than 67 MB" in poll(growing(path, files), files)[2]


def test_of_a_huge_text_file_only_the_end_is_read(tmp_path: Path, files: ForeignFiles) -> None:
    """A year of noise in front, in which no line ends, and a header of a gigabyte."""
    path = hostile.sparse_file(tmp_path / "levels.csv", 3 << 30)
    with path.open("ab") as file:
        file.write(b"\n" + b"".join(b"2022-11-%02dT00:00,0.5\n" % day for day in range(1, 22)))
    with path.open("r+b") as file:
        file.write(b"time,level\n")
    count, _, note, seconds = poll(growing(path, files), files)
    assert (count, note) == (3, "")  # three days and an hour
    assert seconds < 5.0
    hostile.sparse_file(path, 3 << 30)
    assert "levels.csv: its last 17 MB hold no complete row" in poll(growing(path, files), files)[2]


def test_a_file_that_floods_memory_or_dies_is_named(tmp_path: Path, files: ForeignFiles) -> None:
    path = tmp_path / "model.nc"
    path.write_bytes(hostile.forecast_bytes())
    for read, what in (
        (hostile.take_all_memory, "needs more than 200 MB of memory to be read"),
        (partial(hostile.kill_itself, signal.SIGKILL), "crashes its reader (SIGKILL)"),
    ):
        with pytest.raises(InputError, match=r"model\.nc"):
            files.read_or_refuse("model", path, lambda path, read=read: files.read(path, read))  # type: ignore[misc]
        assert f"model.nc {what}" in files.quarantine.note("model")
        path.touch()


def test_the_other_streams_go_on_beside_hanging_files_and_the_step_ends_in_time(
    tmp_path: Path, files: ForeignFiles
) -> None:
    """Of eight files that hang for 2 s each, a step reads two at most; the good one comes first, the rest wait."""
    files, patient = replace(files, begin_within=3.5), RetryPolicy(timeout=14.0, attempts=1)  # all eight need 16 s
    feed = folder(tmp_path / "in", files)
    for number in range(8):
        hostile.hanging_netcdf(tmp_path / "in" / f"{number}.nc")
    by_valid_time(tmp_path / "in" / "9.nc", ISSUED)
    neighbour = Replay.of("Pier", gauge().readings, timedelta(days=322))
    clients = [
        FeedClient(feed, EXPECTED, retry_policy=patient, quarantine=files.quarantine),
        FeedClient(neighbour, EXPECTED, retry_policy=patient),
    ]
    begin = time.perf_counter()
    readings, health = poll_feeds(clients, [], NOW - 72 * HOUR, NOW)
    assert time.perf_counter() - begin < patient.timeout
    assert [reading.stream for reading in readings[:5]] == ["model"] * 5
    assert {reading.stream for reading in readings[5:]} == {"Pier"}
    assert "was not read within 2 s" in health[0].note
    assert "files wait for the next step" in health[0].note


# --- quarantine ------------------------------------------------------------------------------------------------------


class Defeated:
    """An ``Executor`` that every file defeats until it is mended."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, paths: Sequence[Path], read: Callable[[], T]) -> T:
        self.calls += 1
        if hostile.is_hanging(paths[0]):
            raise FileDefeatsReader(paths[0], "was not read within 8 s", "replace it")
        return read()


def test_a_file_that_hung_is_tried_again_when_it_changes_or_after_a_pause_that_doubles(tmp_path: Path) -> None:
    clock, execute = Clock(), Defeated()
    feed = folder(tmp_path / "in", ForeignFiles(execute, Quarantine(None, clock)))
    path = hostile.hanging_netcdf(tmp_path / "in" / "model.nc")
    tried = []
    for hour in range(72):
        before = execute.calls
        with suppress(FeedError):
            feed.read(datetime.min, NOW)
        tried += [hour] * (execute.calls - before)
        clock.now += HOUR
    assert tried == [0, 2, 6, 14, 30, 54]
    by_valid_time(path)
    assert len(feed.read(datetime.min, NOW)) == 5
    assert feed.files.quarantine.note("model") == ""


def test_the_quarantine_outlives_a_restart(tmp_path: Path, files: ForeignFiles, process: ReadingProcess) -> None:
    feed = folder(tmp_path / "in", files)
    hostile.hanging_netcdf(tmp_path / "in" / "model.nc")
    with pytest.raises(FeedError, match=r"model\.nc: was not read within 2 s"):
        feed.read(datetime.min, NOW)
    kept = json.loads((tmp_path / "quarantine.json").read_text())
    assert [(each["stream"], each["what"]) for each in kept] == [("model", "was not read within 2 s")]
    restarted = ForeignFiles(process, Quarantine(tmp_path / "quarantine.json", files.quarantine._clock))
    begin = time.perf_counter()
    assert folder(tmp_path / "in", restarted).read(datetime.min, NOW) == []
    assert time.perf_counter() - begin < 0.5
    assert "model.nc was not read within 2 s" in restarted.quarantine.note("model")


@pytest.mark.parametrize("content", [b"", b"{}", b"[{}]", b"\xff\x00", b'[{"stream": 1}]'])
def test_a_damaged_quarantine_is_an_empty_one(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "quarantine.json").write_bytes(content)
    assert Quarantine(tmp_path / "quarantine.json").note("model") == ""
    assert "all files are tried again" in caplog.text


def test_a_quarantine_that_cannot_be_written_stops_no_stream(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "a.nc").write_text("")
    quarantine = Quarantine(tmp_path / "file" / "quarantine.json")
    quarantine.add("model", tmp_path / "a.nc", InputError("a.nc", "is empty", "send it again"))
    assert "is empty" in quarantine.note("model")
    assert "cannot be written" in caplog.text


def test_a_file_that_is_gone_or_old_is_forgotten(tmp_path: Path) -> None:
    clock = Clock()
    quarantine = Quarantine(None, clock)
    for name in ("a.nc", "b.nc", "c.nc"):
        (tmp_path / name).write_text(name)
        quarantine.add("model", tmp_path / name, InputError(name, "is no NetCDF", "send it again"))
    assert quarantine.note("model").startswith("3 files are left out; the newest: c.nc is no NetCDF")
    assert quarantine.note("other") == ""
    (tmp_path / "a.nc").unlink()
    clock.now += timedelta(days=11)
    quarantine.add("model", tmp_path / "b.nc", InputError("b.nc", "is no NetCDF", "send it again"))
    assert not quarantine.holds("model", tmp_path / "a.nc")
    assert not quarantine.holds("model", tmp_path / "c.nc")


def test_a_name_that_no_database_takes_reaches_neither_it_nor_the_log(
    tmp_path: Path, files: ForeignFiles, caplog: pytest.LogCaptureFixture
) -> None:
    feed = folder(tmp_path / "in", files)
    (tmp_path / "in" / os.fsdecode(b"\xff\x1b[2J.nc")).write_bytes(b"nonsense")
    note = poll(feed, files)[2]
    assert "is not a NetCDF file" in note.encode("ascii", "replace").decode("ascii")
    note.encode("utf-8")
    assert note.isprintable()
    assert caplog.messages
    assert all(each.isprintable() for each in caplog.messages)


# --- any bytes -------------------------------------------------------------------------------------------------------

FORECAST = hostile.forecast_bytes()
CHANGES = st.lists(st.tuples(st.integers(0, len(FORECAST) - 1), st.integers(0, 255)), min_size=1, max_size=20)


@st.composite
def changed_forecasts(draw: st.DrawFn) -> bytes:
    content = bytearray(FORECAST)
    for position, value in draw(CHANGES):
        content[position] = value
    return bytes(content[: draw(st.integers(1, len(content)) | st.just(len(content)))])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed_forecasts() | st.binary(max_size=60).map(lambda tail: b"CDF\x01" + tail))
@example(FORECAST)
def test_any_bytes_as_a_forecast_give_readings_or_a_feed_error(
    tmp_path: Path, process: ReadingProcess, content: bytes
) -> None:
    files = ForeignFiles(process)
    path = tmp_path / "any.nc"
    path.write_bytes(content)
    keys = {"kind": "forecast", "name": "model", "variable": "surge_forecast", "level": "surge"}
    schedule = {"interval_hours": 1.0, "delay_hours": 0.25, "silent_after_hours": 6.0}
    section = ForecastStreamSection.model_validate(keys | schedule | {"folder": str(tmp_path), "pattern": "any.nc"})
    feed = ForecastFolder(section, files=files)
    count, condition, note, seconds = poll(feed, files)
    assert seconds < 5.0
    assert "could not be" not in note
    assert count or condition in ("failing", "silent")
    if content == FORECAST:
        assert count == 5


TEXTS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.tuples(
            st.sampled_from(["2022-11-21T10:00", "2022-11-21T19:00Z", "0001-01-01", "9999-12-31", "99999-01-01", ""]),
            st.sampled_from(["0.5", "nan", "inf", "1e999", "-", "１", "0x10", ""]) | st.floats().map(str),
        ).map(lambda row: ",".join(row).encode()),
    ),
    max_size=8,
).map(lambda lines: b"time,level\n" + b"\n".join(lines) + b"\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS | st.binary(max_size=60), st.sampled_from(["levels.csv", "levels.csv.gz"]), st.booleans())
def test_any_bytes_as_a_gauge_file_give_readings_or_a_feed_error(
    tmp_path: Path, content: bytes, name: str, is_packed: bool
) -> None:
    files = ForeignFiles()
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if is_packed else content)
    feed = growing(path, files)
    with suppress(FeedError):
        feed.read(NOW - HOUR, NOW)
    result = FeedClient(feed, EXPECTED, quarantine=files.quarantine).poll(NOW - HOUR, NOW)
    assert "could not be" not in result.health.note
    assert all(type(reading.time) is datetime for reading in result.readings)


def test_of_a_flood_of_readings_the_newest_are_used(caplog: pytest.LogCaptureFixture) -> None:
    count = MOST_READINGS + 1000
    time = np.datetime64(NOW, "us") - np.arange(count) * np.timedelta64(1, "ms")
    readings = available_readings("Pier", "water_level", time, np.zeros(count), NOW, NOW, 3 * HOUR, NOW)
    assert len(readings) == MOST_READINGS
    assert readings[-1].time == NOW
    assert "only the newest" in caplog.text
