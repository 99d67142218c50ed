"""Statistical model of the sea level at a gauge: tide, error of the tide, and covariance of the residual."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import FittedTide, predict_tide
from strandline.observations.sea_level.surge.forecast_window import TIDE_MODES


@dataclass(frozen=True, eq=False)
class SeaLevelModel:
    """Tide and residual covariance of a gauge; the prior of every forecast (`residual_process`).

    Attributes:
        fitted: tide of the levels above the gauge's stated mean sea level; its ``mean`` corrects that level.
        residual_covariance: (96,) autocovariance [m2] of the hourly residual about that tide, at lags 0 to 95 h.
    """

    fitted: FittedTide
    residual_covariance: Floats

    def tide(self, time: Times) -> Floats:
        """Tide and its mean [m above the stated mean sea level] at times of any shape."""
        return self.fitted.mean + predict_tide(self.fitted.constants, time.ravel()).reshape(time.shape)

    def tide_error_modes(self, time: Times) -> npt.NDArray[np.float32]:
        """(B, H) times → (B, H, 16) leading modes [m] of the tide's error in these hours.

        Within four days about one pair of modes per species suffices; the others hold less than a thousandth of the
        variance.
        """
        modes = self.fitted.error_modes(time.ravel()).reshape(*time.shape, -1).astype(np.float64)  # (B, H, R)
        variance, patterns = np.linalg.eigh(modes @ modes.swapaxes(1, 2))  # (B, H), (B, H, H), the largest last
        found = patterns * np.sqrt(np.maximum(variance, 0.0))[:, None]
        kept = np.zeros((*time.shape, TIDE_MODES), dtype=np.float32)
        kept[..., : time.shape[1]] = found[..., : -TIDE_MODES - 1 : -1]
        return kept
