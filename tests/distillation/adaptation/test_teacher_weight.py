"""The weight of a teacher: simulated truth, and invariants by hypothesis."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor

from strandline.distillation.adaptation.teacher_weight import (
    DOUBT,
    TIE,
    TeacherWeight,
    block_errors,
    estimate_teacher_weight,
    probability_of_smaller_error,
    visibility,
)
from strandline.errors import InputError


def fields(seed: int, maps: int, width: float, size: int = 64) -> Tensor:
    """Smooth random maps with mean 0 and spread 1, (B, H, W)."""
    draw = np.random.default_rng(seed)
    smooth = [ndimage.gaussian_filter(draw.normal(size=(size, size)), width, mode="wrap") for _ in range(maps)]
    return torch.tensor(np.stack([one / one.std() for one in smooth]))


def terrain(seed: int, maps: int = 3) -> Tensor:
    """Simulated: a cell is under water where this is above 0."""
    return fields(seed, maps, 6.0) - 0.7


def network(truth: Tensor, noise: float, seed: int, sharpness: float = 3.0) -> Tensor:
    """Logits (B, 2, H, W) of one that sees the truth through noise that is alike for neighbouring cells."""
    wet = sharpness * (truth + noise * fields(seed, len(truth), 4.0))
    return torch.stack([torch.zeros_like(wet), wet], dim=1)


def everywhere(truth: Tensor) -> Tensor:
    return torch.ones_like(truth, dtype=torch.bool)


def compare(teacher: Tensor, student: Tensor, truth: Tensor, prior: float = 0.5) -> TeacherWeight:
    return estimate_teacher_weight(teacher, student, (truth > 0).long(), everywhere(truth), prior=prior)


# --- is the teacher right here? ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_three_labelled_maps_tell_a_good_teacher_from_a_wrong_one(seed: int) -> None:
    truth = terrain(seed)
    better, worse = network(truth, 0.3, 100 + seed), network(truth, 1.0, 200 + seed)
    good, wrong = compare(better, worse, truth), compare(worse, better, truth)
    assert good.weight > 0.9
    assert wrong.weight < 0.1
    assert good.advice.startswith("Distil: the teacher is right here, on 48 labelled blocks")
    assert wrong.advice.startswith("Distillation is likely to hurt")
    assert len(good.gains) == 48
    assert good.teacher_error == wrong.student_error
    assert good.gains == pytest.approx([-gain for gain in wrong.gains])


@pytest.mark.parametrize("seed", range(5))
def test_a_shuffled_teacher_gets_a_low_weight_on_three_labelled_maps(seed: int) -> None:
    truth = terrain(seed)
    teacher, student = network(truth, 0.2, 100 + seed), network(truth, 0.6, 200 + seed)
    assert compare(teacher, student, truth).weight > 0.9
    assert compare(teacher[[1, 2, 0]], student, truth).weight < 0.01


def test_a_good_overconfident_teacher_keeps_its_weight() -> None:
    truth = terrain(0)
    assert compare(network(truth, 0.3, 1, sharpness=50.0), network(truth, 1.0, 2), truth).weight > 0.9


@pytest.mark.slow
def test_equally_good_teachers_are_chosen_about_as_often_as_not() -> None:
    weights = []
    for seed in range(40):
        truth = terrain(seed)
        weights.append(compare(network(truth, 0.6, 1000 + seed), network(truth, 0.6, 2000 + seed), truth).weight)
    assert np.mean(weights) == pytest.approx(0.5, abs=0.12)
    assert np.mean([not 0.05 < weight < 0.95 for weight in weights]) < 0.35


def test_few_blocks_say_less_than_many() -> None:
    one, none = torch.tensor([0.1]), torch.tensor([0.3])
    weights = [probability_of_smaller_error(one.expand(n), none.expand(n), 0.5) for n in (0, 1, 3, 10, 48)]
    assert weights == sorted(weights)
    assert weights[0] == 0.5
    assert weights[1] < 0.75
    assert weights[-1] > 0.99


def test_one_block_against_two_imagined_ones_has_the_closed_form_chance() -> None:
    """P(g·E₁ + s·(E₂ − E₃) > 0) = 1 − s / (2(s + g)) for exponential E, gain g and doubt s."""
    for gain in (0.05, 0.2, 1.0):
        expected = 1 - DOUBT / (2 * (DOUBT + gain))
        assert probability_of_smaller_error(
            torch.tensor([0.3]), torch.tensor([0.3 + gain + TIE]), 0.5
        ) == pytest.approx(expected, abs=0.02)
        assert probability_of_smaller_error(
            torch.tensor([0.3 + gain + TIE]), torch.tensor([0.3]), 0.5
        ) == pytest.approx(1 - expected, abs=0.02)


@pytest.mark.parametrize("surer", [0.0, 0.999])
def test_a_thousand_dry_blocks_with_a_tiny_difference_do_not_decide(surer: float) -> None:
    teacher, student = torch.full((1000,), 0.001), torch.full((1000,), 0.001 + surer * TIE)
    assert (
        probability_of_smaller_error(teacher, student, 0.3)
        == probability_of_smaller_error(student, teacher, 0.3)
        == pytest.approx(0.3, abs=1e-12)
    )


@settings(max_examples=50, deadline=None)
@given(prior=st.floats(0, 1))
def test_without_a_label_the_weight_is_exactly_the_prior(prior: float) -> None:
    truth = terrain(0, 1)
    estimate = estimate_teacher_weight(
        network(truth, 0.3, 1), network(truth, 1.0, 2), (truth > 0).long(), ~everywhere(truth), prior=prior
    )
    assert estimate.weight == prior
    assert estimate.gains == ()
    assert estimate.teacher_error is None
    assert f"is the prior, {prior:.2f}" in estimate.advice


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(prior=st.floats(0, 1), seed=st.integers(0, 100))
def test_a_teacher_that_is_the_student_gets_the_prior(prior: float, seed: int) -> None:
    truth = terrain(seed)
    estimate = network(truth, 0.5, seed + 1)
    assert compare(estimate, estimate, truth, prior).weight == pytest.approx(prior, abs=1e-12)


errors = st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=30)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(pairs=errors, drop=st.floats(0, 1), which=st.integers(0, 29), prior=st.floats(0.01, 0.99))
def test_a_better_teacher_never_lowers_the_weight_nor_does_a_higher_prior(
    pairs: list[tuple[float, float]], drop: float, which: int, prior: float
) -> None:
    teacher, student = torch.tensor(pairs, dtype=torch.float64).T
    better = teacher.clone()
    better[which % len(pairs)] *= drop
    weight = probability_of_smaller_error(teacher, student, prior)
    assert 0 < weight < 1
    assert probability_of_smaller_error(better, student, prior) >= weight
    assert probability_of_smaller_error(teacher, student, (1 + prior) / 2) >= weight


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100), gained=st.floats(0, 5))
def test_logits_moved_towards_the_truth_never_lower_the_weight(seed: int, gained: float) -> None:
    truth = terrain(seed)
    teacher, student = network(truth, 0.6, seed + 1), network(truth, 0.6, seed + 2)
    nearer = teacher.clone()
    nearer[:, 1] += gained * torch.where(truth > 0, 1, -1) * (fields(seed + 3, 3, 3.0) > 0)
    assert compare(nearer, student, truth).weight >= compare(teacher, student, truth).weight


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100), order=st.permutations(range(3)))
def test_the_order_of_samples_changes_nothing(seed: int, order: list[int]) -> None:
    truth = terrain(seed)
    teacher, student = network(truth, 0.5, seed + 1), network(truth, 0.6, seed + 2)
    assert compare(teacher[order], student[order], truth[order]).weight == compare(teacher, student, truth).weight


def test_the_verdict_does_not_depend_on_draws_of_anyone_else() -> None:
    truth = terrain(3)
    teacher, student = network(truth, 0.5, 1), network(truth, 0.6, 2)
    weights = set()
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        weights.add(compare(teacher, student, truth).weight)
    assert len(weights) == 1


def test_blocks_are_means_of_briers_score_over_their_labelled_cells() -> None:
    torch.manual_seed(0)
    logits, classes, valid = torch.randn(2, 4, 20, 33), torch.randint(4, (2, 20, 33)), torch.rand(2, 20, 33) < 0.1
    valid[0, :16, :16] = False
    expected = []
    for sample in range(2):
        for row in (0, 16):
            for column in (0, 16, 32):
                cells = [
                    (i, j)
                    for i in range(row, min(row + 16, 20))
                    for j in range(column, min(column + 16, 33))
                    if valid[sample, i, j]
                ]
                scores = [
                    sum(
                        (float(logits[sample, :, i, j].softmax(0)[k]) - (classes[sample, i, j] == k).item()) ** 2
                        for k in range(4)
                    )
                    for i, j in cells
                ]
                if scores:
                    expected.append(np.mean(scores))
    assert block_errors(logits, classes, valid, 16).tolist() == pytest.approx(expected)
    garbage = torch.where(valid, classes, 255)
    dirty = torch.where(valid[:, None], logits, math.nan)
    assert block_errors(dirty, garbage, valid, 16).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"classes": torch.full((1, 8, 8), 2)}, "not among 0…1"),
        ({"classes": torch.full((1, 8, 8), -1)}, "not among 0…1"),
        ({"teacher_logits": torch.full((1, 2, 8, 8), math.nan)}, "not finite"),
        ({"valid": torch.ones(1, 8, 9, dtype=torch.bool)}, re.escape("mask (1, 8, 9)")),
        ({"block": 0}, "block of 1 or more"),
        ({"prior": 1.2}, "1.2 is no probability"),
        ({"prior": math.nan}, "nan is no probability"),
    ],
)
def test_what_cannot_be_judged_is_refused(change: dict[str, object], what: str) -> None:
    usual: dict[str, object] = {
        "teacher_logits": torch.zeros(1, 2, 8, 8),
        "student_logits": torch.zeros(1, 2, 8, 8),
        "classes": torch.zeros(1, 8, 8, dtype=torch.long),
        "valid": torch.ones(1, 8, 8, dtype=torch.bool),
        "prior": 0.5,
    }
    with pytest.raises(InputError, match=what):
        estimate_teacher_weight(**(usual | change))  # type: ignore[arg-type]


# --- is it visible? ------------------------------------------------------------------------------------------------


def test_visibility_is_one_for_a_copy_of_the_teacher_and_zero_for_its_mean() -> None:
    teacher = torch.randn(3, 4, 9, 9)
    valid = torch.rand(3, 9, 9) < 0.5
    mean = teacher.softmax(1).movedim(1, -1)[valid].mean(0).log().reshape(1, 4, 1, 1).expand(3, 4, 9, 9)
    assert visibility(teacher + 2.0, teacher, valid) == pytest.approx(1)
    assert visibility(mean, teacher, valid) == pytest.approx(0, abs=1e-6)
    misled = visibility(-teacher, teacher, valid)
    assert misled is not None
    assert misled < 0


def test_visibility_is_the_share_of_information_that_a_perfect_student_has() -> None:
    """The teacher tells four classes apart for sure, the student's streams only two pairs of them: half of ln 4."""
    sure = 60 * torch.eye(4).reshape(1, 4, 4, 1)
    pairs = torch.tensor([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]).T.reshape(1, 4, 4, 1)
    valid = torch.ones(1, 4, 1, dtype=torch.bool)
    assert visibility(60 * pairs, sure, valid) == pytest.approx(0.5)


def test_a_constant_teacher_has_no_visibility() -> None:
    same = torch.randn(1, 4, 1, 1).expand(2, 4, 5, 5)
    valid = torch.ones(2, 5, 5, dtype=torch.bool)
    assert visibility(torch.randn(2, 4, 5, 5), same, valid) is None
    assert visibility(torch.randn(2, 4, 5, 5), torch.randn(2, 4, 5, 5), ~valid) is None


def test_masked_cells_are_not_used() -> None:
    teacher, student, valid = torch.randn(2, 3, 6, 6), torch.randn(2, 3, 6, 6), torch.rand(2, 6, 6) < 0.5
    clean = visibility(student, teacher, valid)
    for dirty in (math.nan, 1e30):
        mask = valid[:, None]
        assert visibility(torch.where(mask, student, dirty), torch.where(mask, teacher, -dirty), valid) == clean


def test_the_advice_warns_of_low_visibility() -> None:
    truth = terrain(0)
    teacher, student = network(truth, 0.3, 1), network(truth, 1.0, 2)
    labels, mask = (truth > 0).long(), everywhere(truth)
    blind = estimate_teacher_weight(teacher, student, labels, mask, prior=0.5, visible=0.04)
    sees = estimate_teacher_weight(teacher, student, labels, mask, prior=0.5, visible=0.8)
    assert "Little can be distilled in any case: the student's inputs determine 4%" in blind.advice
    assert "Little can be" not in sees.advice
    assert blind.weight == sees.weight
    assert "do not decide" in TeacherWeight(0.5, 0.5, (0.1,), 0.2, 0.2).advice
