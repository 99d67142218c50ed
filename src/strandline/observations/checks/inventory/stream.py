"""A line of the inventory: a data stream with its span, gaps and age, and what a region does without it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Self

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Mask, Times
from strandline.observations.checks.silence import coverage
from strandline.observations.observations import MODALITIES

HOUR = np.timedelta64(1, "h")
State = Literal["present", "absent", "unreadable"]

COSTS = {name: modality.cost_of_absence for name, modality in MODALITIES.items()} | {
    "neighbour": "no substitute when the region's own gauge fails in a storm",
    "tides": "the tide is fitted to the record, which takes months of data and leaks if held-out storms are included;"
    " without a gauge it is a usual one, a third or three times as large as here",
    "extremes": "return levels rest on the gauge's own record; a short one only updates what other coasts have",
    "return_levels": "rare seas rest on annual maxima or the own record; without these, on what other coasts have",
    "assets": "no damage and no money: the plan has actions for lives alone, by the land that floods",
    "place_names": "maps and reports name no town and no village",
    "scenarios": "the sea rises as on the world's mean, and the land is taken as stable",
    "zones": "the watch reports by the districts that the assets name, else by square blocks",
}
"""Stream → what a region does without it."""


@dataclass(frozen=True)
class Stream:
    """One line of the inventory.

    Attributes:
        name: the modality; gauges one by one, as ``tide_gauge: NAME``.
        state: ``unreadable`` where the section exists but its files cannot be used.
        detail: summary of the data, or the error message.
        cost: what the region does without the stream.
        count: hours, scenes, fixes, cells or assets.
        gap_share: share of them that is unknown between the first and the last known one [-].
        longest_gap: [h]; ``None`` where it has no meaning.
        spans: known periods (start, end), UTC; a scene has no length.
        age_days: from the last known time until now.
        fault: where, what and remedy of one that is unreadable.
    """

    name: str
    state: State
    detail: str
    cost: str
    count: int | None = None
    gap_share: float | None = None
    longest_gap: float | None = None
    spans: tuple[tuple[np.datetime64, np.datetime64], ...] = ()
    age_days: float | None = None
    fault: tuple[str, str, str] | None = None

    @classmethod
    def absent(cls, name: str) -> Self:
        """A stream whose section the region file lacks."""
        return cls(name, "absent", "not in the region file", COSTS[name])

    @classmethod
    def unreadable(cls, name: str, error: InputError, cost: str) -> Self:
        """A stream whose files cannot be used; ``cost`` is its key in `COSTS`."""
        return cls(name, "unreadable", str(error), COSTS[cost], fault=(error.where, error.what, error.remedy))

    @classmethod
    def regular(cls, name: str, cost: str, detail: str, time: Times, known: Mask, now: np.datetime64) -> Self:
        """A regular series; gaps are counted between the first and the last known value."""
        spans = known_spans(time, known)
        read = coverage(time, known)
        assert read is not None
        step = float((time[1] - time[0]) / HOUR) if time.size > 1 else 0.0
        gaps = [(following[0] - before[1]) / HOUR - step for before, following in pairwise(spans)]
        return cls(
            name,
            "present",
            detail,
            COSTS[cost],
            count=int(known.sum()),
            gap_share=read.silent_share,
            longest_gap=float(max(gaps, default=0.0)),
            spans=spans,
            age_days=days_of(now - spans[-1][1]),
        )


def known_spans(time: Times, known: Mask) -> tuple[tuple[np.datetime64, np.datetime64], ...]:
    """First and last time of each uninterrupted run of known values in a regular series."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    return tuple((time[start], time[end - 1]) for start, end in zip(edges[::2], edges[1::2], strict=True))


def days_of(span: np.timedelta64) -> float:
    """[d]"""
    return float(span / np.timedelta64(1, "D"))
