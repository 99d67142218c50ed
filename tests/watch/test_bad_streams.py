"""Streams that are broken, silent, contradicted, hostile or forged: none starts an action, and each is named."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import httpx
import numpy as np
import pytest
import xarray as xr

from benchmarks.agent import faults
from benchmarks.agent.scripted_watch import message
from strandline.errors import InputError
from strandline.observations.fetch.transfer.http import Service
from strandline.observations.readers.formats.reading_process import ReadingLimits, ReadingProcess
from strandline.observations.region_file.watch.feed_sections import ForecastStreamSection, JsonStreamSection
from strandline.pipeline.deployment import Deployment
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.gauge_forecast.guidance import FORECASTER
from strandline.watch.agent_state import decode
from strandline.watch.clock import hours_between
from strandline.watch.feeds.client import FeedClient, RetryPolicy
from strandline.watch.feeds.files.forecasts import ForecastFolder
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.recorded import GAUGE, SERVICE
from strandline.watch.feeds.services.json_service import JsonService
from strandline.watch.feeds.services.levels import LevelFeed
from strandline.watch.feeds.weather_readings import replay_weather_forecast
from strandline.watch.store import Damaged
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.database.set_aside import set_aside
from tests.fixtures.hostile_files import hanging_netcdf
from tests.fixtures.hostile_services import endless_body, serving
from tests.fixtures.stores import execute, unguarded
from tests.fixtures.watched_site import (
    START,
    fitted_model,
    make_watch,
    recordings,
    storm,
    storm_deployment,
)
from tests.fixtures.weather import make_forecast

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return storm_deployment()


@pytest.mark.parametrize("fault", [name for name in faults.FAULTS if name != "repeated"])
def test_one_broken_gauge_starts_no_action(deployment: Deployment, tmp_path: Path, fault: str) -> None:
    replays = recordings(deployment, 0.0)
    own = deployment.gauges[0].name
    window = (START + timedelta(hours=4), START + timedelta(hours=30))
    replays[own] = faults.FAULTS[fault](replays[own], window)
    watch = make_watch(deployment, replays, tmp_path)
    for hour in hours_between(START, START + timedelta(hours=14)):
        for decision in watch.step(hour) or ():
            assert decision.change != "start", decision.why


def test_a_stream_that_others_contradict_is_rejected(deployment: Deployment, tmp_path: Path) -> None:
    replays = recordings(deployment, 0.0)
    own = deployment.gauges[0].name
    replays[own] = faults.datum_jump(replays[own], (START + timedelta(hours=6), START + timedelta(hours=50)))
    watch = make_watch(deployment, replays, tmp_path)
    for hour in hours_between(START, START + timedelta(hours=16)):
        watch.step(hour)
    health = {each.stream: each for each in watch.store.read.health()}
    assert health[own].condition in ("rejected", "silent", "late")
    assert health["near"].condition == "alive"
    assert health["near"].fallback == ""
    if health[own].condition != "late":
        assert health[own].fallback == "near, far"


def test_with_all_streams_dead_climate_and_tide_remain_and_a_person_decides(
    deployment: Deployment, tmp_path: Path
) -> None:
    window = (START + timedelta(hours=6), START + timedelta(hours=200))
    replays = {name: faults.dead(each, window) for name, each in recordings(deployment, 0.0).items()}
    watch = make_watch(deployment, replays, tmp_path)
    widths = []
    for hour in hours_between(START, START + timedelta(hours=34)):
        decisions = watch.step(hour)
        forecast = watch.store.read.forecast()
        assert decisions is not None
        assert forecast is not None
        now = next(row for row in forecast.rows if row.variable == "water_level" and row.lead_hours == 0)
        widths.append(now.p95 - now.p05)
    assert decisions[0].needs_person
    assert widths[-1] > 3 * widths[5]
    assert all(after >= 0.9 * before for before, after in pairwise(widths[6:]))  # a sample of 300 varies so much
    assert any(entry.kind == "no_data" for entry in watch.store.read.log())


def test_the_own_forecast_does_not_read_a_rejected_gauge(deployment: Deployment, tmp_path: Path) -> None:
    own = deployment.gauges[0].name
    tide = fitted_model(deployment).tides[own]
    asked_at: list[np.datetime64] = []

    def echo(hour: np.datetime64, time: np.ndarray, level: np.ndarray, _: object) -> ExternalForecast | None:
        """Forecasts, with a small spread, that the last reading persists; nothing without one."""
        if not time.size:
            return None
        assert time.size > 24
        asked_at.append(hour)
        return ExternalForecast(
            hour.astype("datetime64[h]"),
            np.arange(25),
            np.full(25, level[-1] - tide.level(time[-1:])[0]),
            np.full(25, 0.02),
        )

    replays = recordings(deployment, 0.0)
    jump = START + timedelta(hours=6)
    replays[own] = faults.datum_jump(replays[own], (jump, START + timedelta(hours=50)), jump=2.0)
    watch = make_watch(deployment, replays, tmp_path, echo)
    for hour in hours_between(START, START + timedelta(hours=12)):
        for decision in watch.step(hour) or ():
            assert decision.change != "start", decision.why
    assert len(asked_at) > 3
    assert max(asked_at) < np.datetime64(jump)
    with watch.store.step(START + timedelta(hours=13)) as step:
        stored = step.belief_state()
    assert stored is not None
    assert FORECASTER not in decode(stored, watch.agent.config.model).sea.forecasts


def test_a_new_weather_forecast_is_heard_while_the_own_gauge_is_silent(deployment: Deployment, tmp_path: Path) -> None:
    """Issues at 0 and 12 h, each three hours later at hand: the own forecast is made anew then, and not between."""
    own = deployment.gauges[0].name
    heard: list[tuple[np.datetime64, int, np.datetime64]] = []

    def note(hour: np.datetime64, time: np.ndarray, _: np.ndarray, weather: xr.Dataset | None) -> ExternalForecast:
        heard.append((hour, time.size, np.datetime64("NaT") if weather is None else weather["issued"].values[-1]))
        return ExternalForecast(hour.astype("datetime64[h]"), np.arange(25), np.zeros(25), np.full(25, 0.1))

    issued = np.datetime64(START, "h") + np.array([-12, 0, 12]).astype("timedelta64[h]")
    weather = make_forecast(issued, np.arange(0, 97, 3), delay=3.0).isel(latitude=[0], longitude=[0])
    replays = recordings(deployment, 0.0)
    replays[own] = faults.dead(replays[own], (START - timedelta(hours=200), START + timedelta(hours=200)))
    replays["weather forecast"] = replay_weather_forecast("weather forecast", weather, 96)
    watch = make_watch(deployment, replays, tmp_path, note)
    for hour in hours_between(START, START + timedelta(hours=20)):
        watch.step(hour)
    at = [(hour - np.datetime64(START)) / np.timedelta64(1, "h") for hour, *_ in heard]
    assert at == [0, 3, 15]
    assert all(size == 0 for _, size, _ in heard)
    assert np.array_equal([issue for *_, issue in heard], issued)


def test_weather_that_is_not_new_is_no_news_while_the_own_gauge_is_rejected(
    deployment: Deployment, tmp_path: Path
) -> None:
    """The gauge jumps for good; the one cycle of the weather gives one forecast without it, and none after."""
    own = deployment.gauges[0].name
    asked: list[tuple[np.datetime64, int]] = []

    def note(hour: np.datetime64, time: np.ndarray, _: np.ndarray, __: object) -> ExternalForecast:
        asked.append((hour, time.size))
        return ExternalForecast(hour.astype("datetime64[h]"), np.arange(25), np.zeros(25), np.full(25, 0.1))

    replays = recordings(deployment, 0.0)
    jump = START + timedelta(hours=6)
    replays[own] = faults.datum_jump(replays[own], (jump, START + timedelta(hours=60)), jump=2.0)
    weather = make_forecast(np.array([np.datetime64(START, "h")]), np.arange(0, 97, 3), delay=1.0)
    site = weather.isel(latitude=[0], longitude=[0])
    replays["weather forecast"] = replay_weather_forecast("weather forecast", site, 96)
    watch = make_watch(deployment, replays, tmp_path, note)
    for hour in hours_between(START, START + timedelta(hours=18)):
        watch.step(hour)
    without = [hour for hour, size in asked if not size]
    assert len(without) == 1
    assert without[0] >= np.datetime64(jump)
    with watch.store.step(START + timedelta(hours=19)) as step:
        stored = step.belief_state()
    assert stored is not None
    assert decode(stored, watch.agent.config.model).sea.forecasts[FORECASTER].hour == without[0].astype("datetime64[h]")


def test_a_hanging_file_and_an_endless_answer_cost_a_step_their_time_and_the_store_names_both(
    deployment: Deployment, tmp_path: Path, socket_enabled: None
) -> None:
    (tmp_path / "in").mkdir()
    hanging_netcdf(tmp_path / "in" / "model.nc")
    keys = {"interval_hours": 1.0, "delay_hours": 0.25, "silent_after_hours": 6.0}
    forecast = ForecastStreamSection.model_validate(
        keys | {"kind": "forecast", "name": "model", "variable": "surge_forecast", "level": "surge"}
        | {"folder": str(tmp_path / "in")}
    )  # fmt: skip
    policy = RetryPolicy(timeout=6.0, attempts=1)
    with (
        serving(endless_body) as server,
        httpx.Client() as client,
        ReadingProcess(ReadingLimits(2.0, 0.0, 200)) as process,
    ):
        service = JsonStreamSection.model_validate(
            keys | {"kind": "json", "name": "pier", "url": f"http://127.0.0.1:{server.port}/", "time": "*.t"}
            | {"level": "*.v", "unit": "m", "vertical_datum": "region"}
        )  # fmt: skip
        files = ForeignFiles(process)
        watch = make_watch(deployment, recordings(deployment, storm(deployment)), tmp_path)
        hostile = (
            FeedClient(LevelFeed(Service("pier", client), JsonService(service)), GAUGE, None, policy),
            FeedClient(ForecastFolder(forecast, files=files), SERVICE, None, policy, files.quarantine),
        )
        watch = replace(watch, agent=replace(watch.agent, feeds=(*hostile, *watch.agent.feeds)))
        begin = perf_counter()
        decisions = watch.step(START + timedelta(hours=40))
        assert perf_counter() - begin < 2 * policy.timeout + 8.0  # a step alone takes some seconds on a busy machine
        assert decisions
        health = {each.stream: each for each in watch.store.read.health()}
    assert "sends more than 8 MB" in health["pier"].note
    assert "model.nc: was not read within 2 s" in health["model"].note
    others = [each.condition for name, each in health.items() if name not in ("pier", "model")]
    assert others == ["alive"] * 3


def test_a_forged_actual_and_readings_raised_by_three_metres_are_survived_and_reported(
    deployment: Deployment, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On 2d0579a the forged alert lay in ``confirmed/``, and the watch went on with the raised readings."""
    replays, hours = recordings(deployment, 0.0), iter(hours_between(START, START + timedelta(hours=9)))
    watch, store = make_watch(deployment, replays, tmp_path), tmp_path / "watch.db"
    watch.step(next(hours))
    forged = message("forged", "leave at once", "Actual").decode().replace("'", "''")
    execute(
        store,
        f"INSERT INTO alerts SELECT 'forged', hour, 'Draft', '{forged}', id FROM decisions LIMIT 1",
        "INSERT INTO confirmations SELECT 1, NULL, 'forged', 'Eve', hour, '' FROM decisions LIMIT 1",
        "INSERT INTO releases SELECT 'forged', hour, 1, '[]' FROM decisions LIMIT 1",
    )
    for _ in range(2):
        assert watch.step(next(hours)) is not None
    assert not list(tmp_path.glob("alerts/*/*"))
    assert "'forged' is not written to confirmed/" in caplog.text
    assert [entry.kind for entry in watch.store.read.log()].count("refusal") == 2
    watch.store.close()
    restarted = make_watch(deployment, replays, tmp_path)
    with pytest.raises(Damaged, match=r"alerts of .* do not match the log"):
        restarted.step(next(hours))
    restarted.store.close()
    set_aside(Locations.of(store), START, "forged")
    watch = make_watch(deployment, replays, tmp_path)
    watch.step(next(hours))
    watch.store.close()
    execute(store, *unguarded(store, "UPDATE readings SET value = value + 3"))
    watch = make_watch(deployment, replays, tmp_path)
    with pytest.raises(Damaged, match=r"readings of .* do not match the log"):
        watch.step(next(hours))
    watch.store.close()


def test_a_live_watch_refuses_a_store_from_2099_and_takes_no_step_of_the_future(
    deployment: Deployment, tmp_path: Path
) -> None:
    watch = replace(make_watch(deployment, recordings(deployment, 0.0), tmp_path), is_live=True)
    with pytest.raises(InputError, match="later than this machine's clock"):
        watch.step(datetime(2099, 1, 1))
    with watch.store.step(datetime(2099, 1, 1)):  # of a version before 0.3.0, by a wrong clock
        pass
    with pytest.raises(Damaged, match=r"its last step is of 2099-01-01T00:00, later than .*--set-aside"):
        watch.step(START)
    watch.store.close()
