"""Scores of one place or basin: held-out years against the windows that a method allows."""

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.cyclones.methods import YearlyPassages
from benchmarks.record import Row
from strandline.observations.arrays import Floats
from strandline.observations.weather.cyclone_fields import KNOT

RANGE = (0.05, 0.95)


def score(held_out: YearlyPassages, windows: Sequence[YearlyPassages]) -> Row:
    """Rate, median and highest wind, median and lowest central pressure: held out, expected, and the range of 90 %.

    ``None`` where no passage is; a window without a passage has a highest wind of 0 and no median.
    """
    row: Row = {}
    for name, statistic, scale in _STATISTICS:
        value = scale * statistic(held_out)
        drawn = scale * np.array([statistic(window) for window in windows])
        drawn = drawn[np.isfinite(drawn)]
        low, middle, high = np.quantile(drawn, (RANGE[0], 0.5, RANGE[1])) if drawn.size else (np.nan,) * 3
        known = bool(np.isfinite(value) and drawn.size)
        row |= {
            f"{name}_held_out": float(value), f"{name}_low": float(low), f"{name}_expected": float(middle),
            f"{name}_high": float(high), f"{name}_within": bool(low <= value <= high) if known else None,
            f"{name}_crps": crps(drawn, float(value)) if known else None,
        }  # fmt: skip
    for name, rate in RATES.items():
        row[f"{name}_expected"] = float(np.mean([rate(window) for window in windows]))
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}


def crps(drawn: Floats, value: float) -> float:
    """Continuous ranked probability score of draws (N,), in their unit.

    Source: Gneiting and Raftery (2007), eq. 21.
    """
    ordered = np.sort(drawn)
    number = ordered.size
    among = 2.0 * np.sum((2 * np.arange(1, number + 1) - number - 1) * ordered) / number**2
    return float(np.abs(ordered - value).mean() - 0.5 * among)


def _rate(passages: YearlyPassages) -> float:
    return passages.wind.size / passages.years


def _hurricanes(passages: YearlyPassages) -> float:
    return float((passages.wind >= 64.0 * KNOT).sum()) / passages.years


def _majors(passages: YearlyPassages) -> float:
    return float((passages.wind >= 96.0 * KNOT).sum()) / passages.years


def _median(passages: YearlyPassages) -> float:
    return float(np.median(passages.wind)) if passages.wind.size else float("nan")


def _highest(passages: YearlyPassages) -> float:
    return float(passages.wind.max(initial=0.0))


def _median_pressure(passages: YearlyPassages) -> float:
    known = passages.pressure[np.isfinite(passages.pressure)]
    return float(np.median(known)) if known.size else float("nan")


def _lowest_pressure(passages: YearlyPassages) -> float:
    known = passages.pressure[np.isfinite(passages.pressure)]
    return float(known.min()) if known.size else float("nan")


RATES = {"rate": _rate, "hurricane_rate": _hurricanes, "major_rate": _majors}
"""Passages a year, those with winds of 64 kt or more, and of 96 kt or more."""
_STATISTICS: tuple[tuple[str, Callable[[YearlyPassages], float], float], ...] = (
    *((name, rate, 1.0) for name, rate in RATES.items()),
    ("median_wind", _median, 1.0),
    ("highest_wind", _highest, 1.0),
    ("median_pressure", _median_pressure, 0.01),
    ("lowest_pressure", _lowest_pressure, 0.01),
)
"""Name, function, and factor to the unit of the table: a-1, m s-1, hPa."""
