"""A gauge whose zero moves is doubted, with the day and the size of the step."""

import numpy as np

from strandline.observations.checks.datums.datum_jumps import doubts_about_zero
from strandline.observations.checks.quality import flag_quality

HOURS = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[h]").astype("datetime64[ns]")
LEVEL = np.cos(2 * np.pi * np.arange(HOURS.size) / 12.42) + 0.01 * np.random.default_rng(1).standard_normal(HOURS.size)


def doubts(level: np.ndarray) -> list[str]:
    return [str(each) for each in doubts_about_zero("gauge 'Pier'", HOURS, level, flag_quality(HOURS, level))]


def test_a_step_of_a_metre_is_told_with_its_day_and_its_size() -> None:
    (said,) = doubts(LEVEL + np.where(np.arange(HOURS.size) < 5000, 0.0, 1.0))
    assert "steps by about +1.0 m on 2020-07-27" in said
    assert "43% of the readings stand on another zero" in said
    assert "ask its operator when the staff was moved" in said


def test_a_steady_record_and_one_with_a_single_bad_day_raise_no_doubt_of_its_zero() -> None:
    assert doubts(LEVEL) == []
    assert doubts(LEVEL + np.where(np.arange(HOURS.size) // 24 == 100, 1.0, 0.0)) == []
    assert doubts(np.full(HOURS.size, np.nan)) == []
