"""A feed that is polled at every step: limited in time, never raising, and without loss after failures."""

import logging
import threading
import time as clock
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from benchmarks.agent import faults
from strandline.errors import FeedError
from strandline.watch.feeds.client import FeedClient, RetryPolicy
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Feed, Reading
from tests.watch.feeds.test_quality_control import EXPECTED, HOUR, LATELY, NOW, START, gauge, tide

pytestmark = pytest.mark.slow

HASTY = RetryPolicy(timeout=0.5, attempts=3, first_pause=0.001, opens_after=6, reset_after=0.2)


@dataclass
class Scripted:
    """A feed that plays one entry of its script at each call; the last one repeatedly."""

    script: list[Callable[[], list[Reading]]]
    stream: str = "Pier"
    calls: list[tuple[datetime, datetime]] = field(default_factory=list)

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        self.calls.append((since, until))
        return self.script[min(len(self.calls), len(self.script)) - 1]()


def refuses() -> list[Reading]:
    raise FeedError("stream 'Pier': port closed; look at the cable")


def is_broken() -> list[Reading]:
    raise KeyError("v")


def answers() -> list[Reading]:
    return [Reading("Pier", "water_level", START, START, 0.5)]


def walk(client: FeedClient, steps: int = 72) -> tuple[list[Reading], list[str]]:
    """Polls as the watch does, with the earlier readings; the final version of each reading, and the conditions."""
    taken: dict[object, Reading] = {}
    conditions: list[str] = []
    for hour in range(steps):
        until = START + hour * HOUR + timedelta(minutes=10)
        recent = [reading for reading in taken.values() if reading.issued > until - timedelta(days=3)]
        answer = client.poll(until - HOUR, until, recent)
        taken |= {(reading.time, reading.place): reading for reading in answer.readings}
        conditions.append(answer.health.condition)
    return list(taken.values()), conditions


# --- failures ------------------------------------------------------------------------------------------------------


def test_a_feed_is_polled_again_until_it_answers() -> None:
    feed = Scripted([refuses, refuses, answers])
    answer = FeedClient(feed, EXPECTED, retry_policy=HASTY).poll(START - HOUR, START)
    assert [reading.value for reading in answer.readings] == [0.5]
    assert answer.health.condition == "alive"
    assert len(feed.calls) == 3


@pytest.mark.parametrize("retry_policy", [None, HASTY])
def test_a_refusal_is_health_and_not_an_exception(retry_policy: RetryPolicy | None) -> None:
    answer = FeedClient(Scripted([refuses]), EXPECTED, retry_policy=retry_policy).poll(START - HOUR, START)
    assert answer.readings == []
    assert answer.health.condition == "failing"
    assert "port closed" in answer.health.note


def test_an_unexpected_exception_is_health_too_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = FeedClient(Scripted([is_broken]), EXPECTED).poll(START - HOUR, START)
    assert "KeyError" in answer.health.note
    assert caplog.records[0].exc_info is not None


def test_a_hanging_feed_delays_a_step_no_longer_than_its_time_limit() -> None:
    released = threading.Event()

    def hangs() -> list[Reading]:
        released.wait(20)
        return []

    feed = Scripted([hangs])
    client = FeedClient(feed, EXPECTED, retry_policy=HASTY)
    begin = clock.perf_counter()
    first = client.poll(START - HOUR, START)
    assert clock.perf_counter() - begin < HASTY.timeout + 2.0  # seconds; the feed would hang for twenty
    second = client.poll(START, START + HOUR)
    assert clock.perf_counter() - begin < HASTY.timeout + 3.0
    released.set()
    assert first.health.note == "Polling failed: no answer within 0.5 s."
    assert "still unanswered" in second.health.note
    assert len(feed.calls) == 1  # no second thread waits beside the first


def test_a_feed_that_always_fails_is_paused_and_then_polled_once() -> None:
    feed = Scripted([refuses])
    client = FeedClient(feed, EXPECTED, retry_policy=HASTY)
    for hour in range(4):
        client.poll(START + (hour - 1) * HOUR, START + hour * HOUR)
    assert len(feed.calls) == HASTY.opens_after
    assert "paused for a while" in client.poll(START + 3 * HOUR, START + 4 * HOUR).health.note
    clock.sleep(HASTY.reset_after)
    client.poll(START + 4 * HOUR, START + 5 * HOUR)
    assert len(feed.calls) == HASTY.opens_after + 1
    feed.script = [answers]
    clock.sleep(HASTY.reset_after)
    assert client.poll(START + 5 * HOUR, START + 6 * HOUR).readings


def test_after_failures_all_readings_since_the_first_one_are_read() -> None:
    failing = faults.FailingFeed(gauge(), LATELY)
    taken, conditions = walk(FeedClient(failing, EXPECTED, tide))
    assert len(taken) == 60
    assert conditions[60:] == ["failing"] * 12
    late = FeedClient(failing, EXPECTED, tide)
    assert not late.poll(LATELY[0], LATELY[0] + HOUR).readings
    assert not late.poll(LATELY[0] + HOUR, LATELY[0] + 2 * HOUR).readings
    assert len(late.poll(LATELY[1], LATELY[1] + HOUR).readings) == 12


# --- step by step --------------------------------------------------------------------------------------------------


def test_every_reading_of_a_sound_stream_is_returned_once() -> None:
    replay = gauge()
    taken, conditions = walk(FeedClient(replay, EXPECTED, tide))
    assert taken == list(replay.readings)
    assert set(conditions) == {"alive"}
    assert FeedClient(replay, EXPECTED, tide).poll(START, NOW, taken).readings == []


def test_an_earlier_reading_is_returned_again_when_its_quality_changes() -> None:
    client = FeedClient(faults.frozen(gauge(), LATELY), EXPECTED, tide)
    taken, conditions = walk(client)
    assert [reading.quality for reading in taken if reading.time >= LATELY[0]] == ["bad"] * 12
    assert conditions[63:] == ["stuck"] * 9


@pytest.mark.parametrize("fault", [faults.shuffled, faults.repeated])
def test_order_and_repeats_do_not_change_the_readings(fault: faults.Fault) -> None:
    window = (START + 6 * HOUR, START + 50 * HOUR)
    feed: Feed = fault(gauge(), window)
    taken, _ = walk(FeedClient(feed, EXPECTED, tide))
    assert sorted(taken) == sorted(gauge().readings)


def test_late_readings_are_returned_when_they_arrive() -> None:
    day_late = faults.late(gauge(), (START + 12 * HOUR, START + 24 * HOUR))
    taken, conditions = walk(FeedClient(day_late, EXPECTED, tide))
    assert sorted(taken) == sorted(gauge().readings)
    assert conditions[12:24] == ["alive", *["late"] * 4, *["silent"] * 7]
    assert set(conditions[24:]) == {"alive"}


def test_a_clock_ahead_is_bad_for_as_long_as_it_lasts() -> None:
    taken, _ = walk(FeedClient(faults.clock_skew(gauge(), LATELY, 3 * HOUR), EXPECTED, tide))
    assert [reading.quality for reading in taken if reading.time >= LATELY[0]] == ["bad"] * 12
    assert {reading.quality for reading in taken if reading.time < LATELY[0]} == {"good"}


def test_a_corrected_clock_does_not_validate_earlier_time_stamps() -> None:
    window = (START + 40 * HOUR, START + 52 * HOUR)
    taken, conditions = walk(FeedClient(faults.clock_skew(gauge(), window, 3 * HOUR), EXPECTED, tide))
    truth = {reading.time: reading.value for reading in gauge().readings}
    mistimed = [reading for reading in taken if reading.value != truth[reading.time]]
    assert [reading.time for reading in mistimed] == [START + hour * HOUR for hour in range(43, 52)]
    assert {reading.quality for reading in mistimed} == {"bad"}
    assert {reading.quality for reading in taken if reading not in mistimed} == {"good"}
    assert conditions[53:] == ["alive"] * 19


def test_forecasts_pass_with_their_members() -> None:
    issued = START
    ahead = [
        Reading("model", "surge_forecast", issued + lead * HOUR, issued, 0.1, member=member)
        for lead in range(24)
        for member in range(5)
    ]
    client = FeedClient(Replay.of("model", ahead, 2 * HOUR), EXPECTED)
    assert client.poll(START, START + HOUR).readings == []
    assert sorted(client.poll(START + HOUR, START + 2 * HOUR).readings) == sorted(ahead)
