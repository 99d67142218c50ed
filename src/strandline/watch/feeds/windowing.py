"""Selects the readings of a live record that a poll returns: the late ones too, none from the future."""

import logging
from datetime import datetime, timedelta

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.watch.readings import Reading

MOST_READINGS = 300_000
"""Of one poll: three days of one reading a second."""
_log = logging.getLogger(__name__)
_LAST = np.datetime64("9999-12-31", "us")
"""No later time can be a ``datetime``."""


def before(moment: datetime, span: timedelta) -> datetime:
    """``moment`` − ``span``, at least ``datetime.min``."""
    return moment - span if moment - datetime.min > span else datetime.min


def available_readings(
    stream: str,
    variable: str,
    time: Times,
    value: Floats,
    since: datetime,
    until: datetime,
    longest_delay: timedelta,
    now: datetime,
    place: str = "",
) -> list[Reading]:
    """The readings of a record that are available at ``until``, oldest first; of very many the newest.

    A record does not state when a reading became available. Readings up to ``longest_delay`` older than ``since`` are
    therefore returned again, which includes the late ones. Readings after ``until`` are withheld, except those even
    after the present: the stream's clock is wrong, and quality control must see that.

    Args:
        time: (N,) UTC, in any order.
        value: (N,) [SI].
        since, until: as for ``Feed.read``.
        longest_delay: largest delay with which a reading is still accepted.
        now: present time, naive UTC.
    """
    moments: Times = np.asarray(time, dtype="datetime64[us]")
    recent = (moments > np.datetime64(before(since, longest_delay))) & (moments < _LAST)
    selected = np.flatnonzero(recent & ((moments <= np.datetime64(until)) | (moments > np.datetime64(now))))
    order = selected[np.argsort(moments[selected], kind="stable")]
    if order.size > MOST_READINGS:
        _log.warning("stream '%s': of %d readings only the newest %d are used", stream, order.size, MOST_READINGS)
        order = order[-MOST_READINGS:]
    return [
        Reading(stream, variable, moment, moment, number, place)
        for moment, number in zip(moments[order].tolist(), np.asarray(value)[order].tolist(), strict=True)
    ]
