"""Metrics; counts of tiles add up to those of the map."""

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Mask, Reals


def overlap_counts(predicted: Mask, truth: Mask, valid: Mask) -> npt.NDArray[np.int64]:
    """(B, 2) cells in the intersection and in the union of two flood masks (B, H, W), over valid cells."""
    both = (predicted & truth & valid).reshape(len(truth), -1).sum(1)
    either = ((predicted | truth) & valid).reshape(len(truth), -1).sum(1)
    return np.stack([both, either], axis=1)


def pooled_iou(counts: npt.NDArray[np.int64]) -> float:
    """Intersection over union of all samples together; NaN when nothing was flooded or predicted."""
    both, either = counts.sum(0)
    return float(both / either) if either else float("nan")


def interval_coverage(lower: Reals, upper: Reals, observed: Reals) -> float:
    """Share of observations inside their interval; gaps (NaN) do not count."""
    known = ~np.isnan(observed)
    return float(np.mean((observed[known] >= lower[known]) & (observed[known] <= upper[known])))


def root_mean_square(error: Reals) -> float:
    """√mean(error²) over known entries (NaN = gap)."""
    known = error[~np.isnan(error)]
    return float(np.sqrt(np.mean(known**2)))
