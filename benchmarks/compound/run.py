"""Rows of the compound benchmark: one coast under one seed, its methods, and the events of each driver."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch

from benchmarks.compound.analogs import nearest_by_drivers
from benchmarks.delta import methods
from benchmarks.delta.cases import Case, split_storms
from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.methods import Budget
from benchmarks.delta.scoring import DEFAULT_THRESHOLD, Predictor
from benchmarks.record import Row
from strandline.distillation.waterlines.flood_archive import LARGE_INFLOW
from strandline.models.encoders.inflow import summarise_inflow
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import Mask
from strandline.uncertainty.metrics import overlap_counts, pooled_iou

TARGETS = 700
"""First seed of the test coasts."""
SCENES = ("optical", "in_situ")
SEEN, UNSEEN = "scenes", "no scene"
"""Regimes: 12 h after the peak, with cloudy scenes and loggers; and without either, as are the maps of a forecast and
of the years that a run draws."""


def rows_of(coast: SimulatedCoast, seed: int, budget: Budget) -> Iterator[Row]:
    """Every method on the held storms, all and by driver; no label is used, and every threshold is the default.

    Past storms have their scenes in either regime. ``teacher`` sees the radar image, and is not scored without scenes.
    ``distilled``, ``self_archive`` (the student's own maps) and ``pretrained`` take rain and discharge,
    ``distilled_blind`` does not, neither in its own inputs nor in its archive. ``analog`` is the mean of the teacher's
    maps of the past storms whose level, rain and discharge are nearest, ``analog_by_level`` of those of the nearest
    level.
    """
    case = split_storms(coast, seed)
    blind = replace(case, coast=replace(coast, storms=coast.storms.without("inflow")))
    teacher = load_teacher()
    seeing, unseeing = methods.adaptation_data(case, teacher), methods.adaptation_data(blind, teacher)
    own = methods.own_data(case)
    every: dict[str, tuple[Case, Predictor]] = {
        "teacher": (case, lambda batch: methods.teacher_probability(seeing, teacher, batch)),
        "distilled": (case, methods.distilled(seeing, budget, seed)),
        "distilled_blind": (blind, methods.distilled(unseeing, budget, seed)),
        "self_archive": (case, methods.distilled(own, budget, seed)),
        "pretrained": (case, methods.without_archive(load_students(members=budget.members))),
        "analog": (case, nearest_by_drivers(seeing)),
        "analog_by_level": (blind, methods.nearest_analogs(unseeing)),
    }
    index = np.concatenate([case.tests["normal"], case.tests["extreme"]])
    for method, (of, predictor) in every.items():
        held = of.coast.storms[torch.from_numpy(index)]
        regimes = {SEEN: held} if method == "teacher" else {SEEN: held, UNSEEN: held.without(*SCENES)}
        for regime, batch in regimes.items():
            flooded = 1 - predictor(batch)[:, 0] >= DEFAULT_THRESHOLD
            for driver, chosen in by_driver(coast, index).items():
                if chosen.any():
                    head: Row = {
                        "coast": coast.seed, "seed": seed, "regime": regime, "method": method, "driver": driver,
                    }  # fmt: skip
                    yield head | _scores(coast, index[chosen], flooded[chosen])


def by_driver(coast: SimulatedCoast, index: np.ndarray) -> Mapping[str, Mask]:
    """Which storms belong to each driver: those with much rain, with much discharge, and with neither."""
    summary, _ = summarise_inflow(*coast.storms[torch.from_numpy(index)].pair("inflow"))
    rain, river = (summary.numpy() >= np.array(LARGE_INFLOW)).T
    return {"all": np.ones(len(index), dtype=bool), "rain": rain, "river": river & ~rain, "sea": ~rain & ~river}


def _scores(coast: SimulatedCoast, storms: np.ndarray, flooded: Mask) -> Row:
    truth = coast.flooded[torch.from_numpy(storms)].numpy()
    land = np.broadcast_to(coast.land.numpy(), truth.shape)
    return {
        "storms": len(storms),
        "iou": float(pooled_iou(overlap_counts(flooded, truth, land))),
        "wet_share": float(truth[land].mean()),
    }
