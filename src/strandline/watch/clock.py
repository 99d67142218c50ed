"""The hours of a watch: of a replay, or as they pass."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from strandline.errors import InputError

STEP = timedelta(hours=1)
AFTER_THE_HOUR = timedelta(minutes=12)
"""Delay of a step after its full hour, so that the hour's readings are available."""

CLOCK_TOLERANCE = timedelta(minutes=15)
"""How much later than its receipt a reading may be dated, and a step be: loggers without a radio clock drift by some
seconds a day and are set a few times a year."""

LONGEST_DELAY = timedelta(days=1)
"""Further behind or ahead of its next hour, a watch does not go on hour by hour."""
_log = logging.getLogger(__name__)


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
    """The last full hour, then each hour ``AFTER_THE_HOUR`` after it began; never ends.

    A clock that is set back, or forward by more than ``LONGEST_DELAY``, is logged. After a jump forward the hours in
    between are left out.

    Raises:
        InputError: the clock was set back by more than ``LONGEST_DELAY``: the next hour would not come for as long.
    """
    hour = _last_hour(now())
    while True:
        yield hour
        hour += STEP
        if now() - hour - AFTER_THE_HOUR > LONGEST_DELAY:
            _log.warning("the hours from %s on were missed: the machine slept, or its clock was set forward", hour)
            hour = _last_hour(now())
        yield_at, is_logged = hour + AFTER_THE_HOUR, False
        while (wait := yield_at - now()) > timedelta(0):
            if wait > LONGEST_DELAY:
                what = f"was set back by about {(wait - STEP) / timedelta(hours=1):.0f} h while the watch ran"
                raise InputError("this machine's clock", what, "set it right, then start the watch again")
            if wait > STEP + CLOCK_TOLERANCE and not is_logged:
                _log.warning("this machine's clock was set back: the next step is at %s, in %s", yield_at, wait)
                is_logged = True
            time.sleep(min(wait.total_seconds(), 60.0))


def _last_hour(now: datetime) -> datetime:
    return (now - AFTER_THE_HOUR).replace(minute=0, second=0, microsecond=0)


def paced(hours: Iterator[datetime], speed: float | None) -> Iterator[datetime]:
    """The same hours, an hour over ``speed`` apart; ``None`` = without waiting."""
    for number, hour in enumerate(hours):
        if number and speed is not None:
            time.sleep(STEP.total_seconds() / speed)
        yield hour
