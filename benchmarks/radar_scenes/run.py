"""Rows: one for each coast and what is known of the sea at its radar scenes, with the error of the flood maps."""

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.delta.coasts import storms_in
from benchmarks.record import Row
from strandline.distillation.adaptation.data import predict_two_pass
from strandline.distillation.waterlines.archive_streams import attach_whole_archive
from strandline.distillation.waterlines.flood_archive import FloodArchive, SceneLevels
from strandline.models.batch import Batch
from strandline.models.batching import build_storm_batch
from strandline.models.inference import predict, student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.observations import Observations
from strandline.observations.sea_level.scenes.levels import GAUGE_SD, levels_at_scenes
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.metrics import overlap_counts, pooled_iou

SIZE, YEARS, STORMS, SCENES = 32, 20.0, 24, 8
FITTED_YEARS = 3
TEST_SEED = 720
CASES = (
    "gauge, storm's peak",
    "gauge, sea of the scene",
    "tide alone",
    "tide alone, taken for a reading",
    "no scene",
)


def rows_of(seed: int) -> Iterator[Row]:
    """One row for each of ``CASES``: the shipped students on the storms that no scene of the archive shows."""
    coast = simulate_coast(
        f"coast {seed}", seed, shape=(SIZE, SIZE), years=YEARS, n_storms=STORMS, n_surveys=3, inhabited=True
    )
    sea_level, storms, rng = _sea_level(coast), storms_in(coast.require("truth")), np.random.default_rng([seed, 1])
    batch = build_storm_batch(coast, storms, sea_level, "truth").without("assets", "damage")
    order = rng.permutation(STORMS)
    scenes, others = (torch.from_numpy(np.sort(part)) for part in (order[:SCENES], order[SCENES:]))
    test, students, teacher = batch[others], load_students(), load_teacher()
    truth, land = (test.require("flood_class") > 0).numpy(), test.land.numpy()
    for case in CASES:
        archive = None
        if case != "no scene":
            levels = levels_of(case, coast, sea_level, scenes.numpy(), np.random.default_rng([seed, 2]))
            archive = predict_two_pass(batch[scenes], teacher, levels).archive
        flooded = _flooded(students, test, archive)
        people, people_truth = (_people(coast, each & land) for each in (flooded, truth & land))
        yield {
            "seed": seed,
            "known": case,
            "iou": round(float(pooled_iou(overlap_counts(flooded, truth, land))), 4),
            "land_error_km2": round(_mean_error(flooded & land, truth & land) * coast.region.cell_size**2 / 1e6, 3),
            "land_truth_km2": round(float((truth & land).sum((1, 2)).mean()) * coast.region.cell_size**2 / 1e6, 3),
            "people_error": round(float(np.abs(people - people_truth).mean()), 1),
            "people_truth": round(float(people_truth.mean()), 1),
        }


def levels_of(
    case: str, coast: Observations, sea_level: SeaLevelModel, index: Indices, rng: np.random.Generator
) -> SceneLevels | None:
    """The sea at the scenes as a case knows it; ``None`` = the storms' peaks, by the gauges of the batch.

    The tide errs as on ordinary days, by draws of the residual's spread, though these scenes are of storms: nobody
    should take the tide for the sea of a storm, and a run does not.

    Args:
        index: (E,) of the scenes among all.
    """
    if case == "gauge, storm's peak":
        return None
    truth, sar = coast.require("truth"), coast.require("sar")
    peaks = (truth["peak_level"].values - truth.attrs["mean_sea_level"]).astype(float)
    if case == "gauge, sea of the scene":
        found = levels_at_scenes(sar["time"].values[index], sea_level, coast.require_gauge())
        level, sd = found.of_the_water_shown
    else:
        hours = np.searchsorted(truth["hour"].values, sar["time"].values[index])
        at_scene = truth["water_level"].values[hours] - truth.attrs["mean_sea_level"]
        gap = np.maximum(peaks[index] - at_scene, 0.0)
        spread = float(np.sqrt(sea_level.residual_covariance[0]))
        level = at_scene + gap / 2 + spread * rng.standard_normal(len(index))
        sd = np.hypot(spread, gap / np.sqrt(12.0))
        if case == "tide alone, taken for a reading":
            sd = np.full(len(index), GAUGE_SD)
    known, spread_of_it = (torch.from_numpy(np.asarray(each)).float() for each in (level, sd))
    return SceneLevels(known, spread_of_it, torch.tensor(float(peaks.mean())))


def _sea_level(coast: Observations) -> SeaLevelModel:
    """Of the first years of the own gauge."""
    gauge, hours = coast.require_gauge(), slice(0, FITTED_YEARS * HOURS_PER_YEAR)
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    above = level[hours] - float(gauge["mean_sea_level"].values[0])
    time, latitude = gauge["time"].values[hours], float(gauge["latitude"].values[0])
    return fit_sea_level_model(time, above, latitude, name="own", source="own record")


def _flooded(students: list[Student], storms: Batch, archive: FloodArchive | None) -> Mask:
    """(B, H, W) where the students' mean probability is even or more."""
    seen = student_inputs(storms)
    seen = seen if archive is None else attach_whole_archive(seen, archive)
    mean = torch.stack([predict(each, seen).flood_logits.softmax(1)[:, 0] for each in students]).mean(0)
    return (1 - mean.numpy()) >= 0.5


def _mean_error(found: Mask, truth: Mask) -> float:
    """Mean distance of the numbers of flooded cells."""
    return float(np.abs(found.sum((1, 2)) - truth.sum((1, 2)).astype(float)).mean())


def _people(coast: Observations, flooded: Mask) -> Floats:
    """(B,) people whose home lies in a flooded cell."""
    assets = coast.require_assets()
    points = assets.geometry.representative_point()
    rows, columns = coast.region.cells_of(points.x.to_numpy(), points.y.to_numpy())
    people = assets["people"].fillna(0.0).to_numpy(dtype=float)
    inside = rows >= 0
    return np.asarray(flooded[:, rows[inside], columns[inside]] @ people[inside])
