"""The ground, seas and people of a place, kept so that works can be tried on it after the run."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.observations.region import Region
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.timing.simulated_floods import KnownGround
from strandline.simulator.design_storms import StormDesigner
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.sea.sea import STORM_PEAK_HOUR

STORM_LEVELS = 6
"""Peaks of which a storm is kept; those between are linear between them."""
DRAWN_SHAPES = 9
"""Storms of which the one that stays high the longest is kept: an upper bound of what flows over a crest."""
HOURS_BEFORE, HOURS_AFTER = 8, 13
"""Of the peak that are simulated: from before the rise until the next high water, which comes in as well."""


@dataclass(frozen=True)
class TrialFuture:
    """A future sea of the run.

    Attributes:
        name, source: of the scenario.
        rise: median against the land [m].
    """

    name: str
    source: str
    rise: float


@dataclass(frozen=True, eq=False)
class TrialGround:
    """What works are tried on.

    Attributes:
        bed: (H, W) ground over which water passes [m, region datum]: the elevation product within the bounds that past
            floods set for it; NaN = unknown.
        surface: (H, W) ground on which water stands [m, region datum]: the lower of it and the product.
        land: (H, W) no permanent water.
        open_sea: (H, W) cells at which the sea enters.
        roughness: (H, W) Manning's n [s m-1/3].
        mean_sea_level: [m, region datum].
        return_periods: P, ascending [years].
        levels: (N, P) draws of the return levels of today [m, region datum].
        futures: of the run.
        storms: (G, T) hourly sea at the gauge [m, region datum], the peaks ascending.
        set_up: (G,) how much higher the sea stands at the shore, by waves [m].
        curve_deviates: (N, 6) of the damage curves in the same draws.
        people: (H, W) of a map of people [-]; ``None`` = the survey counts them, or nobody does.
    """

    region: Region
    bed: Floats
    surface: Floats
    land: Mask
    open_sea: Mask
    roughness: Floats
    mean_sea_level: float
    return_periods: tuple[float, ...]
    levels: Floats
    futures: tuple[TrialFuture, ...]
    storms: Floats
    set_up: Floats
    curve_deviates: Floats
    people: Floats | None = None

    def __post_init__(self) -> None:
        for name in ("bed", "surface", "land", "open_sea", "roughness", "people"):
            values = getattr(self, name)
            if values is not None and np.shape(values) != self.region.shape:
                raise InputError("trial ground", f"{name} is {np.shape(values)}", f"give {self.region.shape}")
        draws, periods = len(self.levels), len(self.return_periods)
        if self.levels.shape != (draws, periods) or len(self.curve_deviates) != draws:
            raise InputError("trial ground", f"levels are {self.levels.shape}", "one for each draw and return period")
        if not self.open_sea.any():
            raise InputError("trial ground", "no cell connects it with the open sea", "move the sea point")
        if len(self.set_up) != len(self.storms) or not (np.diff(self.peaks) > 0).all():
            raise InputError("trial ground", "the peaks of its storms do not ascend", "sort them")

    @property
    def peaks(self) -> Floats:
        """(G,) of the kept storms at the gauge [m, region datum]."""
        return np.asarray(self.storms.max(axis=1))

    @property
    def highest_rise(self) -> float:
        """The greatest of the futures [m]; 0 where there is none."""
        return max((each.rise for each in self.futures), default=0.0)

    def at_shore(self, level: Floats) -> Floats:
        """The sea at the shore for levels at the gauge [m, region datum]."""
        return np.asarray(level + np.interp(level, self.peaks, self.set_up))

    def storm_of(self, level: Floats) -> Floats:
        """(L, T) hourly sea at the shore of storms with peaks (L,) at the gauge [m, region datum]."""
        peaks = self.peaks
        upper = np.clip(np.searchsorted(peaks, level), 1, len(peaks) - 1)
        part = ((level - peaks[upper - 1]) / (peaks[upper] - peaks[upper - 1]))[:, None]
        between = (1 - part) * self.storms[upper - 1] + part * self.storms[upper]
        return np.asarray(between + np.interp(level, peaks, self.set_up)[:, None])

    def basin(self) -> Basin:
        """The domain of the solver."""
        ground = KnownGround.shallow(self.bed, self.land, self.mean_sea_level)
        return Basin(ground, self.roughness, self.region.cell_size, self.open_sea)


def trial_ground(
    known: KnownGround,
    product: Floats,
    designer: StormDesigner,
    hazard: Hazard,
    frequent: Hazard | None,
    futures: tuple[FutureHazard, ...],
    curve_deviates: Floats,
    people: npt.NDArray[np.floating] | None,
    rng: np.random.Generator,
) -> TrialGround:
    """What a run keeps of a place, so that works can be tried on it.

    Args:
        known: the ground, as the times of its water are simulated on it.
        product: (H, W) the elevation product [m, region datum].
        people: (H, W) of a map of people.
        rng: draws tides and shapes of storms.
    """
    shorter = [] if frequent is None else [frequent]
    levels = np.concatenate([each.level_draws for each in (*shorter, hazard)], axis=1)
    periods = tuple(period for each in (*shorter, hazard) for period in each.return_periods)
    kept = tuple(TrialFuture(each.name, each.source, each.rise) for each in futures)
    rise = max((each.rise for each in kept), default=0.0)
    low, high = float(levels.min()), float(levels.max()) + max(rise, 0.0)
    peaks = np.linspace(max(low, designer.mean_sea_level + 0.1), max(high, low + 0.5), STORM_LEVELS)
    span = slice(STORM_PEAK_HOUR - HOURS_BEFORE, STORM_PEAK_HOUR + HOURS_AFTER + 1)
    drawn = [designer.draw(peaks, rng).level[:, span] for _ in range(DRAWN_SHAPES)]
    storms = max(drawn, key=lambda level: float(level.sum()))
    terrain = known.terrain
    return TrialGround(
        hazard.region, terrain.bed, np.fmin(terrain.bed, product), terrain.land, terrain.open_boundary,
        terrain.roughness, designer.mean_sea_level, periods, levels, kept, storms, known.set_up_at(peaks),
        curve_deviates, None if people is None else np.asarray(people, dtype=np.float64),
    )  # fmt: skip
