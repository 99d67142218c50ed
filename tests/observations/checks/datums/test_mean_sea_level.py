"""Mean levels are judged by the limits that `docs/concepts/datums.md` states."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from strandline.observations.checks.datums.datum_checks import check_datums
from strandline.observations.checks.datums.gauge_records import GaugeRecord
from strandline.observations.checks.datums.mean_sea_level import compare_neighbours, compare_with_statement
from strandline.observations.checks.findings import Finding
from strandline.observations.checks.published import Published
from strandline.observations.region_file.vertical_datum import VerticalDatum
from strandline.observations.sea_level.harmonic_tide import TidalConstants
from tests.fixtures.low_coast import dataset_of, record_of, region_file

DAY = 24
LOCAL = VerticalDatum(name="zero", kind="local")
FEW = np.zeros(2 * DAY)
"""A record too short for anything but the stated mean sea level."""


def outcome(findings: object) -> str:
    found: tuple[Finding, ...] = tuple(findings)
    return "refused" if any(each.refuses for each in found) else "warned" if found else "silent"


def around(limit: float, direction: int = 1) -> tuple[float, float]:
    """A value within a limit, and one beyond it."""
    return limit - 0.01 * direction, limit + 0.01 * direction


@pytest.mark.parametrize(
    ("kind", "within", "outside", "beyond"),
    [
        ("geoid model", *around(1.3), 2.31),
        ("geoid model", *around(-0.8, -1), -1.81),
        ("geoid model", 1.3, 2.3, 2.31),
        ("geoid model", -0.8, -1.8, -1.81),
        ("chart datum", 0.0, -0.01, -0.51),
        ("chart datum", 5.0, -0.49, -0.51),
        ("local", 5.0, None, None),
    ],
)
def test_mean_sea_level_is_judged_by_the_kind_of_the_zero(
    kind: str, within: float, outside: float | None, beyond: float | None
) -> None:
    datum = VerticalDatum(name="zero", kind=kind)
    for mean, expected in ((within, "silent"), (outside, "warned"), (beyond, "refused")):
        if mean is not None:
            assert outcome(compare_with_statement(record_of(FEW, mean=mean), datum, 0.1)) == expected, mean


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("epoch", [(2012, 2012), (2003, 2021), (2032, 2032)])
def test_a_mean_sea_level_may_have_moved_a_centimetre_for_each_year_from_the_middle_of_its_epoch(
    epoch: tuple[int, int], direction: int
) -> None:
    datum = VerticalDatum(name="zero", kind="mean sea level", epoch=epoch)
    years = abs(2022.0 - (epoch[0] + epoch[1] + 1) / 2)
    for uncertainty in (0.0, 0.2):
        limit = 0.15 + 0.01 * years + uncertainty
        for size, expected in (
            (limit - 0.002, "silent"), (limit + 0.002, "warned"), (limit + 0.498, "warned"), (limit + 0.502, "refused"),
        ):  # fmt: skip
            record = record_of(FEW, mean=direction * size, uncertainty=uncertainty)
            assert outcome(compare_with_statement(record, datum, 0.1)) == expected, size


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize(("days", "season", "uncertainty"), [(800, 0.3, 0.0), (73, 0.3, 0.0), (73, 0.0, 0.1)])
def test_readings_may_differ_from_the_stated_mean_by_the_season_that_they_lack(
    days: int, season: float, uncertainty: float, direction: int
) -> None:
    """Of a sea without weather; with it twice the standard error more."""
    limit = 0.15 + uncertainty + season * max(0.0, 1 - days / 365.25)
    for size, expected in (
        (limit - 0.01, "silent"), (limit + 0.01, "warned"), (limit + 0.49, "warned"), (limit + 0.51, "refused"),
    ):  # fmt: skip
        record = record_of(np.full((days + 1) * DAY, direction * size), uncertainty=uncertainty)
        findings = tuple(compare_with_statement(record, LOCAL, season))
        assert outcome(findings) == expected, size
        assert all(f"{size:.2f} m too {'high' if direction > 0 else 'low'}" in each.what for each in findings)


def test_weather_explains_twice_the_standard_error_of_the_mean() -> None:
    weather = np.repeat(np.where(np.arange(401) % 2, 1.0, -1.0), DAY)
    error = 1.0 / np.sqrt(400 / 5)
    assert record_of(weather).standard_error == pytest.approx(error)
    for shift, expected in ((0.15 + 2 * error - 0.01, "silent"), (0.15 + 2 * error + 0.01, "warned")):
        assert outcome(compare_with_statement(record_of(weather + shift), LOCAL, 0.0)) == expected


def test_the_season_is_that_of_the_published_constants_and_a_usual_one_where_there_are_none() -> None:
    days = 73

    def judged(season: float, **amplitudes: float) -> str:
        """Readings as far off as a season of this amplitude explains."""
        level = np.full((days + 1) * DAY, 0.15 + season * (1 - days / 365.25))
        time = (np.datetime64("2022-01-01", "h") + np.arange(level.size)).astype("datetime64[ns]")
        constants = TidalConstants("A", 10.0, "a book", amplitudes, dict.fromkeys(amplitudes, 0.0))
        published = Published(constants=constants if amplitudes else None)
        return outcome(check_datums(region_file(), None, dataset_of(time, level, level, level), published))

    assert judged(0.20, SA=0.13, SSA=0.08) == "silent"
    assert judged(0.22, SA=0.13, SSA=0.08) == "warned"
    for amplitudes in ({}, {"M2": 1.0}):  # constants without a season are no sea without one
        assert judged(0.14, **amplitudes) == "silent"
        assert judged(0.16, **amplitudes) == "warned"


# --- neighbours ------------------------------------------------------------------------------------------------------


def gauges(*levels: np.ndarray, means: tuple[float, ...] = (0.0, 0.0, 0.0), degrees: float = 0.0) -> list[GaugeRecord]:
    """A, B, C on the equator, so many degrees of longitude apart."""
    found = []
    for index, (level, mean) in enumerate(zip(levels, means, strict=False)):
        record = record_of(level, mean=mean)
        place = {"name": "ABC"[index], "latitude": 0.0, "longitude": 100.0 + index * degrees}
        found.append(replace(record, section=record.section.model_copy(update=place)))
    return found


LEVEL = np.random.default_rng(3).normal(0.0, 0.5, 40 * DAY)


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("degrees", [0.0, 1.0])
def test_neighbours_may_differ_by_three_decimetres_and_a_millimetre_a_kilometre(degrees: float, direction: int) -> None:
    limit = 0.3 + 0.001 * 111.19 * degrees
    for size, expected in (
        (limit - 0.01, "silent"), (limit + 0.01, "warned"), (limit + 0.49, "warned"), (limit + 0.51, "refused"),
    ):  # fmt: skip
        own, other = gauges(LEVEL, LEVEL + direction * size, means=(0.0, 5.0), degrees=degrees)
        findings = tuple(compare_neighbours([own, other]))
        assert outcome(findings) == expected, size
        assert all(each.where == "gauge 'B'" for each in findings)
        assert all(f"{size:.2f} m {'above' if direction > 0 else 'below'} gauge 'A'" in each.what for each in findings)


def test_what_is_uncertain_of_both_datums_adds_to_the_tolerance() -> None:
    for uncertainties, expected in (((0.0, 0.0), "warned"), ((0.15, 0.0), "silent"), ((0.0, 0.15), "silent")):
        own, other = (
            record_of(LEVEL + shift, uncertainty=each) for shift, each in zip((0.0, 0.4), uncertainties, strict=True)
        )
        assert outcome(compare_neighbours([own, other])) == expected


def test_a_river_gauge_whose_stated_mean_explains_its_height_is_not_refused() -> None:
    higher = LEVEL + 2.0
    for stated, expected in ((2.0, "warned"), (2.29, "warned"), (1.71, "warned"), (2.31, "refused"), (1.69, "refused")):
        for own_mean in (0.0, 0.4):
            both = gauges(LEVEL, higher, means=(own_mean, own_mean + stated))
            assert outcome(compare_neighbours(both)) == expected, stated
    own, other = gauges(LEVEL, higher, means=(0.0, 2.0))
    window = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2022, 2, 1, tzinfo=UTC))
    for changed in ((own, _averaged(other, window)), (_averaged(own, window), other)):
        assert outcome(compare_neighbours(changed)) == "refused", "a mean that is averaged from readings explains none"


def _averaged(record: GaugeRecord, window: tuple[datetime, datetime]) -> GaugeRecord:
    return replace(record, section=record.section.model_copy(update={"mean_sea_level": window}))


def test_two_weeks_of_common_hours_are_needed() -> None:
    for common, expected in ((14 * DAY, "refused"), (14 * DAY - 1, "silent")):
        first, second = LEVEL.copy(), LEVEL + 2.0
        first[: 20 * DAY] = np.nan
        second[20 * DAY + common :] = np.nan
        assert outcome(compare_neighbours(gauges(first, second, means=(0.0, 5.0)))) == expected


def test_the_own_gauge_is_named_only_where_the_others_agree_with_each_other() -> None:
    def named(*shifts: float) -> list[str]:
        return [each.where for each in compare_neighbours(gauges(LEVEL, *(LEVEL + shift for shift in shifts)))]

    assert named(1.0, 1.0) == ["gauge 'A'"]
    assert named(1.0, 1.29) == ["gauge 'A'"]
    assert named(1.0, 1.31) == ["gauge 'B'", "gauge 'C'"], "the others contradict each other too"
    assert named(1.0, -1.0) == ["gauge 'B'", "gauge 'C'"]
    assert named(1.0, 0.0) == ["gauge 'B'"], "one of the others agrees with it"
    assert named(0.0, 0.0) == []
    assert named() == []
    near, far = 1.0, 2.0  # the tolerance of a gauge far away says nothing of whether the others agree
    apart = gauges(LEVEL, LEVEL + near, LEVEL + far)
    apart[2] = replace(apart[2], section=apart[2].section.model_copy(update={"longitude": 110.0}))
    assert [each.where for each in compare_neighbours(apart)] == ["gauge 'B'", "gauge 'C'"]
    silent = LEVEL.copy()
    silent[5 * DAY :] = np.nan
    others = [each.where for each in compare_neighbours(gauges(LEVEL, LEVEL + 1.0, silent))]
    assert others == ["gauge 'B'"], "one that shares too few hours takes no side"


@pytest.mark.parametrize(("shift", "expected"), [(0.31, "warned"), (0.79, "warned"), (0.81, "refused")])
@pytest.mark.parametrize("direction", [-1, 1])
def test_the_own_gauge_is_judged_by_the_same_limits(shift: float, expected: str, direction: int) -> None:
    findings = tuple(compare_neighbours(gauges(LEVEL, *(LEVEL - direction * shift,) * 2)))
    assert outcome(findings) == expected
    assert f"{shift:.2f} m too {'high' if direction > 0 else 'low'} beside 'B', 'C', which agree" in findings[0].what
