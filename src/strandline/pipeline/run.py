"""The main job: observe → teach → distil → calibrate → map the hazard → assess the impact → plan → report."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from strandline.distillation.adaptation.adapt import adapt
from strandline.distillation.adaptation.data import prepare_adaptation, weight_teacher_by_labels
from strandline.distillation.adaptation.physics_augmentation import augment_with_extremes
from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.models.batching import build_storm_batch
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.pipeline.checkpoints import Checkpoints
from strandline.pipeline.deployment import RunMetadata, build_deployment, save_deployment
from strandline.pipeline.evaluation import forecast_surge, learning_scores, reliability, score_floods, surge_scores
from strandline.pipeline.settings import RunConfig, card, commit
from strandline.pipeline.stages import (
    compare_with_training_coasts,
    hindcast_data_of,
    part_record,
    remark_on_memory,
    remarks,
    train_baselines,
    with_archive,
)
from strandline.pipeline.study_area import (
    StudyArea,
    last_year,
    levels_method,
    maxima_of,
    own_mean_sea_level,
    return_levels,
    years_behind_levels,
)
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.scenarios import load_scenarios
from strandline.planning.measures import load_measures
from strandline.planning.plan import breach_notes, plan_adaptation
from strandline.report.findings import Issuer, RunInfo, RunResults, SeaLevelRiseScenario
from strandline.report.report import write_report
from strandline.risk.hazard.flood_maps import map_hazard
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.hazard.return_levels import sample_return_levels
from strandline.risk.impact.impact import Impact, assess_impact
from strandline.risk.impact.survey_age import states_where_outdated
from strandline.risk.sensitivity import value_of_information
from strandline.uncertainty.calibration import calibrate_on
from strandline.uncertainty.forecaster import save_forecaster

Result = TypeVar("Result")
Announce = Callable[[str], Progress | None]
"""Told what each stage does as it starts; answers with where its progress goes."""
DISCOUNT_RATE, HORIZON_YEARS = 0.03, 50
"""For measures: the social discount rate and horizon that the European Commission's guide to cost-benefit analysis
(2014, section 2.8) suggests for water infrastructure, 3 % and about 50 years of life; assumptions elsewhere."""
MAPS = 100
"""The stream of draws that all hazard maps share; stages take those before it, one each."""


def run(
    observe: Callable[[Progress | None], StudyArea],
    job: str,
    settings: RunConfig,
    out: Path,
    announce: Announce,
    resume: bool = False,
) -> Path:
    """From observations to a report in ``out``; an interrupted run goes on where it was with ``resume``.

    Args:
        observe: gives the place; called only when no finished stage holds it.
        job: text that tells this job from another one in the same folder.
        announce: called with each stage's name.

    Returns:
        The path of the report.

    Raises:
        InputError, RefusedByTheory: what was wrong; no product is written then.
    """
    started = pd.Timestamp.now("UTC").tz_localize(None)
    line = Checkpoints(out / ".unfinished", f"{version('strandline')}\n{job}\n{settings}", resume)
    draws = (np.random.default_rng([settings.seed, i]) for i in range(MAPS))

    def stage(name: str, make: Callable[[np.random.Generator, Progress | None], Result]) -> Result:
        rng, progress = next(draws), announce(name)
        return line.stage(name, lambda: make(rng, progress))

    place = stage("observe", lambda _, progress: observe(progress))
    split, sea_level = stage("find storms", lambda rng, _: part_record(place, settings, rng))
    place = stage("simulate the archive", lambda rng, progress: with_archive(place, split, rng, progress))
    observations = place.observations
    teacher, shape = load_teacher(), observations.region.shape

    levels = stage(
        "find return levels",
        lambda rng, _: sample_return_levels(return_levels(place), place.return_periods, settings.hazard_samples, rng),
    )
    course = stage(
        "ask the teacher",
        lambda rng, _: prepare_adaptation(observations, split, sea_level, teacher, settings.windows, rng),
    )
    highest = float(np.median(levels, axis=0).max()) + max((future.rise for future in place.sea_level_rise), default=0)
    course = stage(
        "rehearse higher storms",
        lambda rng, progress: augment_with_extremes(course, observations, sea_level, highest, rng, progress),
    )
    course = stage("judge the teacher", lambda *_: weight_teacher_by_labels(course, load_students()))
    students = stage(
        "distil the students",
        lambda _, progress: adapt(course, load_students(site_shape=shape), settings.recipe, settings.seed, progress),
    )
    forecaster = stage("calibrate", lambda *_: calibrate_on(course, students, settings.miss_rate))
    baselines = stage(
        "train the sceptics",
        lambda _, progress: train_baselines(course, shape, settings, progress),
    )
    test = build_storm_batch(observations, split.test, sea_level, "survey" if observations.truth is None else "truth")
    floods = stage("score", lambda *_: score_floods(test, course, forecaster, teacher, baselines))
    surge = forecast_surge(forecaster, observations, split.test, sea_level)

    def map_with(rise: float, progress: Progress | None) -> Hazard:
        # one stream for every sea: a sample keeps its storm, member and quantile while the sea rises
        rng, periods = np.random.default_rng([settings.seed, MAPS]), place.return_periods
        return map_hazard(forecaster, observations, sea_level, levels, periods, rng, progress, rise=rise)

    hazard = stage("map the hazard", lambda _, progress: map_with(0.0, progress))
    assets = observations.assets
    if assets is None:
        raise InputError("observations", "hold no assets", "name a file of assets, or a lattice, in the region file")

    def assess(of: Hazard, rng: np.random.Generator) -> Impact:
        continent, design = observations.region.continent, place.return_periods[-1]
        own = states_where_outdated(of, assets, last_year(place), design, continent)
        return assess_impact(of, assets, continent, rng, design_return_period=design, own_states=own)

    impact = stage("assess the impact", lambda rng, _: assess(hazard, rng))
    information = value_of_information(hazard, assets, observations.region.continent, years_behind_levels(place))

    def look_ahead(rng: np.random.Generator, progress: Progress | None) -> tuple[SeaLevelRiseScenario, ...]:
        scenarios = []
        for scenario in place.sea_level_rise:
            higher = map_with(scenario.rise, progress)
            damage = assess(higher, rng).expected_annual_damage
            scenarios.append(SeaLevelRiseScenario(scenario.name, scenario.rise, scenario.source, higher, damage))
        return tuple(scenarios)

    rise_scenarios = stage("raise the sea", look_ahead)
    plan = stage(
        "plan",
        lambda rng, _: plan_adaptation(
            hazard,
            impact,
            budget=place.budget,
            economy=Economy(DISCOUNT_RATE, HORIZON_YEARS, started.year),
            measures=load_measures(),
            scenarios=load_scenarios(),
            mean_sea_level=own_mean_sea_level(place),
            sea_level_rise_hazards=[scenario.hazard for scenario in rise_scenarios],
            rng=rng,
            hindcast_data=hindcast_data_of(place, sea_level, rng),
        ),
    )
    plan = replace(plan, notes=(*plan.notes, *breach_notes(impact.assets, place.return_periods[-1])))
    out_of_distribution = stage(
        "compare with taught coasts", lambda rng, _: compare_with_training_coasts(course, place, split, sea_level, rng)
    )
    deployment = stage(
        "brief the watch",
        lambda rng, _: build_deployment(
            observations,
            [hazard, *(scenario.hazard for scenario in rise_scenarios)],
            plan,
            sea_level,
            split.withheld,
            RunMetadata(version("strandline"), commit(), {"run": settings.seed}),
            rng,
            place.zones,
        ),
    )
    announce("write the report")
    strange = () if out_of_distribution.warning is None else (out_of_distribution.warning,)
    told = (*remarks(place), *strange, *remark_on_memory(course))
    maxima, maxima_per_year = maxima_of(place, settings.storms)
    findings = RunResults(
        observations=observations,
        hazard=hazard,
        impact=impact,
        plan=plan,
        surge=surge.rows,
        surge_scores=surge_scores(surge),
        learning=learning_scores(floods, place, split, settings.miss_rate),
        run=RunInfo(started, line.seconds, {"run": settings.seed}, commit(), version("strandline"), told),
        issuer=Issuer("strandline.invalid", "Strandline (draft, not sent)"),
        levels_method=levels_method(place),
        observed_maxima=maxima,
        maxima_per_year=maxima_per_year,
        reliability=reliability(floods),
        rise_scenarios=rise_scenarios,
        information=information,
        out_of_distribution=out_of_distribution,
    )
    save_forecaster(out, forecaster, card(findings, settings))
    save_deployment(out, deployment)
    report = write_report(out, findings)
    line.clear()
    return report
