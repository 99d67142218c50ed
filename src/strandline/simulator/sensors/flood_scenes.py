"""Errors of satellite flood maps, as one flooded share per zone."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats


@dataclass(frozen=True)
class SceneQuality:
    """Hit rate and false alarm rate of satellite flood maps.

    The numbers are assumptions. They give the map of an ordinary flood an intersection over union of 0.7 to 0.8 with
    the truth, like the maps of the radar teacher on simulated coasts.

    Attributes:
        hit_rate, hit_spread: share of the flooded cells that a scene shows [-], and its standard deviation between
            scenes: wind on the water, trees and houses over it.
        false_rate, false_spread: share of the dry cells that a scene shows as flooded [-], likewise.
    """

    hit_rate: float = 0.85
    hit_spread: float = 0.08
    false_rate: float = 0.03
    false_spread: float = 0.02

    def __post_init__(self) -> None:
        for rate, spread in ((self.hit_rate, self.hit_spread), (self.false_rate, self.false_spread)):
            if not (0 <= rate <= 1 and spread >= 0 and (spread == 0 or spread**2 < rate * (1 - rate))):
                raise InputError(
                    "scene quality",
                    f"no share has mean {rate:g} and standard deviation {spread:g}",
                    "reduce the spread",
                )

    def seen(self, share: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation over scenes of the mapped share [-], for a flooded share [-] of many cells."""
        mean = self.hit_rate * share + self.false_rate * (1 - share)
        return mean, np.hypot(self.hit_spread * share, self.false_spread * (1 - share))
