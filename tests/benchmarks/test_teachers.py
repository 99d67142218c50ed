"""The average of several teachers' probabilities, against the closed form of a mixture."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmarks.floods.teachers import average_probabilities
from strandline.errors import InputError


def logits(seed: int, *shape: int) -> Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


MAP = (2, 5, 3, 4)


def confidence(logits: Tensor) -> Tensor:
    """1 − H(p)/ln K, (B, K, …) → (B, …)."""
    entropy = torch.distributions.Categorical(logits=logits.movedim(1, -1)).entropy()
    return 1 - entropy / math.log(logits.shape[1])


def test_two_confident_teachers_that_contradict_each_other_give_one_half() -> None:
    yes, no = (torch.tensor(p).log().reshape(1, 2, 1, 1) for p in ([0.1, 0.9], [0.9, 0.1]))
    assert average_probabilities([yes, no], torch.ones(2)).exp().flatten().tolist() == pytest.approx([0.5, 0.5])
    average = average_probabilities([yes, no], [3, 1]).exp().flatten()
    assert average.tolist() == pytest.approx([0.3, 0.7])


@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 2, 3, 4)])
def test_the_average_is_the_weighted_mean_of_probabilities(shape: tuple[int, ...]) -> None:
    teachers = [logits(seed, *MAP) for seed in range(3)]
    weights = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    share = (weights / weights.sum(0)).reshape(*shape, *[1] * (4 - len(shape))).expand(3, 2, 3, 4)
    expected = sum(share[i][:, None] * teachers[i].softmax(1) for i in range(3))
    torch.testing.assert_close(average_probabilities(teachers, weights).exp(), expected)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), teachers=st.integers(1, 4))
def test_the_average_is_never_more_confident_than_the_teachers_are_on_average(seed: int, teachers: int) -> None:
    predictions = [logits(seed + i, *MAP) for i in range(teachers)]
    together = confidence(average_probabilities(predictions, torch.ones(teachers)))
    apart = torch.stack([confidence(one) for one in predictions]).mean(0)
    assert (together <= apart + 1e-5).all()
    torch.testing.assert_close(
        confidence(average_probabilities([predictions[0]] * teachers, torch.ones(teachers))), confidence(predictions[0])
    )


def test_a_teacher_of_weight_zero_has_no_effect() -> None:
    used, ignored = logits(0, *MAP), 1e4 * logits(1, *MAP)
    seen = torch.ones(2, 2, 3, 4)
    seen[1, :, 0] = 0
    average = average_probabilities([used, ignored], seen)
    torch.testing.assert_close(average[:, :, 0], used.log_softmax(1)[:, :, 0])
    assert not torch.allclose(average[:, :, 1], used.log_softmax(1)[:, :, 1])


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        (torch.ones(2), "does not fit"),
        (torch.ones(3, 2, 3), "does not fit"),
        (torch.tensor([1.0, -0.1, 1.0]), "negative"),
        (torch.tensor([1.0, math.nan, 1.0]), "not finite"),
        (torch.zeros(3, 2), "all are 0 in 2 cells"),
    ],
)
def test_invalid_weights_are_refused(weights: Tensor, what: str) -> None:
    with pytest.raises(InputError, match=what):
        average_probabilities([logits(seed, *MAP) for seed in range(3)], weights)


def test_teachers_of_different_shapes_or_none_are_refused() -> None:
    with pytest.raises(InputError, match="shapes are"):
        average_probabilities([logits(0, 2, 5, 3, 4), logits(1, 2, 4, 3, 4)], torch.ones(2))
    with pytest.raises(InputError, match="shapes are none"):
        average_probabilities([], torch.ones(0))
