"""The radar scenes of a place, compiled: the sea at each, what it is used for, and what the teacher is to map."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from strandline.distillation.waterlines.flood_archive import FloodArchive, SceneLevels
from strandline.models.batch import Batch
from strandline.models.batching import build_scene_batch
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.observations import Observations
from strandline.observations.sea_level.scenes.levels import LevelsAtScenes, LevelSource
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.storms import Storm, Window

SceneUse = Literal["flood archive and waterlines", "held out", "not used"]
UNKNOWN_SEA = "the sea at its hour is unknown"
DARKER = 3.0
"""[dB] By which radar falls where dry ground comes under open water, at least. A convention of change detection."""


@dataclass(frozen=True)
class RadarScene:
    """A radar scene and the sea at its hour.

    Attributes:
        time: UTC.
        level, level_sd: of the sea [m, region datum], NaN = unknown; ``source``: of the level.
        highest: of the hours before, the scene's own included [m, region datum]; NaN = unknown.
        share_wet: of the land that radar saw, by the teacher's map [-]; NaN = not mapped.
        use: what the run does with it, and ``why`` not more; empty = all that can be done.
    """

    time: np.datetime64
    level: float
    level_sd: float
    source: LevelSource
    highest: float
    share_wet: float
    use: SceneUse
    why: str = ""


@dataclass(frozen=True, eq=False)
class CompiledScenes:
    """The radar scenes that the teacher maps.

    Attributes:
        floods: (E) samples of the teacher's inputs.
        times: (E,) of the scenes, UTC.
        levels: of the sea at them.
    """

    floods: Batch
    times: Times
    levels: SceneLevels

    def outside(self, storms: Sequence[Storm]) -> Mask:
        """(S, E) whether a scene lies outside each storm's window: a storm's own are no past ones."""
        return np.array([~storm.contains(self.times) for storm in storms]).reshape(len(storms), self.times.size)


def judge_scenes(
    times: Times,
    levels: LevelsAtScenes,
    withheld: Sequence[Window],
    mean_sea_level: float,
    mean_error: float,
    doubts: Sequence[str],
) -> tuple[RadarScene, ...]:
    """What each scene is used for.

    Args:
        times: (N,) of the scenes.
        withheld: windows whose floods no training may see.
        mean_sea_level: [m, region datum]; ``mean_error``: its standard deviation where no gauge tells it [m].
        doubts: why each level is not known or cannot be trusted; empty = nothing speaks against it.
    """
    found = []
    for i, time in enumerate(times):
        use: SceneUse = "flood archive and waterlines"
        why = ""
        if any(start <= time <= end for start, end in withheld):
            use, why = "held out", "its flood calibrates or tests"
        elif doubts[i] or not levels.is_known[i]:
            use, why = "not used", doubts[i] or UNKNOWN_SEA
        found.append(
            RadarScene(
                time,
                float(levels.level[i]) + mean_sea_level,
                float(np.hypot(levels.sd[i], mean_error)),
                levels.source[i],
                float(levels.highest[i]) + mean_sea_level,
                float("nan"),
                use,
                why,
            )
        )
    return tuple(found)


def compile_scenes(
    observations: Observations,
    scenes: Sequence[RadarScene],
    levels: LevelsAtScenes,
    storm_level: float,
    sea_level: SeaLevelModel,
    *,
    read: bool,
) -> CompiledScenes | None:
    """What the teacher is to map of the scenes that are used; ``None`` = none is.

    Args:
        scenes: of the ``sar`` modality, in its order; ``levels``: of the sea at them.
        storm_level: mean peak of the place's storms [m above mean sea level].
        read: whether the gauge's levels are readings.
    """
    used = np.array([scene.use == "flood archive and waterlines" for scene in scenes], dtype=bool)
    if not used.any():
        return None
    times = np.array([scene.time for scene in scenes])[used]
    floods = build_scene_batch(observations, times, levels.highest_at[used], sea_level, read=read)
    level, spread = (torch.from_numpy(each[used]).float() for each in levels.of_the_water_shown)
    return CompiledScenes(floods, times, SceneLevels(level, spread, torch.tensor(storm_level)))


def with_shares(scenes: Sequence[RadarScene], archive: FloodArchive, land: Mask) -> tuple[RadarScene, ...]:
    """The scenes with the share of wet land on the teacher's maps.

    Args:
        archive: of the scenes that are used, in their order, before any simulated storm.
        land: (H, W).
    """
    mapped = (archive.class_probability.sum(1) > 0).numpy() & land  # (E, H, W)
    wet = np.where(mapped, 1 - archive.class_probability[:, 0].numpy(), 0.0).sum((1, 2))
    shares = iter(np.where(mapped.any((1, 2)), wet / np.maximum(mapped.sum((1, 2)), 1), np.nan).tolist())
    return tuple(
        replace(scene, share_wet=next(shares)) if scene.use == "flood archive and waterlines" else scene
        for scene in scenes
    )


def wet_by_radar(observations: Observations) -> Floats:
    """(N, H, W) 1 where radar fell by ``DARKER`` against the dry reference, else 0; NaN = not seen. By radar alone."""
    sar, reference = observations.require("sar"), observations.require("sar_reference")
    names = [name for name in ("vv", "vh") if name in sar and name in reference]
    seen = np.isfinite(sum(sar[name].values + reference[name].values for name in names))
    darker = np.logical_and.reduce([sar[name].values < reference[name].values - DARKER for name in names])
    return np.where(seen, darker.astype(float), np.nan)


def share_darker(observations: Observations) -> Floats:
    """(N,) share of the cells that became darker than the dry reference by ``DARKER`` in each scene, by radar alone."""
    wet = wet_by_radar(observations)
    return np.asarray(np.nansum(wet, axis=(1, 2)) / np.maximum(np.isfinite(wet).sum((1, 2)), 1))
