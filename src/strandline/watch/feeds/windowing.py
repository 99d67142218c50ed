"""What a live record becomes when it is asked at a moment: readings, the late ones too, none known too soon."""

from datetime import UTC, datetime, timedelta

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.watch.readings import Reading


def wall_clock() -> datetime:
    """The present, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def before(moment: datetime, span: timedelta) -> datetime:
    """``moment`` less ``span``; the first moment that there is, where that lies before it."""
    return moment - span if moment - datetime.min > span else datetime.min


def readings_known(
    stream: str,
    variable: str,
    time: Times,
    value: Floats,
    since: datetime,
    until: datetime,
    look_back: timedelta,
    now: datetime,
    place: str = "",
) -> list[Reading]:
    """The readings that a record shows at ``until``, oldest first.

    A record does not tell when it came to know a reading. Those up to ``look_back`` older than ``since`` are therefore
    given again: among them are the late ones. What lies after ``until`` is kept back, except what lies even after the
    clock on the wall: its own clock must be wrong, and whoever reads should see that.

    Args:
        stream, variable, place: of the readings.
        time: (N,) UTC, in any order.
        value: (N,) [SI].
        since, until: as for ``Feed.read``.
        look_back: how late a reading may come and still be taken.
        now: the clock on the wall, naive UTC.
    """
    moments: Times = np.asarray(time, dtype="datetime64[us]")
    late = moments > np.datetime64(before(since, look_back))
    seen = np.flatnonzero(late & ((moments <= np.datetime64(until)) | (moments > np.datetime64(now))))
    order = seen[np.argsort(moments[seen], kind="stable")]
    return [
        Reading(stream, variable, moment, moment, number, place)
        for moment, number in zip(moments[order].tolist(), np.asarray(value)[order].tolist(), strict=True)
    ]
