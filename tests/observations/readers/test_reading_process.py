"""A file that hangs, crashes or floods its reader costs a process, and no more than the time it was given."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.observations.readers.formats.fields import open_fields
from strandline.observations.readers.formats.rasters import NoCoverage
from strandline.observations.readers.formats.reading_process import (
    FileDefeatsReader,
    ReaderUnavailable,
    ReadingLimits,
    ReadingProcess,
    in_this_process,
    reading_process,
)
from tests.fixtures import hostile_files as hostile

pytestmark = pytest.mark.slow

PATHS = [Path("model.nc")]
LIMITS = ReadingLimits(seconds=0.8, seconds_per_gigabyte=0.0, megabytes=200)


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    with ReadingProcess(LIMITS) as running:
        yield running


def refuse(kind: type[InputError]) -> None:
    logging.getLogger("strandline.reader").warning("two rows were dropped")
    raise kind("dem.tif", "covers nothing", "move it")


def open_and_close(path: Path) -> None:
    open_fields(path).close()


def test_a_result_and_a_refusal_pass_through(process: ReadingProcess, caplog: pytest.LogCaptureFixture) -> None:
    assert process(PATHS, partial(divmod, 7, 2)) == (3, 1)
    with pytest.raises(NoCoverage, match=r"dem\.tif: covers nothing; move it"):
        process(PATHS, partial(refuse, NoCoverage))
    assert "two rows were dropped" in caplog.text
    assert in_this_process(PATHS, partial(divmod, 7, 2)) == (3, 1)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (hostile.sleep_for_ever, "was not read within 1 s"),
        (hostile.hold_the_interpreter, "was not read within 1 s"),
        (hostile.take_all_memory, "needs more than 200 MB of memory"),
        (hostile.wrap_missing_memory, "needs more than 200 MB of memory"),
        (partial(hostile.kill_itself, signal.SIGSEGV), "crashes its reader (SIGSEGV)"),
        (partial(hostile.kill_itself, signal.SIGKILL), "crashes its reader (SIGKILL)"),
        (partial(hostile.kill_itself, signal.SIGSTOP), "was not read within 1 s"),
        (os.abort, "crashes its reader (SIGABRT)"),
        (partial(os._exit, 3), "crashes its reader (exit status 3)"),
        (hostile.answer_nonsense, "makes its reader answer nonsense"),
    ],
)
def test_a_file_that_defeats_its_reader_is_named_in_time_and_the_next_is_read(
    process: ReadingProcess, read: Callable[[], object], message: str
) -> None:
    process(PATHS, int)  # started
    start = time.perf_counter()
    with pytest.raises(FileDefeatsReader) as refused:
        process(PATHS, read)
    assert str(refused.value).startswith("model.nc: " + message)
    assert process(PATHS, int) == 0
    assert time.perf_counter() - start < 8.0  # seconds; on a busy machine


def test_a_netcdf_with_one_byte_changed_cannot_hold_the_interpreter(process: ReadingProcess, tmp_path: Path) -> None:
    path = hostile.hanging_netcdf(tmp_path / "model.nc")
    beats = []
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(0.02):
            beats.append(time.perf_counter())

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    process(PATHS, int)
    start = time.perf_counter()
    with pytest.raises(InputError, match=r"model\.nc: (was not read within 1 s|cannot be read)"):
        process([path], partial(open_and_close, path))
    assert time.perf_counter() - start < 6.0
    stop.set()
    heart.join()
    gaps = [late - early for early, late in pairwise(beats) if late > start]
    assert max(gaps) < 0.5  # in this process HDF5 would let no other thread run


def test_an_unexpected_error_is_a_refusal_and_is_logged_with_its_place(
    process: ReadingProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InputError, match=r"model\.nc: cannot be read \(KeyError: 'units'\)"):
        process(PATHS, hostile.raise_unexpectedly)
    assert "raise_unexpectedly" in caplog.text
    with pytest.raises(InputError, match="cannot be read"):
        process(PATHS, hostile.return_what_cannot_be_sent)
    assert process(PATHS, int) == 0


def test_a_process_that_died_meanwhile_is_replaced(process: ReadingProcess) -> None:
    first = process(PATHS, os.getpid)
    os.kill(first, signal.SIGKILL)
    assert process(PATHS, os.getpid) != first


def test_the_process_is_a_program_of_its_own_with_the_threads_of_this_one(
    process: ReadingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    process.close()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert process(PATHS, partial(hostile.environment, "OMP_NUM_THREADS")) == "3"
    assert process(PATHS, os.getppid) == os.getpid()
    assert process(PATHS, threading.active_count) == 1
    process.close()


def test_several_threads_share_one_process(process: ReadingProcess) -> None:
    results: list[tuple[int, int]] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(process(PATHS, partial(divmod, n, 7))))  # type: ignore[misc]
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(divmod(n, 7) for n in range(12))


def test_an_interrupt_leaves_no_answer_behind_for_the_next_file(process: ReadingProcess) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    process(PATHS, int)
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            process(PATHS, partial(time.sleep, 0.6))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert process(PATHS, partial(divmod, 7, 2)) == (3, 1)


def test_the_process_ends_with_a_parent_that_was_killed() -> None:
    program = (
        "import os, sys; from pathlib import Path; from functools import partial\n"
        "from strandline.observations.readers.formats.reading_process import ReadingProcess, ReadingLimits\n"
        "from tests.fixtures import hostile_files as hostile\n"
        "process = ReadingProcess(ReadingLimits(0.8, 0.0, 200))\n"
        "print(process([], os.getpid), flush=True)\n"
        "process([], hostile.sleep_for_ever)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    end = time.monotonic() + 10.0
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < end, "the process outlives its parent"
        time.sleep(0.05)


def test_a_process_that_does_not_start_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ReaderUnavailable, match="does not start"):
        ReadingProcess(LIMITS)(PATHS, int)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ReaderUnavailable, match="cannot be started"):
        ReadingProcess(LIMITS)(PATHS, int)


def test_a_large_file_is_given_more_time(tmp_path: Path) -> None:
    large = hostile.sparse_file(tmp_path / "era5.nc", 3 << 30)
    limits = reading_process().limits
    assert limits.seconds_for([tmp_path / "gone.nc"]) == 60.0
    assert limits.seconds_for([large]) == pytest.approx(60.0 + 5000.0 * large.stat().st_size / 1e9)
    assert limits.seconds_for([tmp_path]) == limits.seconds_for([large])
    assert reading_process() is reading_process()


def test_an_idle_process_ends_and_the_next_call_starts_another() -> None:
    with ReadingProcess(LIMITS, idle_seconds=0.1) as process:
        first = process(PATHS, os.getpid)
        time.sleep(0.6)
        assert process(PATHS, os.getpid) != first


def test_a_result_that_would_flood_this_process_stays_in_the_other() -> None:
    with (
        ReadingProcess(ReadingLimits(0.8, 0.0, 200, answer_megabytes=1)) as process,
        pytest.raises(FileDefeatsReader, match="holds more than 1 MB of values"),
    ):
        process(PATHS, partial(bytes, 3_000_000))
