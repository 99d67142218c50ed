"""The radar scenes of a study area: the sea at each, and which of them the flood archive is made of."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.distillation.adaptation.radar_scenes import (
    CompiledScenes,
    RadarScene,
    compile_scenes,
    judge_scenes,
    share_darker,
    wet_by_radar,
)
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.scenes.clock import better_clock
from strandline.observations.sea_level.scenes.levels import (
    LevelsAtScenes,
    levels_at_scenes,
    levels_by_local_tide,
    unknown_levels,
)
from strandline.observations.sea_level.scenes.local_tide import LocalTide, fit_local_tide, gain_of_correction
from strandline.observations.sea_level.scenes.water_scenes import WaterScenes
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.storms import BEFORE_PEAK, Split, Window
from strandline.pipeline.study_area.study_area import StudyArea, own_mean_sea_level
from strandline.planning.formatting import pluralise
from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.surges.regional_prior import WORLD

_log = logging.getLogger(__name__)

UNUSUAL_SEA = "a cyclone passed or people saw a flood, and no gauge tells how high the sea stood"
FEWEST_SCENES, FEWEST_CELLS = 20, 20
"""Scenes and changing cells from which on a far station's tide is corrected by them: it has some ten unknowns."""
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
    """Sea level and use of every radar scene that was given; those of a simulated coast are left as they are.

    Scenes of a simulated coast were taken of its storms, and it has a truth. Where no scene can be used, radar is left
    out, as if none had been given.
    """
    observations = area.observations
    if observations.sar is None or observations.truth is not None:
        return RadarOfPlace(area)
    is_read, mean = area.assumed_sea is None, own_mean_sea_level(area)
    times = observations.sar["time"].values
    unusual = _unusual(observations, times)
    usable = ~unusual & ~_within(times, split.held_out)
    tide = _local_tide(area, sea_level, times, usable)
    if tide is None:
        levels = _levels(area, sea_level, times)
    else:
        sea_level = replace(sea_level, fitted=tide.fitted)
        levels = levels_by_local_tide(times, usable, tide)
    unusual &= ~levels.was_read
    levels = levels.without(unusual)
    clock = _doubt_of_clock(observations, sea_level, times, levels)
    doubts = [UNUSUAL_SEA if each else clock for each in unusual]
    withheld = split.withheld if is_read else list(split.held_out)
    mean_error = 0.0 if area.assumed_sea is None else area.assumed_sea.errors.mean
    scenes = judge_scenes(times, levels, withheld, mean, mean_error, doubts)
    storm_level = float(np.mean([storm.peak_level for storm in split.training])) - mean
    compiled = compile_scenes(observations, scenes, levels, storm_level, sea_level, read=is_read)
    if compiled is None:
        without = replace(area, observations=observations.without("sar", "sar_reference"))
        alone = tuple(
            replace(scene, use="not used", why=NO_RADAR) if scene.use == "held out" else scene for scene in scenes
        )
        return RadarOfPlace(without, alone)
    return RadarOfPlace(area, scenes, compiled)


def _local_tide(area: StudyArea, sea_level: SeaLevelModel, times: Times, usable: Mask) -> LocalTide | None:
    """The published tide corrected by the scenes; ``None`` = a gauge was read, or the correction cannot be trusted.

    It is trusted where it predicts scenes that it did not see better than the published tide does, by more than the
    standard error of that.
    """
    if area.assumed_sea is None or area.constants is None or usable.sum() < FEWEST_SCENES:
        return None
    wet = wet_by_radar(area.observations)[usable]
    water = WaterScenes(times[usable], wet.reshape(len(wet), -1))
    cells = water.sample()
    if cells.size < FEWEST_CELLS:
        return None
    water = water.take(slice(None), cells)
    weather = float(np.sqrt(sea_level.residual_covariance[0])) * _residual_factor()
    size_error = area.assumed_sea.errors.log_tide
    gain, error = gain_of_correction(water, area.constants, size_error, weather)
    _log.info("tide corrected by %d scenes: gain %.3f ± %.3f nats a cell", len(water), gain, error)
    return fit_local_tide(water, area.constants, size_error, weather) if gain > error else None


def _residual_factor() -> float:
    """Of a residual that was never read only the size on other coasts is known: its mean square over those."""
    return float(np.exp(WORLD.log_spread[1] ** 2))


def _levels(area: StudyArea, sea_level: SeaLevelModel, times: Times) -> LevelsAtScenes:
    """The sea at these times, as the place knows it."""
    pressure = _air_pressure(area.observations)
    if area.assumed_sea is None:
        return levels_at_scenes(times, sea_level, area.observations.require_gauge(), pressure)
    if area.constants is None:
        return unknown_levels(times)
    return levels_at_scenes(times, sea_level, None, pressure, _residual_factor(), area.assumed_sea.errors.log_tide)


def _unusual(observations: Observations, times: Times) -> Mask:
    """(N,) whether a cyclone was near or people saw a flood: no tide with ordinary weather is the sea of such days."""
    windows = list[Window]()
    if observations.storms is not None:
        windows += cyclone_passages(observations.storms, *observations.region.centre_lonlat)
    if observations.flood_survey is not None:
        windows += [(seen - BEFORE_PEAK, seen + BEFORE_PEAK) for seen in observations.flood_survey["time"].values]
    return _within(times, windows)


def _within(times: Times, windows: Sequence[Window]) -> Mask:
    """(N,) whether a time lies in one of the windows."""
    within = np.zeros(times.size, dtype=bool)
    for start, end in windows:
        within |= (times >= start) & (times <= end)
    return within


def _doubt_of_clock(observations: Observations, sea_level: SeaLevelModel, times: Times, levels: LevelsAtScenes) -> str:
    """Why the levels cannot be those of the scenes; empty = nothing tells. Within hours only the tide moves the sea."""
    known = levels.is_known
    if not known.any():
        return ""

    when, residual = times[known], levels.level[known] - sea_level.tide(times[known])

    def level_at(hours: int) -> Floats:
        return residual + sea_level.tide(when + np.timedelta64(hours, "h"))

    lag = better_clock(share_darker(observations)[known], level_at)
    if lag is None:
        return ""
    shifted = f"{abs(lag)} h {'later' if lag > 0 else 'earlier'}"
    return f"the water on the scenes fits the sea {shifted} far better: check their clock, and that of tide and gauge"


def _air_pressure(observations: Observations) -> tuple[Times, Floats] | None:
    """Times and pressure [Pa] near the region; ``None`` = not observed."""
    weather = observations.weather
    if weather is None or "pressure" not in weather:
        return None
    longitude, latitude = observations.region.centre_lonlat
    near = weather["pressure"].sel(longitude=longitude, latitude=latitude, method="nearest")
    return near["time"].values, near.values.astype(float)
