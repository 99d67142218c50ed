"""Kernels against their closed forms, against PennyLane, and against what every kernel must be."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from strandline.distillation.alignment.kernel_alignment import KERNELS
from strandline.distillation.alignment.kernels import (
    SCALES,
    Kernel,
    gram_alignment_loss,
    linear_kernel,
    off_diagonal_moments,
    rbf_kernel,
    tune_scale,
)
from strandline.distillation.alignment.quantum_kernels import (
    MOST_QUBITS,
    angle_kernel,
    around_pi,
    bloch_vectors,
    projected_zz_kernel,
    uniform_angle_moments,
    zz_kernel,
    zz_states,
)
from strandline.errors import InputError
from strandline.observations.arrays import Floats

QUANTUM = [angle_kernel, zz_kernel, projected_zz_kernel]
BOUNDED = [rbf_kernel, *QUANTUM]
kernels = pytest.mark.parametrize("kernel", [linear_kernel, *BOUNDED])
bounded = pytest.mark.parametrize("kernel", BOUNDED)


def uniform(seed: int, *shape: int) -> Tensor:
    """Angles over the whole circle."""
    return 2 * math.pi * torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# --- against PennyLane -------------------------------------------------------------------------------------------


def fidelities(feature_map: Callable[[Floats], None], first: Floats, second: Floats) -> Floats:
    """PennyLane's own kernel matrix, exact: the chance that undoing one map after the other leaves all qubits at 0."""
    import pennylane as qml

    wires = range(first.shape[1])

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def chances(one: Floats, other: Floats) -> Floats:
        feature_map(one)
        qml.adjoint(feature_map)(other)
        return qml.probs(wires=wires)

    matrix: Floats = qml.kernels.kernel_matrix(first, second, lambda one, other: chances(one, other)[0])
    return matrix


def one_qubit_states(feature_map: Callable[[Floats], None], points: Floats) -> npt.NDArray[np.complex128]:
    """(N, D, 2, 2) reduced density matrices by PennyLane."""
    import pennylane as qml

    wires = range(points.shape[1])

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def matrices(point: Floats) -> list[npt.NDArray[np.complex128]]:
        feature_map(point)
        return [qml.density_matrix(wire) for wire in wires]

    return np.array([matrices(point) for point in points])


def angles_map(point: Floats) -> None:
    import pennylane as qml

    qml.AngleEmbedding(point, wires=range(len(point)), rotation="Y")


def zz_map(point: Floats) -> None:
    """Gate by gate as Havlíček et al. draw it: controlled NOTs around the turn of a pair."""
    import pennylane as qml

    for _ in range(2):
        for one, angle in enumerate(point):
            qml.Hadamard(one)
            qml.RZ(-2 * angle, wires=one)
        for one in range(len(point)):
            for other in range(one + 1, len(point)):
                qml.CNOT([one, other])
                qml.RZ(-2 * (math.pi - point[one]) * (math.pi - point[other]), wires=other)
                qml.CNOT([one, other])


@pytest.mark.slow
@pytest.mark.parametrize("qubits", [1, 3, 5])
@pytest.mark.parametrize(("kernel", "feature_map"), [(angle_kernel, angles_map), (zz_kernel, zz_map)])
def test_a_fidelity_kernel_is_that_of_pennylane(
    kernel: Kernel, feature_map: Callable[[Floats], None], qubits: int
) -> None:
    first, second = uniform(0, 3, qubits), uniform(1, 2, qubits)
    expected = fidelities(feature_map, first.numpy(), second.numpy())
    np.testing.assert_allclose(kernel(first, second).numpy(), expected, rtol=0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "feature_map"), [(projected_zz_kernel, zz_map)])
def test_a_projected_kernel_compares_the_density_matrices_of_pennylane(
    kernel: Kernel, feature_map: Callable[[Floats], None]
) -> None:
    points = uniform(0, 4, 4)
    matrices = one_qubit_states(feature_map, points.numpy())
    distance = (np.abs(matrices[:, None] - matrices[None]) ** 2).sum(axis=(2, 3, 4))
    np.testing.assert_allclose(kernel(points).numpy(), np.exp(-distance), rtol=0, atol=1e-12)


# --- what every kernel must be -----------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), qubits=st.integers(1, 6), scale=st.floats(1e-3, 1e3))
@kernels
def test_a_gram_matrix_is_symmetric_and_never_negative(kernel: Kernel, seed: int, qubits: int, scale: float) -> None:
    gram = kernel(scale * (uniform(seed, 2, 7, qubits) - math.pi))
    size = gram.abs().amax()
    torch.testing.assert_close(gram, gram.mT, rtol=0, atol=1e-12 * float(size))
    assert (torch.linalg.eigvalsh(gram) > -1e-10 * size).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), qubits=st.integers(1, 6), scale=st.floats(1e-3, 1e2))
@bounded
def test_every_thing_is_wholly_like_itself_and_nothing_is_more(
    kernel: Kernel, seed: int, qubits: int, scale: float
) -> None:
    gram = kernel(scale * (uniform(seed, 6, qubits) - math.pi))
    torch.testing.assert_close(gram.diagonal(), torch.ones(6, dtype=gram.dtype), rtol=0, atol=1e-12)
    assert ((gram >= 0) & (gram <= 1 + 1e-12)).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), turns=st.lists(st.integers(-2, 2), min_size=3, max_size=3))
@pytest.mark.parametrize("kernel", [angle_kernel])
def test_whole_turns_and_a_common_shift_change_nothing(kernel: Kernel, seed: int, turns: list[int]) -> None:
    points = uniform(seed, 5, 3)
    shifted = points + 2 * math.pi * torch.tensor(turns) + uniform(seed + 1, 1)
    torch.testing.assert_close(kernel(points), kernel(shifted, shifted + 0), rtol=0, atol=1e-12)


@kernels
def test_samples_are_apart_and_the_order_of_points_does_not_matter(kernel: Kernel) -> None:
    first, second = uniform(0, 2, 3, 5, 4), uniform(1, 2, 3, 6, 4)
    together = kernel(first, second)
    assert together.shape == (2, 3, 5, 6)
    torch.testing.assert_close(together[1, 2], kernel(first[1, 2], second[1, 2]))
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(together[:, :, order], kernel(first[:, :, order], second))
    torch.testing.assert_close(kernel(first), kernel(first, first))


@kernels
def test_gradients_are_those_of_small_steps(kernel: Kernel) -> None:
    first, second = uniform(0, 3, 3).requires_grad_(), uniform(1, 2, 3).requires_grad_()
    assert torch.autograd.gradcheck(kernel, (first, second))
    assert torch.autograd.gradcheck(lambda points: kernel(points), (first,))


@bounded
def test_single_precision_keeps_five_digits(kernel: Kernel) -> None:
    points = uniform(0, 20, 8)
    gram = kernel(points.float())
    assert gram.dtype == torch.float32
    torch.testing.assert_close(gram.double(), kernel(points), rtol=0, atol=1e-4)


# --- closed forms ------------------------------------------------------------------------------------------------


def test_with_one_qubit_at_rest_the_closed_forms_are_read_off() -> None:
    points = torch.tensor([[0.0], [math.pi / 2], [math.pi]], dtype=torch.float64)
    torch.testing.assert_close(angle_kernel(points)[0], torch.tensor([1, 0.5, 0], dtype=torch.float64))


def test_small_angles_make_every_product_kernel_a_normal_one() -> None:
    """cos²(δ/2) = exp(−δ²/4) to fourth order."""
    points = 0.01 * uniform(0, 6, 8)
    torch.testing.assert_close(angle_kernel(points), rbf_kernel(points / math.sqrt(2)), rtol=0, atol=1e-4)


def test_around_pi_small_angles_make_the_entangling_kernel_a_product_of_twice_the_angle() -> None:
    points = 0.01 * uniform(0, 6, 4)
    torch.testing.assert_close(around_pi(zz_kernel)(points), angle_kernel(2 * points), rtol=0, atol=2e-3)


def test_states_have_norm_one_and_one_repetition_is_flat() -> None:
    states = zz_states(uniform(0, 5, 6), repetitions=3)
    torch.testing.assert_close(states.abs().square().sum(dim=-1), torch.ones(5, dtype=torch.float64))
    flat = zz_states(uniform(0, 5, 6), repetitions=1)
    torch.testing.assert_close(flat.abs(), torch.full_like(flat.abs(), 2**-3))


def test_a_qubit_points_no_further_than_the_sphere_and_alone_reaches_it() -> None:
    assert (bloch_vectors(zz_states(uniform(0, 30, 5))).norm(dim=-1) <= 1 + 1e-12).all()
    alone = bloch_vectors(zz_states(uniform(1, 30, 1))).norm(dim=-1)
    torch.testing.assert_close(alone, torch.ones_like(alone))


@pytest.mark.parametrize("kernel", KERNELS.values())
def test_points_are_as_similar_to_themselves_as_the_gram_matrix_says(kernel: Kernel) -> None:
    points = uniform(0, 6, 3) - math.pi
    torch.testing.assert_close(kernel(points, points), kernel(points))


def test_as_many_qubits_as_are_allowed_have_a_state() -> None:
    torch.testing.assert_close(
        zz_states(uniform(0, 1, MOST_QUBITS)).abs().square().sum(dim=-1), torch.ones(1, dtype=torch.float64)
    )


@pytest.mark.parametrize("coordinates", [0, MOST_QUBITS + 1])
def test_too_many_or_no_coordinates_are_refused(coordinates: int) -> None:
    with pytest.raises(InputError, match="coordinates"):
        zz_states(torch.zeros(2, coordinates))


# --- concentration -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("qubits", [1, 2, 4, 8])
def test_the_angle_kernel_concentrates_as_in_its_closed_form(qubits: int) -> None:
    mean, variance = off_diagonal_moments(angle_kernel(uniform(qubits, 8, 400, qubits)))
    expected = uniform_angle_moments(qubits)
    assert float(mean.mean()) == pytest.approx(expected[0], rel=0.03)
    assert float(variance.mean()) == pytest.approx(expected[1], rel=0.15)


def test_an_entangling_kernel_concentrates_and_a_projected_one_does_so_later() -> None:
    fidelity, projected = (
        [float(off_diagonal_moments(kernel(uniform(0, 200, qubits)))[1]) for qubits in (2, 4, 8)]
        for kernel in (zz_kernel, projected_zz_kernel)
    )
    assert fidelity[0] > 4 * fidelity[1] > 16 * fidelity[2]
    assert projected[2] > fidelity[2]


def test_moments_leave_the_diagonal_out() -> None:
    gram = torch.tensor([[9.0, 1.0, 2.0], [1.0, 9.0, 3.0], [2.0, 3.0, 9.0]])
    mean, variance = off_diagonal_moments(gram)
    assert float(mean) == pytest.approx(2.0)
    assert float(variance) == pytest.approx(2 / 3)


# --- alignment of Gram matrices, and bandwidths -------------------------------------------------------------------


def test_it_is_one_minus_the_alignment_of_centred_matrices() -> None:
    one, other = angle_kernel(uniform(0, 7, 3)), rbf_kernel(uniform(1, 7, 2))
    centring = torch.eye(7, dtype=torch.float64) - 1 / 7
    k, m = centring @ one @ centring, centring @ other @ centring
    expected = 1 - (k * m).sum() / (k.norm() * m.norm())
    torch.testing.assert_close(gram_alignment_loss(one, other), expected)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), factor=st.floats(1e-6, 1e6), constant=st.floats(-10, 10))
def test_a_factor_and_a_constant_change_nothing_and_it_stays_between_zero_and_one(
    seed: int, factor: float, constant: float
) -> None:
    one, other = angle_kernel(uniform(seed, 2, 6, 3)), rbf_kernel(uniform(seed + 1, 2, 6, 2))
    value = gram_alignment_loss(one, other)
    assert ((value >= -1e-12) & (value <= 1 + 1e-12)).all()
    torch.testing.assert_close(gram_alignment_loss(factor * one, other + constant), value, rtol=0, atol=1e-7)
    torch.testing.assert_close(
        gram_alignment_loss(one, factor * one), torch.zeros(2, dtype=one.dtype), rtol=0, atol=1e-12
    )


def test_matrices_that_say_nothing_give_one_and_a_finite_gradient_and_others_are_refused() -> None:
    points = torch.zeros(1, 5, 3, dtype=torch.float64, requires_grad=True)
    value = gram_alignment_loss(rbf_kernel(points), rbf_kernel(uniform(0, 1, 5, 3)))
    assert float(value.detach()) == pytest.approx(1.0)
    assert torch.isfinite(torch.autograd.grad(value.sum(), points)[0]).all()
    with pytest.raises(InputError, match="two of"):
        gram_alignment_loss(torch.ones(1, 1, 1), torch.ones(1, 1, 1))
    with pytest.raises(InputError, match="two of"):
        gram_alignment_loss(torch.ones(1, 3, 3), torch.ones(1, 4, 4))


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("truth", [SCALES[3], SCALES[8]])
def test_the_rule_finds_the_scale_that_a_target_was_made_with(name: str, truth: float) -> None:
    points = torch.randn(60, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    kernel = KERNELS[name]  # type: ignore[index]
    found = tune_scale(kernel, points, kernel(truth * points))
    assert found == (1.0 if name == "linear_cka" else truth)  # to a linear kernel all are as good


def test_matrices_that_are_not_square_or_of_one_point_are_refused() -> None:
    for shape in ((1, 3, 4), (2, 1, 1)):
        with pytest.raises(InputError, match="N of 2 or more"):
            gram_alignment_loss(torch.ones(shape), torch.ones(shape))


@pytest.mark.parametrize("of", [(3,), (2, 3)])
def test_moments_of_several_matrices_are_those_of_each(of: tuple[int, ...]) -> None:
    grams = linear_kernel(uniform(0, *of, 5, 2))
    mean, variance = off_diagonal_moments(grams)
    assert mean.shape == variance.shape == of
    for gram, one_mean, one_variance in zip(grams.flatten(0, -3), mean.flatten(), variance.flatten(), strict=True):
        torch.testing.assert_close(off_diagonal_moments(gram), (one_mean, one_variance))
