"""A reading of a stream, the health of a stream, and the interface of a feed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Quality = Literal["good", "suspect", "bad"]
Condition = Literal["alive", "late", "silent", "stuck", "rejected", "failing"]


@dataclass(frozen=True, order=True)
class Reading:
    """One number of one stream.

    Two readings with the same stream, variable, place, member, time and issue are repeats; of two repeats with another
    value or quality the later one counts, since services revise and quality control is repeated with later readings.

    Attributes:
        stream: name in the region file.
        variable: from the vocabulary, as ``water_level`` [m, region datum].
        time: valid time, naive UTC.
        issued: when it was measured or forecast, naive UTC; equals ``time`` for a measurement.
        value: [SI]; NaN if the stream gave no number.
        place: zone or asset; of a ``scene`` its URL; empty = the stream's own location.
        member: of a forecast ensemble.
        quality: set by quality control.
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
    """Health of a stream at a moment.

    Attributes:
        last_seen: time of its newest reading, naive UTC; ``None`` = never.
        age_hours: of that reading [h]; negative = the stream's clock is ahead.
        condition: ``late`` = older than expected; ``silent`` = too old to be used; ``stuck`` = its value no longer
            changes; ``rejected`` = other streams and the tide contradict it; ``failing`` = polling it failed.
        share_good: of its readings in the last day [-].
        fallback: streams that are used instead; empty = none.
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
    """Source of the readings of one stream."""

    @property
    def stream(self) -> str:
        """Name in the region file."""

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """Readings that became available after ``since`` and not after ``until`` (naive UTC), oldest first.

        Some may be older than ``since`` (delivered late) or repeats: a service does not state when a reading became
        available and returns the last days again.

        Raises:
            FeedError: the source does not answer, or its answer cannot be read.
        """
