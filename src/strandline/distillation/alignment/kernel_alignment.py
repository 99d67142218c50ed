"""Alignment of features by kernels, and the alignments that a configuration can name.

Patches that are similar in the teacher's features, as a kernel measures it, should be similar in the student's. A
kernel compares `COORDINATES` numbers of each patch: principal components of the teacher's features, and a trained
linear map of the student's that is discarded like a projection head.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.distillation.alignment.alignment import Alignment, Features
from strandline.distillation.alignment.kernels import Kernel, gram_alignment_loss, linear_kernel, rbf_kernel, tune_scale
from strandline.distillation.alignment.projection import CosineAlignment, patches_of
from strandline.distillation.alignment.quantum_kernels import angle_kernel, around_pi, projected_zz_kernel, zz_kernel
from strandline.errors import InputError
from strandline.models.layers import PATCH

AlignmentName = Literal["cosine", "linear_cka", "rbf", "quantum_angle", "quantum_zz", "quantum_projected"]
KERNELS: Mapping[AlignmentName, Kernel] = {
    "linear_cka": linear_kernel,
    "rbf": rbf_kernel,
    "quantum_angle": angle_kernel,
    "quantum_zz": around_pi(zz_kernel),
    "quantum_projected": around_pi(projected_zz_kernel),
}
"""For points around 0, each coordinate of mean square 1 before it is scaled."""
COORDINATES = 8
"""Numbers of a patch that a kernel compares. A simulated quantum state has 2 to this power amplitudes, and fidelity
kernels of more qubits concentrate; the classical kernels take as many, so that only the kernel differs."""
TUNED_ON = 512
"""Most patches that a bandwidth is chosen on, taken evenly from all."""


class PrincipalComponents(nn.Module):
    """Principal components, scaled by one common factor to a mean square of 1 over the points given.

    Args:
        features: (N, D) of training samples.
        coordinates: number of components; D where that is less.

    Raises:
        InputError: fewer than two points, or equal points.
    """

    mean: Tensor
    axes: Tensor

    def __init__(self, features: Tensor, coordinates: int) -> None:
        super().__init__()
        points = features.detach().double()
        mean = points.mean(dim=0)
        centred = points - mean
        spread, axes = torch.linalg.eigh(centred.mT @ centred / len(points))  # rising
        axes, spread = axes[:, -coordinates:].flip(-1), spread[-coordinates:].mean()
        if len(points) < 2 or not float(spread) > 0:
            raise InputError("features", f"{len(points)} points do not differ", "give training samples that do")
        axes = axes * torch.sign(axes.gather(0, axes.abs().argmax(dim=0, keepdim=True)))  # fixes the arbitrary sign
        self.register_buffer("mean", mean.to(features.dtype))
        self.register_buffer("axes", (axes / spread.sqrt()).to(features.dtype))

    def forward(self, features: Tensor) -> Tensor:
        """(…, D) → (…, coordinates)."""
        return (features - self.mean) @ self.axes


class KernelAlignment(nn.Module):
    """1 − centred kernel alignment between the patches of student and teacher, per sample.

    Args:
        kernel: between patches; ``scale``: its bandwidth, the same for both networks.
        student_width: number of features of a student's patch.
        components: of the teacher's patches.
    """

    def __init__(self, kernel: Kernel, scale: float, student_width: int, components: PrincipalComponents) -> None:
        super().__init__()
        self.kernel, self.scale, self.components = kernel, scale, components
        self.head = nn.Sequential(
            nn.LayerNorm(student_width), nn.Linear(student_width, components.axes.shape[-1])
        )  # the norm keeps angles of order one at any scale of the student's features

    def forward(self, student: Features, teacher: Features) -> Tensor:
        """``patches`` (B, N, D) and (B, N, D') → (B,), 0…1.

        Source: Kornblith et al. (2019) for centred alignment of features; see `gram_alignment_loss`.
        """
        ours, theirs = self.head(student["patches"]), self.components(teacher["patches"])
        return gram_alignment_loss(self.kernel(self.scale * ours), self.kernel(self.scale * theirs))


class LinearCKA(nn.Module):
    """1 − linear centred kernel alignment of the patches as they are, without weights to train."""

    def forward(self, student: Features, teacher: Features) -> Tensor:
        """``patches`` (B, N, D) and (B, N, D') → (B,), 0…1; the widths may differ.

        Raises:
            InputError: fewer than two patches, or other patches than the teacher's.

        Source: Kornblith et al. (2019), section 3.
        """
        return gram_alignment_loss(*(linear_kernel(_centred(features["patches"])) for features in (student, teacher)))


def build_alignment(name: AlignmentName, student_width: int, teacher: Features, probability: Tensor) -> Alignment:
    """The alignment that a configuration names, with new weights; a kernel's bandwidth is tuned on training samples.

    The target of the tuning is the similarity of patches in the teacher's class probabilities; it uses no label and no
    test sample.

    Args:
        teacher: features of training samples, ``patches`` (B, N, D') and optionally ``global`` (B, D').
        probability: (B, N, K) class probabilities of the same patches, from `patch_probabilities`.

    Raises:
        InputError: an unknown name, or equal patches.
    """
    if name == "cosine":
        return CosineAlignment(student_width, teacher["patches"].shape[-1])
    if name not in KERNELS:
        raise InputError("alignment", f"'{name}' is unknown", f"give one of cosine, {', '.join(KERNELS)}")
    patches, target = teacher["patches"].detach().flatten(0, 1), probability.detach().flatten(0, 1)
    components = PrincipalComponents(patches, COORDINATES)
    chosen = torch.linspace(0, len(patches) - 1, min(TUNED_ON, len(patches))).round().long()
    points = components(patches[chosen]).double()
    scale = tune_scale(KERNELS[name], points, linear_kernel(target[chosen].double()))
    return KernelAlignment(KERNELS[name], scale, student_width, components)


def patch_probabilities(logits: Tensor) -> Tensor:
    """Mean class probabilities of each patch, (B, K, H, W) → (B, N, K) in row order."""
    rows, columns = (-(-side // PATCH) for side in logits.shape[-2:])
    return patches_of(logits.softmax(dim=1), (rows, columns))


def _centred(features: Tensor) -> Tensor:
    """Columns of mean 0, scaled to norm 1 so that squares neither overflow nor vanish; (B, N, D)."""
    centred = features - features.mean(dim=1, keepdim=True)
    return F.normalize(centred.flatten(1), dim=1).reshape(centred.shape)
