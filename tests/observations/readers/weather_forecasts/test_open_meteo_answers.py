"""Answers in the exact form that Open-Meteo documents, as JSON and as CSV, and the tables that a fetch writes."""

import json
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from strandline.errors import InputError
from strandline.observations.observations import check_layout
from strandline.observations.readers.weather_forecasts.assemble import combine
from strandline.observations.readers.weather_forecasts.open_meteo_answers import (
    forecast_of,
    parse_answer,
    past_forecasts_of,
)
from strandline.observations.readers.weather_forecasts.read_weather_forecasts import read_weather_forecasts
from strandline.observations.readers.weather_forecasts.tables import read_forecast_table, write_forecast_table
from strandline.observations.region import Region
from strandline.observations.region_file.weather_sections import WeatherForecastSection

ISSUED = np.datetime64("2026-11-30T00", "ns")
HOUR = np.timedelta64(1, "h")
REGION = Region("Box", "EPSG:32633", (290_000.0, 5_020_000.0, 290_800.0, 5_020_400.0), 100.0, "datum",
                (290_050.0, 5_020_050.0), "europe")  # fmt: skip
JSON = {
    "latitude": 45.25, "longitude": 12.5, "generationtime_ms": 0.21, "utc_offset_seconds": 0, "timezone": "GMT",
    "timezone_abbreviation": "GMT", "elevation": 0.0,
    "hourly_units": {"time": "iso8601", "pressure_msl": "hPa", "wind_speed_10m": "m/s", "wind_direction_10m": "°"},
    "hourly": {
        "time": ["2026-11-29T23:00", "2026-11-30T00:00", "2026-11-30T01:00", "2026-11-30T02:00"],
        "pressure_msl": [1002.0, 1001.0, 1000.5, None], "wind_speed_10m": [1.0, 10.0, 20.0, None],
        "wind_direction_10m": [0, 90, 180, None],
    },
}  # fmt: skip
CSV = """latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation
45.25,12.5,0.0,0,GMT,GMT

time,pressure_msl (hPa),wind_speed_10m (m/s),wind_direction_10m (°)
2026-11-29T23:00,1002.0,1.0,0
2026-11-30T00:00,1001.0,10.0,90
2026-11-30T01:00,1000.5,20.0,180
2026-11-30T02:00,NaN,NaN,NaN
"""


def changed(**hourly: object) -> str:
    answer = json.loads(json.dumps(JSON))
    answer["hourly"] |= hourly
    return json.dumps(answer)


def forecast(text: str) -> xr.Dataset:
    found = forecast_of(parse_answer(text, "answer"), ISSUED, lambda issues: issues + 7 * HOUR, "answer")
    check_layout("weather_forecast", found)
    return found


@pytest.mark.parametrize("text", [json.dumps(JSON), CSV])
def test_json_and_csv_are_the_same_forecast(text: str) -> None:
    found = forecast(text)
    assert found["lead"].values.tolist() == [0, 1, 2], "the hour before the issue is no forecast"
    assert found["pressure"].values.reshape(-1)[:2].tolist() == [100_100.0, 100_050.0]
    np.testing.assert_allclose(found["wind_east"].values.reshape(-1)[:2], [-10.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found["wind_north"].values.reshape(-1)[:2], [0.0, 20.0], atol=1e-9)
    assert np.isnan(found["pressure"].values.reshape(-1)[2])
    assert (float(found["longitude"][0]), float(found["latitude"][0])) == (12.5, 45.25)


def test_members_of_an_ensemble_are_columns() -> None:
    answer = json.loads(json.dumps(JSON))
    answer["hourly"]["pressure_msl_member03"] = [990.0, 991.0, 992.0, 993.0]
    answer["hourly_units"]["pressure_msl_member03"] = "hPa"
    found = forecast(json.dumps(answer))
    assert found["member"].values.tolist() == [0, 3]
    assert found["pressure"].values[0, 0, :, 0, 0].tolist() == [100_100.0, 99_100.0]
    assert np.isnan(found["wind_east"].values[0, :, 1]).all(), "no wind was given for it"


def test_the_speed_of_another_unit_is_converted_and_that_of_an_unknown_one_refused() -> None:
    answer = json.loads(json.dumps(JSON))
    answer["hourly_units"]["wind_speed_10m"] = "km/h"
    assert float(forecast(json.dumps(answer))["wind_east"].values[0, 0, 0, 0, 0]) == pytest.approx(-10.0 / 3.6)
    answer["hourly_units"]["wind_speed_10m"] = "mp/h"
    with pytest.raises(InputError, match="has units 'mp/h'"):
        forecast(json.dumps(answer))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (json.dumps(JSON | {"utc_offset_seconds": 3600}), "clock 3600 s from UTC; ask with timezone=GMT"),
        (json.dumps({"error": True, "reason": "Daily API request limit exceeded."}), "limit exceeded"),
        (json.dumps([JSON, JSON]), "several places"),
        (json.dumps(JSON)[:200], "is no JSON"),
        (changed(pressure_msl=[1.0]), "unequal length"),
        (changed(temperature_2m=[1.0] * 4), "is no answer of Open-Meteo"),
        (changed(pressure_msl=["x"] * 4), "is no answer of Open-Meteo"),
        (changed(time=["2026-11-30T00:00"] * 4), "times that do not increase"),
        (json.dumps(JSON | {"hourly": {"time": [], "pressure_msl": []}}), "no value at this place"),
        (CSV.replace(",wind_direction_10m (°)", "").replace(",90\n", "\n").replace(",0\n", "\n"), "within a row"),
        ("", "Open-Meteo answers ''"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        forecast(text)


def test_half_a_wind_is_refused() -> None:
    answer = json.loads(json.dumps(JSON))
    del answer["hourly"]["wind_direction_10m"]
    with pytest.raises(InputError, match="wind of member 0 by halves"):
        forecast(json.dumps(answer))


def test_a_previous_day_is_the_newest_cycle_that_was_a_day_ahead() -> None:
    """Every run forecasts its own number, as the service stores them: each overwrites all from 24 h after it on."""
    time = ISSUED + np.arange(13) * HOUR
    stored = np.full(time.size, np.nan)
    for run in range(-60, 13, 6):
        later = time >= ISSUED + (run + 24) * HOUR
        stored[later] = 1000.0 + run / 10.0
    answer = JSON | {
        "hourly_units": {"time": "iso8601", "pressure_msl_previous_day1": "hPa"},
        "hourly": {
            "time": [str(moment)[:16] for moment in time], "pressure_msl_previous_day1": stored.tolist(),
        },
    }  # fmt: skip
    found = past_forecasts_of(parse_answer(json.dumps(answer), "a"), 6, lambda issues: issues + 7 * HOUR, "a")
    check_layout("weather_forecast", found)
    assert found["lead"].values.tolist() == [24, 25, 26, 27, 28, 29]
    for issue in found["issued"].values:
        run = (issue - ISSUED) / HOUR
        values = found["pressure"].sel(issued=issue).values.reshape(-1)
        assert np.nanmax(np.abs(values - 100.0 * (1000.0 + run / 10.0))) < 1e-6


def test_a_table_returns_what_was_written(tmp_path: Path) -> None:
    answer = json.loads(changed())
    answer["hourly"]["pressure_msl_member02"] = [990.0, None, 992.0, 993.0]
    answer["hourly_units"]["pressure_msl_member02"] = "hPa"
    before = forecast(json.dumps(answer))
    write_forecast_table(before, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines()[:2] == [
        "issued,available,lead,member,pressure,wind_east,wind_north",
        "2026-11-30T00:00:00,2026-11-30T07:00:00,0,0,100100.0,-10.000,-0.000",
    ]
    after = read_forecast_table(tmp_path / "a.csv", 12.5, 45.25)
    xr.testing.assert_allclose(before, after)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-11-30T00:00,2026-11-29T07:00,0,0,100000", "available at 2026-11-29T07:00, before it"),
        ("2026-11-30T00:00,2026-11-30T07:00,0.5,0,100000", "are no whole numbers"),
        ("2026-11-30T00:00,2026-11-30T07:00,0,0,1000", "outside 85000 to 109000"),
        ("2026-11-31T00:00,2026-11-30T07:00,0,0,100000", "is not a time"),
        ("2026-11-30T00:00,2026-11-30T07:00,0,0,100000\n2026-11-30T00:00,2026-11-30T08:00,1,0,100000", "another time"),
    ],
)
def test_a_wrong_row_of_a_table_is_named(tmp_path: Path, row: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(f"issued,available,lead,member,pressure\n{row}\n")
    with pytest.raises(InputError, match=words):
        read_forecast_table(tmp_path / "a.csv", 12.0, 45.0)


def section(**keys: object) -> WeatherForecastSection:
    return WeatherForecastSection.model_validate(keys)


def test_sections_are_joined_and_the_first_stands(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "issued,available,lead,member,pressure\n2026-11-30T00:00,2026-11-30T07:00,0,0,100000\n"
    )
    (tmp_path / "b.json").write_text(json.dumps(JSON))
    table = section(format="table", paths=str(tmp_path / "a.csv"), longitude=12.4, latitude=45.3)
    times = {"issued": np.datetime64(ISSUED, "s").item(), "available": np.datetime64(ISSUED + 7 * HOUR, "s").item()}
    stated = {name: moment.replace(tzinfo=UTC) for name, moment in times.items()}
    answer = section(format="open_meteo", paths=str(tmp_path / "b.json"), **stated)
    found = read_weather_forecasts([table, answer], REGION)
    check_layout("weather_forecast", found)
    assert found["pressure"].values[0, :2, 0, 0, 0].tolist() == [100_000.0, 100_050.0]
    assert (float(found["longitude"][0]), float(found["latitude"][0])) == (12.4, 45.3)
    far = section(format="table", paths=str(tmp_path / "a.csv"), longitude=80.0, latitude=45.3)
    with pytest.raises(InputError, match="the place lies at"):
        read_weather_forecasts([table, far], REGION)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"format": "grib"}, "add 'delay_hours'"),
        ({"format": "open_meteo"}, "add 'issued'"),
        ({"format": "table", "longitude": 1.0}, "add 'latitude'"),
        ({"format": "table", "longitude": 1.0, "latitude": 1.0, "names": {"pressure": "p"}}, "leave them out"),
    ],
)
def test_a_section_says_what_it_lacks(keys: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        section(paths="a", **keys)


def test_more_than_a_machine_holds_is_refused_before_it_is_joined(tmp_path: Path) -> None:
    """Three years of past forecasts beside a long ensemble: every issue would get every lead and member."""
    first = forecast(json.dumps(JSON))
    issues = ISSUED + np.arange(4380) * 6 * HOUR
    past = first.isel(issued=np.zeros(4380, dtype=int)).assign_coords(
        issued=issues, available=("issued", issues + 7 * HOUR)
    )
    long = first.isel(lead=np.zeros(380, dtype=int), member=np.zeros(100, dtype=int))
    long = long.assign_coords(lead=np.arange(380), member=np.arange(100))
    with pytest.raises(InputError, match=r"4380 issued, 380 lead, 100 member"):
        combine([past, long])


def test_joining_keeps_when_each_issue_could_be_had() -> None:
    first = forecast(json.dumps(JSON))
    later = first.assign_coords(issued=first["issued"] + 12 * HOUR, available=first["available"] + 14 * HOUR)
    joined = combine([first, later])
    check_layout("weather_forecast", joined)
    assert ((joined["available"].values - joined["issued"].values) / HOUR).tolist() == [7, 9]


def test_a_cycle_of_two_sources_can_be_had_when_the_later_one_can() -> None:
    first = forecast(json.dumps(JSON))
    late = first.assign_coords(available=first["available"] + 5 * HOUR, member=first["member"] + 10)
    for order in ([first, late], [late, first]):
        np.testing.assert_array_equal(combine(order)["available"].values, late["available"].values)
