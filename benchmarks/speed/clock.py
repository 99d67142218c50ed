"""Timing: the fastest of several turns, and what the processor multiplies matrices at in the same run."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

MATRIX = (512, 1024, 1536)
"""Edges of the square matrices whose product is timed; the best counts."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one turn by the wall clock: the fastest, which other programs disturb least, and the median."""

    fastest: float
    median: float


def timed(turn: Callable[[], object], seconds: float, least: int = 3) -> Timing:
    """Take turns for ``seconds``, ``least`` of them at least, after one that is not counted."""
    turn()
    found: list[float] = []
    until = time.perf_counter() + seconds
    while len(found) < least or time.perf_counter() < until:
        start = time.perf_counter()
        turn()
        found.append(time.perf_counter() - start)
    return Timing(min(found), statistics.median(found))


def matrix_product_rate(seconds: float) -> float:
    """Single-precision operations a second of the best square matrix product, a multiplication and an addition each."""
    rates = []
    for edge in MATRIX:
        left, right = torch.rand(edge, edge), torch.rand(edge, edge)
        out = torch.empty(edge, edge)
        took = timed(lambda a=left, b=right, c=out: torch.mm(a, b, out=c), seconds / len(MATRIX))  # type: ignore[misc]
        rates.append(2 * edge**3 / took.fastest)
    return max(rates)


def operations(call: Callable[[], object]) -> int:
    """Multiplications and additions of the convolutions and matrix products in a call.

    Attention is counted in its plain form: the counter does not see the fused ones.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            call()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return int(counter.get_total_flops())
