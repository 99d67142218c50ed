"""No forged alert leaves the store: each of these was delivered on 2d0579a."""

import hashlib
import logging
import sqlite3
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.agent.scripted_watch import ALONE, HOUR, START, decision_at, message, open_store, write_step
from strandline.watch.store import AlertDraft, Damaged, Store
from strandline.watch.store.audit.digests import digest_of
from strandline.watch.store.rows import alert_row, decision_row
from strandline.watch.store.tables import alerts, decisions, forecasts, health, readings, steps
from tests.fixtures.stores import appended_entries, execute, is_server, unguarded

ACTUAL = message("forged", "leave at once", "Actual").decode().replace("'", "''")
FORGED = (
    f"INSERT INTO alerts VALUES ('forged', '2022-01-01 00:00:00.000000', 'Draft', '{ACTUAL}', '20220101T00/0')",
    "INSERT INTO confirmations VALUES (9, NULL, 'forged', 'Ada Vento', '2022-01-01 00:10:00.000000', '')",
    "INSERT INTO releases VALUES ('forged', '2022-01-01 00:10:00.000000', 1, '[\"Ada Vento\"]')",
)


def with_a_draft(address: str | Path, folder: Path) -> Store:
    """A store with one hour and its delivered draft, ``scripted-0``."""
    store = open_store(str(address))
    with store.step(START) as step:
        write_step(step, 0)
    assert [path.name for path in store.deliver(folder).written] == ["scripted-0.xml"]
    return store


def confirmed_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("confirmed/*"))


def test_forged_rows_never_reach_the_confirmed_folder_and_hold_up_no_other_alert(
    address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with with_a_draft(address, tmp_path) as store:
        store.confirm("scripted-0", ALONE, "seen", START + HOUR)
        execute(address, *FORGED)
        delivery = store.deliver(tmp_path)
        assert confirmed_in(tmp_path) == ["scripted-0.xml"]
        assert {(one.identifier, one.copy) for one in delivery.refused} == {
            ("forged", "drafts"),
            ("forged", "confirmed"),
        }
        with store.step(START + 3 * HOUR) as step:
            write_step(step, 3)
        store.confirm("scripted-3", ALONE, "seen", START + 4 * HOUR)
        assert [path.name for path in store.deliver(tmp_path).written] == ["scripted-3.xml", "scripted-3.xml"]
        assert confirmed_in(tmp_path) == ["scripted-0.xml", "scripted-3.xml"]
        logged = [entry.text for entry in store.read.log() if entry.kind == "refusal"]
        assert len(logged) == 2, "each refusal is logged once"
        assert "'forged' is not written to confirmed/" in " ".join(logged)
        assert "'forged' is not written to confirmed/" in caplog.text
        found = store.verify(tmp_path)
        assert "alerts of 2022-01-01T00:00 do not match the log: 1 rows were written, 2 are there" in str(found)


FORGERIES = {
    "the message is altered after its confirmation": "UPDATE alerts SET xml = replace(xml, 'Exercise', 'Actual')",
    "its decision is altered": "UPDATE decisions SET action = 'evacuate'",
    "its decision is another one": "UPDATE alerts SET decision = NULL",
    "the person is another one": "UPDATE confirmations SET person = 'Eve'",
    "the log entry of its confirmation is altered": "UPDATE log SET text = 'Eve confirms' WHERE kind = 'confirmation'",
    "the step is taken out of the log": "DELETE FROM log WHERE kind = 'step'",
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES.keys())
def test_an_alert_leaves_only_as_the_log_says_that_it_was_decided_and_confirmed(
    address: str, tmp_path: Path, change: str
) -> None:
    with with_a_draft(address, tmp_path) as store:
        store.confirm("scripted-0", ALONE, "seen", START + HOUR)
        execute(address, *unguarded(address, change))
        (refused,) = store.deliver(tmp_path).refused
        assert (refused.identifier, refused.copy) == ("scripted-0", "confirmed")
        assert confirmed_in(tmp_path) == []


def test_a_confirmation_that_was_inserted_is_none(address: str, tmp_path: Path) -> None:
    with with_a_draft(address, tmp_path) as store:
        at = "'2022-01-01 01:00:00.000000'"
        execute(
            address,
            f"INSERT INTO confirmations VALUES (1, NULL, 'scripted-0', 'Eve', {at}, '')",
            f"INSERT INTO releases VALUES ('scripted-0', {at}, 1, '[\"Eve\"]')",
        )
        (refused,) = store.deliver(tmp_path).refused
        assert refused.why == "the log holds no confirmation of it by Eve at 2022-01-01 01:00:00"
        store.confirm("scripted-0", ALONE, "seen", START + HOUR)
        assert confirmed_in(tmp_path) == []


def test_the_status_actual_is_refused_even_with_a_log_that_a_forger_continued(address: str, tmp_path: Path) -> None:
    hour = START + HOUR
    draft = AlertDraft(message("forged", "leave at once"), "20220101T01/0")
    alert = alert_row(draft, hour) | {"xml": message("forged", "leave at once", "Actual").decode()}
    decision = decision_row(decision_at(hour, 0.9), hour, 0)
    record = {"hour": hour, "began": hour, "ended": hour, "code_version": "scripted"}
    data = {table.name: digest_of(table, rows) for table, rows in (
        (readings, []), (health, []), (forecasts, []), (decisions, [decision]), (alerts, [alert]), (steps, [record]),
    )}  # fmt: skip
    data |= {"belief_state": None, "earliest_reading": None, "receipt": None, "code_version": "scripted"}
    confirmed = {"subject": "forged", "person": "Eve", "note": ""}
    confirmed["sha256"] = hashlib.sha256(str(alert["xml"]).encode()).hexdigest()
    with with_a_draft(address, tmp_path) as store:
        entries = [(hour, "step", "", data), (hour + HOUR, "confirmation", "", confirmed)]
        execute(
            address, insert("decisions", decision, address), insert("alerts", alert, address),
            insert("steps", record, address), insert("confirmations", {
                "sequence": 1, "decision": None, "alert": "forged", "person": "Eve", "at": hour + HOUR, "note": "",
            }, address), insert("releases", {
                "alert": "forged", "at": hour + HOUR, "needed": 1, "persons": "[]",
            }, address), *appended_entries(address, entries),
        )  # fmt: skip
        store.verify_log()
        store.verify_contents()  # whoever knows the format can continue the log: see docs/reference/watch-store.md
        assert {one.why for one in store.deliver(tmp_path).refused} == {"has the status 'Actual'"}
        assert confirmed_in(tmp_path) == []


def insert(table: str, row: dict[str, object], address: str) -> str:
    def literal(value: object) -> str:
        if isinstance(value, bool):
            return ("true" if value else "false") if is_server(address) else str(int(value))
        if hasattr(value, "isoformat"):
            return f"'{value:%Y-%m-%d %H:%M:%S.%f}'"
        if value is None or isinstance(value, float | int):
            return "NULL" if value is None else repr(value)
        return "'" + str(value).replace("'", "''") + "'"

    names = ", ".join(f'"{name}"' for name in row)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(literal(value) for value in row.values())})"


COLUMNS = [(table.name, column.name) for table in (alerts, decisions) for column in table.columns]


@pytest.mark.slow
@given(st.sampled_from(COLUMNS), st.text("abz019 <>", min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_whatever_is_altered_in_an_alert_or_its_decision_nothing_altered_is_released(
    place: tuple[str, str], value: str
) -> None:
    table, column = place
    with TemporaryDirectory() as name:
        folder, address = Path(name), Path(name) / "watch.db"
        with with_a_draft(address, folder) as store:
            store.confirm("scripted-0", ALONE, "seen", START + HOUR)
            database = sqlite3.connect(address)
            before = database.execute(f"SELECT * FROM {table}").fetchall()
            for statement in ("PRAGMA ignore_check_constraints = ON", *unguarded(address)):
                database.execute(statement)
            database.execute(f'UPDATE {table} SET "{column}" = ?', [value])
            assume(database.execute(f"SELECT * FROM {table}").fetchall() != before)
            database.commit()
            database.close()
            store.deliver(folder)
            assert confirmed_in(folder) == []


def test_a_forged_alert_cannot_be_confirmed_by_an_honest_person(address: str, tmp_path: Path) -> None:
    with with_a_draft(address, tmp_path) as store:
        execute(address, FORGED[0])
        with pytest.raises(Damaged, match=r"'forged' is not of the watch: the log does not cover it as it is"):
            store.confirm("forged", ALONE, "seen", START + timedelta(days=1))
        assert not [entry for entry in store.read.log() if entry.kind == "confirmation"]


def test_a_link_or_a_file_in_the_place_of_an_alert_is_not_overwritten(tmp_path: Path) -> None:
    with with_a_draft(tmp_path / "watch.db", tmp_path / "a") as store:
        store.confirm("scripted-0", ALONE, "seen", START + HOUR)
        (tmp_path / "a" / "confirmed").mkdir()
        (tmp_path / "a" / "confirmed" / "scripted-0.xml").symlink_to(tmp_path / "target")
        (refused,) = store.deliver(tmp_path / "a").refused
        assert "exists with another content" in refused.why
        assert not (tmp_path / "target").exists()
