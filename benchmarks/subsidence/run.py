"""One simulated delta, assessed and planned for on stable land, on land that sinks, and where one half sinks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from benchmarks.record import Row
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import Floats
from strandline.observations.region_file.scenario_sections import SeaLevelRise
from strandline.observations.sea_level.projections import global_projections
from strandline.observations.sea_level.subsidence import STABLE, SinkingRate, Subsidence
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext, random_stream
from strandline.pipeline.stages import consequences, hazard_maps, learning, record, return_levels
from strandline.pipeline.study_area import StudyArea, own_mean_sea_level, simulate_study_area
from strandline.pipeline.study_area.future_seas import scenarios_of
from strandline.planning.plan import Plan, plan_adaptation
from strandline.planning.quantity import stratify
from strandline.planning.settings import read_planning_settings
from strandline.report.plan.pathway_lines import format_tipping_point
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.hazard.levels.sampled_levels import ReturnLevels
from strandline.uncertainty.calibration import calibrate_on
from strandline.uncertainty.forecaster import Forecaster

RATE = SinkingRate(0.015, 0.020, 0.025)
"""[m a-1] 2 cm a year, within the range that is modelled for the Mekong delta (mean 1.1 cm, parts above 2.5 cm a year;
Minderhoud et al. 2017, Environmental Research Letters 12, 064006); the bounds are an assumption."""
YEARS_AHEAD = (25, 50, 70)
DRAWS = 2000
SEAS = ("SSP2-4.5", "SSP5-8.5", "SSP5-8.5 low confidence")
_BETWEEN = (0.05, 0.5, 0.95)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What all cases share: the delta, its levels, and the calibrated networks."""

    area: StudyArea
    sea_level: SeaLevelModel
    levels: ReturnLevels
    forecaster: Forecaster
    config: RunConfig


def rises(baseline: int) -> Iterator[Row]:
    """The rise of the sea against the land since the baseline year, on stable and on sinking land."""
    rng = np.random.default_rng(0)
    deviates, land = ndtri(stratify(DRAWS, rng)), ndtri(stratify(DRAWS, rng))
    for projection in (each for each in global_projections() if each.name in SEAS):
        for ahead in YEARS_AHEAD:
            row: Row = {"part": "rise", "case": projection.name, "year": baseline + ahead}
            for name, rate in (("stable", STABLE), ("sinking", RATE)):
                at = np.array([float(baseline + ahead)])
                rise = projection.on_sinking_land(rate).rise(at, baseline, deviates, land)
                low, middle, high = np.quantile(rise, _BETWEEN)
                row |= {f"{name}_p5_m": float(low), f"{name}_p50_m": float(middle), f"{name}_p95_m": float(high)}
            yield row


def prepare(cells: int, years: float, storms: int, seed: int, samples: int) -> Prepared:
    """Simulate the delta, estimate its levels, and calibrate the shipped networks on its storms."""
    config = RunConfig(storms=storms, calibration_storms=9, test_storms=6, hazard_samples=samples, seed=seed)

    def context(name: str) -> StageContext:
        return StageContext(random_stream(seed, name))

    area = simulate_study_area(cells, years, storms)
    split, sea_level = record.split_record(context("split"), area, config)
    levels = return_levels.estimate_return_levels(context("levels"), area, sea_level, config)
    data = learning.apply_teacher(context("teacher"), area, split, sea_level, load_teacher())
    forecaster = calibrate_on(data, load_students(site_shape=area.observations.region.shape))
    rises = tuple(
        SeaLevelRise.model_validate({"scenario": "SSP2-4.5", "year": area.baseline + ahead}) for ahead in YEARS_AHEAD
    )
    highest = SeaLevelRise(name="two metres", rise=2.0, source="so that no pathway leaves the maps")
    return Prepared(replace(area, sea_level_rise=(*rises, highest)), sea_level, levels, forecaster, config)


def cases(area: StudyArea) -> dict[str, Subsidence | None]:
    """Name → how the land sinks."""
    shape = area.observations.region.shape
    everywhere = np.ones(shape)
    west = np.broadcast_to(np.arange(shape[1]) < shape[1] // 2, shape).astype(float)

    def sinking(where: Floats) -> Subsidence:
        return Subsidence(RATE.low * where, RATE.median * where, RATE.high * where, RATE, "an assumption")

    return {"stable": None, "sinking": sinking(everywhere), "western half sinking": sinking(west)}


def assess(prepared: Prepared, name: str, subsidence: Subsidence | None, seed: int) -> Iterator[Row]:
    """Levels, flooded land and damage of each year, then the plan and its pathways."""
    area = replace(prepared.area, subsidence=subsidence)

    def context(stage: str) -> StageContext:
        return StageContext(random_stream(seed, stage))

    maps, levels = (prepared.forecaster, area, prepared.sea_level), prepared.levels
    hazard = hazard_maps.map_hazard(context("hazard"), *maps, levels.samples, prepared.config)
    frequent = hazard_maps.map_frequent(context("frequent"), *maps, levels.frequent, prepared.config)
    futures = hazard_maps.map_sea_level_rise(context("rise"), *maps, levels.samples, prepared.config, levels.frequent)
    highest = hazard_maps.map_highest(context("highest"), *maps, levels.samples, prepared.config)
    impact = consequences.assess_impact(context("impact"), hazard, frequent, futures, highest, area)
    yield _hazard_row(name, area.baseline, hazard, impact.expected_annual_damage, "today")
    for ahead, future, damage in zip(YEARS_AHEAD, futures, impact.in_future, strict=False):
        yield _hazard_row(name, area.baseline + ahead, future.hazard, damage.expected, future.name)
    settings = read_planning_settings(area.planning)
    plan = plan_adaptation(
        hazard,
        impact,
        budget=settings.budget,
        economy=settings.economy(area.baseline),
        measures=settings.measures,
        scenarios=scenarios_of(area, settings.scenarios),
        basis=settings.basis,
        mean_sea_level=own_mean_sea_level(area),
        rng=random_stream(seed, "plan"),
        sea_level_rise_hazards=[*(each.on_todays_land for each in futures), highest],
        frequent=frequent,
    )
    yield from _plan_rows(name, plan)


def _hazard_row(name: str, year: int, hazard: Hazard, damage: Expectation, title: str) -> Row:
    low, middle, high = np.quantile(hazard.level_draws[:, -1], _BETWEEN)
    flooded, cell = np.nansum(hazard.flood_extent[-1]), hazard.region.cell_size
    columns = hazard.region.shape[1]
    west = np.nansum(hazard.flood_extent[-1][:, : columns // 2])
    return {
        "part": "hazard",
        "case": name,
        "year": year,
        "map": title,
        "return_period_a": hazard.return_periods[-1],
        "level_p5_m": float(low),
        "level_p50_m": float(middle),
        "level_p95_m": float(high),
        "flooded_km2": float(flooded * cell**2 / 1e6),
        "of_it_western_half_km2": float(west * cell**2 / 1e6),
        "damage_eur_a": damage.mean,
        "standard_error_eur_a": damage.standard_error,
        "damage_p10_eur_a": damage.p10,
        "damage_p90_eur_a": damage.p90,
    }


def _plan_rows(name: str, plan: Plan) -> Iterator[Row]:
    for sea in SEAS:
        own = [each for each in plan.scenarios if each.sea_level == sea]
        same = [each for each in own if each.storminess == "storms as today" and each.development == "values as today"]
        for outcome in same:
            yield {
                "part": "plan",
                "case": name,
                "map": sea,
                "rise_at_horizon_m": outcome.rise,
                "damage_present_value_eur": outcome.damage.mean,
                "proposal_value_eur": None if outcome.portfolio is None else outcome.portfolio.mean,
                "beyond_maps": outcome.share_beyond_maps,
            }
    if plan.pathways is not None:
        for step in plan.pathways.steps:
            point = step.tipping_point
            yield {
                "part": "pathways",
                "case": name,
                "map": " + ".join(plan.pathways.titles[kind] for kind in step.built) or "present situation",
                "tips_at_p10_m": point.rise[0],
                "tips_at_m": point.rise[1],
                "tips_at_p90_m": point.rise[2],
                **{f"year_{sea}": point.expected_years().get(sea) for sea in SEAS},
                "as_told": format_tipping_point(point),
                "late_years": step.late_years,
            }
