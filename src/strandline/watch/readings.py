"""What streams say, one number at a time, and how each of them is doing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Quality = Literal["good", "suspect", "bad"]
Condition = Literal["alive", "late", "silent", "stuck", "rejected", "failing"]


@dataclass(frozen=True, order=True)
class Reading:
    """One number that one stream said; the same stream, variable, place, member, time and issue twice is a repeat.

    Of two repeats with another value or quality the later one stands: services revise, and the checks at the door learn
    from what comes next.

    Attributes:
        stream: its name in the region file.
        variable: what was read, in the vocabulary's words and units, as ``water_level`` [m, region datum].
        time: of what it speaks, naive UTC.
        issued: when it was measured or forecast, naive UTC; ``time`` itself for a measurement.
        value: [SI]; NaN where a stream said what is no number, which the checks call bad.
        place: zone or asset; of a ``scene`` its address; empty = the stream's own place.
        member: of an ensemble of forecasts.
        quality: what the checks at the door made of it.
    """

    stream: str
    variable: str
    time: datetime
    issued: datetime
    value: float
    place: str = ""
    member: int = 0
    quality: Quality = "good"


@dataclass(frozen=True)
class Health:
    """How a stream is doing at a moment.

    Attributes:
        last_seen: time of its newest reading, naive UTC; ``None`` = it never spoke.
        age_hours: of that reading [h]; below 0 = the stream's clock runs ahead.
        condition: ``late`` = older than it should be; ``silent`` = so old that it says nothing any more; ``stuck`` =
            its value no longer changes; ``rejected`` = other streams and the tide speak against it; ``failing`` = asking
            it failed.
        share_good: of its readings in the last day [-].
        fallback: what speaks in its stead; empty = nothing.
        note: one plain sentence.
    """

    stream: str
    last_seen: datetime | None
    age_hours: float | None
    condition: Condition
    share_good: float | None
    fallback: str = ""
    note: str = ""


class Feed(Protocol):
    """Where the readings of one stream come from."""

    @property
    def stream(self) -> str:
        """Its name in the region file."""

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """What became known after ``since`` and not after ``until`` (naive UTC), oldest first.

        Some of it may be older than ``since`` (it came late), or known before (a service does not say when it came to
        know a reading, and gives the last days again).

        Raises:
            FeedError: it could not be asked, or answered nonsense.
        """
