"""The recorded streams of a study area, replayed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from strandline.errors import InputError
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.watch.feeds.client import FeedClient
from strandline.watch.feeds.health import Expectation
from strandline.watch.feeds.quality_control import Tide
from strandline.watch.feeds.replay import Replay, replay_tide_gauges
from strandline.watch.feeds.simulated_surge_service import SERVICE_DELAY, SurgeService
from strandline.watch.feeds.weather_readings import replay_weather_forecast

GAUGE = Expectation(interval=timedelta(hours=1), delay=timedelta(minutes=5), silent_after=timedelta(hours=6))
"""Schedule of a replayed gauge."""
WEATHER = Expectation(interval=timedelta(hours=12), delay=timedelta(hours=9), silent_after=timedelta(hours=36))
"""Schedule of replayed weather forecasts."""
WEATHER_STREAM = "weather forecast"
DAYS_OF_WEATHER, LONGEST_LEAD = timedelta(days=7), 96
"""Before a replay starts, and leads that are replayed [h]."""
SERVICE = Expectation(interval=timedelta(hours=6), delay=SERVICE_DELAY, silent_after=timedelta(hours=24))
"""Schedule of a replayed surge service."""


def replayed_feeds(
    study_area: StudyArea, deployment: Deployment, start: datetime, end: datetime, tides: Mapping[str, Tide]
) -> list[FeedClient]:
    """The record's gauges and weather forecasts, replayed; for a simulated coast also its surge service.

    Raises:
        InputError: the record has no reading between the two times.
    """
    gauge = study_area.observations.require_gauge()
    first, last = (np.datetime64(moment, "ns") for moment in (start - timedelta(days=5), end + timedelta(days=1)))
    part = gauge.sel(time=slice(first, last))
    if part.sizes["time"] == 0:
        span = f"{gauge['time'].values[0]:.10} to {gauge['time'].values[-1]:.10}"
        raise InputError("replay", f"no reading between {start} and {end}", f"the record holds {span}")
    feeds = [FeedClient(each, GAUGE, tides.get(each.stream)) for each in replay_tide_gauges(part, GAUGE.delay)]
    weather = _weather(study_area, deployment, start - DAYS_OF_WEATHER, end)
    feeds += [] if weather is None else [FeedClient(weather, WEATHER)]
    service = SurgeService.of(study_area, deployment)
    return feeds if service is None else [*feeds, FeedClient(service.replay(start - timedelta(days=2), end), SERVICE)]


def _weather(study_area: StudyArea, deployment: Deployment, start: datetime, end: datetime) -> Replay | None:
    """The forecasts of the weather that were issued between two times, at the sea point; ``None`` = there are none."""
    forecast = study_area.observations.weather_forecast
    if forecast is None:
        return None
    longitude, latitude = deployment.region.sea_point_lonlat
    first, last = (np.datetime64(moment, "ns") for moment in (start, end))
    issued = forecast["issued"].values
    some = forecast.isel(issued=(issued >= first) & (issued <= last))
    if not some.sizes["issued"]:
        return None
    site = some.sel(longitude=[longitude], latitude=[latitude], method="nearest")
    return replay_weather_forecast(WEATHER_STREAM, site, LONGEST_LEAD)
