"""Tide gauges of UHSLC, CO-OPS and the IOC, against servers that answer in their documented formats."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import FeedError, InputError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.source import CachedFile, FetchChoice
from strandline.observations.fetch.sources.gauges import coops, ioc
from strandline.observations.fetch.sources.gauges.coops import Coops
from strandline.observations.fetch.sources.gauges.ioc import Ioc
from strandline.observations.fetch.sources.gauges.uhslc import Uhslc
from strandline.observations.readers.gauges.tide_gauges import read_readings
from strandline.observations.region_file.data_sections import TideGaugeSection
from strandline.observations.sea_level.mean_level import mean_sea_level
from tests.fixtures.data_services import DataService, Reply, asking

KOYRA = Box(89.2, 22.2, 89.5, 22.5)
HOURS = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[h]")
LEVEL = np.round(1.8 + np.cos(2 * np.pi * np.arange(HOURS.size) / 12.42), 3)


def section_of(cached: CachedFile, folder: Path) -> TideGaugeSection:
    """The region file's own section, read from the folder of the data."""
    assert cached.section is not None
    assert cached.section.is_repeated
    paths = str(cached.section.values["paths"]).replace("fetched", str(folder))
    return TideGaugeSection.model_validate(dict(cached.section.values) | {"paths": paths})


# --- UHSLC -------------------------------------------------------------------------------------------------------


def station(number: int, name: str, longitude: float, latitude: float, first: str, last: str) -> dict[str, object]:
    properties = {"uhslc_id": number, "name": name, "fd_span": {"oldest": first, "latest": last}, "rq_span": {}}
    return {"type": "Feature", "properties": properties, "geometry": {"coordinates": [longitude, latitude]}}


CATALOGUE = {
    "type": "FeatureCollection",
    "features": [
        station(134, "Hiron Point", 89.467, 21.783, "1977-01-01", "2003-12-31"),
        station(135, "Khal #10", 91.82, 22.27, "1983-01-01", "2020-12-31"),
        station(136, "Khepupara", 90.0, 21.83, "1977-01-01", "2000-12-31"),
        station(57, "Honolulu", 202.133, 21.307, "1905-01-01", "2026-10-31"),
        {"type": "Feature", "properties": {"uhslc_id": 999, "name": "No record"}, "geometry": None},
    ],
}
TABLEDAP = "/erddap/tabledap/global_hourly_fast.csv"


def erddap_csv(level: np.ndarray = LEVEL) -> str:
    rows = [f"{at}:00:00Z,{1000 * metres:.1f},1340" for at, metres in zip(HOURS, level, strict=True)]
    return "\n".join(["time,sea_level,record_id", "UTC,millimeters,", *rows]) + "\n"


def test_the_nearest_gauges_come_with_distance_and_span_and_fill_the_region_file(
    service: DataService, tmp_path: Path
) -> None:
    service.reply("/data/meta.geojson", Reply(json.dumps(CATALOGUE), kind="application/geo+json"))
    service.reply(TABLEDAP, Reply(erddap_csv()))
    source = Uhslc(address=service.address)
    with asking("uhslc") as client:
        planned = source.plan(KOYRA, FetchChoice(), client)
        assert [each.details["station"] for each in planned] == ["134", "136"]
        assert planned[0].what == "hourly sea level of Hiron Point, 46 km from the box, 1977 to 2003"
        assert planned[0].size is not None
        assert len(service.asked) == 1  # nothing but the catalogue
        found = source.download(planned[0], tmp_path / planned[0].name, client)
    assert service.asked[1][1][""] == "time,sea_level,record_id&uhslc_id=134"
    section = section_of(found, tmp_path)
    assert section.vertical_datum is not None
    assert (section.vertical_datum.name, section.vertical_datum.kind) == ("the zero of UHSLC station 134", "local")
    _, level = read_readings(section)
    assert np.mean(level) == pytest.approx(0.0, abs=1e-3)
    assert "mean of this record, 2020 to 2020" in str(section.offset_to_region_datum)
    assert found.notes[0] == "Hiron Point lies 46 km from the box"
    assert "0% of hours are missing" in found.notes[1]


def test_since_leaves_out_gauges_that_ended_before_and_asks_for_no_more(service: DataService) -> None:
    service.reply("/data/meta.geojson", Reply(json.dumps(CATALOGUE), kind="application/json"))
    with asking("uhslc") as client:
        chittagong = Box(91.5, 22.0, 91.9, 22.4)
        (planned,) = Uhslc(address=service.address).plan(chittagong, FetchChoice(since=date(2010, 1, 1)), client)
    assert planned.details["station"] == "135"
    assert "time>=1262304000" in planned.url or "2010-01-01" in planned.url


def test_longitudes_of_0_to_360_are_turned(service: DataService) -> None:
    service.reply("/data/meta.geojson", Reply(json.dumps(CATALOGUE), kind="application/json"))
    with asking("uhslc") as client:
        (planned,) = Uhslc(address=service.address).plan(Box(-158.3, 21.2, -157.6, 21.7), FetchChoice(), client)
    assert planned.details["name"] == "Honolulu"


def test_an_inland_box_has_no_gauge(service: DataService) -> None:
    service.reply("/data/meta.geojson", Reply(json.dumps(CATALOGUE), kind="application/json"))
    with asking("uhslc") as client:
        assert Uhslc(address=service.address).plan(Box(10.0, 50.0, 10.3, 50.3), FetchChoice(), client) == []


def test_a_record_of_a_month_has_no_mean_sea_level_and_says_so(service: DataService, tmp_path: Path) -> None:
    service.reply("/data/meta.geojson", Reply(json.dumps(CATALOGUE), kind="application/json"))
    service.reply(TABLEDAP, Reply("\n".join(erddap_csv().split("\n")[: 2 + 24 * 30]) + "\n"))
    with asking("uhslc") as client:
        source = Uhslc(address=service.address)
        planned = source.plan(KOYRA, FetchChoice(), client)[0]
        found = source.download(planned, tmp_path / planned.name, client)
    assert found.section is not None
    assert "offset_to_region_datum" not in found.section.values
    assert "too short for a mean sea level" in found.section.comments[1]


def test_a_record_whose_zero_moves_has_the_mean_of_its_longest_part(service: DataService, tmp_path: Path) -> None:
    service.reply("/data/meta.geojson", Reply(json.dumps(CATALOGUE), kind="application/json"))
    calm = LEVEL + 0.01 * np.random.default_rng(1).standard_normal(LEVEL.size)
    service.reply(TABLEDAP, Reply(erddap_csv(np.where(np.arange(LEVEL.size) < 6000, calm, calm + 1.0))))
    with asking("uhslc") as client:
        source = Uhslc(address=service.address)
        planned = source.plan(KOYRA, FetchChoice(), client)[0]
        found = source.download(planned, tmp_path / planned.name, client)
    assert found.section is not None
    offset = found.section.values["offset_to_region_datum"]
    assert offset["metres"] == pytest.approx(-1.8, abs=0.02)  # type: ignore[call-overload, index]
    assert any("moves: 32% of its readings" in note for note in found.notes)


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply("Error: Your query produced no matching results.", 404, "text/plain"), FeedError, "answers 404"),
        (Reply("<html>moved</html>", kind="text/html"), FeedError, "a web page"),
        (Reply("", 301, headers={"Location": "https://elsewhere.example/x"}), FeedError, "another host"),
        (Reply(b"\x00\x01binary"), FeedError, "the file is binary"),
        (Reply(erddap_csv(), stated=10_000_000), FeedError, "no answer"),
        (Reply("down", 503), FeedError, "503"),
        (Reply("time,sea_level,record_id\nUTC,millimeters,\n"), InputError, "no rows"),
        (Reply(""), FeedError, "empty"),
    ],
)
def test_a_bad_answer_of_erddap_is_said_and_never_cached(
    service: DataService, tmp_path: Path, reply: Reply, error: type[Exception], words: str
) -> None:
    service.reply("/data/meta.geojson", Reply(json.dumps(CATALOGUE), kind="application/json"))
    service.reply(TABLEDAP, reply)
    with asking("uhslc") as client:
        source = Uhslc(address=service.address)
        planned = source.plan(KOYRA, FetchChoice(), client)[0]
        with pytest.raises(error, match=words):
            source.download(planned, tmp_path / planned.name, client)
    assert not (tmp_path / planned.name).exists()


def test_a_busy_server_is_waited_for_as_long_as_it_asks(service: DataService, tmp_path: Path) -> None:
    service.reply("/data/meta.geojson", Reply(json.dumps(CATALOGUE), kind="application/json"))
    service.reply(TABLEDAP, Reply("busy", 429, headers={"Retry-After": "17"}), Reply(erddap_csv()))
    pauses: list[float] = []
    with asking("uhslc", pauses) as client:
        source = Uhslc(address=service.address)
        planned = source.plan(KOYRA, FetchChoice(), client)[0]
        source.download(planned, tmp_path / planned.name, client)
    assert pauses == [17.0]


@pytest.mark.parametrize("answer", ["[]", "{}", '{"features": 3}'])
def test_a_catalogue_that_changed_is_no_inland_box(service: DataService, answer: str) -> None:
    service.reply("/data/meta.geojson", Reply(answer, kind="application/json"))
    with asking("uhslc") as client, pytest.raises(FeedError, match="no 'features'"):
        Uhslc(address=service.address).plan(KOYRA, FetchChoice(), client)


# --- CO-OPS ------------------------------------------------------------------------------------------------------

BATTERY = {"id": "8518750", "name": "The Battery", "lat": 40.7006, "lng": -74.0142, "state": "NY"}
NEW_YORK = Box(-74.2, 40.5, -73.9, 40.8)
DETAILS = {"id": "8518750", "established": "2017-06-01 00:00:00.0", "removed": "2020-05-31 00:00:00.0"}


def coops_answers(asked: dict[str, str]) -> Reply:
    """As the service: no more than a year, one year without data, JSON of ``t`` and ``v``."""
    begin, end = (date.fromisoformat(asked[key]) for key in ("begin_date", "end_date"))
    assert (asked["units"], asked["time_zone"], asked["datum"]) == ("metric", "gmt", "STND")
    if (end - begin).days > 365:
        message = "The size limit exceeded: hourly data is limited to 1 year"
        return Reply(json.dumps({"error": {"message": message}}), 400, "application/json")
    if begin.year == 2018:
        message = "No data was found. This product may not be offered at this station at the requested time."
        return Reply(json.dumps({"error": {"message": message}}), 400, "application/json")
    days = [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
    rows = [{"t": f"{day} {hour:02d}:00", "v": f"{2 + hour / 10:.3f}"} for day in days for hour in (0, 12)]
    return Reply(json.dumps({"metadata": BATTERY, "data": [*rows, {"t": f"{days[-1]} 23:00", "v": ""}]}))


def test_a_record_of_coops_is_joined_from_years_and_a_year_without_data_is_left_out(
    service: DataService, tmp_path: Path
) -> None:
    service.reply("/mdapi/prod/webapi/stations.json", Reply(json.dumps({"stations": [BATTERY, {"id": "x"}]})))
    service.reply("/mdapi/prod/webapi/stations/8518750/details.json", Reply(json.dumps(DETAILS)))
    service.routes["/api/prod/datagetter"] = coops_answers
    source = Coops(address=service.address)
    with asking("noaa-coops") as client:
        (planned,) = source.plan(NEW_YORK, FetchChoice(), client)
        found = source.download(planned, tmp_path / planned.name, client)
    assert sum(path == "/api/prod/datagetter" for path, _ in service.asked) == 4
    time, level = read_readings(section_of(found, tmp_path))
    assert not ((time > np.datetime64("2018-06-01")) & (time < np.datetime64("2019-06-01"))).any()
    assert (time[0], time[-1]) == (np.datetime64("2017-06-01T00"), np.datetime64("2020-05-31T12"))
    assert np.ptp(level) == pytest.approx(1.2)
    assert "365.5 days at most" in found.notes[1]


def test_what_coops_refuses_is_told_in_its_words(service: DataService, tmp_path: Path) -> None:
    service.reply("/mdapi/prod/webapi/stations.json", Reply(json.dumps({"stations": [BATTERY]})))
    service.reply("/mdapi/prod/webapi/stations/8518750/details.json", Reply(json.dumps(DETAILS)))
    refused = {"error": {"message": "The supported Datum values are: MHHW"}}
    service.reply("/api/prod/datagetter", Reply(json.dumps(refused), 400, "application/json"))
    source = Coops(address=service.address)
    with asking("noaa-coops") as client:
        (planned,) = source.plan(NEW_YORK, FetchChoice(), client)
        with pytest.raises(FeedError, match="CO-OPS refuses: The supported Datum values are: MHHW"):
            source.download(planned, tmp_path / planned.name, client)
    assert list(tmp_path.iterdir()) == []


@given(st.dates(date(1980, 1, 1), date(2030, 1, 1)), st.integers(0, 4000))
@settings(deadline=None)
def test_requests_cover_every_day_once_and_none_is_longer_than_allowed(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    for split, longest in ((coops.years, coops.LONGEST_REQUEST), (ioc.spans, ioc.LONGEST_REQUEST)):
        parts = list(split(first, last))
        covered = [begin + timedelta(days=n) for begin, end in parts for n in range((end - begin).days + 1)]
        assert covered == [first + timedelta(days=n) for n in range(days + 1)]
        assert all(end - begin <= longest for begin, end in parts)


# --- IOC ---------------------------------------------------------------------------------------------------------


def ioc_row(code: str, **changes: object) -> dict[str, object]:
    return {
        "Code": code, "Location": "Hiron Point", "Lat": "21.78", "Lon": "89.47", "UTCOffset": "0", "sensor": "rad",
        "date_created": "2012-03-01 10:00:00", "lasttime": "2024-02-20 10:00:00",
    } | changes  # fmt: skip


def test_the_fullest_sensor_of_an_ioc_station_is_taken_and_the_others_are_named(
    service: DataService, tmp_path: Path
) -> None:
    stations = [ioc_row("hiro"), ioc_row("hiro", sensor="prs"), ioc_row("loca", UTCOffset="6"), ioc_row("x", Lat="y")]

    def answer(asked: dict[str, str]) -> Reply:
        if asked["query"] == "stationlist":
            return Reply(json.dumps(stations), kind="application/json")
        day = asked["timestart"][:10]
        radar = [{"slevel": 1.0, "stime": f"{day} {hour:02d}:00:00", "sensor": "rad"} for hour in range(24)]
        radar.append({"slevel": 9.0, "stime": f"{day} 00:00:00", "sensor": "rad"})  # the service repeats times
        other = [
            {"slevel": 2.0, "stime": f"{day} 00:00:00", "sensor": "prs "},
            {"slevel": 12.6, "stime": f"{day} 00:00:00", "sensor": "bat"},
        ]
        return Reply(json.dumps([*radar, *other]), kind="application/json")

    service.routes["/service.php"] = answer
    source = Ioc(address=service.address)
    with asking("ioc") as client:
        (planned,) = source.plan(KOYRA, FetchChoice(since=date(2024, 1, 1)), client)
        found = source.download(planned, tmp_path / planned.name, client)
    assert [asked["timestart"][:10] for path, asked in service.asked if asked["query"] == "data"] == [
        "2024-01-01", "2024-01-16", "2024-01-31", "2024-02-15",
    ]  # fmt: skip
    assert found.section is not None
    assert found.section.values["station"] == "rad"
    assert "others: prs" in " ".join(found.notes)
    assert "bat" not in (tmp_path / planned.name).read_text()
    assert "not for commercial use" in found.licence


@pytest.mark.parametrize("answer", ['[{"error": "code \'hiro\' not found"}]', "[]"])
def test_an_ioc_station_without_levels_is_said(service: DataService, tmp_path: Path, answer: str) -> None:
    def respond(asked: dict[str, str]) -> Reply:
        is_list = asked["query"] == "stationlist"
        return Reply(json.dumps([ioc_row("hiro")]) if is_list else answer, kind="application/json")

    service.routes["/service.php"] = respond
    source = Ioc(address=service.address)
    with asking("ioc") as client:
        (planned,) = source.plan(KOYRA, FetchChoice(since=date(2024, 2, 1)), client)
        with pytest.raises(FeedError, match=r"not found|no level from 2024-02-01 to 2024-02-20"):
            source.download(planned, tmp_path / planned.name, client)


def test_a_mean_sea_level_is_that_of_the_last_nineteen_years() -> None:
    time = np.arange("1990-01-01", "2020-01-01", np.timedelta64(6, "h"), dtype="datetime64[h]").astype("datetime64[ns]")
    level = np.where(time < np.datetime64("2001-01-01"), 9.0, 1.0)
    assert mean_sea_level(time, level) == (1.0, 0.02, 2001, 2019)
    level[:] = np.nan
    assert mean_sea_level(time, level) is None
