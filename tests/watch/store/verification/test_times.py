"""A wrong clock does not ruin a store: on 2d0579a a step of 2099 was taken in 2026, and every real hour was refused."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.agent.scripted_watch import ALONE, HOUR, START, write_step
from strandline.errors import InputError
from strandline.watch.clock import CLOCK_TOLERANCE
from strandline.watch.readings import Reading
from strandline.watch.store import Damaged, StepRecord, Store
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.database.set_aside import REPORT, confirmed_alerts, set_aside
from strandline.watch.store.verification.times import refuse_wrong_clock
from strandline.watch.store.verification.verify import verify_address

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)
LEVEL = Reading("harbour", "water_level", START, START, 0.5)


@pytest.fixture
def clock() -> list[datetime]:
    """The present; the last entry counts."""
    return [START + 12 * MINUTE]


def opened(address: str | Path, clock: list[datetime], run: Path | None = None) -> Store:
    return Store.open(address, clock=lambda: clock[-1], code_version="test", run=run)


def live_step(store: Store, hour: datetime, *readings: Reading) -> None:
    with store.step(hour, is_live=True) as step:
        step.add_readings(readings)


def test_a_store_from_2099_is_refused_with_its_remedy_and_the_watch_goes_on_after_it_is_set_aside(
    address: str, tmp_path: Path, clock: list[datetime]
) -> None:
    locations, alerts = Locations.of(address, tmp_path), Locations.of(address, tmp_path).alerts
    assert alerts is not None
    with opened(address, clock, tmp_path) as store:
        with store.step(START) as step:
            write_step(step, 0)
        store.confirm("scripted-0", ALONE, "seen", START + HOUR)
        store.deliver(alerts)
        future = datetime(2099, 1, 1, 5)
        clock.append(future + 12 * MINUTE)
        with pytest.raises(Damaged, match=r"more than a year before this machine's clock, 2099.*set-aside"):
            live_step(store, future)
        with store.step(future):  # whoever sets the limits aside, or an older version
            pass
        clock.append(START + 72 * MINUTE)
        with pytest.raises(Damaged, match=r"last step is of 2099-01-01T05:00, later than this .*, 2022-01-01T01:12"):
            live_step(store, START + HOUR)
    found = verify_address(locations, (), clock[-1])
    assert [one.check for one in found.findings] == ["times"]
    assert "set this machine's clock; if it is right, set the store aside" in found.findings[0].remedy
    assert confirmed_alerts(locations) == ("scripted-0.xml",)
    where = set_aside(locations, clock[-1], "why\n")
    aside = alerts.with_name(where.rsplit("/")[-1]) if locations.file else None
    with opened(address, clock, tmp_path) as store:
        live_step(store, START + HOUR)
        store.refuse_damage(alerts)
    if aside is not None:
        assert {path.name for path in aside.iterdir()} >= {"watch.db", "watch.db.known", "watch-alerts", REPORT}
        shutil.move(aside / "watch.db", tmp_path / "examined.db")
        with opened(tmp_path / "examined.db", clock) as store:
            assert [step.hour.year for step in store.read.steps(START, future)] == [2022, 2099], "nothing was deleted"


def test_a_live_step_is_not_taken_before_its_hour_and_a_replay_may_be(tmp_path: Path, clock: list[datetime]) -> None:
    with opened(tmp_path / "watch.db", clock) as store:
        with pytest.raises(InputError, match=r"step of 2022-01-01T01:00 is later than this machine's clock"):
            live_step(store, START + HOUR)
        clock.append(START + HOUR - CLOCK_TOLERANCE)
        live_step(store, START + HOUR)
        with store.step(START.replace(year=2030)):
            pass
        assert store.verify().findings == (), "the hours of a replay are not those of the clock"


def test_a_clock_that_was_set_back_is_logged(
    tmp_path: Path, clock: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path / "watch.db", clock) as store:
        clock.append(START + 59 * MINUTE)
        live_step(store, START)
        clock.append(START + 70 * MINUTE)
        live_step(store, START + HOUR)
        assert [entry.kind for entry in store.read.log()] == ["step", "step"]
        clock.append(START + 5 * HOUR)
        live_step(store, START + 2 * HOUR)
        clock.append(START + 3 * HOUR)
        live_step(store, START + 3 * HOUR)
        assert [entry.text for entry in store.read.log() if entry.kind == "clock"] == [
            "this machine's clock was set back by 2.0 h since the last step"
        ]
    assert "set back" in caplog.text


@given(st.timedeltas(timedelta(-400), timedelta(400)), st.booleans())
@settings(max_examples=20, deadline=None)
def test_no_reading_issued_after_its_receipt_counts_in_a_live_step(ahead: timedelta, is_forecast: bool) -> None:
    issued = datetime(2022, 6, 1) + ahead
    reading = replace(LEVEL, issued=issued, time=issued + timedelta(hours=6 * is_forecast))
    (live,), (replayed,) = (_stored(reading, is_live) for is_live in (True, False))
    assert (live.quality == "bad") == (ahead > CLOCK_TOLERANCE)
    assert replayed.quality == "good", "a replay has a clock of its own"


def _stored(reading: Reading, is_live: bool) -> list[Reading]:
    """What a step that is open takes from a reading; its store is empty."""
    now = datetime(2022, 6, 1)
    with TemporaryDirectory() as folder:
        store = opened(Path(folder) / "watch.db", [now])
        with store, store.step(now, is_live=is_live) as step:
            step.add_readings([reading])
            return step.readings(datetime(2000, 1, 1))


def test_the_limits_of_a_clock() -> None:
    newest = StepRecord(START, START + 12 * MINUTE, START + 13 * MINUTE, "test")
    assert refuse_wrong_clock("x", None, START, START) == timedelta(0)
    assert refuse_wrong_clock("x", newest, START + HOUR, START + HOUR) == timedelta(0)
    assert refuse_wrong_clock("x", newest, START - HOUR, START - 10 * MINUTE) == 23 * MINUTE
    year_later = START + timedelta(days=366)
    assert refuse_wrong_clock("x", newest, year_later, year_later) == timedelta(0)
    for now in (START - 16 * MINUTE, START + timedelta(days=367)):
        with pytest.raises(Damaged):
            refuse_wrong_clock("x", newest, START - HOUR, now)
