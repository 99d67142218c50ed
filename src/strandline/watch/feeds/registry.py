"""Opens the streams of a region file; one entry in ``_open_feed`` for each kind of stream."""

import os
from collections.abc import Mapping
from datetime import timedelta

import httpx

from strandline.errors import InputError, require_extra
from strandline.observations.fetch.transfer.http import TIMEOUT, Service
from strandline.observations.readers.formats.reading_process import ReadingProcess
from strandline.observations.region import Region
from strandline.observations.region_file.region_file import RegionFile
from strandline.observations.region_file.watch import feed_sections as sections
from strandline.watch.feeds.client import DEFAULT_RETRY_POLICY, FeedClient, RetryPolicy
from strandline.watch.feeds.files.flood_scenes import FloodScenes, read_zones
from strandline.watch.feeds.files.forecasts import ForecastFolder
from strandline.watch.feeds.files.foreign_files import FEED_LIMITS, ForeignFiles
from strandline.watch.feeds.files.growing_file import GrowingFile
from strandline.watch.feeds.files.weather_forecasts import WeatherForecastFolder
from strandline.watch.feeds.health import Expectation
from strandline.watch.feeds.quality_control import Tide
from strandline.watch.feeds.services.coops import Coops
from strandline.watch.feeds.services.erddap import Erddap
from strandline.watch.feeds.services.ioc import Ioc
from strandline.watch.feeds.services.json_service import JsonService
from strandline.watch.feeds.services.levels import LevelAdapter, LevelFeed
from strandline.watch.feeds.services.open_meteo import OpenMeteoFeed
from strandline.watch.readings import Feed

_GAUGE_FILE = Expectation(timedelta(hours=1), timedelta(0), timedelta(hours=12))
"""Schedule of a ``[[tide_gauge]]`` without a ``[[stream]]``: hourly readings; silent after half a day, one tide."""
_LATE_BY, _SCENES_LATE_BY = timedelta(days=3), timedelta(days=10)
"""Largest delay beyond the stated one with which a reading is accepted: a long weekend, and a satellite archive."""


def open_feeds(
    region_file: RegionFile,
    tides: Mapping[str, Tide] | None = None,
    client: httpx.Client | None = None,
    environment: Mapping[str, str] = os.environ,
    retry_policy: RetryPolicy | None = DEFAULT_RETRY_POLICY,
    files: ForeignFiles | None = None,
) -> list[FeedClient]:
    """Open the streams of a region file; without any, the files of its tide gauges.

    Args:
        tides: stream → tide at its gauge, for quality control.
        client: for web services; ``None`` = one with the default time-outs.
        environment: holds the secrets.
        retry_policy: of every stream.
        files: how files are read; ``None`` = in a process of their own, with a quarantine that ends with this process.

    Raises:
        InputError: two streams have one name, a secret is not set, or zones cannot be read.
    """
    names = [section.name for section in region_file.stream or region_file.tide_gauge]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InputError("[[stream]]", f"two streams are called '{repeated}'", "give each a name of its own")
    files = ForeignFiles(ReadingProcess(FEED_LIMITS)) if files is None else files
    opened: list[tuple[Feed, Expectation]]
    if region_file.stream:
        web = httpx.Client(timeout=TIMEOUT) if client is None else client
        opened = [
            (_open_feed(section, region_file.region, web, environment, files), _expectation(section))
            for section in region_file.stream
        ]
    else:
        opened = [(GrowingFile(gauge.name, gauge, files=files), _GAUGE_FILE) for gauge in region_file.tide_gauge]
    tides = tides or {}
    return [
        FeedClient(feed, expected, tides.get(feed.stream), retry_policy, files.quarantine) for feed, expected in opened
    ]


def _open_feed(
    section: sections.AnyStream,
    region: Region,
    client: httpx.Client,
    environment: Mapping[str, str],
    files: ForeignFiles,
) -> Feed:
    service = Service(section.name, client, _headers(section, environment))
    delay = timedelta(hours=section.delay_hours)

    def levels(adapter: LevelAdapter) -> LevelFeed:
        return LevelFeed(service, adapter, _LATE_BY + delay)

    match section:
        case sections.CoopsStreamSection():
            return levels(Coops(section))
        case sections.IocStreamSection():
            return levels(Ioc(section))
        case sections.ErddapStreamSection():
            return levels(Erddap(section))
        case sections.JsonStreamSection():
            return levels(JsonService(section))
        case sections.FileStreamSection():
            return GrowingFile(section.name, section, _LATE_BY + delay, files=files)
        case sections.ForecastStreamSection():
            return ForecastFolder(section, _LATE_BY + delay, files)
        case sections.WeatherForecastStreamSection():
            if section.format == "grib":
                require_extra(f"stream '{section.name}'", "grib", "eccodes")
            return WeatherForecastFolder(section, *_place_of(section, region), _LATE_BY + delay, files)
        case sections.OpenMeteoStreamSection():
            return OpenMeteoFeed(service, section, *_place_of(section, region))
        case sections.FloodSceneStreamSection():
            zones = read_zones(section.zones, section.zone_name, region)
            return FloodScenes(section, region, zones, _SCENES_LATE_BY + delay, files)
        case sections.StacStreamSection():
            # imported here: few sites have such a stream
            from strandline.watch.feeds.services.stac import Stac

            return Stac(service, section, region.bounds_lonlat, _SCENES_LATE_BY + delay)


def _place_of(section: sections.WeatherStreamSection, region: Region) -> tuple[float, float]:
    """Longitude and latitude [degrees] of a stream of weather: as stated, or the region's sea point."""
    if section.longitude is not None and section.latitude is not None:
        return section.longitude, section.latitude
    return region.sea_point_lonlat


def _expectation(section: sections.StreamSection) -> Expectation:
    return Expectation(
        timedelta(hours=section.interval_hours),
        timedelta(hours=section.delay_hours),
        timedelta(hours=section.silent_after_hours),
    )


def _headers(section: sections.StreamSection, environment: Mapping[str, str]) -> dict[str, str]:
    """The token of a stream that needs one.

    Raises:
        InputError: its environment variable is not set.
    """
    if not isinstance(section, sections.WebSection) or section.token_variable is None:
        return {}
    token = environment.get(section.token_variable)
    if not token:
        raise InputError(
            f"stream '{section.name}'",
            f"the environment variable {section.token_variable} is not set",
            "export it with the service's token before the watch starts",
        )
    return {section.token_header: f"Bearer {token}" if section.token_header == "Authorization" else token}
