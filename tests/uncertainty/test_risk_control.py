"""Conformal risk control: the bound on new storms, its tightness, refusals, and MAPIE as a reference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.risk_control import MultiLabelClassificationController

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Mask
from strandline.uncertainty.risk_control import miss_rate, miss_rate_threshold

pytestmark = pytest.mark.slow

SHAPE = (6, 8)


def draw_storms(count: int, rng: np.random.Generator, dry: float = 0.2) -> tuple[Floats, Mask, Mask]:
    """Exchangeable storms that differ in flooded area and in the skill of the probabilities."""
    chance = rng.beta(2, 2, (count, 1, 1)) * (rng.random((count, 1, 1)) >= dry)
    flooded = rng.random((count, *SHAPE)) < chance
    skill = rng.normal(1.0, 1.0, (count, 1, 1))
    probability = 1 / (1 + np.exp(-(skill * (2.0 * flooded - 1) + rng.normal(size=flooded.shape))))
    return probability, flooded, rng.random(flooded.shape) < 0.9


def bound(threshold: float, probability: Floats, flooded: Mask, valid: Mask) -> float:
    """n/(n + 1) · R̂ + 1/(n + 1)."""
    losses = miss_rate(probability >= threshold, flooded, valid)
    return float((losses.sum() + 1) / (len(losses) + 1))


def test_the_miss_rate_counts_flooded_valid_cells_alone_and_is_0_for_a_dry_storm() -> None:
    flooded = np.array([[[1, 1, 1, 0, 1]], [[0, 0, 0, 0, 0]]], dtype=bool)
    predicted = np.array([[[1, 0, 1, 0, 0]], [[0, 1, 0, 0, 0]]], dtype=bool)
    valid = np.array([[[1, 1, 1, 1, 0]], [[1, 1, 1, 1, 1]]], dtype=bool)
    np.testing.assert_allclose(miss_rate(predicted, flooded, valid), [1 / 3, 0])


@pytest.mark.parametrize(("rate", "needed"), [(0.5, 1), (0.2, 4), (0.1, 9), (0.05, 19), (0.01, 99)])
def test_too_few_storms_are_refused_with_the_number_needed(rate: float, needed: int) -> None:
    storms = draw_storms(needed, np.random.default_rng(0))
    miss_rate_threshold(*storms, rate)
    with pytest.raises(RefusedByTheory, match=f"need {needed} or more"):
        miss_rate_threshold(*(part[1:] for part in storms), rate)  # type: ignore[call-arg]


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 1.5])
def test_a_rate_outside_0_to_1_is_refused(rate: float) -> None:
    with pytest.raises(RefusedByTheory, match="between 0 and 1"):
        miss_rate_threshold(*draw_storms(200, np.random.default_rng(0)), rate)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), count=st.integers(4, 40), digits=st.integers(1, 6))
def test_the_threshold_is_the_highest_that_keeps_the_bound(seed: int, count: int, digits: int) -> None:
    """Ties are many where probabilities are rounded."""
    probability, flooded, valid = draw_storms(count, np.random.default_rng(seed))
    probability = probability.round(digits)
    threshold = miss_rate_threshold(probability, flooded, valid, 0.2)
    assert bound(threshold, probability, flooded, valid) <= 0.2 + 1e-9
    if threshold < 1:
        assert bound(np.nextafter(threshold, 2), probability, flooded, valid) > 0.2


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_the_threshold_rises_with_the_allowed_rate(seed: int) -> None:
    storms = draw_storms(30, np.random.default_rng(seed))
    thresholds = [miss_rate_threshold(*storms, rate) for rate in (0.04, 0.1, 0.2, 0.5)]
    assert thresholds == sorted(thresholds)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_a_higher_threshold_never_lowers_the_rate_of_any_storm(seed: int) -> None:
    """A condition of the theory."""
    rng = np.random.default_rng(seed)
    probability, flooded, valid = draw_storms(5, rng)
    rates = [miss_rate(probability >= t, flooded, valid) for t in np.sort(rng.random(10))]
    assert (np.diff(rates, axis=0) >= 0).all()
    assert (np.diff(rates, axis=0) <= 1).all()


@pytest.mark.parametrize(("count", "rate", "dry"), [(19, 0.05, 0.2), (9, 0.1, 0.0), (30, 0.2, 0.5)])
def test_the_expected_rate_of_a_new_storm_is_below_the_bound_and_close_to_it(
    count: int, rate: float, dry: float
) -> None:
    """Theorems 1 and 2: rate − 2/(n + 1) ≤ E[loss] ≤ rate. The loss jumps a cell at a time, hence the margin below."""
    rng = np.random.default_rng(7)
    losses = []
    for _ in range(3000):
        probability, flooded, valid = draw_storms(count + 1, rng, dry)
        threshold = miss_rate_threshold(probability[:-1], flooded[:-1], valid[:-1], rate)
        losses.append(miss_rate(probability[-1:] >= threshold, flooded[-1:], valid[-1:])[0])
    mean, error = np.mean(losses), np.std(losses) / np.sqrt(len(losses))
    assert mean <= rate + 3 * error
    assert mean >= rate - 2 / (count + 1) - 3 * error


def test_without_flooded_cells_the_threshold_is_1() -> None:
    nothing = np.zeros((19, *SHAPE), dtype=bool)
    assert miss_rate_threshold(np.full(nothing.shape, 0.3), nothing, ~nothing, 0.05) == 1.0


def test_an_unknown_probability_is_refused_only_in_flooded_valid_cells() -> None:
    probability, flooded, valid = draw_storms(9, np.random.default_rng(0))
    known = miss_rate_threshold(probability, flooded, valid, 0.2)
    probability[~valid] = np.nan
    assert miss_rate_threshold(probability, flooded, valid, 0.2) == known
    probability[tuple(np.argwhere(flooded & valid)[0])] = np.nan
    with pytest.raises(InputError, match="mask what is unknown"):
        miss_rate_threshold(probability, flooded, valid, 0.2)


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3])
def test_mapie_chooses_the_same_threshold_to_the_step_of_its_grid(rate: float) -> None:
    """Recall per sample with `crc`; every storm floods a cell, as MAPIE requires."""
    probability, flooded, _ = draw_storms(25, np.random.default_rng(11), dry=0.0)
    flooded[:, 0, 0] = True
    grid = np.linspace(0, 1, 1001)
    flat = probability.reshape(25, -1)
    theirs = MultiLabelClassificationController(
        lambda x: x, risk="recall", method="crc", target_level=1 - rate, predict_params=grid
    ).calibrate(flat, flooded.reshape(25, -1).astype(int))
    ours = miss_rate_threshold(probability, flooded, np.ones_like(flooded), rate)
    below = float(theirs.best_predict_param[0])
    assert below <= ours <= below + 2 * (grid[1] - grid[0])
