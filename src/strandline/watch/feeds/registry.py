"""From a region file to its streams, each ready to be asked."""

import os
from collections.abc import Mapping
from datetime import timedelta

import httpx
from pyproj import Transformer

from strandline.errors import InputError
from strandline.observations.region import Region
from strandline.observations.region_file.feed_sections import (
    AnyStream,
    CoopsStreamSection,
    ErddapStreamSection,
    FileStreamSection,
    FloodSceneStreamSection,
    ForecastStreamSection,
    IocStreamSection,
    JsonStreamSection,
    StreamSection,
    WebSection,
)
from strandline.observations.region_file.region_file import RegionFile
from strandline.watch.feeds.client import DEFAULT_RETRY_POLICY, FeedClient, RetryPolicy
from strandline.watch.feeds.files.flood_scenes import FloodScenes, ZoneShares, read_zones
from strandline.watch.feeds.files.forecasts import ForecastFolder
from strandline.watch.feeds.files.growing_file import GrowingFile
from strandline.watch.feeds.health import Expectation
from strandline.watch.feeds.http import TIMEOUT, Service
from strandline.watch.feeds.quality_control import Tide
from strandline.watch.feeds.services.coops import Coops
from strandline.watch.feeds.services.erddap import Erddap
from strandline.watch.feeds.services.ioc import Ioc
from strandline.watch.feeds.services.json_service import JsonService
from strandline.watch.readings import Feed

_A_GAUGE = Expectation(timedelta(hours=1), timedelta(0), timedelta(hours=12))
"""Of a ``[[tide_gauge]]`` that no ``[[stream]]`` speaks of: an hourly reading; half a day without one is a tide."""

_LATE_BY, _SCENES_LATE_BY = timedelta(days=3), timedelta(days=10)
"""Beyond its stated delay a reading is taken that is as late as that: a long week-end, and a satellite's archive."""


def open_feeds(
    region_file: RegionFile,
    client: httpx.Client | None = None,
    environment: Mapping[str, str] = os.environ,
    tides: Mapping[str, Tide] | None = None,
    retry_policy: RetryPolicy | None = DEFAULT_RETRY_POLICY,
) -> list[FeedClient]:
    """The streams of a region file; its tide gauges' own files where it states no stream.

    Args:
        region_file: what is to be asked.
        client: for the web; one with the usual time-outs where none is given.
        environment: where the secrets stand.
        tides: stream → tide of its place, for the checks at the door.
        patience: with services, folders and files that may hang.

    Raises:
        InputError: two streams have one name, a secret is not set, or zones cannot be read.
    """
    sections = region_file.stream
    names = [section.name for section in sections or region_file.tide_gauge]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError("[[stream]]", f"two streams are called '{twice}'", "give each a name of its own")
    tide_of = {} if tides is None else tides
    if not sections:
        return [
            FeedClient(GrowingFile(gauge.name, gauge), _A_GAUGE, tide_of.get(gauge.name), retry_policy)
            for gauge in region_file.tide_gauge
        ]
    web = httpx.Client(timeout=TIMEOUT) if client is None else client
    return [
        FeedClient(
            _open_feed(section, region_file.region, web, environment),
            _expectation(section),
            tide_of.get(section.name),
            retry_policy,
        )
        for section in sections
    ]


def _expectation(section: StreamSection) -> Expectation:
    return Expectation(
        timedelta(hours=section.interval_hours),
        timedelta(hours=section.delay_hours),
        timedelta(hours=section.silent_after_hours),
    )


def _open_feed(section: AnyStream, region: Region, client: httpx.Client, environment: Mapping[str, str]) -> Feed:
    service = Service(section.name, client, _headers(section, environment))
    delay = timedelta(hours=section.delay_hours)
    look_back, scenes_back = _LATE_BY + delay, _SCENES_LATE_BY + delay
    if isinstance(section, FileStreamSection):
        return GrowingFile(section.name, section, look_back)
    if isinstance(section, CoopsStreamSection):
        return Coops(service, section.station, section.datum, section.datum_shift, section.product, look_back)
    if isinstance(section, IocStreamSection):
        return Ioc(service, section.code, section.datum_shift, section.sensor, look_back)
    if isinstance(section, ErddapStreamSection):
        return Erddap(
            service,
            section.url,
            section.level,
            section.datum_shift,
            section.constraints,
            section.time,
            section.unit,
            look_back,
        )
    if isinstance(section, JsonStreamSection):
        return JsonService(
            service,
            section.url,
            section.time,
            section.level,
            section.unit,
            section.datum_shift,
            section.time_format,
            section.time_zone,
            section.missing,
            look_back,
        )
    if isinstance(section, ForecastStreamSection):
        return ForecastFolder(
            section.name,
            section.folder,
            section.pattern,
            section.variable,
            section.level,
            section.datum_shift or 0.0,
            section.at,
            look_back,
        )
    if isinstance(section, FloodSceneStreamSection):
        zones = read_zones(section.zones, section.zone_name, region)
        shares = ZoneShares(region, zones, section.flooded, section.band, section.nodata)
        return FloodScenes(section.name, section.folder, section.pattern, section.time_format, shares, scenes_back)
    from strandline.watch.feeds.services.stac import (
        Stac,  # brings a second web client with it; few places have such a stream
    )

    return Stac(section.name, section.url, section.collections, _degrees(region), service.headers, scenes_back)


def _headers(section: StreamSection, environment: Mapping[str, str]) -> dict[str, str]:
    """The token of a stream that needs one.

    Raises:
        InputError: its environment variable is not set.
    """
    if not isinstance(section, WebSection) or section.token_variable is None:
        return {}
    token = environment.get(section.token_variable)
    if not token:
        raise InputError(
            f"stream '{section.name}'",
            f"the environment variable {section.token_variable} is not set",
            "export it with the service's token before the watch starts",
        )
    return {section.token_header: f"Bearer {token}" if section.token_header == "Authorization" else token}


def _degrees(region: Region) -> tuple[float, float, float, float]:
    """West, south, east, north of the region."""
    west, south, east, north = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True).transform_bounds(
        *region.bounds
    )
    return float(west), float(south), float(east), float(north)
