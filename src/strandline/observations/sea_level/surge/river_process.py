"""A river upstream as a normal process that answers the rain: its flow about an hour of issue, and how sure it is."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.surge.kernels import AFTER, BEFORE
from strandline.observations.sea_level.surge.residual_process import fit_residual_covariance, weights_of_readings
from strandline.observations.sea_level.surge.weather_response import RAIN, WeatherResponse, fit_weather_response

RATING_POWER = 5.0 / 3.0
"""Of the level above that of no flow, to which the discharge of a wide channel is proportional (Manning's formula). The
level at the sea answers such a flow better than its logarithm, its root or the level itself: found in left-out weeks of
one river (decision 55)."""
NEWEST = 72
"""Hours before an issue whose readings tell of the hours ahead; without any in them the river is not known."""
READ, AHEAD = NEWEST + BEFORE, 72 + AFTER
"""Hours up to and including the issue, and after it, whose flow the response of a level needs."""
FEWEST_HOURS = 336
"""Of readings with known rain that a response to it needs: two weeks; an assumption."""


@dataclass(frozen=True, eq=False)
class RiverProcess:
    """A river's flow: a normal process, and its response to the rain where that was known.

    Attributes:
        name: of the river.
        lowest: level of no flow, the lowest read [m above the gauge's zero]; ``None`` = readings are discharge.
        mean, scale: of the flow [m3 s-1, or m^(5/3) of levels].
        covariance: (168,) autocovariance of the flow per scale, without rain.
        response: of the flow per scale to the rain; ``None`` = none is known.
    """

    name: str
    lowest: float | None
    mean: float
    scale: float
    covariance: Floats
    response: WeatherResponse | None

    def flow(self, readings: Floats) -> Floats:
        """Readings as flow; a level below the lowest that was known is one of no flow."""
        return _flow(readings, self.lowest)

    def dry(self, rain: Floats | None) -> Floats | None:
        """The mean rain at every hour of known rain."""
        if rain is None or self.response is None:
            return rain
        return np.where(np.isfinite(rain), self.response.columns[0].mean, np.nan)

    def expect(self, readings: Floats, rain: Floats | None) -> tuple[Floats, Floats]:
        """Flow expected about each issue, and how unsure its age makes it, (N, 222) from 143 h before to 78 h after.

        The latter is what missing readings and unknown rain add to the standard deviation after a reading at the hour
        of issue. Both are NaN without a reading in the last 72 h. Between older readings the flow is interpolated.

        Args:
            readings: (N, 144) known at the issue, up to it; NaN = none.
            rain: (N, 222) as known at the issue [mm h-1]; NaN = not known. ``None`` = there is none.
        """
        flow = (self.flow(readings) - self.mean) / self.scale
        recent = flow[:, BEFORE:]
        expected, spread = self._conditional(recent, rain)
        mean, deviation = np.zeros((len(flow), READ + AHEAD)), np.zeros((len(flow), READ + AHEAD))
        mean[:, BEFORE:], deviation[:, BEFORE:] = expected, spread
        for row, seen in enumerate(np.isfinite(flow)):
            at = np.flatnonzero(seen)
            if at.size:
                mean[row, :BEFORE] = np.interp(np.arange(BEFORE), at, flow[row, at])
        silent = ~np.isfinite(recent).any(axis=1)
        mean[silent], deviation[silent] = np.nan, np.nan
        return self.mean + self.scale * mean, self.scale * deviation

    def _conditional(self, recent: Floats, rain: Floats | None) -> tuple[Floats, Floats]:
        """As `expect`, (N, 150) of the scaled flow from 71 h before an issue to 78 h after it."""
        alone = _conditional(recent, np.zeros((len(recent), NEWEST + AHEAD)), self.covariance)
        if self.response is None or rain is None:
            return alone
        padded = np.pad(rain, ((0, 0), (0, AFTER)), constant_values=np.nan)[..., None]
        scaled = self.response.scaled(padded)
        unknown = np.isnan(scaled)
        answer = self.response.answer(np.where(unknown, 0.0, scaled))
        missing, whole = self.response.weight_of(unknown)
        mean, spread = _conditional(recent, answer, self.response.residual_covariance)
        spread = np.hypot(spread, missing[..., 0])
        has_rain = missing[:, NEWEST - 1, 0] <= 0.5 * whole[0]  # of what the newest reading answers
        return np.where(has_rain[:, None], mean, alone[0]), np.where(has_rain[:, None], spread, alone[1])


def fit_river_process(name: str, readings: Floats, rain: Floats | None, *, is_stage: bool) -> RiverProcess:
    """Fit to a river's record.

    Args:
        readings: (T,) hourly discharge [m3 s-1], or levels [m above the gauge's zero]; NaN = none.
        rain: (T,) [mm h-1], NaN = not known; ``None`` = there is none.
        is_stage: whether the readings are levels.

    Raises:
        RefusedByTheory: less than two readings, or all are the same.
    """
    known = readings[np.isfinite(readings)]
    if known.size < 2 or np.ptp(known) == 0:
        raise RefusedByTheory(f"river '{name}' has {known.size} readings that do not differ: no process can be fitted")
    lowest = float(known.min()) if is_stage else None
    flow = _flow(readings, lowest)
    mean, scale = float(np.nanmean(flow)), float(np.nanstd(flow))
    scaled, modes = (flow - mean) / scale, np.zeros((flow.size, 0), dtype=np.float32)
    response = None
    if rain is not None and (np.isfinite(rain) & np.isfinite(flow)).sum() >= FEWEST_HOURS:
        try:
            response = fit_weather_response(scaled, modes, rain[:, None], (RAIN,))
        except RefusedByTheory:  # no reading has all of the rain before it
            response = None
    covariance = fit_residual_covariance(scaled, modes, np.zeros((0, 168)))
    return RiverProcess(name, lowest, mean, scale, covariance, response)


def _flow(readings: Floats, lowest: float | None) -> Floats:
    return readings if lowest is None else np.maximum(readings - lowest, 0.0) ** RATING_POWER


def _conditional(recent: Floats, answer: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Mean (N, 150) given readings (N, 72) and the answer to the rain (N, 150), and what gaps add to its deviation."""
    seen: Mask = np.isfinite(recent)
    kinds, which = np.unique(np.vstack([seen, np.ones((1, NEWEST), dtype=bool)]), axis=0, return_inverse=True)
    which = which.ravel()
    weights, spread = weights_of_readings(kinds, covariance, answer.shape[1])
    left = np.where(seen, recent - answer[:, :NEWEST], 0.0)
    mean = answer.copy()
    for kind in np.unique(which[:-1]):
        rows = which[:-1] == kind
        mean[rows] += left[rows] @ weights[kind]
    return mean, np.sqrt(np.maximum(spread[which[:-1]] ** 2 - spread[which[-1]] ** 2, 0.0))
