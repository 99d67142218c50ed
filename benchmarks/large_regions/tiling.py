"""Cost of tiles: IoU of flood maps of a coast by tiles of several sizes, and of the whole coast at once."""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.delta.coasts import storms_in
from benchmarks.record import Row
from strandline.distillation.adaptation.data import predict_two_pass
from strandline.models.batch import Batch
from strandline.models.batching import build_storm_batch
from strandline.models.inference import student_inputs
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import Mask
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model
from strandline.pipeline.maps.tiles import Tiling, Window
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.forecaster import Forecaster

SIDE, STORMS, YEARS = 288, 12, 6.0
"""Cells along the edge of a coast, over four times those in training; storms, half of them for the archive; years."""
ARCHIVES = ("radar", "ground")
TILINGS = ((64, 16), (128, 0), (128, 32), (192, 32), (192, 64), (256, 32))
"""Reach and overlap [cells]."""
GRIDS = ("terrain", "radar", "optical", "in_situ", "waterlines", "archive", "flood_class")


def rows_of(seed: int) -> Iterator[Row]:
    """One row per tiling and archive: teacher maps of past storms (``radar``), or none, terrain only (``ground``)."""
    past, test = storms_of(seed)
    flooded, land = flood_of(test)
    for archive in ARCHIVES:
        for reach, overlap in ((SIDE, 0), *TILINGS):
            extent = (probability_by_tiles(past, test, archive, Tiling((SIDE, SIDE), reach, overlap)) >= 0.5) & land
            yield {
                "coast": seed, "archive": archive, "reach": reach, "overlap": overlap,
                "value": float((extent & flooded).sum() / (extent | flooded).sum()), "unit": "IoU",
                "what": f"flooded land, {len(test)} storms pooled",
            }  # fmt: skip


def flood_of(test: Batch) -> tuple[Mask, Mask]:
    """(E, H, W) true floods on land, and the land."""
    land = test.land.numpy()
    return (test.require("flood_class") > 0).numpy() & land, land


def probability_by_tiles(past: Batch, test: Batch, archive: str, tiling: Tiling) -> npt.NDArray[np.float64]:
    """(E, H, W) flood probability of each storm by the shipped students, tile by tile."""
    teacher, students = load_teacher(), tuple(load_students())
    weighted, total = np.zeros((len(test), *tiling.shape)), np.zeros(tiling.shape)
    for tile in tiling.tiles():
        maps = predict_two_pass(crop(past, tile.window), teacher).archive if archive == "radar" else None
        seen = student_inputs(crop(test, tile.window)).without("optical", "in_situ")
        forecast = Forecaster(students, 1.0, 0.5, 0.5, maps).predict(seen)
        weighted[:, *tile.window] += tile.weight * forecast.flood_probability
        total[tile.window] += tile.weight
    return weighted / total


def storms_of(seed: int) -> tuple[Batch, Batch]:
    """Storms of the archive, and storms to map, of a coast that no network was trained on."""
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
    """The batch on a window of its grid."""
    changed: dict[str, Tensor] = {}
    for field in fields(Batch):
        values = getattr(batch, field.name)
        if values is not None and field.name.removesuffix("_seen").replace("flood_valid", "flood_class") in GRIDS:
            changed[field.name] = values[..., *window]
    return replace(batch, **changed)
