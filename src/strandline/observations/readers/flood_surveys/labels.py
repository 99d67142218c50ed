"""What surveys say of the water at one moment, as a label on the region's grid."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.observations.arrays import Mask
from strandline.observations.flood_scenes.scene import DRY, UNKNOWN, WET
from strandline.observations.readers.flood_surveys.flood_surveys import AROUND
from strandline.observations.variables import DEPTH_EDGES


def label_of_surveys(
    surveys: xr.Dataset,
    time: np.datetime64,
    permanent_water: Mask | None = None,
    within: np.timedelta64 = AROUND,
) -> npt.NDArray[np.int8]:
    """(H, W) ``WET``, ``DRY`` or ``UNKNOWN``; unknown wherever nobody looked.

    A survey holds the greatest depth of its flood, so what it says is dry was dry all the time, and what it says is wet
    may have drained by ``time``: choose ``within`` as short as the water stood. Water shallower than a flood's least
    depth is unknown. Where several floods are as near as that, the nearer in time is believed.

    Args:
        surveys: the modality ``flood_survey``.
        time: of the scene, UTC.
        permanent_water: (H, W) where a survey's "dry" is unknown, since it speaks of land alone.
        within: floods further away in time say nothing.
    """
    depth = surveys["flood_depth"].transpose("scene", "y", "x").values
    label = np.full(depth.shape[1:], UNKNOWN, dtype=np.int8)
    distance = np.abs(surveys["time"].values - time)
    for scene in np.argsort(distance, kind="stable")[: int((distance <= within).sum())]:
        wet, dry = depth[scene] >= DEPTH_EDGES[0], depth[scene] <= 0.0
        if permanent_water is not None:
            dry &= ~permanent_water
        unknown = label == UNKNOWN
        label[unknown & wet], label[unknown & dry] = WET, DRY
    return label
