"""The hazard: sampled sea levels and flood depths per return period, with unknown cells kept unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.observations import Provenance
from strandline.observations.region import Region
from strandline.observations.variables import DEPTH_EDGES

FLOODED_DEPTH = DEPTH_EDGES[0]
"""Depth from which a cell, an asset or a home counts as flooded [m]."""
NEW_CRESTS = "A new crest is taken to hold until the sea is above it."
BREACHES = (
    "Embankments breach in the flood maps only as the networks learned it, on average, from simulated coasts whose"
    " embankments breach at random. No map, damage or measure knows how strong an embankment of this place is; a new"
    " crest is taken to hold until the sea is above it."
)
"""What maps, damage and plan hold of breaches where none are sampled; every product says it in these words."""
NO_EMBANKMENT_COUNTS = (
    "Crests and conditions of surveyed embankments do not count in this map, nor do the breaches that a run simulates"
    " behind them: embankments hold or breach in it only as the networks learned it, on average. Behind one it may show"
    " too little water, or too much."
)
"""What maps hold of breaches that are those of the networks alone, whatever is known of the embankments."""


@dataclass(frozen=True, eq=False)
class Hazard:
    """Sea levels and flood maps, as S Monte-Carlo samples for R return periods.

    Attributes:
        return_periods: [years], ascending.
        levels: (S, R) return levels of the sea [m, region datum] that were mapped.
        flood_depth: (S, R, H, W) float32 depth [m]; NaN = unknown cell, never "dry".
        flood_probability: (R, H, W) float32 P(depth >= 0.15 m); NaN = unknown cell.
        flood_extent: (R, H, W) float32, 1 where a cell is predicted flooded, else 0; NaN = unknown cell.
        epistemic_sd: (R, H, W) float32 standard deviation [-] of the members' flood probabilities: the epistemic
            part, which more data could reduce. NaN = unknown cell.
        provenance: of the observations used.
        damage_states: (R, A, 5) the student's probabilities of the damage states of the assets [-], mean over the
            samples; NaN outside the region; ``None`` = not predicted.
        drawn_levels: (N, R) all sampled return levels [m, region datum]; each N / S in a row belong to one sample of
            the maps. ``None`` = those that were mapped.
        breaches: what the maps hold of breaches, in sentences.
    """

    region: Region
    return_periods: tuple[float, ...]
    levels: npt.NDArray[np.float64]
    flood_depth: npt.NDArray[np.float32]
    flood_probability: npt.NDArray[np.float32]
    flood_extent: npt.NDArray[np.float32]
    epistemic_sd: npt.NDArray[np.float32]
    provenance: Mapping[str, Provenance]
    damage_states: npt.NDArray[np.float64] | None = None
    drawn_levels: npt.NDArray[np.float64] | None = None
    breaches: str = BREACHES

    def __post_init__(self) -> None:
        periods = np.asarray(self.return_periods, dtype=float)
        if periods.size == 0 or (periods <= 1).any() or (np.diff(periods) <= 0).any():
            raise InputError(
                "hazard", f"return periods {self.return_periods} are not ascending above 1 year", "sort them"
            )
        if self.levels.ndim != 2 or self.levels.shape[0] == 0 or not np.isfinite(self.levels).all():
            raise InputError("hazard", f"levels have shape {self.levels.shape} or gaps", "give finite (S, R) levels")
        if len(self.level_draws) % len(self.levels) or self.level_draws.shape[1:] != self.levels.shape[1:]:
            found = f"drawn_levels have shape {self.level_draws.shape}"
            raise InputError("hazard", found, f"need (N, {periods.size}), N a multiple of {len(self.levels)} samples")
        expected = (*self.levels.shape, *self.region.shape)
        if self.levels.shape[1] != periods.size or self.flood_depth.shape != expected:
            raise InputError(
                "hazard",
                f"flood_depth is {self.flood_depth.shape}, levels {self.levels.shape}",
                f"need (S, R, H, W) with R = {periods.size} and (H, W) = {self.region.shape}",
            )
        for name in ("flood_probability", "flood_extent", "epistemic_sd"):
            shape = getattr(self, name).shape
            if shape != expected[1:]:
                raise InputError("hazard", f"{name} is {shape}", f"need (R, H, W) = {expected[1:]}")
        if (self.flood_depth < 0).any():
            raise InputError("hazard", "flood_depth has negative depths", "depth is 0 on dry ground, NaN where unknown")
        if ((self.flood_probability < 0) | (self.flood_probability > 1)).any():
            raise InputError("hazard", "flood_probability leaves 0 to 1", "give probabilities, NaN where unknown")

    @property
    def level_draws(self) -> npt.NDArray[np.float64]:
        """(N, R) all sampled return levels [m, region datum]."""
        return self.levels if self.drawn_levels is None else self.drawn_levels

    def seen_from(self, lower: npt.NDArray[np.float64]) -> Self:
        """The same maps with levels from ground that lies ``lower`` [m] than the datum, (S, 1)."""
        drawn = self.level_draws + np.repeat(lower, len(self.level_draws) // len(self.levels), axis=0)
        return replace(self, levels=self.levels + lower, drawn_levels=drawn)


@dataclass(frozen=True, eq=False)
class FutureHazard:
    """Flood maps of the storms of today at a future sea, on the land of its time.

    Attributes:
        name: says so where it is that of land after subsidence.
        rise: median of the mean sea level against the land [m], above that of the baseline year.
        source: of the rise.
        hazard: its maps; its levels contain the rise.
        sunk: how much lower the land of the maps lies than in the baseline year, mean over the assets [m].
        same_sea_today: the same rise on today's land, where ``hazard`` is on land that sank unevenly.
        frequent: the same storms on the land of its time, at levels of shorter return periods; ``None`` = not mapped.
    """

    name: str
    rise: float
    source: str
    hazard: Hazard
    sunk: float = 0.0
    same_sea_today: Hazard | None = None
    frequent: Hazard | None = None

    @property
    def on_todays_land(self) -> Hazard:
        """Maps of the risen sea on the land of the baseline year."""
        return self.hazard if self.same_sea_today is None else self.same_sea_today
