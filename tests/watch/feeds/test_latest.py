"""What is known of the sea at an hour: nothing later, and what streams answer besides the files."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from strandline.pipeline.study_area import StudyArea
from strandline.watch.feeds.client import FeedClient
from strandline.watch.feeds.latest import known_by_record, known_by_streams
from strandline.watch.feeds.recorded import GAUGE
from strandline.watch.feeds.weather_readings import replay_weather_forecast
from tests.fixtures.watched_site import recordings, storm_deployment
from tests.fixtures.windy_gauge import CYCLE, DELAY, TIME, place

HOUR = TIME[3000]


def windy() -> StudyArea:
    return StudyArea(place())


def test_the_newest_forecast_is_that_which_could_be_had() -> None:
    found = known_by_record(windy(), HOUR + np.timedelta64(DELAY - 1, "h"))
    assert found.weather_issued == HOUR - np.timedelta64(CYCLE, "h")
    assert known_by_record(windy(), HOUR + np.timedelta64(DELAY, "h")).weather_issued == HOUR
    assert found.weather_source == "made up"


def test_readings_after_the_hour_are_not_known() -> None:
    area = StudyArea(place())
    time = area.own_level[0]
    found = known_by_record(area, time[100])
    assert found.time.max() <= time[100]
    assert np.isfinite(found.level).all()


def test_a_place_without_weather_has_no_source() -> None:
    found = known_by_record(StudyArea(place(analyses=False, forecasts=False)), HOUR)
    assert (found.weather_source, found.weather_issued) == ("", None)


@pytest.mark.slow
def test_streams_add_their_readings_and_weather_and_a_silent_one_is_named() -> None:
    deployment = storm_deployment()
    replays = recordings(deployment, 1.0)
    own = deployment.gauges[0].name
    now = datetime(2022, 11, 21, 6, 20)
    hour = np.datetime64("2022-11-21T06:00", "ns")
    weather = place().weather_forecast
    assert weather is not None
    shifted = weather.isel(issued=slice(0, 40))
    moved = hour - np.timedelta64(12, "h") - shifted["issued"].values[20]
    shifted = shifted.assign_coords(
        issued=shifted["issued"].values + moved, available=("issued", shifted["available"].values + moved)
    )
    feeds = [
        FeedClient(replays[own], GAUGE),
        FeedClient(replay_weather_forecast("model", shifted, 96), GAUGE),
    ]
    area = StudyArea(replace(place(analyses=False, forecasts=False)))
    found = known_by_streams(area, deployment, feeds, now)
    assert found.hour == hour
    assert found.time[-1] == hour
    assert pd.Timestamp(found.time[0]) < now - timedelta(hours=72)
    assert found.weather_source == "stream 'model'"
    assert found.weather_issued == hour - np.timedelta64(6, "h")
    assert {each.stream for each in found.health} == {own, "model"}
