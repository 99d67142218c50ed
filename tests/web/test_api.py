"""The API of runs and of the watch: typed, paged, known when it is unchanged, and shut to all but a named person."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from typer.testing import CliRunner

import tests.fixtures.reports as coast
from strandline.cli.main import app as command_line
from strandline.errors import InputError
from strandline.watch.store import Busy, Store
from strandline.web.api import server_sent_events as events
from strandline.web.api.security import MAX_BODY_SIZE
from strandline.web.api.server_sent_events import OpenStreams, log_events
from strandline.web.api.token import ENVIRONMENT_VARIABLE, load_token
from strandline.web.app import PREFIX
from strandline.web.run_folder import RunFolder, open_runs
from strandline.web.server import listening, prepare
from strandline.web.watch_view import WatchView
from tests.fixtures.web import DECISION, HOUR, START, STREAMS, TOKEN, client_of, make_run, make_watch, take_step

STEPS = 5
WORD = {"subject": DECISION, "person": "Ada Vento", "note": "seen"}
BEARER = {"Authorization": f"Bearer {TOKEN.value}"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    folder = tmp_path_factory.mktemp("runs")
    return {"before": make_run(folder / "before"), "after": make_run(folder / "after", likelier=0.2)}


@pytest.fixture(scope="module")
def watched(runs: dict[str, RunFolder]) -> Iterator[WatchView]:
    opened = make_watch(runs["before"], STEPS)
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def client(runs: dict[str, RunFolder], watched: WatchView) -> Iterator[TestClient]:
    with client_of(runs, watched) as opened:
        yield opened


@pytest.fixture
def own_watch(runs: dict[str, RunFolder], tmp_path: Path) -> Iterator[WatchView]:
    """A watch that a test may write to."""
    (tmp_path / "own").symlink_to(runs["before"].path)
    own = RunFolder("own", tmp_path)
    for name in ("summary.json", "plan.json", "zones.geojson"):
        (tmp_path / name).write_bytes((runs["before"].path / name).read_bytes())
    opened = make_watch(own, STEPS)
    yield opened
    opened.store.close()


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
    forecast = client.get(f"{PREFIX}/watch/forecast").json()["rows"]
    assert "marsh" not in {row["zone"] for row in forecast}
    assert {zone["properties"]["zone"] for zone in everything(client, f"{PREFIX}/runs/before/zones")} >= {"marsh"}


@pytest.mark.parametrize(
    "path",
    ["/runs", "/runs/before/actions", "/runs/before/assets", "/runs/before/zones", "/runs/before/surge",
     "/watch/readings", "/watch/decisions", "/watch/alerts", "/watch/health/history", "/watch/forecast/history",
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
     "/runs/before/compared/after", "/watch/forecast", "/watch/log", "/watch/health"],
)  # fmt: skip
def test_what_is_known_already_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(PREFIX + path)
    assert first.status_code == 200
    again = client.get(PREFIX + path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(f"{PREFIX}{path}?limit=1", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200, "another question has another answer"


def test_a_step_and_a_confirmation_make_new_what_was_known(runs: dict[str, RunFolder], own_watch: WatchView) -> None:
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


def test_nobody_confirms_without_the_token(runs: dict[str, RunFolder], own_watch: WatchView) -> None:
    before = own_watch.head()
    with client_of(runs, own_watch) as client:
        for given in (None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN.value}", f"Bearer {TOKEN.value}x", "Bearer é"):
            headers = {} if given is None else {"Authorization": given.encode("latin-1")}
            answer = client.post(f"{PREFIX}/watch/confirmations", json=WORD, headers=headers)
            assert answer.status_code == 401, given
            assert answer.headers["www-authenticate"] == "Bearer"
    assert own_watch.head() == before


def test_a_named_person_confirms_and_it_stands_in_the_log(
    runs: dict[str, RunFolder], own_watch: WatchView, caplog: pytest.LogCaptureFixture
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
    runs: dict[str, RunFolder], own_watch: WatchView
) -> None:
    with client_of(runs, own_watch) as client, own_watch.store.step(START + STEPS * HOUR):
        answer = client.post(f"{PREFIX}/watch/confirmations", json=WORD, headers=BEARER)
    assert (answer.status_code, answer.json()["is_delivered"]) == (201, False)


@pytest.mark.parametrize(
    "word",
    [{**WORD, "person": "  "}, {**WORD, "subject": "20221121T00/9"}, {**WORD, "by": "x"}, {"person": "Ada Vento"},
     {**WORD, "note": "x" * 2001}, {**WORD, "person": "a\0b"}, [], "yes"],
)  # fmt: skip
def test_a_confirmation_with_missing_or_extra_fields_is_refused(
    client: TestClient, watched: WatchView, word: object
) -> None:
    before = watched.head()
    answer = client.post(f"{PREFIX}/watch/confirmations", json=word, headers=BEARER)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert watched.head() == before


def test_a_large_body_is_refused_whether_its_length_is_told_or_not(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b" " * (MAX_BODY_SIZE // 2)

    url = f"{PREFIX}/watch/confirmations"
    assert client.post(url, content=b" " * (MAX_BODY_SIZE + 1), headers=BEARER).status_code == 413
    assert client.post(url, content=pieces(), headers=BEARER).status_code == 413
    assert client.request("GET", PREFIX, content=b" " * (MAX_BODY_SIZE + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/", PREFIX, f"{PREFIX}/runs/nowhere", "/nowhere", f"{PREFIX}/watch/forecast"])
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


def test_return_levels_and_the_forecast_of_the_peak_are_parts_of_a_run(client: TestClient) -> None:
    levels = client.get(f"{PREFIX}/runs/before/return-levels").json()
    assert levels == client.get(f"{PREFIX}/runs/before").json()["return_levels"]
    rows = client.get(f"{PREFIX}/runs/before/surge?limit=1000").json()["items"]
    peak = client.get(f"{PREFIX}/runs/before/surge?limit=1000&peak=true").json()["items"]
    assert len({row["issue_time"] for row in peak}) == 1 < len({row["issue_time"] for row in rows})
    highest = max(row["observed"] for row in rows if row["observed"] is not None)
    assert highest == max(row["observed"] for row in peak if row["observed"] is not None)


def test_beliefs_of_the_past_are_given_by_lead(client: TestClient) -> None:
    hours = client.get(f"{PREFIX}/watch/forecast/history?lead_hours=6").json()["items"]
    assert len(hours) == STEPS
    assert all([row["lead_hours"] for row in hour["rows"]] == [6] for hour in hours)
    zoned = f"{PREFIX}/watch/forecast/history?since=2022-11-21T03:00:00%2B02:00"
    assert len(client.get(zoned).json()["items"]) == STEPS - 1, "a time with a zone is that moment"


def test_a_run_without_zones_has_none_and_one_with_a_damaged_file_says_so_without_its_place(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run.path / "zones.geojson").unlink()
    with client_of({"run": run}, None) as client:
        assert client.get(f"{PREFIX}/runs/run/zones").json()["items"] == []
        (run.path / "plan.json").write_text("{")
        answer = client.get(f"{PREFIX}/runs/run/actions")
        assert answer.status_code == 422
        assert "run `strandline run` again" in answer.json()["detail"]
        assert str(tmp_path) not in answer.text


def test_a_busy_store_asks_to_come_again(
    runs: dict[str, RunFolder], own_watch: WatchView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise Busy("watch.db", "another program has been writing for 5 s")

    monkeypatch.setattr(type(own_watch.store), "confirm", busy)
    before = own_watch.head()
    with client_of(runs, own_watch) as client:
        answer = client.post(f"{PREFIX}/watch/confirmations", json=WORD, headers=BEARER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "the store is busy; try again"
    assert own_watch.head() == before


def test_only_so_many_streams_of_events_are_open_at_once(watched: WatchView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_OPEN_STREAMS", 1)
    last = watched.head()[0]

    async def visit() -> None:
        streams = OpenStreams()
        first = await streams.open(watched, str(last - 1))
        heard = aiter(first.body_iterator)
        assert (await anext(heard)).id == str(last - 1), "it goes on where the reader was"
        with pytest.raises(HTTPException) as refused:
            await streams.open(watched, None)
        assert (refused.value.status_code, refused.value.headers) == (503, {"Retry-After": "30"})
        await heard.aclose()
        await streams.open(watched, "not a number")

    asyncio.run(visit())


def test_events_tell_what_is_new_and_nothing_twice(own_watch: WatchView) -> None:
    last = own_watch.head()[0]

    async def hear() -> list[tuple[str | None, int]]:
        stream, heard = log_events(own_watch, last - 1, anyio.Event()), []
        async with asyncio.timeout(10):
            for number in range(3):
                event = await anext(stream)
                heard.append((event.event, int(event.id or 0) - last))
                if number == 1:
                    take_step(own_watch.store, STEPS)
        return heard

    assert asyncio.run(hear()) == [("open", -1), ("entry", 0), ("entry", 1)]


def test_without_a_watch_its_routes_are_missing(runs: dict[str, RunFolder]) -> None:
    with client_of(runs, None) as client:
        assert client.get(f"{PREFIX}/watch/forecast").status_code == 404
        assert client.post(f"{PREFIX}/watch/confirmations", json=WORD, headers=BEARER).status_code == 404


def test_before_the_first_step_there_is_neither_hour_nor_forecast(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    with client_of(
        {"before": runs["before"]}, watch := make_watch(runs["before"], 0, Store.open(tmp_path / "x.db"))
    ) as client:
        assert client.get(f"{PREFIX}/watch").json()["hour"] is None
        assert client.get(f"{PREFIX}/watch/forecast").json() is None
    watch.store.close()


def test_the_watch_tells_the_age_of_its_word(runs: dict[str, RunFolder], watched: WatchView) -> None:
    with client_of(runs, replace(watched, clock=lambda: START + 12 * HOUR)) as client:
        assert client.get(f"{PREFIX}/watch").json()["age_hours"] == pytest.approx(8)


def test_the_token_is_hard_to_guess_and_hard_to_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    one, other = load_token(), load_token()
    assert one.value != other.value
    assert len(one.value) >= 40
    assert one.is_new
    assert one.value not in repr(one)
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "short")
    with pytest.raises(InputError, match="shorter than 20") as refused:
        load_token()
    assert "short" not in str(refused.value).replace("shorter", "")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "x" * 24)
    assert load_token() == type(one)("x" * 24, is_new=False)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_folders_without_a_run_stores_that_are_not_there_and_ports_that_are_taken_are_refused(
    runs: dict[str, RunFolder], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="holds no finished run"):
        open_runs([tmp_path])
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(InputError, match=r"summary.json: cannot be read"):
        open_runs([tmp_path])
    (tmp_path / "summary.json").write_text('{"familiarity": null}')
    with pytest.raises(InputError, match=r"written by an older version; run `strandline run` again"):
        open_runs([tmp_path])
    with pytest.raises(InputError, match="no such store"):
        prepare([runs["after"].path], str(tmp_path / "no.db"), "127.0.0.1", [])
    assert not (tmp_path / "no.db").exists()
    assert prepare([runs["after"].path], None, "127.0.0.1", []).token is None
    with pytest.raises(InputError, match="no run is given"):
        prepare([], None, "127.0.0.1", [])
    with listening("127.0.0.1", 0) as (address, _):
        taken = int(address.rstrip("/").rpartition(":")[2])
        with pytest.raises(InputError, match=f"{taken}: cannot be bound"), listening("127.0.0.1", taken):
            pass
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
