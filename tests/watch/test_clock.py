"""The hours of a watch come when they are due."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

import pytest

from strandline.errors import InputError
from strandline.watch.clock import AFTER_THE_HOUR, hours_as_they_pass, paced

HOUR = timedelta(hours=1)
START = datetime(2020, 1, 3)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], datetime]:
    """A clock that advances only by sleeping."""
    now = [START + timedelta(minutes=30)]
    monkeypatch.setattr(time, "sleep", lambda seconds: now.append(now[-1] + timedelta(seconds=seconds)))
    return lambda: now[-1]


def test_live_hours_begin_with_the_last_full_one_and_each_waits_for_its_readings(
    clock: Callable[[], datetime],
) -> None:
    hours = hours_as_they_pass(clock)
    assert next(hours) == START
    assert clock() == START + timedelta(minutes=30), "the first hour does not wait"
    for hour in islice(hours, 3):
        assert timedelta(0) <= clock() - hour - AFTER_THE_HOUR < timedelta(minutes=1)


def test_a_slow_watch_catches_up_hour_by_hour(clock: Callable[[], datetime]) -> None:
    hours = hours_as_they_pass(clock)
    next(hours)
    time.sleep(5 * 3600)
    assert list(islice(hours, 4)) == [START + HOUR * number for number in (1, 2, 3, 4)]
    assert clock() == START + timedelta(hours=5, minutes=30)


def test_a_clock_that_jumps_forward_leaves_the_hours_out_and_one_set_back_is_logged_or_refused(
    clock: Callable[[], datetime], caplog: pytest.LogCaptureFixture
) -> None:
    jump = [timedelta(0)]
    hours = hours_as_they_pass(lambda: clock() + jump[-1])
    assert next(hours) == START
    jump.append(timedelta(days=30))
    assert next(hours) == START + timedelta(days=30)
    assert "were missed" in caplog.text
    jump.append(timedelta(days=30, hours=-2))
    assert next(hours) == START + timedelta(days=30, hours=1)
    assert caplog.text.count("set back") == 1
    jump.append(timedelta(0))
    with pytest.raises(InputError, match="was set back by about 718 h while the watch ran; set it right"):
        next(hours)


def test_a_replay_is_paced_and_without_a_speed_does_not_wait(clock: Callable[[], datetime]) -> None:
    before = clock()
    assert len(list(paced(iter([START] * 4), None))) == 4
    assert clock() == before
    assert len(list(paced(iter([START] * 4), 3600.0))) == 4
    assert clock() - before == timedelta(seconds=3)
