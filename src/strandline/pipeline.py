"""The main job, from observations to a report: observe → teach → distil → calibrate → hazard → impact → plan."""

import importlib.metadata
import logging
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.adaptation import adapt, calibrate_on, learn_from_labels, prepare, reference_map, score_floods
from strandline.batch import build_storm_batch
from strandline.checkpoints import Checkpoints
from strandline.distillation.distil import Recipe
from strandline.errors import InputError
from strandline.events import Split, find_storms, split_by_storm
from strandline.forecasting import forecast_surge
from strandline.models.student import Student
from strandline.place import Place
from strandline.planning.measures import load_measures
from strandline.planning.plan import plan_adaptation
from strandline.pretraining import load_students, load_teacher
from strandline.report.facts import Findings, Issuer, LearningScores, Reliability, RunFacts, SurgeScores
from strandline.report.write import write_report
from strandline.risk.extremes import ReturnLevelFit, annual_maxima, fit_gauge
from strandline.risk.flood_maps import map_hazard
from strandline.risk.impact import assess_impact
from strandline.risk.return_levels import sample_return_levels
from strandline.simulator.archive import simulate_archive
from strandline.tides import TidalConstants, fit_tide, predict_tide
from strandline.training import Progress

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
STAGES = ("observe", "storms", "archive", "teach", "distil", "calibrate", "score", "hazard", "impact", "plan")
Announce = Callable[[str], Progress | None]
"""Told the name of each stage as it starts; answers with where its progress goes."""
NOISE = 0.03
"""IoU that ten events cannot tell apart; a smaller distance to the teacher leaves the closed gap undefined."""


@dataclass(frozen=True)
class Settings:
    """What a run decides; the same for real and simulated places.

    Attributes:
        recipe: of the local distillation.
        storms, calibration_storms, test_storms: how many are sought in the record, and held out.
        windows: surge windows learned from.
        hazard_samples: Monte-Carlo samples through the whole chain.
        seed: of every draw.
    """

    recipe: Recipe = Recipe()
    storms: int = 40
    calibration_storms: int = 12
    test_storms: int = 8
    windows: int = 400
    hazard_samples: int = 40
    seed: int = 1


def run(
    observe_place: Callable[[Progress | None], Place],
    job: str,
    settings: Settings,
    out: Path,
    announce: Announce,
    resume: bool = False,
) -> Path:
    """From observations to a report in ``out``; an interrupted run goes on where it was with ``resume``.

    Args:
        observe_place: gives the place; called only when no finished stage holds it.
        job: text that tells this job from another one in the same folder.
        settings: what to decide.
        out: folder of the products.
        announce: called with each stage's name.

    Returns:
        The path of the report.
    """
    out.mkdir(parents=True, exist_ok=True)
    line = Checkpoints(out / ".unfinished", f"{job}\n{settings}", resume)
    rng = {name: np.random.default_rng([settings.seed, i]) for i, name in enumerate(STAGES)}
    started = pd.Timestamp.now("UTC").tz_localize(None)

    def stage(name: str, make: Callable[[Progress | None], Result]) -> Result:
        progress = announce(name)
        result = line.stage(name, lambda: make(progress))
        if progress is not None:
            progress(1.0)
        return result

    place = stage("observe", observe_place)
    split, constants, tide = stage("storms", lambda _: part_record(place, settings, rng["storms"]))
    place = stage("archive", lambda progress: simulate_archive(place, split, rng["archive"], progress))
    observations = place.observations
    teacher = load_teacher()
    course = stage(
        "teach", lambda _: prepare(observations, split, tide, teacher, settings.windows, rng["teach"])
    )
    shape = observations.region.shape
    students = stage(
        "distil",
        lambda progress: adapt(course, load_students(place_shape=shape), settings.recipe, settings.seed, progress),
    )
    forecaster = stage("calibrate", lambda _: calibrate_on(course, students))
    sceptics = stage("sceptics", lambda _: {
        "labels_only": [learn_from_labels(course, Student(place_shape=shape), settings.recipe.steps, settings.seed)],
        "pretrained": load_students(),
        "pretrained_finetuned": [
            learn_from_labels(course, member, settings.recipe.steps, settings.seed)
            for member in load_students(place_shape=shape)
        ],
    })
    test = build_storm_batch(observations, split.test, tide, "truth")
    floods = stage("score", lambda _: score_floods(
        test, (course.training, reference_map(course.training, course.word["training"])), forecaster, teacher, sceptics
    ))
    surge = forecast_surge(forecaster, observations, split.test, tide)
    fit = place.published_levels or fit_own_levels(place)
    hazard = stage("hazard", lambda progress: map_hazard(
        forecaster,
        observations,
        constants,
        sample_return_levels(fit, place.return_periods, settings.hazard_samples, rng["hazard"]),
        place.return_periods,
        rng["hazard"],
        progress,
    ))
    if observations.assets is None:
        raise InputError("observations", "hold no assets", "name a file of assets, or a lattice, in the region file")
    impact = stage("impact", lambda _: assess_impact(
        hazard, observations.assets, observations.region.continent, rng["impact"]
    ))
    plan = stage("plan", lambda _: plan_adaptation(hazard, impact))
    raise NotImplementedError
