"""Floods and assets of every tool, and the report of a tool's script; needs numpy and SciPy only."""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

DEPTHS = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0])
CHUNK = 5000


@dataclass
class ImpactCase:
    """``depth`` (C, E) sparse float32 [m], each cell with one asset; ``curve_of`` (C,) rows of ``curves``."""

    depth: sparse.csr_array
    frequency: np.ndarray
    value: np.ndarray
    curve_of: np.ndarray


def make_case(assets: int, events: int, wet_share: float, seed: int) -> ImpactCase:
    """Random sea levels over random terrain, so that about ``wet_share`` of all pairs are wet."""
    rng = np.random.default_rng(seed)
    sea, ground = rng.gumbel(0.0, 0.4, events), rng.uniform(0.0, 3.0, assets)
    offset = np.quantile((sea[None] - ground[:: max(1, assets // 1000), None]).ravel(), 1.0 - wet_share)
    offset -= 1e-3  # at a share of 1 the shallowest pair is wet as well
    parts = []
    for first in range(0, assets, CHUNK):
        depth = sea[None] - ground[first : first + CHUNK, None] - offset
        if wet_share == 1.0:
            depth = np.maximum(depth, 1e-3)
        parts.append(sparse.csr_array(np.maximum(depth, 0.0).astype(np.float32)))
    frequency = rng.uniform(0.5, 1.5, events) / events
    value, curve_of = rng.lognormal(11.0, 1.0, assets), rng.integers(0, 6, assets)
    return ImpactCase(sparse.vstack(parts, format="csr"), frequency, value, curve_of)


def main(run: Callable[[ImpactCase, np.ndarray], tuple[float, np.ndarray, np.ndarray, str]]) -> None:
    """``SCRIPT curves.npy out.npz ASSETS EVENTS WET_SHARE SEED``: run the tool and write the report.

    ``run(case, curves)`` returns CPU seconds, annual damage (A,), damage of each event (E,) and the tool's version;
    ``curves`` (6, 9) are damage ratios at ``DEPTHS``.
    """
    curves, out = np.load(sys.argv[1]), sys.argv[2]
    assets, events = (int(text) for text in sys.argv[3:5])
    case = make_case(assets, events, float(sys.argv[5]), int(sys.argv[6]))
    seconds, annual, by_event, version = run(case, curves)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    facts = {"cpu_s": seconds, "peak_mb": peak, "version": version, "wet_share": case.depth.nnz / (assets * events)}
    np.savez(out, annual=annual, by_event=by_event, facts=json.dumps(facts))


def clock() -> float:
    """CPU seconds of this process."""
    return time.process_time()
