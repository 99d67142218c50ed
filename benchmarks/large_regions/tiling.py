"""What it costs to look at a coast through tiles: overlap with the truth, for tiles of several sizes and for none."""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.delta.coasts import storms_in
from benchmarks.record import Value
from strandline.distillation.adaptation.data import predict_two_pass
from strandline.models.batch import Batch
from strandline.models.batching import build_storm_batch
from strandline.models.inference import student_inputs
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import Mask
from strandline.observations.sea_level.residual_process import fit_sea_level_model
from strandline.pipeline.large_regions.tiles import Tiling, Window
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.forecaster import Forecaster

Row = dict[str, Value]
SIDE, STORMS, YEARS = 288, 12, 6.0
"""Of a coast: cells of its edge, more than four times those that students were taught on; storms, half of them to be
remembered."""
MEMORIES = ("radar", "ground")
TILINGS = ((64, 16), (128, 0), (128, 32), (192, 32), (192, 64), (256, 32))
"""Reach and overlap [cells]."""
GRIDS = ("terrain", "radar", "optical", "in_situ", "waterlines", "archive", "flood_class")


def rows_of(seed: int) -> Iterator[Row]:
    """A row a tiling and memory (the teacher's maps of past storms, or the ground alone) of one simulated coast."""
    past, test = storms_of(seed)
    flooded, land = flood_of(test)
    for memory in MEMORIES:
        for reach, overlap in ((SIDE, 0), *TILINGS):
            called = (chances(past, test, memory, Tiling((SIDE, SIDE), reach, overlap)) >= 0.5) & land
            yield {
                "coast": seed, "memory": memory, "reach": reach, "overlap": overlap,
                "value": float((called & flooded).sum() / (called | flooded).sum()), "unit": "IoU",
                "what": f"flooded land, {len(test)} storms pooled",
            }  # fmt: skip


def flood_of(test: Batch) -> tuple[Mask, Mask]:
    """(E, H, W) true floods on land, and the land."""
    land = test.land.numpy()
    return (test.require("flood_class") > 0).numpy() & land, land


def chances(past: Batch, test: Batch, memory: str, tiling: Tiling) -> npt.NDArray[np.float64]:
    """(E, H, W) probability of a flood in each storm, as the shipped students tell it by a tiling."""
    teacher, students = load_teacher(), tuple(load_students())
    chance, total = np.zeros((len(test), *tiling.shape)), np.zeros(tiling.shape)
    for tile in tiling.tiles():
        archive = predict_two_pass(crop(past, tile.window), teacher).archive if memory == "radar" else None
        seen = student_inputs(crop(test, tile.window)).without("optical", "in_situ")
        said = Forecaster(students, {}, 1.0, 0.5, 0.5, archive).predict(seen)
        chance[:, *tile.window] += tile.weight * said.flood_probability
        total[tile.window] += tile.weight
    return chance / total


def storms_of(seed: int) -> tuple[Batch, Batch]:
    """Storms that the teacher saw, and others to map, of a coast that nobody was taught on."""
    coast = simulate_coast(
        f"coast {seed}", seed, shape=(SIDE, SIDE), years=YEARS, n_storms=STORMS, n_surveys=0, inhabited=False
    ).without("assets")
    gauge, truth = coast.require_gauge(), coast.require("truth")
    storms = storms_in(truth)
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    level = level - float(gauge["mean_sea_level"].values[0])
    at, name = float(gauge["latitude"].values[0]), str(gauge["station"].values[0])
    sea_level = fit_sea_level_model(gauge["time"].values, level, at, name=name, source="simulated")
    batch = build_storm_batch(coast, storms, sea_level, "truth")
    order = torch.from_numpy(np.random.default_rng([seed, 5]).permutation(len(batch)))
    half = len(batch) // 2
    return batch[order[:half]], batch[order[half:]]


def crop(batch: Batch, window: Window) -> Batch:
    """The batch on a part of its grid."""
    changed: dict[str, Tensor] = {}
    for field in fields(Batch):
        values = getattr(batch, field.name)
        if values is not None and field.name.removesuffix("_seen").replace("flood_valid", "flood_class") in GRIDS:
            changed[field.name] = values[..., *window]
    return replace(batch, **changed)
