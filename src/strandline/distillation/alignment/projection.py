"""Alignment of features through a projection head from the student's feature space to the teacher's."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.distillation.alignment.alignment import Features
from strandline.distillation.losses import cosine_alignment
from strandline.errors import InputError


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
    """Mean feature of each patch, (B, D, H, W) → (B, rows · columns, D) in row order.

    Args:
        feature_map: of a convolutional student.
        grid: rows and columns of patches; where they do not divide the map, neighbouring patches overlap by a cell.

    Raises:
        InputError: a map with fewer cells than patches.
    """
    if feature_map.shape[-2] < grid[0] or feature_map.shape[-1] < grid[1]:
        raise InputError(
            "feature map",
            f"{tuple(feature_map.shape[-2:])} cells are fewer than the teacher's {grid} patches",
            "take an earlier, finer layer of the student",
        )
    return F.adaptive_avg_pool2d(feature_map, grid).flatten(2).transpose(1, 2)


def align_patches(head: ProjectionHead, student: Tensor, teacher: Tensor, seen: Tensor | None = None) -> Tensor:
    """Mean cosine distance of patch features; student (B, N, D), teacher (B, N, D'), seen (B, N) bool → (B,).

    Source: Romero et al. (2015), section 2.2, for features through a regressor; the cosine distance is ours.
    """
    return cosine_alignment(head(student), teacher, seen)


class CosineAlignment(nn.Module):
    """Cosine distance through a projection head, the same for global features and for patches."""

    def __init__(self, student_width: int, teacher_width: int) -> None:
        super().__init__()
        self.head = ProjectionHead(student_width, teacher_width)

    def forward(self, student: Features, teacher: Features) -> Tensor:
        """Mean of the distances of global and patch features, as far as both networks have them; (B,).

        Raises:
            InputError: no feature that both have.
        """
        shared = [name for name in ("global", "patches") if name in student and name in teacher]
        if not shared:
            raise InputError("features", "student and teacher share none", "give both global ones or patches")
        distances = [cosine_alignment(self.head(student[name]), teacher[name]) for name in shared]
        return torch.stack(distances).mean(dim=0)
