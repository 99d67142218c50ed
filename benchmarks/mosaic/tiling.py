"""What it costs to look at a coast through tiles: overlap with the truth, for tiles of several sizes and for none."""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import torch
from torch import Tensor

from benchmarks.record import Value
from strandline.adaptation import look_twice
from strandline.batch import Batch
from strandline.distillation.distil import students_view
from strandline.events import AFTER_PEAK, BEFORE_PEAK, Storm
from strandline.models.gauge_process import fit_tide_and_weather
from strandline.mosaic.tiles import Tiling, Window
from strandline.pretraining import load_students, load_teacher
from strandline.samples import build_storm_batch
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.forecaster import Forecaster

Row = dict[str, Value]
SIDE, STORMS, YEARS = 192, 16, 6.0
"""Of a coast: cells of its edge, thrice those that students were taught on; storms, half of them to be remembered."""
TILINGS = ((64, 16), (96, 32), (128, 0), (128, 16), (128, 32), (128, 64))
"""Reach and overlap [cells]."""
GRIDS = ("terrain", "radar", "optical", "in_situ", "strandlines", "archive", "flood_class")


def rows_of(seed: int) -> Iterator[Row]:
    """A row a tiling and memory (the teacher's maps of past storms, or the ground alone) of one simulated coast."""
    past, test = storms_of(seed)
    teacher, students = load_teacher(), tuple(load_students())
    assert test.flood_class is not None
    assert test.terrain is not None
    assert test.terrain_seen is not None
    land = (test.terrain_seen & (test.terrain[:, 2] < 0.5)).numpy()
    flooded = (test.flood_class > 0).numpy() & land
    for memory in ("radar", "ground"):
        for reach, overlap in ((SIDE, 0), *TILINGS):
            tiling = Tiling((SIDE, SIDE), reach, overlap)
            chance, total = np.zeros(flooded.shape), np.zeros(flooded.shape[1:])
            for tile in tiling.tiles():
                archive = look_twice(crop(past, tile.window), teacher).archive if memory == "radar" else None
                forecaster = Forecaster(students, {}, 1.0, 0.5, 0.5, archive)
                seen = students_view(crop(test, tile.window)).without("optical", "in_situ")
                chance[:, *tile.window] += tile.weight * forecaster.predict(seen).flood_probability
                total[tile.window] += tile.weight
            called = (chance / total >= 0.5) & land
            either = (called | flooded).sum()
            yield {
                "part": "tiling", "coast": seed, "memory": memory, "reach": reach, "overlap": overlap,
                "value": float((called & flooded).sum() / either), "unit": "IoU", "what": "flooded land, pooled storms",
            }  # fmt: skip


def storms_of(seed: int) -> tuple[Batch, Batch]:
    """Storms that the teacher saw, and others to map, of a coast that nobody was taught on."""
    coast = simulate_coast(
        f"coast {seed}", seed, shape=(SIDE, SIDE), years=YEARS, n_storms=STORMS, n_surveys=0, inhabited=False
    ).without("assets")
    assert coast.truth is not None
    assert coast.tide_gauge is not None
    gauge, truth = coast.tide_gauge, coast.truth
    storms = [
        Storm(peak - BEFORE_PEAK, peak, peak + AFTER_PEAK, float(level))
        for peak, level in zip(truth["time"].values, truth["peak_level"].values, strict=True)
    ]
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    level = level - float(gauge["mean_sea_level"].values[0])
    at, name = float(gauge["latitude"].values[0]), str(gauge["station"].values[0])
    sea = fit_tide_and_weather(gauge["time"].values, level, at, name=name, source="simulated")
    batch = build_storm_batch(coast, storms, sea, "truth")
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
