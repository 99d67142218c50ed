"""Web services: their recorded answers, the queries, and their failures."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest

from strandline.errors import FeedError
from strandline.observations.fetch.transfer.http import Service
from strandline.observations.region_file.watch import feed_sections as sections
from strandline.watch.feeds.client import FeedClient, RetryPolicy
from strandline.watch.feeds.services.coops import Coops
from strandline.watch.feeds.services.erddap import Erddap
from strandline.watch.feeds.services.ioc import Ioc
from strandline.watch.feeds.services.json_service import JsonService, find
from strandline.watch.feeds.services.levels import LevelFeed
from strandline.watch.feeds.services.stac import Stac
from strandline.watch.readings import Feed
from tests.fixtures.datums import on_datum
from tests.watch.feeds.test_quality_control import EXPECTED

NOW = datetime(2022, 11, 22, 9)
HOUR = timedelta(hours=1)
SCHEDULE = {"name": "Gauge", "interval_hours": 1.0, "delay_hours": 0.25, "silent_after_hours": 6.0}


def service(answer: object, status: int = 200, requests: list[httpx.Request] | None = None) -> Service:
    """A service that always gives the same answer and records the requests."""

    def respond(request: httpx.Request) -> httpx.Response:
        if requests is not None:
            requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        text = answer if isinstance(answer, str) else json.dumps(answer)
        return httpx.Response(status, stream=httpx.ByteStream(text.encode()))

    return Service("Gauge", httpx.Client(transport=httpx.MockTransport(respond)), {"X-Token": "hush"})


def values(feed: Feed, since: datetime = NOW - HOUR, until: datetime = NOW) -> list[tuple[str, float]]:
    return [(f"{reading.time:%d %H:%M}", round(reading.value, 4)) for reading in feed.read(since, until)]


def coops(given: Service, station: str, datum: str, datum_shift: float) -> LevelFeed:
    keys = {"kind": "noaa_coops", "station": station, "datum": datum, **on_datum(datum_shift)}
    return LevelFeed(given, Coops(sections.CoopsStreamSection.model_validate(SCHEDULE | keys)))


def ioc(given: Service, code: str, datum_shift: float, sensor: str | None = None) -> LevelFeed:
    keys = {"kind": "ioc", "code": code, **on_datum(datum_shift), "sensor": sensor}
    return LevelFeed(given, Ioc(sections.IocStreamSection.model_validate(SCHEDULE | keys)))


def erddap(given: Service, url: str, level: str, datum_shift: float, **stated: object) -> LevelFeed:
    keys = {"kind": "erddap", "url": url, "level": level, **on_datum(datum_shift)}
    return LevelFeed(given, Erddap(sections.ErddapStreamSection.model_validate(SCHEDULE | keys | stated)))


def json_service(
    given: Service, url: str, time: str, level: str, unit: str, datum_shift: float, **stated: object
) -> LevelFeed:
    keys = {"kind": "json", "url": url, "time": time, "level": level, "unit": unit, **on_datum(datum_shift)}
    return LevelFeed(given, JsonService(sections.JsonStreamSection.model_validate(SCHEDULE | keys | stated)))


# --- the answers -----------------------------------------------------------------------------------------------------

COOPS = {
    "metadata": {"id": "8454000", "name": "Providence", "lat": "41.8071", "lon": "-71.4012"},
    "data": [
        {"t": "2022-11-22 07:54", "v": "1.204", "s": "0.003", "f": "0,0,0,0", "q": "p"},
        {"t": "2022-11-22 08:00", "v": "", "s": "", "f": "1,1,1,1", "q": "p"},
        {"t": "2022-11-22 08:06", "v": "1.218", "s": "0.004", "f": "0,0,0,0", "q": "p"},
    ],
}
IOC = [
    {"slevel": 1.046, "stime": "2022-11-22 08:00:00", "sensor": "prs"},
    {"slevel": 1.051, "stime": "2022-11-22 08:01:00", "sensor": "rad"},
    {"slevel": 1.055, "stime": "2022-11-22 08:02:00", "sensor": "rad"},
]
ERDDAP = {
    "table": {
        "columnNames": ["time", "sea_level"],
        "columnTypes": ["String", "int"],
        "columnUnits": ["UTC", "millimeters"],
        "rows": [["2022-11-22T07:00:00Z", 1543], ["2022-11-22T08:00:00Z", None], ["2022-11-22T09:00:00Z", 1601]],
    }
}


def test_coops_answers_in_metres_and_greenwich_time() -> None:
    requests: list[httpx.Request] = []
    feed = coops(service(COOPS, requests=requests), "8454000", "MSL", 0.1)
    assert values(feed) == [("22 07:54", 1.304), ("22 08:06", 1.318)]
    query = dict(requests[0].url.params)
    assert requests[0].url.host == "api.tidesandcurrents.noaa.gov"
    assert {key: query[key] for key in ("station", "datum", "units", "time_zone", "format", "product")} == {
        "station": "8454000", "datum": "MSL", "units": "metric", "time_zone": "gmt", "format": "json",
        "product": "water_level",
    }  # fmt: skip
    assert (query["begin_date"], query["end_date"]) == ("20221119 08:00", "20221122 09:00")


def test_a_coops_query_is_no_longer_than_the_service_allows() -> None:
    requests: list[httpx.Request] = []
    coops(service(COOPS, requests=requests), "8454000", "MSL", 0.0).read(datetime.min, NOW)
    assert dict(requests[0].url.params)["begin_date"] == "20221023 09:00"


@pytest.mark.parametrize("status", [200, 400])
def test_coops_without_data_is_no_failure_but_any_other_error_is(status: int) -> None:
    nothing = {"error": {"message": "No data was found. This product may not be offered at this station."}}
    assert values(coops(service(nothing, status), "8454000", "MSL", 0.0)) == []
    wrong = {"error": {"message": " Wrong Datum: please refer to the station's datums."}}
    with pytest.raises(FeedError, match="Wrong Datum"):
        values(coops(service(wrong, status), "8454000", "XYZ", 0.0))


def test_ioc_answers_for_one_sensor() -> None:
    requests: list[httpx.Request] = []
    assert values(ioc(service(IOC, requests=requests), "veni", -1.0, "rad")) == [
        ("22 08:01", 0.051),
        ("22 08:02", 0.055),
    ]
    query = dict(requests[0].url.params)
    assert (query["query"], query["code"], query["format"]) == ("data", "veni", "json")
    assert (query["timestart"], query["timestop"]) == ("2022-11-19T08:00:00", "2022-11-22T09:00:00")
    with pytest.raises(FeedError, match="has sensors prs, rad; name one"):
        values(ioc(service(IOC), "veni", 0.0))
    assert values(ioc(service([]), "veni", 0.0)) == []
    with pytest.raises(FeedError, match="check the station's code"):
        values(ioc(service([{"error": "code 'nowh' not found"}]), "nowh", 0.0))


def test_erddap_levels_are_converted_from_the_stated_unit() -> None:
    requests: list[httpx.Request] = []
    url = "https://uhslc.soest.hawaii.edu/erddap/tabledap/global_hourly_fast"
    feed = erddap(
        service(ERDDAP, requests=requests), url, "sea_level", -1.0, constraints={"uhslc_id": 124, "ssc_id": "veni"}
    )
    assert values(feed) == [("22 07:00", 0.543), ("22 09:00", 0.601)]
    url_sent = str(requests[0].url)
    assert url_sent.startswith(f"{url}.json?time,sea_level&uhslc_id=124&ssc_id=%22veni%22&time%3E=2022-11-19T08")
    assert "%3C=2022-11-22T09%3A00%3A00Z" in url_sent


def test_erddap_without_rows_is_no_failure_but_anything_else_is() -> None:
    empty = 'Error {\n code=404;\n message="Not Found: Your query produced no matching results.";\n}\n'
    url = "https://erddap.example/tabledap/gauges"
    assert values(erddap(service(empty, 404), url, "sea_level", 0.0)) == []
    with pytest.raises(FeedError, match="answers 404"):
        values(erddap(service("Unknown datasetID", 404), url, "sea_level", 0.0))
    with pytest.raises(FeedError, match="no table with 'time' and 'level'"):
        values(erddap(service(ERDDAP), url, "level", 0.0))
    unknown = json.loads(json.dumps(ERDDAP).replace("millimeters", "fathoms"))
    with pytest.raises(FeedError, match="has units 'fathoms'"):
        values(erddap(service(unknown), url, "sea_level", 0.0))
    assert values(erddap(service(unknown), url, "sea_level", 0.0, unit="cm"))[0] == ("22 07:00", 15.43)


def test_any_json_is_read_by_its_paths() -> None:
    rows = {"data": [{"t": "2022-11-22T08:00", "v": 120}, {"t": "2022-11-22T09:00", "v": None}, {"t": "x", "v": 1}]}
    parallel = {"hourly": {"time": [1669104000, 1669107600, None], "level": [120, "-999", 7]}}
    url = "https://levels.example/pier?from={since:%Y%m%d%H}&to={until}"
    requests: list[httpx.Request] = []
    local = json_service(service(rows, requests=requests), url, "data.*.t", "data.*.v", "cm", 0.5, time_zone="+01:00")
    assert values(local) == [("22 07:00", 1.7)]
    assert str(requests[0].url) == "https://levels.example/pier?from=2022111908&to=2022-11-22T09:00:00Z"
    unix = json_service(
        service(parallel), url, "hourly.time.*", "hourly.level.*", "cm", 0.0, time_format="unix", missing=(-999.0,)
    )
    assert values(unix) == [("22 08:00", 1.2)]


def test_a_path_gives_one_value_or_one_for_every_element() -> None:
    answer = {"a": [{"b": 1}, {"c": 2}], "d": {"e": [5, 6]}, "f": [[1, 2], [3, 4]]}
    assert find(answer, "a.*.b") == [1, None]
    assert find(answer, "d.e.*") == [5, 6]
    assert find(answer, "f.*.1") == [2, 4]
    assert find(answer, "a.0.b") == [1]
    with pytest.raises(TypeError):
        find(answer, "d.*")
    with pytest.raises(FeedError, match="nothing at 'data'"):
        values(json_service(service({}), "https://x.example", "data", "data", "m", 0.0))
    with pytest.raises(FeedError, match="gives 2 times and 'f' 1 levels"):
        values(json_service(service(answer), "https://x.example", "a.*", "f", "m", 0.0))


def test_text_in_place_of_a_level_is_a_reading_of_nan() -> None:
    feed = json_service(service([{"t": "2022-11-22T08:00Z", "v": "ERR"}]), "https://x.example", "*.t", "*.v", "m", 0.0)
    assert np.isnan(feed.read(NOW - HOUR, NOW)[0].value)


# --- what goes wrong -------------------------------------------------------------------------------------------------


def feeds_of(given: Service) -> list[Feed]:
    return [
        coops(given, "8454000", "MSL", 0.0),
        ioc(given, "veni", 0.0),
        erddap(given, "https://erddap.example/tabledap/gauges", "sea_level", 0.0),
        json_service(given, "https://x.example/{since}", "data.*.t", "data.*.v", "m", 0.0),
    ]


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (httpx.ConnectError("refused"), 200, "gives no answer \\(ConnectError\\)"),
        (httpx.ReadTimeout("slow"), 200, "gives no answer \\(ReadTimeout\\)"),
        ("<html>maintenance</html>", 200, "answers '<html>maintenance</html>', which is no JSON"),
        ("", 503, "answers 503 Service Unavailable"),
        ({"something": "else"}, 200, "Gauge"),
        ([1, 2], 200, "Gauge"),
        (None, 200, "Gauge"),
    ],
)
def test_every_failure_of_a_service_is_a_feed_error_without_secrets(answer: object, status: int, message: str) -> None:
    for feed in feeds_of(service(answer, status)):
        with pytest.raises(FeedError, match=message) as caught:
            feed.read(NOW - HOUR, NOW)
        assert "hush" not in str(caught.value)
        assert "hush" not in repr(feed)


def test_a_redirection_is_named_and_not_followed() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        assert request.url.host != "thief.example"
        return httpx.Response(
            302, headers={"location": "https://thief.example/api?key=1"}, stream=httpx.ByteStream(b"")
        )

    moved = Service("Gauge", httpx.Client(transport=httpx.MockTransport(respond)))
    with pytest.raises(FeedError, match=r"sends to thief\.example/api; give that address"):
        feeds_of(moved)[1].read(NOW - HOUR, NOW)


def test_a_token_is_sent_as_given() -> None:
    requests: list[httpx.Request] = []
    values(ioc(service([], requests=requests), "veni", 0.0))
    assert requests[0].headers["X-Token"] == "hush"


# --- over a real socket ----------------------------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Answers on 127.0.0.1 as its ``respond`` says."""

    respond: Callable[[str, bytes], object]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        content = json.dumps(self.server.respond(self.path, body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            for byte in range(0, len(content), 4096):
                self.wfile.write(content[byte : byte + 4096])
        except BrokenPipeError:
            pass

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(socket_enabled: None) -> Iterator[Server]:
    running = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()


def item(name: str, taken: str, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "sentinel-2", "bbox": [12, 45, 13, 46],
        "geometry": {"type": "Polygon", "coordinates": [[[12, 45], [13, 45], [13, 46], [12, 46], [12, 45]]]},
        "properties": {"datetime": taken, **properties}, "assets": {},
        "links": [{"rel": "self", "href": f"https://stac.example/items/{name}"}],
    }  # fmt: skip


def stac(url: str, collection: str) -> Stac:
    keys = {"kind": "stac", "url": url, "collections": [collection]}
    section = sections.StacStreamSection.model_validate(SCHEDULE | {"name": "scenes"} | keys)
    return Stac(Service("scenes", httpx.Client()), section, (12.0, 45.0, 13.0, 46.0))


def test_stac_gives_scenes_with_cloud_cover_and_url(server: Server) -> None:
    root = f"http://127.0.0.1:{server.server_port}"
    requests: list[dict[str, object]] = []

    def respond(path: str, body: bytes) -> object:
        if urlsplit(path).path == "/search":
            requests.append(json.loads(body) if body else parse_qs(urlsplit(path).query))
            features = [
                item("late", "2022-11-22T08:30:00Z"),
                item("cloudy", "2022-11-20T10:00:00Z", **{"eo:cloud_cover": 62.5}),
            ]
            return {"type": "FeatureCollection", "features": features, "links": []}
        return {
            "type": "Catalog", "stac_version": "1.0.0", "id": "x", "description": "x",
            "conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"],
            "links": [
                {"rel": "self", "href": root}, {"rel": "root", "href": root},
                {"rel": "search", "href": f"{root}/search", "method": "POST", "type": "application/geo+json"},
            ],
        }  # fmt: skip

    server.respond = respond
    feed = stac(root, "sentinel-2-l2a")
    readings = feed.read(NOW - HOUR, NOW)
    assert [(f"{r.time:%d %H:%M}", r.value, r.place) for r in readings] == [
        ("20 10:00", 0.625, "https://stac.example/items/cloudy"),
        ("22 08:30", 0.0, "https://stac.example/items/late"),
    ]
    assert {reading.variable for reading in readings} == {"scene"}
    assert requests[0]["bbox"] == [12.0, 45.0, 13.0, 46.0]
    assert str(requests[0]["datetime"]).startswith("2022-11-12T08:00:00Z/2022-11-22T09:00:00Z")


def test_an_answer_that_is_no_stac_is_refused(server: Server) -> None:
    root = f"http://127.0.0.1:{server.server_port}"
    server.respond = lambda path, body: {"hello": "world"}
    with pytest.raises(FeedError, match="does not answer as a STAC API"):
        stac(root, "a").read(NOW - HOUR, NOW)
    with pytest.raises(FeedError, match=r"scenes.*gives no answer"):
        stac("http://127.0.0.1:9", "a").read(NOW - HOUR, NOW)


def test_a_service_that_never_answers_delays_a_step_by_its_time_limit_only(server: Server) -> None:
    released = threading.Event()
    server.respond = lambda path, body: released.wait(10)
    with httpx.Client(timeout=httpx.Timeout(30.0)) as client:
        feed = json_service(Service("Gauge", client), f"http://127.0.0.1:{server.server_port}", "*.t", "*.v", "m", 0.0)
        answer = FeedClient(feed, EXPECTED, retry_policy=RetryPolicy(timeout=0.3)).poll(NOW - HOUR, NOW)
        released.set()
    assert answer.readings == []
    assert answer.health.note == "Polling failed: no answer within 0.3 s."
