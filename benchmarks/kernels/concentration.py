"""Concentration of kernels: how similar different points become with the number of qubits.

Source: Thanasilp et al. (2022), Exponential concentration in quantum kernel methods; Shaydulin and Wild (2022) for the
bandwidth as the remedy.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.record import Row
from strandline.distillation.alignment.alignment import Features
from strandline.distillation.alignment.kernel_alignment import KERNELS, PrincipalComponents
from strandline.distillation.alignment.kernels import (
    SCALES,
    gram_alignment_loss,
    linear_kernel,
    off_diagonal_moments,
    rbf_kernel,
    tune_scale,
)
from strandline.distillation.alignment.quantum_kernels import MOST_QUBITS

QUBITS = tuple(range(2, MOST_QUBITS + 1))
POINTS = 200


def rows_of(teacher: Features, probabilities: Tensor, seed: int, counts: Sequence[int] = QUBITS) -> Iterator[Row]:
    """One row per kernel, number of coordinates, kind of points and bandwidth; the score is the off-diagonal spread.

    ``independent`` points are uniform over the circle, as in the theory; ``features`` are principal components of
    teacher features on training samples, with bandwidth 1 (``fixed``) and with the bandwidth that the library tunes
    (``tuned``). In the latter rows ``agreement`` is the centred alignment with the teacher predictions, and ``as_rbf``
    the highest one with an RBF kernel of any bandwidth; 1 = equal to an RBF kernel.

    Args:
        teacher: ``patches`` (B, N, D); ``probabilities``: (B, N, K) of the classes on them.
        seed: of points and of the choice of patches.
        counts: of qubits, or coordinates.
    """
    generator = torch.Generator().manual_seed(seed)
    patches, targets = teacher["patches"].flatten(0, 1), probabilities.flatten(0, 1)
    chosen = torch.randperm(len(patches), generator=generator)[:POINTS]
    target = linear_kernel(targets[chosen].double())
    for qubits in counts:
        circle = math.pi * (2 * torch.rand(POINTS, qubits, generator=generator, dtype=torch.float64) - 1)
        features = PrincipalComponents(patches, qubits)(patches[chosen]).double()
        classical = [rbf_kernel(scale * features) for scale in SCALES]
        for name, tuned_kernel in KERNELS.items():
            kernel: Callable[[Tensor], Tensor] = _cosines if name == "linear_cka" else tuned_kernel
            head: Row = {"task": "concentration", "kernel": name, "seed": seed, "qubits": qubits}
            yield {**head, "points": "independent", **_spread(kernel(circle))}
            for bandwidth, factor in (("fixed", 1.0), ("tuned", tune_scale(tuned_kernel, features, target))):
                gram = tuned_kernel(factor * features)
                found: Row = {
                    "bandwidth": factor,
                    "agreement": _alignment(gram, target),
                    "as_rbf": max(_alignment(gram, other) for other in classical),
                }
                yield {**head, "points": f"features, {bandwidth}", **_spread(kernel(factor * features)), **found}


def _cosines(points: Tensor) -> Tensor:
    """The linear kernel of normalised points, whose diagonal is 1 as with the other kernels."""
    return linear_kernel(F.normalize(points, dim=-1))


def _alignment(one: Tensor, other: Tensor) -> float:
    return 1 - float(gram_alignment_loss(one, other))


def _spread(gram: Tensor) -> Row:
    mean, variance = off_diagonal_moments(gram)
    return {"score": float(variance.sqrt()), "mean": float(mean)}
