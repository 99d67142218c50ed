"""How a stream is doing, from what is expected of it and what its recent readings were found to be."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from strandline.watch.feeds.quality_control import CLOCK_TOLERANCE, CheckedReading
from strandline.watch.readings import Condition, Health

_DAY = timedelta(days=1)
_WORDS = {
    "no number": "no numbers",
    "clock ahead": "ahead of the clock",
    "wrong unit": "in another unit",
    "out of range": "beyond what the sea can do",
    "stuck": "one and the same value",
    "spike": "spikes",
    "jump": "unconfirmed jumps",
    "bad before": "found bad before",
}


@dataclass(frozen=True)
class Expectation:
    """What a stream promises.

    Attributes:
        interval: from one reading (or issue of a forecast) to the next.
        delay: from a reading to the moment at which it can be had.
        silent_after: the age of the newest usable reading beyond which the stream says nothing any more.
    """

    interval: timedelta
    delay: timedelta
    silent_after: timedelta

    @property
    def late_after(self) -> timedelta:
        """The age beyond which a reading is overdue: half an interval more than the oldest that a stream may show."""
        return self.delay + 1.5 * self.interval


def assess_health(
    stream: str, judged: Sequence[CheckedReading], until: datetime, expectation: Expectation, failure: str = ""
) -> Health:
    """The health of a stream at ``until``.

    Only readings that are not bad count as seen. ``age_hours`` is below 0 where the stream's clock runs ahead.

    Args:
        stream: its name.
        judged: its recent readings, a day of them or more.
        until: the present, naive UTC.
        expectation: what it promises.
        failure: why it could not be asked; empty = it could.
    """
    newest = max(judged, key=lambda each: each.reading.issued, default=None)
    usable = [each.reading.issued for each in judged if each.reading.quality != "bad"]
    last_seen = max(usable, default=None)
    age = None if last_seen is None else until - last_seen
    if newest is not None and newest.finding == "clock ahead":
        last_seen, age = newest.reading.issued, until - newest.reading.issued
    recent = [each for each in judged if until - _DAY < each.reading.issued <= until + CLOCK_TOLERANCE]
    good = sum(each.reading.quality == "good" for each in recent)
    return Health(
        stream=stream,
        last_seen=last_seen,
        age_hours=None if age is None else age / timedelta(hours=1),
        condition=_condition(newest, max(usable, default=None), until, expectation, failure),
        share_good=good / len(recent) if recent else None,
        note=_note(newest, recent, until, failure),
    )


def _condition(
    newest: CheckedReading | None, seen: datetime | None, until: datetime, expectation: Expectation, failure: str
) -> Condition:
    if failure:
        return "failing"
    if newest is not None and newest.finding == "stuck" and until - newest.reading.issued <= expectation.silent_after:
        return "stuck"
    if seen is None or until - seen > expectation.silent_after:
        return "silent"
    return "late" if until - seen > expectation.late_after else "alive"


def _note(newest: CheckedReading | None, recent: Sequence[CheckedReading], until: datetime, failure: str) -> str:
    """One plain sentence; the gravest first."""
    if failure:
        return f"Asking it failed: {failure}."
    if newest is None:
        return "It has said nothing yet."
    if newest.finding == "clock ahead":
        minutes = (newest.reading.issued - until) / timedelta(minutes=1)
        return f"Clock skew: its newest reading lies {minutes:.0f} min in the future."
    counts = Counter(each.finding for each in recent if each.finding is not None)
    if counts:
        said = ", ".join(f"{count} {_WORDS[finding]}" for finding, count in counts.most_common())
        return f"Of {len(recent)} readings in the last day: {said}."
    return ""
