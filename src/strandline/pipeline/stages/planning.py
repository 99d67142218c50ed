"""The stages that plan, and that hand over to the watch."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.land_drivers import discharging_rivers, has_rain
from strandline.observations.weather.storms import Split
from strandline.pipeline.deployment import Deployment, RunMetadata, build_deployment, gauge_zeros
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages.flood_timing import FloodTiming
from strandline.pipeline.stages.hazard_maps import on_todays_land
from strandline.pipeline.stages.sea_level_forecast import fit_to_record
from strandline.pipeline.study_area import StudyArea, own_mean_sea_level
from strandline.pipeline.study_area.future_seas import scenarios_of
from strandline.planning.early_action.evacuation.evacuation_areas import find_evacuation_areas
from strandline.planning.early_action.evacuation.frequency import SeaRecord
from strandline.planning.early_action.hindcast import (
    WITH_READINGS,
    WITH_WEATHER,
    HindcastData,
    OwnForecasts,
    prepare_hindcast,
)
from strandline.planning.facilities import measures_here
from strandline.planning.plan import EarlyActionInputs, Plan, plan_adaptation
from strandline.planning.settings import read_planning_settings
from strandline.risk.breaches.repair import Repair
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.impact.impact import Impact
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import Zones
from strandline.uncertainty.assimilation.fit import GaugeRecord, GaugeTide
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.gauge_forecast.guidance import guide

PERMANENT_WATER = 0.5
"""Value of the water mask from which a cell is permanent water [-]."""


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
    timing: FloodTiming | None,
    repairs: Sequence[Repair] = (),
) -> Plan:
    """Measures, pathways, evacuation areas, and emergency actions with their triggers."""
    water = area.observations.terrain["permanent_water"].values > PERMANENT_WATER
    settings = read_planning_settings(area.planning)
    hours, observed = area.hourly_levels
    record = None if area.assumed_sea is not None else SeaRecord(hours, observed[0])
    here = measures_here(settings.measures, settings.existing)
    found = plan_adaptation(
        hazard,
        impact,
        budget=settings.budget,
        economy=settings.economy(area.baseline),
        measures=here.measures,
        left_out=here.left_out,
        scenarios=scenarios_of(area, settings.scenarios),
        basis=(*settings.basis, today_sentence(area)),
        mean_sea_level=own_mean_sea_level(area),
        sea_level_rise_hazards=[*on_todays_land(futures), highest],
        frequent=frequent,
        rng=context.rng,
        repairs=repairs,
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
                None if timing is None else timing.zones,
            ),
            area.evacuation.drainage_hours,
            agreed_chance=area.evacuation.agreed_chance,
            flood_times=() if timing is None else timing.rows,
        ),
    )
    return replace(found, notes=(*rain_notes(area), *found.notes))


def rain_notes(area: StudyArea) -> tuple[str, ...]:
    """That the plan counts the sea alone, where rain or a river is known to flood as well."""
    if not has_rain(area.observations) and discharging_rivers(area.observations) is None:
        return ()
    return (
        "This plan counts floods of the sea alone: floods by rain or a river are in none of its amounts, and no trigger"
        " and no alert comes before one. The report says what is known of them.",
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
    zero = gauge_zeros(gauge)[1] if len(records) > 1 else 0.0
    source = WITH_WEATHER if area.observations.weather_forecast is not None else WITH_READINGS
    return prepare_hindcast(hours, records, own_tide, zero, partial(_fit_own, area, sea_level), source)


def _fit_own(area: StudyArea, sea_level: SeaLevelModel, allowed: Mask) -> OwnForecasts:
    """Forecasts of the own gauge by a forecaster that is fitted to some hours of the record."""
    time, levels = area.hourly_levels
    forecaster = fit_to_record(area, sea_level, time, np.where(allowed, levels, np.nan))

    def forecasts_of(hours: Times, read: Times, level: Floats) -> list[ExternalForecast | None]:
        return guide(forecaster, hours, read, level, area.observations)

    return forecasts_of


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
