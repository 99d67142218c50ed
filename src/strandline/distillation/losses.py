"""Losses as pure functions: one value a sample, formula and paper in the docstring, masks respected.

Every function averages over what is *valid* in a sample and returns (B,); a sample with nothing valid gives 0 and is
told apart by its mask, not by its value.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def mean_where(values: Tensor, valid: Tensor) -> Tensor:
    """(B, …), (B, …) bool → (B,) mean over the valid entries; 0 where a sample has none."""
    weight = valid.to(values.dtype)
    return (values * weight).flatten(1).sum(1) / weight.flatten(1).sum(1).clamp(min=1.0)


def soft_targets(student_logits: Tensor, teacher_logits: Tensor, valid: Tensor, temperature: float) -> Tensor:
    """τ² · KL(teacher_τ ‖ student_τ), averaged over valid cells.

    Args:
        student_logits, teacher_logits: (B, K, …).
        valid: (B, …) bool.
        temperature: τ > 0, shared by both.

    Source: Hinton et al. (2015), section 2; per cell as in Shu et al. (2021).
    """
    student = F.log_softmax(student_logits / temperature, dim=1)
    teacher = F.log_softmax(teacher_logits / temperature, dim=1)
    divergence = (teacher.exp() * (teacher - student)).sum(dim=1)
    return temperature**2 * mean_where(divergence, valid)


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


def soft_dice(logits: Tensor, classes: Tensor, valid: Tensor) -> Tensor:
    """1 − 2Σpy / Σ(p + y) for *flooded* (any class but 0) over valid cells, (B, K, H, W) → (B,).

    A sample without a flooded cell is scored with one added to both sums (V-Net's dice, Milletari et al. 2016, eq. 1).
    """
    weight = valid.to(logits.dtype)
    flooded = (1 - logits.softmax(dim=1)[:, 0]) * weight
    truth = (classes > 0).to(logits.dtype) * weight
    overlap = (flooded * truth).flatten(1).sum(1)
    return 1 - (2 * overlap + 1) / ((flooded + truth).flatten(1).sum(1) + 1)


def cosine_alignment(projected: Tensor, teacher: Tensor) -> Tensor:
    """1 − cos(projected student feature, teacher feature), averaged over tokens; (B, …, D) → (B,)."""
    distance = 1 - F.cosine_similarity(projected, teacher, dim=-1)
    return distance.flatten(1).mean(1) if distance.dim() > 1 else distance
