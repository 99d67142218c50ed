"""Alignment of features by name: cosine, or one of five kernels that all look through the same small window.

Patches of a sample that a kernel calls alike in the teacher's features should be alike in the student's. A kernel sees
`COORDINATES` numbers of each patch: of the teacher its principal components, of the student a linear map that is
learned and thrown away, like a projection head.
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from strandline.distillation.alignment.kernels import Kernel, gram_alignment_loss, linear_kernel, rbf_kernel, tune_scale
from strandline.distillation.alignment.projection import CosineAlignment, Features, patches_of
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
"""Of a patch that a kernel sees. A simulated state holds 2 to the power of them numbers, and a fidelity kernel of more
tells fewer things apart; the classical kernels see the same, so that nothing but the kernel differs."""
TUNED_ON = 512
"""Patches at most that a bandwidth is chosen on, taken evenly from all."""


class PrincipalComponents(nn.Module):
    """The directions in which features differ most, by one common factor of mean square 1 over the points given.

    Args:
        features: (N, D) of training samples.
        coordinates: directions kept, at most D.

    Raises:
        InputError: fewer than two points, or all alike.
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
        axes = axes * torch.sign(axes.gather(0, axes.abs().argmax(dim=0, keepdim=True)))  # a sign is no matter of luck
        self.register_buffer("mean", mean.to(features.dtype))
        self.register_buffer("axes", (axes / spread.sqrt()).to(features.dtype))

    def forward(self, features: Tensor) -> Tensor:
        """(…, D) → (…, coordinates)."""
        return (features - self.mean) @ self.axes


class KernelAlignment(nn.Module):
    """1 − centred kernel alignment between the patches of student and teacher, a sample at a time.

    Args:
        kernel: compares patches; ``scale``: its bandwidth, the same for both.
        student_width: features of a student's patch.
        components: what is looked at of a teacher's.
    """

    def __init__(self, kernel: Kernel, scale: float, student_width: int, components: PrincipalComponents) -> None:
        super().__init__()
        self.kernel, self.scale, self.components = kernel, scale, components
        self.head = nn.Sequential(
            nn.LayerNorm(student_width), nn.Linear(student_width, components.axes.shape[-1])
        )  # the norm keeps angles of order one, whatever a student's scale

    def forward(self, student: Features, teacher: Features) -> Tensor:
        """``patches`` (B, N, D) and (B, N, D') → (B,), 0…1.

        Source: Kornblith et al. (2019) for comparing features so; see `gram_alignment_loss`.
        """
        ours, theirs = self.head(student["patches"]), self.components(teacher["patches"])
        return gram_alignment_loss(self.kernel(self.scale * ours), self.kernel(self.scale * theirs))


def build_alignment(
    name: AlignmentName, student_width: int, teacher: Features, words: Tensor
) -> CosineAlignment | KernelAlignment:
    """A new alignment with a blank head; a kernel's bandwidth is tuned on what the teacher says of training samples.

    The target is which patches the teacher's word calls alike, so that no label and no test sample is asked.

    Args:
        teacher: features of training samples, ``patches`` (B, N, D') and perhaps ``global`` (B, D').
        words: (B, N, K) class probabilities of the same patches, as `patch_probabilities` gives them.

    Raises:
        InputError: an unknown name, or patches that do not differ.
    """
    if name == "cosine":
        return CosineAlignment(student_width, teacher["patches"].shape[-1])
    if name not in KERNELS:
        raise InputError("alignment", f"'{name}' is unknown", f"give one of cosine, {', '.join(KERNELS)}")
    patches, said = teacher["patches"].detach().flatten(0, 1), words.detach().flatten(0, 1)
    components = PrincipalComponents(patches, min(COORDINATES, patches.shape[-1]))
    chosen = torch.linspace(0, len(patches) - 1, min(TUNED_ON, len(patches))).round().long()
    points = components(patches[chosen]).double()
    scale = tune_scale(KERNELS[name], points, linear_kernel(said[chosen].double()))
    return KernelAlignment(KERNELS[name], scale, student_width, components)


def patch_probabilities(logits: Tensor) -> Tensor:
    """A network's class probabilities averaged over patches, (B, K, H, W) → (B, N, K) in row order."""
    rows, columns = (-(-side // PATCH) for side in logits.shape[-2:])
    return patches_of(logits.softmax(dim=1), (rows, columns))
