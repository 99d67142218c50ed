"""Shared statistics of the learning benchmarks, against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.statistics import bootstrap_ratio, gap_closed, label_efficiency, paired_bootstrap

GROUPS = st.dictionaries(st.integers(0, 20), st.lists(st.floats(-1, 1), min_size=1, max_size=5), min_size=1, max_size=8)


def test_the_interval_has_the_width_that_theory_gives_for_independent_groups() -> None:
    rng = np.random.default_rng(0)
    groups = {i: rng.normal(0.2, 0.1, 1) for i in range(400)}
    found = paired_bootstrap(groups, 4000, seed=1)
    spread = np.std([v[0] for v in groups.values()])
    assert found.mean == pytest.approx(np.mean([v[0] for v in groups.values()]))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * spread / np.sqrt(400), rel=0.06)


def test_entries_of_one_group_do_not_count_as_groups() -> None:
    alike = {g: np.full(50, value) for g, value in enumerate([0.0, 1.0, 0.0, 1.0])}
    found = paired_bootstrap(alike, 4000, seed=1)
    assert found.high - found.low >= 0.75  # four groups, though 200 entries


def test_a_large_group_counts_no_more_than_a_small_one() -> None:
    assert paired_bootstrap({"a": np.zeros(99), "b": [1.0]}, 10, seed=0).mean == pytest.approx(0.5)


@given(GROUPS)
def test_the_interval_lies_within_the_entries_and_shifts_with_them(groups: dict[int, list[float]]) -> None:
    found = paired_bootstrap(groups, 200, seed=3)
    entries = np.concatenate([np.array(v) for v in groups.values()])
    assert entries.min() - 1e-9 <= found.low <= found.high <= entries.max() + 1e-9
    moved = paired_bootstrap({key: np.array(v) + 2 for key, v in groups.items()}, 200, seed=3)
    np.testing.assert_allclose(moved, np.array(found) + 2, atol=1e-9)


def test_pairing_removes_what_both_methods_share() -> None:
    rng = np.random.default_rng(0)
    teacher = {g: rng.uniform(0.2, 0.9, 3) for g in range(12)}
    ratio = bootstrap_ratio({g: 0.9 * v for g, v in teacher.items()}, teacher, 500, seed=0)
    np.testing.assert_allclose(ratio, [0.9, 0.9, 0.9])


def test_a_ratio_to_nothing_is_undefined() -> None:
    assert all(np.isnan(bootstrap_ratio({"a": [1.0], "b": [1.0]}, {"a": [0.0], "b": [1.0]}, 50, seed=0)))


def test_groups_that_do_not_match_or_hold_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        bootstrap_ratio({"a": [1.0]}, {"b": [1.0]}, 10, seed=0)
    with pytest.raises(ValueError, match="differ in length"):
        bootstrap_ratio({"a": [1.0]}, {"a": [1.0, 2.0]}, 10, seed=0)
    with pytest.raises(ValueError, match="'a' is empty or holds"):
        paired_bootstrap({"a": [np.nan]}, 10, seed=0)


def test_the_gap_of_known_scores() -> None:
    assert gap_closed(0.7, 0.6, 0.8, noise=0.03) == pytest.approx(0.5)
    assert gap_closed(0.7, 0.6, 0.62, noise=0.03) is None


def test_label_efficiency_reads_the_curve_of_the_method_without_a_teacher() -> None:
    curve = ([0.0, 0.05, 0.10, 1.0], [0.3, 0.5, 0.6, 0.7])
    assert label_efficiency(*curve, 0.55) == pytest.approx(0.075)
    assert label_efficiency(*curve, 0.65) == pytest.approx(0.55)
    assert label_efficiency(*curve, 0.2) == 0.0
    assert label_efficiency(*curve, 0.8) is None
    with pytest.raises(ValueError, match="fractions must increase"):
        label_efficiency([0.1, 0.0], [0.1, 0.2], 0.1)
