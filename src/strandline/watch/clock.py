"""The hours of a watch: of a replay, or as they pass."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

STEP = timedelta(hours=1)
AFTER_THE_HOUR = timedelta(minutes=12)
"""Delay of a step after its full hour, so that the hour's readings are available."""


def utc_now() -> datetime:
    """The present, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every full hour from ``start`` to ``end``."""
    hour = start
    while hour <= end:
        yield hour
        hour += STEP


def hours_as_they_pass(now: Callable[[], datetime] = utc_now) -> Iterator[datetime]:
    """The last full hour, then each hour ``AFTER_THE_HOUR`` after it began; never ends."""
    hour = (now() - AFTER_THE_HOUR).replace(minute=0, second=0, microsecond=0)
    while True:
        yield hour
        hour += STEP
        while (wait := (hour + AFTER_THE_HOUR - now()).total_seconds()) > 0:
            time.sleep(min(wait, 60.0))


def paced(hours: Iterator[datetime], speed: float | None) -> Iterator[datetime]:
    """The same hours, an hour over ``speed`` apart; ``None`` = without waiting."""
    for number, hour in enumerate(hours):
        if number and speed is not None:
            time.sleep(STEP.total_seconds() / speed)
        yield hour
