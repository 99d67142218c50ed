"""Age of the asset survey: where it is outdated, the student's damage states replace those of the damage curve."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import Hazard

OUTDATED_YEARS = 10
"""Age above which an asset survey is outdated [a]: homes should be counted at least every ten years (United
Nations 2017, Principles and Recommendations for Population and Housing Censuses, revision 3)."""
TRAINING_CONTINENTS = ("asia",)
"""Continents of the damage curves on which the damage heads are trained."""


def is_outdated(assets: gpd.GeoDataFrame, year: int) -> npt.NDArray[np.bool_]:
    """(A,) whether an asset was surveyed more than ``OUTDATED_YEARS`` before ``year``."""
    return np.asarray(year - assets["survey_year"].to_numpy(dtype=float) > OUTDATED_YEARS)


def states_where_outdated(
    hazard: Hazard, assets: gpd.GeoDataFrame, year: int, design_return_period: float, continent: str
) -> Floats | None:
    """(A, 5) the student's damage states where the survey is outdated, NaN elsewhere.

    ``None`` where it predicts none, or was not trained on the continent's curves.
    """
    if hazard.damage_states is None or continent not in TRAINING_CONTINENTS:
        return None
    states = hazard.damage_states[hazard.return_periods.index(design_return_period)]
    return np.where(is_outdated(assets, year)[:, None], states, np.nan)
