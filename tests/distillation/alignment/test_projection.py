"""Projection heads and patches."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.distillation.alignment.projection import (
    ProjectionHead,
    align_patches,
    patches_of,
)
from strandline.distillation.losses import cosine_alignment
from strandline.errors import InputError


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_map_is_pooled_to_the_teachers_patches_in_row_order() -> None:
    features = normal(0, 2, 3, 8, 12)
    patches = patches_of(features, (2, 3))
    assert patches.shape == (2, 6, 3)
    for row in range(2):
        for column in range(3):
            cells = features[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            torch.testing.assert_close(patches[:, 3 * row + column], cells.mean(dim=(2, 3)))
    assert patches_of(normal(0, 1, 3, 13, 17), (4, 4)).shape == (1, 16, 3)


@pytest.mark.parametrize("grid", [(8, 8), (5, 4), (4, 5)])
def test_a_map_coarser_than_the_patches_in_any_direction_is_refused(grid: tuple[int, int]) -> None:
    cells = normal(0, 1, 3, 4, 4)
    with pytest.raises(InputError, match="fewer than the teacher's"):
        patches_of(cells, grid)
    torch.testing.assert_close(patches_of(cells, (4, 4)), cells.flatten(2).mT)


def test_global_and_patch_alignment_are_kept_apart_and_only_seen_patches_count() -> None:
    torch.manual_seed(0)
    head = ProjectionHead(4, 6)
    student, teacher = normal(1, 2, 5, 4), normal(2, 2, 5, 6)
    each = 1 - F.cosine_similarity(head(student), teacher, dim=-1)
    torch.testing.assert_close(cosine_alignment(head(student[:, 0]), teacher[:, 0]), each[:, 0])
    torch.testing.assert_close(align_patches(head, student, teacher), each.mean(1))
    seen = torch.tensor([[True, True, False, False, False], [False] * 5])
    expected = torch.stack([each[0, :2].mean(), torch.tensor(0.0)])
    torch.testing.assert_close(align_patches(head, student, teacher, seen), expected)


def test_a_convolutional_student_is_aligned_with_a_teachers_patches() -> None:
    torch.manual_seed(0)
    student, head = torch.nn.Conv2d(2, 5, 3, padding=1), ProjectionHead(5, 7)
    picture, teacher = normal(1, 4, 2, 8, 8), normal(2, 4, 4, 7)
    optimiser = torch.optim.Adam([*student.parameters(), *head.parameters()], 1e-2)
    distances = []
    for _ in range(60):
        loss = align_patches(head, patches_of(student(picture), (2, 2)), teacher).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        distances.append(float(loss.detach()))
    assert distances[-1] < 0.5 * distances[0]
