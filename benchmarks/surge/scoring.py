"""Scores of a forecast at one lead: errors of the level, and F1 of peaks."""

import numpy as np

from benchmarks.record import Value
from benchmarks.statistics import crps_of_quantiles
from strandline.observations.arrays import Floats

NEAR_HOURS, BELOW, APART_HOURS = 3, 0.10, 24
"""A peak is matched within 3 h by a level above min(peak − 0.10 m, threshold); peaks are at least 24 h apart."""


def score(
    quantiles: Floats, levels: tuple[float, ...], tide: Floats, observed: Floats, truth: Floats, threshold: float
) -> dict[str, Value]:
    """Scores over T consecutive hours; hours without an observation do not count.

    Args:
        quantiles: (T, Q) of the residual from the allowed tide [m], at ``levels``.
        tide: (T,) the allowed tide with its mean sea level [m on the gauge's datum].
        observed: (T,) water level [m on the gauge's datum]; NaN = not observed.
        truth: (T,) residual from the tide of the full record [m], for ``rmse_residual`` only.
        threshold: 99th percentile of the gauge [m on its datum].
    """
    seen = np.isfinite(observed)
    predicted = tide + quantiles[:, levels.index(0.5)]
    error = (predicted - observed)[seen]
    bounds = tide[:, None] + quantiles[:, [levels.index(0.05), levels.index(0.95)]]
    inside = ((observed >= bounds[:, 0]) & (observed <= bounds[:, 1]))[seen]
    extreme = observed[seen] >= threshold
    surge_error = (quantiles[:, levels.index(0.5)] - truth)[seen]
    return {
        "rmse": float(np.sqrt(np.mean(error**2))),
        "rmse_residual": float(np.sqrt(np.nanmean(surge_error**2))),
        "mae": float(np.mean(np.abs(error))),
        "crps": crps_of_quantiles(tide[:, None] + quantiles, levels, observed)[seen].mean().item(),
        "rmse_extreme": float(np.sqrt(np.mean(error[extreme] ** 2))) if extreme.any() else float("nan"),
        "f1_extreme": peak_f1(predicted, observed, threshold),
        "coverage_90": float(inside.mean()),
        "coverage_90_extreme": float(inside[extreme].mean()) if extreme.any() else float("nan"),
        "width_90": float((bounds[:, 1] - bounds[:, 0])[seen].mean()),
        "n": int(seen.sum()),
    }


def peak_f1(predicted: Floats, observed: Floats, threshold: float) -> float:
    """F1 of peaks above a threshold; NaN without any peak.

    An observed peak is hit where the forecast matches it within 3 h; a predicted peak is no false alarm where an
    observed level matches it within 3 h. Predicted peaks without an observation nearby do not count.
    """
    found = [
        np.nanmax(_near(predicted, at)) >= min(observed[at] - BELOW, threshold) for at in _peaks(observed, threshold)
    ]
    true = [
        np.nanmax(_near(observed, at)) >= min(predicted[at] - BELOW, threshold)
        for at in _peaks(predicted, threshold)
        if np.isfinite(_near(observed, at)).any()
    ]
    if not found and not true:
        return float("nan")
    recall, precision = np.mean(found) if found else 0.0, np.mean(true) if true else 0.0
    return float(2 * precision * recall / (precision + recall)) if precision + recall > 0 else 0.0


def _near(level: Floats, hour: int) -> Floats:
    return level[max(0, hour - NEAR_HOURS) : hour + NEAR_HOURS + 1]


def _peaks(level: Floats, threshold: float) -> list[int]:
    """Hours of the highest levels above a threshold, none within a day of a higher one."""
    above = np.flatnonzero(level >= threshold)  # false at gaps
    chosen: list[int] = []
    for hour in above[np.argsort(-level[above], kind="stable")]:
        if all(abs(hour - other) >= APART_HOURS for other in chosen):
            chosen.append(int(hour))
    return sorted(chosen)
