"""What a gauge's record tells of its sea: the tide, how far off that may be, and how weather about it is forgotten."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.forecast_window import TIDE_MODES
from strandline.observations.sea_level.harmonic_tide import FittedTide, predict_tide


@dataclass(frozen=True, eq=False)
class SeaLevelModel:
    """Where every forecast at a gauge starts (`models.gauge_process`).

    Attributes:
        fitted: to levels above the gauge's stated mean sea level, which these may not quite swing about.
        weather: (96,) autocovariance [m2] of the hourly residual about that tide, at lags 0 to 95 h.
    """

    fitted: FittedTide
    residual_covariance: Floats

    def tide(self, time: Times) -> Floats:
        """Level without weather [m above the stated mean sea level] at times of any shape."""
        return self.fitted.mean + predict_tide(self.fitted.constants, time.ravel()).reshape(time.shape)

    def tide_error_modes(self, time: Times) -> npt.NDArray[np.float32]:
        """(B, H) times → (B, H, 16) ways [m] in which the tide of these hours may be off.

        Within four days the many modes of a tide are hardly more than one pair a species: what is left out is below a
        thousandth of their variance.
        """
        modes = self.fitted.error_modes(time.ravel()).reshape(*time.shape, -1).astype(np.float64)  # (B, H, R)
        variance, patterns = np.linalg.eigh(modes @ modes.swapaxes(1, 2))  # (B, H), (B, H, H), the largest last
        found = patterns * np.sqrt(np.maximum(variance, 0.0))[:, None]
        kept = np.zeros((*time.shape, TIDE_MODES), dtype=np.float32)
        kept[..., : time.shape[1]] = found[..., : -TIDE_MODES - 1 : -1]
        return kept
