"""Radar scenes and the sea at their hour: the table of a run, and what it says in sentences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from strandline.distillation.adaptation.radar_scenes import RadarScene
from strandline.observations.region_file.prices.money import SPACE
from strandline.planning.formatting import (
    capitalise,
    format_date,
    format_metres,
    format_percent,
    format_time,
    pluralise,
)

RADAR_SCENES_FILE = "radar_scenes.csv"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class SceneRow:
    """A row of the page's table."""

    time: str
    sea: str
    source: str
    highest: str
    wet: str
    use: str


def radar_scenes_csv(scenes: Sequence[RadarScene]) -> str:
    """Return the table as CSV: times in UTC, levels [m, region datum], an empty cell where something is unknown."""
    rows = [
        {
            "time": f"{pd.Timestamp(scene.time):%Y-%m-%dT%H:%M:%SZ}",
            "sea_level": scene.level,
            "sea_level_sd": scene.level_sd,
            "sea_level_from": scene.source,
            "highest_before": scene.highest,
            "share_wet": scene.share_wet,
            "use": scene.use,
            "why": scene.why,
        }
        for scene in scenes
    ]
    return pd.DataFrame(rows).to_csv(index=False, float_format="%.3f")


def scene_rows(scenes: Sequence[RadarScene]) -> list[SceneRow]:
    """Return the rows of the page's table, by time."""
    return [
        SceneRow(
            format_time(pd.Timestamp(scene.time)),
            UNKNOWN if math.isnan(scene.level) else f"{format_metres(scene.level)} ± {scene.level_sd:.2f}{SPACE}m",
            scene.source,
            UNKNOWN if math.isnan(scene.highest) else format_metres(scene.highest),
            "–" if math.isnan(scene.share_wet) else format_percent(scene.share_wet),
            capitalise(scene.use) + (f": {scene.why}" if scene.why else ""),
        )
        for scene in sorted(scenes, key=lambda scene: scene.time)
    ]


def scene_sentences(scenes: Sequence[RadarScene]) -> list[str]:
    """Return what the scenes tell, and which further one would tell most."""
    used = [scene for scene in scenes if scene.use == "flood archive and waterlines"]
    if not used:
        return []
    highest = max(used, key=lambda scene: scene.level)
    read = sum(scene.source == "own gauge" for scene in used)
    fitted = sum(scene.source == "tide fitted to the scenes" for scene in used)
    corrected = (
        f" At {pluralise(fitted, 'scene')} it is that of the published tide, corrected by the scenes: its hour, the"
        " ratios of its waves and its season were chosen so that wet and dry on all scenes fit one height of the"
        " ground. It predicted scenes that were left out better than the published tide. Scenes do not tell how large"
        " the tide is, only when it comes."
        if fitted
        else ""
    )
    return [
        f"{pluralise(len(used), 'scene')} of {len(scenes)} made the flood archive; the sea was read at the hour of"
        f" {pluralise(read, 'scene')}. Where it was not, the level is less certain, and what that scene says of the"
        f" ground's height is less precise.{corrected}",
        f"The highest sea at a scene's hour was {format_metres(highest.level)}"
        f" ({format_date(pd.Timestamp(highest.time))}). No scene shows the land at a higher sea; one taken then would"
        " tell more than any other.",
    ]
