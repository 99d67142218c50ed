"""Student features come into the teacher's space through a projection head, globally and per patch, each on its own.

Every loss here takes plain tensors and returns (B,); `CosineAlignment` is the mean of both with a head of its own.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.distillation.losses import cosine_alignment
from strandline.errors import InputError

Features = Mapping[str, Tensor]
"""``global`` (B, D) and ``patches`` (B, N, D), as networks say them; either may be missing."""


class ProjectionHead(nn.Module):
    """linear → ReLU → linear → LayerNorm, from the student's width to the teacher's; thrown away after training."""

    def __init__(self, student_width: int, teacher_width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(student_width, teacher_width),
            nn.ReLU(),
            nn.Linear(teacher_width, teacher_width),
            nn.LayerNorm(teacher_width),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(…, student width) → (…, teacher width)."""
        projected: Tensor = self.layers(features)
        return projected


def patches_of(feature_map: Tensor, grid: tuple[int, int]) -> Tensor:
    """A map's features averaged over a teacher's patches, (B, D, H, W) → (B, rows · columns, D) in row order.

    Args:
        feature_map: of a convolutional student.
        grid: rows and columns of the teacher's patches; where they do not divide the map, neighbours overlap by a cell.

    Raises:
        InputError: a map that is coarser than the patches.
    """
    if feature_map.shape[-2] < grid[0] or feature_map.shape[-1] < grid[1]:
        raise InputError(
            "feature map",
            f"{tuple(feature_map.shape[-2:])} cells are fewer than the teacher's {grid} patches",
            "take an earlier, finer layer of the student",
        )
    return F.adaptive_avg_pool2d(feature_map, grid).flatten(2).transpose(1, 2)


def align_globally(head: ProjectionHead, student: Tensor, teacher: Tensor) -> Tensor:
    """Cosine distance of one feature a sample; student (B, D), teacher (B, D') → (B,).

    Source: Romero et al. (2015), section 2.2, for learning a teacher's features through a regressor; cosine is ours.
    """
    return cosine_alignment(head(student), teacher)


def align_patches(head: ProjectionHead, student: Tensor, teacher: Tensor, seen: Tensor | None = None) -> Tensor:
    """Mean cosine distance of patch features; student (B, N, D), teacher (B, N, D'), seen (B, N) bool → (B,)."""
    return cosine_alignment(head(student), teacher, seen)


def unlikeness(student: Tensor, teacher: Tensor) -> Tensor:
    """1 − linear CKA between the patches of a sample; (B, N, D) and (B, N, D') → (B,), 0…1, without any head.

    It compares how patches differ from one another, so that the widths may differ and a rotation or a common scale of
    the features changes nothing. For one feature a sample, pass the batch as patches: ``student[None], teacher[None]``.
    Features that are alike everywhere have nothing to compare and give 1.

    Raises:
        InputError: fewer than two patches.

    Source: Kornblith et al. (2019), section 3: ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖), columns centred, Frobenius norms.
    """
    if student.shape[1] < 2:
        raise InputError("linear CKA", "one patch cannot differ from another", "give two or more")
    x, y = _centred(student), _centred(teacher)
    shared, of_x, of_y = ((one.transpose(1, 2) @ two).square().sum(dim=(1, 2)) for one, two in ((y, x), (x, x), (y, y)))
    return 1 - shared / torch.sqrt((of_x * of_y).clamp(min=torch.finfo(shared.dtype).tiny))


class CosineAlignment(nn.Module):
    """Cosine distance through a projection head, the same for global features and for patches."""

    def __init__(self, student_width: int, teacher_width: int) -> None:
        super().__init__()
        self.head = ProjectionHead(student_width, teacher_width)

    def forward(self, student: Features, teacher: Features) -> Tensor:
        """Mean of global and per-patch distances, of whichever both have; (B,).

        Raises:
            InputError: features that the other has none of.
        """
        shared = [name for name in ("global", "patches") if name in student and name in teacher]
        if not shared:
            raise InputError("features", "student and teacher share none", "give both global ones or patches")
        distances = [cosine_alignment(self.head(student[name]), teacher[name]) for name in shared]
        return torch.stack(distances).mean(dim=0)


def _centred(features: Tensor) -> Tensor:
    """Columns of mean 0, scaled so that the largest numbers and the smallest keep their digits; (B, N, D)."""
    centred = features - features.mean(dim=1, keepdim=True)
    return F.normalize(centred.flatten(1), dim=1).reshape(centred.shape)
