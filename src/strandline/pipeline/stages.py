"""What a run decides, and what its single stages do with it; the run itself is `pipeline.run`."""

from dataclasses import replace

import numpy as np

from strandline.distillation.adaptation.baselines import fine_tune, learn_from_labels, new_students
from strandline.distillation.adaptation.data import Course
from strandline.distillation.training.loop import Progress
from strandline.distillation.waterlines import BEYOND_MEMORY, peak_levels
from strandline.errors import RefusedByTheory
from strandline.models.batching import build_surge_batch, free_hours
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students
from strandline.observations.sea_level.model import TideAndWeather
from strandline.observations.sea_level.residual_process import fit_tide_and_weather
from strandline.observations.storms import Split, find_whole_storms, split_by_storm
from strandline.pipeline.settings import Settings
from strandline.pipeline.study_area import Place, own_mean_sea_level
from strandline.planning.early_action.hindcast import PastSea, recall_sea
from strandline.simulator.radar_archive import simulate_archive
from strandline.uncertainty.out_of_distribution import TRAIT_HOURS, Familiarity, compare, load_taught, traits_of


def train_sceptics(
    course: Course, shape: tuple[int, int], settings: Settings, progress: Progress | None
) -> dict[str, list[Student]]:
    """What a sceptic would compare with, as many members each: no pre-training, no adaptation, no teacher."""
    shipped = load_students(place_shape=shape)
    fresh = new_students(len(shipped), shape, settings.seed)
    recipe, seed = settings.recipe, settings.seed
    return {
        "labels_only": learn_from_labels(course, fresh, recipe, seed, whole=True, progress=progress),
        "pretrained": load_students(),
        "pretrained_finetuned": fine_tune(course, shipped, recipe, seed, progress),
    }


def part_record(place: Place, settings: Settings, rng: np.random.Generator) -> tuple[Split, TideAndWeather]:
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
    gauge = place.observations.tide_gauge
    assert gauge is not None
    allowed = level - own_mean_sea_level(place)
    for start, end in split.withheld:
        allowed[(time >= start) & (time <= end)] = np.nan
    latitude, name = float(gauge["latitude"].values[0]), str(gauge["station"].values[0])
    source = "own record, training hours"
    return split, fit_tide_and_weather(time, allowed, latitude, name=name, source=source, published=place.constants)


def with_archive(place: Place, split: Split, rng: np.random.Generator, progress: Progress | None) -> Place:
    """The place itself where a radar archive was observed, else with one simulated on its terrain.

    Where radar was observed nothing is simulated: scores then rest on flood surveys, and are undefined without them.
    """
    if place.observations.sar is not None:
        return place
    storms = sorted((*split.training, *split.calibration, *split.test), key=lambda storm: storm.peak)
    archive = simulate_archive(place.observations, storms, len(storms) // 5, rng, progress)
    return replace(place, observations=archive)


def compare_with_taught(
    course: Course, place: Place, split: Split, sea: TideAndWeather, rng: np.random.Generator
) -> Familiarity:
    """The place beside the taught coasts, by hours drawn as theirs were and not by stormy ones."""
    observations = place.observations
    hours = np.sort(rng.permutation(free_hours(observations, split))[:TRAIT_HOURS])
    return compare(traits_of(course.training, build_surge_batch(observations, hours, sea, "survey")), load_taught())


def recall_past(place: Place, sea: TideAndWeather, rng: np.random.Generator) -> PastSea | None:
    """The record on which the plan's triggers are tested; ``None`` where it is too short to learn forecasts from."""
    gauge = place.observations.tide_gauge
    assert gauge is not None
    mean = gauge["mean_sea_level"].values
    hours, levels = place.hourly_levels
    neighbour = levels[1] - mean[1] + mean[0] if mean.size > 1 else None
    return recall_sea(hours, levels[0], sea.tide(hours) + mean[0], neighbour, rng)


def remarks(place: Place) -> tuple[str, ...]:
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


def remark_on_memory(course: Course) -> tuple[str, ...]:
    """A warning where the maps speak of seas that were rehearsed only, in metres above mean sea level."""
    if course.rehearsed is None:
        return ()
    seen, rehearsed = (float(peak_levels(batch)[0].max()) for batch in (course.training, course.rehearsed))
    return (
        f"Flood maps reach to a sea of {rehearsed:.2f} m above its mean level; the highest storm that was mapped here"
        f" stood at {seen:.2f} m. From {seen + BEYOND_MEMORY:.2f} m on they rest on physics on the elevation product,"
        " within what the mapped storms say of the ground: a dike that is narrower than a cell, or that breaks, is not"
        " in it.",
    )
