"""Every corrupted store is found and refused; on 2d0579a nobody looked, and a watch went on with most of them."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.agent.corrupted_stores import (
    contents_of,
    corrupted_stores,
    corruptions,
    is_damage_found,
    is_damage_refused,
    make_store,
)
from benchmarks.agent.scripted_watch import START, open_store, play
from strandline.watch.store import Damaged
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.verification.verify import verify_address
from tests.fixtures.stores import execute, is_server, unguarded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores") / "original"
    make_store(folder)
    return folder


def test_a_hundred_corrupted_stores_are_all_found_and_refused_one_of_each_kind() -> None:
    assert len(corruptions()) >= 100
    outcome = corrupted_stores(len(corruptions()), seed=1)
    assert outcome.missed == []
    assert (outcome.found, outcome.refused) == (outcome.corrupted, outcome.corrupted)
    assert set(outcome.kinds) == set(corruptions())


@given(st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_byte_is_changed_the_store_is_equal_or_the_change_is_found(
    original: Path, tmp_path: Path, position: int, mask: int
) -> None:
    work = tmp_path / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(original, work)
    content = bytearray((work / "watch.db").read_bytes())
    content[position % len(content)] ^= mask
    (work / "watch.db").write_bytes(content)
    assert contents_of(work) == contents_of(original) or is_damage_found(work)


def test_a_whole_store_is_found_whole_and_verifying_it_changes_nothing(original: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(original, work)
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
    found = verify_address(Locations.of(work / "watch.db"), (), START)
    assert (found.findings, found.notes, found.steps, found.last_whole) == ((), (), 8, START)
    assert {path: path.read_bytes() for path in work.rglob("*") if path.is_file()} == before
    assert not is_damage_refused(work)


def test_a_store_is_verified_while_it_is_written_and_after_a_kill(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "watch.db")) as store:
        play(store, tmp_path / "watch-alerts", 2)
        assert (tmp_path / "watch.db-wal").stat().st_size, "its newest rows are in the WAL alone"
        assert verify_address(Locations.of(tmp_path / "watch.db"), (), START).findings == ()
        shutil.copytree(tmp_path, tmp_path / "killed", ignore=shutil.ignore_patterns("killed"))
    assert verify_address(Locations.of(tmp_path / "killed" / "watch.db"), (), START).findings == ()
    (tmp_path / "killed" / "watch.db-wal").unlink()
    assert is_damage_found(tmp_path / "killed"), "what was committed is gone"


CHANGES = {
    "UPDATE readings SET value = value + 3": "readings of 2022-01-01T00:00 do not match the log: of 18 rows",
    "DELETE FROM decisions WHERE rank = 0 AND hour > '2022-01-01 03:30'": "decisions of 2022-01-01T04:00",
    "UPDATE steps SET ended = '2022-01-02 00:00:00.000000'": "steps of 2022-01-01T00:00",
    "UPDATE deliveries SET at = '2022-01-02 00:00:00.000000'": "the delivery of 'scripted-0' to confirmed/",
    "UPDATE belief_state SET hour = '2022-01-01 00:00:00.000000'": "the belief state",
    "UPDATE outlooks SET p50 = 0": "forecasts of 2022-01-01T00:00",
}


@pytest.mark.parametrize(("change", "why"), CHANGES.items())
def test_a_change_on_either_engine_is_found_with_its_hour(address: str, tmp_path: Path, change: str, why: str) -> None:
    with open_store(address) as store:
        play(store, tmp_path / "watch-alerts", 5)
    guard = "ALTER TABLE outlooks DISABLE TRIGGER USER" if is_server(address) else "DROP TRIGGER outlooks_no_update"
    execute(address, guard, *unguarded(address, change))
    found = verify_address(Locations.of(address, tmp_path), (), START)
    assert why in " ".join(one.what for one in found.findings)
    assert "trigger" in " ".join(one.what for one in found.findings), "the guards are missed too"
    with open_store(address) as store, pytest.raises(Damaged):
        store.refuse_damage(tmp_path / "watch-alerts")


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\0"], ids=["missing", "empty", "cut off"])
def test_a_lost_store_is_never_silently_made_anew(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "watch.db"
    with open_store(str(path)) as store:
        play(store, tmp_path / "elsewhere", 1)
    for name in ("watch.db", "watch.db-wal", "watch.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Damaged, match=r"watch\.db.*"):
        open_store(str(path))
    assert (path.read_bytes() if path.exists() else None) == content
    assert not verify_address(Locations.of(path), (), START).is_whole


def test_an_interrupted_creation_is_continued(tmp_path: Path) -> None:
    (tmp_path / "watch.db").write_bytes(b"")
    with open_store(str(tmp_path / "watch.db")) as store:
        play(store, tmp_path / "watch-alerts", 1)
        store.refuse_damage(tmp_path / "watch-alerts")
