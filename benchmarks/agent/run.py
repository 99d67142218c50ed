"""Rows of the agent benchmark on simulated coasts, and of a year of steps on a real store."""

import json
import os
import time as clock
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import Progress as ProgressBar

from benchmarks.agent import same_decisions, stream_failures
from benchmarks.agent.coasts import STREAMS, Coast, simulate
from benchmarks.agent.methods import AgentRun, run_agent, silence_in_storms, simple_policies
from benchmarks.agent.scoring import ACTIONS, verify_action
from benchmarks.record import Row
from strandline.distillation.training.loop import Progress
from strandline.files import write_text
from strandline.observations.arrays import Mask
from strandline.pipeline.deployment import load_deployment
from strandline.pipeline.study_area import built_in_study_area
from strandline.watch.clock import hours_between
from strandline.watch.feeds.recorded import replayed_feeds
from strandline.watch.service import open_watch

MONTH_H = 730
COMPARED_STORMS = 10
"""Storms of each coast in which replay, hindcast and watch are compared."""
Part = Callable[[Coast, Progress], list[Row]]


def coast_rows(seed: int, storms: int, work: Path, bar: ProgressBar) -> list[Row]:
    """All rows of a coast; parts that are finished are read from ``work``."""
    coasts: list[Coast] = []

    def finished(name: str, part: Part) -> list[Row]:
        path = work / f"{seed}-{name}.json"
        if path.exists():
            return list(json.loads(path.read_text()))
        if not coasts:
            fitting = bar.add_task(f"{seed}: fit", total=1.0)
            coasts.append(simulate(seed, lambda done: bar.update(fitting, completed=done)))
        task = bar.add_task(f"{seed}: {name}", total=1.0)
        rows = part(coasts[0], lambda done: bar.update(task, completed=done))
        write_text(path, json.dumps(rows))
        return rows

    return [
        *finished("all", partial(decade_rows, seed, "all")),
        *finished("half failing", partial(decade_rows, seed, "half failing in storms")),
        *finished(
            "same decisions",
            lambda coast, progress: same_decisions.rows_of_coast(coast, seed, COMPARED_STORMS, progress),
        ),
        *finished("broken", lambda coast, progress: stream_failures.rows_of(coast, seed, storms, progress)),
    ]


def decade_rows(seed: int, condition: str, coast: Coast, progress: Progress) -> list[Row]:
    """Every policy over the second decade, with all streams or with half of them failing in storms."""
    silent = np.zeros((len(STREAMS), coast.time.size), dtype=bool)
    if condition != "all":
        silent = silence_in_storms(coast, np.random.default_rng([seed, 1]))
    rows: list[Row] = []
    for policy, active in simple_policies(coast, silent).items():
        rows += policy_rows(coast, seed, condition, policy, active, None)
    agent = run_agent(coast, silent, progress)
    return rows + policy_rows(coast, seed, condition, "strandline", agent.active, agent)


def policy_rows(
    coast: Coast, seed: int, condition: str, policy: str, active: Mask, agent: AgentRun | None
) -> list[Row]:
    """One row per action."""
    part = slice(coast.first, coast.first + active.shape[1])
    rows: list[Row] = []
    for number, (name, _, ratio) in enumerate(ACTIONS):
        result = verify_action(coast, active[number], part, number)
        expenses = result.expenses
        assert expenses is not None
        rows.append({
            "scenario": coast.name, "condition": condition, "policy": policy, "seed": seed, "action": name,
            "cost_loss": ratio, "relative_value": expenses.relative_value,
            "coverage_90": None if agent is None else agent.coverage,
            "hits": result.hits, "misses": result.misses, "false_alarms": result.false_alarms,
            "lead_h": result.lead_hours, "expense": expenses.decided, "expense_perfect": expenses.perfect,
            "expense_climate": min(expenses.never, expenses.always),
            "steps_per_s": None if agent is None else active.shape[1] / agent.seconds,
        })  # fmt: skip
    return rows


def soak_rows(run: Path, store: Path, steps: int, progress: Progress | None = None) -> list[Row]:
    """One row per month of steps at full speed: memory [MB], open files, steps per second.

    Args:
        run: folder of a finished run of the built-in delta; ``store``: a database, new or begun by an earlier call.
    """
    deployment = load_deployment(run)
    study_area = built_in_study_area(min(deployment.region.shape))
    first = study_area.observations.require_gauge()["time"].values[0] + np.timedelta64(365, "D")
    start: datetime = first.astype("datetime64[h]").astype("datetime64[s]").item()
    end = start + timedelta(hours=steps - 1)
    watch = open_watch(run, study_area, partial(replayed_feeds, study_area, deployment, start, end), store)
    rows: list[Row] = []
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
