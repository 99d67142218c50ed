"""Simulated coasts for pre-training: storms with their floods.

Their true states are known and serve as targets. Users and benchmarks simulate other coasts: seeds from ``FIRST_SEED``
on are reserved.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Protocol

import numpy as np
import torch
import xarray as xr

from strandline.distillation.training.loop import Progress
from strandline.distillation.training.processes import process_context
from strandline.errors import InputError
from strandline.models.batch import INFLOW_CHANNELS, Batch
from strandline.models.batching import build_storm_batch
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model
from strandline.observations.weather.storms import AFTER_PEAK, BEFORE_PEAK, Storm
from strandline.simulator.coast import simulate_coast

FIRST_SEED = 1_000_000
"""First seed of the pre-training coasts; from 2 000 000 on, of the coasts on which configurations are chosen."""
EXTREME_ABOVE_DESIGN = 0.6
"""Storms that peak higher than this above their coast's design level [m] are left out, as no record holds them."""
SPARE_STORMS = 4
"""Simulated in addition, in place of extreme ones."""
ASSETS = 64
"""Assets drawn per coast, so that coasts can be stacked."""
SHORTEST_RECORD = 0.5
"""Shortest part of a record that the sea-level model is fitted to [years]; the longest is the whole record."""


@dataclass(frozen=True)
class PretrainingConfig:
    """Configuration of pre-training, written beside the weights.

    Attributes:
        coasts: number of simulated coasts; ``storms``, ``years``: storms below the extreme mark and length of the
            record of each.
        cells: cells along an edge of the grid; ``members``: students in the ensemble.
        teacher_steps, student_steps, samples: optimiser steps, and storms per step.
        refinement_steps: of the teacher's refinement head.
        snapshot_steps: of each further student, which starts from the previous one.
        learning_rate: of AdamW.
        soft: weight of the teacher's predictions for the students; the rest is the weight of the true targets.
        dropout_rate: probability of hiding a modality of a sample.
        first_seed: of the coasts.
        compound_every: of so many coasts one has rain and a river that floods; 0 = none has, and the students take
            neither.
    """

    coasts: int = 112
    storms: int = 20
    years: float = 9.0
    cells: int = 64
    members: int = 3
    teacher_steps: int = 1600
    refinement_steps: int = 550
    student_steps: int = 2900
    snapshot_steps: int = 350
    samples: int = 16
    learning_rate: float = 1e-3
    soft: float = 0.5
    dropout_rate: float = 0.3
    first_seed: int = FIRST_SEED
    compound_every: int = 0


Arrays = dict[str, np.ndarray]


class StageStore(Protocol):
    """Keeps the result of each named stage, so that an interrupted job does not repeat it."""

    def stage(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """The stored result, or that of ``make``."""
        ...


def simulate_training_coast(seed: int, config: PretrainingConfig) -> Batch:
    """Storms with maps of one coast, with the true states as targets."""
    coast = simulate_coast(
        f"coast {seed}",
        seed,
        shape=(config.cells, config.cells),
        n_storms=config.storms + SPARE_STORMS,
        years=config.years,
        compound=config.compound_every > 0 and seed % config.compound_every == 0,
    )
    if coast.assets is None or coast.truth is None:
        raise InputError(f"coast {seed}", "has no assets or true states", "pre-training needs both")
    sea_level = _sea_level_of(coast, seed, config)
    chosen = np.random.default_rng([seed, 1]).choice(len(coast.assets), ASSETS, replace=len(coast.assets) < ASSETS)
    truth = coast.truth.isel(asset=chosen)
    coast = replace(coast, assets=coast.assets.iloc[chosen].reset_index(drop=True), truth=truth)
    highest = truth.attrs["design_level"] + EXTREME_ABOVE_DESIGN
    storms = [storm for storm in _storms_of(truth) if storm.peak_level <= highest][: config.storms]
    if len(storms) < config.storms:
        raise InputError(
            f"coast {seed}", f"has {len(storms)} storms that are not extreme", "start from another `first_seed`"
        )
    batch = build_storm_batch(coast, storms, sea_level, "truth")
    if config.compound_every and batch.inflow is None:
        unknown = torch.zeros(len(batch), CONTEXT_HOURS, len(INFLOW_CHANNELS))
        batch = replace(batch, inflow=unknown, inflow_seen=unknown > 0)
    return batch


def simulate_training_coasts(
    config: PretrainingConfig, checkpoints: StageStore, processes: int, progress: Progress | None = None
) -> Batch:
    """Storms of all coasts, coast after coast, one process per coast.

    Args:
        checkpoints: returns the coasts that an interrupted job has simulated.
    """
    seeds = [config.first_seed + i for i in range(config.coasts)]
    os.environ["NUMBA_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # one coast per core
    coasts = []
    with ProcessPoolExecutor(processes, mp_context=process_context(__name__)) as pool:
        for arrays in pool.map(_as_numpy, seeds, repeat(config), repeat(checkpoints)):
            coasts.append(Batch(**{name: torch.from_numpy(array) for name, array in arrays.items()}))
            if progress is not None:
                progress(len(coasts) / len(seeds))
    return Batch.concatenate(coasts)


def _as_numpy(seed: int, config: PretrainingConfig, checkpoints: StageStore) -> Arrays:
    """Plain arrays travel between processes without torch's shared-memory files."""
    torch.set_num_threads(1)

    def make() -> Arrays:
        storms = simulate_training_coast(seed, config)
        return {name: tensor.numpy() for name, tensor in vars(storms).items() if tensor is not None}

    return checkpoints.stage(f"coast {seed}", make)


def _sea_level_of(coast: Observations, seed: int, config: PretrainingConfig) -> SeaLevelModel:
    """The sea-level model of a part of the record.

    The part has a random length and excludes the storms, as a study area's sea-level model excludes the storms that are
    forecast there.
    """
    gauge, truth = coast.require_gauge(), coast.require("truth")
    rng = np.random.default_rng(seed)
    time, level = gauge["time"].values, gauge["water_level"].values[0] - float(gauge["mean_sea_level"].values[0])
    length = round(time.size * min(SHORTEST_RECORD / config.years, 1.0) ** rng.uniform())
    start = int(rng.integers(time.size - length + 1))
    known = np.full(time.size, np.nan)
    known[start : start + length] = level[start : start + length]
    for storm in _storms_of(truth):
        known[storm.contains(time)] = np.nan
    name, latitude = str(gauge["station"].values[0]), float(gauge["latitude"].values[0])
    return fit_sea_level_model(time, known, latitude, name=name, source="part of its record")


def _storms_of(truth: xr.Dataset) -> list[Storm]:
    peaks = zip(truth["time"].values, truth["peak_level"].values, strict=True)
    return [Storm(at - BEFORE_PEAK, at, at + AFTER_PEAK, float(peak)) for at, peak in peaks]
