"""A year of the real agent on its real store, as fast as it goes: does it stay small?"""

import os
import time as clock
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.record import Value
from strandline.place import Place
from strandline.planning.briefing import load_briefing
from strandline.training import Progress
from strandline.watch.service import hours_between, open_watch, replayed_feeds

MONTH_H = 730


def rows_of(
    place: Place, run: Path, store: Path, start: datetime, hours: int, progress: Progress | None = None
) -> list[dict[str, Value]]:
    """A row a month: memory [MB], open files, steps a second."""
    end = start + timedelta(hours=hours)
    watch = open_watch(run, place, partial(replayed_feeds, place, load_briefing(run), start, end), store)
    rows: list[dict[str, Value]] = []
    began = clock.perf_counter()
    for number, hour in enumerate(hours_between(start, end), start=1):
        watch.step(hour)
        if number % MONTH_H == 0:
            rows.append({
                "scenario": "a year at full speed", "condition": "all", "policy": "strandline", "step": number,
                "memory_mb": _resident_mb(), "open_files": len(os.listdir("/proc/self/fd")),
                "steps_per_s": MONTH_H / (clock.perf_counter() - began), "store_mb": store.stat().st_size / 2**20,
            })  # fmt: skip
            began = clock.perf_counter()
        if progress is not None:
            progress(number / hours)
    watch.store.verify_log()
    watch.store.close()
    return rows


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
