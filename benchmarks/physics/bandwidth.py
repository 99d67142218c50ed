"""Memory bandwidth of one core: the triad a = b + s·c (McCalpin 1995)."""

import time

import numpy as np
from numba import njit

# One cell and step of the fused solver in double precision: level, two fluxes and the high-water mark are read and
# written, the bed and two friction factors read. Write-allocation is not counted, here or in the triad.
BYTES_PER_CELL_STEP = 8 * (2 * 4 + 3)


@njit(cache=True)
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray, scale: float) -> None:
    for index in range(a.size):
        a[index] = b[index] + scale * c[index]


def triad_bytes_per_second(size: int) -> float:
    """Best of several passes over three arrays of ``size`` doubles, per second of CPU time."""
    a, b, c = (np.full(size, value) for value in (0.0, 1.0, 2.0))
    _triad(a, b, c, 0.5)
    best = np.inf
    repeats = max(1, 2**25 // size)
    for _ in range(5):
        began = time.process_time()
        for _ in range(repeats):
            _triad(a, b, c, 0.5)
        best = min(best, (time.process_time() - began) / repeats)
    return 24.0 * size / best
