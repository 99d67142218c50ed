"""Whole commands, each in its own process: wall time and peak memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.record import Row
from benchmarks.speed.clock import timed
from strandline.pipeline.deployment import load_deployment
from strandline.pipeline.study_area import built_in_study_area
from strandline.watch.clock import hours_between
from strandline.watch.feeds.recorded import replayed_feeds
from strandline.watch.service import open_watch

COMMAND = ("-c", "from strandline.cli.main import main; main()")
IMPORT_S, HELP_S, DEMO_S, WATCH_STEP_S = 0.3, 0.5, 180.0, 1.0
STARTS, HOURS = 5, 24
BUSY_PROCESSES, BUSY_CPU_RATIO, BUSY_LIMIT_S = (1, 2), 1.3, 900


@dataclass(frozen=True)
class Spent:
    """Wall and CPU seconds of a process, and its peak resident memory [MB]."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def starting_rows() -> list[Row]:
    """Start-up times of the import and the help, beside the bare interpreter."""
    programs = {
        "python": ("-c", "pass"),
        "import strandline": ("-c", "import strandline"),
        "strandline --help": (*COMMAND, "--help"),
    }
    turns = [{name: spend(*arguments).wall_s for name, arguments in programs.items()} for _ in range(STARTS)]
    waits = {name: min(turn[name] for turn in turns) for name in programs}
    bare = waits.pop("python")
    bars = {"import strandline": IMPORT_S, "strandline --help": HELP_S}
    return [
        {
            "what": name, "value": wait, "unit": "s", "peer": "python -c pass", "ratio": wait / bare,
            "bar": f"≤ {bars[name]:g}", "met": wait <= bars[name],
            "note": f"best of {STARTS}, the interpreter's own {bare:.3f} s included",
        }
        for name, wait in waits.items()
    ]  # fmt: skip


def quick_rows(work: Path) -> list[Row]:
    """`strandline run --quick`, and steps of the watch on its results."""
    out = work / "quick"
    spent = spend(*COMMAND, "run", "--quick", "--out", str(out))
    return [*_run_rows("strandline run --quick", spent), watch_row(out, work / "watch.db")]


def busy_rows(work: Path) -> list[Row]:
    """`strandline run --quick` alone, and beside other processes that each keep a core busy."""

    def quick(name: str) -> Spent:
        return spend(*COMMAND, "run", "--quick", "--out", str(work / name))

    idle = quick("idle")
    rows: list[Row] = [_busy_row("alone", idle)]
    for count in BUSY_PROCESSES:
        with busy_processes(count):
            beside = quick(f"busy{count}")
        ratio = beside.cpu_s / idle.cpu_s
        bar: Row = {"peer": "alone", "ratio": ratio, "bar": f"≤ {BUSY_CPU_RATIO:g} ×", "met": ratio <= BUSY_CPU_RATIO}
        rows.append(_busy_row(f"beside {count} busy", beside) | bar)
    return rows


def _busy_row(name: str, spent: Spent) -> Row:
    what = f"strandline run --quick, {name}, processor"
    return {"what": what, "value": spent.cpu_s, "unit": "s", "note": f"{spent.wall_s:.0f} s by the clock"}


@contextmanager
def busy_processes(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that compute without a pause while the block runs, for at most ``BUSY_LIMIT_S``."""
    loop = f"import time\nend = time.monotonic() + {BUSY_LIMIT_S}\nwhile time.monotonic() < end: pass"
    processes = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def demo_rows(work: Path) -> list[Row]:
    """`strandline run --evaluate` on the built-in delta, as `make demo` calls it."""
    rows = _run_rows("strandline run --evaluate", spend(*COMMAND, "run", "--evaluate", "--out", str(work / "demo")))
    rows[0] |= {"bar": f"≤ {DEMO_S:g}", "met": float(str(rows[0]["value"])) <= DEMO_S}
    return rows


def watch_row(run: Path, store: Path) -> Row:
    """Steps of the watch of the built-in delta after a year of record: readings, belief, decisions and store."""
    deployment = load_deployment(run)
    study_area = built_in_study_area(min(deployment.region.shape))
    gauge = study_area.observations.require_gauge()
    first = gauge["time"].values[0] + np.timedelta64(365, "D")
    start: datetime = first.astype("datetime64[h]").astype("datetime64[s]").item()
    end = start + timedelta(hours=2 * HOURS)
    watch = open_watch(run, study_area, partial(replayed_feeds, study_area, deployment, start, end), store)
    hours = hours_between(start, end)
    took = timed(lambda: watch.step(next(hours)), 0.0, least=HOURS)
    watch.store.close()
    return {
        "what": "watch step", "value": took.median, "unit": "s", "bar": f"≤ {WATCH_STEP_S:g}",
        "met": took.median <= WATCH_STEP_S, "note": f"{len(deployment.zones.names)} zones; median of {HOURS} hours",
    }  # fmt: skip


def spend(*arguments: str) -> Spent:
    """Run this interpreter with these arguments and wait for it.

    Raises:
        RuntimeError: it failed; with its output.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            command = " ".join(arguments)
            raise RuntimeError(f"{command} ended with {process.returncode}: {output.read().decode()[-2000:]}")
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Spent(wall, used.ru_utime + used.ru_stime, peak / 2**20)


def _run_rows(name: str, spent: Spent) -> list[Row]:
    return [
        {"what": name, "value": spent.wall_s, "unit": "s", "note": f"{spent.cpu_s:.0f} s of the processor"},
        {"what": f"{name}, peak memory", "value": spent.peak_mb, "unit": "MB"},
    ]
