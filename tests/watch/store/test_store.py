"""The store of the watch: atomic steps, readings with revisions, confirmations, files."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.agent.scripted_watch import ALONE, HOUR, START, decision_at, hold_step, message, write_step
from strandline.errors import InputError
from strandline.report.alerts.cap import as_cap
from strandline.report.alerts.issuer import NO_ISSUER
from strandline.watch.decisions import ForecastRow
from strandline.watch.readings import Condition, Health, Reading
from strandline.watch.store import AlertDraft, AlreadyDone, Busy, Delivery, Store, StoredForecast
from strandline.watch.store.database.locations import Locations
from tests.fixtures.flood_warnings import ISSUER, a_warning

pytestmark = pytest.mark.slow

LEVEL = Reading("gauge", "water_level", START, START, 0.5)


@pytest.fixture
def store(address: str) -> Store:
    return Store.open(address, clock=lambda: START, code_version="test")


def test_a_step_is_kept_as_a_whole(store: Store) -> None:
    with store.step(START) as step:
        write_step(step, 0)
    read = store.read
    assert [done.hour for done in read.steps(START, START)] == [START]
    assert len(list(read.readings(START - 9 * HOUR, START + 9 * HOUR, START))) == 6 + 12
    assert {stream.stream for stream in read.health()} == {"gauge east", "gauge west"}
    (decided,), (drafted,) = read.decisions(START, START), read.alerts(START, START)
    assert decided.decision == decision_at(START, decided.decision.probability or 0.0)
    assert drafted.draft.decision == decided.id == "20220101T00/0"
    assert [(entry.sequence, entry.kind) for entry in read.log()] == [(1, "reading"), (2, "step")]
    with store.step(START + HOUR) as step:
        assert len(step.belief_state() or b"") == 32
    store.verify_contents()
    store.close()


def test_health_is_read_hour_by_hour_and_the_log_has_a_newest_entry(store: Store) -> None:
    assert store.read.newest_entry() is None
    conditions: list[Condition] = ["alive", "late", "silent"]
    for number, condition in enumerate(conditions):
        with store.step(START + number * HOUR) as step:
            step.add_health([Health("gauge", START, float(number), condition, None)])
    history = list(store.read.health_history(START + HOUR, START + 9 * HOUR))
    assert [(hour, streams[0].condition) for hour, streams in history] == [
        (START + HOUR, "late"), (START + 2 * HOUR, "silent"),
    ]  # fmt: skip
    assert store.read.newest_entry() == list(store.read.log())[-1]
    store.close()


def test_a_failed_step_writes_nothing_and_releases_the_lock(store: Store) -> None:
    def break_down() -> None:
        with store.step(START) as step:
            write_step(step, 0)
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        break_down()
    assert store.read.newest_step() is None
    assert list(store.read.log()) == []
    assert store.read.forecast() is None
    with store.step(START) as step:
        assert step.readings(START - 9 * HOUR) == []
        assert step.belief_state() is None
    store.close()


def test_a_step_is_done_once_and_time_goes_forward(store: Store) -> None:
    with store.step(START):
        pass
    with pytest.raises(AlreadyDone, match=r"2022-01-01T00:00 is already done") as done, store.step(START):
        pytest.fail("done twice")
    assert done.value.hour == START
    with pytest.raises(InputError, match="give steps in ascending order"), store.step(START - HOUR):
        pytest.fail("done in the past")
    with pytest.raises(InputError, match="not a whole hour"), store.step(START + HOUR / 2):
        pytest.fail("done in between")
    with pytest.raises(InputError, match="has a zone"), store.step(START.replace(tzinfo=UTC)):
        pytest.fail("done somewhere")
    store.close()


def test_a_second_agent_is_told_that_the_first_acts(address: str) -> None:
    with Store.open(address) as first, Store.open(address) as second:
        with first.step(START):
            with pytest.raises(Busy, match="another agent is in a step"), second.step(START):
                pytest.fail("both act")
            with pytest.raises(Busy):
                second.deliver(Path("nowhere"))
        with pytest.raises(AlreadyDone), second.step(START):
            pytest.fail("both acted")
        with second.step(START + HOUR) as step:
            step.log("turn", "the second's")
        assert second.verify_log() == first.verify_log()


def test_an_agent_that_is_killed_frees_its_step(address: str) -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload([hold_step.__module__])
    here, there = context.Pipe()
    agent = context.Process(target=hold_step, args=(address, there))
    agent.start()
    assert here.recv() == "in the step"
    with Store.open(address) as store:
        with pytest.raises(Busy), store.step(START):
            pytest.fail("both act")
        os.kill(agent.pid or 0, signal.SIGKILL)
        agent.join()
        _until_free(lambda: _step_with(store, START, [LEVEL]))
        assert list(store.read.readings(START, START, START)) == [LEVEL]


def test_a_person_can_confirm_during_a_step(store: Store) -> None:
    with store.step(START) as step:
        (decision,) = step.add_decisions([decision_at(START, 0.9)])
    with store.step(START + HOUR) as step:
        step.log("first", "logged in the step")
        store.confirm(decision, ALONE, "", START + HOUR / 2)
    assert [entry.kind for entry in store.read.log()] == ["step", "confirmation", "first", "step"]
    store.verify_log()
    store.close()


def test_repeats_are_stored_once_and_revisions_side_by_side(store: Store) -> None:
    revised, suspect = replace(LEVEL, value=0.6), replace(LEVEL, value=0.6, quality="suspect")
    batches = [[LEVEL, LEVEL], [LEVEL], [revised], [suspect, revised], [revised], [LEVEL]]
    new = [_step_with(store, START + number * HOUR, batch) for number, batch in enumerate(batches)]
    assert new == [1, 0, 1, 2, 0, 1]
    everything = [LEVEL, revised, suspect, revised, LEVEL]
    for known_at, count in enumerate([1, 1, 2, 4, 4, 5]):
        assert list(store.read.readings(START, START, START + known_at * HOUR)) == everything[:count]
    store.close()


def test_a_step_reads_its_own_new_readings(store: Store) -> None:
    earlier, later = replace(LEVEL, time=START - HOUR), replace(LEVEL, time=START + HOUR, value=1.0)
    _step_with(store, START, [LEVEL, replace(LEVEL, time=START - 99 * HOUR)])
    with store.step(START + HOUR) as step:
        step.add_readings([later, replace(LEVEL, value=0.7)])
        step.add_readings([earlier])
        assert step.readings(START - HOUR) == [earlier, LEVEL, replace(LEVEL, value=0.7), later]
        assert step.readings(START, START) == [LEVEL, replace(LEVEL, value=0.7)]
    store.close()


READINGS = st.builds(
    Reading,
    stream=st.sampled_from(["a", "b", "ä", "B"]),
    variable=st.just("surge"),
    time=st.sampled_from([START, START + HOUR]),
    issued=st.sampled_from([START - HOUR, START]),
    value=st.sampled_from([0.0, 0.1, -0.0]),
    member=st.sampled_from([0, 1]),
    quality=st.sampled_from(["good", "bad"]),
)


@given(st.lists(st.lists(READINGS, max_size=6), min_size=1, max_size=4))
@settings(max_examples=12, deadline=None)
def test_the_readings_known_at_an_hour_are_those_given_by_then_without_repeats(batches: list[list[Reading]]) -> None:
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "watch.db") as store:
        expected: dict[tuple[object, ...], list[Reading]] = {}
        for number, batch in enumerate(batches):
            _step_with(store, START + number * HOUR, batch)
            for one in batch:
                which = (one.time, one.stream, one.variable, one.place, one.member, one.issued)
                revisions = expected.setdefault(which, [])
                if not revisions or revisions[-1] != one:
                    revisions.append(one)
            known = store.read.readings(START, START + HOUR, START + number * HOUR)
            assert list(known) == [one for which in sorted(expected) for one in expected[which]]  # type: ignore[type-var]
        store.verify_contents()


def test_pandas_and_numpy_come_back_as_plain_values(store: Store) -> None:
    time = pd.Timestamp(START) + pd.Timedelta(microseconds=7)
    _step_with(store, START, [Reading("gauge", "surge", time, time, np.float64(1.5), member=np.int64(2))])  # type: ignore[arg-type]
    (found,) = store.read.readings(START, START + HOUR, START)
    assert found == Reading("gauge", "surge", START + timedelta(microseconds=7), time, 1.5, member=2)
    assert (type(found.time), type(found.value), type(found.member)) == (datetime, float, int)
    store.verify_contents()
    store.close()


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (replace(LEVEL, value=float("nan")), "nan is not a number"),
        (replace(LEVEL, value=float("inf")), "inf is not a number"),
        (replace(LEVEL, time=START.replace(tzinfo=UTC)), "has a zone"),
        (replace(LEVEL, issued=pd.NaT), "has no time"),
        (replace(LEVEL, place="har\0bour"), "contains NUL"),
        (replace(LEVEL, place="\udc00"), "lone surrogate"),
    ],
)
def test_a_value_that_a_database_cannot_store_is_refused(tmp_path: Path, reading: Reading, why: str) -> None:
    with Store.open(tmp_path / "watch.db") as store:
        with pytest.raises(InputError, match=f"reading of 'gauge'.*{why}"):
            _step_with(store, START, [reading])
        assert store.read.newest_step() is None


def test_invalid_content_of_a_step_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path / "watch.db") as store, store.step(START) as step:
        with pytest.raises(InputError, match="not of the step's"):
            step.add_decisions([decision_at(START + HOUR, 0.5)])
        with pytest.raises(InputError, match=r"health: .*gauge is given twice"):
            step.add_health(2 * [Health("gauge", None, None, "silent", None)])
        with pytest.raises(InputError, match="reserved for the store"):
            step.log("step", "forged")
        with pytest.raises(InputError, match="is not JSON"):
            step.log("other", "not a number", {"share": float("nan")})
        with pytest.raises(InputError, match="has the status 'Actual'"):
            step.add_alerts([AlertDraft(message("one", "", "Actual"))])
        with pytest.raises(InputError, match="is not XML"):
            step.add_alerts([AlertDraft(b"<alert>")])
        with pytest.raises(InputError, match="has an impossible identifier"):
            step.add_alerts([AlertDraft(message("20220113T05/1", ""))])
        with pytest.raises(InputError, match="belongs to the unknown decision 'nine'"):
            step.add_alerts([AlertDraft(message("one", ""), "nine")])
        with pytest.raises(InputError, match="belongs to no decision"):
            step.add_alerts([AlertDraft(message("one", ""))])
        (decision,) = step.add_decisions([decision_at(START, 0.9)])
        step.add_alerts([AlertDraft(message("one", ""), decision)])
        with pytest.raises(InputError, match="one is given twice"):
            step.add_alerts([AlertDraft(message("one", ""), decision)])


def test_an_alert_is_released_only_after_a_named_person_confirms_it(store: Store, tmp_path: Path) -> None:
    at_once = {name: pd.Timestamp(START) for name in ("issued", "onset", "expires")}
    with store.step(START) as step:
        (decision,) = step.add_decisions([decision_at(START, 0.9)])
        draft = AlertDraft(as_cap(a_warning(**at_once), ISSUER), decision)
        assert step.add_alerts([draft]) == ["sella-1"]
        assert store.read.pending(START).alerts == ()
    assert store.deliver(tmp_path) == Delivery((tmp_path / "drafts" / "sella-1.xml",), ())
    assert store.deliver(tmp_path) == Delivery((), ())
    (waiting,) = store.read.pending(START).alerts
    assert (waiting.identifier, waiting.status, waiting.draft) == ("sella-1", "Draft", draft)
    with pytest.raises(InputError, match="names no person"):
        store.confirm("sella-1", replace(ALONE, name=" "), "", START)
    with pytest.raises(InputError, match="neither an alert nor a decision"):
        store.confirm("sella-2", ALONE, "", START)
    with pytest.raises(InputError, match="before 'sella-1'"):
        store.confirm("sella-1", ALONE, "", START - HOUR)
    assert not (tmp_path / "confirmed").exists()
    confirmation = store.confirm("sella-1", ALONE, "by telephone", START + HOUR)
    assert store.deliver(tmp_path) == Delivery((tmp_path / "confirmed" / "sella-1.xml",), ())
    assert (tmp_path / "confirmed" / "sella-1.xml").read_bytes() == draft.xml
    assert store.read.pending(START).alerts == ()
    (kept,) = store.read.alerts(START, START)
    assert kept.confirmations == (confirmation,)
    store.verify_contents()
    store.close()


@pytest.mark.parametrize(("provenance", "is_replay", "is_refused"), [
    ("real", False, True), ("real", True, True), ("simulated", True, False),
])  # fmt: skip
def test_an_alert_in_nobodys_name_is_not_confirmed_and_the_refusal_says_what_to_add(
    store: Store, tmp_path: Path, provenance: str, is_replay: bool, is_refused: bool
) -> None:
    at_once = {name: pd.Timestamp(START) for name in ("issued", "onset", "expires")}
    warning = a_warning(**at_once, provenance=provenance, is_replay=is_replay)
    with store.step(START) as step:
        (decision,) = step.add_decisions([decision_at(START, 0.9)])
        step.add_alerts([AlertDraft(as_cap(warning, NO_ISSUER), decision)])
    if is_refused:
        with pytest.raises(InputError, match=r"names no issuer.*add 'sender' and 'sender_name' to \[warnings\]"):
            store.confirm("sella-1", ALONE, "", START + HOUR)
    else:
        store.confirm("sella-1", ALONE, "practice on the built-in delta", START + HOUR)
    store.deliver(tmp_path)
    assert (tmp_path / "confirmed" / "sella-1.xml").exists() != is_refused
    store.verify_contents()
    store.close()


def test_a_file_is_never_replaced_and_no_file_is_written_outside_the_folder(tmp_path: Path) -> None:
    with Store.open(tmp_path / "watch.db") as store:
        with store.step(START) as step:
            (decision,) = step.add_decisions([decision_at(START, 0.9)])
            step.add_alerts([AlertDraft(message("../../etc/passwd", ""), decision)])
        (path,) = store.deliver(tmp_path / "alerts").written
        assert path == tmp_path / "alerts" / "drafts" / "..%2F..%2Fetc%2Fpasswd.xml"
        with store.step(START + HOUR) as step:
            (decision,) = step.add_decisions([decision_at(START + HOUR, 0.9)])
            step.add_alerts([AlertDraft(message(name, ""), decision) for name in ("other", "third")])
        (tmp_path / "alerts" / "drafts" / "other.xml").write_text("somebody else's")
        delivery = store.deliver(tmp_path / "alerts")
        assert [path.name for path in delivery.written] == ["third.xml"], "one that is refused holds up no other"
        assert [one.identifier for one in delivery.refused] == ["other"]
        assert "exists with another content" in delivery.refused[0].why
        assert (tmp_path / "alerts" / "drafts" / "other.xml").read_text() == "somebody else's"


def test_decisions_that_need_a_person_are_pending_until_confirmed(store: Store) -> None:
    start = decision_at(START, 0.9)
    kept, needs_person = replace(start, change="keep"), replace(start, change="keep", needs_person=True)
    with store.step(START) as step:
        first, _, third = step.add_decisions([start, kept, needs_person])
    assert [one.id for one in store.read.pending(START).decisions] == [first, third]
    assert store.read.pending(START + HOUR).decisions == ()
    store.confirm(third, ALONE, "", START)
    assert [one.id for one in store.read.pending(START).decisions] == [first]
    assert [len(one.confirmations) for one in store.read.decisions(START, START)] == [0, 0, 1]
    store.close()


def test_forecasts_are_read_by_hour_and_thinning_is_logged(store: Store) -> None:
    row = ForecastRow("water_level", "", START, 0.0, 0.1, 0.2, 0.3, None)
    for number in range(30):
        with store.step(START + number * HOUR) as step:
            step.add_forecast([replace(row, zone=zone, p50=float(number)) for zone in ("", "harbour")])
    assert store.read.forecast() == StoredForecast(
        START + 29 * HOUR, (replace(row, p50=29.0), replace(row, zone="harbour", p50=29.0))
    )
    history = list(store.read.forecast_history("water_level", "harbour", START + HOUR, START + 3 * HOUR))
    assert [(one.hour, one.rows[0].p50) for one in history] == [(START + n * HOUR, float(n)) for n in (1, 2, 3)]
    with pytest.raises(InputError, match="does not divide a day"):
        store.thin_forecasts(START, 5)
    assert store.thin_forecasts(START + 24 * HOUR, 6) == 2 * 20
    left = [one.hour for one in store.read.forecast_history("water_level", "", START, START + 29 * HOUR)]
    assert left == [START + n * HOUR for n in (0, 6, 12, 18, *range(24, 30))]
    assert [entry.kind for entry in islice(store.read.log(), 30, None)] == ["retention"]
    store.verify_log()
    store.verify_contents()
    store.close()


def test_pages_follow_one_another_without_a_gap(store: Store) -> None:
    given_readings = [replace(LEVEL, member=member) for member in range(1203)]
    with store.step(START) as step:
        step.add_readings(given_readings)
        for number in range(1000):
            step.log("count", str(number))
    assert list(store.read.readings(START, START, START)) == given_readings
    assert [entry.sequence for entry in store.read.log()] == list(range(1, 1002))
    assert [entry.text for entry in islice(store.read.log(after=700), 2)] == ["700", "701"]
    store.close()


def _step_with(store: Store, hour: datetime, batch: list[Reading]) -> int:
    with store.step(hour) as step:
        return step.add_readings(batch)


def _until_free(act: Callable[[], object]) -> None:
    for _ in range(100):
        try:
            act()
            return
        except Busy:
            sleep(0.05)
    pytest.fail("a killed agent keeps its lock")


def test_the_alerts_folder_is_beside_the_store(tmp_path: Path) -> None:
    def alerts_of(address: str | Path) -> Path | None:
        return Locations.of(address, Path("run")).alerts

    assert alerts_of(tmp_path / "a.db") == tmp_path / "a-alerts"
    assert alerts_of(f"sqlite:///{tmp_path}/b.db") == tmp_path / "b-alerts"
    assert alerts_of("postgresql+pg8000://me@host/watch?x=1") == Path("run") / "watch-alerts"
