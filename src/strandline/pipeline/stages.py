"""What a run decides, and what its single stages do with it; the run itself is `pipeline.run`."""

from dataclasses import replace

import numpy as np

from strandline.distillation.adaptation.baselines import fine_tune, train_supervised, untrained_students
from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.training.loop import Progress
from strandline.distillation.waterlines import EXTRAPOLATION_MARGIN, peak_levels
from strandline.errors import RefusedByTheory
from strandline.models.batching import build_surge_batch, free_hours
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students
from strandline.observations.sea_level.model import SeaLevelModel
from strandline.observations.sea_level.residual_process import fit_sea_level_model
from strandline.observations.storms import Split, find_whole_storms, split_by_storm
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.study_area import StudyArea, own_mean_sea_level
from strandline.planning.early_action.hindcast import HindcastData, prepare_hindcast
from strandline.simulator.radar_archive import simulate_archive
from strandline.uncertainty.out_of_distribution import (
    FEATURE_HOURS,
    OutOfDistribution,
    compare,
    features_of_place,
    load_training_coasts,
)


def train_baselines(
    course: AdaptationData, shape: tuple[int, int], settings: RunConfig, progress: Progress | None
) -> dict[str, list[Student]]:
    """What a sceptic would compare with, as many members each: no pre-training, no adaptation, no teacher."""
    shipped = load_students(site_shape=shape)
    fresh = untrained_students(len(shipped), shape, settings.seed)
    recipe, seed = settings.recipe, settings.seed
    return {
        "labels_only": train_supervised(course, fresh, recipe, seed, all_weights=True, progress=progress),
        "pretrained": load_students(),
        "pretrained_finetuned": fine_tune(course, shipped, recipe, seed, progress),
    }


def part_record(place: StudyArea, settings: RunConfig, rng: np.random.Generator) -> tuple[Split, SeaLevelModel]:
    """Storms of the record, parted, and what its training hours tell of tide and weather; they alone."""
    time, level = place.own_level
    storms = find_whole_storms(time, level, settings.storms)
    split = split_by_storm(storms, settings.calibration_storms, settings.test_storms, place.held_out, rng)
    if len(split.calibration) < settings.calibration_storms or not split.training or not split.test:
        needed = settings.calibration_storms + max(settings.test_storms, len(split.test), 1) + 1
        raise RefusedByTheory(
            f"the record of '{place.observations.region.name}' holds {len(storms)} storms; {needed} or more are needed"
            f" to learn from some, calibrate on {settings.calibration_storms} and test on the others"
        )
    gauge = place.observations.require_gauge()
    allowed = level - own_mean_sea_level(place)
    for start, end in split.withheld:
        allowed[(time >= start) & (time <= end)] = np.nan
    latitude, name = float(gauge["latitude"].values[0]), str(gauge["station"].values[0])
    source = "own record, training hours"
    return split, fit_sea_level_model(time, allowed, latitude, name=name, source=source, published=place.constants)


def with_archive(place: StudyArea, split: Split, rng: np.random.Generator, progress: Progress | None) -> StudyArea:
    """The place itself where a radar archive was observed, else with one simulated on its terrain.

    Where radar was observed nothing is simulated: scores then rest on flood surveys, and are undefined without them.
    """
    if place.observations.sar is not None:
        return place
    storms = sorted((*split.training, *split.calibration, *split.test), key=lambda storm: storm.peak)
    archive = simulate_archive(place.observations, storms, len(storms) // 5, rng, progress)
    return replace(place, observations=archive)


def compare_with_training_coasts(
    course: AdaptationData, place: StudyArea, split: Split, sea_level: SeaLevelModel, rng: np.random.Generator
) -> OutOfDistribution:
    """The place beside the taught coasts, by hours drawn as theirs were and not by stormy ones."""
    observations = place.observations
    hours = np.sort(rng.permutation(free_hours(observations, split))[:FEATURE_HOURS])
    return compare(
        features_of_place(course.training, build_surge_batch(observations, hours, sea_level, "survey")),
        load_training_coasts(),
    )


def hindcast_data_of(place: StudyArea, sea_level: SeaLevelModel, rng: np.random.Generator) -> HindcastData | None:
    """The record on which the plan's triggers are tested; ``None`` where it is too short to learn forecasts from."""
    gauge = place.observations.require_gauge()
    mean = gauge["mean_sea_level"].values
    hours, levels = place.hourly_levels
    neighbour = levels[1] - mean[1] + mean[0] if mean.size > 1 else None
    return prepare_hindcast(hours, levels[0], sea_level.tide(hours) + mean[0], neighbour, rng)


def remarks(place: StudyArea) -> tuple[str, ...]:
    """What a reader must know about this run."""
    provenance = place.observations.provenance
    if provenance["terrain"].kind == "simulated":
        return ("Everything here is simulated: this coast does not exist.",)
    if provenance["sar"].kind == "simulated":
        return (
            "No radar scene of this place was given. The floods that the teacher saw, and those that the scores compare"
            " with, were computed by physics on this terrain; no flood map here was checked against an observed one.",
        )
    return ()


def remark_on_memory(course: AdaptationData) -> tuple[str, ...]:
    """A warning where the maps speak of seas that were rehearsed only, in metres above mean sea level."""
    if course.physics_augmented is None:
        return ()
    seen, physics_augmented = (
        float(peak_levels(batch)[0].max()) for batch in (course.training, course.physics_augmented)
    )
    return (
        f"Flood maps reach to a sea of {physics_augmented:.2f} m above its mean level; the highest storm that was mapped here"
        f" stood at {seen:.2f} m. From {seen + EXTRAPOLATION_MARGIN:.2f} m on they rest on physics on the elevation product,"
        " within what the mapped storms say of the ground: a dike that is narrower than a cell, or that breaks, is not"
        " in it.",
    )
