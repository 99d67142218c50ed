"""Timing: the fastest of several turns, and the rate of matrix products in the same run."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

MATRIX = (512, 1024, 1536)
"""Edges of the square matrices whose product is timed; the best rate counts."""


@dataclass(frozen=True)
class Timing:
    """Wall seconds of one turn: the fastest, which other programs disturb least, and the median."""

    fastest: float
    median: float


def timed(turn: Callable[[], object], seconds: float, least: int = 3) -> Timing:
    """Time turns for ``seconds``, at least ``least`` of them, after one that is not counted."""
    turn()
    found: list[float] = []
    until = time.perf_counter() + seconds
    while len(found) < least or time.perf_counter() < until:
        start = time.perf_counter()
        turn()
        found.append(time.perf_counter() - start)
    return Timing(min(found), statistics.median(found))


def matrix_product_rate(seconds: float) -> float:
    """Multiplications and additions per second of the best square matrix product in single precision."""
    rates = []
    for edge in MATRIX:
        left, right = torch.rand(edge, edge), torch.rand(edge, edge)
        out = torch.empty(edge, edge)
        took = timed(lambda a=left, b=right, c=out: torch.mm(a, b, out=c), seconds / len(MATRIX))  # type: ignore[misc]
        rates.append(2 * edge**3 / took.fastest)
    return max(rates)


def operations(call: Callable[[], object]) -> int:
    """Multiplications and additions of the convolutions and matrix products in a call.

    Attention runs in its plain form, since the counter misses fused kernels.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            call()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return int(counter.get_total_flops())
