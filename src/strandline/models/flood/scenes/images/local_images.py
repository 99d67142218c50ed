"""Water indices of an optical image, and local means."""

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import Reals, SingleFloats

INDICES = ("ndwi", "mndwi")


def water_indices(image: Reals) -> SingleFloats:
    """(3, H, W) reflectance in ``OPTICAL_BANDS`` → (2, H, W) ``INDICES``, with near and with shortwave infrared.

    Source: McFeeters (1996) and Xu (2006). Neither depends on the brightness of the image.
    """
    green, near, short = image
    pairs = ((green - near) / (green + near + 0.02), (green - short) / (green + short + 0.02))
    return np.stack(pairs).astype(np.float32)


def local_mean(image: Reals, edge: int) -> SingleFloats:
    """(H, W) mean of the cells known within a square of ``edge`` cells; NaN where the cell itself is unknown."""
    known = np.isfinite(image)
    if edge == 1:
        return image.astype(np.float32)
    total = ndimage.uniform_filter(np.where(known, image, 0.0).astype(np.float32), edge, mode="constant")
    share = ndimage.uniform_filter(known.astype(np.float32), edge, mode="constant")
    return np.where(known, total / np.maximum(share, 1e-6), np.nan).astype(np.float32)
