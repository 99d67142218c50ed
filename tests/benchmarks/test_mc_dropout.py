"""Monte-Carlo dropout: dropout alone is active, and all modes are restored."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.calibration.mc_dropout import dropout_active, sample_predictions
from strandline.errors import InputError
from strandline.models.inference import predict, student_inputs
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from tests.fixtures.batches import make_batch


def make_student(dropout: float = 0.3) -> Student:
    torch.manual_seed(0)
    return Student(width=8, dropout=dropout)


def floods(draws: list) -> Tensor:
    return torch.stack([draw.flood_logits for draw in draws])


def modes(network: nn.Module) -> list[bool]:
    return [part.training for part in network.modules()]


def test_draws_differ_in_every_head_and_depend_on_the_seed() -> None:
    student, batch = make_student(), student_inputs(make_batch(2))
    for layer in (student.surge_decoder.correction.shift, student.surge_decoder.correction.factors):
        nn.init.normal_(layer.weight)  # with random weights every draw equals the prediction from own readings
    draws, again, other = (sample_predictions(student, batch, 3, seed) for seed in (1, 1, 2))
    for name in ("flood_logits", "surge_mean", "surge_scale", "damage_logits"):
        first, second, third = (getattr(draw, name) for draw in draws)
        assert not torch.equal(first, second)
        assert not torch.equal(second, third)
        assert all(torch.equal(getattr(a, name), getattr(b, name)) for a, b in zip(draws, again, strict=True))
        assert not torch.equal(first, getattr(other[0], name))


def test_the_teacher_is_sampled_too() -> None:
    torch.manual_seed(0)
    draws = sample_predictions(Teacher(width=32, depth=1, heads=2), make_batch(2), 2, seed=0)
    assert not torch.equal(draws[0].flood_logits, draws[1].flood_logits)


def test_dropout_alone_is_active_and_all_modes_are_restored() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Dropout(0.0))
    for set_before in (network.train, network.eval, network[1].train):
        set_before()
        before, mean = modes(network), network[1].running_mean.clone()
        with dropout_active(network):
            assert [part.training for part in network] == [False, False, True, False]
            network(torch.randn(8, 4))
        assert modes(network) == before
        torch.testing.assert_close(network[1].running_mean, mean)


def test_attention_with_dropout_is_active_without_its_children() -> None:
    attention = nn.MultiheadAttention(8, 2, dropout=0.5, batch_first=True)
    with dropout_active(attention):
        assert attention.training
        assert not attention.out_proj.training


def test_all_modes_are_restored_after_an_error() -> None:
    student = make_student().eval()
    before = modes(student)
    with pytest.raises(RuntimeError, match="in between"), dropout_active(student):
        raise RuntimeError("in between")
    assert modes(student) == before
    batch = student_inputs(make_batch(2))
    sample_predictions(student, batch, 1, seed=0)
    assert torch.equal(predict(student, batch).flood_logits, predict(student, batch).flood_logits)


def test_a_network_without_dropout_is_refused() -> None:
    student = make_student(dropout=0.0)
    with pytest.raises(InputError, match="has no dropout"):
        sample_predictions(student, student_inputs(make_batch(1)), 2, seed=0)


def test_the_global_random_state_does_not_change() -> None:
    student, batch = make_student(), student_inputs(make_batch(1))
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    sample_predictions(student, batch, 1, seed=0)
    torch.testing.assert_close(torch.rand(3), expected)


def test_chunks_do_not_change_the_number_of_samples() -> None:
    draws = sample_predictions(make_student(), student_inputs(make_batch(5)), 2, seed=0, chunk=2)
    assert [len(draw.flood_logits) for draw in draws] == [5, 5]


def test_draws_of_a_linear_network_have_the_moments_of_dropped_weights() -> None:
    """w·x with each term kept with probability 1 − p and divided by it: mean w·x, variance p/(1 − p) · Σ(w x)²."""
    torch.manual_seed(3)
    linear = nn.Linear(50, 1, bias=False)
    network = nn.Sequential(nn.Dropout(0.2), linear)
    x = torch.randn(1, 50)
    with dropout_active(network), torch.no_grad():
        draws = network(x.expand(40_000, -1))[:, 0].double().numpy()
    terms = (linear.weight * x).detach().double().numpy()
    spread = np.sqrt(0.2 / 0.8 * (terms**2).sum())
    assert draws.mean() == pytest.approx(terms.sum(), abs=4 * spread / np.sqrt(draws.size))
    assert draws.std() == pytest.approx(spread, rel=0.03)


def test_the_mean_of_more_draws_varies_less() -> None:
    """Like 1/√draws: sixteen times as many draws, a quarter of the distance between two means."""
    student, batch = make_student(), student_inputs(make_batch(2))
    probability = floods(sample_predictions(student, batch, 96, seed=0)).softmax(dim=2)
    few = (probability[:3].mean(0) - probability[3:6].mean(0)).square().mean().sqrt()
    many = (probability[:48].mean(0) - probability[48:].mean(0)).square().mean().sqrt()
    assert 0.15 < float(many / few) < 0.4
