"""The highest readings of the own gauge against published annual maxima."""

from collections.abc import Iterator

import numpy as np
from scipy.special import pdtr, pdtrc

from strandline.observations.arrays import Floats
from strandline.observations.checks.datums.gauge_records import GaugeRecord
from strandline.observations.checks.datums.mean_sea_level import RISE
from strandline.observations.checks.findings import Finding
from strandline.observations.region_file.data_sections import ExtremesSection
from strandline.observations.storms import find_storms

RECENT_YEARS = 30
"""Of the published maxima, so that the rise of the sea before them does not count."""
PER_YEAR = float(np.log(2.0))
"""Storms a year above the median annual maximum, if storms come as a Poisson process: half of the years have none."""
SITES = 0.25
"""[m] By which extremes of two gauges of one coast may differ. An assumption."""
DOUBTFUL, BEYOND_DOUBT = 1e-3, 1e-6
"""Probability of as many storms on good data, from which a count warns and refuses. Storms come in clusters, hence
small."""
_A_YEAR = 0.9
"""Years of record from which the highest reading is compared with the lowest annual maximum: a calm quarter says
nothing."""
_TOO_LOW = 0.8
"""[m] Below the lowest annual maximum that refuses, beside ``SITES``."""


def compare_with_maxima(
    gauge: GaugeRecord, years: Floats, maxima: Floats, section: ExtremesSection
) -> Iterator[Finding]:
    """Too many storms above the level that half of all years reach, too few, or a year below the lowest maximum.

    Args:
        years, maxima: published [m, region datum].
    """
    recent = maxima[years > years.max() - RECENT_YEARS]
    if recent.size < 10 or not gauge.is_long_enough:
        return
    typical, lowest = float(np.median(recent)), float(recent.min())
    margin = SITES + gauge.section.datum_uncertainty + section.datum_uncertainty
    since = max(0.0, gauge.middle_year - float(years.max()))
    high = typical + margin + RISE * since
    expected = PER_YEAR * max(gauge.years, 1.0)  # a winter may hold a year's storms
    count = _storms_above(gauge, high, expected)
    chance = float(pdtrc(count - 1, expected)) if count else 1.0
    remedy = (
        "check unit, datum and offset_to_region_datum of the gauge and of [extremes], and that both are of this coast"
    )
    if chance < DOUBTFUL:
        what = (
            f"at least {count} storms of {gauge.span} exceed {high:.2f} m, which fewer than half of all years reach by"
            f" the published maxima (median {typical:.2f} m; {section.source}): the readings are too high, or the"
            " maxima too low"
        )
        yield Finding(gauge.where, what, remedy, chance < BEYOND_DOUBT, "highest readings")
        return
    low = typical - margin
    expected = PER_YEAR * gauge.years
    count = _storms_above(gauge, low, expected)
    chance = float(pdtr(count, expected))
    highest = float(np.nanmax(gauge.level))
    gap = lowest - margin - highest
    too_few = chance < DOUBTFUL
    if too_few or (gauge.years > _A_YEAR and gap > 0):
        reached = f"in {gauge.years:.1f} years only {count} storms reach {low:.2f} m" if too_few else (
            f"its highest reading of {gauge.span} is {highest:.2f} m"
        )  # fmt: skip
        what = (
            f"{reached}, where the published maxima have a median of {typical:.2f} m and none below {lowest:.2f} m"
            f" ({section.source}): the readings are too low, or the maxima too high"
        )
        refuses = chance < BEYOND_DOUBT or (gauge.years > _A_YEAR and gap > _TOO_LOW)
        yield Finding(gauge.where, what, remedy, refuses, "highest readings")


def _storms_above(gauge: GaugeRecord, level: float, expected: float) -> int:
    """Independent storms above a level [m, region datum], counted only as far as it matters."""
    enough = int(expected + 8.0 * np.sqrt(expected) + 15)
    above = np.where(np.nan_to_num(gauge.level, nan=-np.inf) > level, gauge.level, np.nan)
    return len(find_storms(gauge.time, above, enough))
