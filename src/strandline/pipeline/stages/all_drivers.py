"""The stage that maps what sea, rain and rivers flood in a year together."""

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.models.batch import FLOOD_ISSUE
from strandline.models.batching import inflow_of_the_past
from strandline.models.terrain_features import terrain_features_of
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.land_drivers import discharging_rivers, has_rain, land_drivers
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea
from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.hazard.joint.driver_events import DriverEvents, find_driver_events
from strandline.risk.hazard.joint.driver_floods import (
    RIVER,
    SEA,
    DriverFloods,
    Ground,
    NotMapped,
    StudentMaps,
    map_driver_floods,
)
from strandline.risk.hazard.joint.simulated_years import JointEvents
from strandline.risk.hazard.joint.zone_floods import ZoneGround
from strandline.risk.impact.lives.by_all_drivers import HomesAtNodes
from strandline.risk.impact.lives.loss_of_life import inhabited_places
from strandline.risk.impact.loss_of_function import draw_function_thresholds
from strandline.risk.people import Homes, PeopleErrors
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import Zones
from strandline.simulator.design_inflow import InflowPatterns
from strandline.simulator.design_storms import storm_designer
from strandline.uncertainty.forecaster import Forecaster

SAMPLES = 12
"""Of parameters, storms and networks together; each maps every combination of some values of the drivers."""


def map_all_drivers(
    context: StageContext,
    forecaster: Forecaster,
    area: StudyArea,
    sea_level: SeaLevelModel,
    hazard: Hazard,
    zones: Zones | None = None,
) -> DriverFloods | NotMapped | None:
    """What all drivers flood in a year, and in which zones; ``None`` = neither rain nor a river is known here."""
    observations = area.observations
    if not has_rain(observations) and discharging_rivers(observations) is None:
        return None
    if not forecaster.takes_inflow:
        return NotMapped("the networks of this run take neither rain nor rivers")
    if area.assumed_sea is not None:
        return NotMapped(
            "no gauge read the sea here, so that it is not known which rains and river floods come with it"
        )
    try:
        events, hours, records = driver_events(area)
        fitted = JointEvents.of(events, SAMPLES, context.rng)
        mapper = _maps(forecaster, area, sea_level, events, hours, records)
    except RefusedByTheory as refusal:
        return NotMapped(str(refusal))
    chosen = np.linspace(0, len(hazard.levels) - 1, SAMPLES).round().astype(int)
    assets, terrain, region = observations.surveyed_assets, mapper.terrain, observations.region
    water, known = terrain.channels[2].numpy() > 0.5, terrain.known.numpy()
    exposure = overlay_exposure(assets, region) if len(assets) else None
    of_zones = None if zones is None else ZoneGround.of(zones, known, assets, observations.mapped_people, region)
    homes, rng = Homes.of(assets, observations.mapped_people), context.rng.spawn(1)[0]
    lived_in = None if homes is None else inhabited_places(homes, assets, region, PeopleErrors.draw(SAMPLES, rng))
    ground = Ground(
        region, known & ~water, known & water, exposure, region.continent, of_zones,
        None if lived_in is None else HomesAtNodes(lived_in, overlay_exposure(lived_in.places, region)),
        draw_function_thresholds(assets, SAMPLES, rng),
    )  # fmt: skip
    return map_driver_floods(
        mapper, ground, events.drivers, fitted, (events.years, int(events.time.size)),
        (hazard.return_periods, hazard.levels[chosen]), context.rng, context.progress,
    )  # fmt: skip


def driver_events(area: StudyArea) -> tuple[DriverEvents, Times, dict[str, Floats]]:
    """Events of the own record, its hours (T,), and the record of each driver (T,).

    Records are the sea level [m, region datum], rain of the last day [mm] and discharge of all rivers [m3 s-1].

    Raises:
        RefusedByTheory: too few years in which all drivers were observed.
    """
    observations, (hours, levels) = area.observations, area.hourly_levels
    records: dict[str, Floats] = {SEA: levels[0], **land_drivers(observations, hours)}
    gauge, storms = observations.require_gauge(), observations.storms
    place = float(gauge["longitude"][0]), float(gauge["latitude"][0])
    passages = [] if storms is None else cyclone_passages(storms, *place)
    return find_driver_events(hours, list(records.values()), list(records), passages), hours, records


def _maps(
    forecaster: Forecaster,
    area: StudyArea,
    sea_level: SeaLevelModel,
    events: DriverEvents,
    hours: Times,
    records: dict[str, Floats],
) -> StudentMaps:
    observations = area.observations
    issue = events.time + FLOOD_ISSUE
    position = np.searchsorted(hours, issue)
    inside = (position >= CONTEXT_HOURS - 1) & (position < hours.size)
    issue, position = issue[inside], position[inside]
    window = position[:, None] + np.arange(1 - CONTEXT_HOURS, 1)
    flow = records[RIVER][window] if RIVER in records else np.full(window.shape, np.nan)
    inflow = inflow_of_the_past(observations, issue)
    patterns = InflowPatterns.of(inflow["inflow"], inflow["inflow_seen"], flow)
    designer = storm_designer(observations, sea_level)
    terrain = terrain_features_of(observations.region, observations.terrain, designer.mean_sea_level)
    return StudentMaps(forecaster, designer, patterns, terrain, tuple(records))
