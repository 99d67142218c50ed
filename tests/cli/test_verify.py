"""`strandline verify`: exit code 0 for a whole store, 65 for a damaged one with what, where, since when, what to do."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.agent.scripted_watch import START, open_store, play
from strandline.cli.main import main
from tests.fixtures.postgres_server import empty_database
from tests.fixtures.stores import execute, unguarded

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run whose watch has taken three steps."""
    with open_store(str(tmp_path / "watch.db")) as store:
        play(store, tmp_path / "watch-alerts", 3)
        store.refuse_damage(tmp_path / "watch-alerts")
    return tmp_path


def strandline(monkeypatch: pytest.MonkeyPatch, capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["strandline", *map(str, arguments)])
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    else:
        code = 0
    printed = capsys.readouterr()
    return code, printed.out, " ".join(printed.err.split())


def test_a_whole_store_is_called_whole_with_the_entry_to_keep(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, out, _ = strandline(monkeypatch, capsys, "verify", run)
    assert (code, "WHOLE" in out) == (0, True)
    entry = out.split("to be kept elsewhere: ")[1].split()[0]
    for where in (run, run / "watch.db", f"sqlite:///{run}/watch.db"):
        assert strandline(monkeypatch, capsys, "verify", where, "--known", entry)[0] == 0
    number, digits = entry.split(":")
    code, out, _ = strandline(monkeypatch, capsys, "verify", run, "--known", f"{number}:{digits[::-1]}")
    assert (code, "differs from the known entry" in out) == (65, True)


def test_a_damaged_store_is_described_in_plain_words_and_ends_with_65(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    execute(run / "watch.db", *unguarded(run / "watch.db", "UPDATE readings SET value = value + 3"))
    (run / "watch-alerts" / "confirmed" / "urgent.xml").write_text("<alert/>")
    code, out, err = strandline(monkeypatch, capsys, "verify", run)
    assert code == 65
    assert "DAMAGED (" in out
    assert "last found whole: 2022-01-01 00:00 UTC" in out
    assert "readings of 2022-01-01T00:00 do not match the log: of 18 rows at least one was changed [since 2022" in out
    assert "To do: let no gateway send it; move it away and find out who wrote it." in out
    assert "--set-aside" in err
    code, out, _ = strandline(monkeypatch, capsys, "verify", run, "--json")
    answer = json.loads(out)
    assert (code, answer["is_whole"], answer["steps"], answer["newest_step"]) == (65, False, 3, "2022-01-01T02:00:00Z")
    assert {"check", "what", "since", "remedy"} == set(answer["findings"][0])
    assert {one["check"] for one in answer["findings"]} == {"schema", "rows", "alert files"}


def test_a_damaged_store_is_set_aside_whole_and_the_alerts_in_force_are_named(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    before = (run / "watch.db").read_bytes()[:-500]
    (run / "watch.db").write_bytes(before)
    code, _, err = strandline(monkeypatch, capsys, "verify", run, "--set-aside")
    assert code == 0
    assert "stay in force until a person cancels them: scripted-0.xml" in err
    (aside,) = run.glob("watch-set-aside-*")
    assert (aside / "watch.db").read_bytes() == before
    assert "DAMAGED" in (aside / "why-set-aside.txt").read_text()
    assert (aside / "watch-alerts" / "confirmed" / "scripted-0.xml").exists()
    with open_store(str(run / "watch.db")) as store:
        assert store.read.newest_step() is None
        play(store, run / "watch-alerts", 1)
    assert strandline(monkeypatch, capsys, "verify", run)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 2, "there is no such store"),
        (["run"], 2, "there is no such store"),
        (["run", "--known", "17"], 2, "is not NUMBER:HASH"),
        (["nowhere.db", "--store", "x.db"], 2, "is no folder of a run"),
        (["sqlite:///x.db", "--store", "x.db"], 2, "are both stores"),
    ],
)
def test_what_is_no_store_is_no_damage(
    arguments: list[str], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    found, _, err = strandline(monkeypatch, capsys, "verify", *arguments)
    assert (found, words in err) == (code, True), err


def test_a_file_that_is_no_database_is_no_whole_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / "notes.txt").write_text("some text that is long enough to be read as the head of a database; " * 9)
    code, out, _ = strandline(monkeypatch, capsys, "verify", tmp_path / "notes.txt")
    assert (code, "not a database" in out) == (65, True)


def test_a_store_on_a_server_is_verified_and_set_aside_too(
    postgres_server: str, socket_enabled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    url = empty_database(postgres_server, "strandline_verified")
    with open_store(url) as store:
        play(store, tmp_path / "strandline_verified-alerts", 3)
    code, out, _ = strandline(monkeypatch, capsys, "verify", url)
    assert (code, "the alert files were not checked" in out) == (0, True)
    assert strandline(monkeypatch, capsys, "verify", tmp_path, "--store", url)[0] == 0
    execute(url, *unguarded(url, "DELETE FROM health"))
    code, out, _ = strandline(monkeypatch, capsys, "verify", tmp_path, "--store", url)
    assert (code, "health of 2022-01-01T00:00" in out, "is switched off" in out) == (65, True, True)
    code, _, err = strandline(monkeypatch, capsys, "verify", tmp_path, "--store", url, "--set-aside")
    assert (code, "moved to schema strandline_set_aside_" in err) == (0, True), err
    with open_store(url) as store:
        assert store.read.newest_step() is None
        with store.step(START):
            pass
    assert strandline(monkeypatch, capsys, "verify", url)[0] == 0
