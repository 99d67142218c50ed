"""Integrity of a store: no row is rewritten, the log shows changes, and both engines store the same."""

import gc
import json
import re
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, Row, Table, event, inspect
from sqlalchemy.exc import DBAPIError

from benchmarks.agent.crash_restarts import contents, differences
from benchmarks.agent.scripted_watch import HOUR, START, open_store, play, send_alerts
from strandline.errors import InputError
from strandline.watch.store import Damaged, Store
from strandline.watch.store.database.engine import make_engine, reading
from strandline.watch.store.database.schema import SQLITE_DIGEST, VERSION_TABLE
from strandline.watch.store.tables import APPEND_ONLY, health, log, metadata
from strandline.watch.store.verification.schema_objects import schema_digest
from tests.fixtures.stores import execute, is_server, unguarded

pytestmark = pytest.mark.slow

HOURS = 6


@pytest.fixture
def played(address: str, tmp_path: Path) -> str:
    """The address of a store that holds a few hours."""
    with open_store(address) as store:
        assert play(store, tmp_path / "alerts", HOURS) == HOURS
        send_alerts(store)
    return address


def test_migrations_make_the_tables_that_the_program_knows_and_run_once(address: str) -> None:
    for _ in range(2):
        Store.open(address).close()
    engine = make_engine(address)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, VERSION_TABLE}
    engine.dispose()


def test_a_change_of_the_tables_comes_with_a_revision(tmp_path: Path) -> None:
    """If this fails: copy the former tables into ``first_tables.py``, add a revision, and then renew the digest."""
    Store.open(tmp_path / "watch.db").close()
    engine = make_engine(tmp_path / "watch.db")
    with reading(engine) as connection:
        assert schema_digest(connection) == SQLITE_DIGEST
    engine.dispose()


def test_the_schema_of_a_newer_version_is_refused(played: str) -> None:
    execute(played, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(InputError, match=r"its schema '9999' is newer than this program's '0003'; use the version"):
        Store.open(played)


def test_the_database_of_an_older_version_is_refused(played: str) -> None:
    execute(played, f"UPDATE {VERSION_TABLE} SET version_num = '0001'")
    with pytest.raises(InputError, match=r"written by an older version of strandline .*; keep it .* a new database"):
        Store.open(played)


def test_the_database_of_another_program_is_refused_and_not_changed(address: str) -> None:
    execute(address, "CREATE TABLE log (line TEXT)")
    with pytest.raises(InputError, match=r"tables of another program \(log\)"):
        Store.open(address)
    gc.collect()  # a connection left open would be a ResourceWarning here
    execute(address, "INSERT INTO log VALUES ('still theirs')")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("mysql://host/name", "is no store"),
        ("sqlite://", "is no store"),
        ("sqlite:///:memory:", "is no store"),
        ("::://", "its address is not a URL"),
        ("missing/folder/watch.db", "missing/folder/watch.db: cannot be read or written"),
        ("notes.txt", "notes.txt: cannot be read or written .*not a database"),
    ],
)
def test_an_address_that_is_no_store_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("a text that is longer than the head of a database file; " * 20)
    with pytest.raises(InputError, match=why):
        Store.open(given)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(InputError, match=r"user:\*\*\*@.*cannot be read or written \(communication error") as caught:
        Store.open("postgresql://user:secret@/name?unix_sock=/nowhere/.s")
    assert "secret" not in str(caught.value)
    del caught
    gc.collect()


def test_the_database_itself_refuses_to_rewrite(played: str) -> None:
    again = "TRUNCATE {} CASCADE" if is_server(played) else "INSERT OR REPLACE INTO {0} SELECT * FROM {0}"
    for table in APPEND_ONLY:
        column, before = next(iter(table.columns)).name, rows(played, table)
        assert before
        for change in (f"UPDATE {table.name} SET {column} = {column}", f"DELETE FROM {table.name}"):
            with pytest.raises(DBAPIError, match=f"{table.name} is append-only"):
                execute(played, change)
        with pytest.raises(DBAPIError, match=r"append-only|log continues"):
            execute(played, again.format(table.name))
        assert rows(played, table) == before
    with pytest.raises(DBAPIError, match=r"thinned, not changed|append-only"):
        execute(played, "UPDATE outlooks SET p50 = 0")


def test_the_log_takes_nothing_but_its_next_entry(played: str) -> None:
    last = rows(played, log)[-1]
    for sequence, previous in ((last.sequence + 2, last.hash), (last.sequence + 1, 64 * "0")):
        values = f"{sequence}, '2022-01-01 00:00:00.000000', 'note', '', '{{}}', '{previous}', 'any'"
        with pytest.raises(DBAPIError, match="log continues from its last entry"):
            execute(played, f"INSERT INTO log VALUES ({values})")


def test_a_confirmation_needs_a_name_and_an_alert_the_status_of_a_draft(played: str) -> None:
    nobody = "INSERT INTO confirmations SELECT 99, NULL, identifier, ' ', hour, '' FROM alerts"
    with pytest.raises(DBAPIError, match="by_a_named_person"):
        execute(played, nobody)
    live = "INSERT INTO alerts SELECT 'live', hour, 'Actual', xml, NULL FROM alerts WHERE identifier = 'scripted-0'"
    with pytest.raises(DBAPIError, match="nothing_but_drafts"):
        execute(played, live)


CHANGES = {
    "UPDATE log SET text = 'calm' WHERE sequence = 4": "log entry 4 was changed",
    "DELETE FROM log WHERE sequence = 4": "log entry 5 does not follow entry 3",
    "DELETE FROM log WHERE sequence > 9": "the completed steps do not match the log",
    "DELETE FROM steps": "the completed steps do not match the log",
    "UPDATE readings SET value = 9 WHERE member = 1": "readings of 2022-01-01T00:00",
    "UPDATE decisions SET cost = 1 WHERE hour > '2022-01-01 02:30'": "decisions of 2022-01-01T03:00",
    "UPDATE alerts SET xml = 'all is well'": "alerts of 2022-01-01T00:00",
    "DELETE FROM health": "health of 2022-01-01T00:00",
    "DELETE FROM outlooks": "forecasts of 2022-01-01T00:00",
    "UPDATE confirmations SET person = 'Eve'": "the confirmations do not match the log",
    "UPDATE releases SET persons = '[\"Eve\"]'": "the release of 'scripted-0' does not match the log",
    "UPDATE dispatches SET mode = 'dry_run'": "the messages of 'scripted-0' do not match the log",
    "UPDATE messages SET content = 'all is well'": "the messages of 'scripted-0' do not match the log",
    "UPDATE attempts SET outcome = 'accepted' WHERE number = 2": "attempt 2 to send",
    "DELETE FROM attempts WHERE number = 4": "attempt 4 to send",
    "UPDATE acknowledgements SET recipient = 'radio'": "the acknowledgements do not match the log",
    "UPDATE belief_state SET state = CAST('other' AS BLOB)": "the belief state does not match the log",
}


def test_a_change_outside_the_program_is_named(tmp_path: Path) -> None:
    original, changed = tmp_path / "watch.db", tmp_path / "changed.db"
    with open_store(str(original)) as store:
        play(store, tmp_path / "alerts", HOURS)
        send_alerts(store)
    for change, why in CHANGES.items():
        changed.write_bytes(original.read_bytes())
        execute(str(changed), *unguarded(str(changed), change))
        with pytest.raises(Damaged, match=why):
            verify(changed)


def test_an_entry_kept_elsewhere_shows_that_the_end_was_cut_off(played: str) -> None:
    with Store.open(played) as store:
        known = store.verify_log()
        assert store.verify_log(known) == known
    first = next(row.sequence for row in rows(played, log) if row.time > datetime(2022, 1, 1, 4, 30))
    execute(played, *unguarded(played, f"DELETE FROM log WHERE sequence >= {first}"))
    execute(played, "DELETE FROM steps WHERE hour > '2022-01-01 04:30'")
    with Store.open(played) as store:
        store.verify_log()
        with pytest.raises(Damaged, match=r"the log ends before the known entry \d+"):
            store.verify_log(known)


def test_an_entry_can_be_checked_without_this_program(played: str) -> None:
    for row in rows(played, log):
        fields = [row.sequence, row.time.isoformat(), row.kind, row.text, row.data, row.previous]
        assert row.hash == sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()
    (first, *_) = (json.loads(row.data) for row in rows(played, log) if row.kind == "step")
    digest = sha256()
    for row in rows(played, health):
        if row.hour == START:
            values = [value.isoformat() if isinstance(value, datetime) else value for value in row]
            digest.update(json.dumps(values, separators=(",", ":")).encode() + b"\n")
    assert first["health"] == {"rows": 2, "sha256": digest.hexdigest()}


def test_the_same_hours_are_stored_equally_on_every_engine(played: str, tmp_path: Path) -> None:
    reference = str(tmp_path / "reference.db")
    with open_store(reference) as store:
        play(store, tmp_path / "reference", HOURS)
        send_alerts(store)
    found, expected = contents(played, tmp_path / "alerts"), contents(reference, tmp_path / "reference")
    assert differences(found, expected) == []
    assert len(expected) == len(metadata.tables) + 4  # two alerts, each as a draft and confirmed


def test_no_query_scans_a_whole_table(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "watch.db")) as store:
        play(store, tmp_path, HOURS)
        queries: list[tuple[str, tuple[object, ...]]] = []

        def note(
            connection: Connection, cursor: object, statement: str, parameters: tuple[object, ...], *_: object
        ) -> None:
            if statement.startswith("SELECT"):
                queries.append((statement, parameters))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            until, read = START + 3 * HOUR, store.read
            for one in (read.newest_step, read.health, read.forecast, lambda: read.pending(until)):
                one()
            known = list(read.readings(START, until, until))
            for several in (read.steps, read.decisions, read.alerts):
                list(several(START, until))
            list(read.forecast_history("water_level", "harbour", START, until))
            list(read.log(3))
            with store.step(START + HOURS * HOUR) as step:
                step.add_readings(known)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    engine = make_engine(tmp_path / "watch.db")
    with reading(engine) as connection:
        plans = {
            statement: [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in queries
        }
    engine.dispose()
    assert len(plans) > 10
    walks = {statement: plan for statement, plan in plans.items() if re.search(r"SCAN|TEMP", str(plan))}
    # the first or last row by the primary key
    assert [plan for statement, plan in walks.items() if "LIMIT" not in statement] == []
    assert "TEMP" not in str(walks)


def rows(address: str, table: Table) -> list[Row]:
    engine = make_engine(address)
    with reading(engine) as connection:
        found = connection.execute(table.select().order_by(*table.primary_key)).all()
    engine.dispose()
    return list(found)


def verify(path: Path) -> None:
    with Store.open(path) as store:
        store.verify_log()
        store.verify_contents()
