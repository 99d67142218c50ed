"""What a run decides, and what its single stages do with it; the run itself is `pipeline.run`."""

import math
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from strandline.adaptation import (
    Course,
    FloodScores,
    fine_tune,
    free_hours,
    learn_from_labels,
    new_students,
    remember_rehearsals,
)
from strandline.distillation.distil import Recipe
from strandline.distillation.strandlines import BEYOND_MEMORY, peak_levels, waterlines
from strandline.errors import RefusedByTheory
from strandline.events import Split, find_storms, find_whole_storms, split_by_storm
from strandline.forecasting import SurgeTable
from strandline.models.gauge_process import fit_tide_and_weather
from strandline.models.student import Student
from strandline.observations import Observations
from strandline.place import Place
from strandline.planning.track_record import PastSea, recall_sea
from strandline.pretraining import load_students
from strandline.report.facts import Findings, LearningScores, Reliability, SurgeScores
from strandline.report.products import as_json
from strandline.risk.extremes import ReturnLevelFit, fit_gauge
from strandline.samples import build_surge_batch
from strandline.simulator.archive import simulate_archive
from strandline.simulator.rehearsal import designer_of, rehearse
from strandline.tide_and_weather import TideAndWeather
from strandline.training import Progress
from strandline.uncertainty.familiarity import TRAIT_HOURS, Familiarity, compare, load_taught, traits_of

NOISE = 0.03
"""IoU that ten events cannot tell apart; a smaller distance to the teacher leaves the closed gap undefined."""
REHEARSAL_STEP = 0.25
"""Spacing of rehearsed storms [m]."""


@dataclass(frozen=True)
class Settings:
    """What a run decides; the same for real and simulated places.

    Attributes:
        recipe: of the local distillation.
        storms, calibration_storms, test_storms: how many are sought in the record, and how many of them are held out.
        windows: surge windows learned from.
        hazard_samples: Monte-Carlo samples through the whole chain.
        false_dry_rate: share of flooded cells that flood maps may call dry, 0…1; ``None`` = the best overlap.
        seed: of every draw.
    """

    recipe: Recipe = field(default_factory=Recipe)
    storms: int = 40
    calibration_storms: int = 12
    test_storms: int = 8
    windows: int = 800
    hazard_samples: int = 40
    false_dry_rate: float | None = None
    seed: int = 1


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


def rehearse_above(
    course: Course,
    observations: Observations,
    sea: TideAndWeather,
    highest: float,
    rng: np.random.Generator,
    progress: Progress | None,
) -> Course:
    """The course with rehearsed storms, where maps are asked of seas far above all that the archive holds.

    Args:
        highest: sea level that is mapped [m, region datum].
    """
    if course.archive is None:
        return course
    designer = designer_of(observations, sea)
    seen = course.archive.highest + designer.mean_sea_level
    if highest - seen <= BEYOND_MEMORY:
        return course
    peaks = np.linspace(seen, highest, 1 + math.ceil((highest - seen) / REHEARSAL_STEP))[1:]
    whole = torch.ones(1, len(course.archive), dtype=torch.bool)
    dry_at, wet_at = (bound[0].double().numpy() for bound in waterlines(course.archive, whole))
    storms = rehearse(observations, designer, peaks, (dry_at, wet_at), rng, progress)
    return remember_rehearsals(course, storms)


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


def own_mean_sea_level(place: Place) -> float:
    """About which the own gauge's tide swings [m, region datum]."""
    gauge = place.observations.tide_gauge
    assert gauge is not None
    return float(gauge["mean_sea_level"].values[0])


def return_levels(place: Place) -> ReturnLevelFit:
    """The published fit where there is one, else peaks over threshold of the own record."""
    if place.published_levels is not None:
        return place.published_levels
    time, level = place.own_level
    source = f"own record, {place.observations.region.name}"
    return fit_gauge(time, level, place.return_periods, method="peaks_over_threshold", source=source)


def maxima_of(place: Place, most: int) -> tuple[npt.NDArray[np.float64], float]:
    """What the return levels rest on, for the plot: maxima [m, region datum] and how many a year.

    Annual maxima of a published record, brought to the sea level of its reference year, or the own record's storms.
    """
    fit = place.published_levels
    if fit is not None and fit.data is not None and fit.years is not None:
        rise = fit.trend * (fit.reference_year - fit.years) if fit.trend else 0.0
        return fit.data[:, 0] + rise, 1.0
    peaks = np.array([storm.peak_level for storm in find_storms(*place.own_level, most=most)])
    return peaks, peaks.size / record_years(place)


def levels_method(place: Place) -> str:
    """One sentence on how the return levels were found."""
    if (fit := place.published_levels) is not None:
        return f"A GEV distribution fitted to {fit.record_years:.0f} years of {fit.source}."
    return f"Peaks over threshold of the own record, {record_years(place):.1f} years of readings."


def years_behind_levels(place: Place) -> float:
    """Years of the record that the return levels rest on."""
    fit = place.published_levels
    return record_years(place) if fit is None else float(fit.record_years)


def last_year(place: Place) -> int:
    """The last year of the own record, from which the age of a survey counts."""
    return int(pd.Timestamp(place.own_level[0][-1]).year)


def record_years(place: Place) -> float:
    """Years of usable hours in the own record."""
    return float((~np.isnan(place.own_level[1])).sum()) / 8766.0


def surge_scores(surge: SurgeTable) -> SurgeScores:
    """RMSE and coverage of the held-out storms, beside the better of tide alone and persistence."""
    scores = surge.scores()
    baselines = {"tide alone": scores["rmse_tide"], "persistence": scores["rmse_persistence"]}
    name = min(baselines, key=lambda key: baselines[key])
    return SurgeScores(scores["rmse"], scores["coverage_90"], int(scores["n_hours"]), baselines[name], name)


def learning_scores(floods: FloodScores, place: Place, split: Split, asked: float | None) -> LearningScores:
    """The learning table: retention S/T, and the gap (S − B)/(T − B) where T − B is more than noise."""
    teacher, student, base = (floods.iou[name] for name in ("teacher", "distilled", "labels_only"))
    survey = place.observations.flood_survey
    labels = 0
    if survey is not None:
        labels = sum(bool(storm.contains(survey["time"].values).any()) for storm in split.training)
    gap = (student - base) / (teacher - base) if teacher - base > NOISE else None
    return LearningScores(
        place.observations.provenance["terrain" if place.observations.truth is None else "truth"].kind,
        teacher,
        student,
        base,
        floods.iou["pretrained"],
        student / teacher if teacher > 0 else float("nan"),
        gap,
        labels,
        len(split.test),
        floods.iou["pretrained_finetuned"],
        None if math.isnan(floods.false_dry) else floods.false_dry,
        asked,
    )


def reliability(floods: FloodScores, bins: int = 10) -> Reliability | None:
    """Promised and observed frequency of flooding on the test storms, a bin of probability; ``None`` without any."""
    if not floods.happened.size:
        return None
    index = np.minimum((floods.probability * bins).astype(int), bins - 1)
    kept = [i for i in range(bins) if (index == i).any()]
    return Reliability(
        tuple(float(floods.probability[index == i].mean()) for i in kept),
        tuple(float(floods.happened[index == i].mean()) for i in kept),
        tuple(int((index == i).sum()) for i in kept),
    )


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


def card(findings: Findings, settings: Settings) -> Mapping[str, object]:
    """The adapted students' model card: data, recipe, seed, commit, scores."""
    facts = {
        "made_by": "strandline run",
        "place": findings.observations.region.name,
        "provenance": {name: p.kind for name, p in findings.observations.provenance.items()},
        "recipe": vars(settings.recipe),
        "seed": settings.seed,
        "commit": findings.run.commit,
        "version": findings.run.version,
        "flood": vars(findings.learning),
        "surge": vars(findings.surge_scores),
        "limits": "Adapted to this place alone. Not for another coast, and not beyond levels seen in training.",
    }
    return {name: as_json(value) for name, value in facts.items()}


def commit() -> str:
    """The commit of the source tree, ``unknown`` outside one."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"
