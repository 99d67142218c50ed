"""Rows: what the flood maps of held-out storms are off without radar, optical images or weather.

The shipped teacher and students are used as they are, without adaptation to the coast and without calibration: what is
seen is what a stream adds to them. Weather reaches the teacher alone: students forecast the sea from gauge and tide.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.absences.coasts import counts, draw_coast
from benchmarks.record import Row
from strandline.distillation.adaptation.data import predict_two_pass
from strandline.distillation.waterlines.archive_streams import attach_whole_archive
from strandline.models.batching import build_storm_batch
from strandline.models.inference import predict, student_inputs
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model
from strandline.observations.weather.storms import Storm, find_whole_storms
from strandline.simulator.radar_archive import simulate_archive

DROPPED: dict[str, tuple[str, ...]] = {
    "all streams": (),
    "no radar": ("sar", "sar_reference"),
    "no optical images": ("optical",),
    "no weather": ("weather",),
}
YEARS, STORMS, TESTED = 12.0, 24, 6
MIDDLE = np.array([0.0, 0.33, 0.75, 1.25, 2.0])
"""[m] Depth that stands for each class of ``DEPTH_EDGES``."""


def stream_rows(seed: int, teacher: Teacher, students: list[Student]) -> Iterator[Row]:
    """One row for each of ``DROPPED`` and tested storm of a coast."""
    coast = draw_coast(seed, YEARS, STORMS).observations
    gauge, truth = coast.require_gauge(), coast.require("truth")
    time = gauge["time"].values
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    storms = [each for each in find_whole_storms(time, level, STORMS) if each.contains(truth["time"].values).sum() == 1]
    order = np.random.default_rng(seed).permutation(len(storms))
    tested, trained = (sorted((storms[n] for n in part), key=lambda storm: storm.peak)
                       for part in (order[:TESTED], order[TESTED:]))  # fmt: skip
    name, mean = str(gauge["station"].values[0]), float(gauge["mean_sea_level"].values[0])
    hidden = np.any([each.contains(time) for each in tested], axis=0)
    sea = fit_sea_level_model(
        time, np.where(hidden, np.nan, level - mean), float(gauge["latitude"].values[0]), name=name, source="own record"
    )
    for case, dropped in DROPPED.items():
        seen = _without(coast, dropped)
        if seen.sar is None:
            seen = simulate_archive(seen, trained, 0, np.random.default_rng(seed))
        depth = _mapped(seen, trained, tested, sea, teacher, students)
        people, money = counts(coast.require_assets(), coast, depth)
        for number, storm in enumerate(tested):
            scene = int(np.flatnonzero(storm.contains(truth["time"].values))[0])
            true_people, true_money = (float(each[0]) for each in counts(
                coast.require_assets(), coast, truth["flood_depth"].values[[scene]]))  # fmt: skip
            yield {
                "seed": seed, "given": case, "map_people": abs(float(people[number]) - true_people),
                "map_money": abs(float(money[number]) - true_money), "people": true_people, "money": true_money,
            }  # fmt: skip


def _without(coast: Observations, names: tuple[str, ...]) -> Observations:
    kept = {name: origin for name, origin in coast.provenance.items() if name not in names}
    gone: Any = dict.fromkeys(names)
    return replace(coast, provenance=kept, **gone)


def _mapped(
    seen: Observations, trained: list[Storm], tested: list[Storm], sea: SeaLevelModel, teacher: Teacher,
    students: list[Student],
) -> Floats:  # fmt: skip
    """(E, H, W) depth [m] of the tested storms, by the likeliest class of the students' mean."""
    archive = predict_two_pass(build_storm_batch(seen, trained, sea, "survey"), teacher).archive
    test = student_inputs(attach_whole_archive(build_storm_batch(seen, tested, sea, "survey"), archive))
    mean = np.mean([predict(each, test).flood_logits.softmax(1).numpy() for each in students], axis=0)
    flooded = mean[:, 1:].sum(axis=1) >= 0.5
    return np.where(flooded, MIDDLE[1 + mean[:, 1:].argmax(axis=1)], 0.0)
