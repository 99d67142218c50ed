"""What neighbours tell of a gauge: as much as they know, and nothing that they do not."""

import numpy as np
import pytest

from strandline.distillation.sea_level.neighbour_teacher import infer_from_neighbours
from strandline.errors import RefusedByTheory
from strandline.observations.sea_level.surge.likelihood import LAG_HOURS
from tests.fixtures.sea_levels import RED, sample

HOURS = 6000


def five_weeks(level: np.ndarray) -> np.ndarray:
    known = np.full(level.size, np.nan)
    for week in (1, 9, 17, 25, 33):
        known[week * LAG_HOURS : (week + 1) * LAG_HOURS] = level[week * LAG_HOURS : (week + 1) * LAG_HOURS]
    return known


def make_coast() -> tuple[np.ndarray, np.ndarray]:
    """The own residual (T,), and neighbours' (3, T): half as high three hours later, one with gaps, a stranger."""
    own, rng = sample(RED, HOURS, 0), np.random.default_rng(1)
    near = np.stack([0.5 * np.roll(own, 3), 1.2 * own, sample(RED, HOURS, 9)])
    near[0] += 0.02 * rng.standard_normal(HOURS)
    near[1] += 0.05 * rng.standard_normal(HOURS)
    near[1, rng.random(HOURS) < 0.5] = np.nan
    return own, near


def test_gains_and_shifts_are_found_and_the_error_is_what_it_is_measured_to_be() -> None:
    own, neighbours = make_coast()
    inferred = infer_from_neighbours(five_weeks(own), neighbours)
    np.testing.assert_allclose(inferred.gains[:2], [0.5, 1.2], rtol=0.05)
    assert inferred.shifts[:2].tolist() == [3.0, 0.0]
    inside = slice(10, HOURS - 10)
    error = np.sqrt(np.mean((inferred.level - own)[inside] ** 2))
    assert error < 0.045
    assert np.sqrt(inferred.error[0]) == pytest.approx(error, rel=0.3)
    alone = infer_from_neighbours(five_weeks(own), neighbours[:1])
    assert error < np.sqrt(np.nanmean((alone.level - own)[inside] ** 2))


def test_one_that_knows_nothing_teaches_nothing() -> None:
    own, neighbours = make_coast()
    stranger = infer_from_neighbours(five_weeks(own), neighbours[2:])
    assert np.sqrt(stranger.error[0]) > 3 * own.std()
    with_others = infer_from_neighbours(five_weeks(own), neighbours).level
    without = infer_from_neighbours(five_weeks(own), neighbours[:2]).level
    assert np.nanstd(with_others - without) < 0.15 * own.std()


def test_what_the_own_gauge_read_later_is_not_looked_at() -> None:
    own, neighbours = make_coast()
    known = five_weeks(own)
    inferred = infer_from_neighbours(known, neighbours)
    assert np.isfinite(inferred.level[np.isnan(known)]).mean() > 0.99
    other = infer_from_neighbours(five_weeks(own), np.where(np.arange(HOURS) == 5000, np.nan, neighbours))
    assert np.isnan(other.level[[5000 - 3, 5000]]).sum() <= 1
    silent = neighbours.copy()
    silent[:, 4000:4100] = np.nan
    assert np.isnan(infer_from_neighbours(known, silent).level[4010:4090]).all()


def test_neighbours_without_common_weeks_are_refused() -> None:
    own, neighbours = make_coast()
    known = np.full(HOURS, np.nan)
    known[:200] = own[:200]
    with pytest.raises(RefusedByTheory, match="in common"):
        infer_from_neighbours(known, neighbours)
    with pytest.raises(RefusedByTheory, match="in common"):
        infer_from_neighbours(five_weeks(own), np.full((1, HOURS), np.nan))


def test_its_record_has_an_error_that_a_fit_can_use() -> None:
    own, neighbours = make_coast()
    record = infer_from_neighbours(five_weeks(own), neighbours).as_record()
    assert record.error is not None
    assert record.error.shape == (LAG_HOURS,)
    assert (np.diff(record.error) <= 0).all()
    assert record.level.shape == (HOURS,)
