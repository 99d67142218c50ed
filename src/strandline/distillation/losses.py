"""Losses as pure functions: one value a sample, with formula and source; masked entries have no effect.

Every function averages over the valid entries of a sample and returns (B,). A sample without a valid entry gives 0; its
mask, not its value, shows that it has none.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.errors import InputError


def mean_where(values: Tensor, valid: Tensor) -> Tensor:
    """(B, …), (B, …) bool → (B,) mean over the valid entries; 0 where a sample has none."""
    weight = valid.to(values.dtype)
    total, count = ((part[..., None].flatten(1)).sum(1) for part in (values * weight, weight))
    return total / count.clamp(min=1.0)


def mean_of_samples(values: Tensor, chosen: Tensor) -> Tensor:
    """Mean of the chosen samples, (B,), (B,) bool → scalar; 0 where none is chosen."""
    weight = chosen.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp(min=1.0)


def soft_targets(
    student_logits: Tensor, teacher_logits: Tensor, valid: Tensor, temperature: float, weight: Tensor | None = None
) -> Tensor:
    """τ² · KL(teacher_τ ‖ student_τ), averaged over valid cells.

    Args:
        student_logits, teacher_logits: (B, K, …); a binary map has K = 2.
        valid: (B, …) bool.
        temperature: τ > 0, shared by both.
        weight: (B, …) ≥ 0, multiplies the divergence of each cell before the mean; 1 where not given.

    Raises:
        InputError: logits of different shapes, a mask that does not fit, or a temperature that is not above 0.

    Source: Hinton et al. (2015), section 2; per cell as in Shu et al. (2021).
    """
    check_logits(student_logits, teacher_logits, valid)
    check_temperature(temperature)
    student = F.log_softmax(student_logits / temperature, dim=1)
    teacher = F.log_softmax(teacher_logits / temperature, dim=1)
    return temperature**2 * _weighted_mean(_divergence(teacher, student), valid, weight)


def decoupled_soft_targets(
    student_logits: Tensor,
    teacher_logits: Tensor,
    valid: Tensor,
    temperature: float,
    alpha: float,
    beta: float | Tensor,
    target: Tensor | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    """τ² · (α · TCKD + β · NCKD), averaged over valid cells.

    TCKD is the divergence between (p_target, 1 − p_target) of teacher and student, NCKD the divergence between their
    distributions over the other classes. With α = 1 and β = 1 − p_target of the teacher it equals `soft_targets`.

    Args:
        student_logits, teacher_logits: (B, K, …), K ≥ 3.
        valid: (B, …) bool.
        temperature: τ > 0, shared by both.
        alpha: weight of the target class; 1 in the paper.
        beta: weight of the other classes, a number or (B, …); 8 on CIFAR-100 in the paper.
        target: (B, …) classes; the teacher's likeliest class where not given.
        weight: (B, …) ≥ 0, as in `soft_targets`.

    Raises:
        InputError: two classes, or as in `soft_targets`.

    Source: Zhao et al. (2022), eq. 7; the decomposition of KL is their eq. 5.
    """
    check_logits(student_logits, teacher_logits, valid)
    check_temperature(temperature)
    if teacher_logits.shape[1] < 3:
        raise InputError(
            "decoupled soft targets",
            f"needs three classes or more; with {teacher_logits.shape[1]} the other is one and NCKD is always 0",
            "take soft_targets",
        )
    student = F.log_softmax(student_logits / temperature, dim=1)
    teacher = F.log_softmax(teacher_logits / temperature, dim=1)
    chosen = teacher_logits.argmax(dim=1) if target is None else target
    is_target = F.one_hot(chosen, teacher.shape[1]).movedim(-1, 1).bool()  # (B, K, …)
    of_target = _divergence(_target_or_not(teacher, is_target), _target_or_not(student, is_target))
    of_others = _divergence(_among_others(teacher, is_target), _among_others(student, is_target))
    return temperature**2 * _weighted_mean(alpha * of_target + beta * of_others, valid, weight)


def cross_entropy(logits: Tensor, classes: Tensor, valid: Tensor) -> Tensor:
    """−ln p(class), averaged over valid cells or assets; logits (B, K, …), classes (B, …) → (B,)."""
    return mean_where(F.cross_entropy(logits, classes, reduction="none"), valid)


def flood_probability(logits: Tensor) -> Tensor:
    """Probability of *flooded* (any class but 0), (B, K, H, W) → (B, H, W); a soft truth for `soft_dice`."""
    return 1 - logits.softmax(dim=1)[:, 0]


def soft_dice(logits: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """1 − 2Σmin(p, y) / Σ(p + y) for *flooded* (any class but 0) over valid cells, (B, K, H, W) → (B,).

    One is added to both sums, so that a sample without a flooded cell has a score too.

    Args:
        logits: (B, K, H, W) of the student.
        truth: (B, H, W) classes (whole numbers), or a teacher's probability of *flooded* (floating point).
        valid: (B, H, W) bool.

    Source: V-Net's dice, Milletari et al. (2016), in the form that Wang et al. (2023) give for soft labels:
    2min(p, y) = p + y − |p − y|. On hard labels it equals 2py; on soft labels only p = y gives 0, while 2py would push
    every p to 0 or 1.
    """
    weight = valid.to(logits.dtype)
    flooded = flood_probability(logits) * weight
    wet = (truth if truth.is_floating_point() else truth > 0).to(logits.dtype) * weight
    overlap = torch.minimum(flooded, wet).flatten(1).sum(1)
    return 1 - (2 * overlap + 1) / ((flooded + wet).flatten(1).sum(1) + 1)


def cosine_alignment(projected: Tensor, teacher: Tensor, seen: Tensor | None = None) -> Tensor:
    """1 − cos(projected student feature, teacher feature), averaged over tokens; (B, …, D) → (B,).

    Args:
        projected, teacher: (B, D) or (B, N, D).
        seen: (B, N) bool, the tokens that count; all where not given.

    Raises:
        InputError: features of different shapes.
    """
    _check_shapes("features", projected, teacher)
    distance = 1 - F.cosine_similarity(projected, teacher, dim=-1)
    if distance.dim() == 1:
        return distance
    return distance.flatten(1).mean(1) if seen is None else mean_where(distance, seen)


def check_temperature(temperature: float) -> None:
    """Refuse a temperature of 0 or below, which no softmax has.

    Raises:
        InputError: not a finite number above 0.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise InputError("temperature", f"{temperature} is not a finite number above 0", "1 leaves the logits alone")


def check_logits(student: Tensor, teacher: Tensor, valid: Tensor) -> None:
    """Refuse logits that would be broadcast against one another, and masks that do not fit them.

    Raises:
        InputError: student and teacher logits are not both (B, K, …), or the mask is not (B, …) bool.
    """
    _check_shapes("logits", student, teacher)
    check_mask(student, valid)


def check_mask(logits: Tensor, valid: Tensor) -> None:
    """Refuse a mask that is not (B, …) bool for logits (B, K, …).

    Raises:
        InputError: with both shapes.
    """
    expected = logits.shape[:1] + logits.shape[2:]
    if valid.shape != expected or valid.dtype != torch.bool:
        raise InputError(
            "mask",
            f"is {tuple(valid.shape)} {valid.dtype}",
            f"logits {tuple(logits.shape)} need {tuple(expected)} bool",
        )


def _check_shapes(name: str, student: Tensor, teacher: Tensor) -> None:
    if student.shape != teacher.shape:
        raise InputError(
            name,
            f"the student gives {tuple(student.shape)}, the teacher {tuple(teacher.shape)}",
            "bring both to the same classes and the same grid",
        )


def _divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """KL of log-probabilities over classes, (B, K, …) → (B, …)."""
    return (teacher.exp() * (teacher - student)).sum(dim=1)


def _weighted_mean(values: Tensor, valid: Tensor, weight: Tensor | None) -> Tensor:
    return mean_where(values if weight is None else values * weight, valid)


def _target_or_not(log_probability: Tensor, is_target: Tensor) -> Tensor:
    """Log-probabilities of the target and of all others together, (B, K, …) → (B, 2, …)."""
    target = log_probability.masked_fill(~is_target, 0).sum(dim=1)
    others = log_probability.masked_fill(is_target, -math.inf).logsumexp(dim=1)
    return torch.stack([target, others], dim=1)


def _among_others(log_probability: Tensor, is_target: Tensor) -> Tensor:
    """Log-probabilities given a class other than the target; 0 at the target, so that it adds no divergence."""
    return F.log_softmax(log_probability.masked_fill(is_target, -math.inf), dim=1).masked_fill(is_target, 0)
