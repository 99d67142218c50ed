"""The stage that simulates when the water arrives and how long it stands."""

from dataclasses import dataclass

import numpy as np

from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.adaptation.physics_augmentation import bounds_of_ground
from strandline.observations.arrays import Floats
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea
from strandline.risk.people import Homes
from strandline.risk.stage_damage.zones import Zones
from strandline.risk.timing.by_zone import ZoneTime, ZoneTimes, bounds_of_zones, times_by_zone
from strandline.risk.timing.simulated_floods import SHAPES, KnownGround, SimulatedFloods, simulate_floods
from strandline.simulator.design_storms import storm_designer


@dataclass(frozen=True, eq=False)
class FloodTiming:
    """Simulated floods, and their times in each zone.

    Attributes:
        return_periods: (E,) of the storms [years].
        rows: for people.
    """

    return_periods: Floats
    floods: SimulatedFloods
    zones: ZoneTimes
    rows: tuple[ZoneTime, ...]


def time_the_water(
    context: StageContext,
    area: StudyArea,
    data: AdaptationData,
    sea_level: SeaLevelModel,
    levels: Floats,
    zones: Zones,
    mean_high_water: float,
) -> FloodTiming | None:
    """Simulate storms at the middle and the rarest mapped return level; ``None`` = the sea reaches no cell.

    Args:
        levels: (N, R) sampled return levels [m, region datum]; the median counts.
        mean_high_water: of the tide alone [m, region datum].
    """
    observations, designer = area.observations, storm_designer(area.observations, sea_level)
    last = len(area.return_periods) - 1
    chosen = np.unique([last // 2, last])
    periods, peaks = np.array(area.return_periods)[chosen], np.median(levels, axis=0)[chosen]
    bounds = None if data.archive is None else bounds_of_ground(data.archive)
    ground = KnownGround.of(observations, designer.mean_sea_level, float(peaks.max()), bounds)
    if ground is None:
        return None
    floods = simulate_floods(ground, designer, peaks, mean_high_water, context.rng, context.progress)
    homes = Homes.of(observations.surveyed_assets, observations.mapped_people)
    of_storm = np.tile(periods, SHAPES)
    times = times_by_zone(floods, of_storm, zones, homes, observations.region)
    return FloodTiming(of_storm, floods, times, bounds_of_zones(times, zones.names))
