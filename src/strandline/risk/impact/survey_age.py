"""Old surveys: where the forecaster's own damage states speak instead of the damage curve at the surveyed place."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import Hazard

OUTDATED_YEARS = 10
"""Age above which a survey of what stands is outdated [a]: homes are to be counted at least every ten years (United
Nations 2017, Principles and Recommendations for Population and Housing Censuses, revision 3)."""
TAUGHT_CONTINENTS = ("asia",)
"""Whose damage curves the damage heads were taught with; they know no others."""


def is_outdated(assets: gpd.GeoDataFrame, year: int) -> npt.NDArray[np.bool_]:
    """(A,) whether an asset was surveyed more than ``OUTDATED_YEARS`` before ``year``."""
    return np.asarray(year - assets["survey_year"].to_numpy(dtype=float) > OUTDATED_YEARS)


def states_where_outdated(
    hazard: Hazard, assets: gpd.GeoDataFrame, year: int, design_return_period: float, continent: str
) -> Floats | None:
    """(A, 5) the forecaster's damage states where a survey is outdated, NaN elsewhere.

    ``None`` where it says nothing of the assets, or was not taught on the continent's curves.
    """
    if hazard.damage_states is None or continent not in TAUGHT_CONTINENTS:
        return None
    said = hazard.damage_states[hazard.return_periods.index(design_return_period)]
    return np.where(is_outdated(assets, year)[:, None], said, np.nan)
