"""Spatially correlated random fields."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter


def correlated_noise(shape: tuple[int, ...], length: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """White noise smoothed over the last two axes, with mean 0 and variance 1 *in expectation*.

    Args:
        shape: (..., H, W).
        length: standard deviation of the Gaussian smoothing kernel [cells].

    A margin of three kernel lengths is cut off, so that the variance is uniform up to the edge. The variance
    of white noise under a Gaussian kernel is 1 / (4 π length²); dividing by its root restores 1.
    """
    margin = int(np.ceil(3 * length))
    padded = (*shape[:-2], shape[-2] + 2 * margin, shape[-1] + 2 * margin)
    sigma = (0.0,) * (len(shape) - 2) + (length, length)
    smooth = gaussian_filter(rng.standard_normal(padded), sigma, mode="wrap")
    inner = smooth[..., margin : margin + shape[-2], margin : margin + shape[-1]]
    unit: npt.NDArray[np.float64] = inner * (2.0 * np.sqrt(np.pi) * length)
    return unit
