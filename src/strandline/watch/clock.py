"""The hours of a watch: of a replay, or as they pass."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from strandline.watch.assimilation.gauge_residuals import AFTER_THE_HOUR
from strandline.watch.feeds.windowing import wall_clock

STEP = timedelta(hours=1)


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every full hour from ``start`` to ``end``."""
    hour = start
    while hour <= end:
        yield hour
        hour += STEP


def hours_as_they_pass(now: Callable[[], datetime] = wall_clock) -> Iterator[datetime]:
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
