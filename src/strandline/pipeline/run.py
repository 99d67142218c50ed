"""The main job: observe → distil → calibrate → map the hazard → assess the impact → plan → report."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from strandline.distillation.adaptation.how_learnt import how_learnt
from strandline.distillation.adaptation.radar_scenes import with_shares
from strandline.distillation.training.loop import Announce, Progress
from strandline.models.batching import build_storm_batch
from strandline.models.weights.load_weights import load_teacher
from strandline.pipeline.deployment import RunMetadata, save_deployment
from strandline.pipeline.deployment.trial_ground_file import save_trial_ground
from strandline.pipeline.run_folder.checkpoints import UNFINISHED, Checkpoints, job_key
from strandline.pipeline.run_folder.generations import new_generation
from strandline.pipeline.run_folder.lock import one_run_at_a_time
from strandline.pipeline.scores.flood_maps import learning_scores, reliability
from strandline.pipeline.settings import RunConfig, commit, model_card
from strandline.pipeline.stage_runner import StageRunner
from strandline.pipeline.stages import (
    all_drivers,
    breaches,
    consequences,
    flood_timing,
    hazard_maps,
    learning,
    planning,
    record,
    return_levels,
    sea_level_forecast,
    trial_ground,
    warnings,
)
from strandline.pipeline.study_area import StudyArea
from strandline.pipeline.study_area.flood_scores import targets_of
from strandline.report.findings import RunInfo, RunResults, SeaLevelRiseScenario
from strandline.report.report import write_report
from strandline.risk.timing.by_cell import time_map
from strandline.uncertainty.forecaster import save_forecaster
from strandline.uncertainty.gauge_forecast.forecaster_file import save_gauge_forecaster

BASELINES = "train the baselines"


def run(
    observe: Callable[[Progress | None], StudyArea],
    job: str,
    config: RunConfig,
    out: Path,
    announce: Announce,
    resume: bool = False,
) -> Path:
    """Run every stage from observations to a report in ``out``; ``resume`` continues an interrupted run.

    Args:
        observe: returns the study area; called only if no finished stage holds it.
        job: text that identifies the job; another job's unfinished stages are refused.
        announce: called with each stage's name when it starts.

    Returns:
        The path of the report.

    Raises:
        InputError, RefusedByTheory: what was wrong. The products of a former run are left as they are then.
    """
    with one_run_at_a_time(out), ExitStack() as work:
        started = pd.Timestamp.now("UTC").tz_localize(None)
        fingerprint = f"{version('strandline')}\n{job}\n{config}"
        stage = StageRunner(Checkpoints(out / UNFINISHED, fingerprint, resume), config.seed, announce)

        area = stage("observe", lambda context: observe(context.progress))
        split, sea_level = stage("split the record", record.split_record, area, config)
        radar = stage("compile the radar scenes", record.compile_radar_scenes, area, split, sea_level)
        area = stage("simulate the radar archive", record.add_radar_archive, radar.area, split)
        observations, teacher = area.observations, load_teacher()
        estimated = stage("estimate return levels", return_levels.estimate_return_levels, area, sea_level, config)
        levels = estimated.samples

        data = stage("apply the teacher", learning.apply_teacher, area, split, sea_level, teacher, radar.compiled)
        data = stage("simulate extremes", learning.simulate_extremes, data, area, sea_level, levels, config)
        data = stage("estimate the teacher's weight", learning.estimate_teacher_weight, data, config)
        adapted = stage("distil the students", learning.distil_students, data, area, config)
        members = stage("gather the members", learning.gather_members, data, adapted, config)
        forecaster = stage("calibrate", learning.calibrate, data, members, config)
        baselines = learning.Baselines(data, area, config) if config.evaluate else None
        if baselines is not None:
            work.enter_context(baselines.trainings)
            if not stage.checkpoints.holds(BASELINES):
                baselines.trainings.start()
        gauge = stage("fit the sea-level forecaster", sea_level_forecast.fit_forecaster, area, split, sea_level)
        surge = stage("forecast the storms held out", sea_level_forecast.forecast_held_out, gauge, area, split)

        hazard = stage("map the hazard", hazard_maps.map_hazard, forecaster, area, sea_level, levels, config)
        frequent = stage(
            "map frequent floods", hazard_maps.map_frequent, forecaster, area, sea_level, estimated.frequent, config
        )
        futures = stage(
            "map sea-level rise", hazard_maps.map_sea_level_rise, forecaster, area, sea_level, levels, config,
            estimated.frequent,
        )  # fmt: skip
        highest = stage("map the highest sea", hazard_maps.map_highest, forecaster, area, sea_level, levels, config)
        maps = stage("sample breaches", breaches.sample_breaches, hazard, frequent, futures, highest, area, sea_level)
        hazard, frequent, futures, highest = maps.hazard, maps.frequent, maps.futures, maps.highest
        impact = stage("assess the impact", consequences.assess_impact, hazard, frequent, futures, highest, area)
        information = stage(
            "analyse sensitivity", consequences.analyse_sensitivity, hazard, area, estimated.record_years
        )
        impact = replace(impact, population=stage("count the people", consequences.count_people, hazard, futures, area))
        impact = replace(
            impact,
            loss_of_life=stage(
                "estimate loss of life",
                consequences.estimate_loss_of_life, hazard, frequent, futures, impact, area,
            ),
            fields=stage("count salted fields", consequences.count_salted_fields, hazard, frequent, futures, area),
        )  # fmt: skip
        zones, response = stage("find the zones", consequences.find_zones, area, hazard, futures, sea_level)
        by_driver = stage(
            "map rain and rivers", all_drivers.map_all_drivers, forecaster, area, sea_level, hazard, zones
        )
        impact = stage("count all drivers", consequences.count_all_drivers, impact, by_driver, area)
        timing = stage(
            "time the water", flood_timing.time_the_water, area, data, sea_level, levels, zones, response.dry_level
        )
        repairs = stage("appraise repairs", breaches.appraise_repairs, maps, area)
        ground = stage(
            "keep the trial ground", trial_ground.keep_trial_ground, area, data, sea_level, hazard, frequent, futures,
            impact,
        )  # fmt: skip
        plan = stage(
            "plan", planning.plan, hazard, impact, frequent, futures, highest, zones, response, area, sea_level, timing,
            config, repairs, by_driver,
        )  # fmt: skip
        compared = {} if baselines is None else stage(BASELINES, baselines.finish)
        seen = area.storm_observations
        test = build_storm_batch(seen, split.test, sea_level, targets_of(seen, split.test))
        floods = stage("score the flood maps", learning.score, test, data, forecaster, teacher, compared)
        novelty = stage("compare with training coasts", learning.compare_with_training, data, area, split, sea_level)
        metadata = RunMetadata(version("strandline"), commit(), {"run": config.seed})
        deployment = stage(
            "prepare the watch", planning.prepare_watch, area, zones, response, hazard, plan, sea_level, split,
            metadata, by_driver,
        )  # fmt: skip

        announce("write the report")
        results = RunResults(
            observations=observations,
            hazard=hazard,
            impact=impact,
            plan=plan,
            surge=surge.rows,
            surge_scores=surge.scores(),
            learning=learning_scores(floods, area, split, config.miss_rate),
            run=RunInfo(
                started,
                stage.seconds,
                {"run": config.seed},
                metadata.commit,
                metadata.version,
                warnings.warnings_of(area, radar, novelty, data, highest, split, by_driver),
            ),
            issuer=area.issuer,
            levels=estimated.basis,
            observed_maxima=estimated.maxima,
            maxima_per_year=estimated.maxima_per_year,
            reliability=reliability(floods),
            rise_scenarios=tuple(
                SeaLevelRiseScenario(
                    each.name,
                    each.rise,
                    each.source,
                    each.hazard,
                    damage.expected,
                    each.sunk,
                    each.frequent,
                    damage.share_beyond_maps,
                )
                for each, damage in zip(futures, impact.in_future, strict=True)
            ),
            frequent=frequent,
            repairs=repairs,
            place_names=area.place_names,
            information=information,
            out_of_distribution=novelty,
            learnt=how_learnt(data, members, config.distillation),
            flood_times=None if timing is None else time_map(timing.floods, timing.return_periods),
            by_driver=by_driver,
            radar_scenes=with_shares(radar.scenes, data.first_pass, test.land[0].numpy()),
        )
        key = {
            "started": f"{started:%Y-%m-%dT%H:%M:%SZ}",
            "region": observations.region.name,
            "job": job_key(fingerprint),
        }
        with new_generation(out, key) as products:
            save_forecaster(products, forecaster, model_card(results, config))
            save_gauge_forecaster(products, gauge)
            save_deployment(products, deployment)
            if ground is not None:
                save_trial_ground(products, ground)
            report = write_report(products, results, out / "alerts")
        stage.checkpoints.clear()
    return out / report.name
