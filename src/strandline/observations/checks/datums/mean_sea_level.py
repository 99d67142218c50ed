"""Gauges against the mean sea level that is stated for them, and against each other."""

from collections.abc import Iterator, Sequence

import numpy as np

from strandline.observations.checks.datums.gauge_records import FEWEST_DAYS, GaugeRecord, window_of
from strandline.observations.checks.findings import Finding
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.region_file.vertical_datum import VerticalDatum

USUAL_SEASON = 0.15
"""[m] Amplitude of the annual cycle where no constants state it; larger at the head of the Bay of Bengal, where they
do. An assumption."""
UNEXPLAINED = 0.15
"""[m] What a year's mean differs from that of a published epoch on good data: rise, subsidence, currents. An
assumption; docs/concepts/datums.md states how often good records exceed the tolerance that it is part of."""
BEYOND_DOUBT = 0.5
"""[m] Past the tolerance, from which a difference refuses: more than any season, year or levelling error."""
RISE = 0.01
"""[m a-1] Of mean sea level against land since the epoch of a datum, that passes: three times the global rise of
3.7 mm a year (IPCC AR6 WG1, 2006-2018), since deltas sink."""
ABOVE_GEOID = (-0.8, 1.3), (-1.8, 2.3)
"""[m] Mean sea level above a geoid model that passes, and that warns: the mean of the world's coasts is 0.24 m above
EGM2008 with a standard deviation of 0.52 m (Seeger and Minderhoud 2026, Nature); these are two and four of them."""
NEIGHBOURS = 0.3
"""[m] Two gauges of one coast may differ by in their mean: levelling errors of a decimetre, and a river's slope."""
ALONG_COAST = 0.001
"""[m km-1] Slope of mean sea level between gauges that passes."""


def compare_with_statement(gauge: GaugeRecord, datum: VerticalDatum, season: float) -> Iterator[Finding]:
    """Readings against the stated mean sea level, and that against the kind of the region's datum.

    Args:
        season: amplitude of the annual cycle [m].
    """
    if gauge.is_long_enough:
        missing = max(0.0, 1.0 - gauge.years)
        tolerance = UNEXPLAINED + gauge.section.datum_uncertainty + season * missing + 2.0 * gauge.standard_error
        difference = gauge.mean - gauge.mean_sea_level
        if abs(difference) > tolerance:
            what = (
                f"its readings of {gauge.span} average {gauge.mean:.2f} m above the region's datum, where mean sea"
                f" level is stated at {gauge.mean_sea_level:.2f} m: they stand {abs(difference):.2f} m too"
                f" {'high' if difference > 0 else 'low'}; season, weather and levelling explain {tolerance:.2f} m"
            )
            yield _finding(gauge, what, abs(difference) > tolerance + BEYOND_DOUBT)
    yield from _compare_with_datum(gauge, datum)


def _compare_with_datum(gauge: GaugeRecord, datum: VerticalDatum) -> Iterator[Finding]:
    """Mean sea level as stated against the zero of the region's datum."""
    stated = gauge.mean_sea_level
    begins = f"mean sea level ({window_of(gauge.section)}) lies {stated:.2f} m above the region's datum '{datum}'"
    if datum.epoch is not None:  # a mean sea level
        years = abs(gauge.middle_year - (sum(datum.epoch) + 1) / 2)
        tolerance = UNEXPLAINED + gauge.section.datum_uncertainty + RISE * years
        if abs(stated) > tolerance:
            what = f"{begins}, a mean sea level itself; {years:.0f} years explain {tolerance:.2f} m"
            yield _finding(gauge, what, abs(stated) > tolerance + BEYOND_DOUBT)
    elif datum.kind == "geoid model":
        (low, high), (lowest, highest) = ABOVE_GEOID
        if not low <= stated <= high:
            what = f"{begins}; along the world's coasts it lies {low:g} to {high:g} m above a geoid model"
            yield _finding(gauge, what, not lowest <= stated <= highest)
    elif datum.kind == "chart datum" and stated < 0.0:
        yield _finding(gauge, f"{begins}; a chart datum is a low water, below mean sea level", stated < -BEYOND_DOUBT)


def _finding(gauge: GaugeRecord, what: str, refuses: bool) -> Finding:
    remedy = (
        f"check unit, datum and offset_to_region_datum (now {gauge.section.datum_shift:g} m) of the gauge, then"
        " 'mean_sea_level'"
    )
    return Finding(gauge.where, what, remedy, refuses, "mean sea level")


def compare_neighbours(gauges: Sequence[GaugeRecord]) -> Iterator[Finding]:
    """Mean levels of the other gauges against that of the own, over the hours that both know."""
    if len(gauges) < 2:
        return
    own, *others = gauges
    differences = [(other, *_difference(own, other)) for other in others]
    odd = [
        (other, float(apart), tolerance)
        for other, apart, tolerance in differences
        if apart is not None and abs(apart) > tolerance
    ]
    known = [apart for _, apart, _ in differences if apart is not None]
    if len(odd) > 1 and len(odd) == len(known) and np.ptp(known) <= min(tolerance for _, _, tolerance in odd):
        apart, tolerance = -float(np.mean(known)), max(tolerance for _, _, tolerance in odd)
        names = ", ".join(f"'{other.section.name}'" for other, _, _ in odd)
        what = f"it stands {abs(apart):.2f} m too {'high' if apart > 0 else 'low'} beside {names}, which agree"
        yield _disagreement(own, what, abs(apart) > tolerance + BEYOND_DOUBT)
        return
    for other, apart, tolerance in odd:
        stated = other.mean_sea_level - own.mean_sea_level
        is_stated = other.states_mean_sea_level and own.states_mean_sea_level and abs(apart - stated) <= tolerance
        what = (
            f"over the same hours it stands {abs(apart):.2f} m {'above' if apart > 0 else 'below'} {own.where};"
            f" neighbours may differ by {tolerance:.2f} m"
        )
        yield _disagreement(other, what, abs(apart) > tolerance + BEYOND_DOUBT and not is_stated)


def _difference(own: GaugeRecord, other: GaugeRecord) -> tuple[float | None, float]:
    """Mean of ``other`` minus ``own`` [m], ``None`` where they share too few hours; and the tolerance [m]."""
    both = ~np.isnan(own.level) & ~np.isnan(other.level)
    uncertainty = own.section.datum_uncertainty + other.section.datum_uncertainty
    here, there = own.section, other.section
    longitude, latitude = np.array([there.longitude]), np.array([there.latitude])
    distance = float(great_circle_distance(longitude, latitude, here.longitude, here.latitude)[0])
    tolerance = NEIGHBOURS + uncertainty + ALONG_COAST * distance
    if both.sum() < 24 * FEWEST_DAYS:
        return None, tolerance
    return float((other.level[both] - own.level[both]).mean()), tolerance


def _disagreement(gauge: GaugeRecord, what: str, refuses: bool) -> Finding:
    remedy = (
        f"check unit, datum and offset_to_region_datum (now {gauge.section.datum_shift:g} m) of both; where a river"
        " keeps it apart, state each 'mean_sea_level' as a level"
    )
    return Finding(gauge.where, what, remedy, refuses, "neighbouring gauges")
