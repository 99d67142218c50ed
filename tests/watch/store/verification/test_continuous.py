"""A running watch finds what was changed under it before it relies on it; on 2d0579a it went on silently."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.agent.scripted_watch import ALONE, HOUR, START, write_step
from strandline.errors import InputError
from strandline.watch.store import Busy, Damaged, Store
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.database.set_aside import set_aside
from strandline.watch.store.verification import continuous
from strandline.watch.store.verification.known_entries import KnownEntriesFile, KnownEntry
from strandline.watch.store.verification.verify import verify_address
from tests.fixtures.stores import execute, unguarded

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


class Running:
    """A watch of scripted hours that has taken six steps, and its clock."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address, self.alerts, self.now = address, folder / "watch-alerts", START
        self.store = Store.open(address, clock=lambda: self.now, code_version="test", run=folder)
        self.number = 0
        for _ in range(6):
            self.step()

    def step(self) -> None:
        self.store.refuse_damage(self.alerts)
        with self.store.step(START + self.number * HOUR) as step:
            write_step(step, self.number)
        self.store.deliver(self.alerts)
        self.number += 1


@pytest.fixture
def running(address: str, tmp_path: Path) -> Iterator[Running]:
    watch = Running(address, tmp_path)
    yield watch
    watch.store.close()


def test_readings_raised_by_three_metres_are_found_before_the_next_step(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continuous, "ROWS_EVERY_S", 0.0)  # as if an hour had passed
    running.step()
    execute(running.address, *unguarded(running.address, "UPDATE readings SET value = value + 3 WHERE member = 0"))
    with pytest.raises(Damaged, match="readings of 2022-01-01T00:00 do not match the log"):
        running.step()


CHANGES = {
    "UPDATE belief_state SET hour = hour": None,
    "UPDATE belief_state SET state = CAST('other' AS BLOB)": "the belief state does not match the log",
    "DELETE FROM belief_state": "the belief state does not match the log",
    "UPDATE log SET text = 'calm' WHERE sequence > 12": "was changed",
    "DELETE FROM log WHERE sequence > 12": "the log ends before the known entry",
}


@pytest.mark.parametrize(("change", "why"), CHANGES.items())
def test_the_log_and_the_belief_are_checked_before_every_step(tmp_path: Path, change: str, why: str | None) -> None:
    running = Running(str(tmp_path / "watch.db"), tmp_path)
    with running.store:
        execute(running.address, *unguarded(running.address, change))
        if why is None:
            running.step()
            return
        with pytest.raises(Damaged, match=why):
            running.step()


def test_a_file_of_somebody_else_among_the_confirmed_alerts_is_found_before_the_next_step(running: Running) -> None:
    (running.alerts / "confirmed").mkdir(exist_ok=True)
    shutil.copy(running.alerts / "drafts" / "scripted-0.xml", running.alerts / "confirmed" / "scripted-0.xml")
    with pytest.raises(Damaged, match=r"confirmed/scripted-0\.xml was not written by the watch"):
        running.step()


def test_everything_is_verified_once_a_day(running: Running) -> None:
    draft = running.alerts / "drafts" / "scripted-0.xml"
    draft.write_bytes(draft.read_bytes() + b" ")
    running.step()
    running.now += DAY
    with pytest.raises(Damaged, match=r"scripted-0\.xml was changed"):
        running.step()


def test_a_person_another_agent_and_retention_raise_no_alarm(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(continuous, "ROWS_EVERY_S", 0.0)
    with Store.open(running.address, clock=lambda: running.now, code_version="test", run=tmp_path) as other:
        other.confirm("scripted-0", ALONE, "seen", START + HOUR)
        other.deliver(running.alerts)
        assert other.thin_forecasts(START + 6 * HOUR, 2) > 0
        running.step()
        with other.step(START + running.number * HOUR) as step:
            write_step(step, running.number)
        running.number += 1
        running.step()
        running.now += DAY
        running.step()
        other.refuse_damage(running.alerts)
    assert running.store.verify(running.alerts).findings == ()


def test_a_long_verification_is_not_repeated_at_each_start_but_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restarted(after: timedelta) -> Store:
        store = Store.open(tmp_path / "watch.db", clock=lambda: START + after, code_version="test")
        with store:
            store.refuse_damage(tmp_path / "watch-alerts")
        return store

    Running(str(tmp_path / "watch.db"), tmp_path).store.close()
    monkeypatch.setattr(continuous, "LONG_S", -1.0)
    restarted(HOUR)
    draft = tmp_path / "watch-alerts" / "drafts" / "scripted-0.xml"
    draft.write_bytes(draft.read_bytes() + b" ")
    restarted(2 * HOUR)
    with pytest.raises(Damaged):
        restarted(2 * DAY)
    monkeypatch.setattr(continuous, "LONG_S", 60.0)
    with pytest.raises(Damaged):
        restarted(3 * HOUR)


def test_a_store_that_is_moved_away_is_not_written_to_any_more(tmp_path: Path) -> None:
    running = Running(str(tmp_path / "watch.db"), tmp_path)
    with running.store:
        with running.store.step(START + 6 * HOUR), pytest.raises(Busy):
            set_aside(Locations.of(running.address), START, "")
        set_aside(Locations.of(running.address), START, "")
        for act in (running.step, lambda: running.store.confirm("scripted-0", ALONE, "", START + HOUR)):
            with pytest.raises(Damaged, match="moved or replaced while it was in use"):
                act()
    with pytest.raises(InputError, match="nothing to set aside"):
        set_aside(Locations.of(running.address), START + HOUR, "")


def test_an_entry_kept_elsewhere_shows_that_the_log_was_written_anew(tmp_path: Path) -> None:
    """Whoever can write to the file of known entries too is found by an entry on another machine."""
    kept = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        running = Running(str(tmp_path / name / "watch.db"), tmp_path / name)
        running.now += HOUR * (name == "other")
        running.step()
        running.store.close()
        last = running.store.verify().last_entry
        assert last is not None
        kept.append(last)
    (tmp_path / "one" / "watch.db.known").unlink()
    locations = Locations.of(tmp_path / "one" / "watch.db")
    assert verify_address(locations, [KnownEntry.parse(f"{kept[0].sequence}:{kept[0].hash[:16]}")], START).is_whole
    found = verify_address(locations, kept[1:], START)
    assert [one.what for one in found.findings] == [f"log entry {kept[1].sequence} differs from the known entry"]
    assert "holds no known entries" in found.notes[0]
    with pytest.raises(InputError, match="is not NUMBER:HASH"):
        KnownEntry.parse("17")


def test_what_a_crash_leaves_of_a_line_is_no_damage_and_a_changed_line_is(tmp_path: Path) -> None:
    file, entries = KnownEntriesFile(tmp_path / "known"), [KnownEntry(number, f"{number:064x}") for number in range(3)]
    file.append(entries[0], START)
    file.append(entries[1], START, 0.25)
    whole = file.path.read_bytes()
    for end in range(len(whole) - 1, whole.index(b"\n"), -7):
        file.path.write_bytes(whole[:end])
        assert [line.entry for line in file.read()[0]] == entries[:1]
        file.append(entries[2], START)
        assert ([line.entry for line in file.read()[0]], file.read()[1]) == ([entries[0], entries[2]], [])
    for position in range(0, len(whole) - 1, 5):
        if whole[position] != ord("\n"):
            file.path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
            lines, unreadable = file.read()
            assert (len(lines), len(unreadable)) == (1, 1)


def test_a_confirmation_counts_though_its_entry_cannot_be_kept_beside_the_store(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    running = Running(str(tmp_path / "watch.db"), tmp_path)
    with running.store:
        (tmp_path / "watch.db.known").unlink()
        (tmp_path / "watch.db.known").mkdir()
        running.store.confirm("scripted-0", ALONE, "", START + HOUR)
        assert [path.parent.name for path in running.store.deliver(running.alerts).written] == ["confirmed"]
    assert "watch.db.known: cannot be written" in caplog.text


def test_times_are_those_of_the_store(running: Running) -> None:
    found = running.store.verify(running.alerts)
    assert (found.newest_step, found.steps) == (datetime(2022, 1, 1, 5), 6)
