"""Rain from amounts that a model accumulates: since its start (ECMWF), or in buckets of six hours (NCEP)."""

from collections.abc import Mapping

import numpy as np

from strandline.observations.arrays import Floats

_NOISE = 0.5
"""[mm] By which an amount may fall from one lead to the next, by the packing of GRIB in 8 to 16 bits: an assumption."""

_LONGEST_ALONE = 6
"""[h] Of an interval whose mean stands for its end: the buckets of NCEP and the steps of ECMWF. What fell since the
start of a forecast says nothing of the last hours, unless the amount of an earlier lead is there too."""


def rain_rates(amounts: Mapping[tuple[int, int], Floats]) -> dict[int, Floats]:
    """Lead [h] → mean rain [mm h-1] since the lead before, of one issue and member.

    Of the intervals that end at a lead the one that begins last is used. Where another one begins at the same time and
    ends earlier, what fell until then is subtracted; without one the rain of an interval longer than 6 h is not given.
    An amount that falls by more than the packing explains is wrong, and its rain is NaN.

    Args:
        amounts: (start, end) of the accumulation [h after the issue] → (H, W) [mm]; an empty interval holds no rain.

    Source: ECMWF, parameter 228 "total precipitation", accumulated from the beginning of the forecast; NCEP, GFS
    product inventory: APCP of 0–3, 0–6, 6–9, 6–12 h …
    """
    rates: dict[int, Floats] = {}
    intervals = [interval for interval in amounts if interval[1] > interval[0]]
    for end in sorted({end for _, end in intervals}):
        start = max(begin for begin, last in intervals if last == end)
        amount, since = amounts[start, end], start
        earlier = [last for begin, last in intervals if begin == start and last < end]
        if earlier:
            since = max(earlier)
            amount = amount - amounts[start, since]
        elif end - start > _LONGEST_ALONE:
            continue
        rates[end] = np.where(amount < -_NOISE, np.nan, np.maximum(amount, 0.0)) / (end - since)
    return rates
