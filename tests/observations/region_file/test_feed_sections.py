"""``[[stream]]``: every kind is read and opened, errors are named, secrets stay in the environment."""

from datetime import datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from strandline.errors import InputError
from strandline.observations.region_file import RegionFile, load_region_file
from strandline.watch.feeds.files.flood_scenes import FloodScenes
from strandline.watch.feeds.files.forecasts import ForecastFolder
from strandline.watch.feeds.files.growing_file import GrowingFile
from strandline.watch.feeds.files.weather_forecasts import WeatherForecastFolder
from strandline.watch.feeds.registry import open_feeds
from strandline.watch.feeds.services.coops import Coops
from strandline.watch.feeds.services.erddap import Erddap
from strandline.watch.feeds.services.ioc import Ioc
from strandline.watch.feeds.services.json_service import JsonService
from strandline.watch.feeds.services.open_meteo import OpenMeteoFeed
from strandline.watch.feeds.services.stac import Stac
from tests.fixtures.region_files import REGION_FILE, write_region_folder
from tests.watch.feeds.test_folders import write_zones

PROMISE = "interval_hours = 1.0\ndelay_hours = 0.25\nsilent_after_hours = 6.0\n"


def on_datum(shift: float) -> str:
    offset = f'{{ metres = {shift}, uncertainty = 0.02, source = "a benchmark" }}'
    return f'vertical_datum = {{ name = "zero", kind = "local" }}\noffset_to_region_datum = {offset}\n'


KEYS = {
    "file": 'paths = "live.csv"\nformat = "wide"\ncolumns = { time = "t", level = "h" }\nunit = "cm"\n'
    'time_zone = "UTC"\n' + on_datum(-0.5),
    "noaa_coops": 'station = "8454000"\ndatum = "MSL"\nvertical_datum = "region"\n',
    "ioc": 'code = "veni"\nsensor = "rad"\n' + on_datum(-1.2),
    "erddap": 'url = "https://uhslc.soest.hawaii.edu/erddap/tabledap/global_hourly_fast"\nlevel = "sea_level"\n'
    "constraints = { uhslc_id = 124 }\n" + on_datum(-1.2),
    "json": 'url = "https://levels.example/pier?from={since:%Y%m%d}"\ntime = "data.*.t"\nlevel = "data.*.v"\n'
    'unit = "m"\nvertical_datum = "region"\ntoken_variable = "PIER_TOKEN"\n',
    "forecast": 'variable = "surge_forecast"\nfolder = "forecasts"\nlevel = "surge"\n',
    "weather_forecast": 'folder = "grib"\nformat = "grib"\npattern = "*.grib2"\n',
    "open_meteo": 'product = "ensemble"\nmetadata = "ecmwf_ifs025_ensemble"\nlongest_lead_hours = 72\n',
    "flood_scene": 'folder = "scenes"\ntime_format = "water_%Y%m%d"\nzones = "zones.geojson"\nzone_name = "name"\n'
    "flooded = [1]\n",
    "stac": 'url = "https://stac.example/v1"\ncollections = ["sentinel-1-grd"]\n',
}
CLASSES = {
    "file": GrowingFile,
    "noaa_coops": Coops,
    "ioc": Ioc,
    "erddap": Erddap,
    "json": JsonService,
    "forecast": ForecastFolder,
    "weather_forecast": WeatherForecastFolder,
    "open_meteo": OpenMeteoFeed,
    "flood_scene": FloodScenes,
    "stac": Stac,
}


def stream(kind: str, name: str | None = None, promise: str = PROMISE) -> str:
    return f'[[stream]]\nkind = "{kind}"\nname = "{name or kind}"\n{promise}{KEYS[kind]}\n'


def region_file(folder: Path, text: str) -> RegionFile:
    path = folder / "place.toml"
    path.write_text(REGION_FILE + text, encoding="utf-8")
    return load_region_file(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        region_file(folder, text)
    return str(caught.value)


@pytest.fixture
def client() -> httpx.Client:
    return httpx.Client(
        transport=httpx.MockTransport(lambda request: httpx.Response(503, stream=httpx.ByteStream(b"")))
    )


# --- opening ---------------------------------------------------------------------------------------------------------


def test_every_kind_of_stream_opens_its_own_feed(tmp_path: Path, client: httpx.Client) -> None:
    write_zones(tmp_path / "zones.geojson", 500_000, 5_000_000)
    stated = region_file(tmp_path, "".join(stream(kind) for kind in KEYS))
    feeds = open_feeds(stated, None, client, {"PIER_TOKEN": "hush"})
    assert {feed.stream: type(getattr(feed.feed, "adapter", feed.feed)) for feed in feeds} == CLASSES
    assert {feed.expectation.silent_after for feed in feeds} == {timedelta(hours=6)}
    by_name = {feed.stream: feed.feed for feed in feeds}
    assert by_name["file"].gauge.paths == (tmp_path / "live.csv",)  # type: ignore[attr-defined]
    west, south, east, north = by_name["stac"].bounds  # type: ignore[attr-defined]
    assert (west, east) == (pytest.approx(15.0, abs=0.01), pytest.approx(15.02, abs=0.01))
    assert (south, north) == (pytest.approx(45.15, abs=0.02), pytest.approx(45.17, abs=0.02))
    assert by_name["json"].service.headers == {"Authorization": "Bearer hush"}  # type: ignore[attr-defined]
    assert "hush" not in repr(feeds[4].feed)
    assert {by_name[kind].longest_delay for kind in KEYS if kind not in ("flood_scene", "stac", "open_meteo")} == {  # type: ignore[attr-defined]
        timedelta(days=3, minutes=15)
    }


def test_weather_is_read_at_the_sea_point_or_where_the_stream_says(tmp_path: Path, client: httpx.Client) -> None:
    elsewhere = stream("open_meteo", "elsewhere") + "longitude = 15.5\nlatitude = 45.0\n"
    stated = region_file(tmp_path, stream("open_meteo") + elsewhere)
    at_sea, other = (feed.feed for feed in open_feeds(stated, None, client))
    assert (at_sea.longitude, at_sea.latitude) == (pytest.approx(15.0, abs=0.01), pytest.approx(45.16, abs=0.01))  # type: ignore[attr-defined]
    assert (other.longitude, other.latitude) == (15.5, 45.0)  # type: ignore[attr-defined]
    assert other.section.address == "https://ensemble-api.open-meteo.com"  # type: ignore[attr-defined]
    message = refusal(tmp_path, stream("open_meteo") + "longitude = 15.5\n")
    assert "'longitude' and 'latitude' belong together" in message


def test_feeds_that_all_fail_give_health_records_only(tmp_path: Path, client: httpx.Client) -> None:
    kinds = ["file", "noaa_coops", "ioc", "erddap", "forecast"]
    stated = region_file(tmp_path, "".join(stream(kind) for kind in kinds))
    now = datetime(2022, 11, 22, 9)
    answers = [
        feed.poll(now - timedelta(hours=1), now) for feed in open_feeds(stated, None, client, {}, retry_policy=None)
    ]
    assert [answer.health.condition for answer in answers] == ["failing"] * 5
    assert all(answer.readings == [] for answer in answers)
    assert len({answer.health.note for answer in answers}) == 5


@pytest.mark.slow
def test_without_streams_the_gauges_own_files_are_the_streams(tmp_path: Path) -> None:
    stated = load_region_file(write_region_folder(tmp_path, days=30))
    (feed,) = open_feeds(stated)
    assert feed.stream == "Pier"
    now = datetime(2020, 1, 20, 6)
    answer = feed.poll(now - timedelta(hours=1), now)
    assert answer.readings[-1].time == now
    assert answer.health.condition == "alive"
    assert answer.health.share_good == 1.0


def test_the_tide_of_a_stream_is_passed_to_its_checks(tmp_path: Path) -> None:
    stated = load_region_file(write_region_folder(tmp_path, days=30))
    (feed,) = open_feeds(stated, tides={"Pier": lambda time: np.zeros(time.size)})
    assert feed.tide is not None


# --- mistakes --------------------------------------------------------------------------------------------------------


def test_a_misspelt_key_is_named_with_those_of_its_kind(tmp_path: Path) -> None:
    message = refusal(tmp_path, stream("ioc").replace("sensor", "sensr"))
    assert (
        "[stream.0.sensr]: unknown key 'sensr'; known keys here: vertical_datum, offset_to_region_datum, name"
        in message
    )
    assert "sensor" in message
    assert "uhslc" not in message


def test_a_misspelt_key_within_a_table_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path, stream("file").replace("{ time", "{ tim"))
    assert "[stream.0.columns.tim]: unknown key 'tim'" in message
    assert "known keys here: time, level, station" in message


def test_an_unknown_kind_or_none_is_named_with_those_that_are_known(tmp_path: Path) -> None:
    message = refusal(tmp_path, stream("ioc").replace('kind = "ioc"', 'kind = "pigeon"'))
    assert "[stream.0.kind]: 'pigeon' is unknown; choose one of file, noaa_coops, ioc" in message
    message = refusal(tmp_path, stream("ioc").replace('kind = "ioc"\n', ""))
    assert "[stream.0.kind]: is missing; choose one of file, noaa_coops, ioc" in message


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("noaa_coops", ('station = "8454000"\n', ""), "[stream.0.station]: is missing; add 'station'"),
        ("noaa_coops", ("8454000", "Providence"), "[stream.0.station]: 'Providence' does not fit"),
        ("file", ('unit = "cm"\n', ""), "format 'wide' does not state its unit; add 'unit'"),
        ("json", ("{since:", "{from:"), "the address has {from}; use only {since} and {until}"),
        ("erddap", ("https://", ""), "is not a web address; start with https://"),
        ("json", ("PIER_TOKEN", "s3cr3t-value"), "[stream.0.token_variable]: 's3cr3t-value' does not fit"),
        ("forecast", ("surge_forecast", "water_level_forecast"), "state what heights are measured from"),
        ("ioc", ("silent_after_hours = 6.0", "silent_after_hours = 1.0"), "give 1.75 (delay and one and a half"),
    ],
)
def test_invalid_values_are_named(tmp_path: Path, kind: str, change: tuple[str, str], message: str) -> None:
    assert message in refusal(tmp_path, stream(kind).replace(*change))


def test_two_streams_of_one_name_and_a_secret_that_is_not_set_are_refused(tmp_path: Path, client: httpx.Client) -> None:
    twice = region_file(tmp_path, stream("ioc", "Pier") + stream("noaa_coops", "Pier"))
    with pytest.raises(InputError, match="two streams are called 'Pier'"):
        open_feeds(twice, None, client, {})
    secret = region_file(tmp_path, stream("json"))
    with pytest.raises(InputError, match="the environment variable PIER_TOKEN is not set; export it"):
        open_feeds(secret, None, client, {})
