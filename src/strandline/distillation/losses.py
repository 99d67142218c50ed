"""Losses as pure functions: one value a sample, formula and paper in the docstring, masks respected.

Every function averages over what is *valid* in a sample and returns (B,); a sample with nothing valid gives 0 and is
told apart by its mask, not by its value.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.errors import InputError


def mean_where(values: Tensor, valid: Tensor) -> Tensor:
    """(B, …), (B, …) bool → (B,) mean over the valid entries; 0 where a sample has none."""
    weight = valid.to(values.dtype)
    return (values * weight).flatten(1).sum(1) / weight.flatten(1).sum(1).clamp(min=1.0)


def soft_targets(
    student_logits: Tensor, teacher_logits: Tensor, valid: Tensor, temperature: float, weight: Tensor | None = None
) -> Tensor:
    """τ² · KL(teacher_τ ‖ student_τ), averaged over valid cells.

    Args:
        student_logits, teacher_logits: (B, K, …); a binary map has K = 2.
        valid: (B, …) bool.
        temperature: τ > 0, shared by both.
        weight: (B, …) ≥ 0, multiplies each cell's divergence before the mean, as `confidence` does; 1 where not given.

    Raises:
        InputError: a temperature that is not above 0.

    Source: Hinton et al. (2015), section 2; per cell as in Shu et al. (2021).
    """
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
    """τ² · (α · TCKD + β · NCKD), averaged over valid cells: *is it the target?* apart from *and if not, what else?*

    TCKD is the divergence between (p_target, 1 − p_target) of teacher and student, NCKD that between their
    distributions over the other classes. α = 1 and β = 1 − p_target of the teacher make it `soft_targets`.

    Args:
        student_logits, teacher_logits: (B, K, …), K ≥ 3.
        valid: (B, …) bool.
        temperature: τ > 0, shared by both.
        alpha: weight of the target class; the paper takes 1.
        beta: weight of the other classes, a number or (B, …); the paper takes 8 on CIFAR-100.
        target: (B, …) classes; the teacher's likeliest where not given. `target_classes` joins labels and teacher.
        weight: (B, …) ≥ 0, as in `soft_targets`.

    Raises:
        InputError: two classes, or a temperature that is not above 0.

    Source: Zhao et al. (2022), eq. 7; the decomposition of KL is their eq. 5.
    """
    check_temperature(temperature)
    _check_three_classes("decoupled soft targets", teacher_logits, "there is one other class, so that NCKD is always 0")
    student = F.log_softmax(student_logits / temperature, dim=1)
    teacher = F.log_softmax(teacher_logits / temperature, dim=1)
    chosen = teacher_logits.argmax(dim=1) if target is None else target
    is_target = F.one_hot(chosen, teacher.shape[1]).movedim(-1, 1).bool()  # (B, K, …)
    of_target = _divergence(_target_or_not(teacher, is_target), _target_or_not(student, is_target))
    of_others = _divergence(_among_others(teacher, is_target), _among_others(student, is_target))
    return temperature**2 * _weighted_mean(alpha * of_target + beta * of_others, valid, weight)


def target_classes(teacher_logits: Tensor, classes: Tensor, labelled: Tensor) -> Tensor:
    """(B, …) the labelled class where there is a label, the teacher's likeliest elsewhere."""
    return torch.where(labelled, classes, teacher_logits.argmax(dim=1))


def standardise_logits(logits: Tensor) -> Tensor:
    """(z − mean) / standard deviation over the classes, (B, K, …) → the same shape; 0 where all logits are alike.

    Give both networks' standardised logits to `soft_targets` or `decoupled_soft_targets`: the student then copies the
    teacher's order and spacing, not its range.

    Raises:
        InputError: two classes.

    Source: Sun et al. (2024), algorithm 1.
    """
    _check_three_classes(
        "logit standardisation", logits, "every pair of logits becomes (−1, 1) or (1, −1), whatever the network knew"
    )
    centred = logits - logits.mean(dim=1, keepdim=True)
    variance = centred.square().mean(dim=1, keepdim=True)
    return centred / torch.sqrt(variance + 1e-8)  # the root has no slope at 0


def confidence(teacher_logits: Tensor) -> Tensor:
    """1 − H(p)/ln K of the teacher's answer, (B, K, …) → (B, …): 1 when it is sure, 0 when it says nothing.

    Source: Shannon (1948), section 7 (relative entropy of a source, and its complement, the redundancy). It measures
    how sure a teacher is, not whether it is right: `diagnosis` asks that.
    """
    words = F.log_softmax(teacher_logits, dim=1)
    entropy = -(words.exp() * words).sum(dim=1)
    return (1 - entropy / math.log(teacher_logits.shape[1])).clamp(0, 1)


def gaussian_divergence(
    student_mean: Tensor, student_scale: Tensor, teacher_mean: Tensor, teacher_scale: Tensor
) -> Tensor:
    """KL(N(teacher) ‖ N(student)) averaged over leads, (B, T) → (B,).

    ln(σ_s/σ_t) + (σ_t² + (μ_t − μ_s)²) / (2 σ_s²) − ½.
    """
    ratio = (teacher_scale**2 + (teacher_mean - student_mean) ** 2) / (2 * student_scale**2)
    return (torch.log(student_scale / teacher_scale) + ratio - 0.5).mean(dim=1)


def gaussian_likelihood(mean: Tensor, scale: Tensor, observed: Tensor, valid: Tensor) -> Tensor:
    """Negative log-likelihood of a normal forecast without its constant, averaged over valid leads, (B, T) → (B,)."""
    return mean_where(torch.log(scale) + (observed - mean) ** 2 / (2 * scale**2), valid)


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
    2min(p, y) = p + y − |p − y|. On hard labels it is 2py; on soft ones only p = y reaches 0, while 2py would push
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
    """
    distance = 1 - F.cosine_similarity(projected, teacher, dim=-1)
    if distance.dim() == 1:
        return distance
    return distance.flatten(1).mean(1) if seen is None else mean_where(distance, seen)


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that divides by nothing or turns the answer around.

    Raises:
        InputError: not a finite number above 0.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise InputError("temperature", f"{temperature} is not a finite number above 0", "1 leaves the logits alone")


def _check_three_classes(what: str, logits: Tensor, why: str) -> None:
    if logits.shape[1] < 3:
        raise InputError(what, f"needs three classes or more; with {logits.shape[1]} {why}", "take soft_targets")


def _divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """KL of log-probabilities over classes, (B, K, …) → (B, …)."""
    return (teacher.exp() * (teacher - student)).sum(dim=1)


def _weighted_mean(values: Tensor, valid: Tensor, weight: Tensor | None) -> Tensor:
    return mean_where(values if weight is None else values * weight, valid)


def _target_or_not(words: Tensor, is_target: Tensor) -> Tensor:
    """Log-probabilities of the target and of all others together, (B, K, …) → (B, 2, …)."""
    target = words.masked_fill(~is_target, 0).sum(dim=1)
    return torch.stack([target, words.masked_fill(is_target, -math.inf).logsumexp(dim=1)], dim=1)


def _among_others(words: Tensor, is_target: Tensor) -> Tensor:
    """Log-probabilities given that it is not the target; 0 at the target, where teacher and student then agree."""
    return F.log_softmax(words.masked_fill(is_target, -math.inf), dim=1).masked_fill(is_target, 0)
