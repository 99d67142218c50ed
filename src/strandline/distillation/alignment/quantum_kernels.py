"""Quantum kernels by exact simulation on a CPU or GPU: one qubit per coordinate, no shots, differentiable.

A feature map encodes a point, as angles [rad], in a state of D qubits. A fidelity kernel is the squared overlap of two
states; a projected kernel compares the reduced density matrix of each qubit.
"""

import math

import torch
from torch import Tensor

from strandline.distillation.alignment.kernels import Kernel, pairwise_differences, rbf_kernel
from strandline.errors import InputError

MOST_QUBITS = 12
"""A state has 2^D amplitudes; with more qubits a few hundred states exceed a laptop's memory."""


def angle_kernel(first: Tensor, second: Tensor | None = None) -> Tensor:
    """∏_d cos²((x_d − y_d)/2): fidelity of product states, each coordinate rotating its own qubit by R_Y or R_X.

    The qubits are not entangled, so that the cost grows linearly with their number.

    Source: Schuld and Killoran (2019), section III; the closed form follows from ⟨0|R_Y(a)ᵀR_Y(b)|0⟩ = cos((b − a)/2).
    """
    return ((1 + pairwise_differences(first, second).cos()) / 2).prod(dim=-1)


def zz_kernel(first: Tensor, second: Tensor | None = None) -> Tensor:
    """|⟨ψ(x)|ψ(y)⟩|² of entangled states: each state is computed once, then one matrix product.

    Source: Havlíček et al. (2019), eq. 5.
    """
    ours = zz_states(first)
    theirs = ours if second is None else zz_states(second)
    overlap = ours @ theirs.mH
    return overlap.real.square() + overlap.imag.square()


def projected_zz_kernel(first: Tensor, second: Tensor | None = None) -> Tensor:
    """exp(−Σ_d ‖ρ_d(x) − ρ_d(y)‖²) of the qubits' reduced density matrices, Frobenius norm, γ = 1.

    The squared distance of two density matrices is half that of their Bloch vectors, so that this is `rbf_kernel` of
    all Bloch vectors together.

    Source: Huang et al. (2021), projected kernel of one-qubit reduced density matrices.
    """
    ours = bloch_vectors(zz_states(first)).flatten(-2)
    return rbf_kernel(ours, None if second is None else bloch_vectors(zz_states(second)).flatten(-2))


def around_pi(kernel: Kernel) -> Kernel:
    """The kernel for points around 0: its feature map expects angles of 0 to 2π, centred on π."""

    def shifted(first: Tensor, second: Tensor | None = None, /) -> Tensor:
        return kernel(first + math.pi, None if second is None else second + math.pi)

    return shifted


def zz_states(angles: Tensor, repetitions: int = 2) -> Tensor:
    """Amplitudes of the entangling feature map, (…, N, D) → complex (…, N, 2^D); qubit 0 is the first binary digit.

    U(x) = exp(i Σ_d x_d Z_d + i Σ_{c<d} (π − x_c)(π − x_d) Z_c Z_d) after Hadamard gates on all qubits, ``repetitions``
    times, on |0…0⟩. U is diagonal: with the signs z of a basis state its phase is x·z + ½[((π − x)·z)² − ‖π − x‖²],
    two products of matrices for all samples and pairs.

    Raises:
        InputError: no coordinate, more than ``MOST_QUBITS``, or no repetition.

    Source: Havlíček et al. (2019), eq. 4 and the maps φ below it.
    """
    qubits = angles.shape[-1]
    if not 1 <= qubits <= MOST_QUBITS or repetitions < 1:
        raise InputError(
            "entangling feature map",
            f"{qubits} coordinates, {repetitions} repetitions",
            f"reduce to 1 to {MOST_QUBITS} coordinates, 8 are enough, and repeat once or more",
        )
    digits = torch.arange(2**qubits, device=angles.device)[:, None] >> torch.arange(
        qubits - 1, -1, -1, device=angles.device
    )
    signs = (1 - 2 * (digits & 1)).to(angles.dtype)  # (2^D, D)
    rest = math.pi - angles
    phase = angles @ signs.T + ((rest @ signs.T).square() - rest.square().sum(dim=-1, keepdim=True)) / 2
    turn = torch.complex(phase.cos(), phase.sin())  # (…, N, 2^D)
    state = turn * 2 ** (-qubits / 2)  # Hadamard gates take |0…0⟩ to the uniform superposition
    for _ in range(repetitions - 1):
        state = turn * _hadamard(state, qubits)
    return state


def bloch_vectors(states: Tensor) -> Tensor:
    """Expectations of X, Y and Z of every qubit, complex (…, 2^D) → (…, D, 3): its reduced density matrix in full."""
    qubits = states.shape[-1].bit_length() - 1
    vectors = []
    for qubit in range(qubits):
        up, down = _by_digit(states, qubit)
        coherence = 2 * (up.conj() * down).sum(dim=(-2, -1))
        lean = (_square(up) - _square(down)).sum(dim=(-2, -1))
        vectors.append(torch.stack([coherence.real, coherence.imag, lean], dim=-1))
    return torch.stack(vectors, dim=-2)


def uniform_angle_moments(qubits: int) -> tuple[float, float]:
    """Mean 2⁻ⁿ and variance (3/8)ⁿ − (1/4)ⁿ of `angle_kernel` between independent points, uniform over the circle.

    Means of cos² and cos⁴ are 1/2 and 3/8. With more qubits the similarities of all pairs concentrate around one
    value, which no affordable number of shots on a quantum computer could resolve.

    Source: Thanasilp et al. (2022) for the concentration of quantum kernels; the moments are ours.
    """
    return 2.0**-qubits, (3 / 8) ** qubits - (1 / 4) ** qubits


def _hadamard(states: Tensor, qubits: int) -> Tensor:
    """A Hadamard gate on every qubit, (…, 2^D) → (…, 2^D): the Walsh–Hadamard transform in D·2^D steps."""
    for qubit in range(qubits):
        zero, one = _by_digit(states, qubit)
        states = torch.stack([zero + one, zero - one], dim=-2).flatten(-3)
    return states * 2 ** (-qubits / 2)


def _by_digit(states: Tensor, qubit: int) -> tuple[Tensor, Tensor]:
    """Amplitudes where a qubit is 0, and where it is 1; (…, 2^D) → (…, 2^qubit, 2^(D − qubit − 1)) each."""
    zero, one = states.reshape(*states.shape[:-1], 2**qubit, 2, -1).unbind(dim=-2)
    return zero, one


def _square(amplitudes: Tensor) -> Tensor:
    return amplitudes.real.square() + amplitudes.imag.square()
