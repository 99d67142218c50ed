"""Connected bathtub: still water at sea level on every cell that is connected to the sea."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from strandline.observations.variables import DEPTH_EDGES


def connected_bathtub(
    elevation: npt.NDArray[np.floating], permanent_water: npt.NDArray[np.bool_], level: float
) -> npt.NDArray[np.bool_]:
    """Cells that still water at ``level`` floods by 0.15 m or more.

    Args:
        elevation: (H, W) [m above the region's datum]; NaN = unknown.
        permanent_water: (H, W) source of the flood; not part of the result.
        level: of the sea [m above the region's datum].

    Returns:
        (H, W). Water passes through the four faces of a cell below ``level``. Unknown cells block water and are
        False; leave them out of scores, since they are not known to be dry.
    """
    water = np.asarray(permanent_water, dtype=bool)
    low = water | (elevation < level)
    parts, _ = label(low)
    reached = np.isin(parts, np.unique(parts[water]))
    flooded: npt.NDArray[np.bool_] = reached & ~water & (level - elevation >= DEPTH_EDGES[0])
    return flooded
