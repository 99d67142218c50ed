"""Weather whose autocovariance is known."""

import numpy as np

from strandline.models.record_likelihood import MEMORY_HOURS

LAG = np.arange(MEMORY_HOURS)
RED = 0.1**2 * np.exp(-LAG / 30)
SMOOTH = 0.1**2 * (1 + LAG / 15) * np.exp(-LAG / 15)


def sample(covariance: np.ndarray, size: int, seed: int) -> np.ndarray:
    """A stationary record, by circulant embedding."""
    row = np.zeros(2 * size)
    row[:MEMORY_HOURS] = covariance
    row[-MEMORY_HOURS + 1 :] = covariance[:0:-1]
    power = np.clip(np.fft.fft(row).real, 0, None)
    rng = np.random.default_rng(seed)
    white = rng.standard_normal(2 * size) + 1j * rng.standard_normal(2 * size)
    return np.fft.fft(np.sqrt(power / (2 * size)) * white).real[:size]
