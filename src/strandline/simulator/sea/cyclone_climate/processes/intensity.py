"""How storms strengthen over sea, towards the potential intensity of a place and month, and weaken over land."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Bytes, Floats, Indices
from strandline.observations.weather.cyclone_fields import KNOT
from strandline.simulator.sea.cyclone_climate.fixes import Fixes, Steps, StormState
from strandline.simulator.sea.cyclone_climate.grid import COLUMNS, MONTHS, ROWS, cell_of, smooth, sums_over_cells
from strandline.simulator.sea.cyclone_climate.processes.landfall import DECAY_RATE, decay_over_land, fit_decay_rate

QUANTILE = 0.99
"""Of the recorded winds around a place and month, called its potential intensity."""
NEIGHBOURHOOD, SEASON, PRIOR = 5.0, 0.8, 10.0
"""Degrees and months of the neighbourhood, and fixes that the wider neighbourhood counts as."""
WIND_BINS = np.array([25.0, 35.0, 50.0, 65.0, 85.0, 110.0]) * KNOT
"""[m s-1] between the classes of wind that have their own noise."""
HIGHEST_SHARE = 1.1
"""[-] of the potential intensity beyond which no storm grows; one in a hundred recorded winds exceeds a share of 1."""
FASTEST = 20.0
"""[m s-1] Greatest change in six hours, as recorded once in some ten thousand steps."""
TREND_BINS = np.array([-0.7, 0.7, 1.7])
"""[m s-1 in six hours] between the classes of trend that have their own noise."""
PROBABILITIES = (np.arange(64) + 0.5) / 64
BASIN_PRIOR = 400.0
"""Steps that all basins together count as beside those of one."""
LOCAL_NEIGHBOURHOOD, LOCAL_PRIOR, LOCAL_QUANTUM = 3.0, 100.0, 0.01
"""Degrees of the neighbourhood of what a place adds, steps by which it is drawn to 0, and the unit it is stored in."""
WEAKEST = 10.0 * KNOT
"""[m s-1] below which no recorded storm falls."""
_LEVELS = np.arange(10.0, 190.0, 5.0) * KNOT


@dataclass(frozen=True, eq=False)
class Intensity:
    """Change of the 1-minute wind in six hours over sea.

    Attributes:
        potential: (12, H, W) potential intensity [m s-1], whole numbers.
        coefficients: (B, F) of the features of ``features_of``, for each basin.
        noise: (C, Q) quantiles of what is new in six hours [m s-1] for classes of wind, at ``PROBABILITIES``.
        noise_scale: (B,) of each basin [-].
        local: (H, W) what a place adds to the change [0.01 m s-1].
        decay_rate: () of the wind over land [h-1].
    """

    potential: Bytes
    coefficients: Floats
    noise: Floats
    noise_scale: Floats
    local: npt.NDArray[np.int8]
    decay_rate: Floats

    def potential_at(self, month: Indices, cell: Indices) -> Floats:
        """(N,) potential intensity [m s-1]."""
        return np.asarray(self.potential.reshape(MONTHS, -1)[month, cell].astype(np.float64))

    def change_over_sea(
        self, basin: Indices, cell: Indices, state: StormState, potential: Floats, latitude: Floats, chance: Floats
    ) -> Floats:
        """(N,) change of the wind in the next six hours over sea [m s-1].

        Args:
            basin: number of the basin in which each storm is; cell: number of its cell.
            potential: intensity of the place and month [m s-1].
            chance: (N,) uniform in [0, 1).
        """
        expected = np.einsum("nf,nf->n", features_of(state, potential, latitude), self.coefficients[basin])
        expected += LOCAL_QUANTUM * self.local.reshape(-1)[cell]
        at = np.clip(chance * PROBABILITIES.size - 0.5, 0.0, PROBABILITIES.size - 1.0)
        low = np.minimum(at.astype(np.int64), PROBABILITIES.size - 2)
        kind = class_of(state)
        left, right = self.noise[kind, low], self.noise[kind, low + 1]
        change = expected + self.noise_scale[basin] * (left + (at - low) * (right - left))
        room = np.maximum(HIGHEST_SHARE * potential - state.wind, 0.0)
        return np.asarray(np.clip(change, -FASTEST, np.minimum(room, FASTEST)))

    def wind_after(self, wind: Floats, change: Floats, land: Floats) -> Floats:
        """(N,) 1-minute wind [m s-1] six hours on: changes as over sea for the share over sea, then decays over land.

        Args:
            change: over sea [m s-1]; land: share of the step over land [-].
        """
        grown = np.maximum(wind + (1.0 - land) * change, WEAKEST)
        return decay_over_land(grown, 6.0 * land, float(self.decay_rate))


def features_of(state: StormState, potential: Floats, latitude: Floats) -> Floats:
    """(N, F) what the change of the wind depends on.

    The last change and the trend, the room below the potential intensity and the share of it that is reached, how far
    the storm is past its peak, and its age; after the regressions of James and Mason (2005) and Bloemendaal et al.
    (2020), which use pressure.
    """
    wind, room = state.wind, potential - state.wind
    share = np.minimum(wind / np.maximum(potential, 5.0), 1.5)
    past_peak = state.peak - wind
    parts = (
        np.ones_like(wind), state.change, state.trend, room, np.minimum(room, 0.0), share * room, wind, share**2,
        past_peak, np.minimum(past_peak, 5.0), np.minimum(state.age, 12.0), np.minimum(state.age, 4.0),
        np.abs(latitude), share * state.trend, np.maximum(wind - 25.0, 0.0), np.maximum(wind - 40.0, 0.0),
        np.maximum(state.trend, 0.0), np.maximum(np.abs(latitude) - 12.0, 0.0),
        np.maximum(np.abs(latitude) - 22.0, 0.0),
    )  # fmt: skip
    return np.stack(parts, axis=1)


FEATURES = 19


def class_of(state: StormState) -> Indices:
    """(N,) class of wind and trend whose noise a storm has."""
    wind, trend = np.searchsorted(WIND_BINS, state.wind, side="right"), np.searchsorted(TREND_BINS, state.trend)
    return np.asarray(wind * (TREND_BINS.size + 1) + trend)


def fit_intensity(fixes: Fixes, steps: Steps, region: Bytes, basins: int) -> Intensity:
    """The intensity of recorded steps that lie over sea, with the two before them."""
    cell = cell_of(fixes.longitude, fixes.latitude)
    sea = np.zeros(fixes.storm.size, dtype=bool)
    sea[steps.at] = steps.land == 0
    potential = _potential(cell[sea], fixes.month[sea], fixes.wind[sea])
    coefficients, scale = np.zeros((basins, FEATURES)), np.ones(basins)
    noise = np.zeros(((WIND_BINS.size + 1) * (TREND_BINS.size + 1), PROBABILITIES.size))
    rate = np.array(DECAY_RATE)
    local = np.zeros((ROWS, COLUMNS), dtype=np.int8)
    intensity = Intensity(potential, coefficients, noise, scale, local, rate)

    before = np.maximum(steps.before, 0)
    known = np.flatnonzero((steps.land == 0) & ((steps.before < 0) | (steps.land[before] == 0)))
    at = steps.at[known]
    change, state = steps.change[known], fixes.states.at(at)
    features = features_of(state, intensity.potential_at(fixes.month[at], cell[at]), fixes.latitude[at])
    basin = region.reshape(-1)[cell[at]]
    square, target = features.T @ features / known.size + 1e-6 * np.eye(FEATURES), features.T @ change / known.size
    for one in range(basins):
        own = features[basin == one]
        coefficients[one] = np.linalg.solve(
            own.T @ own + BASIN_PRIOR * square, own.T @ change[basin == one] + BASIN_PRIOR * target
        )
    left = change - np.einsum("nf,nf->n", features, coefficients[basin])
    here = cell[at]
    number, total = (
        smooth(sums_over_cells(here, None, each), LOCAL_NEIGHBOURHOOD, 0.0)[0] for each in (np.ones(left.size), left)
    )
    local[...] = np.clip(np.rint(total / (number + LOCAL_PRIOR) / LOCAL_QUANTUM), -127, 127)
    left = left - LOCAL_QUANTUM * local.reshape(-1)[here]
    spread = float(left.std())
    for one in range(basins):
        own = left[basin == one]
        scale[one] = np.sqrt((np.sum(own**2) + BASIN_PRIOR * spread**2) / (own.size + BASIN_PRIOR)) / spread
    kind = class_of(state)
    for each in range(noise.shape[0]):
        noise[each] = np.quantile((left / scale[basin])[kind == each], PROBABILITIES) if np.any(kind == each) else 0.0

    ashore = np.flatnonzero(steps.land > 0)
    at = steps.at[ashore]
    features = features_of(fixes.states.at(at), intensity.potential_at(fixes.month[at], cell[at]), fixes.latitude[at])
    over_sea = np.einsum("nf,nf->n", features, coefficients[region.reshape(-1)[cell[at]]])
    rate[...] = fit_decay_rate(fixes.wind[at], over_sea, fixes.wind[at + 1], steps.land[ashore])
    return intensity


def _potential(cell: Indices, month: Indices, wind: Floats) -> Bytes:
    """(12, H, W) quantile of the winds in the neighbourhood [m s-1]; where there are few, of wider ones."""
    level = np.searchsorted(_LEVELS, wind, side="right")
    counts = np.stack(
        [sums_over_cells(cell, month, (level == each).astype(np.float64)) for each in range(_LEVELS.size + 1)]
    )  # (levels, 12, H, W)
    share = np.broadcast_to(counts.sum(axis=(1, 2, 3), keepdims=True) / wind.size, counts.shape)
    for factor in (4.0, 2.0, 1.0):
        near = smooth(counts, factor * NEIGHBOURHOOD, factor * SEASON)
        share = (near + PRIOR * share) / (near.sum(axis=0) + PRIOR)
    below = np.cumsum(share, axis=0)  # chance to be below the upper edge of each class
    upper = np.append(_LEVELS, _LEVELS[-1] + 5.0 * KNOT)
    first = np.argmax(below >= QUANTILE, axis=0)
    above = np.take_along_axis(below, first[None], axis=0)[0]
    under = np.where(first > 0, np.take_along_axis(below, np.maximum(first - 1, 0)[None], axis=0)[0], 0.0)
    part = (QUANTILE - under) / np.maximum(above - under, 1e-12)
    return np.asarray(np.rint(upper[first] - (1.0 - part) * 5.0 * KNOT), dtype=np.uint8)
