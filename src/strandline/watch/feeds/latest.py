"""What is known of a place's sea at an hour: by its record, and by its streams as they answer now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations, Provenance
from strandline.observations.readers.weather_forecasts.assemble import VARIABLES
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.watch.assimilation.gauge_residuals import own_readings
from strandline.watch.feeds.weather_readings import forecast_of_readings
from strandline.watch.readings import Health

if TYPE_CHECKING:
    from strandline.watch.feeds.client import FeedClient

READ_BACK = timedelta(hours=150)
"""How far back the streams are asked for: three days of readings, and three more of weather before them."""


@dataclass(frozen=True, eq=False)
class LatestSea:
    """What is known at an hour.

    Attributes:
        hour: UTC, full.
        time, level: (T,) readings of the own gauge up to it [m, region datum].
        observations: whose weather counts, as it was known then.
        weather_source: where that weather comes from; empty = there is none.
        weather_issued: of the newest forecast that could be had; ``None`` = none could.
        health: of the streams that were asked; empty = the record alone was read.
    """

    hour: np.datetime64
    time: Times
    level: Floats
    observations: Observations
    weather_source: str
    weather_issued: np.datetime64 | None
    health: tuple[Health, ...] = ()


def known_by_record(area: StudyArea, hour: np.datetime64) -> LatestSea:
    """What the files of a place held of an hour by then; nothing later counts."""
    hour = hour.astype("datetime64[ns]")
    time, level = area.own_level
    seen = (time <= hour) & np.isfinite(level)
    return _with_weather(hour, time[seen], level[seen], area.observations)


def known_by_streams(
    area: StudyArea, deployment: Deployment, feeds: "Sequence[FeedClient]", now: datetime
) -> LatestSea:
    """What the files of a place hold, with what its streams answer now.

    A stream that gives no answer is named in ``health``, and the others count.

    Args:
        now: naive UTC.
    """
    full = now.replace(minute=0, second=0, microsecond=0)
    hour = np.datetime64(full, "ns")
    results = [feed.poll(now - READ_BACK, now) for feed in feeds]
    readings = [one for result in results for one in result.readings if one.quality != "bad" and np.isfinite(one.value)]
    known = known_by_record(area, hour)
    time, level = own_readings(readings, deployment.gauges[0].name, None, hour)
    joined = pd.concat([pd.Series(known.level, known.time), pd.Series(level, time)])
    joined = joined[~joined.index.duplicated(keep="last")].sort_index()
    place = area.observations
    weather = [one for one in readings if one.variable in VARIABLES]
    by_stream = {name: [one for one in weather if one.stream == name] for name in {one.stream for one in weather}}
    found = {
        name: forecast
        for name, each in by_stream.items()
        if (forecast := forecast_of_readings(each, *deployment.region.sea_point_lonlat, full)) is not None
    }
    if found:
        newest = max(found, key=lambda name: found[name]["issued"].values[-1])
        source = Provenance("real", f"stream '{newest}'")
        place = replace(
            place, weather_forecast=found[newest], provenance={**place.provenance, "weather_forecast": source}
        )
    index = joined.index.to_numpy().astype("datetime64[ns]")
    sea = _with_weather(hour, index, joined.to_numpy().astype(float), place)
    return replace(sea, health=tuple(result.health for result in results))


def _with_weather(hour: np.datetime64, time: Times, level: Floats, place: Observations) -> LatestSea:
    forecast, issued = place.weather_forecast, None
    if forecast is not None:
        by_then = forecast["issued"].values[forecast["available"].values <= hour]
        issued = by_then[-1] if by_then.size else None
    name = "weather_forecast" if forecast is not None else "weather"
    source = place.provenance[name].source if name in place.modalities() else ""
    return LatestSea(hour, time, level, place, source, issued)
