"""Rows of the speed benchmark, part by part."""

from pathlib import Path

import torch

from benchmarks.record import Row
from benchmarks.speed import learning, networks, program
from benchmarks.speed.clock import matrix_product_rate

PARTS = ("networks", "learning", "start", "quick", "busy", "demo")


def rows_of(part: str, threads: int, seconds: float, work: Path) -> list[Row]:
    """The rows of one part.

    Args:
        part: of `PARTS`; ``threads``: for networks and matrix product; ``seconds``: for each measurement.
        work: folder for what the programs write.
    """
    if part == "start":
        return program.starting_rows()
    if part == "quick":
        return program.quick_rows(work)
    if part == "busy":
        return program.busy_rows(work)
    if part == "demo":
        return program.demo_rows(work)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        if part == "learning":
            return learning.rows_of(turns=max(2, round(seconds)))
        rate = matrix_product_rate(seconds)
        limit: Row = {"what": f"matrix product, {threads} threads", "value": rate / 1e9, "unit": "1e9 operations/s"}
        return [limit, *networks.rows_of(rate, seconds)]
    finally:
        torch.set_num_threads(before)
