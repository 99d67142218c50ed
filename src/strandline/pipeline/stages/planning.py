"""The stages that plan, and that hand over to the watch."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.land_drivers import drivers_of_the_land
from strandline.observations.weather.storms import Split
from strandline.pipeline.deployment import Deployment, RunMetadata, build_deployment, gauge_zeros
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages.flood_timing import FloodTiming
from strandline.pipeline.stages.hazard_maps import on_todays_land
from strandline.pipeline.stages.sea_level_forecast import fit_to_record
from strandline.pipeline.study_area import StudyArea, own_mean_sea_level
from strandline.pipeline.study_area.future_seas import scenarios_of
from strandline.planning.early_action.evacuation.all_drivers import in_words
from strandline.planning.early_action.evacuation.evacuation_areas import find_evacuation_areas
from strandline.planning.early_action.evacuation.frequency import SeaRecord
from strandline.planning.early_action.evacuation.lives import lives_a_year
from strandline.planning.early_action.hindcast import (
    WITH_READINGS,
    WITH_WEATHER,
    HindcastData,
    OwnForecasts,
    prepare_hindcast,
)
from strandline.planning.exposure.land_damage import LandDamage
from strandline.planning.facilities import measures_here
from strandline.planning.plan import EarlyActionInputs, Plan, plan_adaptation
from strandline.planning.settings import read_planning_settings
from strandline.risk.breaches.repair import Repair
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.hazard.joint.driver_floods import RAIN, RIVER, DriverFloods, NotMapped
from strandline.risk.impact.impact import Impact
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import Zones
from strandline.uncertainty.assimilation.fit import GaugeRecord, GaugeTide
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.gauge_forecast.guidance import guide, past_forecasts

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
    config: RunConfig,
    repairs: Sequence[Repair] = (),
    by_driver: DriverFloods | NotMapped | None = None,
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
        sea_level_rise_hazards=[*on_todays_land(futures), highest],
        frequent=frequent,
        rng=context.rng,
        repairs=repairs,
        land=land_damage(by_driver),
        rain_and_rivers=rain_notes(area, by_driver, impact),
        hindcast_data=_hindcast_data(area, sea_level, config.hindcast_years),
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
                by_driver.zones if isinstance(by_driver, DriverFloods) else None,
                by_driver.out_of_use if isinstance(by_driver, DriverFloods) else None,
                area.place_names,
            ),
            area.evacuation.drainage_hours,
            agreed_chance=area.evacuation.agreed_chance,
            flood_times=() if timing is None else timing.rows,
        ),
    )


def land_damage(by_driver: DriverFloods | NotMapped | None) -> LandDamage | None:
    """Damage by rain and rivers beyond that of the sea, asset by asset; ``None`` = not mapped, or no survey."""
    if not isinstance(by_driver, DriverFloods) or by_driver.damage_of_land is None:
        return None
    parts = dict(zip(by_driver.drivers, map(by_driver.area, by_driver.shares), strict=True))
    rain, river = (max(parts.get(name, 0.0), 0.0) for name in (RAIN, RIVER))
    return LandDamage(
        by_driver.drivers, by_driver.damage_of_land.astype(float), rain / (rain + river) if rain + river > 0 else 0.5
    )


def rain_notes(area: StudyArea, by_driver: DriverFloods | NotMapped | None, impact: Impact) -> tuple[str, ...]:
    """What the plan counts of floods by rain and rivers, in sentences; empty where neither is known."""
    if not drivers_of_the_land(area.observations):
        return ()
    if not isinstance(by_driver, DriverFloods):
        return (
            "This plan counts floods of the sea alone: floods by rain or a river are in none of its amounts, and no"
            " trigger and no alert comes before one. The report says what is known of them.",
        )
    others, loss, together = in_words(by_driver.drivers[1:]), impact.loss_of_life, impact.by_all_drivers
    people = [] if loss is None or together is None else [lives_a_year(loss, together)]
    return (
        *people,
        f"Evacuations start by {others} as well, while the watch receives forecasts of them; where it does not, it says"
        " so. A shelter, a road or ground that they make unusable more often than the sea that the plan prepares for"
        " comes does not count as safe.",
        f"The damage a year by {others} is counted as today in every scenario and pathway. A measure that holds back"
        " the sea averts nothing of it; one that works on buildings or people is assumed to avert the same share as of"
        " the sea's damage. Homes and roads to raise are chosen by the sea.",
        "All else counts the sea alone: sandbags, gates and pumps in an emergency, repairs of embankments, when the"
        " water comes and how long it stands, and people at a higher sea.",
    )


def today_sentence(area: StudyArea) -> str:
    """Which year the plan means by today and by now."""
    source = area.observations.provenance.get("tide_gauge")
    is_made_up = source is not None and source.kind == "simulated" and area.baseline_year is None
    why = ", because the simulated record ends there" if is_made_up else ""
    return f"Today and now mean the year {area.baseline}{why}; all years count from it."


def _hindcast_data(area: StudyArea, sea_level: SeaLevelModel, most_years: float) -> HindcastData | None:
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
    return prepare_hindcast(hours, records, own_tide, zero, partial(_fit_own, area, sea_level), source, most_years)


def _fit_own(area: StudyArea, sea_level: SeaLevelModel, allowed: Mask) -> OwnForecasts:
    """Forecasts of the own gauge by a forecaster that is fitted to some hours of the record."""
    time, levels = area.hourly_levels
    forecaster = fit_to_record(area, sea_level, time, np.where(allowed, levels, np.nan))

    without_weather, with_weather = past_forecasts(forecaster, area.observations, time)

    def issued(read: Times, level: Floats, hours: Times) -> list[ExternalForecast | None]:
        return guide(forecaster, hours, read, level, area.observations)

    return OwnForecasts(issued, without_weather, with_weather)


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
    by_driver: DriverFloods | NotMapped | None,
) -> Deployment:
    """What `strandline watch` and `strandline map` need of this run."""
    floods = by_driver.zones if isinstance(by_driver, DriverFloods) else None
    return build_deployment(
        area.observations, zones, response, hazard, plan, sea_level, split.withheld, metadata, floods
    )
