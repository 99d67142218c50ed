"""The page before a script runs: complete, in each language, and small."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from benchmarks.agent.scripted_watch import ALONE
from strandline.watch.store import Store
from strandline.watch.store.records import Acknowledgement, Outgoing
from strandline.web.app import PREFIX
from strandline.web.dashboard.i18n import LANGUAGES, labels
from strandline.web.dashboard.static_files import MAP_MODULES, load_static_file
from strandline.web.run_folder import RunFolder
from strandline.web.watch_view import WatchView
from tests.fixtures.web import ADA, BO, DECISION, HOUR, START, client_of, make_run, make_watch

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return make_run(tmp_path_factory.mktemp("runs") / "before")


@pytest.fixture(scope="module")
def watched(run: RunFolder) -> Iterator[WatchView]:
    opened = make_watch(run, 5)
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def client(run: RunFolder, watched: WatchView) -> Iterator[TestClient]:
    with client_of({"before": run}, watched) as opened:
        yield opened


def test_the_page_shows_what_matters_without_a_script(client: TestClient) -> None:
    page = PageText.of(client.get("/", headers={"Accept-Language": "en"}))
    for part in (
        "Flood risk at Mouth of the Sella", "SIMULATED", "Sea level now", "0.70 m", "0.40 m to 0.80 m",
        "Evacuate low-lying areas", "a chance of 42% that the sea level exceeds 1.18 m", "a chance below 10 %",
        "Sella mole", "working", "1 unknown, not dry", "marsh", "unknown", "flood_depth.tif", "Raise the embankment",
        "The gauge was silent at the peak of the last storm.",
    ):  # fmt: skip
        assert part in page, part
    assert "out of date" not in page


def test_the_tile_has_the_chance_of_the_level_and_the_card_that_of_its_action(client: TestClient) -> None:
    text = client.get("/?lang=en").text.partition('<section id="now"')[2]
    tile = text.partition("Chance to exceed")[2].partition("</li>")[0]
    card = text.partition(f'data-decision="{DECISION}"')[2].partition("</li>")[0]
    assert ">50 %<" in tile, "of the highest sea within two days"
    assert ">42 %<" in card


def test_the_page_lists_the_plan_in_its_own_order_with_what_is_done_in_an_emergency(
    client: TestClient, run: RunFolder
) -> None:
    section = client.get("/?lang=en").text.partition('<section id="plan"')[2].partition("</section>")[0]
    titles = [action.title for action in run.actions()]
    at = [section.index(title) for title in titles]
    assert titles[0] == "Evacuate low-lying areas"
    assert at == sorted(at)


@pytest.mark.parametrize(("language", "headline"), [("bn", "জোয়ার বাড়ছে"), ("en", "High water"), ("vi", "High water")])
def test_a_draft_is_shown_in_the_readers_language_or_else_in_its_first(
    client: TestClient, language: str, headline: str
) -> None:
    assert f"Exercise · {headline}" in PageText.of(client.get(f"/?lang={language}"))


def test_without_a_watch_the_page_says_so(run: RunFolder) -> None:
    with client_of({"before": run}, None) as client:
        assert labels("en")["no_watch"] in PageText.of(client.get("/"))


def test_before_the_first_step_the_page_says_so(run: RunFolder, tmp_path: Path) -> None:
    watch = make_watch(run, 0, Store.open(tmp_path / "watch.db"))
    with client_of({"before": run}, watch) as client:
        assert labels("en")["no_steps"] in PageText.of(client.get("/"))
    watch.store.close()


def test_a_stale_page_says_that_it_is_out_of_date(run: RunFolder, watched: WatchView) -> None:
    with client_of({"before": run}, replace(watched, clock=lambda: START + 12 * HOUR)) as client:
        assert "This page is out of date. The watch last ran 8 h ago." in PageText.of(client.get("/?lang=en"))


def test_a_run_that_is_not_served_has_no_page(client: TestClient) -> None:
    assert client.get("/?run=before").status_code == 200
    assert client.get("/?run=../before").status_code == 404


def test_names_are_never_code(tmp_path: Path) -> None:
    script = "<script>alert(1)</script>"
    run = make_run(tmp_path / "run")
    for name in ("summary.json", "plan.json", "zones.geojson"):
        text = (run.path / name).read_text()
        (run.path / name).write_text(text.replace("Mouth of the Sella", script).replace("old town", script))
    watch = make_watch(run, 1)
    watch.store.confirm(DECISION, replace(ALONE, name=script), script, START)
    with client_of({"run": run}, watch) as client:
        text = client.get("/").text
        assert script not in text
        assert text.count("&lt;script&gt;alert(1)") >= 3
    watch.store.close()


def test_scripts_and_styles_are_compressed_and_immutable(client: TestClient) -> None:
    edition = client.get("/").text.partition("/static/")[2].partition("/")[0]
    for name in ("dashboard.css", "dashboard.js", "plotly.min.js"):
        answer = client.get(f"/static/{edition}/{name}", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
        plain = client.get(f"/static/{edition}/{name}", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content
    for accepted, coding in (
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0, gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x", None),
    ):
        answer = client.get(f"/static/{edition}/map/views.js", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("content-encoding") == coding
        assert answer.text == load_static_file("map/views.js").content.decode("utf-8")
    assert client.get(f"/static/{edition}/../page.py").status_code == 404
    assert client.get(f"/static/{edition}/en.toml").status_code == 404


def test_the_first_view_needs_few_bytes(client: TestClient) -> None:
    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    edition = page.text.partition("/static/")[2].partition("/")[0]
    names = [each for each in page.text.split('"') if each.startswith(f"/static/{edition}/")]
    assert not [name for name in names if "plotly" in name], "charts come when they are near"
    assert "maplibre" not in page.text, "it comes after the plain map"
    sent = [page, *(client.get(name) for name in names)]
    assert sum(int(answer.headers["content-length"]) for answer in sent) < 60_000


def test_what_the_map_waits_for_comes_with_the_scripts_unless_the_reader_saves_data(client: TestClient) -> None:
    page = client.get("/").text
    asked = re.findall(r'rel="preload" as="fetch" crossorigin="anonymous" href="([^"]+)"', page)
    assert [each.rpartition("/")[2] for each in asked] == ["layers", "zone-layers", "zones", "place-names?limit=1000"]
    assert all(client.get(each).status_code == 200 for each in asked)
    assert 'as="fetch"' not in client.get("/", headers={"Save-Data": "on"}).text


def test_the_page_names_every_module_that_the_map_needs(client: TestClient) -> None:
    """A module that only another one names comes a round trip later."""
    needed, waiting = set(), ["dashboard.js"]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            text = load_static_file(name).content.decode("utf-8")
            folder = name.rpartition("/")[0]
            waiting += [
                normpath(f"{folder}/{path}".lstrip("/")) for path in re.findall(r'^import .* from "(.+)";', text, re.M)
            ]
    assert needed == set(MAP_MODULES)
    page = client.get("/").text
    assert all(f'/{name}"' in page for name in needed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_written_in_each_language(client: TestClient, language: str) -> None:
    page = client.get(f"/?lang={language}")
    assert f'<html lang="{language}"' in page.text
    assert labels(language)["actions"] in PageText.of(page)
    assert page.headers["content-language"] == language


def test_a_released_warning_says_whom_it_has_reached_and_is_an_alarm_while_that_is_nobody(tmp_path: Path) -> None:
    run = make_run(tmp_path / "before")
    watched, warning = make_watch(run, 2), f"sella-{START:%Y%m%dT%H}"
    later = replace(watched, clock=lambda: watched.clock() + timedelta(minutes=5))

    def section(at: WatchView) -> str:
        with client_of({"before": run}, at) as client:
            page = client.get("/?lang=en").text
        return PageText.of(page.partition('<section id="released"')[2].partition("</section>")[0])

    def message(recipient: str) -> Outgoing:
        return Outgoing(recipient, warning, recipient, "webhook", "sms", "en", "", "{}")

    with watched.store as store:
        assert section(watched) == ""
        with client_of({"before": run}, watched) as client:
            for officer in (ADA, BO):
                body = {"subject": warning, "note": ""}
                assert client.post(f"{PREFIX}/watch/confirmations", json=body, headers=officer).status_code == 201
        nobody, other_means = labels("en")["reached_nobody"], "Warn them by other means"
        assert "by Ada Vento, Bo Lund" in section(watched)
        assert nobody not in section(watched), "a moment after the release"
        assert nobody in section(later)
        assert store.queue_messages(warning, "live", [message(name) for name in ("radio", "mayor", "gateway")]) is None
        assert "waiting: 3" in section(later)
        of = {one.message.recipient: one for one in store.read.sendings(warning)}
        store.note_attempt(store.note_attempt(of["radio"], "begun"), "accepted")
        store.note_attempt(store.note_attempt(of["mayor"], "begun"), "failed", "no answer")
        store.note_attempt(of["gateway"], "refused", "the warning has expired")
        told = section(later)
        assert nobody not in told
        assert f"Not reached: gateway, mayor. {other_means}" in told
        for state in ("given up: 1", "failed, tried again: 1", "sent, and accepted by the far side: 1"):
            assert state in told
        assert "Nobody has said yet that they have it." in told
        store.acknowledge(Acknowledgement(warning, "village chief", "Cy Noor", later.clock(), ""))
        assert "have it, as they say: village chief" in section(later)
        over = section(replace(watched, clock=lambda: watched.clock() + timedelta(days=300)))
        assert "given up: 1" in over
        assert other_means not in over, "nobody is to be told of a warning that has expired"


def test_a_dry_run_has_reached_nobody(tmp_path: Path) -> None:
    run = make_run(tmp_path / "before")
    watched, warning = make_watch(run, 1), f"sella-{START:%Y%m%dT%H}"
    later = replace(watched, clock=lambda: watched.clock() + timedelta(minutes=5))
    with watched.store as store:
        with client_of({"before": run}, watched) as client:
            for officer in (ADA, BO):
                client.post(f"{PREFIX}/watch/confirmations", json={"subject": warning, "note": ""}, headers=officer)
        store.queue_messages(warning, "dry_run", [Outgoing("k", warning, "radio", "webhook", "sms", "en", "", "{}")])
        (queued,) = store.read.sendings(warning)
        store.note_attempt(store.note_attempt(queued, "begun"), "accepted")
        with client_of({"before": run}, later) as client:
            page = PageText.of(client.get("/?lang=en"))
    assert "written but not sent, since this is a dry run: 1" in page
    assert "Nothing of it has reached anybody by this system" in page


class PageText(HTMLParser):
    """The text of a page, without its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self._is_code = "", False

    @classmethod
    def of(cls, page: Response | str) -> str:
        parser = cls()
        parser.feed(page if isinstance(page, str) else page.text)
        return " ".join(parser.text.replace("\N{NO-BREAK SPACE}", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_code = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._is_code = False

    def handle_data(self, data: str) -> None:
        if not self._is_code:
            self.text += data
