"""Water by a threshold of radar alone: the oldest baselines."""

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import SingleFloats

WATER_DB = -13.45
"""[dB] VV below it is water, a threshold used for Sen1Floods11's chips."""


def otsu(image: SingleFloats) -> SingleFloats:
    """1 where the smoothed image (H, W) is darker than the threshold of Otsu (1979); 0 where it is unknown."""
    smooth, known = _smoothed(image)
    if not known.any():
        return np.zeros(image.shape, dtype=np.float32)
    counts, edges = np.histogram(smooth[known], bins=256)
    below, levels = np.cumsum(counts).astype(float), (edges[:-1] + edges[1:]) / 2
    moment = np.cumsum(counts * levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (moment[-1] * below / below[-1] - moment) ** 2 / (below * (below[-1] - below))
    threshold = levels[int(np.argmax(np.where(np.isfinite(between), between, -1.0)))]
    return ((smooth <= threshold) & known).astype(np.float32)


def below(image: SingleFloats, threshold: float) -> SingleFloats:
    """1 where the smoothed image (H, W) is below a threshold; 0 where it is unknown."""
    smooth, known = _smoothed(image)
    return ((smooth < threshold) & known).astype(np.float32)


def _smoothed(image: SingleFloats) -> tuple[SingleFloats, np.ndarray]:
    """Median of 3 × 3 cells, and where the image is known."""
    known = np.isfinite(image)
    fill = float(np.nanmax(image)) if known.any() else 0.0
    return ndimage.median_filter(np.where(known, image, fill), 3), known
