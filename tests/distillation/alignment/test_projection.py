"""Features are aligned per patch and globally, apart from each other and on plain tensors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from strandline.distillation.alignment.projection import (
    ProjectionHead,
    align_globally,
    align_patches,
    patches_of,
    unlikeness,
)
from strandline.errors import InputError


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def gram_cka(x: Tensor, y: Tensor) -> float:
    """CKA by the Hilbert-Schmidt independence criterion with linear kernels (Kornblith et al. 2019, eq. 2 and 3)."""
    n = len(x)
    centring = torch.eye(n) - torch.ones(n, n) / n

    def hsic(k: Tensor, m: Tensor) -> Tensor:
        return torch.trace(k @ centring @ m @ centring) / (n - 1) ** 2

    k, m = x @ x.T, y @ y.T
    return float(hsic(k, m) / torch.sqrt(hsic(k, k) * hsic(m, m)))


def test_a_map_is_pooled_to_the_teachers_patches_in_row_order() -> None:
    features = normal(0, 2, 3, 8, 12)
    patches = patches_of(features, (2, 3))
    assert patches.shape == (2, 6, 3)
    for row in range(2):
        for column in range(3):
            cells = features[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            torch.testing.assert_close(patches[:, 3 * row + column], cells.mean(dim=(2, 3)))
    assert patches_of(normal(0, 1, 3, 13, 17), (4, 4)).shape == (1, 16, 3)


def test_a_map_coarser_than_the_patches_is_refused() -> None:
    with pytest.raises(InputError, match="fewer than the teacher's"):
        patches_of(normal(0, 1, 3, 4, 4), (8, 8))


def test_global_and_patch_alignment_are_kept_apart_and_only_seen_patches_count() -> None:
    torch.manual_seed(0)
    head = ProjectionHead(4, 6)
    student, teacher = normal(1, 2, 5, 4), normal(2, 2, 5, 6)
    each = 1 - F.cosine_similarity(head(student), teacher, dim=-1)
    torch.testing.assert_close(align_globally(head, student[:, 0], teacher[:, 0]), each[:, 0])
    torch.testing.assert_close(align_patches(head, student, teacher), each.mean(1))
    seen = torch.tensor([[True, True, False, False, False], [False] * 5])
    expected = torch.stack([each[0, :2].mean(), torch.tensor(0.0)])
    torch.testing.assert_close(align_patches(head, student, teacher, seen), expected)


def test_a_student_that_is_a_convolution_learns_a_teachers_patches_through_the_head() -> None:
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


def test_unlikeness_is_one_minus_cka_by_its_definition() -> None:
    student, teacher = normal(0, 3, 9, 4), normal(1, 3, 9, 6)
    expected = torch.tensor([1 - gram_cka(x, y) for x, y in zip(student, teacher, strict=True)])
    torch.testing.assert_close(unlikeness(student, teacher), expected, atol=1e-5, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(1e-10, 1e10))
def test_unlikeness_is_zero_to_a_turned_scaled_and_shifted_copy_and_never_outside_zero_and_one(
    seed: int, scale: float
) -> None:
    features, other = normal(seed, 2, 8, 4), normal(seed + 1, 2, 8, 6)
    turn = torch.linalg.qr(normal(seed + 2, 4, 4))[0]
    copy = scale * (features @ turn + normal(seed + 3, 1, 1, 4))
    torch.testing.assert_close(unlikeness(features, copy), torch.zeros(2), atol=1e-3, rtol=0)
    value = unlikeness(features, other)
    assert ((value >= -1e-6) & (value <= 1 + 1e-6)).all()
    torch.testing.assert_close(value, unlikeness(other, features))


def test_features_alike_everywhere_have_unlikeness_one_and_a_finite_gradient() -> None:
    flat = torch.ones(1, 8, 4, requires_grad=True)
    value = unlikeness(flat, normal(0, 1, 8, 6))
    assert value.item() == pytest.approx(1.0)
    assert torch.isfinite(torch.autograd.grad(value.sum(), flat)[0]).all()
    with pytest.raises(InputError, match="two or more"):
        unlikeness(normal(0, 4, 1, 3), normal(1, 4, 1, 3))
