"""Aleatoric and epistemic parts of class probabilities: identities and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.calibration.parts import class_parts
from strandline.errors import InputError

seeds = st.integers(0, 2**31)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, members=st.integers(1, 6), classes=st.integers(2, 6), sharp=st.floats(0.05, 3))
def test_entropy_of_the_mean_is_mean_entropy_plus_mutual_information(
    seed: int, members: int, classes: int, sharp: float
) -> None:
    """The mutual information is the mean divergence of a member from the mixture."""
    members_probability = np.random.default_rng(seed).dirichlet(np.full(classes, sharp), (members, 4, 3))
    parts = class_parts(np.moveaxis(members_probability, -1, 2), axis=2)
    divergence = stats.entropy(
        members_probability, np.broadcast_to(members_probability.mean(0), members_probability.shape), axis=-1
    ).mean(0)
    np.testing.assert_allclose(parts.epistemic, divergence, atol=1e-10)
    np.testing.assert_allclose(parts.total, stats.entropy(members_probability.mean(0), axis=-1), atol=1e-10)
    np.testing.assert_allclose(parts.total, parts.aleatoric + parts.epistemic, atol=1e-12)
    assert (parts.epistemic >= -1e-12).all()
    assert (parts.epistemic <= np.log(min(members, classes)) + 1e-12).all()


def test_members_that_agree_have_no_epistemic_part_and_certain_members_that_disagree_no_aleatoric_one() -> None:
    agree = class_parts(np.array([[0.3, 0.7], [0.3, 0.7]]), axis=1)
    assert agree.epistemic == pytest.approx(0)
    assert agree.aleatoric == pytest.approx(-0.3 * np.log(0.3) - 0.7 * np.log(0.7))
    sure = class_parts(np.array([[0.0, 1.0], [1.0, 0.0]]), axis=1)
    assert sure.aleatoric == 0
    assert sure.epistemic == pytest.approx(np.log(2))


def test_probabilities_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(InputError, match="axis of the classes"):
        class_parts(np.full((2, 3, 4), 1 / 3), axis=2)
