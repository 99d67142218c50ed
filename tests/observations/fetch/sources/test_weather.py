"""Open-Meteo, GloFAS and IBTrACS, against servers that answer in their documented formats."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from strandline.errors import FeedError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.registry import ASKED_BY_NAME, chosen
from strandline.observations.fetch.source import CachedFile, FetchChoice
from strandline.observations.fetch.sources.weather.ibtracs import Ibtracs
from strandline.observations.fetch.sources.weather.open_meteo import OpenMeteo
from strandline.observations.readers.gauges.rivers import read_rivers
from strandline.observations.readers.published.cyclone_tracks import read_tracks
from strandline.observations.readers.weather import read_weather_station
from strandline.observations.region_file.data_sections import RiverSection, StormsSection, WeatherSection
from tests.fixtures.data_services import DataService, Reply, asking

KOYRA = Box(89.2, 22.2, 89.5, 22.5)
PLACE = "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n22.25,89.25,3.0,0,GMT,GMT\n"
HEADER = "time,pressure_msl (hPa),wind_speed_10m (m/s),wind_direction_10m (°),precipitation (mm)\n"
ROWS = "2024-05-26T00:00,998.1,12.5,90,0.4\n2024-05-26T01:00,997.2,13.5,90,21.5\n2024-05-26T02:00,NaN,NaN,NaN,NaN\n"
ARCHIVE = f"{PLACE}\n{HEADER}{ROWS}"


def fetch(service: DataService, source: OpenMeteo, folder: Path, **choice: object) -> CachedFile:
    with asking(source.name) as client:
        (planned,) = source.plan(KOYRA, FetchChoice(**choice), client)
        assert not service.asked
        return source.download(planned, folder / planned.name, client)


def test_weather_of_the_past_becomes_a_station_of_the_region_file(service: DataService, tmp_path: Path) -> None:
    service.reply("/v1/archive", Reply(ARCHIVE))
    source = OpenMeteo("open-meteo", "archive", service.address)
    found = fetch(service, source, tmp_path, since=date(2024, 5, 26))
    asked = service.asked[0][1]
    assert (asked["timezone"], asked["wind_speed_unit"], asked["models"]) == ("GMT", "ms", "era5")
    assert asked["start_date"] == "2024-05-26"
    assert found.section is not None
    station = dict(found.section.values["station"])  # type: ignore[arg-type]
    station["paths"] = str(station["paths"]).replace("fetched", str(tmp_path))
    section = WeatherSection.model_validate({"station": station, "source": "s", "licence": found.licence})
    assert section.station is not None
    read = read_weather_station(section.station)
    assert float(read["pressure"][0, 0, 0]) == pytest.approx(99810.0)
    assert float(read["wind_east"][0, 0, 0]) == pytest.approx(-12.5)
    assert read["rain"].values[:2].ravel().tolist() == pytest.approx([0.4, 21.5])
    assert np.isnan(read["pressure"].values[2]).all()
    assert float(read["longitude"][0]) == 89.25
    assert "non-commercial" in found.notes[0]
    assert "non-commercial" in found.licence


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ARCHIVE.replace("(hPa)", "(inHg)"), "pressure_msl in 'inHg', not 'hPa'"),
        (ARCHIVE.replace("(m/s)", "(km/h)"), "wind_speed_10m in 'km/h', not 'm/s'"),
        (ARCHIVE.replace("3.0,0,GMT", "3.0,21600,GMT"), "21600 s from UTC"),
        (
            ARCHIVE.replace(",wind_direction_10m (°)", "").replace(",90,", ",").replace(",NaN\n", "\n"),
            "without wind_dir",
        ),
        (ARCHIVE.replace("998.1,12.5,90,0.4", "998.1,12.5"), "ends within a row"),
        (PLACE + "\n" + HEADER + "2024-05-26T02:00,NaN,NaN,NaN,NaN\n", "no value at this place"),
        ('{"error":true,"reason":"Daily API request limit exceeded."}', "limit exceeded"),
        (PLACE, "Open-Meteo answers 'latitude"),
    ],
)
def test_another_unit_clock_or_shape_is_refused(service: DataService, tmp_path: Path, answer: str, words: str) -> None:
    service.reply("/v1/archive", Reply(answer))
    with pytest.raises(FeedError, match=words.replace("(", r"\(")):
        fetch(service, OpenMeteo("open-meteo", "archive", service.address), tmp_path)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_forecasts_and_rivers_are_asked_only_by_name(service: DataService, tmp_path: Path) -> None:
    river = OpenMeteo("glofas", "river", service.address, "river")
    for only in (frozenset[str](), frozenset({"weather", "river"})):
        asked = {source.name for source in chosen(FetchChoice(only=only))}
        assert asked & set(ASKED_BY_NAME) == set(), "a forecast is of its hour; the river may be another than is meant"
        assert "open-meteo" in asked
    assert [source.name for source in chosen(FetchChoice(only=frozenset({"glofas"})))] == ["glofas"]
    service.reply("/v1/flood", Reply(f"{PLACE}\ntime,river_discharge (m³/s)\n2024-05-26,812.4\n"))
    found = fetch(service, river, tmp_path, only=frozenset({"river"}))
    assert (tmp_path / found.name).read_text() == "time,river_discharge\n2024-05-26,812.4\n"
    assert found.section is not None
    assert found.section.table == "river"
    values = {**found.section.values, "paths": [str(tmp_path / found.name)]}
    read = read_rivers([RiverSection.model_validate(values)])
    assert read is not None
    assert read["time"].values[0] == np.datetime64("2024-05-26T12:00")
    assert float(read["discharge"][0, 0]) == 812.4
    assert "largest river within 5 km" in " ".join(found.notes)


# --- IBTrACS -----------------------------------------------------------------------------------------------------

COLUMNS = "SID,SEASON,NUMBER,BASIN,SUBBASIN,NAME,ISO_TIME,NATURE,LAT,LON,WMO_WIND,WMO_PRES,WMO_AGENCY"
UNITS = " ,Year, , , , , , ,degrees_north,degrees_east,kts,mb, "
SIDR = "2007314N10093,2007,1,NI,BB,SIDR,2007-11-15 12:00:00,TS,{lat},89.2,115,944,newdelhi"
TRACKS = [
    SIDR.format(lat="10.0"),
    SIDR.format(lat="21.0").replace("12:00", "15:00"),
    "2020001N10060,2020,1,NI,AS,FAR,2020-01-01 00:00:00,TS,12.0,60.0,30,1000,newdelhi",
    "1970001N10090,1970,1,NI,BB,BHOLA,1970-11-12 18:00:00,TS,22.0,90.0, , ,newdelhi",
]


def ibtracs(service: DataService, folder: Path, body: str, **reply: object) -> CachedFile:
    service.reply("/ibtracs.NI.list.v04r01.csv", Reply(body, **reply))
    source = Ibtracs(address=service.address)
    with asking("ibtracs") as client:
        (planned,) = source.plan(KOYRA, FetchChoice(), client)
        return source.download(planned, folder / planned.name, client)


def test_whole_tracks_of_the_storms_that_came_near_are_kept(service: DataService, tmp_path: Path) -> None:
    found = ibtracs(service, tmp_path, "\n".join([COLUMNS, UNITS, *TRACKS]) + "\n")
    assert found.section is not None
    path = Path(str(found.section.values["path"]).replace("fetched", str(tmp_path)))
    section = StormsSection.model_validate(dict(found.section.values) | {"path": str(path)})
    read = read_tracks(path, [KOYRA.centre], section.distance)
    assert read is not None
    assert list(read["storm"].values) == ["2007314N10093"] * 2
    assert float(read["central_pressure"][1]) == 94400.0
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_coast_without_cyclones_gets_no_section(service: DataService, tmp_path: Path) -> None:
    found = ibtracs(service, tmp_path, "\n".join([COLUMNS, UNITS, TRACKS[2]]) + "\n")
    assert found.section is None
    assert "0 storms" in found.notes[0]


@pytest.mark.parametrize(
    ("box", "basin"),
    [
        (KOYRA, "NI"),
        (Box(106.0, 9.8, 106.8, 10.4), "WP"),
        (Box(145.0, -17.5, 146.0, -16.5), "SP"),
        (Box(-175.5, -21.5, -174.5, -20.5), "SP"),
        (Box(48.0, -19.0, 49.0, -18.0), "SI"),
        (Box(-90.5, 29.0, -89.5, 30.0), "NA"),
        (Box(-91.5, 13.8, -90.8, 14.2), "EP"),
        (Box(-88.5, 17.2, -87.9, 17.8), "NA"),
        (Box(-158.3, 21.2, -157.6, 21.7), "EP"),
        (Box(12.3, 45.3, 12.8, 45.7), None),
    ],
)
def test_a_box_is_asked_of_its_own_basin(box: Box, basin: str | None) -> None:
    with asking("ibtracs") as client:
        planned = Ibtracs().plan(box, FetchChoice(), client)
    assert [each.url.rsplit("/", 1)[1] for each in planned] == ([f"ibtracs.{basin}.list.v04r01.csv"] if basin else [])


@pytest.mark.parametrize(
    ("body", "reply", "words"),
    [
        ("a,b,c\n1,2,3\n", {}, "lacks columns"),
        ("<html></html>", {}, "a web page"),
        ("gone", {"status": 404}, "answers 404"),
        ("SID", {"stated": 5000}, "no answer"),
    ],
)
def test_what_is_no_track_file_leaves_nothing(
    service: DataService, tmp_path: Path, body: str, reply: dict[str, object], words: str
) -> None:
    with pytest.raises(FeedError, match=words):
        ibtracs(service, tmp_path, body, **reply)
    assert not [each for each in tmp_path.rglob("*.csv") if not each.name.startswith(".")]
