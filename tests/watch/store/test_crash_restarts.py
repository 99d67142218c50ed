"""A watch that is killed at any moment loses nothing and does nothing twice."""

import os
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pytest

from benchmarks.agent.crash_restarts import contents, crash_restarts, differences
from benchmarks.agent.scripted_watch import START, open_store, play, play_until_killed
from tests.fixtures.postgres_server import empty_database

pytestmark = pytest.mark.slow


def test_a_watch_killed_again_and_again_equals_one_that_was_not(tmp_path: Path) -> None:
    begun = crash_restarts(4, tmp_path)
    assert (begun.kills, begun.rounds >= 1, begun.differences) == (4, True, ())
    done = crash_restarts(20, tmp_path)  # continues after the four kills
    assert (done.kills, done.at_moments, done.differences) == (20, 10, ())
    assert done.rounds > begun.rounds


def test_a_killed_watch_on_a_server_equals_one_that_was_not(
    tmp_path: Path, postgres_server: str, socket_enabled: None
) -> None:
    @cache
    def address_of(_: int) -> str:
        return empty_database(postgres_server, f"strandline_{os.getpid()}")

    assert crash_restarts(8, tmp_path, address_of).differences == ()


def test_a_difference_is_not_overlooked(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "watch.db")) as store:
        play(store, tmp_path / "alerts", 2)
    expected = contents(str(tmp_path / "watch.db"), tmp_path / "alerts")
    (tmp_path / "alerts" / "drafts" / "scripted-0.xml").write_text("half of it")
    (tmp_path / "alerts" / "drafts" / ".partial").write_text("left behind")
    (tmp_path / "alerts" / "confirmed" / "scripted-0.xml").unlink()
    with open_store(str(tmp_path / "watch.db")) as store:
        play(store, tmp_path / "alerts", 3)
    found = contents(str(tmp_path / "watch.db"), tmp_path / "alerts")
    lines = differences(found, expected)
    assert lines[:3] == ["belief_state differs", "confirmed/scripted-0.xml is missing", "decisions differs"]
    assert {"drafts/.partial is unexpected", "drafts/scripted-0.xml differs", "log differs"} <= set(lines)


def test_of_several_agents_with_the_same_hours_one_does_each(address: str, tmp_path: Path) -> None:
    hours, context = 8, get_context("forkserver")
    context.set_forkserver_preload([play_until_killed.__module__])
    agents = [
        context.Process(target=play_until_killed, args=(address, tmp_path / "alerts", hours, None)) for _ in range(3)
    ]
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join()
    assert [agent.exitcode for agent in agents] == [0, 0, 0]
    with open_store(str(tmp_path / "alone.db")) as store:
        play(store, tmp_path / "alone", hours)
        done = [step.hour for step in store.read.steps(START, START.replace(day=2))]
    assert len(done) == hours
    found, expected = contents(address, tmp_path / "alerts"), contents(str(tmp_path / "alone.db"), tmp_path / "alone")
    assert set(differences(found, expected)) <= {
        "confirmations differs",
        "log differs",
    }  # each has a person who confirms
