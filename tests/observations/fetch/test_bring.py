"""A fetch from plan to cache: what one source does ends no other, and what came is there without a net."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from strandline.errors import InputError
from strandline.observations.fetch.bring import Outcome, bring, usable
from strandline.observations.fetch.cache import Cache, open_cache
from strandline.observations.fetch.downloader import Downloader, DownloadLimits
from strandline.observations.fetch.plan import FetchPlan, OpenDownloader, plan_fetch, without_queries
from strandline.observations.fetch.registry import Mirrors, chosen, read_mirrors, with_mirrors
from strandline.observations.fetch.source import FetchChoice, PlannedFile, Source
from tests.fixtures.file_server import FileServer, error, file_server, half
from tests.fixtures.sources import KOYRA, TestSource, nothing, terrain_section

CONTENT = b"II*\0" + bytes(996)


@pytest.fixture
def server(socket_enabled: None) -> Iterator[FileServer]:
    with file_server(CONTENT) as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with open_cache(tmp_path) as opened:
        yield opened


@pytest.fixture
def open_downloader() -> Iterator[OpenDownloader]:
    with httpx.Client(timeout=5.0, trust_env=False) as web:

        def opened(source: str, progress: Callable[[int], None], most: float | None) -> Downloader:
            limits = DownloadLimits(attempts=2, size=DownloadLimits().size if most is None else int(most))
            return Downloader(source, web, limits=limits, pause=lambda seconds: None, progress=progress)

        yield opened


def fetch(
    cache: Cache, open_downloader: OpenDownloader, *sources: Source, budget_mb: float | None = None
) -> tuple[FetchPlan, list[Outcome]]:
    plan = plan_fetch(KOYRA, FetchChoice(budget_mb=budget_mb), sources, cache, open_downloader)
    return plan, bring(plan, cache, open_downloader, lambda stage: lambda done: None)


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def fail() -> None:
    raise RuntimeError("boom at https://x.example/a?sig=hush&b=1")


def test_what_came_is_not_downloaded_again(server: FileServer, cache: Cache, open_downloader: OpenDownloader) -> None:
    source = TestSource(address=server.url, names=("terrain/a.tif", "terrain/b.tif"))
    plan, outcomes = fetch(cache, open_downloader, source)
    assert (plan.count, plan.size) == (2, 2000)
    assert states(outcomes) == ["fetched", "fetched"]
    plan, outcomes = fetch(cache, open_downloader, source)
    assert plan.count == 0
    assert states(outcomes) == ["in the cache"] * 2
    assert len(server.requests) == 2


def test_a_poisoned_file_is_fetched_again(server: FileServer, cache: Cache, open_downloader: OpenDownloader) -> None:
    source = TestSource(address=server.url)
    fetch(cache, open_downloader, source)
    cache.place("terrain/a.tif").write_bytes(CONTENT[:-1] + b"\1")
    _, outcomes = fetch(cache, open_downloader, source)
    assert states(outcomes) == ["fetched"]
    assert cache.place("terrain/a.tif").read_bytes() == CONTENT
    assert cache.damaged == ["terrain/a.tif"]


def test_a_source_that_breaks_ends_no_other_and_its_error_holds_no_signature(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    broken, whole = TestSource("broken", before_plan=fail), TestSource(address=server.url)
    plan, outcomes = fetch(cache, open_downloader, broken, whole)
    assert states(outcomes) == ["fetched"]
    (failure,) = plan.failures
    assert failure.sentence.startswith("source 'broken': RuntimeError (boom at https://x.example/a?…)")
    assert failure.may_pass


def test_a_catalogue_that_falls_silent_before_the_scenes_are_chosen_ends_nothing_else(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    answers = iter([nothing, fail])
    gauge = TestSource("pier", "gauge", address=server.url, names=("gauges/a.tif",))
    radar = TestSource("radar", "radar", before_plan=lambda: next(answers)())
    after = TestSource("after", address=server.url, names=("terrain/b.tif",))
    plan, outcomes = fetch(cache, open_downloader, gauge, radar, after)
    assert [entry.is_stand_in for entry in plan.entries] == [False, True, False]
    assert states(outcomes) == ["fetched", "failed", "fetched"]
    assert outcomes[1].failure is not None
    assert outcomes[1].failure.may_pass


def test_without_a_net_the_files_of_the_last_fetch_are_used(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    source = TestSource(address=server.url)
    fetch(cache, open_downloader, source)
    plan, outcomes = fetch(cache, open_downloader, replace(source, before_plan=fail))
    assert outcomes == []
    assert [file.name for file in usable(plan, outcomes)] == ["terrain/a.tif"]


def test_of_a_service_that_gives_no_answer_nothing_more_is_asked(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    server.faults = [error(503)] * 20
    names = tuple(f"radar/{number}.tif" for number in range(9))
    _, outcomes = fetch(cache, open_downloader, TestSource(address=server.url, names=names))
    assert states(outcomes) == ["failed"] * 9
    assert len(server.requests) == 2
    assert all(outcome.failure is not None and outcome.failure.may_pass for outcome in outcomes)


def test_a_file_that_is_not_there_costs_no_other(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    server.faults = [error(404)]
    _, outcomes = fetch(cache, open_downloader, TestSource(address=server.url, names=("a/1.tif", "a/2.tif")))
    assert states(outcomes) == ["failed", "fetched"]
    assert outcomes[0].failure is not None
    assert not outcomes[0].failure.may_pass
    assert list(cache.files) == ["a/2.tif"]


def test_half_a_file_is_never_in_the_manifest(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    server.faults = [half] * 9
    _, outcomes = fetch(cache, open_downloader, TestSource(address=server.url))
    assert states(outcomes) == ["failed"]
    assert cache.files == {}
    assert not cache.place("terrain/a.tif").exists()


def test_a_full_disk_ends_all_at_once_and_says_so(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 0}))
    one, other = TestSource(address=server.url), TestSource("other", address=server.url, names=("b/b.tif",))
    _, outcomes = fetch(cache, open_downloader, one, other)
    assert states(outcomes) == ["failed", "failed"]
    assert all("MB are free; free space" in str(outcome.failure) for outcome in outcomes)
    assert len(server.requests) == 1


def test_the_budget_is_kept_by_plan_and_by_what_comes(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    names = tuple(f"radar/{number}.tif" for number in range(4))
    plan, outcomes = fetch(
        cache, open_downloader, TestSource(address=server.url, names=names), budget_mb=2.5 * 1000 / 1e6
    )
    assert (plan.count, plan.size) == (2, 2000)
    assert states(outcomes) == ["fetched", "fetched", "over the budget", "over the budget"]
    lying = TestSource("lying", address=server.url, names=("b/1.tif", "b/2.tif"), size=10)
    _, outcomes = fetch(cache, open_downloader, lying, budget_mb=1500 / 1e6)
    assert states(outcomes) == ["fetched", "failed"]
    assert "sends more than" in str(outcomes[1].failure)


def test_a_source_that_describes_another_file_than_it_left_is_refused(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    class Careless(TestSource):
        def download(self, planned: PlannedFile, to: Path, client: Downloader):  # type: ignore[no-untyped-def]
            return replace(super().download(planned, to, client), sha256="0" * 64)

    _, outcomes = fetch(cache, open_downloader, Careless(address=server.url))
    assert "otherwise than it lies on the disk" in str(outcomes[0].failure)
    assert cache.files == {}


def test_sources_are_chosen_by_name_or_kind_and_what_needs_something_only_by_name(tmp_path: Path) -> None:
    free, locked = TestSource("free", "radar"), TestSource("locked", "radar", needs="login")
    sources = (TestSource("ground"), free, locked)
    assert chosen(FetchChoice(), sources) == [sources[0], free]
    assert chosen(FetchChoice(frozenset({"radar"})), sources) == [free]
    assert chosen(FetchChoice(frozenset({"locked", "terrain"})), sources) == [sources[0], locked]
    mine, given = TestSource("mine", "tide", needs="file"), {"mine": tmp_path}
    assert chosen(FetchChoice(), (mine, free)) == [free]
    assert chosen(FetchChoice(files=given), (mine, free)) == [mine, free]  # a file that is given is to be used
    assert chosen(FetchChoice(frozenset({"tide"}), files=given), (mine, free)) == [mine]
    with pytest.raises(InputError, match="'radr' is no source; known: free, ground, locked, radar, terrain"):
        chosen(FetchChoice(frozenset({"radr"})), sources)


def test_a_mirror_stands_in_for_a_source(tmp_path: Path) -> None:
    path = tmp_path / "mirrors.toml"
    path.write_text('made-up = "https://mirror.example/"\n')
    (moved,) = with_mirrors(read_mirrors(path), [TestSource()])
    assert moved.address == "https://mirror.example/"
    for wrong, message in (({"other": "https://x"}, "is no source"), ({"made-up": "ftp://x"}, "is no web address")):
        with pytest.raises(InputError, match=message):
            with_mirrors(Mirrors(wrong), [TestSource()])
    path.write_text('simulated = "made-up"\n')
    with pytest.raises(InputError, match="otherwise than as a list of names"):
        read_mirrors(path)
    path.write_text("made-up = 3\n")
    with pytest.raises(InputError, match="gives 'made-up' no address"):
        read_mirrors(path)


def test_what_an_exercise_serves_is_called_simulated_and_is_not_taken_for_what_the_service_has(
    server: FileServer, cache: Cache, open_downloader: OpenDownloader
) -> None:
    source = TestSource(address=server.url, section=terrain_section)
    (exercise,) = with_mirrors(Mirrors({}, frozenset({source.name})), [source])
    fetch(cache, open_downloader, exercise)
    (file,) = cache.files.values()
    assert file.section is not None
    assert file.section.values["simulated"] is True
    assert file.attribution == "SIMULATED, in the place of made-up"
    elsewhere = PlannedFile(source.name, file.name, "https://publisher.example/a.tif", file.what)
    assert cache.whole_of(elsewhere) is None
    assert cache.whole_of(replace(elsewhere, url=file.url)) == file


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET https://a.example/x.tif?sig=hush failed", "GET https://a.example/x.tif?… failed"),
        ("host='a.example', url: /x.tif?sig=hush (Caused by", "host='a.example', url: /x.tif?… (Caused by"),
        ("https://me:hush@a.example/x", "https://a.example/x"),
        ("is it up, and the net?", "is it up, and the net?"),
        ("what? no = here", "what? no = here"),
    ],
)
def test_no_query_of_an_address_is_shown(text: str, clean: str) -> None:
    assert without_queries(text) == clean


@pytest.mark.parametrize(("keys", "message"), [({"max_cloud": 101.0}, "no share"), ({"budget_mb": 0.0}, "above 0")])
def test_a_choice_that_makes_no_sense_is_refused(keys: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FetchChoice(**keys)
