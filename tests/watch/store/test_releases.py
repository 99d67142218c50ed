"""A warning leaves when as many different persons have confirmed it as its place wants."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.agent.scripted_watch import HOUR, START, open_store, write_step
from strandline.errors import InputError
from strandline.watch.store import Release, Signatory, Store
from strandline.watch.store.database.engine import make_engine, writing
from strandline.watch.store.database.schema import VERSION_TABLE
from strandline.watch.store.tables import LAST_MILE
from tests.fixtures.stores import execute, unguarded

pytestmark = pytest.mark.slow

ADA = Signatory("ada", "Ada Vento", "duty_officer")
BO = Signatory("bo", "Bo Lund", "duty_officer")
LATER = START + HOUR


def with_a_draft(address: str | Path, folder: Path) -> Store:
    store = open_store(str(address))
    with store.step(START) as step:
        write_step(step, 0)
    store.deliver(folder)
    return store


def confirmed_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("confirmed/*"))


def test_a_warning_leaves_after_two_different_persons_have_confirmed_it(address: str, tmp_path: Path) -> None:
    with with_a_draft(address, tmp_path) as store:
        store.confirm("scripted-0", ADA, "seen", LATER)
        assert store.deliver(tmp_path).written == ()
        (waiting,) = store.read.pending(START).alerts
        assert ([one.person for one in waiting.confirmations], waiting.release) == (["Ada Vento"], None)
        for again in (
            ADA,
            replace(ADA, account="ada2"),
            replace(ADA, name="A. Vento"),
            replace(ADA, name="ada  VENTO"),
        ):
            with pytest.raises(InputError, match=r"has confirmed it already; .*different persons"):
                store.confirm("scripted-0", again, "", LATER)
        store.confirm("scripted-0", BO, "agreed", LATER + HOUR)
        assert [path.name for path in store.deliver(tmp_path).written] == ["scripted-0.xml"]
        (released,) = store.read.alerts(START, START)
        assert released.release == Release(LATER + HOUR, 2, ("Ada Vento", "Bo Lund"))
        assert store.read.pending(START).alerts == ()
        (entry,) = (one for one in store.read.log() if one.kind == "release")
        assert entry.text == "Ada Vento and Bo Lund release scripted-0"
        assert (entry.data["needed"], entry.data["accounts"]) == (2, ["ada", "bo"])
        assert store.verify(tmp_path).findings == ()


@pytest.mark.parametrize("role", ["viewer", "analyst", "administrator"])
def test_only_a_duty_officer_confirms(address: str, tmp_path: Path, role: str) -> None:
    with with_a_draft(address, tmp_path) as store:
        for subject in ("scripted-0", "20220101T00/0"):
            with pytest.raises(InputError, match="let a duty officer confirm"):
                store.confirm(subject, replace(ADA, role=role), "", LATER)  # type: ignore[arg-type]
        assert not {"confirmation", "release"} & {entry.kind for entry in store.read.log()}


def test_a_place_with_one_officer_says_so_in_the_log(address: str, tmp_path: Path) -> None:
    with with_a_draft(address, tmp_path) as store:
        store.confirm("scripted-0", replace(ADA, persons_needed=1), "", LATER)
        store.deliver(tmp_path)
        assert confirmed_in(tmp_path) == ["scripted-0.xml"]
        (entry,) = (one for one in store.read.log() if one.kind == "release")
        assert entry.text == "Ada Vento releases scripted-0 alone: this place has one officer"


def test_a_rule_that_is_relaxed_between_two_confirmations_relaxes_nothing(address: str, tmp_path: Path) -> None:
    with with_a_draft(address, tmp_path) as store:
        store.confirm("scripted-0", replace(ADA, persons_needed=3), "", LATER)
        store.confirm("scripted-0", replace(BO, persons_needed=1), "", LATER)
        store.deliver(tmp_path)
        assert confirmed_in(tmp_path) == []
        store.confirm("scripted-0", replace(BO, account="cy", name="Cy Noor", persons_needed=1), "", LATER)
        store.deliver(tmp_path)
        assert confirmed_in(tmp_path) == ["scripted-0.xml"]


def test_a_release_that_was_inserted_releases_nothing_and_is_found(address: str, tmp_path: Path) -> None:
    with with_a_draft(address, tmp_path) as store:
        store.confirm("scripted-0", ADA, "seen", LATER)
        row = "'scripted-0', '2022-01-01 01:00:00.000000', 2, '[\"Ada Vento\",\"Bo Lund\"]'"
        execute(address, f"INSERT INTO releases VALUES ({row})")
        (refused,) = store.deliver(tmp_path).refused
        assert refused.why == "the log holds no release of it"
        assert confirmed_in(tmp_path) == []
        assert "the release of 'scripted-0' does not match the log" in str(store.verify(tmp_path).findings)


def test_a_release_with_fewer_needed_than_the_log_says_is_refused(address: str, tmp_path: Path) -> None:
    with with_a_draft(address, tmp_path) as store:
        store.confirm("scripted-0", ADA, "seen", LATER)
        store.confirm("scripted-0", BO, "seen", LATER)
        execute(address, *unguarded(address, "UPDATE releases SET needed = 1"))
        (refused,) = store.deliver(tmp_path).refused
        assert refused.why == "the log holds no release of it"


def test_an_alert_that_an_older_version_released_with_one_person_stays_released(tmp_path: Path) -> None:
    address = tmp_path / "watch.db"
    with with_a_draft(address, tmp_path / "alerts") as store:
        store.confirm("scripted-0", replace(ADA, persons_needed=1), "", LATER)
        store.deliver(tmp_path / "alerts")
    _as_written_before_releases(address)
    with Store.open(address, clock=lambda: START) as store:
        (alert,) = store.read.alerts(START, START)
        assert alert.release == Release(LATER, 1, ())
        assert store.verify(tmp_path / "alerts").findings == ()


def _as_written_before_releases(address: Path) -> None:
    """Take the later tables, their entries and the account out of a store, and write the log's hashes anew."""
    from strandline.watch.store.audit.log import FIRST_PREVIOUS, hash_of
    from strandline.watch.store.tables import log

    engine = make_engine(address)
    with writing(engine) as connection:
        for statement in unguarded(address):
            connection.execute(text(statement))
        rows = connection.execute(log.select().where(log.c.kind != "release").order_by(log.c.sequence)).all()
        connection.execute(log.delete())
        previous = FIRST_PREVIOUS
        for sequence, row in enumerate(rows, start=1):
            data = row.data.replace('"account":"ada",', "").replace('"needed":1,', "").replace(
                '"role":"duty_officer",', "")  # fmt: skip
            own = hash_of(sequence, row.time, row.kind, row.text, data, previous)
            values = {"sequence": sequence, "time": row.time, "kind": row.kind, "text": row.text, "data": data}
            connection.execute(log.insert().values(**values, previous=previous, hash=own))
            previous = own
        for table in reversed(LAST_MILE):
            connection.execute(text(f"DROP TABLE {table.name}"))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0002'"))
        for name in ("alerts", "confirmations", "decisions", "deliveries", "health", "log", "readings", "steps"):
            for change in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(
                    f"CREATE TRIGGER {name}_no_{change.lower()} BEFORE {change} ON {name} "
                    f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
                )
    engine.dispose()
    address.with_name("watch.db.known").unlink()
