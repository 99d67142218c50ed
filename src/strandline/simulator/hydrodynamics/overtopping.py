"""What waves throw over an embankment."""

import numpy as np
from numba import njit


@njit(error_model="numpy", nogil=True)
def overtopping(freeboard: float, height: float, period: float, slope: float, gravity: float) -> float:
    """Mean discharge over a smooth dike, waves at right angles [m2 s-1]; a freeboard below 0 counts as 0.

    Args:
        freeboard: crest above still water [m]; ``height``: significant at the toe [m]; ``period``: Tm−1,0 [s];
            ``slope``: tangent of the seaward slope [-].

    Source: EurOtop (2018), second edition, eqs. 5.10 and 5.11 (mean values).
    """
    if height <= 0.0 or period <= 0.0:
        return 0.0
    above = max(freeboard, 0.0)
    breaker = slope / np.sqrt(2.0 * np.pi * height / (gravity * period * period))
    breaking = 0.023 / np.sqrt(slope) * breaker * np.exp(-((2.7 * above / (breaker * height)) ** 1.3))
    most = 0.09 * np.exp(-((1.5 * above / height) ** 1.3))
    return float(min(breaking, most) * np.sqrt(gravity * height * height * height))
