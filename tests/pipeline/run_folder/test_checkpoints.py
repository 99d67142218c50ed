"""Files that appear whole or not at all, and stages that outlive a kill, a full disk and a damaged file."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.files import write_atomically, write_bytes, write_text
from strandline.pipeline.run_folder.checkpoints import Checkpoints, job_key

pytestmark = pytest.mark.slow

JOB = "delta, seed 1"


def test_a_text_is_written_whole_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "plan.md"
    write_text(path, "água")
    write_text(path, "água 2")
    assert path.read_text(encoding="utf-8") == "água 2"
    assert [file.name for file in path.parent.iterdir()] == ["plan.md"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("a bug")])
def test_what_breaks_while_writing_leaves_the_old_file_and_no_other(tmp_path: Path, error: Exception) -> None:
    path = tmp_path / "surge.csv"
    write_text(path, "old")
    expected = InputError if isinstance(error, OSError) else RuntimeError

    def write_half() -> None:
        with write_atomically(path) as partial:
            partial.write_text("half of the n")
            raise error

    with pytest.raises(expected) as caught:
        write_half()
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["surge.csv"]
    if expected is InputError:
        assert str(caught.value) == (
            f"{path}: cannot be written (No space left on device); free space or choose another folder, then resume"
        )


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"out/report.html: cannot be written \((File exists|Not a directory)\)"):
        write_text(tmp_path / "out" / "report.html", "page")
    with pytest.raises(InputError, match="cannot be written"):
        Checkpoints(tmp_path / "out" / ".unfinished", JOB, resume=False)
    with pytest.raises(InputError, match="cannot be written"):
        Checkpoints(tmp_path / "out" / ".unfinished", JOB, resume=True)


def test_a_full_disk_is_told_by_a_device_that_is_full() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    with pytest.raises(OSError, match="No space left"), full.open("wb", buffering=0) as file:
        file.write(b"x")


def count(calls: list[str], name: str) -> str:
    calls.append(name)
    return f"result of {name}"


def test_a_finished_stage_is_read_back_and_the_next_one_is_made(tmp_path: Path) -> None:
    calls: list[str] = []
    first = Checkpoints(tmp_path / ".unfinished", JOB, resume=False)
    assert first.stage("observe", lambda: count(calls, "observe")) == "result of observe"
    again = Checkpoints(tmp_path / ".unfinished", JOB, resume=True)
    assert again.stage("observe", lambda: count(calls, "observe")) == "result of observe"
    assert again.stage("distil", lambda: count(calls, "distil")) == "result of distil"
    assert calls == ["observe", "distil"]
    assert set(again.seconds) == {"observe", "distil"}
    again.clear()
    assert list(tmp_path.iterdir()) == []


def test_who_only_reads_leaves_no_file(tmp_path: Path) -> None:
    Checkpoints(tmp_path, JOB, resume=False).stage("observe", lambda: 1)
    before = sorted(tmp_path.iterdir())
    reader = Checkpoints(tmp_path, JOB, resume=True, writes=False)
    assert (reader.stage("observe", lambda: 2), reader.stage("distil", lambda: 3)) == (1, 3)
    assert sorted(tmp_path.iterdir()) == before


def test_without_resume_nothing_is_read_back(tmp_path: Path) -> None:
    calls: list[str] = []
    for _ in range(2):
        Checkpoints(tmp_path, JOB, resume=False).stage("observe", lambda: count(calls, "observe"))
    assert calls == ["observe", "observe"]


def test_another_jobs_stages_are_refused_and_kept(tmp_path: Path) -> None:
    Checkpoints(tmp_path, JOB, resume=False).stage("observe", lambda: 1)
    with pytest.raises(InputError, match="belongs to a run with other settings; leave --resume out"):
        Checkpoints(tmp_path, "delta, seed 2", resume=True)
    assert Checkpoints(tmp_path, JOB, resume=True).stage("observe", lambda: 2) == 1
    assert Checkpoints(tmp_path, "delta, seed 2", resume=False).stage("observe", lambda: 3) == 3


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:10], lambda b: b"", lambda b: b[:-1] + b"?"])
def test_a_damaged_stage_is_made_again_and_says_so(
    tmp_path: Path, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    Checkpoints(tmp_path, JOB, resume=False).stage("observe", lambda: list(range(100)))
    path = tmp_path / job_key(JOB) / "observe.stage"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert Checkpoints(tmp_path, JOB, resume=True).stage("observe", lambda: "made again") == "made again"
    assert "observe.stage is damaged (its digest is wrong); the stage runs again" in caplog.text
    assert Checkpoints(tmp_path, JOB, resume=True).stage("observe", lambda: "a third time") == "made again"


def test_a_stage_that_fails_leaves_no_file(tmp_path: Path) -> None:
    line = Checkpoints(tmp_path, JOB, resume=False)

    def fail() -> None:
        raise InputError("gauge.csv row 17", "is not a number", "mend it")

    with pytest.raises(InputError):
        line.stage("observe", fail)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


LINES = """
import os, signal, sys, time
from pathlib import Path
from strandline.pipeline.run_folder.checkpoints import Checkpoints
# a shell that started these tests in the background makes its children deaf to Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)
for folder in map(Path, sys.argv[1:]):
    if os.fork():
        continue
    def make(name):
        with (folder / "log").open("a") as log:
            log.write(f"{name} {os.getpid()}\\n")
        time.sleep(60 if name == "two" else 0)
        return name
    line = Checkpoints(folder / ".unfinished", "job", resume=False)
    results = [line.stage(name, lambda: make(name)) for name in ("one", "two")]
    (folder / "product").write_text(" ".join(results))
    os._exit(0)
for _ in sys.argv[1:]:
    os.wait()
"""
ENDS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[signal.Signals, Path]:
    """Folders of runs that were ended in their second stage, each in its own way."""
    folders = {end: tmp_path_factory.mktemp(end.name) for end in ENDS}
    command = [sys.executable, "-c", LINES, *map(str, folders.values())]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        for end, folder in folders.items():
            log, deadline = folder / "log", time.monotonic() + 60
            while not (log.exists() and "two" in log.read_text()) and time.monotonic() < deadline:
                time.sleep(0.05)
            os.kill(int(log.read_text().split()[-1]), end)
        process.wait(60)
    return folders


@pytest.mark.parametrize("end", ENDS)
def test_a_run_that_was_killed_in_a_stage_goes_on_there(
    killed: dict[signal.Signals, Path], end: signal.Signals
) -> None:
    folder, calls = killed[end], list[str]()
    assert (folder / "log").read_text().split()[::2] == ["one", "two"]
    assert not (folder / "product").exists()
    # what a kill in the middle of a write leaves behind must not hinder the end
    (folder / ".unfinished" / job_key("job") / ".partial-1-two.stage").write_bytes(b"half")
    line = Checkpoints(folder / ".unfinished", "job", resume=True)
    results = [line.stage(name, lambda name=name: count(calls, name)) for name in ("one", "two")]  # type: ignore[misc]
    assert results == ["one", "result of two"]
    assert calls == ["two"]
    line.clear()
    assert [file.name for file in folder.iterdir()] == ["log"]


def test_bytes_are_bytes(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a", b"\x00\xff")
    assert (tmp_path / "a").read_bytes() == b"\x00\xff"
