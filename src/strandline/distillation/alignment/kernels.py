"""Kernels between feature vectors, centred alignment of Gram matrices, and the choice of a kernel's bandwidth.

A kernel has no parameter: its bandwidth is a factor that the points are multiplied by beforehand.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.errors import InputError

SCALES: tuple[float, ...] = tuple(2.0 ** (step / 2) for step in range(-10, 5))
"""Bandwidths that are tried, 1/32 to 4 in steps of √2, for points whose coordinates have mean square 1."""
TIE = 6
"""Decimals to which alignments are compared."""


class Kernel(Protocol):
    """(…, N, D) and (…, M, D) → (…, N, M), positive semi-definite; without a second, the Gram matrix of the first."""

    def __call__(self, first: Tensor, second: Tensor | None = None, /) -> Tensor:
        """Similarity of each of the first to each of the second."""


def linear_kernel(first: Tensor, second: Tensor | None = None) -> Tensor:
    """⟨x, y⟩."""
    return first @ (first if second is None else second).mT


def rbf_kernel(first: Tensor, second: Tensor | None = None) -> Tensor:
    """exp(−‖x − y‖² / 2), 0…1."""
    return torch.exp(-pairwise_differences(first, second).square().sum(dim=-1) / 2)


def pairwise_differences(first: Tensor, second: Tensor | None) -> Tensor:
    """x − y of every pair, (…, N, M, D); computed before any square, so that equal points differ by exactly 0."""
    return first.unsqueeze(-2) - (first if second is None else second).unsqueeze(-3)


def gram_alignment_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """1 − centred kernel alignment of two Gram matrices of the same N points; (B, N, N) and (B, N, N) → (B,), 0…1.

    A factor, or a constant added to a matrix, changes nothing. A constant matrix holds no information and gives 1. Two
    matrices close to the identity give nearly 0 without holding information either.

    Raises:
        InputError: fewer than two points, or matrices of different shapes.

    Source: Cortes et al. (2012), definition 4; as a measure of networks' features Kornblith et al. (2019), eq. 3.
    """
    if student.shape != teacher.shape or student.shape[-1] != student.shape[-2] or student.shape[-1] < 2:
        raise InputError(
            "kernel alignment",
            f"Gram matrices {tuple(student.shape)} and {tuple(teacher.shape)}",
            "give two of (B, N, N) with N of 2 or more",
        )
    one, other = _centred(student), _centred(teacher)
    shared, of_one, of_other = ((a * b).sum(dim=(-2, -1)) for a, b in ((one, other), (one, one), (other, other)))
    return 1 - shared / torch.sqrt((of_one * of_other).clamp(min=torch.finfo(shared.dtype).tiny))


def tune_scale(kernel: Kernel, points: Tensor, target: Tensor) -> float:
    """The bandwidth at which a kernel agrees best with a target Gram matrix; every kernel has the same trials.

    Args:
        points: (N, D) training points, of mean square 1.
        target: (N, N), for instance `linear_kernel` of a teacher's class probabilities of the same points.

    Returns:
        One of ``SCALES``; of several equally good ones, the one nearest 1.

    Source: Cortes et al. (2012), section 3, for choosing kernels by centred alignment with a target; Shaydulin and
    Wild (2022) for a factor on the data as the bandwidth of a quantum kernel.
    """
    alignment = {scale: 1 - float(gram_alignment_loss(kernel(scale * points), target)) for scale in SCALES}
    best = max(round(value, TIE) for value in alignment.values())
    return min((max(scale, 1 / scale), scale) for scale in SCALES if round(alignment[scale], TIE) == best)[1]


def off_diagonal_moments(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of the similarity of different points; (…, N, N) → (…), (…)."""
    apart = ~torch.eye(gram.shape[-1], dtype=torch.bool, device=gram.device)
    values = gram[..., apart]
    return values.mean(dim=-1), values.var(dim=-1, correction=0)


def _centred(gram: Tensor) -> Tensor:
    """Rows and columns of mean 0, as if the kernel's features had been centred; scaled to norm 1 for precision."""
    rows = gram - gram.mean(dim=-1, keepdim=True)
    centred = rows - rows.mean(dim=-2, keepdim=True)
    return F.normalize(centred.flatten(-2), dim=-1, eps=torch.finfo(gram.dtype).tiny ** 0.5).reshape(gram.shape)
