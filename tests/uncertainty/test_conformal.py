"""Split conformal prediction over storms: coverage, refusals, and ordinary split conformal as a special case."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.regression import SplitConformalRegressor
from scipy import stats
from sklearn.dummy import DummyRegressor

from strandline.errors import RefusedByTheory
from strandline.uncertainty.conformal import conformal_radius, storms_needed


def test_the_number_of_storms_needed_follows_from_the_coverage() -> None:
    assert {coverage: storms_needed(coverage) for coverage in (0.5, 0.8, 0.9, 0.95, 0.99)} == {
        0.5: 1, 0.8: 4, 0.9: 9, 0.95: 19, 0.99: 99,
    }  # fmt: skip


def test_too_few_storms_are_refused_with_the_number_needed() -> None:
    with pytest.raises(RefusedByTheory) as caught:
        conformal_radius([np.ones(30)] * 5, 0.9)
    assert str(caught.value) == "5 calibration storms cannot give 90% coverage; need 9 or more"
    conformal_radius([np.ones(30)] * 9, 0.9)


def test_a_storm_without_an_hour_does_not_count() -> None:
    with pytest.raises(RefusedByTheory, match="8 calibration storms"):
        conformal_radius([np.ones(3)] * 8 + [np.empty(0)], 0.9)


@pytest.mark.parametrize("coverage", [0.0, 1.0, 1.2, -0.1])
def test_a_coverage_outside_0_to_1_is_refused(coverage: float) -> None:
    with pytest.raises(RefusedByTheory, match="between 0 and 1"):
        conformal_radius([np.ones(3)] * 200, coverage)


def test_nan_in_the_scores_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        conformal_radius([np.array([1.0, np.nan])] * 9, 0.9)


@settings(max_examples=100, deadline=None)
@given(count=st.integers(1, 60), coverage=st.sampled_from([0.5, 0.8, 0.9]), seed=st.integers(0, 2**31))
def test_with_one_hour_a_storm_it_is_ordinary_split_conformal(count: int, coverage: float, seed: int) -> None:
    """The ⌈(K + 1)·coverage⌉-th smallest score (Vovk et al. 2005)."""
    scores = np.random.default_rng(seed).exponential(size=count)
    rank = math.ceil(round((count + 1) * coverage, 9))
    if rank > count:
        with pytest.raises(RefusedByTheory):
            conformal_radius(list(scores[:, None]), coverage)
    else:
        assert conformal_radius(list(scores[:, None]), coverage) == np.sort(scores)[rank - 1]


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_with_one_hour_a_storm_mapie_gives_the_same_radius(coverage: float) -> None:
    observed = np.random.default_rng(5).normal(size=60)
    inputs = np.zeros((60, 1))
    constant = DummyRegressor(strategy="constant", constant=0.0).fit(inputs, observed)
    theirs = SplitConformalRegressor(constant, confidence_level=coverage, prefit=True).conformalize(inputs, observed)
    _, interval = theirs.predict_interval(inputs[:1])  # (1, 2, 1)
    ours = conformal_radius(list(np.abs(observed)[:, None]), coverage)
    np.testing.assert_allclose(interval[0, :, 0], [-ours, ours], rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31), repeat=st.integers(2, 5))
def test_the_weight_of_a_storm_does_not_depend_on_its_hours(seed: int, repeat: int) -> None:
    rng = np.random.default_rng(seed)
    storms = [rng.exponential(size=rng.integers(1, 20)) for _ in range(12)]
    longer = [np.repeat(storm, repeat) if i % 2 else storm for i, storm in enumerate(storms)]
    assert conformal_radius(longer, 0.9) == conformal_radius(storms, 0.9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_a_higher_coverage_never_shortens_the_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    storms = [rng.exponential(size=rng.integers(1, 20)) for _ in range(19)]
    radii = [conformal_radius(storms, coverage) for coverage in (0.5, 0.8, 0.9, 0.95)]
    assert radii == sorted(radii)


@pytest.mark.slow
@pytest.mark.parametrize(("storms", "coverage"), [(9, 0.9), (4, 0.8), (20, 0.9)])
def test_an_hour_of_a_new_storm_is_covered_at_the_nominal_rate(storms: int, coverage: float) -> None:
    """Exchangeable storms of unlike length and scale; one hour of each new storm, 4000 times. Heavy storm effects make
    hours of a storm alike, so that pooling hours alone would lose coverage."""
    rng = np.random.default_rng(3)
    trials, hits = 4000, 0
    for _ in range(trials):
        drawn = [rng.lognormal(0, 1.0) * rng.exponential(size=rng.integers(1, 30)) for _ in range(storms + 1)]
        hits += drawn[-1][0] <= conformal_radius(drawn[:-1], coverage)
    assert stats.binomtest(int(hits), trials, coverage, alternative="less").pvalue > 1e-3
