"""What satellite scenes say of whole zones: the flooded share of each, a few hours after a storm's peak."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.models.batch import DEPTH_EDGES
from strandline.observations.arrays import Floats, Indices


@dataclass(frozen=True)
class SceneQuality:
    """How flood maps of satellites err; all of it assumptions, chosen so that the map of an ordinary flood has an
    intersection over union of 0.7 to 0.8 with the truth, as the radar teacher's have on simulated coasts.

    Attributes:
        hit_rate, hit_spread: share of the flooded cells that a scene shows [-], and how much that differs from scene to
            scene (standard deviation): wind on the water, trees and houses over it.
        false_rate, false_spread: share of the dry cells that it shows as flooded [-] likewise.
        fall: greatest speed [m h-1] at which the water has fallen since the peak; each scene's is drawn below it.
    """

    hit_rate: float = 0.85
    hit_spread: float = 0.08
    false_rate: float = 0.03
    false_spread: float = 0.02
    fall: float = 0.04

    def __post_init__(self) -> None:
        for rate, spread in ((self.hit_rate, self.hit_spread), (self.false_rate, self.false_spread)):
            if not (0 <= rate <= 1 and spread >= 0 and (spread == 0 or spread**2 < rate * (1 - rate))):
                raise InputError("scene quality", f"a rate of {rate:g} ± {spread:g}", "give shares that can vary so")
        if not self.fall >= 0:
            raise InputError("scene quality", f"water falls by {self.fall:g} m h-1", "give 0 or more")

    def seen(self, share: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation over scenes of what is seen [-] of a flooded share [-] of many cells."""
        mean = self.hit_rate * share + self.false_rate * (1 - share)
        return mean, np.hypot(self.hit_spread * share, self.false_spread * (1 - share))


def observe_zones(
    max_depth: npt.NDArray[np.floating],
    hours_after_peak: Floats,
    of_cell: Indices,
    quality: SceneQuality,
    rng: np.random.Generator,
) -> Floats:
    """(E, Z) flooded share [-] of each zone's cells, as a scene of each of E floods shows it.

    A scene errs as a whole: it misses, and it sees where nothing is, at one rate for all its cells. The truth keeps
    only the greatest depth, so that the water of a scene is that depth less what has run off since.

    Args:
        max_depth: (E, H, W) true greatest depth [m].
        hours_after_peak: (E,) when each scene was taken [h].
        of_cell: (H, W) number of a cell's zone; −1 = none, or not to be counted.

    Raises:
        InputError: a scene before the peak, or shapes that do not belong together.
    """
    if max_depth.shape[1:] != of_cell.shape or hours_after_peak.shape != max_depth.shape[:1]:
        given = f"{max_depth.shape} depths, {hours_after_peak.shape} hours and {of_cell.shape} cells"
        raise InputError("scenes of zones", given, "give (E, H, W), (E,) and (H, W)")
    if not ((hours_after_peak >= 0).all() and np.isfinite(max_depth[:, of_cell >= 0]).all()):
        raise InputError("scenes of zones", "one is from before the peak, or a depth is unknown", "give the truth")
    run_off = rng.uniform(0.0, quality.fall, hours_after_peak.size) * hours_after_peak
    zone = of_cell[of_cell >= 0]
    flooded = max_depth[:, of_cell >= 0] - run_off[:, None] >= DEPTH_EDGES[0]  # (E, cells)
    cells = np.bincount(zone)
    wet = np.stack([np.bincount(zone, each, cells.size) for each in flooded]).astype(np.int64)  # (E, Z)
    hit = _rates(quality.hit_rate, quality.hit_spread, len(wet), rng)
    false = _rates(quality.false_rate, quality.false_spread, len(wet), rng)
    return np.asarray((rng.binomial(wet, hit) + rng.binomial(cells - wet, false)) / cells)


def _rates(mean: float, spread: float, count: int, rng: np.random.Generator) -> Floats:
    """(E, 1) shares of a beta law of this mean and standard deviation."""
    if spread == 0:
        return np.full((count, 1), mean)
    weight = mean * (1 - mean) / spread**2 - 1
    return rng.beta(mean * weight, (1 - mean) * weight, (count, 1))
