"""The stages that say what floods do: damage, people, zones, and what to measure next."""

from collections.abc import Sequence
from dataclasses import replace

from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.pipeline.deployment import assess_zones
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages.hazard_maps import on_todays_land
from strandline.pipeline.study_area import StudyArea, last_year
from strandline.risk import sensitivity as risk_sensitivity
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.hazard.joint.driver_floods import DriverFloods, NotMapped
from strandline.risk.impact import impact as impact_chain
from strandline.risk.impact.fields import FieldLosses, assess_fields
from strandline.risk.impact.impact import Impact
from strandline.risk.impact.lives import loss_of_life
from strandline.risk.impact.lives.by_all_drivers import PeopleByAllDrivers
from strandline.risk.impact.lives.loss_of_life import LossOfLife
from strandline.risk.impact.population import PopulationImpact, assess_population
from strandline.risk.impact.survey_age import states_where_outdated
from strandline.risk.people import Homes, PeopleErrors
from strandline.risk.sensitivity import SensitivityAnalysis
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.zones import Zones


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


def count_people(
    context: StageContext, hazard: Hazard, futures: Sequence[FutureHazard], area: StudyArea
) -> PopulationImpact | None:
    """People with water at home or without a way out at the longest return period; ``None`` = nobody counted them."""
    hazards = [hazard, *on_todays_land(futures)]
    design, ground = len(area.return_periods) - 1, area.observations.terrain["elevation"].values.astype(float)
    assets, people = area.observations.surveyed_assets, area.observations.mapped_people
    return assess_population(hazards, assets, design, context.rng, ground=ground, people=people)


def estimate_loss_of_life(
    context: StageContext,
    hazard: Hazard,
    frequent: Hazard | None,
    futures: Sequence[FutureHazard],
    impact: Impact,
    area: StudyArea,
) -> LossOfLife | None:
    """Who may die at the longest return period, and people a year; ``None`` = nobody counted them."""
    seen, hazards = area.observations, [hazard, *on_todays_land(futures)]
    return loss_of_life.estimate_loss_of_life(
        hazards, seen.surveyed_assets, impact.population, len(area.return_periods) - 1, context.rng, frequent=frequent,
        futures=futures, ground=seen.terrain["elevation"].values.astype(float), people=seen.mapped_people,
    )  # fmt: skip


def count_all_drivers(
    context: StageContext, impact: Impact, by_driver: DriverFloods | NotMapped | None, area: StudyArea
) -> Impact:
    """People, roads and shelters by sea, rain and rivers together beside those by the sea; unchanged if not mapped."""
    if not isinstance(by_driver, DriverFloods) or by_driver.out_of_use is None:
        return impact
    use, assets = by_driver.out_of_use, area.observations.surveyed_assets
    found = replace(impact, assets=use.assets_with(impact.assets))
    homes = Homes.of(assets, area.observations.mapped_people)
    people, population, loss = by_driver.people, impact.population, impact.loss_of_life
    if homes is None or people is None or population is None or loss is None:
        return found
    together = PeopleByAllDrivers.of(by_driver.drivers, population, loss, people)
    errors = PeopleErrors.draw(len(people.rare), context.rng)
    cut_off = use.cut_off(assets, homes, population, errors)
    return replace(found, by_all_drivers=replace(together, cut_off=cut_off))


def count_salted_fields(
    context: StageContext, hazard: Hazard, frequent: Hazard | None, futures: Sequence[FutureHazard], area: StudyArea
) -> FieldLosses | None:
    """Fields under sea water at the longest return period and a year; ``None`` = the survey names none."""
    assets, ground = area.observations.surveyed_assets, area.observations.terrain["elevation"].values.astype(float)
    return assess_fields(
        [hazard, *on_todays_land(futures)], assets, len(area.return_periods) - 1, context.rng, frequent=frequent,
        futures=futures, ground=ground,
    )  # fmt: skip


def find_zones(
    context: StageContext, area: StudyArea, hazard: Hazard, futures: Sequence[FutureHazard], sea_level: SeaLevelModel
) -> tuple[Zones, StageDamageByZone]:
    """The zones of the study area, and what each sea level does in them."""
    return assess_zones(area.observations, [hazard, *on_todays_land(futures)], sea_level, context.rng, area.zones)
