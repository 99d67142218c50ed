"""Forecasts of Open-Meteo, ECMWF and NCEP, against servers that answer as these services document."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from strandline.errors import FeedError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.completion import as_toml
from strandline.observations.fetch.source import CachedFile, FetchChoice
from strandline.observations.fetch.sources.weather.model_fields import ECMWF_OPEN_DATA, GFS, ModelFields
from strandline.observations.fetch.sources.weather.open_meteo_forecasts import OpenMeteoForecast
from strandline.observations.fetch.sources.weather.open_meteo_runs import ModelRun, parse_run, run_of_answer
from strandline.observations.observations import check_layout
from strandline.observations.readers.weather_forecasts.read_weather_forecasts import read_section
from strandline.observations.readers.weather_forecasts.window import Window
from strandline.observations.region_file.weather_sections import WeatherForecastSection
from tests.fixtures.data_services import DataService, Reply, asking
from tests.fixtures.forecast_bucket import ForecastBucket, forecast_bucket
from tests.fixtures.grib_files import Message, grib

pytestmark = pytest.mark.slow

KOYRA = Box(89.2, 22.2, 89.5, 22.5)
HOUR = timedelta(hours=1)
META = "/data/ecmwf_ifs025/static/meta.json"
UNITS = {"time": "iso8601", "pressure_msl": "hPa", "wind_speed_10m": "m/s", "wind_direction_10m": "°",
         "precipitation": "mm"}  # fmt: skip


def answer(first: datetime, hours: int, members: int = 0, suffix: str = "") -> str:
    """As the API writes it; every value of a member is its number above 1000 hPa."""
    names = [""] + [f"_member{number:02d}" for number in range(1, members + 1)]
    hourly: dict[str, list[object]] = {"time": [f"{first + hour * HOUR:%Y-%m-%dT%H:%M}" for hour in range(hours)]}
    units = {"time": "iso8601"}
    for number, name in enumerate(names):
        for variable, value in (("pressure_msl", 1000.0 + number), ("wind_speed_10m", 5.0),
                                ("wind_direction_10m", 180), ("precipitation", 0.4)):  # fmt: skip
            hourly[variable + suffix + name] = [value] * hours
            units[variable + suffix + name] = UNITS[variable]
    return json.dumps(
        {"latitude": 22.25, "longitude": 89.25, "generationtime_ms": 0.3, "utc_offset_seconds": 0, "timezone": "GMT",
         "timezone_abbreviation": "GMT", "elevation": 3.0, "hourly_units": units, "hourly": hourly}
    )  # fmt: skip


def metadata(issued: datetime, available: datetime) -> Reply:
    stated = {
        "last_run_initialisation_time": int(issued.timestamp()), "last_run_modification_time": 0,
        "last_run_availability_time": int(available.timestamp()), "temporal_resolution_seconds": 10800,
        "update_interval_seconds": 21600,
    }  # fmt: skip
    return Reply(json.dumps(stated), kind="application/json")


def fetch(source: OpenMeteoForecast | ModelFields, folder: Path, **choice: object) -> CachedFile:
    with asking(source.name) as client:
        planned = source.plan(KOYRA, FetchChoice(**choice), client)[-1]
        return source.download(planned, folder / planned.name, client)


def read(file: CachedFile, folder: Path) -> xr.Dataset:
    """What a run reads of the section that a fetch writes."""
    assert file.section is not None
    assert file.section.is_repeated
    assert "[[weather_forecast]]" in as_toml([file.section])
    values = dict(file.section.values)
    values["paths"] = [str(path).replace("fetched", str(folder), 1) for path in values["paths"]]  # type: ignore[union-attr]
    forecast = read_section(WeatherForecastSection.model_validate(values), Window(*KOYRA.centre, 0.5))
    check_layout("weather_forecast", forecast)
    return forecast


# --- Open-Meteo --------------------------------------------------------------------------------------------------


def test_a_forecast_is_of_the_cycle_that_the_metadata_states(service: DataService, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    issued, available = now - 7 * HOUR, now - 1 * HOUR
    service.reply(META, metadata(issued, available))
    service.reply("/v1/forecast", Reply(answer((now - 24 * HOUR).replace(tzinfo=None), 72), kind="application/json"))
    found = fetch(OpenMeteoForecast("open-meteo-forecast", "forecast", service.address), tmp_path)
    asked = next(parameters for path, parameters in service.asked if path == "/v1/forecast")
    assert (asked["timezone"], asked["wind_speed_unit"], asked["models"]) == ("GMT", "ms", "ecmwf_ifs025")
    assert asked["cell_selection"] == "sea", "winds over land are weaker"
    forecast = read(found, tmp_path)
    assert forecast["issued"].values.tolist() == [np.datetime64(issued.replace(tzinfo=None), "ns").astype(int)]
    assert forecast["available"].values[0] == np.datetime64(available.replace(tzinfo=None), "ns")
    assert forecast["lead"].values.tolist() == list(range(72 - 24 + 7))
    assert set(map(str, forecast.data_vars)) == {"pressure", "wind_east", "wind_north", "rain"}
    assert float(forecast["wind_north"].values[0, 0, 0, 0, 0]) == pytest.approx(5.0)
    assert float(forecast["rain"].values[0, 0, 0, 0, 0]) == pytest.approx(0.4)
    assert "non-commercial" in found.licence
    assert "non-commercial" in " ".join(found.notes)


@pytest.mark.parametrize("state", ["no metadata", "a new cycle meanwhile", "arrived a minute ago", "nonsense"])
def test_where_the_cycle_is_not_known_the_request_is_the_issue(
    service: DataService, tmp_path: Path, state: str
) -> None:
    now = datetime.now(UTC)
    old, new = metadata(now - 9 * HOUR, now - 3 * HOUR), metadata(now - 3 * HOUR, now - HOUR)
    replies = {
        "no metadata": [Reply("not found", 404)], "a new cycle meanwhile": [old, new],
        "arrived a minute ago": [metadata(now - 6 * HOUR, now - timedelta(minutes=1))],
        "nonsense": [Reply('{"last_run_initialisation_time": "soon"}', kind="application/json")],
    }  # fmt: skip
    service.reply(META, *replies[state])
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    service.reply("/v1/forecast", Reply(answer(begin, 60), kind="application/json"))
    found = fetch(OpenMeteoForecast("open-meteo-forecast", "forecast", service.address), tmp_path)
    forecast = read(found, tmp_path)
    (issued,), (available,) = forecast["issued"].values, forecast["available"].values
    asked_at = np.datetime64(now.replace(tzinfo=None), "ns")
    assert issued <= asked_at < issued + np.timedelta64(62, "m")
    assert abs(available - asked_at) < np.timedelta64(1, "m")
    assert "its cycle is not known" in " ".join(found.notes)


def test_an_ensemble_keeps_its_members(service: DataService, tmp_path: Path) -> None:
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    service.reply("/v1/ensemble", Reply(answer(begin, 30, members=50), kind="application/json"))
    source = OpenMeteoForecast("open-meteo-ensemble", "ensemble", service.address, metadata="ecmwf_ifs025_ensemble")
    forecast = read(fetch(source, tmp_path), tmp_path)
    assert forecast["member"].values.tolist() == list(range(51))
    assert forecast["pressure"].values[0, 1, :, 0, 0].tolist() == [100.0 * (1000.0 + n) for n in range(51)]
    assert "/data/ecmwf_ifs025_ensemble/static/meta.json" in [path for path, _ in service.asked]


def test_past_forecasts_come_a_file_a_year_with_leads_of_days(service: DataService, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    service.reply(META, metadata(now - 10 * HOUR, now - 3 * HOUR))

    def past(asked: dict[str, str]) -> Reply:
        begin = datetime.fromisoformat(asked["start_date"])
        found = json.loads(answer(begin, 48, suffix="_previous_day0"))
        for day in (1, 2, 3):
            further = json.loads(answer(begin, 48, suffix=f"_previous_day{day}"))
            further["hourly"][f"pressure_msl_previous_day{day}"] = [1000.0 + day] * 48
            for part in ("hourly", "hourly_units"):
                found[part] |= further[part]
        assert set(asked["hourly"].split(",")) == set(found["hourly"]) - {"time"}
        return Reply(json.dumps(found), kind="application/json")

    service.routes["/v1/forecast"] = past
    source = OpenMeteoForecast("open-meteo-past-forecasts", "past", service.address)
    with asking(source.name) as client:
        plans = source.plan(KOYRA, FetchChoice(since=date(2025, 3, 1)), client)
    assert [plan.details["first"] for plan in plans][:2] == ["2025-03-01", "2026-01-01"]
    forecast = read(fetch(source, tmp_path, since=date(2026, 2, 1)), tmp_path)
    assert forecast["lead"].values.tolist() == [24 * day + hour for day in range(4) for hour in range(6)]
    assert np.unique((forecast["available"] - forecast["issued"]).values) == np.timedelta64(7, "h")
    for day in range(4):
        values = forecast["pressure"].sel(lead=24 * day + 2).values
        assert np.unique(values[np.isfinite(values)]).tolist() == [100.0 * (1000.0 + day)]


def test_half_an_answer_and_another_unit_are_refused(service: DataService, tmp_path: Path) -> None:
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    source = OpenMeteoForecast("open-meteo-forecast", "forecast", service.address)
    for text, words in (
        (answer(begin, 10)[:300], "is no JSON"),
        (answer(begin, 10).replace('"hPa"', '"inHg"'), "has units 'inHg'"),
        (answer(begin - 100 * HOUR, 10), "holds no forecast"),
    ):
        service.reply("/v1/forecast", Reply(text, kind="application/json"))
        with pytest.raises(FeedError, match=words):
            fetch(source, tmp_path)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_metadata_that_cannot_be_is_none() -> None:
    stated = {"last_run_initialisation_time": 100_000, "last_run_availability_time": 120_000,
              "update_interval_seconds": 21600}  # fmt: skip
    assert parse_run(stated) is not None
    for key, value in (("last_run_availability_time", 90_000), ("update_interval_seconds", 0),
                       ("last_run_initialisation_time", None), ("last_run_availability_time", 10**30)):  # fmt: skip
        assert parse_run(stated | {key: value}) is None
    assert parse_run([1]) is None
    run = ModelRun(datetime(2026, 11, 30), datetime(2026, 11, 30, 7), timedelta(hours=6))
    assert run_of_answer(run, run, datetime(2026, 11, 30, 7, 10))[2]
    assert not run_of_answer(run, None, datetime(2026, 11, 30, 9))[2]


# --- ECMWF and NCEP ----------------------------------------------------------------------------------------------


@pytest.fixture
def bucket(socket_enabled: None) -> Iterator[ForecastBucket]:
    with forecast_bucket() as bucket:
        yield bucket


def newest(back: int = 1) -> datetime:
    """A cycle of some cycles ago; the later ones are not there yet."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.replace(hour=now.hour - now.hour % 6, minute=0, second=0, microsecond=0) - back * 6 * HOUR


def messages_of(cycle: datetime, step: int, centre: str) -> list[tuple[str, str, bytes]]:
    """Name, level and bytes of each message of a step; among fields that nobody asks for."""
    pressure, level = ("msl", "sfc") if centre == "ecmwf" else ("PRMSL", "mean sea level")
    wanted = [
        ("2t" if centre == "ecmwf" else "TMP", "sfc" if centre == "ecmwf" else "2 m above ground",
         Message("2t", step, 280.0)),
        (pressure, level, Message("msl" if centre == "ecmwf" else "prmsl", step, 100_000.0 + step)),
        ("10u" if centre == "ecmwf" else "UGRD", "sfc" if centre == "ecmwf" else "10 m above ground",
         Message("10u", step, 3.0)),
        ("10v" if centre == "ecmwf" else "VGRD", "sfc" if centre == "ecmwf" else "10 m above ground",
         Message("10v", step, -4.0)),
    ]  # fmt: skip
    if step:
        start = 0 if centre == "ecmwf" else step - (3 if step % 6 else 6)
        amount = step * 0.001 if centre == "ecmwf" else float(step - start)
        name, level = ("tp", "sfc") if centre == "ecmwf" else ("APCP", "surface")
        wanted.append((name, level, Message("tp", step, amount, start=start)))
    wanted.append(("sp" if centre == "ecmwf" else "PRES", "sfc" if centre == "ecmwf" else "surface",
                   Message("sp", step, 99_000.0)))  # fmt: skip
    return [
        (name, level, grib(replace(message, issued=cycle, centre=centre), spacing=10.0))
        for name, level, message in wanted
    ]


def fill_ecmwf(bucket: ForecastBucket, cycle: datetime) -> None:
    stream = "oper" if cycle.hour in (0, 12) else "scda"
    for step in range(0, 73, 3):
        name = f"{cycle:%Y%m%d}/{cycle:%H}z/ifs/0p25/{stream}/{cycle:%Y%m%d%H}0000-{step}h-{stream}-fc"
        lines, content = [], b""
        for param, levtype, message in messages_of(cycle, step, "ecmwf"):
            lines.append(
                {"domain": "g", "date": f"{cycle:%Y%m%d}", "time": f"{cycle:%H%M}", "expver": "0001", "class": "od",
                 "type": "fc", "stream": stream, "step": str(step), "levtype": levtype, "param": param,
                 "_offset": len(content), "_length": len(message)}
            )  # fmt: skip
            content += message
        bucket.files[f"{name}.grib2"] = content
        bucket.files[f"{name}.index"] = "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def fill_gfs(bucket: ForecastBucket, cycle: datetime) -> None:
    for step in range(0, 73, 3):
        name = f"gfs.{cycle:%Y%m%d}/{cycle:%H}/atmos/gfs.t{cycle:%H}z.pgrb2.0p25.f{step:03d}"
        lines, content = [], b""
        for number, (field, level, message) in enumerate(messages_of(cycle, step, "ncep"), start=1):
            lines.append(f"{number}:{len(content)}:d={cycle:%Y%m%d%H}:{field}:{level}:{step} hour fcst:")
            content += message
        bucket.files[name] = content
        bucket.files[f"{name}.idx"] = "\n".join([*lines, ""]).encode()


MODELS = [(ECMWF_OPEN_DATA, fill_ecmwf), (GFS, fill_gfs)]


@pytest.mark.parametrize(("model", "fill"), MODELS, ids=["ecmwf", "gfs"])
def test_only_the_fields_that_are_used_are_brought(
    bucket: ForecastBucket, tmp_path: Path, model: ModelFields, fill: Callable[[ForecastBucket, datetime], None]
) -> None:
    cycle = newest()
    fill(bucket, cycle)
    found = fetch(replace(model, address=bucket.address), tmp_path)
    whole = sum(len(content) for name, content in bucket.files.items() if not name.endswith(("index", "idx")))
    assert found.size < 0.75 * whole
    assert bucket.parts == 25 * 4 - 1, "no rain at step 0"
    assert [path.name for path in (tmp_path / "weather").iterdir()] == [Path(found.name).name], "nothing is left over"
    forecast = read(found, tmp_path)
    assert forecast["issued"].values.tolist() == [np.datetime64(cycle, "ns").astype(int)]
    assert forecast["lead"].values.tolist() == list(range(0, 73, 3))
    assert forecast["pressure"].values[0, :, 0, 0, 0].tolist() == [100_000.0 + lead for lead in range(0, 73, 3)]
    assert forecast["rain"].values[0, 1:, 0, 0, 0].tolist() == pytest.approx([1.0] * 24, abs=1e-3)
    assert float(forecast["wind_north"].values[0, 5, 0, 0, 0]) == pytest.approx(-4.0)


def test_a_fetch_that_was_cut_goes_on_where_it_ended(bucket: ForecastBucket, tmp_path: Path) -> None:
    fill_ecmwf(bucket, newest())
    source = replace(ECMWF_OPEN_DATA, address=bucket.address)
    last = next(name for name in bucket.files if name.endswith("-60h-oper-fc.grib2") or "-60h-scda-fc.grib2" in name)
    there = bucket.files.pop(last)
    with pytest.raises(FeedError, match="404"):
        fetch(source, tmp_path)
    assert not [path for path in tmp_path.rglob("*.grib2") if path.is_file()]
    before = bucket.parts
    bucket.files[last] = there
    assert read(fetch(source, tmp_path), tmp_path).sizes["lead"] == 25
    assert bucket.parts - before == 4 * 5, "the steps from 60 h on"


def test_a_busy_bucket_is_asked_again(bucket: ForecastBucket, tmp_path: Path) -> None:
    fill_gfs(bucket, newest())
    bucket.failures = [503, 429]
    assert read(fetch(replace(GFS, address=bucket.address), tmp_path), tmp_path).sizes["lead"] == 25


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda bucket: setattr(bucket, "ignores_ranges", True), "sends the whole file for a part of it"),
        (lambda bucket: setattr(bucket, "cut", 100), "bytes of the"),
        (lambda bucket: bucket.files.update({k: b"x" * len(v) for k, v in bucket.files.items() if k[-1] == "2"}),
         "something else than a GRIB message"),
        (lambda bucket: bucket.files.update({k: b"{}" for k in bucket.files if k.endswith("-0h-oper-fc.index")
                                             or k.endswith("-0h-scda-fc.index")}), "cannot be read"),
    ],
)  # fmt: skip
def test_a_bucket_that_errs_leaves_nothing_in_the_cache(
    bucket: ForecastBucket, tmp_path: Path, change: Callable[[ForecastBucket], None], words: str
) -> None:
    fill_ecmwf(bucket, newest())
    change(bucket)
    with pytest.raises(FeedError, match=words):
        fetch(replace(ECMWF_OPEN_DATA, address=bucket.address), tmp_path)
    assert not [path for path in tmp_path.rglob("*.grib2") if path.is_file()]


def test_without_a_cycle_of_the_last_days_the_source_says_so(bucket: ForecastBucket, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="no cycle of the last 36 h is there"):
        fetch(replace(GFS, address=bucket.address), tmp_path)
