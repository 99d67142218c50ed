"""Synthetic cells: six kinds of response to sea level, rain and discharge, and limits above which a cell floods."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Mask

KINDS = ("sea", "rain", "river", "undrained", "tidal_river", "closed_gate")
PROBABILITIES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
"""True annual probabilities of the cells of each kind."""
PONDING = 0.004
"""Water level in a polder by rain [m mm-1]: what falls gathers in its lowest quarter."""
HEAD = 0.5
"""Rise of that level with the sea's, against which it drains [-]."""
BACKWATER = 0.0005
"""Rise of a tidal river's stage with its discharge [m per m3 s-1]."""


@dataclass(frozen=True)
class Responses:
    """The kinds of response of one coast.

    Attributes:
        sea_scale, rain_scale: what every second year exceeds [m], [mm]; a gate floods where both are high against them.
    """

    sea_scale: float
    rain_scale: float

    def __call__(self, drivers: Floats) -> Floats:
        """(n, 6) responses to drivers (n, 3): sea level [m], rain of a day [mm], discharge [m3 s-1]."""
        sea, rain, river = drivers.T
        return np.stack(
            [
                sea,
                rain,
                river,
                PONDING * rain + HEAD * sea,
                sea + BACKWATER * river,
                np.minimum(sea / self.sea_scale, rain / self.rain_scale),
            ],
            axis=1,
        )


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of every kind and probability.

    Attributes:
        limits: (kinds, probabilities) of the responses.
    """

    responses: Responses
    limits: Floats

    def flooded(self, drivers: Floats) -> Mask:
        """(n, kinds × probabilities) whether drivers (n, 3) flood each cell."""
        values = self.responses(drivers)
        return np.asarray((values[:, :, None] > self.limits).reshape(len(drivers), self.limits.size))


def cells_of(responses: Responses, maxima: Floats) -> Cells:
    """Cells that the true greatest responses of years (years, kinds) flood with the stated probabilities."""
    limits = np.quantile(maxima, 1 - np.array(PROBABILITIES), axis=0).T
    return Cells(responses, limits)
