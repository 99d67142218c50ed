"""The storm of the speed comparison: synthetic, 24 h, 3 m surge over a rough low coast, 256 × 256 cells of 30 m."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from strandline.observations.arrays import Floats


@dataclass(frozen=True)
class Storm:
    """Terrain and sea level of the speed comparison.

    Attributes:
        bed: (H, W) from 4 m under the datum in the west to 2.5 m above it in the east [m].
        sea: (H, W) the open western edge.
        time: (T,) [s].
        level: (T,) tide and surge [m].
        manning: [s m-1/3].
        cell_size: [m].
        initial_level: [m].
    """

    bed: Floats
    sea: npt.NDArray[np.bool_]
    time: Floats
    level: Floats
    manning: float = 0.03
    cell_size: float = 30.0
    initial_level: float = 0.0


def make_storm(cells: int, seed: int) -> Storm:
    """Draw the terrain; the surge peaks at 12 h with 3 m."""
    generator = np.random.default_rng(seed)
    rough = gaussian_filter(generator.standard_normal((cells, cells)), 4, mode="nearest")
    slope = np.linspace(-4.0, 2.5, cells)
    sea = np.zeros((cells, cells), dtype=bool)
    sea[:, 0] = True
    time = np.arange(0.0, 24 * 3600.0 + 1, 600.0)
    tide = 0.4 * np.sin(2 * np.pi * time / 44712.0)  # M2
    return Storm(
        bed=slope + 0.5 * rough / rough.std(),
        sea=sea,
        time=time,
        level=tide + 3.0 * np.exp(-(((time - 43200.0) / 10800.0) ** 2)),
    )
