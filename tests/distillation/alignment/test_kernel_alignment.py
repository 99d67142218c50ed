"""Alignments by kernels: principal components, tuned bandwidths, linear CKA."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from strandline.distillation.alignment.kernel_alignment import (
    COORDINATES,
    KERNELS,
    KernelAlignment,
    LinearCKA,
    PrincipalComponents,
    build_alignment,
    patch_probabilities,
)
from strandline.distillation.alignment.kernels import SCALES
from strandline.distillation.alignment.projection import CosineAlignment
from strandline.errors import InputError

pytestmark = pytest.mark.slow

names = pytest.mark.parametrize("name", ["cosine", *KERNELS])


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_principal_components_are_those_of_a_singular_value_decomposition() -> None:
    features = normal(0, 50, 5) * torch.tensor([5.0, 4.0, 3.0, 0.2, 0.1]) + 7
    found = PrincipalComponents(features, 3)(features)
    left, values, _ = torch.linalg.svd(features - features.mean(dim=0), full_matrices=False)
    expected = (left * values)[:, :3]
    expected = expected / expected.square().mean().sqrt()
    torch.testing.assert_close(found.abs(), expected.abs(), rtol=1e-4, atol=1e-4)
    assert float(found.square().mean()) == pytest.approx(1.0, abs=1e-5)


def test_points_that_do_not_differ_have_no_components() -> None:
    for features in (torch.ones(9, 4), normal(0, 1, 4)):
        with pytest.raises(InputError, match="do not differ"):
            PrincipalComponents(features, 2)


def test_two_points_have_one_direction_and_every_component_of_a_narrow_cloud_is_kept() -> None:
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    torch.testing.assert_close(PrincipalComponents(points, 1)(points), torch.tensor([[-1.0], [1.0]]))
    assert PrincipalComponents(normal(0, 9, 3), 8).axes.shape == (3, 3)


def test_class_probabilities_are_averaged_over_patches_in_row_order() -> None:
    logits = normal(0, 2, 3, 16, 24)
    probability = patch_probabilities(logits)
    assert probability.shape == (2, 6, 3)
    torch.testing.assert_close(probability.sum(dim=-1), torch.ones(2, 6))
    torch.testing.assert_close(probability[:, 4], logits.softmax(dim=1)[:, :, 8:16, 8:16].mean(dim=(2, 3)))


@names
def test_the_alignment_loss_falls_in_training(name: str) -> None:
    torch.manual_seed(0)
    hidden = normal(0, 4, 16, 3)
    teacher = {"patches": torch.tanh(hidden @ normal(1, 3, 12))}
    probability = (hidden @ normal(2, 3, 2)).softmax(dim=-1)
    student = torch.nn.Sequential(torch.nn.Linear(3, 10), torch.nn.ReLU(), torch.nn.Linear(10, 6))
    align = build_alignment(name, 6, teacher, probability)  # type: ignore[arg-type]
    optimiser = torch.optim.Adam([*student.parameters(), *align.parameters()], 1e-2)
    distances = []
    for _ in range(80):
        loss = align({"patches": student(hidden)}, teacher)
        assert loss.shape == (4,)
        optimiser.zero_grad()
        loss.mean().backward()
        optimiser.step()
        distances.append(float(loss.detach().mean()))
    assert distances[-1] < 0.5 * distances[0]
    assert all(parameter.grad is not None for parameter in student.parameters())


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_sees_the_same_few_coordinates_and_is_tuned_by_the_same_rule(name: str) -> None:
    teacher = {"patches": normal(0, 3, 16, 12)}
    align = build_alignment(name, 6, teacher, normal(1, 3, 16, 2).softmax(dim=-1))  # type: ignore[arg-type]
    assert isinstance(align, KernelAlignment)
    assert align.components(teacher["patches"]).shape == (3, 16, COORDINATES)
    assert align.scale in SCALES
    assert {key for key, _ in align.named_parameters()} == {
        "head.0.weight",
        "head.0.bias",
        "head.1.weight",
        "head.1.bias",
    }


def test_a_narrow_teacher_keeps_all_that_it_has_and_an_unknown_name_is_refused() -> None:
    teacher, probability = {"patches": normal(0, 2, 9, 3)}, normal(1, 2, 9, 2).softmax(dim=-1)
    align = build_alignment("rbf", 6, teacher, probability)
    assert isinstance(align, KernelAlignment)
    assert align.components.axes.shape == (3, 3)
    assert isinstance(build_alignment("cosine", 6, teacher, probability), CosineAlignment)
    with pytest.raises(InputError, match="'euclid' is unknown"):
        build_alignment("euclid", 6, teacher, probability)  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [0.25, 3.0])
def test_a_student_with_the_coordinates_of_its_teacher_is_at_no_distance_at_any_bandwidth(scale: float) -> None:
    teacher = normal(0, 3, 16, 12)
    components = PrincipalComponents(teacher.flatten(0, 1), 4)
    align = KernelAlignment(KERNELS["rbf"], scale, 12, components)
    align.head = torch.nn.Identity()
    distance = align({"patches": components(teacher)}, {"patches": teacher})
    torch.testing.assert_close(distance, torch.zeros(3), atol=1e-5, rtol=0)


def test_two_points_are_enough_for_an_alignment() -> None:
    torch.testing.assert_close(linear_cka(normal(0, 3, 2, 4), normal(1, 3, 2, 6)), torch.zeros(3), atol=1e-5, rtol=0)


# --- linear CKA ---------------------------------------------------------------------------------------------------


def gram_cka(x: Tensor, y: Tensor) -> float:
    """CKA by the Hilbert-Schmidt independence criterion with linear kernels (Kornblith et al. 2019, eq. 2 and 3)."""
    n = len(x)
    centring = torch.eye(n) - torch.ones(n, n) / n

    def hsic(k: Tensor, m: Tensor) -> Tensor:
        return torch.trace(k @ centring @ m @ centring) / (n - 1) ** 2

    k, m = x @ x.T, y @ y.T
    return float(hsic(k, m) / torch.sqrt(hsic(k, k) * hsic(m, m)))


def linear_cka(student: Tensor, teacher: Tensor) -> Tensor:
    return LinearCKA()({"patches": student}, {"patches": teacher})


def test_linear_cka_is_one_minus_cka_by_its_definition() -> None:
    student, teacher = normal(0, 3, 9, 4), normal(1, 3, 9, 6)
    expected = torch.tensor([1 - gram_cka(x, y) for x, y in zip(student, teacher, strict=True)])
    torch.testing.assert_close(linear_cka(student, teacher), expected, atol=1e-5, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(1e-10, 1e10))
def test_linear_cka_is_zero_to_a_turned_scaled_and_shifted_copy_and_never_outside_zero_and_one(
    seed: int, scale: float
) -> None:
    features, other = normal(seed, 2, 8, 4), normal(seed + 1, 2, 8, 6)
    turn = torch.linalg.qr(normal(seed + 2, 4, 4))[0]
    copy = scale * (features @ turn + normal(seed + 3, 1, 1, 4))
    torch.testing.assert_close(linear_cka(features, copy), torch.zeros(2), atol=1e-3, rtol=0)
    value = linear_cka(features, other)
    assert ((value >= -1e-6) & (value <= 1 + 1e-6)).all()
    torch.testing.assert_close(value, linear_cka(other, features))


def test_constant_features_have_a_linear_cka_loss_of_one_and_a_finite_gradient() -> None:
    flat = torch.ones(1, 8, 4, requires_grad=True)
    value = linear_cka(flat, normal(0, 1, 8, 6))
    assert value.item() == pytest.approx(1.0)
    assert torch.isfinite(torch.autograd.grad(value.sum(), flat)[0]).all()
    with pytest.raises(InputError, match="2 or more"):
        linear_cka(normal(0, 4, 1, 3), normal(1, 4, 1, 3))
