"""A year of the real agent on its real store, as fast as it goes: does it stay small?"""

import os
import time as clock
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.record import Value
from strandline.distillation.training.loop import Progress
from strandline.pipeline.deployment import load_deployment
from strandline.pipeline.study_area import built_in_study_area
from strandline.watch.service import hours_between, open_watch, replayed_feeds

MONTH_H = 730


def rows_of(run: Path, store: Path, steps: int, progress: Progress | None = None) -> list[dict[str, Value]]:
    """A row a month: memory [MB], open files, steps a second.

    Args:
        run: folder of a finished run of the built-in delta; ``store``: a database, new or begun by an earlier call.
    """
    deployment = load_deployment(run)
    place = built_in_study_area(min(deployment.region.shape))
    gauge = place.observations.require_gauge()
    first = gauge["time"].values[0] + np.timedelta64(365, "D")
    start: datetime = first.astype("datetime64[h]").astype("datetime64[s]").item()
    end = start + timedelta(hours=steps - 1)
    watch = open_watch(run, place, partial(replayed_feeds, place, deployment, start, end), store)
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
            progress(number / steps)
    watch.store.verify_log()
    watch.store.close()
    return rows


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
