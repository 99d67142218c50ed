"""The stages that read the record: its storms, its sea, and the radar scenes of the place."""

from dataclasses import replace

import numpy as np

from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model
from strandline.observations.weather.land_drivers import land_drivers
from strandline.observations.weather.storms import Split, find_whole_events, find_whole_storms, split_by_storm
from strandline.pipeline.radar_scenes import RadarOfPlace, compile_radar
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea, own_mean_sea_level
from strandline.pipeline.study_area.requirements import require_storms
from strandline.simulator.radar_archive import simulate_archive


def split_record(context: StageContext, area: StudyArea, config: RunConfig) -> tuple[Split, SeaLevelModel]:
    """Storms of the record, split into training, calibration and test, and the sea-level model of the training hours.

    Where rain or rivers are known, a storm is the highest sea, the most rain or the greatest discharge of its days.

    Raises:
        RefusedByTheory: the record holds too few storms.
    """
    time, level = area.own_level
    hours, levels = area.hourly_levels
    others = {} if area.assumed_sea is not None else land_drivers(area.observations, hours)
    if others:
        storms = find_whole_events(hours, levels[0], list(others.values()), config.storms)
    else:
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
