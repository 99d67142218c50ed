"""The highest readings of the own gauge against published annual maxima: another unit, another datum, another place."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import pdtr, pdtrc

from strandline.observations.arrays import Floats
from strandline.observations.checks.datums.gauge_records import GaugeRecord
from strandline.observations.checks.datums.mean_sea_level import RISE
from strandline.observations.checks.findings import Finding
from strandline.observations.region_file.data_sections import ExtremesSection
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import find_storms

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
_SAME_UNIT, _SAME_UNIT_SHORT = 2.5, 4.0
"""Largest ratio of typical annual maxima above mean sea level, published to read: of a record with whole years, and of
a shorter one, which may have missed the season of storms. Metres taken for feet give 3.3, for decimetres 10."""
_LEAST_HEIGHT = 0.1
"""[m] Above mean sea level; smaller maxima are not compared."""
_SURPRISE = 0.5
"""[m] Of a reading above every maximum of a list that covers its year, that warns."""
_WHOLE_YEAR, _LEAST_DAYS = 0.6, 29
"""Share of its days from which a calendar year counts; days of record below which units are not compared."""


def compare_with_maxima(
    gauge: GaugeRecord, years: Floats, maxima: Floats, section: ExtremesSection
) -> Iterator[Finding]:
    """Maxima in another unit, one reading above all of them, or a number of storms that does not fit them.

    Args:
        years, maxima: published, years ascending [m, region datum].
    """
    unit = list(_another_unit(gauge, maxima, section))
    yield from unit
    if not any(finding.refuses for finding in unit):
        yield from _one_reading_above_all(gauge, years, maxima, section)
        yield from _too_many_or_few_storms(gauge, years, maxima, section)


def _another_unit(gauge: GaugeRecord, maxima: Floats, section: ExtremesSection) -> Iterator[Finding]:
    if len(gauge.daily) < _LEAST_DAYS:
        return
    known = ~np.isnan(gauge.level)
    level = pd.Series(gauge.level[known])
    by_year = level.groupby(pd.DatetimeIndex(gauge.time[known]).year).agg(["max", "size"])
    whole = by_year["max"].to_numpy()[by_year["size"].to_numpy() > _WHOLE_YEAR * HOURS_PER_YEAR]
    own = float(np.median(whole) if whole.size else level.max()) - gauge.mean_sea_level
    published = float(np.median(maxima)) - gauge.mean_sea_level
    most = _SAME_UNIT if whole.size else _SAME_UNIT_SHORT
    if own < _LEAST_HEIGHT or 1 / most <= published / own <= most:
        return
    what = (
        f"the maxima lie {published:.2f} m above mean sea level in a typical year, those of the gauge's record"
        f" {own:.2f} m"
    )
    is_storm_of_a_century = 0 < published < own and not whole.size  # which a short record may hold
    yield Finding(
        str(section.path), what, "check unit, offset_to_region_datum and the place of both", not is_storm_of_a_century
    )


def _one_reading_above_all(
    gauge: GaugeRecord, years: Floats, maxima: Floats, section: ExtremesSection
) -> Iterator[Finding]:
    level = np.where(pd.DatetimeIndex(gauge.time).year <= years.max(), gauge.level, np.nan)
    if np.isnan(level).all():
        return
    first = int(np.nanargmax(level))
    above = float(level[first] - maxima.max())
    if above > _SURPRISE:
        what = (
            f"the gauge read {level[first]:.2f} m on {np.datetime_as_string(gauge.time[first], 'D')}, {above:.2f} m"
            f" above the highest of the annual maxima to {years.max():.0f}"
        )
        yield Finding(str(section.path), what, "check unit, offset_to_region_datum and the gauge's reading")


def _too_many_or_few_storms(
    gauge: GaugeRecord, years: Floats, maxima: Floats, section: ExtremesSection
) -> Iterator[Finding]:
    """Too many storms above the level that half of all years reach, too few, or a year below the lowest maximum."""
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
