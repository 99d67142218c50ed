"""Health of a stream, from its expected schedule and the quality of its recent readings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from strandline.watch.clock import CLOCK_TOLERANCE
from strandline.watch.feeds.quality_control import CheckedReading
from strandline.watch.readings import Condition, Health

_DAY = timedelta(days=1)
_LONGEST_NOTE = 600
_FINDINGS = {
    "no number": "no numbers",
    "clock ahead": "ahead of the clock",
    "wrong unit": "in another unit",
    "out of range": "beyond the physical range",
    "stuck": "with a stuck value",
    "spike": "spikes",
    "jump": "unconfirmed jumps",
    "bad before": "found bad before",
}


@dataclass(frozen=True)
class Expectation:
    """Schedule of a stream.

    Attributes:
        interval: from one reading (or issue of a forecast) to the next.
        delay: from a reading until it is available.
        silent_after: age of the newest usable reading from which the stream counts as silent.
    """

    interval: timedelta
    delay: timedelta
    silent_after: timedelta

    @property
    def late_after(self) -> timedelta:
        """Age from which a reading is overdue: half an interval more than on schedule."""
        return self.delay + 1.5 * self.interval


def assess_health(
    stream: str,
    checked: Sequence[CheckedReading],
    until: datetime,
    expectation: Expectation,
    failure: str = "",
    warning: str = "",
) -> Health:
    """The health of a stream at ``until``.

    Bad readings are ignored. ``age_hours`` is negative if the stream's clock is ahead.

    Args:
        checked: its readings of the last day or longer.
        until: present time, naive UTC.
        failure: why polling failed; empty = it did not.
        warning: on the stream's source, beside its readings; empty = none.
    """
    newest = max(checked, key=lambda each: each.reading.issued, default=None)
    usable = [each.reading.issued for each in checked if each.reading.quality != "bad"]
    last_seen = max(usable, default=None)
    age = None if last_seen is None else until - last_seen
    if newest is not None and newest.finding == "clock ahead":
        last_seen, age = newest.reading.issued, until - newest.reading.issued
    recent = [each for each in checked if until - _DAY < each.reading.issued <= until + CLOCK_TOLERANCE]
    good = sum(each.reading.quality == "good" for each in recent)
    return Health(
        stream=stream,
        last_seen=last_seen,
        age_hours=None if age is None else age / timedelta(hours=1),
        condition=_condition(newest, max(usable, default=None), until, expectation, failure),
        share_good=good / len(recent) if recent else None,
        note=printable(_note(newest, recent, until, failure, warning)),
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


def printable(text: str) -> str:
    """Text of foreign origin on one line, not too long; a letter that no screen or database takes is replaced."""
    line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in " ".join(text.split()))
    return line if len(line) <= _LONGEST_NOTE else line[: _LONGEST_NOTE - 1] + "…"


def _note(
    newest: CheckedReading | None, recent: Sequence[CheckedReading], until: datetime, failure: str, warning: str
) -> str:
    """One plain sentence on the gravest problem."""
    if failure:
        return f"Polling failed: {failure}."
    if warning:
        return warning
    if newest is None:
        return "No reading yet."
    if newest.finding == "clock ahead":
        minutes = (newest.reading.issued - until) / timedelta(minutes=1)
        return f"Clock error: the newest reading is {minutes:.0f} min in the future."
    counts = Counter(each.finding for each in recent if each.finding is not None)
    if counts:
        findings = ", ".join(f"{count} {_FINDINGS[finding]}" for finding, count in counts.most_common())
        return f"Of {len(recent)} readings in the last day: {findings}."
    return ""
