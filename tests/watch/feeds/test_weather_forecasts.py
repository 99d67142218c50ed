"""Weather forecasts reach the store as they were issued, and are seen no sooner than they could be had."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import FeedError
from strandline.observations.fetch.transfer.http import AnswerLimits, Service
from strandline.observations.region_file.watch.feed_sections import OpenMeteoStreamSection, WeatherForecastStreamSection
from strandline.watch.feeds.client import FeedClient, RetryPolicy
from strandline.watch.feeds.files.weather_forecasts import WeatherForecastFolder
from strandline.watch.feeds.health import Expectation
from strandline.watch.feeds.services.open_meteo import OpenMeteoFeed
from strandline.watch.feeds.weather_readings import forecast_of_readings, replay_weather_forecast
from strandline.watch.store import Store
from tests.fixtures.data_services import DataService, Reply, serving_data
from tests.fixtures.grib_files import Message, grib, write_grib
from tests.fixtures.weather import make_forecast

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
ISSUED = NOW - 8 * HOUR
PLACE = (12.25, 45.5)
SCHEDULE = {"name": "model", "interval_hours": 6.0, "delay_hours": 8.0, "silent_after_hours": 30.0}
EXPECTED = Expectation(6 * HOUR, 8 * HOUR, 30 * HOUR)


# --- a folder ----------------------------------------------------------------------------------------------------


def folder(path: Path, **stated: object) -> WeatherForecastFolder:
    keys = {"kind": "weather_forecast", "folder": str(path), "format": "grib"}
    section = WeatherForecastStreamSection.model_validate(SCHEDULE | keys | stated)
    return WeatherForecastFolder(section, *PLACE, clock=lambda: NOW)


def step(path: Path, lead: int, issued: datetime = ISSUED, **stated: object) -> Path:
    """A file of one lead, as ECMWF publishes them."""
    return write_grib(
        path / f"{issued:%Y%m%d%H}-{lead}h.grib2",
        *(Message("msl", lead, 100_000.0 + lead + 10 * member, member=member, issued=issued) for member in (0, 1)),
        Message("10u", lead, -3.0, issued=issued),
    )  # fmt: skip


def test_files_of_single_leads_become_readings_of_one_issue(tmp_path: Path) -> None:
    for lead in (0, 3, 120):
        step(tmp_path, lead)
    readings = folder(tmp_path).read(datetime.min, NOW)
    assert {one.issued for one in readings} == {ISSUED}
    assert {(one.variable, one.time - ISSUED, one.member): round(one.value, 2) for one in readings} == {
        ("pressure", 0 * HOUR, 0): 100_000.0, ("pressure", 0 * HOUR, 1): 100_010.0, ("wind_east", 0 * HOUR, 0): -3.0,
        ("pressure", 3 * HOUR, 0): 100_003.0, ("pressure", 3 * HOUR, 1): 100_013.0, ("wind_east", 3 * HOUR, 0): -3.0,
    }, "no lead beyond 96 h"  # fmt: skip


def test_netcdf_is_read_at_the_place_between_its_cells(tmp_path: Path) -> None:
    field = np.array([[100_000.0, 100_100.0], [100_200.0, 100_300.0]])
    xr.Dataset(
        {"msl": (("latitude", "longitude"), field, {"units": "Pa"})},
        {"latitude": [45.0, 46.0], "longitude": [12.0, 13.0], "forecast_reference_time": np.datetime64(ISSUED, "ns")},
    ).expand_dims(time=[np.datetime64(ISSUED + HOUR, "ns")]).to_netcdf(tmp_path / "a.nc")
    (reading,) = folder(tmp_path, format="netcdf", lead_step_hours=1).read(datetime.min, NOW)
    assert (reading.time, reading.value) == (ISSUED + HOUR, pytest.approx(100_125.0))


def test_half_a_file_is_named_and_read_once_it_is_whole(tmp_path: Path) -> None:
    path = step(tmp_path, 3)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    client = FeedClient(folder(tmp_path), EXPECTED)
    client.feed.files.quarantine._clock = lambda: datetime.now(UTC).replace(tzinfo=None)  # type: ignore[attr-defined]
    first = client.poll(NOW - HOUR, NOW)
    assert (first.readings, first.health.condition) == ([], "failing")
    assert "cannot be read" in first.health.note
    path.write_bytes(whole)
    later = client.poll(NOW - HOUR, NOW)
    assert len(later.readings) == 3
    assert later.health.condition == "alive"


def test_a_missing_member_and_another_unit_cost_only_themselves(tmp_path: Path) -> None:
    step(tmp_path, 0)
    write_grib(tmp_path / "b.grib2", Message("msl", 3, 100_003.0, member=1, issued=ISSUED))
    write_grib(tmp_path / "c.grib2", Message("msl", 6, 1013.0, issued=ISSUED))
    client = FeedClient(folder(tmp_path), EXPECTED)
    result = client.poll(NOW - HOUR, NOW)
    assert {(one.time - ISSUED, one.member) for one in result.readings if one.variable == "pressure"} == {
        (0 * HOUR, 0), (0 * HOUR, 1), (3 * HOUR, 1),
    }  # fmt: skip
    assert result.health.condition == "alive"


def test_a_cycle_from_the_future_is_bad_and_shown(tmp_path: Path) -> None:
    step(tmp_path, 0, issued=NOW + 6 * HOUR)
    result = FeedClient(folder(tmp_path), EXPECTED).poll(NOW - HOUR, NOW)
    assert {one.quality for one in result.readings} == {"bad"}
    assert "Clock error" in result.health.note


def test_a_file_that_arrived_before_is_not_read_again(tmp_path: Path) -> None:
    path = step(tmp_path, 0)
    os.utime(path, (0, 0))
    feed = folder(tmp_path)
    assert len(feed.read(NOW - HOUR, NOW)) == 3, "it was copied just now, whatever its date"
    assert feed.read(datetime.now(UTC).replace(tzinfo=None) + 2 * HOUR, NOW + 4 * HOUR) == []


def test_a_forecast_of_another_place_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    xr.Dataset(
        {"msl": (("time", "latitude", "longitude"), np.full((1, 2, 2), 1e5), {"units": "Pa"})},
        {"time": [np.datetime64(ISSUED, "ns")], "latitude": [5.0, 6.0], "longitude": [12.0, 13.0],
         "forecast_reference_time": np.datetime64(ISSUED, "ns")},
    ).to_netcdf(path)  # fmt: skip
    with pytest.raises(FeedError, match=r"the place lies at 45\.5"):
        folder(tmp_path, format="netcdf").read(datetime.min, NOW)


def test_advisories_of_a_cyclone_are_a_forecast_like_any_other(tmp_path: Path) -> None:
    rows = [f"one,{ISSUED:%Y-%m-%dT%H:%M},{lead},{45.0 + lead / 48},12.0,60,985" for lead in (0, 24)]
    text = "\n".join(["storm,issued,lead,latitude,longitude,wind_kt,pressure_hpa", *rows])
    (tmp_path / "bulletin.csv").write_text(text)
    feed = folder(tmp_path, format="advisory", members=3, lead_step_hours=1)
    readings = feed.read(datetime.min, NOW)
    assert {one.variable for one in readings} == {"pressure", "wind_east", "wind_north"}
    assert {one.member for one in readings} == {0, 1, 2, 3}
    assert {(one.time - ISSUED) // HOUR for one in readings} == set(range(25))
    assert feed.read(datetime.min, NOW) == readings, "what is read again is a repeat, not another draw"


# --- Open-Meteo --------------------------------------------------------------------------------------------------

META, PATH = "/data/ecmwf_ifs025_ensemble/static/meta.json", "/v1/ensemble"


@pytest.fixture
def service(socket_enabled: None) -> Iterator[DataService]:
    with serving_data() as service:
        yield service


def open_meteo(service: DataService, clock: datetime = NOW, seconds: float = 5.0) -> OpenMeteoFeed:
    keys = {"kind": "open_meteo", "product": "ensemble", "metadata": "ecmwf_ifs025_ensemble", "url": service.address}
    section = OpenMeteoStreamSection.model_validate(SCHEDULE | keys)
    web = Service("model", httpx.Client(timeout=2.0, trust_env=False), limits=AnswerLimits(seconds))
    return OpenMeteoFeed(web, section, *PLACE, clock=lambda: clock)


def answer(members: int = 2) -> Reply:
    times: list[object] = [f"{NOW - 24 * HOUR + hour * HOUR:%Y-%m-%dT%H:%M}" for hour in range(60)]
    hourly: dict[str, list[object]] = {"time": times}
    units = {"time": "iso8601"}
    for number in range(members + 1):
        suffix = f"_member{number:02d}" if number else ""
        for name, value, unit in (("pressure_msl", 1000.0 + number, "hPa"), ("wind_speed_10m", 4.0, "m/s"),
                                  ("wind_direction_10m", 270, "°"), ("precipitation", 0.0, "mm")):  # fmt: skip
            hourly[name + suffix], units[name + suffix] = [value] * len(times), unit
    stated = {"latitude": 45.5, "longitude": 12.25, "generationtime_ms": 1.0, "utc_offset_seconds": 0}
    return Reply(json.dumps(stated | {"hourly_units": units, "hourly": hourly}), kind="application/json")


def metadata(issued: datetime, available: datetime) -> Reply:
    stated = {
        "last_run_initialisation_time": int(issued.replace(tzinfo=UTC).timestamp()),
        "last_run_availability_time": int(available.replace(tzinfo=UTC).timestamp()),
        "update_interval_seconds": 21600,
    }
    return Reply(json.dumps(stated), kind="application/json")


def test_a_cycle_is_read_when_it_arrives_and_then_no_more(service: DataService) -> None:
    service.reply(META, metadata(ISSUED, NOW - HOUR))
    service.reply(PATH, answer())
    readings = open_meteo(service).read(NOW - HOUR, NOW)
    assert {one.issued for one in readings} == {ISSUED}
    assert {one.member for one in readings} == {0, 1, 2}
    assert min(one.time for one in readings) == ISSUED
    assert {(one.time - ISSUED) // HOUR % 3 for one in readings} == {0}, "an ensemble every hour would fill the store"
    assert dict(service.asked)[PATH]["cell_selection"] == "sea"
    assert {round(one.value, 9) for one in readings if one.variable == "wind_east"} == {4.0}
    service.asked.clear()
    assert open_meteo(service, NOW + 3 * HOUR).read(NOW + 2 * HOUR, NOW + 3 * HOUR) == []
    assert [path for path, _ in service.asked] == [META]
    assert open_meteo(service, NOW + 3 * HOUR).read(NOW - HOUR, NOW + 3 * HOUR), "after polls that failed"


def test_without_metadata_a_forecast_is_read_once_an_interval(service: DataService) -> None:
    service.reply(PATH, answer())
    begin = NOW.replace(hour=12)
    found = {hour: open_meteo(service, begin + hour * HOUR).read(begin + (hour - 1) * HOUR, begin + hour * HOUR)
             for hour in range(-6, 1)}  # fmt: skip
    assert {hour for hour, readings in found.items() if readings} == {-6, 0}
    assert {one.issued for one in found[-6]} == {begin - 6 * HOUR}


def test_a_server_that_stalls_ends_in_time_and_shows(service: DataService) -> None:
    service.reply(META, metadata(ISSUED, NOW - HOUR))
    reply = answer()
    service.reply(PATH, Reply(reply.body, kind="application/json", stated=len(reply.body) + 100))
    client = FeedClient(open_meteo(service, seconds=0.5), EXPECTED, retry_policy=RetryPolicy(3.0, attempts=1))
    result = client.poll(NOW - HOUR, NOW)
    assert (result.readings, result.health.condition) == ([], "failing")
    service.reply(PATH, reply)
    assert client.poll(NOW, NOW + HOUR).readings, "what was missed is read"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(answer().body[:400], kind="application/json"), "is no JSON"),
        (Reply(str(answer().body).replace('"hPa"', '"mmHg"'), kind="application/json"), "has units 'mmHg'"),
        (Reply(json.dumps({"error": True, "reason": "Minutely API request limit exceeded."}), 429), "429"),
        (Reply("<html>", kind="text/html"), "Open-Meteo answers '<html>'"),
    ],
)
def test_an_answer_that_cannot_be_used_is_named(service: DataService, reply: Reply, words: str) -> None:
    service.reply(META, metadata(ISSUED, NOW - HOUR))
    service.reply(PATH, reply)
    with pytest.raises(FeedError, match=words):
        open_meteo(service).read(NOW - HOUR, NOW)


# --- as it was known -----------------------------------------------------------------------------------------------

START = datetime(2022, 11, 21)
CELL = {"latitude": [45.5], "longitude": [12.25]}


def recorded(delays: list[int]) -> xr.Dataset:
    """Six-hourly issues, each available after its delay [h]; the pressure is the number of the issue."""
    issued = np.datetime64(START, "ns") + np.arange(len(delays)) * np.timedelta64(6, "h")
    numbers = np.arange(len(delays))[:, None, None, None, None]
    values = {"pressure": 100_000.0 + numbers, "wind_east": 1.0 * numbers, "wind_north": 0.0}
    forecast = make_forecast(issued, np.arange(0, 25, 3), values, members=2, grid=CELL)
    moments = issued + np.array(delays) * np.timedelta64(1, "h")
    return forecast.assign_coords(available=("issued", moments))


@settings(max_examples=10, deadline=None)
@given(delays=st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_no_forecast_is_seen_before_it_was_available(delays: list[int]) -> None:
    forecast = recorded(delays)
    replay = replay_weather_forecast("model", forecast, 24)
    seen = []
    for hour in range(-1, 90):
        until = START + hour * HOUR
        seen += replay.read(until - HOUR, until)
        for one in seen:
            assert one.issued + delays[round((one.issued - START) / (6 * HOUR))] * HOUR <= until
        known = forecast_of_readings(seen, *PLACE, until)
        expected = {START + number * 6 * HOUR for number, delay in enumerate(delays) if number * 6 + delay <= hour}
        issues = set() if known is None else set(known["issued"].values.astype("datetime64[us]").tolist())
        assert issues == expected
    assert len(seen) == 3 * forecast["pressure"].size


def test_the_store_returns_a_forecast_as_it_was_known_at_any_past_hour(tmp_path: Path) -> None:
    forecast = recorded([7, 9, 5])
    client = FeedClient(replay_weather_forecast("model", forecast, 24), EXPECTED)
    hours = [START + hour * HOUR for hour in range(20)]
    with Store.open(tmp_path / "watch.db") as store:
        for hour in hours:
            with store.step(hour) as one:
                one.add_readings(client.poll(hour - HOUR, hour, one.readings(hour - 48 * HOUR)).readings)
        for hour in hours:
            readings = list(store.read.readings(START, START + 72 * HOUR, known_at=hour))
            known = forecast_of_readings(readings, *PLACE, hour)
            due = [number for number, delay in enumerate((7, 9, 5)) if START + (6 * number + delay) * HOUR <= hour]
            if not due:
                assert known is None
                continue
            assert known is not None
            original = forecast.isel(issued=due)
            np.testing.assert_array_equal(known["issued"].values, original["issued"].values)
            for name in ("pressure", "wind_east"):
                np.testing.assert_allclose(known[name].values, original[name].values)


def test_a_revised_forecast_counts_from_its_revision_on() -> None:
    (first, *_) = replay_weather_forecast("model", recorded([0]), 0).readings
    assert first.variable == "pressure"
    revised = type(first)(**(vars(first) | {"value": first.value + 50.0}))
    known = forecast_of_readings([first, revised], *PLACE, START + HOUR)
    assert known is not None
    assert float(known["pressure"].values[0, 0, 0, 0, 0]) == first.value + 50.0
    spoilt = type(first)(**(vars(revised) | {"quality": "bad"}))
    assert forecast_of_readings([first, spoilt], *PLACE, START + HOUR) is None


def test_grib_of_an_ensemble_is_read_in_the_time_of_a_step(tmp_path: Path) -> None:
    (tmp_path / "a.grib2").write_bytes(
        b"".join(grib(*(Message("msl", lead, 1e5, member=m, issued=ISSUED) for m in range(20)), spacing=5.0)
                 for lead in range(0, 25, 3))
    )  # fmt: skip
    assert len(folder(tmp_path).read(datetime.min, NOW)) == 20 * 9
