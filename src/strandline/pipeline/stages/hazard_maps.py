"""The stages that map floods: at every return period, of today and of each future sea."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.sea_level.sinking_land import lower_terrain
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea
from strandline.pipeline.study_area.future_seas import future_seas, highest_levels
from strandline.risk.hazard import flood_maps
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.hazard.levels.sampled_levels import MOST_FREQUENT
from strandline.uncertainty.forecaster import Forecaster

MAP_STREAM = 100
"""Key of the random stream that all hazard maps share, so that a sample keeps its storm while the sea rises."""


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


def on_todays_land(futures: Sequence[FutureHazard]) -> list[Hazard]:
    """The maps of each future sea on the land of today."""
    return [each.on_todays_land for each in futures]
