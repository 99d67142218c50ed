"""How alike different things become with the number of qubits: the concentration of kernels.

Source: Thanasilp et al. (2022), Exponential concentration in quantum kernel methods; Shaydulin and Wild (2022) for the
bandwidth as the remedy.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.kernels.contest import Row
from strandline.distillation.alignment.kernel_alignment import KERNELS, PrincipalComponents
from strandline.distillation.alignment.kernels import (
    SCALES,
    gram_alignment_loss,
    linear_kernel,
    off_diagonal_moments,
    rbf_kernel,
    tune_scale,
)
from strandline.distillation.alignment.projection import Features
from strandline.distillation.alignment.quantum_kernels import MOST_QUBITS

QUBITS = tuple(range(2, MOST_QUBITS + 1))
POINTS = 200


def rows_of(teacher: Features, words: Tensor, seed: int, counts: Sequence[int] = QUBITS) -> Iterator[Row]:
    """One row a kernel, number of coordinates, kind of points and bandwidth; the score is the off-diagonal spread.

    ``independent`` points are uniform over the circle, as in the theory; ``features`` are principal components of a
    teacher's features of training samples, with bandwidth 1 (``fixed``) and with the library's choice (``tuned``).
    Of these rows, ``agreement`` is the centred alignment with what the teacher says, and ``as_rbf`` the greatest one
    with an RBF kernel of any bandwidth: 1 = the kernel is nothing but that.

    Args:
        teacher: ``patches`` (B, N, D); words: (B, N, K) class probabilities on them.
        seed: of points and of the choice of patches.
        counts: of qubits, or coordinates.
    """
    generator = torch.Generator().manual_seed(seed)
    patches, said = teacher["patches"].flatten(0, 1), words.flatten(0, 1)
    chosen = torch.randperm(len(patches), generator=generator)[:POINTS]
    target = linear_kernel(said[chosen].double())
    for qubits in counts:
        circle = math.pi * (2 * torch.rand(POINTS, qubits, generator=generator, dtype=torch.float64) - 1)
        features = PrincipalComponents(patches, qubits)(patches[chosen]).double()
        classical = [rbf_kernel(scale * features) for scale in SCALES]
        for name, kernel in {**KERNELS, "linear_cka": _cosines}.items():
            head: Row = {"task": "concentration", "kernel": name, "seed": seed, "qubits": qubits}
            yield {**head, "points": "independent", **_spread(kernel(circle))}
            for bandwidth, factor in (("fixed", 1.0), ("tuned", tune_scale(KERNELS[name], features, target))):
                gram = KERNELS[name](factor * features)
                found: Row = {
                    "bandwidth": factor,
                    "agreement": _likeness(gram, target),
                    "as_rbf": max(_likeness(gram, other) for other in classical),
                }
                yield {**head, "points": f"features, {bandwidth}", **_spread(kernel(factor * features)), **found}


def _cosines(points: Tensor) -> Tensor:
    """The linear kernel of points on the sphere, so that a thing is as like itself as by the other kernels."""
    return linear_kernel(F.normalize(points, dim=-1))


def _likeness(one: Tensor, other: Tensor) -> float:
    return 1 - float(gram_alignment_loss(one, other))


def _spread(gram: Tensor) -> Row:
    mean, variance = off_diagonal_moments(gram)
    return {"score": float(variance.sqrt()), "mean": float(mean)}
