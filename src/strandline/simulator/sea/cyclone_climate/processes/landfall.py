"""Decay of a cyclone over land."""

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.weather.cyclone_fields import KNOT

BACKGROUND_WIND = 26.7 * KNOT
"""[m s-1] to which the wind decays; Kaplan and DeMaria 1995."""
LANDFALL_FACTOR = 0.9
"""[-] of the wind at the moment of landfall; Kaplan and DeMaria 1995."""
DECAY_RATE = 0.095
"""[h-1]; Kaplan and DeMaria 1995."""
FEWEST_STEPS = 200
"""Below which the published rate stands."""


def decay_over_land(wind: Floats, hours: Floats, rate: float = DECAY_RATE) -> Floats:
    """1-minute wind [m s-1] after hours over land; winds below the background stay as they are.

    Args:
        rate: of the decay [h-1].

    Source: Kaplan and DeMaria 1995: ``V = Vb + (V0 - Vb) exp(-rate t)``.
    """
    excess = np.maximum(wind - BACKGROUND_WIND, 0.0)
    return np.asarray(wind - excess * (1.0 - np.exp(-rate * hours)))


def fit_decay_rate(wind: Floats, over_sea: Floats, after: Floats, land: Floats) -> float:
    """Rate [h-1] of the decay in recorded steps of six hours that lie in part over land.

    Recorded winds at six hours do not fall by a tenth at landfall, so that there is no such factor here.

    Args:
        wind, after: at the beginning and the end of each step [m s-1].
        over_sea: change that is expected over sea [m s-1]; land: share of the step over land [-].
    """
    grown = wind + (1.0 - land) * over_sea
    strong = grown > BACKGROUND_WIND
    if strong.sum() < FEWEST_STEPS:
        return DECAY_RATE
    rates = np.linspace(0.03, 0.15, 121)
    error = [
        np.mean((decay_over_land(grown[strong], 6.0 * land[strong], float(rate)) - after[strong]) ** 2)
        for rate in rates
    ]
    return float(rates[int(np.argmin(error))])
