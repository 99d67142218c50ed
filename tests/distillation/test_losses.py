"""Losses against closed forms and torch's own distributions; masks; the temperature's fall."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from strandline.distillation.alignment.projection import CosineAlignment
from strandline.distillation.losses import (
    cosine_alignment,
    cross_entropy,
    decoupled_soft_targets,
    flood_probability,
    mean_of_samples,
    mean_where,
    soft_dice,
    soft_targets,
)
from strandline.distillation.objective import geometric_annealing
from strandline.errors import InputError


def logits(seed: int, *shape: int) -> Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def some(seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) < 0.5


MAP = (2, 5, 6, 7)
ALL = torch.ones(2, 6, 7, dtype=torch.bool)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 5.0])
def test_soft_targets_are_torchs_divergence_times_the_square_of_the_temperature(temperature: float) -> None:
    student, teacher, valid = logits(0, *MAP), logits(1, *MAP), some(2, 2, 6, 7)
    each = F.kl_div(
        F.log_softmax(student / temperature, 1), F.log_softmax(teacher / temperature, 1), reduction="none",
        log_target=True,
    ).sum(1)  # fmt: skip
    expected = torch.stack([temperature**2 * each[i][valid[i]].mean() for i in range(2)])
    torch.testing.assert_close(soft_targets(student, teacher, valid, temperature), expected)


def test_soft_targets_are_zero_where_student_and_teacher_agree_up_to_a_constant() -> None:
    student_logits = logits(0, *MAP)
    torch.testing.assert_close(
        soft_targets(student_logits, student_logits + 3.0, ALL, 2.0), torch.zeros(2), atol=1e-5, rtol=0
    )


def test_the_gradient_of_soft_targets_does_not_fade_with_the_temperature() -> None:
    """For large τ the gradient tends to (z_s − z_t − their means) / K (Hinton et al. 2015, eq. 4)."""
    student, teacher = logits(0, *MAP).double().requires_grad_(), logits(1, *MAP).double()
    limit = (student - teacher - (student - teacher).mean(1, keepdim=True)).detach() / 5 / 42
    for temperature in (1e3, 1e4):
        (gradient,) = torch.autograd.grad(soft_targets(student, teacher, ALL, temperature).sum(), student)
        torch.testing.assert_close(gradient, limit, rtol=0.05, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(0.1, 1e4))
def test_masked_cells_change_neither_a_loss_nor_its_gradient(seed: int, scale: float) -> None:
    valid, classes, other = some(seed, 2, 6, 7), torch.randint(5, (2, 6, 7)), torch.randint(5, (2, 6, 7))
    teacher = logits(seed + 1, *MAP)
    student = logits(seed + 2, *MAP)
    garbage = scale * logits(seed + 3, *MAP)
    dirty = torch.where(valid[:, None], student, garbage)
    for loss in (
        lambda z, clean: soft_targets(
            z, teacher if clean else torch.where(valid[:, None], teacher, -garbage), valid, 2
        ),
        lambda z, clean: cross_entropy(z, classes if clean else torch.where(valid, classes, other), valid),
        lambda z, clean: soft_dice(z, classes if clean else torch.where(valid, classes, other), valid),
        lambda z, clean: soft_dice(
            z, flood_probability(teacher if clean else torch.where(valid[:, None], teacher, -garbage)), valid
        ),
        lambda z, clean: decoupled_soft_targets(
            z, teacher if clean else torch.where(valid[:, None], teacher, -garbage), valid, 2.0, 1.0, 8.0
        ),
    ):
        results = []
        for values, clean in ((student, True), (dirty, False)):
            z = values.clone().requires_grad_()
            value = loss(z, clean)
            (gradient,) = torch.autograd.grad(value.sum(), z)
            results.append((value.detach(), gradient))
        torch.testing.assert_close(results[0], results[1], rtol=1e-5, atol=1e-7)
        assert (results[1][1] * ~valid[:, None] == 0).all()


def test_a_mean_is_over_valid_entries_of_each_sample_and_zero_without_one() -> None:
    values = torch.tensor([[1.0, 2.0, 30.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    valid = torch.tensor([[True, True, False], [True, True, True], [False, False, False]])
    torch.testing.assert_close(mean_where(values, valid), torch.tensor([1.5, 5.0, 0.0]))


def test_a_loss_of_equal_cells_does_not_depend_on_the_number_of_valid_cells() -> None:
    student_logits = logits(0, 1, 5, 1, 1).expand(1, 5, 6, 7)
    teacher_logits = logits(1, 1, 5, 1, 1).expand(1, 5, 6, 7)
    few = torch.zeros(1, 6, 7, dtype=torch.bool)
    few[0, 2, 3] = True
    torch.testing.assert_close(
        soft_targets(student_logits, teacher_logits, few, 1.0),
        soft_targets(student_logits, teacher_logits, ALL[:1], 1.0),
    )


def test_dice_is_zero_for_a_certain_correct_map_and_near_one_for_a_certain_wrong_one() -> None:
    classes = torch.randint(1, 5, (2, 6, 7))
    classes[:, :3] = 0
    right = 40.0 * F.one_hot(classes, 5).permute(0, 3, 1, 2).float()
    torch.testing.assert_close(soft_dice(right, classes, ALL), torch.zeros(2), atol=1e-6, rtol=0)
    wrong = 40.0 * F.one_hot(torch.where(classes > 0, 0, 1), 5).permute(0, 3, 1, 2).float()
    torch.testing.assert_close(soft_dice(wrong, classes, ALL), torch.full((2,), 1 - 1 / 43))
    dry = torch.zeros_like(classes)
    torch.testing.assert_close(
        soft_dice(40.0 * F.one_hot(dry, 5).permute(0, 3, 1, 2).float(), dry, ALL), torch.zeros(2), atol=1e-6, rtol=0
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_dice_stays_between_zero_and_one(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    classes = torch.randint(5, (2, 6, 7), generator=draw) * (torch.rand(2, 6, 7, generator=draw) < 0.3)
    value = soft_dice(5 * logits(seed, *MAP), classes, some(seed + 1, 2, 6, 7))
    assert ((value >= -1e-6) & (value <= 1)).all()


def test_dice_on_hard_labels_is_the_classical_one_with_its_gradient() -> None:
    student_logits, classes, valid = logits(0, *MAP).requires_grad_(), torch.randint(5, (2, 6, 7)), some(1, 2, 6, 7)
    p, y = (flood_probability(student_logits) * valid).flatten(1), ((classes > 0) * valid).flatten(1)
    classical = 1 - (2 * (p * y).sum(1) + 1) / ((p + y).sum(1) + 1)
    for truth in (classes, (classes > 0).float()):
        dice = soft_dice(student_logits, truth, valid)
        torch.testing.assert_close(dice, classical)
        torch.testing.assert_close(
            torch.autograd.grad(dice.sum(), student_logits)[0],
            torch.autograd.grad(classical.sum(), student_logits, retain_graph=True)[0],
        )


def test_dice_to_a_soft_map_is_zero_for_that_map_and_for_no_harder_one() -> None:
    teacher_logits = logits(0, *MAP)
    truth = flood_probability(teacher_logits)
    torch.testing.assert_close(soft_dice(teacher_logits, truth, ALL), torch.zeros(2), atol=1e-6, rtol=0)
    for sharper in (0.5, 2.0, 20.0):
        assert (soft_dice(sharper * teacher_logits, truth, ALL) > 0.01).all()


# --- weights and decoupling ----------------------------------------------------------------------


def test_a_weight_multiplies_the_divergence_of_each_cell() -> None:
    student, teacher, valid = logits(0, *MAP), logits(1, *MAP), some(2, 2, 6, 7)
    weight = torch.rand(2, 6, 7)
    each = torch.stack(
        [soft_targets(student[..., i : i + 1], teacher[..., i : i + 1], ALL[..., :1], 2.0) for i in range(7)]
    )
    assert each.shape == (7, 2)
    column = torch.rand(2, 1, 7).expand(2, 6, 7)
    torch.testing.assert_close(soft_targets(student, teacher, ALL, 2.0, column), (each.T * column[:, 0]).sum(1) / 7)

    def decoupled(*a: Any) -> Tensor:
        return decoupled_soft_targets(*a[:4], 1.0, 8.0, weight=a[4] if a[4:] else None)  # type: ignore[call-arg]

    for loss in (soft_targets, decoupled):
        plain = loss(student, teacher, valid, 2.0)
        torch.testing.assert_close(loss(student, teacher, valid, 2.0, torch.ones_like(weight)), plain)
        torch.testing.assert_close(loss(student, teacher, valid, 2.0, 0.5 * torch.ones_like(weight)), plain / 2)
        rest = loss(student, teacher, valid, 2.0, 1 - weight)
        torch.testing.assert_close(loss(student, teacher, valid, 2.0, weight) + rest, plain)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), temperature=st.floats(0.5, 10.0), chosen=st.booleans())
def test_decoupled_targets_with_weights_one_and_one_minus_the_targets_chance_are_plain_soft_targets(
    seed: int, temperature: float, chosen: bool
) -> None:
    student, teacher, valid = logits(seed, *MAP).double(), logits(seed + 1, *MAP).double(), some(seed + 2, 2, 6, 7)
    target = torch.randint(5, (2, 6, 7)) if chosen else None
    index = teacher.argmax(1) if target is None else target
    p_target = (teacher / temperature).softmax(1).gather(1, index[:, None])[:, 0]
    z, w = student.clone().requires_grad_(), student.clone().requires_grad_()
    parted = decoupled_soft_targets(z, teacher, valid, temperature, 1.0, 1 - p_target, target)
    plain = soft_targets(w, teacher, valid, temperature)
    torch.testing.assert_close(parted, plain, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(
        torch.autograd.grad(parted.sum(), z), torch.autograd.grad(plain.sum(), w), rtol=1e-8, atol=1e-12
    )


def test_the_two_parts_are_the_divergences_of_yes_or_no_and_of_the_rest() -> None:
    student, teacher = torch.tensor([0.5, 0.2, 0.3]), torch.tensor([0.6, 0.3, 0.1])
    z_s, z_t = (p.log().reshape(1, 3, 1, 1) for p in (student, teacher))
    one = torch.ones(1, 1, 1, dtype=torch.bool)
    tckd = 0.6 * math.log(0.6 / 0.5) + 0.4 * math.log(0.4 / 0.5)
    nckd = 0.75 * math.log(0.75 / 0.4) + 0.25 * math.log(0.25 / 0.6)
    assert float(decoupled_soft_targets(z_s, z_t, one, 1.0, 1.0, 0.0)) == pytest.approx(tckd, rel=1e-5)
    assert float(decoupled_soft_targets(z_s, z_t, one, 1.0, 0.0, 1.0)) == pytest.approx(nckd, rel=1e-5)
    other = torch.full((1, 1, 1), 2)
    by_label = 0.1 * math.log(0.1 / 0.3) + 0.9 * math.log(0.9 / 0.7)
    assert float(decoupled_soft_targets(z_s, z_t, one, 1.0, 1.0, 0.0, other)) == pytest.approx(by_label, rel=1e-5)


def test_decoupled_targets_and_their_gradient_stay_finite_for_a_certain_teacher() -> None:
    student, teacher = (1e3 * logits(0, *MAP)).requires_grad_(), 1e4 * logits(1, *MAP)
    value = decoupled_soft_targets(student, teacher, ALL, 1.0, 1.0, 8.0)
    (gradient,) = torch.autograd.grad(value.sum(), student)
    assert torch.isfinite(value).all()
    assert torch.isfinite(gradient).all()


def test_decoupled_targets_of_two_classes_are_refused_with_a_remedy() -> None:
    two, valid = logits(0, 1, 2, 3, 3), ALL[:1, :3, :3]
    with pytest.raises(InputError, match=r"NCKD is always 0; take soft_targets"):
        decoupled_soft_targets(two, two, valid, 1.0, 1.0, 8.0)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_a_temperature_that_is_not_above_zero_is_refused_everywhere(temperature: float) -> None:
    student_logits = logits(0, *MAP)
    for call in (
        lambda: soft_targets(student_logits, student_logits, ALL, temperature),
        lambda: decoupled_soft_targets(student_logits, student_logits, ALL, temperature, 1.0, 8.0),
        lambda: geometric_annealing(0, 10, temperature, 1.0),
        lambda: geometric_annealing(0, 10, 5.0, temperature),
        lambda: geometric_annealing(0, 1, 5.0, temperature),
    ):
        with pytest.raises(InputError, match="not a finite number above 0"):
            call()


def test_logits_and_masks_that_would_be_broadcast_against_one_another_are_refused() -> None:
    student = logits(0, *MAP)
    for teacher, valid, what in (
        (logits(1, 1, 5, 6, 7), ALL, "the student gives"),
        (logits(1, 2, 1, 6, 7), ALL, "the student gives"),
        (student, ALL[:1], "mask"),
        (student, ALL[:, :1], "mask"),
        (student, ALL.float(), "mask"),
    ):
        for loss in (soft_targets, partial(decoupled_soft_targets, alpha=1.0, beta=8.0)):
            with pytest.raises(InputError, match=what):
                loss(student, teacher, valid, 1.0)
    with pytest.raises(InputError, match="the student gives"):
        cosine_alignment(logits(0, 2, 3), logits(1, 1, 3))


def test_a_mean_of_samples_is_over_the_chosen_and_zero_without_one() -> None:
    values = torch.tensor([1.0, 5.0, 30.0])
    assert float(mean_of_samples(values, torch.tensor([True, True, False]))) == 3.0
    assert float(mean_of_samples(values, torch.tensor([False, False, True]))) == 30.0
    assert float(mean_of_samples(values, torch.tensor([False] * 3))) == 0.0


def test_alignment_is_zero_for_parallel_one_for_orthogonal_two_for_opposite_features() -> None:
    feature = torch.tensor([[3.0, 0.0, 0.0]])
    others = torch.tensor([[5.0, 0.0, 0.0], [0.0, 2.0, 0.0], [-1.0, 0.0, 0.0]])
    torch.testing.assert_close(cosine_alignment(feature.expand(3, 3), others), torch.tensor([0.0, 1.0, 2.0]))
    tokens = torch.stack([others, others])  # (2, 3, D)
    torch.testing.assert_close(cosine_alignment(feature.expand(2, 3, 3), tokens), torch.tensor([1.0, 1.0]))


def test_patches_are_aligned_only_where_both_have_them() -> None:
    align = CosineAlignment(4, 6)
    student = {"global": logits(0, 2, 4), "patches": logits(1, 2, 3, 4)}
    teacher = {"global": logits(2, 2, 6), "patches": logits(3, 2, 3, 6)}
    alone = cosine_alignment(align.head(student["global"]), teacher["global"])
    of_patches = cosine_alignment(align.head(student["patches"]), teacher["patches"])
    torch.testing.assert_close(align(student, teacher), (alone + of_patches) / 2)
    torch.testing.assert_close(align(student, {"global": teacher["global"]}), alone)
    with pytest.raises(InputError, match="share none"):
        align({"patches": student["patches"]}, {"global": teacher["global"]})


@settings(max_examples=30, deadline=None)
@given(steps=st.integers(2, 500), start=st.floats(1.01, 20.0), end=st.floats(0.5, 1.0))
def test_the_temperature_falls_geometrically_from_its_first_to_its_last_value(
    steps: int, start: float, end: float
) -> None:
    path = np.array([geometric_annealing(step, steps, start, end) for step in range(steps)])
    assert path[0] == pytest.approx(start)
    assert path[-1] == pytest.approx(end)
    assert (np.diff(path) < 0).all()
    np.testing.assert_allclose(path[1:] / path[:-1], (end / start) ** (1 / (steps - 1)), rtol=1e-9)


def test_a_single_step_is_taken_at_the_last_temperature() -> None:
    assert geometric_annealing(0, 1, 5.0, 1.0) == 1.0


def test_equal_temperatures_are_kept_and_a_temperature_may_rise() -> None:
    assert {geometric_annealing(step, 7, 3.0, 3.0) for step in range(7)} == {3.0}
    rising = [geometric_annealing(step, 7, 1.0, 4.0) for step in range(7)]
    assert rising == sorted(rising)
    assert rising[-1] == pytest.approx(4.0)


@pytest.mark.parametrize(("step", "steps"), [(-1, 5), (5, 5), (0, 0), (1, 1)])
def test_a_step_outside_the_training_has_no_temperature(step: int, steps: int) -> None:
    with pytest.raises(InputError, match="is not one of"):
        geometric_annealing(step, steps)
