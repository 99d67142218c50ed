"""The radar scenes of a study area: the sea at each, and which of them the flood archive is made of."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from strandline.distillation.adaptation.radar_scenes import (
    CompiledScenes,
    RadarScene,
    compile_scenes,
    judge_scenes,
    share_darker,
)
from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.level_at_scenes import LevelsAtScenes, levels_at_scenes, unknown_levels
from strandline.observations.sea_level.model import SeaLevelModel
from strandline.observations.sea_level.scene_clock import better_clock
from strandline.observations.storms import Split
from strandline.pipeline.study_area.study_area import StudyArea, own_mean_sea_level
from strandline.planning.formatting import pluralise
from strandline.risk.hazard.surges.regional_prior import WORLD

NO_RADAR = "radar was given, but no scene of it can be used: floods are computed by physics"


@dataclass(frozen=True, eq=False)
class RadarOfPlace:
    """What radar saw of a place.

    Attributes:
        area: without radar where no scene of it can be used.
        scenes: one row each; empty = none were given, or simulated ones.
        compiled: those that the teacher maps; ``None`` = none.
    """

    area: StudyArea
    scenes: tuple[RadarScene, ...] = ()
    compiled: CompiledScenes | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know of scenes that are not used."""
        reasons = dict.fromkeys(scene.why for scene in self.scenes if scene.use == "not used")
        return tuple(
            f"{pluralise(sum(scene.why == why for scene in self.scenes), 'radar scene')} of {len(self.scenes)} not"
            f" used: {why}."
            for why in reasons
        )


def compile_radar(area: StudyArea, split: Split, sea_level: SeaLevelModel) -> RadarOfPlace:
    """Sea level and use of every radar scene that was observed; simulated ones are left as they are.

    Where no scene can be used, radar is left out, as if none had been given.
    """
    observations = area.observations
    if observations.sar is None or observations.provenance["sar"].kind == "simulated":
        return RadarOfPlace(area)
    is_read, mean = area.assumed_sea is None, own_mean_sea_level(area)
    times = observations.sar["time"].values

    def levels_of(when: Times) -> LevelsAtScenes:
        if not is_read and area.constants is None:
            return unknown_levels(when)
        pressure = _air_pressure(observations)
        if area.assumed_sea is None:
            return levels_at_scenes(when, sea_level, observations.require_gauge(), pressure)
        # Of a residual that was never read only the size on other coasts is known: its mean square over those.
        factor = float(np.exp(WORLD.log_spread[1] ** 2))
        return levels_at_scenes(when, sea_level, None, pressure, factor, area.assumed_sea.errors.log_tide)

    levels = levels_of(times)
    withheld = split.withheld if is_read else list(split.held_out)
    mean_error = 0.0 if area.assumed_sea is None else area.assumed_sea.errors.mean
    doubt = _doubt(observations, times, levels, lambda hours: levels_of(hours).level)
    scenes = judge_scenes(times, levels, withheld, mean, mean_error, doubt)
    storm_level = float(np.mean([storm.peak_level for storm in split.training])) - mean
    compiled = compile_scenes(observations, scenes, levels, storm_level, sea_level, read=is_read)
    if compiled is None:
        without = replace(area, observations=observations.without("sar", "sar_reference"))
        alone = tuple(
            replace(scene, use="not used", why=NO_RADAR) if scene.use == "held out" else scene for scene in scenes
        )
        return RadarOfPlace(without, alone)
    return RadarOfPlace(area, scenes, compiled)


def _doubt(
    observations: Observations, times: Times, levels: LevelsAtScenes, level_at: Callable[[Times], Floats]
) -> str:
    """Why the levels cannot be those of the scenes; empty = nothing tells."""
    known = levels.is_known
    if not known.any():
        return ""
    wet = share_darker(observations)[known]
    lag = better_clock(wet, lambda hours: level_at(times[known] + np.timedelta64(hours, "h")))
    if lag is None:
        return ""
    when = f"{abs(lag)} h {'later' if lag > 0 else 'earlier'}"
    return f"the water on the scenes fits the sea {when} far better: check their clock, and that of tide and gauge"


def _air_pressure(observations: Observations) -> tuple[Times, Floats] | None:
    """Times and pressure [Pa] near the region; ``None`` = not observed."""
    climate = observations.climate
    if climate is None or "pressure" not in climate:
        return None
    longitude, latitude = observations.region.centre_lonlat
    near = climate["pressure"].sel(longitude=longitude, latitude=latitude, method="nearest")
    return near["time"].values, near.values.astype(float)
