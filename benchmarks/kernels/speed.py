"""Time of a Gram matrix and its gradient, beside PennyLane in the same run."""

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.record import Row
from benchmarks.statistics import number
from strandline.distillation.alignment.kernel_alignment import KERNELS
from strandline.distillation.alignment.kernels import Kernel
from strandline.distillation.alignment.quantum_kernels import zz_kernel
from strandline.observations.arrays import Floats

POINTS, QUBITS, REPEATS = 500, 8, 10
PAIR_POINTS = 4
"""Points whose pairs PennyLane computes, one circuit each; more take minutes."""


def rows_of(seed: int) -> Iterator[Row]:
    """Seconds for a Gram matrix of 500 points on 8 qubits, double precision, one thread.

    ``seconds`` are CPU seconds, ``wall_seconds`` those of the clock. Ours: the best of ten, without (``gram``) and with
    the gradient of its sum (``gram and gradient``). PennyLane: ``pairs`` with its own `kernels`, timed on few pairs and
    extrapolated to all; ``states`` with all states in one broadcast circuit and one matrix product. ``score`` is the
    greatest difference from our matrix.
    """
    generator = torch.Generator().manual_seed(seed)
    points = 2 * math.pi * torch.rand(POINTS, QUBITS, generator=generator, dtype=torch.float64)
    for name, kernel in {**KERNELS, "quantum_zz": zz_kernel}.items():
        head: Row = {"task": "time", "kernel": name, "seed": seed, "points": POINTS, "qubits": QUBITS}
        for what, run in (("gram", kernel), ("gram and gradient", _with_gradient(kernel))):
            yield {**head, "what": what, **_best(run, points), "score": None}
    ours, angles = zz_kernel(points).numpy(), points.numpy()
    head = {"task": "time", "kernel": "quantum_zz", "seed": seed, "points": POINTS, "qubits": QUBITS}
    few = angles[:PAIR_POINTS]
    pennylane_pairs(few[:2])  # imports and set-up are not timed
    matrix, row = _timed(lambda: pennylane_pairs(few))
    share = math.comb(POINTS, 2) / math.comb(PAIR_POINTS, 2)
    extrapolated: Row = {name: share * number(row, name) for name in row}
    error = float(np.abs(matrix - ours[:PAIR_POINTS, :PAIR_POINTS]).max())
    yield {**head, "what": "PennyLane, pairs, extrapolated", **extrapolated, "score": error}
    matrix, row = _timed(lambda: pennylane_states(angles))
    yield {**head, "what": "PennyLane, states", **row, "score": float(np.abs(matrix - ours).max())}


def pennylane_pairs(points: Floats) -> Floats:
    """Kernel matrix of PennyLane as in its documentation: the map, then its inverse, one circuit per pair."""
    import pennylane as qml

    wires = range(points.shape[-1])

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def probabilities(one: Floats, other: Floats) -> Floats:
        zz_map(one)
        qml.adjoint(zz_map)(other)
        return qml.probs(wires=wires)

    matrix: Floats = qml.kernels.square_kernel_matrix(
        points, lambda one, other: probabilities(one, other)[0], assume_normalized_kernel=True
    )
    return matrix


def pennylane_states(points: Floats) -> Floats:
    """The same matrix from all states in one circuit."""
    import pennylane as qml

    @qml.qnode(qml.device("default.qubit", wires=range(points.shape[-1])))
    def states(angles: Floats) -> npt.NDArray[np.complex128]:
        zz_map(angles)
        return qml.state()

    found = states(points)
    return np.asarray(np.abs(found @ found.conj().T) ** 2)


def zz_map(angles: Floats) -> None:
    """The gates of Havlíček et al. (2019), twice; angles (D,), or (N, D) for N circuits at once."""
    import pennylane as qml

    qubits = angles.shape[-1]
    for _ in range(2):
        for one in range(qubits):
            qml.Hadamard(one)
            qml.RZ(-2 * angles[..., one], wires=one)
        for one in range(qubits):
            for other in range(one + 1, qubits):
                qml.CNOT([one, other])
                qml.RZ(-2 * (math.pi - angles[..., one]) * (math.pi - angles[..., other]), wires=other)
                qml.CNOT([one, other])


def _with_gradient(kernel: Kernel) -> Callable[[Tensor], Tensor]:
    def run(points: Tensor) -> Tensor:
        angles = points.clone().requires_grad_()
        kernel(angles).sum().backward()
        assert angles.grad is not None
        return angles.grad

    return run


def _best(run: Callable[[Tensor], Tensor], points: Tensor) -> Row:
    rows = [_timed(lambda: run(points))[1] for _ in range(REPEATS)]
    return {name: min(number(row, name) for row in rows) for name in rows[0]}


def _timed(run: Callable[[], Floats | Tensor]) -> tuple[Floats, Row]:
    """The result, and its CPU and wall time."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    row: Row = {"seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - wall}
    return np.asarray(found), row
