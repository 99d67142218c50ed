"""Storms in a gauge's record against published maxima: counts are judged by their chance, heights by stated limits."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import poisson

from strandline.observations.checks.datums.highest_readings import compare_with_maxima
from strandline.observations.checks.findings import Finding
from strandline.observations.region_file.data_sections import ExtremesSection
from tests.fixtures.low_coast import record_of, region_file

DAY, YEAR = 24, 365
TYPICAL, MARGIN = 2.0, 0.25
YEARS = np.arange(1992.0, 2022.0)
MAXIMA = np.where(np.arange(30) % 2, TYPICAL - 0.05, TYPICAL + 0.05)
"""Of 30 years, half of them above 2.0 m and none below 1.95 m."""
SECTION = region_file().extremes
HIGH = TYPICAL + MARGIN + 0.05
"""[m] A storm that fewer than half of the years reach."""


def levels(days: int, peaks: Sequence[float], *, apart: int = 6 * DAY, calm: float = 0.0) -> np.ndarray:
    """Hourly levels of so many known days, calm but for hours of these heights."""
    found = np.full((days + 1) * DAY, calm)
    found[10 * DAY : 10 * DAY + apart * len(peaks) : apart][: len(peaks)] = peaks
    return found


def judged(
    level: np.ndarray,
    *,
    years: np.ndarray = YEARS,
    maxima: np.ndarray = MAXIMA,
    section: ExtremesSection | None = SECTION,
    **more: float,
) -> list[Finding]:
    assert section is not None
    return list(compare_with_maxima(record_of(level, **more), years, maxima, section))


def outcome(findings: list[Finding]) -> str:
    return "refused" if any(each.refuses for each in findings) else "warned" if findings else "silent"


# --- how many storms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [90, YEAR])
@pytest.mark.parametrize("count", range(1, 11))
def test_more_storms_than_chance_gives_once_in_a_thousand_records_are_doubted(count: int, days: int) -> None:
    """Above the median annual maximum storms come ln 2 times a year; a winter may hold those of a year."""
    chance = poisson.sf(count - 1, np.log(2.0))
    expected = "refused" if chance < 1e-6 else "warned" if chance < 1e-3 else "silent"
    findings = judged(levels(days, [HIGH] * count))
    assert outcome(findings) == expected
    assert all("exceed" in each.what and "too high" in each.what for each in findings)


@pytest.mark.parametrize("whole_years", [4, 30])
def test_more_years_may_hold_more_storms(whole_years: int) -> None:
    expected = whole_years * np.log(2.0)
    for chance, milder, severer in ((1e-3, "silent", "warned"), (1e-6, "warned", "refused")):
        count = int(poisson.isf(chance, expected))  # the largest that is likelier
        for storms, outcome_ in ((count, milder), (count + 1, severer)):
            level = levels(int(whole_years * 365.25), [HIGH] * storms)
            assert outcome(judged(level, start="1992-01-01")) == outcome_, storms


def test_peaks_of_one_storm_count_once() -> None:
    assert outcome(judged(levels(YEAR, [HIGH] * 6, apart=121))) == "warned"
    assert outcome(judged(levels(YEAR, [HIGH] * 6, apart=100))) == "silent"


def test_the_margin_holds_both_uncertainties_and_the_rise_of_the_sea_since_the_maxima() -> None:
    def storms(above: float) -> np.ndarray:
        return levels(YEAR, [TYPICAL + above] * 6)

    rise = 0.01 * 0.5  # from the last published year, 2021, to the middle of 2022 is a year and a half
    assert outcome(judged(storms(MARGIN + 0.015 - 0.005))) == "silent"
    assert outcome(judged(storms(MARGIN + 0.015 + 0.005))) == "warned"
    assert outcome(judged(storms(MARGIN + 0.11), uncertainty=0.1)) == "silent"
    assert outcome(judged(storms(MARGIN + 0.1 + 0.02 + rise), uncertainty=0.1)) == "warned"
    assert outcome(judged(storms(MARGIN + 0.2), years=YEARS - 20)) == "silent"
    assert outcome(judged(storms(MARGIN + 0.2 + 0.02), years=YEARS - 20)) == "warned"
    assert outcome(judged(storms(MARGIN - 0.005), years=YEARS + 20)) == "silent", "no fall of the sea before them"
    assert outcome(judged(storms(MARGIN + 0.005), years=YEARS + 20)) == "warned"
    assert SECTION is not None
    offset = {"metres": 0.0, "uncertainty": 0.1, "source": "levelling"}
    datum = {"vertical_datum": {"name": "book zero", "kind": "local"}, "offset_to_region_datum": offset}
    stated = SECTION.model_dump(exclude_unset=True) | datum
    uncertain = ExtremesSection.model_validate(stated, context={"data": Path()})
    assert outcome(judged(storms(MARGIN + 0.1), section=uncertain)) == "silent"
    assert outcome(judged(storms(MARGIN + 0.1 + 0.02), section=uncertain)) == "warned"


def test_only_the_last_thirty_years_of_maxima_count_and_ten_are_needed() -> None:
    steps = np.where(np.arange(30) % 2, TYPICAL, TYPICAL + 0.4)
    years, maxima = np.arange(1962.0, 2022.0), np.r_[np.full(30, 4.0), steps]
    assert outcome(judged(levels(YEAR, [TYPICAL + 0.2 + MARGIN + 0.05] * 6), years=years, maxima=maxima)) == "warned"
    storms = levels(YEAR, [HIGH] * 8)
    assert outcome(judged(storms, years=YEARS[-10:], maxima=MAXIMA[-10:])) == "refused"
    assert outcome(judged(storms, years=YEARS[-9:], maxima=MAXIMA[-9:])) == "silent"


@pytest.mark.parametrize("whole_years", [9, 10, 19, 20])
def test_years_without_a_storm_that_half_of_all_years_have_are_doubted(whole_years: int) -> None:
    """The chance of n such years is 1 in 2 to the n: 10 years are 1 in 1 024, 20 are 1 in a million."""
    days = int(whole_years * 365.25)
    calm = TYPICAL - MARGIN - 0.03  # not lower than every maximum less the margin
    findings = judged(levels(days, [calm]), years=YEARS + 20)
    chance = 2.0**-whole_years
    assert outcome(findings) == ("refused" if chance < 1e-6 else "warned" if chance < 1e-3 else "silent")
    assert all(f"only 0 storms reach {TYPICAL - MARGIN:.2f} m" in each.what for each in findings)
    assert outcome(judged(levels(days, [TYPICAL - MARGIN + 0.01] * 5), years=YEARS + 20)) == "silent"


@pytest.mark.parametrize(
    ("days", "gap", "expected"),
    [(YEAR, -0.01, "silent"), (YEAR, 0.01, "warned"), (YEAR, 0.79, "warned"), (YEAR, 0.81, "refused"),
     (330, 0.81, "refused"), (327, 0.81, "silent")],
)  # fmt: skip
def test_a_whole_year_below_the_lowest_maximum_is_doubted(days: int, gap: float, expected: str) -> None:
    lowest = MAXIMA.min() - MARGIN
    findings = judged(levels(days, [lowest - gap]))
    assert outcome(findings) == expected
    assert all("its highest reading of" in each.what and "too low" in each.what for each in findings)


# --- another unit, and one reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "ratio", "is_refused"),
    [(YEAR, 2.45, False), (YEAR, 2.55, True), (90, 3.9, False), (90, 4.1, True), (29, 4.1, True), (28, 4.1, False)],
)
@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_maxima_several_times_as_high_as_the_readings_are_in_another_unit(
    days: int, ratio: float, is_refused: bool, mean: float
) -> None:
    level = levels(days, [mean + TYPICAL / ratio], calm=mean)
    findings = judged(level, mean=mean, maxima=mean + MAXIMA)
    of_unit = [each for each in findings if "in a typical year" in each.what]
    assert bool(of_unit) == is_refused
    assert all(each.refuses and not each.check for each in of_unit)
    if is_refused:
        assert findings == of_unit, "in another unit nothing else can be compared"


def test_a_short_record_may_hold_the_storm_of_a_century_but_no_record_maxima_below_the_mean() -> None:
    for days, expected in ((90, "warned"), (YEAR, "refused")):
        findings = judged(levels(days, [10.0]), years=YEARS - 30)
        assert [each.refuses for each in findings if "in a typical year" in each.what] == [expected == "refused"]
    findings = judged(levels(90, [2.0]), maxima=MAXIMA - 3.0)
    assert [each.refuses for each in findings] == [True]


def test_a_sea_without_waves_to_speak_of_has_no_unit_to_compare() -> None:
    assert outcome(judged(levels(90, [0.09]))) == "silent"
    assert outcome(judged(levels(90, [0.11]))) == "refused"


def test_a_typical_year_is_the_median_of_the_years_that_are_mostly_there() -> None:
    """The first year of the record is cut: 60 % of a year count."""
    for hours, is_whole in ((int(0.61 * 8766), True), (int(0.59 * 8766), False)):
        level = np.zeros(hours)
        level[200] = TYPICAL / 3.0  # beyond the limit of whole years, within that of a shorter record
        found = [each for each in judged(level) if "in a typical year" in each.what]
        assert bool(found) == is_whole


@pytest.mark.parametrize(("above", "expected"), [(0.49, "silent"), (0.51, "warned")])
def test_one_reading_above_every_maximum_of_its_time_is_doubted(above: float, expected: str) -> None:
    level = levels(YEAR, [MAXIMA.max() + above])
    findings = judged(level, years=YEARS + 1)  # to 2022
    assert outcome(findings) == expected
    assert all(f"{above:.2f} m above the highest of the annual maxima to 2022" in each.what for each in findings)
    assert all("on 2022-01-11" in each.what for each in findings)
    assert outcome(judged(level, years=YEARS)) == "silent", "nobody has published the year of the reading"
