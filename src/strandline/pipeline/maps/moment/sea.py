"""How high the sea stood when the images were taken."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.readers.gauges.tide_gauges import read_tide_gauges
from strandline.observations.region_file import RegionFile
from strandline.pipeline.deployment import Deployment

ONE_TIDE = np.timedelta64(12, "h")
"""A flood is due to the highest sea of this span before it; an assumption, as in the watch."""
READING_ERROR, STATED_ERROR = 0.05, 0.15
"""[m] Standard deviation of a gauge's reading and of a level that the user states. Assumptions."""
LOWEST, HIGHEST = -15.0, 20.0


@dataclass(frozen=True)
class SeaAtMoment:
    """The sea that a flood is due to.

    Attributes:
        level: highest within one tide before the moment [m, region datum]; ``deviation``: its standard deviation [m].
        mean_sea_level: [m, region datum].
        source: of the level.
        age_hours: of the level at the moment; ``None`` = it has no time of its own.
    """

    level: float
    deviation: float
    mean_sea_level: float
    source: str
    age_hours: float | None


def sea_at(
    region_file: RegionFile, time: np.datetime64 | None, stated: float | None, deployment: Deployment | None
) -> SeaAtMoment | None:
    """The level that is stated, else read by the own gauge, else that of the run's tide; ``None`` = unknown.

    Args:
        stated: [m, region datum], of a forecast or another reading.

    Raises:
        InputError: a stated level that no sea has, or a gauge that cannot be read.
    """
    gauge = read_tide_gauges(region_file.tide_gauge) if region_file.tide_gauge else None
    mean = _mean_sea_level(region_file, deployment)
    if stated is not None:
        if not LOWEST <= stated <= HIGHEST:
            raise InputError(
                "--sea-level", f"{stated:g} m is no level of a sea", "give metres above the region's datum"
            )
        return SeaAtMoment(stated, STATED_ERROR, mean, "stated by the user", None)
    if time is None:
        return None
    if gauge is not None:
        hours, level = gauge["time"].values, gauge["water_level"].values[0]
        chosen = (hours > time - ONE_TIDE) & (hours <= time) & (gauge["quality"].values[0] == 0) & np.isfinite(level)
        if chosen.any():
            at = int(np.flatnonzero(chosen)[np.argmax(level[chosen])])
            age = float((time - hours[at]) / np.timedelta64(1, "h"))
            return SeaAtMoment(float(level[at]), READING_ERROR, mean, f"gauge {gauge['station'].values[0]}", age)
    if deployment is None:
        return None
    hours = time - np.arange(12).astype("timedelta64[h]")
    tide = deployment.sea_level.tide(hours)
    at = int(np.argmax(tide))
    deviation = float(np.sqrt(deployment.sea_level.residual_covariance[0]))
    return SeaAtMoment(float(tide[at]) + mean, deviation, mean, "tide of the run, without a reading", float(at))


def _mean_sea_level(region_file: RegionFile, deployment: Deployment | None) -> float:
    """[m, region datum] of the run or the first gauge; 0 where neither states it."""
    if deployment is not None:
        return deployment.mean_sea_level
    if region_file.tide_gauge:
        return float(read_tide_gauges(region_file.tide_gauge[:1])["mean_sea_level"].values[0])
    return 0.0
