"""The stages of a run, each a function of what earlier stages returned; `pipeline.run` puts them in order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from strandline.distillation.adaptation import adapt as adaptation
from strandline.distillation.adaptation.baselines import fine_tune, train_supervised, untrained_students
from strandline.distillation.adaptation.data import AdaptationData, prepare_adaptation, weight_teacher_by_labels
from strandline.distillation.adaptation.physics_augmentation import augment_with_extremes
from strandline.distillation.adaptation.radar_scenes import CompiledScenes
from strandline.distillation.waterlines import EXTRAPOLATION_MARGIN, peak_levels
from strandline.models.batch import Batch
from strandline.models.batching import build_surge_batch, free_hours
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students
from strandline.observations.arrays import Floats
from strandline.observations.observations import Observations
from strandline.observations.sea_level.model import SeaLevelModel
from strandline.observations.sea_level.residual_process import fit_sea_level_model
from strandline.observations.sea_level.sinking_land import lower_terrain
from strandline.observations.storms import Split, find_whole_storms, split_by_storm
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.pipeline import evaluation
from strandline.pipeline.deployment import Deployment, RunMetadata, assess_zones, build_deployment, gauge_zeros
from strandline.pipeline.evaluation import FloodScores, SurgeTable, score_floods
from strandline.pipeline.radar_scenes import RadarOfPlace, compile_radar
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import (
    StudyArea,
    gauge_hours,
    last_year,
    own_mean_sea_level,
    seaward_direction,
)
from strandline.pipeline.study_area.absences import absence_sentences
from strandline.pipeline.study_area.flood_scores import kind_of_targets
from strandline.pipeline.study_area.future_seas import future_seas, highest_levels, land_sentences, scenarios_of
from strandline.pipeline.study_area.requirements import require_storms
from strandline.planning.early_action.evacuation.evacuation_areas import find_evacuation_areas
from strandline.planning.early_action.evacuation.frequency import SeaRecord
from strandline.planning.early_action.hindcast import HindcastData, prepare_hindcast
from strandline.planning.facilities import measures_here
from strandline.planning.plan import EarlyActionInputs, Plan, plan_adaptation
from strandline.planning.settings import read_planning_settings
from strandline.risk import sensitivity as risk_sensitivity
from strandline.risk.hazard import flood_maps
from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.cyclones.simulated_cyclones import basin_of, simulate_cyclones
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.hazard.level_basis import (
    MOST_FREQUENT,
    ReturnLevels,
    describe_assumed,
    describe_list,
    describe_published,
    describe_recorded,
    draw_zero,
    maxima_at_epoch,
    periods_with_frequent,
    split_frequent,
)
from strandline.risk.hazard.own_record import estimate_from_record, is_short
from strandline.risk.hazard.return_levels import at_year, levels_of, sample_tails
from strandline.risk.hazard.short_maxima import needs_prior, sample_posterior
from strandline.risk.hazard.without_record import estimate_without_record
from strandline.risk.impact import impact as impact_chain
from strandline.risk.impact.impact import Impact
from strandline.risk.impact.population import PopulationImpact, assess_population
from strandline.risk.impact.survey_age import states_where_outdated
from strandline.risk.sensitivity import SensitivityAnalysis
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import Zones
from strandline.simulator.radar_archive import simulate_archive
from strandline.uncertainty.assimilation.fit import GaugeRecord, GaugeTide
from strandline.uncertainty.calibration import calibrate_on
from strandline.uncertainty.forecaster import Forecaster
from strandline.uncertainty.out_of_distribution import (
    FEATURE_HOURS,
    OutOfDistribution,
    compare,
    features_of_site,
    load_training_coasts,
)

PERMANENT_WATER = 0.5
"""Value of the water mask from which a cell is permanent water [-]."""
WEIGHT_OF_A_LIST, WEIGHT_OF_OTHER_COASTS = 10.0, 1.0
"""Years of readings that a published list of levels, and what is known of other coasts, are taken to be worth when more
readings are weighed. Assumptions."""
LEAST_HEIGHT = 0.1
"""[m above the assumed mean sea level] Lowest level of a sample where no reading tells the mean: it may lie below the
assumed one, and no flood comes of that."""
NO_SCENES = "No radar scene of this place was given"
MAP_STREAM = 100
"""Key of the random stream that all hazard maps share, so that a sample keeps its storm while the sea rises."""


def split_record(context: StageContext, area: StudyArea, config: RunConfig) -> tuple[Split, SeaLevelModel]:
    """Storms of the record, split into training, calibration and test, and the sea-level model of the training hours.

    Raises:
        RefusedByTheory: the record holds too few storms.
    """
    time, level = area.own_level
    storms = find_whole_storms(time, level, config.storms)
    split = split_by_storm(storms, config.calibration_storms, config.test_storms, area.held_out, context.rng)
    require_storms(area.observations.region.name, storms, split, config.calibration_storms, config.test_storms)
    gauge = area.observations.require_gauge()
    allowed = level - own_mean_sea_level(area)
    for start, end in split.withheld:
        allowed[(time >= start) & (time <= end)] = np.nan
    latitude, name = float(gauge["latitude"].values[0]), str(gauge["station"].values[0])
    source = "own record, training hours"
    return split, fit_sea_level_model(time, allowed, latitude, name=name, source=source, published=area.constants)


def compile_radar_scenes(_: StageContext, area: StudyArea, split: Split, sea_level: SeaLevelModel) -> RadarOfPlace:
    """The radar scenes of the place with the sea at each, and which of them the flood archive is made of."""
    return compile_radar(area, split, sea_level)


def add_radar_archive(context: StageContext, area: StudyArea, split: Split) -> StudyArea:
    """The study area with radar scenes: those observed, or else an archive simulated on its terrain.

    Where radar was observed nothing is simulated. Scores then rest on flood surveys, and are undefined without them.
    """
    if area.observations.sar is not None:
        return area
    storms = sorted((*split.training, *split.calibration, *split.test), key=lambda storm: storm.peak)
    archive = simulate_archive(area.observations, storms, len(storms) // 5, context.rng, context.progress)
    return replace(area, observations=archive)


def estimate_return_levels(
    context: StageContext, area: StudyArea, sea_level: SeaLevelModel, config: RunConfig
) -> ReturnLevels:
    """Sampled sea levels of the baseline year at the study area's return periods.

    They rest on a published record, else on a published list of levels, else on the own record; where the sea was never
    read, on what is known of other coasts.

    Where the gauge's ground sinks, a part of the rise that it measured is its own sinking; from the end of the record
    on that part lowers the land and does not raise the sea. What is not known of the zero of the readings shifts all
    levels of a sample.
    """
    fit, periods, samples = area.published_levels, area.return_periods, config.draws
    all_periods, baseline = periods_with_frequent(periods), float(area.baseline)
    if fit is not None:
        fit = at_year(fit, baseline, area.levels_epoch)
        sunk = _sunk_gauge(area, baseline - float(fit.years.max()))
        fit = replace(fit, location=fit.location - sunk, data=fit.data - sunk)
        alone = not needs_prior(fit.record_years, periods[-1])
        tails = sample_tails(fit, samples, context.rng) if alone else sample_posterior(fit, samples, context.rng)
        zero = draw_zero(area.zero_error, samples, context.rng)
        levels, frequent = split_frequent(levels_of(tails, all_periods) + zero, periods)
        basis = describe_published(fit, tails, periods, baseline, area.zero_error, zero[:, 0])
        return ReturnLevels(levels, frequent, fit.record_years, basis, maxima_at_epoch(fit), 1.0)
    listed = area.levels_list
    if listed is not None:
        mean = own_mean_sea_level(area)
        sampled = np.maximum(listed.sample(all_periods, mean, baseline, samples, context.rng), mean + LEAST_HEIGHT)
        levels, frequent = split_frequent(sampled, periods)
        return ReturnLevels(
            levels, frequent, WEIGHT_OF_A_LIST, describe_list(listed, levels[:, -1], periods), np.empty(0), 1.0
        )
    gauge, storms = area.observations.require_gauge(), area.observations.storms
    hours, place = gauge_hours(area, sea_level), (float(gauge["longitude"][0]), float(gauge["latitude"][0]))
    passages = None if storms is None else cyclone_passages(storms, *place)
    basin = basin_of(*place) if storms is not None or rests_on_prior(area) else None
    simulated = None
    if basin is not None:
        facing = seaward_direction(area.observations.region)
        simulated = simulate_cyclones(basin, *place, facing, hours.tide_time, hours.predicted, context.rng)
    if area.assumed_sea is not None:
        assumed = estimate_without_record(
            hours, area.assumed_sea.errors, passages, simulated, all_periods, samples, context.rng
        )  # fmt: skip
        mean = own_mean_sea_level(area)
        basis = describe_assumed(assumed, mean, periods, f"{area.assumed_sea.tide} {area.assumed_sea.mean}")
        levels, frequent = split_frequent(mean + np.maximum(assumed.levels, LEAST_HEIGHT), periods)
        return ReturnLevels(levels, frequent, WEIGHT_OF_OTHER_COASTS, basis, np.empty(0), 1.0)
    found = estimate_from_record(hours, passages, simulated, all_periods, samples, context.rng, baseline)
    mean = own_mean_sea_level(area) - _sunk_gauge(area, found.trend.beyond)
    found = replace(found, levels=found.levels + draw_zero(area.zero_error, samples, context.rng))
    basis = describe_recorded(found, mean, periods, area.zero_error)
    per_year = found.peaks.size / found.record_years
    levels, frequent = split_frequent(mean + found.levels, periods)
    return ReturnLevels(levels, frequent, found.record_years, basis, mean + found.peaks, per_year)


def rests_on_prior(area: StudyArea) -> bool:
    """Whether the own record is too short to speak alone, or was never read."""
    years = float(np.isfinite(area.own_level[1]).sum()) / HOURS_PER_YEAR
    return area.assumed_sea is not None or is_short(years)


def _sunk_gauge(area: StudyArea, years: float) -> float:
    """How far the own gauge sinks in so many years [m]; 0 where the land is taken as stable."""
    return 0.0 if area.subsidence is None else area.subsidence.at_gauge.median * years


def apply_teacher(
    context: StageContext,
    area: StudyArea,
    split: Split,
    sea_level: SeaLevelModel,
    teacher: Teacher,
    config: RunConfig,
    scenes: CompiledScenes | None = None,
) -> AdaptationData:
    """Everything that the study area offers to learn from, with the teacher's predictions on it."""
    return prepare_adaptation(
        area.storm_observations, split, sea_level, teacher, config.windows, context.rng, scenes
    )  # fmt: skip


def simulate_extremes(
    context: StageContext, data: AdaptationData, area: StudyArea, sea_level: SeaLevelModel, levels: Floats
) -> AdaptationData:
    """The data with simulated storms, where maps are needed of levels far above those in the flood archive."""
    rises = [float(np.median(each.rise)) for each in future_seas(area, len(levels))]
    highest = float(np.median(levels, axis=0).max()) + max(rises, default=0.0)
    return augment_with_extremes(data, area.observations, sea_level, highest, context.rng, context.progress)


def estimate_teacher_weight(_: StageContext, data: AdaptationData) -> AdaptationData:
    """The data with the weight that local labels give to the teacher."""
    return weight_teacher_by_labels(data, load_students())


def distil_students(context: StageContext, data: AdaptationData, area: StudyArea, config: RunConfig) -> list[Student]:
    """The shipped ensemble, adapted to the study area."""
    shipped = load_students(site_shape=area.observations.region.shape)
    return adaptation.adapt(data, shipped, config.distillation, config.seed, context.progress)


def calibrate(_: StageContext, data: AdaptationData, students: Sequence[Student], config: RunConfig) -> Forecaster:
    """The ensemble, calibrated on the calibration storms."""
    return calibrate_on(data, students, config.miss_rate)


def train_baselines(
    context: StageContext, data: AdaptationData, area: StudyArea, config: RunConfig
) -> dict[str, list[Student]]:
    """What the distilled students are compared with, as many members each: no teacher, no pre-training, or neither."""
    shape, seed = area.observations.region.shape, config.seed
    shipped = load_students(site_shape=shape)
    fresh = untrained_students(len(shipped), shape, seed)
    return {
        "labels_only": train_supervised(
            data, fresh, config.distillation, seed, all_weights=True, progress=context.progress
        ),
        "pretrained_finetuned": fine_tune(data, shipped, config.distillation, seed, context.progress),
    }


def score(
    _: StageContext,
    test: Batch,
    data: AdaptationData,
    forecaster: Forecaster,
    teacher: Teacher,
    baselines: Mapping[str, Sequence[Student]],
) -> FloodScores:
    """Flood-map scores of teacher, students and baselines on the test storms."""
    return score_floods(test, data, forecaster, teacher, {"pretrained": load_students(), **baselines})


def forecast_surge(
    _: StageContext, forecaster: Forecaster, observations: Observations, split: Split, sea_level: SeaLevelModel
) -> SurgeTable:
    """Forecasts through the test storms."""
    return evaluation.forecast_surge(forecaster, observations, split.test, sea_level)


def map_hazard(
    context: StageContext,
    forecaster: Forecaster,
    area: StudyArea,
    sea_level: SeaLevelModel,
    levels: Floats,
    config: RunConfig,
    rise: Floats | float = 0.0,
) -> Hazard:
    """Flood maps at every return period, with the mean sea level raised by ``rise`` [m], one or (N,)."""
    return _map_storms(context, forecaster, area, sea_level, levels, area.return_periods, config, rise)


def map_frequent(
    context: StageContext,
    forecaster: Forecaster,
    area: StudyArea,
    sea_level: SeaLevelModel,
    levels: Floats | None,
    config: RunConfig,
    rise: Floats | float = 0.0,
) -> Hazard | None:
    """Flood maps of the same storms at the level of ``MOST_FREQUENT`` years, for damage alone; ``None`` without it."""
    if levels is None:
        return None
    return _map_storms(context, forecaster, area, sea_level, levels, (MOST_FREQUENT,), config, rise)


def map_highest(
    context: StageContext,
    forecaster: Forecaster,
    area: StudyArea,
    sea_level: SeaLevelModel,
    levels: Floats,
    config: RunConfig,
) -> Hazard:
    """Flood maps of the same storms at a sea that hardly any draw of the coming decades passes, for damage alone."""
    highest, rise = highest_levels(area, levels[:, -1], config.hazard_samples)
    rarest = area.return_periods[-1:]
    return _map_storms(context, forecaster, area, sea_level, highest[:, None], rarest, config, rise)


def _map_storms(
    context: StageContext,
    forecaster: Forecaster,
    area: StudyArea,
    sea_level: SeaLevelModel,
    levels: Floats,
    periods: tuple[float, ...],
    config: RunConfig,
    rise: Floats | float,
) -> Hazard:
    """Flood maps of one set of design storms, the same whatever the levels (N, P) that they reach [m]."""
    rng = np.random.default_rng([config.seed, MAP_STREAM])
    return flood_maps.map_hazard(
        forecaster, area.observations, sea_level, levels, periods, rng, context.progress, rise=rise,
        maps=config.hazard_samples,
    )  # fmt: skip


def assess_impact(
    context: StageContext,
    hazard: Hazard,
    frequent: Hazard | None,
    futures: Sequence[FutureHazard],
    highest: Hazard,
    area: StudyArea,
) -> Impact:
    """Damage and loss of function at every return period; damage also of each future sea; unknown without a survey."""
    assets, region = area.observations.surveyed_assets, area.observations.region
    design = area.return_periods[-1]
    own_states = states_where_outdated(hazard, assets, last_year(area), design, region.continent)
    return impact_chain.assess_impact(
        hazard, assets, region.continent, context.rng, design_return_period=design, own_states=own_states,
        frequent=frequent, futures=futures, highest=highest,
    )  # fmt: skip


def analyse_sensitivity(
    _: StageContext, hazard: Hazard, area: StudyArea, record_years: float
) -> SensitivityAnalysis | None:
    """Which uncertain input drives the expected damage, and what it is worth to measure it.

    ``None`` where values of assets are bounds: what they are worth is not among the inputs, and drives it most.
    """
    if "value_low" in area.observations.surveyed_assets:
        return None
    assets, continent = area.observations.surveyed_assets, area.observations.region.continent
    return risk_sensitivity.analyse_sensitivity(hazard, assets, continent, record_years)


def map_sea_level_rise(
    context: StageContext,
    forecaster: Forecaster,
    area: StudyArea,
    sea_level: SeaLevelModel,
    levels: Floats,
    config: RunConfig,
    frequent: Floats | None,
) -> tuple[FutureHazard, ...]:
    """Flood maps of each future sea, on the land of its time.

    Land that sinks everywhere alike is the same as a sea that rises so much more. Where places sink differently, the
    future's own map is drawn on lowered land, and the same rise on today's land serves as the map of a higher sea, from
    which planning and watch read damage. Levels of both count from the ground of the assets today. All draws that read
    one flood map share its rise.

    Args:
        frequent: (N, 1) level of ``MOST_FREQUENT`` years [m, region datum], if there is one.
    """
    found = []
    for future in future_seas(area, config.hazard_samples):
        rise, sea = (np.repeat(each, len(levels) // config.hazard_samples) for each in (future.rise, future.sea))
        higher = map_hazard(context, forecaster, area, sea_level, levels, config, rise)
        one = FutureHazard(future.name, float(np.median(rise)), future.source, higher, future.sunk)
        if future.uneven is None:
            often = map_frequent(context, forecaster, area, sea_level, frequent, config, rise)
            one = replace(one, frequent=often)
        else:
            sunk = replace(area, observations=lower_terrain(area.observations, future.uneven))
            own = map_hazard(context, forecaster, sunk, sea_level, levels, config, sea)
            often = map_frequent(context, forecaster, sunk, sea_level, frequent, config, sea)
            lower = (future.rise - future.sea)[:, None]
            one = replace(
                one,
                hazard=own.seen_from(lower),
                frequent=None if often is None else often.seen_from(lower),
                same_sea_today=higher,
            )
        found.append(one)
    return tuple(found)


def _on_todays_land(futures: Sequence[FutureHazard]) -> list[Hazard]:
    return [each.on_todays_land for each in futures]


def count_people(
    context: StageContext, hazard: Hazard, futures: Sequence[FutureHazard], area: StudyArea
) -> PopulationImpact | None:
    """People with water at home or without a way out at the longest return period; ``None`` = nobody counted them."""
    hazards = [hazard, *_on_todays_land(futures)]
    design, ground = len(area.return_periods) - 1, area.observations.terrain["elevation"].values.astype(float)
    assets, people = area.observations.surveyed_assets, area.observations.mapped_people
    return assess_population(hazards, assets, design, context.rng, ground=ground, people=people)


def find_zones(
    context: StageContext, area: StudyArea, hazard: Hazard, futures: Sequence[FutureHazard], sea_level: SeaLevelModel
) -> tuple[Zones, StageDamageByZone]:
    """The zones of the study area, and what each sea level does in them."""
    return assess_zones(area.observations, [hazard, *_on_todays_land(futures)], sea_level, context.rng, area.zones)


def plan(
    context: StageContext,
    hazard: Hazard,
    impact: Impact,
    frequent: Hazard | None,
    futures: Sequence[FutureHazard],
    highest: Hazard,
    zones: Zones,
    response: StageDamageByZone,
    area: StudyArea,
    sea_level: SeaLevelModel,
) -> Plan:
    """Measures, pathways, evacuation areas, and emergency actions with their triggers."""
    water = area.observations.terrain["permanent_water"].values > PERMANENT_WATER
    settings = read_planning_settings(area.planning)
    hours, observed = area.hourly_levels
    record = None if area.assumed_sea is not None else SeaRecord(hours, observed[0])
    here = measures_here(settings.measures, settings.existing)
    return plan_adaptation(
        hazard,
        impact,
        budget=settings.budget,
        economy=settings.economy(area.baseline),
        measures=here.measures,
        left_out=here.left_out,
        scenarios=scenarios_of(area, settings.scenarios),
        basis=(*settings.basis, today_sentence(area)),
        mean_sea_level=own_mean_sea_level(area),
        sea_level_rise_hazards=[*_on_todays_land(futures), highest],
        frequent=frequent,
        rng=context.rng,
        hindcast_data=_hindcast_data(area, sea_level),
        early_action=EarlyActionInputs(
            find_evacuation_areas(
                zones,
                response,
                hazard,
                impact.assets,
                water,
                area.evacuation,
                frequent,
                record,
                area.observations.mapped_people,
            ),
            area.evacuation.drainage_hours,
            agreed_chance=area.evacuation.agreed_chance,
        ),
    )


def today_sentence(area: StudyArea) -> str:
    """Which year the plan means by today and by now."""
    source = area.observations.provenance.get("tide_gauge")
    is_made_up = source is not None and source.kind == "simulated" and area.baseline_year is None
    why = ", because the simulated record ends there" if is_made_up else ""
    return f"Today and now mean the year {area.baseline}{why}; all years count from it."


def _hindcast_data(area: StudyArea, sea_level: SeaLevelModel) -> HindcastData | None:
    """The record for the triggers' hindcast; ``None`` where it is too short to fit forecasts, or was never read."""
    if area.assumed_sea is not None:
        return None
    gauge = area.observations.require_gauge()
    hours, levels = area.hourly_levels
    records = [
        GaugeRecord(str(name), float(latitude), level)
        for name, latitude, level in zip(gauge["station"].values, gauge["latitude"].values, levels, strict=True)
    ]
    own_tide = GaugeTide(sea_level.fitted.constants, sea_level.fitted.mean + own_mean_sea_level(area))
    return prepare_hindcast(hours, records, own_tide, gauge_zeros(gauge)[1] if len(records) > 1 else 0.0)


def compare_with_training(
    context: StageContext, data: AdaptationData, area: StudyArea, split: Split, sea_level: SeaLevelModel
) -> OutOfDistribution:
    """The study area beside the coasts that the networks were trained on, by hours drawn in the same way."""
    hours = np.sort(context.rng.permutation(free_hours(area.observations, split))[:FEATURE_HOURS])
    windows = build_surge_batch(area.observations, hours, sea_level, "survey")
    return compare(features_of_site(data.training, windows), load_training_coasts())


def prepare_watch(
    _: StageContext,
    area: StudyArea,
    zones: Zones,
    response: StageDamageByZone,
    hazard: Hazard,
    plan: Plan,
    sea_level: SeaLevelModel,
    split: Split,
    metadata: RunMetadata,
) -> Deployment:
    """What `strandline watch` and `strandline map` need of this run."""
    return build_deployment(area.observations, zones, response, hazard, plan, sea_level, split.withheld, metadata)


def warnings_of(
    area: StudyArea,
    radar: RadarOfPlace,
    novelty: OutOfDistribution,
    data: AdaptationData,
    highest: Hazard,
    split: Split,
) -> tuple[str, ...]:
    """What a reader must know about this run before using it."""
    outlier = () if novelty.warning is None else (novelty.warning,)
    return (
        *_provenance_warnings(area, split, radar), *radar.warnings, *absence_sentences(area),
        *land_sentences(area), *area.warnings, *outlier,
        *extrapolation_warnings(data, own_mean_sea_level(area), float(np.median(highest.levels))),
    )  # fmt: skip


def _provenance_warnings(area: StudyArea, split: Split, radar: RadarOfPlace) -> tuple[str, ...]:
    provenance, count = area.observations.provenance, len(radar.scenes)
    given = f"None of the {count} radar scenes of this place is used" if count else NO_SCENES
    if provenance["terrain"].kind == "simulated":
        return ("Everything here is simulated: this coast does not exist.",)
    if radar.compiled is not None:
        return ()
    if provenance["sar"].kind == "simulated" and kind_of_targets(area.observations, split.test) == "real":
        return (
            f"{given}: the floods that the teacher saw were computed by physics on this"
            " terrain. The scores compare with floods that people saw, where they looked.",
        )
    if provenance["sar"].kind == "simulated":
        return (
            f"{given}. The floods that the teacher saw, and those that the scores compare"
            " with, were computed by physics on this terrain; no flood map here was checked against an observed one.",
        )
    return ()


def extrapolation_warnings(data: AdaptationData, mean_sea_level: float, highest: float) -> tuple[str, ...]:
    """Where the maps reach levels that were only simulated.

    Args:
        mean_sea_level, highest: of the sea on average, and the highest mapped level [m, region datum].
    """
    if data.physics_augmented is None:
        return ()
    observed = mean_sea_level + data.first_pass.highest
    simulated = mean_sea_level + float(peak_levels(data.physics_augmented)[0].max())
    return (
        f"The highest sea of which a flood was mapped here reached {observed:.2f} m when it came. Maps of a sea above"
        f" {observed + EXTRAPOLATION_MARGIN:.2f} m rest on physics on the elevation product, within the bounds that the"
        f" mapped floods set for the ground. It was computed up to {simulated:.2f} m; the maps beyond, which reach to"
        f" about {highest:.2f} m, carry it on. A dike that is narrower than a cell, or that breaks, is not in them.",
    )
