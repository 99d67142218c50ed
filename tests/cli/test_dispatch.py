"""`strandline dispatch`: what was released is sent once, what was sent is shown, and what is missing is said first."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.agent.dispatch_kills.run import OFFICERS, release_warning
from strandline.cli.main import app
from strandline.errors import InputError
from strandline.watch.clock import utc_now
from strandline.watch.store import Busy, Damaged, Store
from strandline.watch.store.records import Acknowledgement
from tests.fixtures.stores import execute, unguarded

pytestmark = pytest.mark.slow

RECIPIENTS = """
mode = "{mode}"
time_zone = "UTC"
[[recipient]]
name = "notice board"
transport = "folder"
folder = "board"
[[recipient]]
name = "radio"
transport = "folder"
folder = "board"
format = "loudspeaker"
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with a store that holds a released warning, and one that a single officer confirmed."""
    with Store.open(tmp_path / "watch.db") as store:
        release_warning(store, 0)
        release_warning(store, 1, OFFICERS[:1])
    return tmp_path


def dispatch(run: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["dispatch", *words, "--run", str(run)])


def recipients(run: Path, mode: str, more: str = "") -> str:
    (run / "recipients.toml").write_text(RECIPIENTS.format(mode=mode) + more)
    return str(run / "recipients.toml")


def test_what_was_released_is_sent_once_and_the_state_is_shown_with_who_acknowledged(run: Path) -> None:
    sent = dispatch(run, recipients(run, "live"), "--once", "--json")
    assert sent.exit_code == 0, sent.output
    told = [json.loads(line) for line in sent.stdout.splitlines()]
    assert {(one["alert"], one["outcome"]) for one in told} == {("sella-0", "accepted")}
    assert {one["recipient"] for one in told} == {"notice board", "radio"}
    assert len(list((run / "board").iterdir())) == 2
    assert dispatch(run, recipients(run, "live"), "--once").stdout == ""
    with Store.open(run / "watch.db") as store:
        store.acknowledge(Acknowledgement("sella-0", "village chief", "Cy Noor", utc_now(), "by telephone"))
    shown = json.loads(dispatch(run, "--json").stdout)
    assert [one["outcome"] for one in shown["messages"]] == ["accepted"] * 2
    (heard,) = shown["acknowledgements"]
    assert (heard["recipient"], heard["person"], heard["note"]) == ("village chief", "Cy Noor", "by telephone")
    table = dispatch(run).stdout
    assert "accepted" in table
    assert "village chief has sella-0, says Cy Noor" in table


def test_a_dry_run_sends_nothing_and_says_so(run: Path) -> None:
    sent = dispatch(run, recipients(run, "dry_run"), "--once")
    assert sent.exit_code == 0, sent.output
    assert "a dry run sends nothing" in sent.stderr
    assert not (run / "board").exists()
    assert len(list((run / "watch-alerts" / "dry-run").iterdir())) == 2


def test_what_is_missing_is_said_before_a_storm_and_nothing_is_queued(run: Path) -> None:
    hook = '[[recipient]]\nname = "civil protection"\ntransport = "webhook"\nurl_variable = "NOT_SET_HERE"\n'
    refused = dispatch(run, recipients(run, "live", hook), "--once")
    assert isinstance(refused.exception, InputError)
    assert "NOT_SET_HERE is not set" in str(refused.exception)
    with Store.open(run / "watch.db") as store:
        assert store.read.sendings() == []


def test_nothing_is_sent_from_a_store_that_was_altered_or_beside_another_sender(run: Path) -> None:
    with Store.open(run / "watch.db") as store, store.dispatching():
        assert isinstance(dispatch(run, recipients(run, "live"), "--once").exception, Busy)
    execute(run / "watch.db", *unguarded(run / "watch.db", "UPDATE releases SET needed = 1"))
    assert isinstance(dispatch(run, recipients(run, "live"), "--once").exception, Damaged)
    assert not (run / "board").exists()


def test_without_a_store_nothing_is_made(tmp_path: Path) -> None:
    assert dispatch(tmp_path).exit_code != 0
    assert not (tmp_path / "watch.db").exists()
