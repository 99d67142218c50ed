"""Waves by published formulae: how wind raises them, how high they run up a beach, what they throw over a dike."""

from typing import NamedTuple

import numpy as np
from numba import njit

from strandline.observations.arrays import Floats

GRAVITY = 9.81
DISSIPATIVE = 0.3
"""Iribarren number below which a beach is dissipative [-]."""
PEAK_TO_SPECTRAL = 1.1
"""Peak period over the spectral period Tm−1,0 of a single sea [-] (EurOtop 2018, section 4.2.2)."""


class Sea(NamedTuple):
    """Significant wave height [m] and peak period [s]."""

    height: Floats
    period: Floats


class RunUp(NamedTuple):
    """Mean rise of the water at the shore, and the height that 2 % of the waves exceed, both above still water [m]."""

    set_up: Floats
    two_percent: Floats


def wind_sea(wind: Floats, fetch: Floats | float, depth: Floats | float) -> Sea:
    """Waves of a steady wind over water of one depth.

    Args:
        wind: speed 10 m above the water [m s-1]; ``fetch``: length over which it blows [m]; ``depth``: [m].

    Source: Young and Verhagen (1996), Coastal Engineering 29, 47–78, eqs. 22–27.
    """
    speed = np.maximum(np.asarray(wind, dtype=np.float64), 0.1)
    reach, deep = GRAVITY * np.asarray(fetch) / speed**2, GRAVITY * np.asarray(depth) / speed**2
    a1, b1 = np.tanh(0.493 * deep**0.75), 3.13e-3 * reach**0.57
    a2, b2 = np.tanh(0.331 * deep**1.01), 5.215e-4 * reach**0.73
    energy = 3.64e-3 * (a1 * np.tanh(b1 / a1)) ** 1.74
    frequency = 0.133 * (a2 * np.tanh(b2 / a2)) ** -0.37
    return Sea(4 * np.sqrt(energy) * speed**2 / GRAVITY, speed / (GRAVITY * frequency))


def run_up(height: Floats, period: Floats, slope: float) -> RunUp:
    """Run-up on a sandy beach.

    Args:
        height: significant, in deep water [m]; ``period``: of the peak [s]; ``slope``: tangent of the beach [-].

    Source: Stockdon et al. (2006), Coastal Engineering 53, 573–588, eqs. 10, 18 and 19.
    """
    size = np.sqrt(height * GRAVITY * period**2 / (2 * np.pi))  # √(H0 L0) [m]
    set_up = 0.35 * slope * size
    whole = 1.1 * (set_up + 0.5 * size * np.sqrt(0.563 * slope**2 + 0.004))
    steepness = np.sqrt(height * 2 * np.pi / (GRAVITY * np.maximum(period, 1e-6) ** 2))
    is_flat = slope < DISSIPATIVE * steepness
    return RunUp(np.where(is_flat, 0.016 * size, set_up), np.where(is_flat, 0.043 * size, whole))


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
