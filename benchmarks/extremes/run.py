"""Rows of the benchmark: simulated seas against their truth, and pieces of real gauges against the whole."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.extremes.methods import METHODS, estimate, simulated_cyclones
from benchmarks.extremes.seas import Name, draw_sea
from benchmarks.record import Row
from strandline.observations.arrays import Floats

PERIODS = (10.0, 50.0, 100.0)
TUNING_SEED, TEST_SEED = 2_000_000, 500
"""Settings were chosen on seas from the first on; tables come from seas from the second on."""
PEER_SCRIPT = Path(__file__).parent / "peers" / "pyextremes_levels.py"


def rows_of_sea(
    name: Name,
    seed: int,
    years: int,
    records: int,
    record_years: int,
    peer: tuple[Path, int] | None,
    advance: Callable[[], None],
) -> list[Row]:
    """One row for each record, method and period, with the truth of all years of this sea.

    Args:
        years: simulated for the truth; ``records`` of them, each of ``record_years``, are estimated from.
        peer: Python of an environment with pyextremes, and the number of records that it gets.
    """
    sea = draw_sea(name, seed, record_years)
    simulated = simulated_cyclones(sea, seed)
    maxima: list[Floats] = []
    rows: list[Row] = []
    for index, record in enumerate(sea.records(-(-years // record_years), seed)):
        maxima.append(sea.annual_maxima(record))
        for method in METHODS if index < records else ():
            levels = estimate(method, sea, record, simulated, PERIODS, index)
            rows += _rows(name, seed, index, method, PERIODS, levels.low, levels.middle, levels.high)
        advance()
    if peer is not None:
        found = np.array(_pyextremes(peer[0], np.stack(maxima[: peer[1]])))  # (n, 3): level, low, high
        for index, (middle, low, high) in enumerate(found):
            rows += _rows(name, seed, index, "pyextremes", PERIODS[-1:], [low], [middle], [high])
    truth = dict(zip(PERIODS, np.quantile(np.concatenate(maxima), 1.0 - 1.0 / np.array(PERIODS)), strict=True))
    return [{**row, "truth": round(float(truth[float(row["return_period"] or 0)]), 4)} for row in rows]


def _rows(
    sea: str,
    seed: int,
    record: int,
    method: str,
    periods: Sequence[float],
    low: Floats | Sequence[float],
    middle: Floats | Sequence[float],
    high: Floats | Sequence[float],
) -> list[Row]:
    return [
        {
            "sea": sea,
            "seed": seed,
            "record": record,
            "method": method,
            "return_period": period,
            "level": round(float(level), 4),
            "low": round(float(least), 4),
            "high": round(float(most), 4),
        }
        for period, least, level, most in zip(periods, low, middle, high, strict=True)
    ]


def _pyextremes(python: Path, maxima: Floats) -> list[list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "maxima.npz", Path(folder) / "levels.json"
        np.savez(source, maxima=maxima, period=PERIODS[-1])
        subprocess.run([python, PEER_SCRIPT, source, out], check=True)
        levels: list[list[float]] = json.loads(out.read_text())
    return levels
