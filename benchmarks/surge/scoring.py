"""Scores of a forecast at one lead: levels against levels, extremes by their peaks."""

import numpy as np

from benchmarks.record import Value
from benchmarks.statistics import crps_of_quantiles
from strandline.observations.arrays import Floats

NEAR_HOURS, BELOW, APART_HOURS = 3, 0.10, 24
"""A peak is matched within three hours above the lower one of peak − 0.10 m and threshold; peaks stand a day apart."""


def score(
    quantiles: Floats, levels: tuple[float, ...], tide: Floats, observed: Floats, truth: Floats, threshold: float
) -> dict[str, Value]:
    """Of consecutive hours T; hours without an observation do not count.

    Args:
        quantiles: (T, Q) of the residual about the allowed tide [m], at ``levels``.
        tide: (T,) the allowed tide with its mean sea level [m on the gauge's datum].
        observed: (T,) water level [m on the gauge's datum]; NaN = not observed.
        truth: (T,) residual about the tide of the full record [m], for ``rmse_residual`` only.
        threshold: the gauge's 99th percentile [m on its datum].
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
        "f1_extreme": peak_f1(predicted, observed, threshold),
        "coverage_90": float(inside.mean()),
        "coverage_90_extreme": float(inside[extreme].mean()) if extreme.any() else float("nan"),
        "width_90": float((bounds[:, 1] - bounds[:, 0])[seen].mean()),
        "n": int(seen.sum()),
    }


def peak_f1(predicted: Floats, observed: Floats, threshold: float) -> float:
    """F1 of peaks above a threshold: an observed one is hit where the forecast comes near it within three hours, and a
    predicted one is no false alarm where the observed level came near the threshold within as many.

    NaN where there is no peak at all. A predicted peak with no observation near it does not count.
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
    """Hours of the highest levels from a threshold on, none within a day of a higher one."""
    above = np.flatnonzero(level >= threshold)  # no gap is
    chosen: list[int] = []
    for hour in above[np.argsort(-level[above], kind="stable")]:
        if all(abs(hour - other) >= APART_HOURS for other in chosen):
            chosen.append(int(hour))
    return sorted(chosen)
