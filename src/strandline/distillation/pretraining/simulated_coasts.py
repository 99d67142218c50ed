"""The simulated coasts that the shipped networks are taught on: storms with their floods, and surges without.

On these coasts truth is abundant and may be learned from. No coast that a user or a benchmark simulates is among
them: they draw their seeds from ``FIRST_SEED`` on, everything else stays below.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from multiprocessing import get_context
from typing import Protocol

import numpy as np
import torch
import xarray as xr

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.batching import build_storm_batch, build_surge_batch, draw_issues
from strandline.observations.observations import Observations
from strandline.observations.sea_level.model import SeaLevelModel
from strandline.observations.sea_level.residual_process import fit_sea_level_model
from strandline.observations.storms import AFTER_PEAK, BEFORE_PEAK, Storm
from strandline.simulator.coast import simulate_coast, simulate_dry_coast

FIRST_SEED = 1_000_000
"""Seeds from here on belong to pre-training coasts, and from 2 000 000 on to those that recipes are chosen on."""
EXTREME_ABOVE_DESIGN = 0.6
"""Storms that peak higher than this above their coast's design level [m] are not taught: nobody has seen them yet."""
SPARE_STORMS = 4
ASSETS = 64
"""Assets drawn a coast, so that coasts can be stacked."""
SHORTEST_RECORD = 0.5
"""Of which tide and weather are known [years]; the longest is the whole."""
MARGIN = 96
"""Hours at either end of a record in which nothing is issued: gauges and climate look back and ahead."""


@dataclass(frozen=True)
class PretrainingConfig:
    """How the shipped networks are made: the recipe that ``strandline teach`` runs and writes beside the weights.

    Attributes:
        coasts, storms, years, windows: simulated coasts, storms of each below the extreme mark, its record, surge
            windows of each.
        cells: edge of the grid; members: students in the ensemble.
        teacher_steps, student_steps, samples: optimiser steps and storms a step.
        second_steps: of the teacher's second look.
        snapshot_steps: of each further student, which goes on from the one before it.
        surge_steps: further steps of the surge decoder alone.
        soft: weight of the teacher's word for the students; the rest is truth.
        outage: share of streams hidden while learning.
    """

    coasts: int = 112
    storms: int = 20
    years: float = 9.0
    windows: int = 600
    cells: int = 64
    members: int = 3
    teacher_steps: int = 1600
    refinement_steps: int = 550
    student_steps: int = 2900
    snapshot_steps: int = 350
    surge_steps: int = 800
    samples: int = 16
    learning_rate: float = 1e-3
    soft: float = 0.5
    dropout_rate: float = 0.3
    first_seed: int = FIRST_SEED


Simulate = Callable[[int, PretrainingConfig], tuple[Batch, ...]]
"""From a seed to what is learned from one coast."""
Arrays = list[dict[str, np.ndarray]]


class StageStore(Protocol):
    """Keeps the result of each named stage, so that an interrupted job does not repeat it."""

    def stage(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """The stored result, or that of ``make``."""
        ...


def simulate_training_coast(seed: int, curriculum: PretrainingConfig) -> tuple[Batch, Batch]:
    """Storms (with maps) and surge windows of one coast, with truth as targets."""
    coast = _coast(simulate_coast, seed, curriculum)
    if coast.assets is None or coast.truth is None:
        raise InputError(f"coast {seed}", "has no assets or truth", "pre-training needs both")
    sea_level, windows = _windows_of(coast, seed, curriculum)
    chosen = np.random.default_rng([seed, 1]).choice(len(coast.assets), ASSETS, replace=len(coast.assets) < ASSETS)
    truth = coast.truth.isel(asset=chosen)
    coast = replace(coast, assets=coast.assets.iloc[chosen].reset_index(drop=True), truth=truth)
    seen_before = truth.attrs["design_level"] + EXTREME_ABOVE_DESIGN
    storms = [storm for storm in _storms_of(truth) if storm.peak_level <= seen_before][: curriculum.storms]
    if len(storms) < curriculum.storms:
        raise InputError(
            f"coast {seed}", f"has {len(storms)} storms that are not extreme", "start from another `first_seed`"
        )
    return build_storm_batch(coast, storms, sea_level, "truth"), windows


def simulate_training_windows(seed: int, curriculum: PretrainingConfig) -> tuple[Batch]:
    """Surge windows of one coast alone, for which nothing has to be flooded."""
    coast = _coast(simulate_dry_coast, seed, curriculum)
    return (_windows_of(coast, seed, curriculum)[1],)


def simulate_training_coasts(
    simulate: Simulate,
    curriculum: PretrainingConfig,
    checkpoints: StageStore,
    processes: int,
    progress: Progress | None = None,
) -> list[Batch]:
    """What is learned from all coasts, one process a coast.

    Args:
        simulate: `simulate_training_coast`, or `simulate_training_windows`.
        checkpoints: gives back the coasts that an interrupted job had simulated.
    """
    seeds = [curriculum.first_seed + i for i in range(curriculum.coasts)]
    os.environ["NUMBA_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # one coast a core
    lessons = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for parts in pool.map(_as_numpy, repeat(simulate), seeds, repeat(curriculum), repeat(checkpoints)):
            lessons.append([Batch(**{name: torch.from_numpy(a) for name, a in part.items()}) for part in parts])
            if progress is not None:
                progress(len(lessons) / len(seeds))
    return [Batch.concatenate(part) for part in zip(*lessons, strict=True)]


def _coast(simulate: Callable[..., Observations], seed: int, curriculum: PretrainingConfig) -> Observations:
    return simulate(
        f"coast {seed}",
        seed,
        shape=(curriculum.cells, curriculum.cells),
        n_storms=curriculum.storms + SPARE_STORMS,
        years=curriculum.years,
    )


def _as_numpy(simulate: Simulate, seed: int, curriculum: PretrainingConfig, checkpoints: StageStore) -> Arrays:
    """Plain arrays travel between processes without torch's shared-memory files."""
    torch.set_num_threads(1)

    def make() -> Arrays:
        batches = simulate(seed, curriculum)
        return [{name: t.numpy() for name, t in vars(batch).items() if t is not None} for batch in batches]

    return checkpoints.stage(f"coast {seed}", make)


def _windows_of(coast: Observations, seed: int, curriculum: PretrainingConfig) -> tuple[SeaLevelModel, Batch]:
    """Tide and weather as a part of the record tells them, and windows of all of it.

    The part is as long as chance wants, and without the storms: those that are forecast at a place are not known there.
    """
    gauge, truth = coast.require_gauge(), coast.require("truth")
    rng = np.random.default_rng(seed)
    time, level = gauge["time"].values, gauge["water_level"].values[0] - float(gauge["mean_sea_level"].values[0])
    length = round(time.size * min(SHORTEST_RECORD / curriculum.years, 1.0) ** rng.uniform())
    start = int(rng.integers(time.size - length + 1))
    known = np.full(time.size, np.nan)
    known[start : start + length] = level[start : start + length]
    for storm in _storms_of(truth):
        known[storm.contains(time)] = np.nan
    name, latitude = str(gauge["station"].values[0]), float(gauge["latitude"].values[0])
    sea_level = fit_sea_level_model(time, known, latitude, name=name, source="part of its record")
    issue = draw_issues(coast, time[MARGIN:-MARGIN], sea_level, curriculum.windows, rng)
    return sea_level, build_surge_batch(coast, issue, sea_level, "truth")


def _storms_of(truth: xr.Dataset) -> list[Storm]:
    peaks = zip(truth["time"].values, truth["peak_level"].values, strict=True)
    return [Storm(at - BEFORE_PEAK, at, at + AFTER_PEAK, float(peak)) for at, peak in peaks]
