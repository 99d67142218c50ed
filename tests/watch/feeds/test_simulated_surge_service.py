"""The surge service of a simulated coast gives the newest issue available at an hour; a real coast has none."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
import xarray as xr

from strandline.pipeline.deployment import Deployment
from strandline.pipeline.study_area import StudyArea
from strandline.simulator.sea.surge_forecasts import forecast_surges
from strandline.watch.feeds.simulated_surge_service import SERVICE_DELAY, SKILL, SURGE_SERVICE, SurgeService
from tests.fixtures.batches import hours, make_observations
from tests.fixtures.watches import a_deployment

TIME = hours(10)
SURGE = np.exp(-(((np.arange(TIME.size) - 120) / 10) ** 2))
START = datetime(2020, 1, 1)


@pytest.fixture
def service() -> SurgeService:
    return SurgeService(TIME, SURGE, seed=3)


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return a_deployment()


def test_it_forecasts_the_truth_of_a_simulated_coast_by_the_seed_of_the_run(deployment: Deployment) -> None:
    truth = xr.Dataset({"surge": ("hour", SURGE)}, {"hour": TIME})
    made = SurgeService.of(StudyArea(replace(make_observations(10), truth=truth)), deployment)
    assert made is not None
    assert made.seed == 7
    np.testing.assert_array_equal(made.surge, SURGE)
    assert SurgeService.of(StudyArea(make_observations(10)), deployment) is None


@pytest.mark.parametrize(("hour", "issue"), [(12, 1), (13, 2), (18, 2), (19, 3)])
def test_it_gives_the_newest_available_issue(service: SurgeService, hour: int, issue: int) -> None:
    issued_forecast = service.forecast(TIME[hour])
    assert issued_forecast is not None
    assert issued_forecast.hour == TIME[issue * SKILL.every_hours].astype("datetime64[h]")
    values = forecast_surges(TIME, SURGE, 3, SKILL, [issue]).values[0].astype(float)
    np.testing.assert_array_equal(issued_forecast.leads, np.arange(len(values)))
    np.testing.assert_allclose(issued_forecast.mean, values.mean(axis=1))
    np.testing.assert_allclose(issued_forecast.spread, values.std(axis=1, ddof=1))


def test_there_is_no_forecast_before_its_first_issue_and_the_last_one_stays(service: SurgeService) -> None:
    assert service.forecast(TIME[0]) is None
    last = service.forecast(TIME[-1])
    assert last is not None
    assert last.hour + last.leads[-1] * np.timedelta64(1, "h") == TIME[-1].astype("datetime64[h]")  # the record ends
    later = service.forecast(TIME[-1] + np.timedelta64(3, "D"))
    assert later is not None
    assert later.hour == last.hour


def test_a_replay_gives_each_member_when_it_is_available_and_ends_with_the_record(service: SurgeService) -> None:
    replay = service.replay(START + timedelta(days=8), START + timedelta(days=30))
    assert {each.stream for each in replay.readings} == {SURGE_SERVICE}
    issued = sorted({each.issued for each in replay.readings})
    assert issued[0] == START + timedelta(days=8)
    assert issued[-1] == START + timedelta(days=9, hours=18)
    assert max(each.time for each in replay.readings) == START + timedelta(days=9, hours=23)
    assert replay.read(START, issued[0] + SERVICE_DELAY - timedelta(minutes=1)) == []
    first = replay.read(START, issued[0] + SERVICE_DELAY)
    values = forecast_surges(TIME, SURGE, 3, SKILL, [32]).values[0]
    for each in first:
        lead = int((each.time - issued[0]) / timedelta(hours=1))
        assert each.value == pytest.approx(values[lead, each.member])
    assert len(first) == np.isfinite(values).sum()
