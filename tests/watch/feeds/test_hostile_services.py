"""A web service that never ends, floods, trickles or lies costs its own stream one step, and little time and memory."""

import json
import math
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strandline.errors import FeedError
from strandline.observations.fetch.transfer.http import AnswerLimits, Service
from strandline.observations.readers.formats.reading_process import ReadingLimits, ReadingProcess
from strandline.observations.region_file.watch import feed_sections as sections
from strandline.watch.agent import poll_feeds
from strandline.watch.feeds.client import FeedClient, RetryPolicy
from strandline.watch.feeds.services.coops import Coops
from strandline.watch.feeds.services.erddap import Erddap
from strandline.watch.feeds.services.ioc import Ioc
from strandline.watch.feeds.services.json_service import JsonService
from strandline.watch.feeds.services.levels import LevelAdapter, LevelFeed
from strandline.watch.feeds.services.stac import Stac
from tests.fixtures import hostile_services as hostile
from tests.fixtures.hostile_services import EXPECTED, HOUR, NOW, Respond, serving
from tests.watch.feeds.test_quality_control import gauge

pytestmark = pytest.mark.slow

SCHEDULE = {"name": "Pier", "interval_hours": 1.0, "delay_hours": 0.25, "silent_after_hours": 6.0}
MEMORY = 200
"""[MB] that one poll may take, whatever is sent."""


@pytest.fixture(scope="module")
def small_machine() -> Iterator[ReadingProcess]:
    """A process with little memory, in which a poll is made."""
    with ReadingProcess(ReadingLimits(10.0, 0.0, MEMORY)) as process:
        yield process


@pytest.mark.parametrize(
    ("respond", "note"),
    [
        (hostile.endless_body, "127.0.0.1 sends more than 8 MB"),
        (hostile.endless_chunks, "127.0.0.1 sends more than 8 MB"),
        (hostile.huge_length, "127.0.0.1 sends more than 8 MB"),
        (hostile.gzip_bomb, "127.0.0.1 sends more than 8 MB"),
        (hostile.trickling_body, "127.0.0.1 does not end its answer within 1 s"),
        (hostile.trickling_header, "127.0.0.1 does not end its answer within 1 s"),
        (hostile.endless_interim_answers, "127.0.0.1 does not end its answer within 1 s"),
        (hostile.body_never_starts, "127.0.0.1 does not end its answer within 1 s"),
        (hostile.silence, "127.0.0.1 does not end its answer within 1 s"),
        (hostile.huge_header, "127.0.0.1 gives no answer"),
        (hostile.too_short, "127.0.0.1 gives no answer"),
        (hostile.closes, "127.0.0.1 gives no answer"),
        (hostile.no_http, "127.0.0.1 gives no answer"),
        (hostile.too_long, "which is no JSON"),
        (hostile.redirects_to_itself, "127.0.0.1 sends to 127.0.0.1/again"),
        (hostile.redirects_nowhere, "127.0.0.1 gives no answer"),
        (hostile.damaged_gzip, "127.0.0.1 sends a damaged answer"),
        (hostile.half_gzip, "127.0.0.1 sends a damaged answer"),
        (hostile.unasked_encoding, "127.0.0.1 packs its answer as 'br'"),
        (hostile.deep_nesting, "which is no JSON"),
        (hostile.many_elements, "127.0.0.1 answers with too many elements"),
        (hostile.many_values, "127.0.0.1 answers with too many elements"),
        (hostile.many_digits, "which is no JSON"),
        (hostile.terminal_codes, "which is no JSON"),
    ],
)
def test_a_hostile_answer_is_named_in_the_health_within_its_time_and_memory(
    socket_enabled: None, small_machine: ReadingProcess, respond: Respond, note: str
) -> None:
    with serving(respond) as server:
        count, noted, seconds = small_machine([], partial(hostile.poll, server.port))
        sent = server.sent
    assert (count, noted[: len("Polling failed: stream 'Pier': ")]) == (0, "Polling failed: stream 'Pier': ")
    assert note in noted
    assert seconds < 4.0  # a busy machine; the limit is one second
    assert sent < 40e6  # bytes: what was read, and the system's buffers
    assert noted.isprintable()
    assert "hush" not in noted


def test_a_sound_answer_passes_packed_or_not(socket_enabled: None) -> None:
    rows = json.dumps([{"t": "2022-11-22T08:00:00", "v": 1.5}, {"t": "2022-11-22T08:10:00", "v": 1.6}]).encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(rows) + packer.flush()
    for body in (
        hostile.OK + f"Content-Length: {len(rows)}\r\n\r\n".encode() + rows,
        hostile.OK + b"\r\n" + rows,
        hostile.OK + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed,
    ):
        with serving(lambda send, body=body: send(body)) as server:  # type: ignore[misc]
            assert hostile.poll(server.port, seconds=5.0)[:2] == (2, "")


def test_the_other_streams_go_on_beside_an_endless_one(socket_enabled: None) -> None:
    until = datetime(2022, 1, 2)
    with serving(hostile.endless_body) as server, httpx.Client() as client:
        keys = {"kind": "json", "url": f"http://127.0.0.1:{server.port}/", "time": "*.t", "level": "*.v"}
        section = sections.JsonStreamSection.model_validate(
            SCHEDULE | keys | {"name": "Endless", "unit": "m", "vertical_datum": "region"}
        )
        endless = LevelFeed(Service("Endless", client, limits=AnswerLimits(1.0, 1 << 20)), JsonService(section))
        start = time.perf_counter()
        feeds = [
            FeedClient(endless, EXPECTED, retry_policy=RetryPolicy(timeout=3.0, first_pause=0.01)),
            FeedClient(gauge(), EXPECTED, retry_policy=RetryPolicy()),
        ]
        readings, health = poll_feeds(feeds, [], until - 12 * HOUR, until)
    assert time.perf_counter() - start < 4.0
    assert {reading.stream for reading in readings} == {"Pier"}
    assert len(readings) == 12
    assert [each.condition for each in health] == ["failing", "alive"]
    assert "sends more than 1 MB" in health[0].note


def test_after_the_time_limit_the_note_keeps_the_reason_and_no_connection_stays(socket_enabled: None) -> None:
    with serving(hostile.trickling_header) as server, httpx.Client(timeout=10.0) as client:
        keys = {"kind": "json", "url": f"http://127.0.0.1:{server.port}/", "time": "*.t", "level": "*.v"}
        section = sections.JsonStreamSection.model_validate(SCHEDULE | keys | {"unit": "m", "vertical_datum": "region"})
        feed = LevelFeed(Service("Pier", client, limits=AnswerLimits(0.5)), JsonService(section))
        polled = FeedClient(feed, EXPECTED, retry_policy=RetryPolicy(timeout=0.8, first_pause=0.01))
        note = polled.poll(NOW - HOUR, NOW).health.note
        assert "no answer within 0.8 s" in note
        assert "does not end its answer within 0.5 s" in note
        end = time.monotonic() + 5.0
        while server.open:
            assert time.monotonic() < end, "a connection is still open"
            time.sleep(0.02)
        assert not any(thread.name == "poll Pier" for thread in threading.enumerate())


# --- STAC ------------------------------------------------------------------------------------------------------------


def stac(port: int, seconds: float = 1.0) -> Stac:
    keys = {"kind": "stac", "url": f"http://127.0.0.1:{port}/", "collections": ["sentinel-2"]}
    section = sections.StacStreamSection.model_validate(SCHEDULE | keys)
    limits = AnswerLimits(seconds, 1 << 20)
    return Stac(Service("Pier", httpx.Client(), {"X-Token": "hush"}, limits), section, (12.0, 45.0, 13.0, 46.0))


def answers(content: object) -> Respond:
    return lambda send: send(hostile.OK + b"\r\n" + json.dumps(content).encode())


def catalogue(port: int, search: str) -> dict[str, object]:
    return {
        "type": "Catalog", "stac_version": "1.0.0", "id": "x", "description": "x",
        "conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"],
        "links": [
            {"rel": "root", "href": f"http://127.0.0.1:{port}/"},
            {"rel": "search", "href": search, "type": "application/geo+json", "method": "POST"},
        ],
    }  # fmt: skip


OLD_ITEM = {
    "type": "Feature", "stac_version": "0.8.0", "id": "x", "geometry": None, "properties": {}, "assets": {},
    "links": [{"rel": "collection", "href": "/dev/zero"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda port: catalogue(port, "file:///dev/zero"), "sends to ''"),
        (lambda port: catalogue(port, "http://thief.example/search"), "sends to 'thief.example'"),
        (lambda port: OLD_ITEM, "does not answer as a STAC API"),
        (lambda port: [], "does not answer as a STAC API"),
        (lambda port: {"type": "Catalog", "links": 7}, "does not answer as a STAC API"),
    ],
)
def test_a_stac_api_leads_neither_to_a_file_nor_to_another_host(
    socket_enabled: None, content: Callable[[int], object], message: str
) -> None:
    answer: list[object] = []
    with serving(lambda send: answers(answer[0])(send)) as server:
        answer.append(content(server.port))
        with pytest.raises(FeedError, match=message):
            stac(server.port).read(NOW - HOUR, NOW)


def test_a_stac_api_with_endless_pages_or_an_endless_answer_is_left(socket_enabled: None) -> None:
    requests = []

    def respond(send: Callable[[bytes], None]) -> None:
        requests.append(1)
        page = {
            "type": "FeatureCollection",
            "features": [
                {
                    "id": "a scene",
                    "type": "Feature",
                    "properties": {"datetime": "2022-11-22T08:00:00Z"},
                    "links": [],
                }
            ],
            "links": [{"rel": "next", "href": f"http://127.0.0.1:{server.port}/search?page={len(requests)}"}],
        }
        first = catalogue(server.port, f"http://127.0.0.1:{server.port}/search")
        answers(first if len(requests) == 1 else page)(send)

    with serving(respond) as server, pytest.raises(FeedError, match="gives more than 20 pages"):
        stac(server.port).read(NOW - HOUR, NOW)
    assert len(requests) == 20
    with serving(hostile.endless_body) as server, pytest.raises(FeedError, match="sends more than 1 MB"):
        stac(server.port).read(NOW - HOUR, NOW)


# --- any bytes -------------------------------------------------------------------------------------------------------

EXTREME = [1e308, -1e308, math.nan, math.inf, 10**30, -(10**18), 253_402_300_800_000, 0, None, True, "", "9" * 40]
TIMES = st.one_of(
    st.sampled_from(["2022-11-22 08:00:00", "2022-11-22T08:00:00Z", "0001-01-01", "9999-12-31T23:59:59Z", "99999-1-1"]),
    st.sampled_from(EXTREME),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)
VALUES = st.one_of(st.sampled_from(EXTREME), st.floats(), st.text(max_size=8), st.lists(st.integers(), max_size=2))
KEYS = st.sampled_from(["t", "v", "slevel", "stime", "sensor"])
ROWS = st.lists(st.fixed_dictionaries({"t": TIMES, "v": VALUES, "slevel": VALUES, "stime": TIMES, "sensor": VALUES}))
ANY = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner), max_leaves=12)
TABLE = st.fixed_dictionaries(
    {"columnNames": st.just(["time", "v"]), "columnUnits": st.lists(VALUES, max_size=3)},
    optional={"rows": st.lists(st.tuples(TIMES, VALUES).map(list) | VALUES, max_size=4)},
)
DOCUMENTS = st.one_of(
    ANY,
    ROWS,
    st.fixed_dictionaries({"data": ROWS | ANY}),
    st.fixed_dictionaries({"error": ANY}),
    st.fixed_dictionaries({"table": TABLE | ANY}),
)
BODIES = st.binary(max_size=200) | DOCUMENTS.map(lambda content: json.dumps(content).encode("utf-8", "surrogatepass"))
ADAPTERS: list[LevelAdapter] = [
    Coops(sections.CoopsStreamSection.model_validate(
        SCHEDULE | {"kind": "noaa_coops", "station": "8454000", "datum": "MSL", "vertical_datum": "region"})),
    Ioc(sections.IocStreamSection.model_validate(
        SCHEDULE | {"kind": "ioc", "code": "veni", "vertical_datum": "region"})),
    Erddap(sections.ErddapStreamSection.model_validate(
        SCHEDULE | {"kind": "erddap", "url": "https://erddap.example/x", "level": "v", "vertical_datum": "region"})),
    *(JsonService(sections.JsonStreamSection.model_validate(
        SCHEDULE | {"kind": "json", "url": "https://json.example/", "time": "*.t", "level": "*.v", "unit": "cm",
                    "vertical_datum": "region", "time_format": form})) for form in ("iso", "unix", "unix_ms")),
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(BODIES, st.sampled_from(ADAPTERS), st.sampled_from([200, 200, 200, 204, 302, 400, 404, 500]))
@example(b'[{"t": 1e308, "v": 1e308}, {"t": 253402300799.9999, "v": 1}]', ADAPTERS[4], 200)
def test_any_body_gives_readings_or_a_feed_error(body: bytes, adapter: LevelAdapter, status: int) -> None:
    response = partial(httpx.Response, status, stream=httpx.ByteStream(body))
    with httpx.Client(transport=httpx.MockTransport(lambda request: response())) as client:
        feed = LevelFeed(Service("Pier", client), adapter, clock=lambda: NOW)
        with suppress(FeedError):
            feed.read(NOW - HOUR, NOW)
        result = FeedClient(feed, EXPECTED).poll(NOW - HOUR, NOW)
    assert "could not be" not in result.health.note
    result.health.note.encode("utf-8")
    assert all(type(reading.time) is datetime and type(reading.value) is float for reading in result.readings)
    assert all(reading.time > NOW - timedelta(days=4) for reading in result.readings)
