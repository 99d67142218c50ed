"""The sceptic's baseline: water stands everywhere as high as the sea, wherever the sea can walk to."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from strandline.observations.variables import DEPTH_EDGES


def connected_bathtub(
    elevation: npt.NDArray[np.floating], permanent_water: npt.NDArray[np.bool_], level: float
) -> npt.NDArray[np.bool_]:
    """Cells that a still sea at ``level`` floods by 0.15 m or more.

    Args:
        elevation: (H, W) [m above the region's datum]; NaN = unknown.
        permanent_water: (H, W) where the flood comes from; not part of the answer.
        level: of the sea [m above the region's datum].

    Returns:
        (H, W). Water passes through the four faces of a cell below ``level``. Unknown cells conduct nothing and are
        False: leave them out of a score, they are not known to be dry.
    """
    water = np.asarray(permanent_water, dtype=bool)
    low = water | (elevation < level)
    parts, _ = label(low)
    reached = np.isin(parts, np.unique(parts[water]))
    flooded: npt.NDArray[np.bool_] = reached & ~water & (level - elevation >= DEPTH_EDGES[0])
    return flooded
