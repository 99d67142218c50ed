"""The API of runs and of the watch: typed, paged, known when it is unchanged, and shut to all but a named person."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import anyio
import numpy as np
import pytest
import rasterio
from fastapi.testclient import TestClient
from httpx import Response
from PIL import Image
from typer.testing import CliRunner

import report_fixtures as coast
from strandline.cli import app as command_line
from strandline.errors import InputError
from strandline.report.canvas import as_rgb
from strandline.report.maps import PROBABILITY_COLOURS, PROBABILITY_EDGES
from strandline.web.api import PREFIX, create_app
from strandline.web.events import entries
from strandline.web.guard import LARGEST_BODY
from strandline.web.languages import LANGUAGES, choose_language, labels
from strandline.web.pictures import CHANGE, SCALES, draw_part
from strandline.web.run_folder import RunFolder, open_runs
from strandline.web.server import prepare
from strandline.web.token import VARIABLE, take_token
from strandline.web.watched import Watched
from web_fixtures import HOUR, START, STREAMS, TOKEN, make_run, make_watch, take_step

STEPS = 5
WORD = {"subject": "20221121T00/0", "person": "Ada Vento", "note": "seen"}
BEARER = {"Authorization": f"Bearer {TOKEN.value}"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    folder = tmp_path_factory.mktemp("runs")
    return {"before": make_run(folder / "before"), "after": make_run(folder / "after", likelier=0.2)}


@pytest.fixture(scope="module")
def watched(runs: dict[str, RunFolder]) -> Iterator[Watched]:
    opened = make_watch(runs["before"], STEPS)
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def client(runs: dict[str, RunFolder], watched: Watched) -> Iterator[TestClient]:
    with client_of(runs, watched) as opened:
        yield opened


@pytest.fixture
def own_watch(runs: dict[str, RunFolder], tmp_path: Path) -> Iterator[Watched]:
    """A watch that a test may write to."""
    (tmp_path / "own").symlink_to(runs["before"].path)
    own = RunFolder("own", tmp_path)
    for name in ("summary.json", "plan.json", "zones.geojson"):
        (tmp_path / name).write_bytes((runs["before"].path / name).read_bytes())
    opened = make_watch(own, STEPS)
    yield opened
    opened.store.close()


def client_of(runs: dict[str, RunFolder], watched: Watched | None) -> TestClient:
    clock = watched.clock if watched else lambda: START
    app = create_app(runs, watched, TOKEN, {"127.0.0.1", "localhost", "::1"}, clock)
    return TestClient(app, base_url="http://127.0.0.1:8000")


def test_every_route_is_of_this_version_and_described(client: TestClient) -> None:
    described = client.get(f"{PREFIX}/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert all(path.startswith(PREFIX) for path in described["paths"])
    service = client.get(PREFIX).json()
    assert service == {"version": described["info"]["version"], "runs": ["before", "after"], "has_watch": True}
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            assert route["description"], (method, path)
            content = route["responses"]["201" if method == "post" else "200"].get("content", {})
            for schema in (each.get("schema") for kind, each in content.items() if kind == "application/json"):
                assert schema, f"{path} says nothing of what it answers"


def test_only_a_confirmation_writes(client: TestClient) -> None:
    paths = client.get(f"{PREFIX}/openapi.json").json()["paths"]
    writing = {(method, path) for path, methods in paths.items() for method in methods if method != "get"}
    assert writing == {("post", f"{PREFIX}/watch/confirmations")}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.request(method, f"{PREFIX}/runs/before").status_code == 405
        assert client.request(method, f"{PREFIX}/watch/log").status_code == 405


def test_a_run_says_its_headlines_with_their_bounds(client: TestClient, runs: dict[str, RunFolder]) -> None:
    run = client.get(f"{PREFIX}/runs/before").json()
    assert run["region"] == "Mouth of the Sella"
    assert run["provenance"] == "simulated"
    assert run["started"] == "2026-03-02T09:15:00Z"
    damage = run["damage_per_year"]
    assert damage["p10"] < damage["p50"] < damage["p90"]
    assert run["unknown_assets"] == 1
    assert 0 < run["unknown_share"] < 1
    assert [level["return_period"] for level in run["return_levels"]] == list(coast.PERIODS)
    assert client.get(f"{PREFIX}/runs/nowhere").status_code == 404


def test_what_is_unknown_is_null_and_never_zero(client: TestClient) -> None:
    assets = everything(client, f"{PREFIX}/runs/before/assets")
    damage = [asset["properties"]["expected_annual_damage_p50"] for asset in assets]
    assert damage.count(None) == 1
    rows = client.get(f"{PREFIX}/runs/before/surge?limit=1000").json()["items"]
    assert sum(row["observed"] is None for row in rows) > 0
    outlook = client.get(f"{PREFIX}/watch/outlook").json()["rows"]
    assert "marsh" not in {row["zone"] for row in outlook}
    assert {zone["properties"]["zone"] for zone in everything(client, f"{PREFIX}/runs/before/zones")} >= {"marsh"}


@pytest.mark.parametrize(
    "path",
    ["/runs", "/runs/before/actions", "/runs/before/assets", "/runs/before/zones", "/runs/before/surge",
     "/watch/readings", "/watch/decisions", "/watch/alerts", "/watch/health/history", "/watch/outlook/history",
     "/watch/log"],
)  # fmt: skip
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_put_together_are_the_whole(client: TestClient, path: str, limit: int) -> None:
    whole = client.get(f"{PREFIX}{path}?limit=1000").json()
    assert whole["next"] is None
    assert len(whole["items"]) > 1
    if path == "/runs/before/surge":  # 86 rows one by one take a second
        whole["items"], limit = whole["items"], 40 * limit
    assert everything(client, f"{PREFIX}{path}", limit) == whole["items"]


@pytest.mark.parametrize("cursor", ["?", "AAAA", "MjAyMi0xMS0yMQ", "LTE", "é"])
def test_a_cursor_that_no_page_gave_is_refused(client: TestClient, cursor: str) -> None:
    for path in ("/runs", "/watch/decisions", "/watch/log"):
        answer = client.get(f"{PREFIX}{path}", params={"cursor": cursor})
        assert answer.status_code == 422
        assert "leave it out" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["/runs", "/runs/before", "/runs/before/actions", "/runs/before/assets", "/runs/before/layers",
     "/runs/before/layers/flood_probability/1.png", "/runs/before/products", "/runs/before/products/plan.md",
     "/runs/before/compared/after", "/watch/outlook", "/watch/log", "/watch/health"],
)  # fmt: skip
def test_what_is_known_already_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(PREFIX + path)
    assert first.status_code == 200
    again = client.get(PREFIX + path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(f"{PREFIX}{path}?limit=1", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200, "another question has another answer"


def test_a_step_and_a_confirmation_make_new_what_was_known(runs: dict[str, RunFolder], own_watch: Watched) -> None:
    with client_of(runs, own_watch) as client:
        known = client.get(f"{PREFIX}/watch/health").headers["etag"]
        take_step(own_watch.store, STEPS, "silent")
        answer = client.get(f"{PREFIX}/watch/health", headers={"If-None-Match": known})
        assert {each["stream"]: each["condition"] for each in answer.json()}[STREAMS[0]] == "silent"
        known = client.get(f"{PREFIX}/watch/pending").headers["etag"]
        own_watch.store.confirm(WORD["subject"], "Ada Vento", "", START + HOUR)
        assert client.get(f"{PREFIX}/watch/pending", headers={"If-None-Match": known}).status_code == 200


def test_a_file_that_changed_is_sent_anew(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    with client_of({"run": run}, None) as client:
        known = client.get(f"{PREFIX}/runs/run").headers["etag"]
        summary = json.loads((run.path / "summary.json").read_text())
        summary["region"]["name"] = "another place"
        (run.path / "summary.json").write_text(json.dumps(summary))
        answer = client.get(f"{PREFIX}/runs/run", headers={"If-None-Match": known})
        assert answer.json()["region"] == "another place"


def test_products_are_sent_as_they_are(client: TestClient, runs: dict[str, RunFolder]) -> None:
    products = client.get(f"{PREFIX}/runs/before/products").json()
    names = {product["name"] for product in products}
    assert {"summary.json", "flood_depth.tif", "plan.json", "surge.csv", "zones.geojson"} <= names
    assert "watch.db" not in names
    for product in products:
        answer = client.get(f"{PREFIX}/runs/before/products/{product['name']}")
        assert answer.content == (runs["before"].path / product["name"]).read_bytes()
        assert answer.headers["content-type"] == product["media_type"]
        assert answer.headers["content-disposition"].startswith("attachment")
        assert len(answer.content) == product["bytes"]


@pytest.mark.parametrize(
    "name",
    ["../summary.json", "..%2Fsummary.json", "%2e%2e/after/summary.json", "..%252f..%252fetc/passwd", "/etc/passwd",
     "//etc/passwd", "watch.db", "own.txt", "alerts/%2e%2e/plan.json", "alerts/..%2f..%2fafter%2fplan.json",
     "alerts/x.xml/%2e%2e/%2e%2e/plan.json", "summary.json%00", "summary.json/", "SUMMARY.JSON", "linked.xml", "%2e",
     "alerts/linked.xml", "..\\summary.json", "alerts"],
)  # fmt: skip
def test_only_listed_names_of_the_folder_are_handed_out(
    client: TestClient, runs: dict[str, RunFolder], name: str
) -> None:
    folder = runs["before"].path
    (folder / "own.txt").write_text("private")
    (folder / "alerts").mkdir(exist_ok=True)
    link = folder / "alerts" / "linked.xml"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    answer = client.get(f"{PREFIX}/runs/before/products/{name}", follow_redirects=False)
    assert answer.status_code == 404, name
    assert b"root:" not in answer.content


@pytest.mark.parametrize("run", ["%2e%2e", "%2e", "before%2f..%2fafter", "before%5c..%5cafter", "BEFORE", "nowhere"])
def test_a_run_is_one_of_those_that_are_served(client: TestClient, run: str) -> None:
    assert client.get(f"{PREFIX}/runs/{run}/products/summary.json").status_code in (404, 422)


def test_nobody_confirms_without_the_token(runs: dict[str, RunFolder], own_watch: Watched) -> None:
    before = own_watch.head()
    with client_of(runs, own_watch) as client:
        for given in (None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN.value}", f"Bearer {TOKEN.value}x", "Bearer é"):
            headers = {} if given is None else {"Authorization": given.encode("latin-1")}
            answer = client.post(f"{PREFIX}/watch/confirmations", json=WORD, headers=headers)
            assert answer.status_code == 401, given
            assert answer.headers["www-authenticate"] == "Bearer"
    assert own_watch.head() == before


def test_a_named_person_confirms_and_it_stands_in_the_log(
    runs: dict[str, RunFolder], own_watch: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(runs, own_watch) as client:
        answer = client.post(f"{PREFIX}/watch/confirmations", json=WORD, headers=BEARER)
        assert answer.status_code == 201
        assert answer.json()["is_delivered"]
        last = everything(client, f"{PREFIX}/watch/log")[-1]
        assert (last["kind"], last["data"]["person"], last["data"]["subject"]) == (
            "confirmation", "Ada Vento", WORD["subject"],
        )  # fmt: skip
        decided = everything(client, f"{PREFIX}/watch/decisions")[0]
        assert [each["person"] for each in decided["confirmations"]] == ["Ada Vento"]
        assert not list(own_watch.alerts.glob("confirmed/*")), "a decision is no warning"
        client.post(f"{PREFIX}/watch/confirmations", json={**WORD, "subject": "sella-20221121T00"}, headers=BEARER)
        assert [each.name for each in own_watch.alerts.glob("confirmed/*")] == ["sella-20221121T00.xml"]
    own_watch.store.verify_log()
    own_watch.store.verify_contents()
    assert TOKEN.value not in caplog.text


def test_a_word_given_while_the_watch_steps_is_delivered_by_the_watch(
    runs: dict[str, RunFolder], own_watch: Watched
) -> None:
    with client_of(runs, own_watch) as client, own_watch.store.step(START + STEPS * HOUR):
        answer = client.post(f"{PREFIX}/watch/confirmations", json=WORD, headers=BEARER)
    assert (answer.status_code, answer.json()["is_delivered"]) == (201, False)


@pytest.mark.parametrize(
    "word",
    [{**WORD, "person": "  "}, {**WORD, "subject": "20221121T00/9"}, {**WORD, "by": "x"}, {"person": "Ada Vento"},
     {**WORD, "note": "x" * 2001}, {**WORD, "person": "a\0b"}, [], "yes"],
)  # fmt: skip
def test_a_word_that_says_too_little_or_too_much_is_refused(client: TestClient, watched: Watched, word: object) -> None:
    before = watched.head()
    answer = client.post(f"{PREFIX}/watch/confirmations", json=word, headers=BEARER)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert watched.head() == before


def test_a_large_body_is_refused_whether_its_length_is_told_or_not(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (LARGEST_BODY // 2)

    url = f"{PREFIX}/watch/confirmations"
    assert client.post(url, content=b" " * (LARGEST_BODY + 1), headers=BEARER).status_code == 413
    assert client.post(url, content=pieces(), headers=BEARER).status_code == 413
    assert client.request("GET", PREFIX, content=b" " * (LARGEST_BODY + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/", PREFIX, f"{PREFIX}/runs/nowhere", "/nowhere", f"{PREFIX}/watch/outlook"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path, headers={"Origin": "https://evil.example"}).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy, "no outside origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert not [name for name in headers if name.startswith("access-control-")]


def test_the_report_is_shown_without_scripts(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run.path / "report.html").write_text("<!doctype html><title>Report</title>")
    with client_of({"run": run}, None) as client:
        answer = client.get(f"{PREFIX}/runs/run/products/report.html")
        assert answer.headers["content-disposition"].startswith("inline")
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("localhost:8000", 200), ("[::1]:8000", 200), ("LOCALHOST", 200), ("evil.example", 421),
     ("127.0.0.1.evil.example", 421), ("", 421), ("[::1", 200), ("evil.example:127.0.0.1", 421)],
)  # fmt: skip
def test_only_known_hosts_are_answered(client: TestClient, host: str, status: int) -> None:
    assert client.get(PREFIX, headers={"Host": host}).status_code == status


def test_a_picture_shows_the_class_of_each_cell_and_hatches_what_is_unknown(runs: dict[str, RunFolder]) -> None:
    path = runs["before"].path / "flood_probability.tif"
    with rasterio.open(path) as raster:
        values, transform = raster.read(1), raster.transform
    corners = draw_corners(path)
    picture = pixels(draw_part(path, 1, SCALES["flood_probability"], corners, 480, 400))
    west, south, east, north = corners
    seen = {"unknown": 0, "low": 0, "class": 0}
    for row in range(1, values.shape[0] - 1, 3):
        for column in range(1, values.shape[1] - 1, 3):
            around = values[row - 1 : row + 2, column - 1 : column + 2]
            x, y = rasterio.warp.transform(
                "EPSG:32633", "EPSG:4326", *([each] for each in transform * (column + 0.5, row + 0.5))
            )
            at = int((north - y[0]) / (north - south) * 400), int((x[0] - west) / (east - west) * 480)
            pixel, value = picture[at], values[row, column]
            if np.isnan(around).all():
                seen["unknown"] += 1
                assert tuple(pixel[:3]) not in COLOURS
            elif not np.isnan(value) and value < PROBABILITY_EDGES[0]:
                seen["low"] += 1
                assert pixel[3] == 0
            elif not np.isnan(value):
                seen["class"] += 1
                assert tuple(pixel[:3]) == COLOURS[np.digitize(value, PROBABILITY_EDGES[:-1]) - 1]
    assert min(seen.values()) > 3, seen
    hatched = picture[10:40, 440:470, 3]  # the unsurveyed corner
    assert 0 < (hatched > 0).mean() < 0.5, "lines, and nothing between them"


COLOURS = [tuple(int(each) for each in np.round(as_rgb(colour) * 255)) for colour in PROBABILITY_COLOURS]


def test_tiles_beside_the_raster_are_hatched_and_those_within_it_join(client: TestClient) -> None:
    tiles = f"{PREFIX}/runs/before/layers/flood_probability/1"
    beside = pixels(client.get(f"{tiles}/14/0/0.png").content)
    assert beside.shape == (256, 256, 4)
    assert 0 < (beside[..., 3] > 0).mean() < 0.5
    assert (beside[:, -8:, 3] == beside[:, :8, 3]).all(), "hatches go on from tile to tile"
    layer = client.get(f"{PREFIX}/runs/before/layers").json()[0]
    west, south, east, north = layer["bounds"]
    x = int((west + east) / 2 / 360 * 2**14 + 2**13)
    y = int((1 - np.arcsinh(np.tan(np.radians((south + north) / 2))) / np.pi) * 2**13)
    within = pixels(client.get(layer["tiles"].format(z=14, x=x, y=y)).content)
    assert set(map(tuple, within[within[..., 3] == 255][:, :3])) <= set(COLOURS)
    assert (within[..., 3] == 255).any()
    for wrong in (f"{tiles}/2/4/0.png", f"{PREFIX}/runs/before/layers/flood_probability/99.png",
                  f"{PREFIX}/runs/before/layers/elevation/1.png"):  # fmt: skip
        assert client.get(wrong).status_code == 404
    for box in ("1,2,3", "a,b,c,d", "10,50,9,51", "nan,0,1,1", "0,0,999,1"):
        assert client.get(f"{tiles}.png?bbox={box}").status_code == 422, box
    assert client.get(f"{tiles}.png?width=100000").status_code == 422


def test_layers_name_what_their_bands_are_about(client: TestClient) -> None:
    layers = client.get(f"{PREFIX}/runs/before/layers").json()
    depths = [layer for layer in layers if layer["quantity"] == "flood_depth"]
    assert [(each["return_period"], each["percentile"]) for each in depths[:4]] == [(2, 10), (2, 50), (2, 90), (5, 10)]
    assert {layer["quantity"] for layer in layers} == set(SCALES)
    assert all(client.get(layer["image"]).headers["content-type"] == "image/png" for layer in layers[:3])


def test_the_comparison_is_the_second_run_less_the_first(client: TestClient, runs: dict[str, RunFolder]) -> None:
    found = client.get(f"{PREFIX}/runs/before/compared/after").json()
    first, second = (rasterio.open(runs[name].path / "flood_probability.tif").read(1) for name in ("before", "after"))
    change = second - first
    flood = found["flood"][0]
    assert flood["mean"] == pytest.approx(np.nanmean(change), abs=1e-6)
    assert flood["likelier"] == pytest.approx((change[~np.isnan(change)] >= 0.05).mean(), abs=1e-9)
    assert flood["less_likely"] == 0
    assert flood["known_in_both"] == pytest.approx((~np.isnan(change)).mean())
    assert found["damage_overlaps"] is True
    assert {action["kind"] for action in found["actions"]} == {
        "evacuate_low_lying_areas",
        "raise_embankment",
        "home_raise",
    }
    assert found["actions"][0]["priority"] == [1, 1]
    picture = pixels(client.get(flood["image"]).content)
    painted = {tuple(each) for each in picture[picture[..., 3] == 255][:, :3]}
    likelier = [tuple(int(c) for c in np.round(as_rgb(colour) * 255)) for colour in CHANGE.colours[3:]]
    assert painted <= set(likelier)
    nothing = client.get(f"{PREFIX}/runs/before/compared/before").json()["flood"][0]
    assert (nothing["mean"], nothing["likelier"], nothing["less_likely"]) == (0, 0, 0)


def test_two_places_are_not_compared(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    other = make_run(tmp_path / "other")
    summary = json.loads((other.path / "summary.json").read_text())
    summary["region"]["name"] = "elsewhere"
    (other.path / "summary.json").write_text(json.dumps(summary))
    with client_of({**runs, "other": other}, None) as client:
        answer = client.get(f"{PREFIX}/runs/before/compared/other")
        assert answer.status_code == 422
        assert "one place" in answer.json()["detail"]


def test_events_tell_what_is_new_and_nothing_twice(own_watch: Watched) -> None:
    last = own_watch.head()[0]

    async def hear() -> list[tuple[str | None, int]]:
        stream, heard = entries(own_watch, last - 1, anyio.Event()), []
        async with asyncio.timeout(10):
            for number in range(3):
                event = await anext(stream)
                heard.append((event.event, int(event.id or 0) - last))
                if number == 1:
                    take_step(own_watch.store, STEPS)
        return heard

    assert asyncio.run(hear()) == [("open", -1), ("entry", 0), ("entry", 1)]


def test_without_a_watch_its_routes_are_missing_and_the_page_says_so(runs: dict[str, RunFolder]) -> None:
    with client_of(runs, None) as client:
        assert client.get(f"{PREFIX}/watch/outlook").status_code == 404
        assert client.post(f"{PREFIX}/watch/confirmations", json=WORD, headers=BEARER).status_code == 404
        assert labels("en")["no_watch"] in Words.of(client.get("/"))


def test_before_the_first_step_the_page_says_so(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    empty = RunFolder("before", runs["before"].path)
    watch = make_watch(RunFolder("x", tmp_path), 0)
    with client_of({"before": empty}, Watched(empty, watch.store, watch.clock, watch.alerts)) as client:
        assert client.get(f"{PREFIX}/watch").json()["hour"] is None
        assert client.get(f"{PREFIX}/watch/outlook").json() is None
        assert labels("en")["no_steps"] in Words.of(client.get("/"))
    watch.store.close()


def test_the_page_says_what_matters_without_a_script(client: TestClient) -> None:
    page = Words.of(client.get("/", headers={"Accept-Language": "en"}))
    for words in (
        "Flood risk at Mouth of the Sella", "SIMULATED", "Sea level now", "0.70 m", "0.40 m to 0.80 m",
        "Evacuate low-lying areas", "a chance of 42% that the sea passes 1.18 m", "a chance below 10 %",
        "Sella mole", "alive", "1 unknown, not dry", "marsh", "unknown", "flood_depth.tif", "Raise the embankment",
        "The gauge was silent at the peak of the last storm.",
    ):  # fmt: skip
        assert words in page, words
    assert "old. The watch" not in page


def test_an_old_picture_is_called_old(runs: dict[str, RunFolder], watched: Watched) -> None:
    late = replace(watched, clock=lambda: START + 12 * HOUR)
    with client_of(runs, late) as client:
        assert "This picture is old. The watch last spoke 8 h ago." in Words.of(client.get("/?lang=en"))
        assert client.get(f"{PREFIX}/watch").json()["age_hours"] == pytest.approx(8)


def test_names_are_never_code(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script>"
    run = make_run(tmp_path / "run")
    for name in ("summary.json", "plan.json", "zones.geojson"):
        text = (run.path / name).read_text()
        (run.path / name).write_text(text.replace("Mouth of the Sella", nasty).replace("old town", nasty))
    watch = make_watch(run, 1)
    watch.store.confirm(WORD["subject"], nasty, nasty, START)
    with client_of({"run": run}, watch) as client:
        text = client.get("/").text
        assert nasty not in text
        assert text.count("&lt;script&gt;alert(1)") >= 3
    watch.store.close()


def test_scripts_and_styles_are_compressed_and_kept_for_ever(client: TestClient) -> None:
    edition = client.get("/").text.partition("/static/")[2].partition("/")[0]
    for name in ("dashboard.css", "dashboard.js", "plotly.min.js"):
        answer = client.get(f"/static/{edition}/{name}", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
        plain = client.get(f"/static/{edition}/{name}", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content
    assert client.get(f"/static/{edition}/../page.py").status_code == 404
    assert client.get(f"/static/{edition}/en.toml").status_code == 404


def test_the_first_view_is_light(client: TestClient) -> None:
    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    edition = page.text.partition("/static/")[2].partition("/")[0]
    names = [each for each in page.text.split('"') if each.startswith(f"/static/{edition}/")]
    assert not [name for name in names if "plotly" in name], "charts come when they are near"
    sent = [page, *(client.get(name) for name in names)]
    assert sum(int(answer.headers["content-length"]) for answer in sent) < 60_000


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_catalogues_say_the_same_things(language: str) -> None:
    english, other = labels("en"), labels(language)
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert fields(other[key]) == fields(text), key
    same = [key for key in english if other[key] == english[key]]
    assert len(same) <= 3, same


def fields(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [(None, "", "en"), ("vi", "bn", "vi"), ("xx", "bn", "bn"), (None, "fr, bn-BD;q=0.7, vi;q=0.9", "vi"),
     (None, "bn;q=0, vi;q=0.1", "vi"), (None, "*", "en"), (None, "vi;q=x," * 200, "en"), ("../en", "", "en")],
)  # fmt: skip
def test_the_reader_s_language_is_found(asked: str | None, accepted: str, language: str) -> None:
    assert choose_language(asked, accepted) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_each_language(client: TestClient, language: str) -> None:
    page = client.get(f"/?lang={language}")
    assert f'<html lang="{language}">' in page.text
    assert labels(language)["actions"] in Words.of(page)
    assert page.headers["content-language"] == language


def test_the_token_is_hard_to_guess_and_hard_to_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    one, other = take_token(), take_token()
    assert one.value != other.value
    assert len(one.value) >= 40
    assert one.is_new
    assert one.value not in repr(one)
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(InputError, match="shorter than 20") as refused:
        take_token()
    assert "short" not in str(refused.value).replace("shorter", "")
    monkeypatch.setenv(VARIABLE, "x" * 24)
    assert take_token() == type(one)("x" * 24, is_new=False)


def test_folders_that_hold_no_run_and_stores_that_are_not_there_are_refused(
    runs: dict[str, RunFolder], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="holds no finished run"):
        open_runs([tmp_path])
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(InputError, match=r"summary.json: cannot be read"):
        open_runs([tmp_path])
    with pytest.raises(InputError, match="no such store"):
        prepare([runs["after"].path], str(tmp_path / "no.db"), "127.0.0.1", [])
    assert not (tmp_path / "no.db").exists()
    assert prepare([runs["after"].path], None, "127.0.0.1", []).token is None
    with pytest.raises(InputError, match="no run is named"):
        prepare([], None, "127.0.0.1", [])
    assert list(open_runs([runs["after"].path, runs["after"].path])) == ["after", "after-2"]


def test_the_command_explains_itself_and_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = CliRunner().invoke(command_line, ["serve", "--help"])
    assert "127.0.0.1" in shown.output
    monkeypatch.setitem(__import__("sys").modules, "strandline.web.server", None)
    refused = CliRunner().invoke(command_line, ["serve"])
    assert isinstance(refused.exception, InputError)
    assert "strandline[serve]" in str(refused.exception)


def everything(client: TestClient, url: str, limit: int = 1000) -> list[dict]:
    """All items, page by page."""
    items, cursor = [], None
    while True:
        page = client.get(url, params={"limit": limit} | ({"cursor": cursor} if cursor else {})).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


def draw_corners(path: Path) -> tuple[float, float, float, float]:
    from strandline.web.pictures import corners_of

    return corners_of(path)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


class Words(HTMLParser):
    """The text of a page, without its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self._is_code = "", False

    @classmethod
    def of(cls, answer: Response) -> str:
        parser = cls()
        parser.feed(answer.text)
        return " ".join(parser.text.replace("\N{NO-BREAK SPACE}", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_code = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._is_code = False

    def handle_data(self, data: str) -> None:
        if not self._is_code:
            self.text += data
