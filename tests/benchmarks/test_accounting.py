"""The accounting that the learning benchmarks share, against cases computed by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from benchmarks.accounting import (
    best_baseline,
    labelled_counts,
    retention,
    signed,
    signed_interval,
    train_to_convergence,
)
from benchmarks.statistics import Interval


def test_retention_divides_by_the_prediction_that_teaches_and_shows_the_unadapted_teacher_beside_it() -> None:
    student, adapted, before = {"a": [0.4], "b": [0.6]}, {"a": [0.6], "b": [0.65]}, {"a": [0.5], "b": [0.5]}
    found = retention(student, adapted, before)
    assert found["retention"] == pytest.approx(1.0 / 1.25)
    assert found["retention of the unadapted teacher"] == pytest.approx(1.0)
    assert "retention of the unadapted teacher" not in retention(student, adapted)


def test_the_best_baseline_is_the_best_of_all_fair_ones_and_never_a_method_with_a_teacher() -> None:
    methods = {"distilled": {0: [0.9]}, "trees": {0: [0.5], 1: [0.1]}, "own": {0: [0.2], 1: [0.6]}, "gone": {}}
    assert best_baseline(methods, ("trees", "own", "gone", "never run")) == "own"
    assert best_baseline(methods, ()) is None


def test_fractions_that_label_the_same_chips_are_one_with_its_true_name() -> None:
    assert labelled_counts([0.01, 0.05, 0.1, 1.0], total=20, fewest=1) == {0.05: 1, 0.1: 2, 1.0: 20}
    assert labelled_counts([0.0, 0.01], total=30, fewest=1) == {0.0: 0, 1 / 30: 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0231, "+0.023"), (-0.0001, "−0.0001"), (0.00004, "+0.00004"), (0.0, "0"), (-0.6, "−0.600"), (None, "–")],
)
def test_an_end_of_an_interval_bears_its_sign_and_is_no_false_zero(value: float | None, text: str) -> None:
    assert signed(value) == text


@given(st.floats(-1, 1).filter(lambda value: abs(value) > 1e-11))
def test_a_printed_difference_never_hides_its_sign(value: float) -> None:
    printed = float(signed(value).replace("−", "-"))
    assert (printed > 0) == (value > 0)
    assert printed == pytest.approx(value, abs=5.1e-4)


def test_an_interval_is_printed_with_both_signs() -> None:
    assert signed_interval(Interval(0.02, -0.0001, 0.05)) == "+0.020 (−0.0001 to +0.050)"


def test_training_ends_when_the_validation_loss_stops_falling_and_keeps_the_best_weights() -> None:
    network = nn.Linear(1, 1, bias=False)
    losses = iter([9.0, 5.0, 4.0, 4.5, 4.2, 3.0])

    def train_round(done: int) -> None:
        with torch.no_grad():
            network.weight.fill_(done + 1.0)

    found = train_to_convergence(network, train_round, lambda: next(losses), steps=10, patience=2, rounds=50)
    assert found == (40, 20, 4.0)  # rounds 3 and 4 were no better than round 2
    assert float(network.weight.detach()) == 2.0


def test_training_that_only_hurts_leaves_the_network_as_it_was() -> None:
    network = nn.Linear(1, 1, bias=False)
    before = float(network.weight.detach())
    losses = iter([1.0, 2.0, 3.0])
    found = train_to_convergence(
        network, lambda _: network.weight.data.zero_(), lambda: next(losses), steps=5, patience=2, rounds=9
    )
    assert found == (10, 0, 1.0)
    assert float(network.weight.detach()) == before
