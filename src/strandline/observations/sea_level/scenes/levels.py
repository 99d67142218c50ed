"""The sea's level when a scene was taken, and how well it is known: a flood on an image is a waterline only then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
import xarray as xr

from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.sea_level.scenes.latent_levels import SCENE_SPREAD
from strandline.observations.sea_level.scenes.local_tide import LocalTide
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.residual_process import predict_residual

LevelSource = Literal[
    "own gauge",
    "own gauge, hours away",
    "neighbouring gauges",
    "tide fitted to the scenes",
    "tide and air pressure",
    "tide alone",
    "unknown",
]
READ: tuple[LevelSource, ...] = ("own gauge", "own gauge, hours away", "neighbouring gauges")
GAUGE_SD, NEIGHBOUR_SD = 0.03, 0.15
"""Standard deviation [m] of a level from the own gauge, and from neighbours."""
HOURS_BEFORE_SCENE = 14
"""Water that the sea left on land within these hours may still stand there: the teacher was trained on scenes of up to
14 h after a storm's peak."""
UNCOMPARED_LAG, LAG_OF_SIZE = 0.5, 12.42 / (2 * np.pi)
"""[h] By which a published tide that no reading was compared with may come early or late here, at least; and for each
unit of the error of ln(size), as if errors of M2's phase were like those of its size. ASSUMPTIONS: over 20 to 50 km the
hourly error of TICON's tides is 1.8 times that of their size (``python -m benchmarks.tides``)."""
YEARLY_RISE = 0.005
"""[m a-1] By which the mean sea level outside a record may differ from that within: global mean rise is 4 mm a year."""
INVERSE_BAROMETER = -1.0 / (1025.0 * 9.81)
"""[m Pa-1] Rise of the sea where the air presses less; the wind's part is not in it."""
PRESSURE_DAYS, PRESSURE_STEP = 30.0, np.timedelta64(6, "h")
"""Of fields whose mean is taken for normal; how near in time their values must lie."""
REDUCED = 0.75
"""Readings hours away count as such where they reduce the spread of the residual to this share or less."""

_HOUR = np.timedelta64(1, "h")
_AROUND = 47
"""Hours of readings to either side: 95 in all, as many as the residual has lags."""


@dataclass(frozen=True, eq=False)
class LevelsAtScenes:
    """The sea at N scenes [m above the own gauge's mean sea level].

    Attributes:
        level: at the scene's minute, NaN = unknown; ``sd``: its standard deviation.
        highest: highest level of the ``HOURS_BEFORE_SCENE`` before, the scene's own included.
        highest_at: its time, to the hour.
        source: where each level is from.
    """

    level: Floats
    sd: Floats
    highest: Floats
    highest_at: Times
    source: tuple[LevelSource, ...]

    @property
    def is_known(self) -> Mask:
        """(N,) whether there is a level."""
        return np.isfinite(self.level)

    @property
    def was_read(self) -> Mask:
        """(N,) whether a gauge was read at the time or hours away; else the level is predicted, as of ordinary days."""
        return np.array([source in READ for source in self.source], dtype=bool)

    def without(self, unknown: Mask) -> "LevelsAtScenes":
        """The same with no level at the scenes of a mask (N,)."""
        nothing: LevelSource = "unknown"
        return replace(
            self,
            level=np.where(unknown, np.nan, self.level),
            sd=np.where(unknown, np.nan, self.sd),
            highest=np.where(unknown, np.nan, self.highest),
            source=tuple(nothing if lost else source for lost, source in zip(unknown, self.source, strict=True)),
        )

    @property
    def of_the_water_shown(self) -> tuple[Floats, Floats]:
        """(N,) level that belongs to the water on the images, and its standard deviation.

        What stands on land came between the sea at the scene and the highest sea of the hours before; which of them,
        the land's drainage decides. The level is taken as uniform between the two.
        """
        gap = self.highest - self.level
        return self.level + gap / 2, np.hypot(self.sd, gap / np.sqrt(12.0))


def unknown_levels(times: Times) -> LevelsAtScenes:
    """No level for any scene: neither a reading nor a tide whose phase is known."""
    unknown: LevelSource = "unknown"
    nothing = np.full(times.size, np.nan)
    return LevelsAtScenes(nothing, nothing, nothing, times.astype("datetime64[h]"), (unknown,) * times.size)


def levels_by_local_tide(times: Times, fitted: Mask, tide: LocalTide) -> LevelsAtScenes:
    """The sea at the times of scenes by a tide that was fitted to them.

    The level of a scene that the tide was fitted to is what its own water tells with those of all others; of another
    one it is predicted.

    Args:
        times: (N,) UTC; fitted: (N,) those that the tide was fitted to, in the order of ``tide.latent``.
    """
    level, sd = tide.level(times)
    above = np.zeros(times.size)
    above[fitted] = tide.latent.level - level[fitted]
    sd = np.hypot(sd, SCENE_SPREAD)  # a scene shows its own water
    sd[fitted] = tide.latent.level_sd
    hours = times[:, None] - np.arange(HOURS_BEFORE_SCENE, -1, -1) * _HOUR
    before = tide.level(hours.ravel())[0].reshape(hours.shape) + above[:, None]  # (N, 15), the scene's own hour last
    rows, top = np.arange(times.size), before.argmax(axis=1)
    source: LevelSource = "tide fitted to the scenes"
    at = (hours[rows, top] + _HOUR / 2).astype("datetime64[h]")
    return LevelsAtScenes(level + above, sd, before[rows, top], at, (source,) * times.size)


def levels_at_scenes(
    times: Times,
    sea_level: SeaLevelModel,
    gauge: xr.Dataset | None,
    air_pressure: tuple[Times, Floats] | None = None,
    residual_factor: float = 1.0,
    size_error: float = 0.0,
) -> LevelsAtScenes:
    """The sea at the times of scenes: what was read then, else the predicted tide and what is known beside it.

    The residual about the tide has the distribution that the readings of two days to either side leave it
    (`predict_residual`). Where none was made, neighbours that were read give it, else the air pressure its mean, else
    nothing.

    Args:
        times: (N,) UTC, to the minute.
        gauge: the ``tide_gauge`` modality, of readings; ``None`` = the sea was never read.
        air_pressure: times (T,), ascending, and pressure at sea level (T,) [Pa].
        residual_factor: how many times as large the residual may be as the model's, where the sea was never read.
        size_error: deviation of ln(size) of the tide, where the sea was never read [-].

    Source: inverse barometer, Wunsch and Stammer (1997), Reviews of Geophysics 35, 79-107.
    """
    if not times.size:
        return unknown_levels(times)
    hour = (times + _HOUR / 2).astype("datetime64[h]")
    around = (hour[:, None] + np.arange(-_AROUND, _AROUND + 1)).astype("datetime64[ns]")  # (N, 95)
    own, seen, neighbours = _readings(around, sea_level, gauge)
    covariance = torch.from_numpy(sea_level.residual_covariance * residual_factor**2).expand(times.size, -1)
    modes = torch.from_numpy(sea_level.tide_error_modes(around).astype(np.float64))
    first = _AROUND - HOURS_BEFORE_SCENE
    mean, spread = (
        each[:, : HOURS_BEFORE_SCENE + 1].numpy()
        for each in predict_residual(torch.from_numpy(own), torch.from_numpy(seen), covariance, modes, first)
    )  # (N, 15), the scene's own hour last
    before = times[:, None] - np.arange(HOURS_BEFORE_SCENE, -1, -1) * _HOUR
    tide, sd = sea_level.tide(before), spread[:, -1]
    unread = np.sqrt(covariance[:, 0].numpy() + modes[:, _AROUND].square().sum(1).numpy())
    pressure = _pressure_residual(times, air_pressure)
    read, near = seen[:, _AROUND], sd <= REDUCED * unread
    beside = np.isfinite(neighbours) & ~read & (sd > NEIGHBOUR_SD)
    pressed = np.isfinite(pressure) & ~read & ~near & ~beside
    shift = np.where(beside, neighbours - mean[:, -1], np.where(pressed, pressure, 0.0))
    level = tide + mean + shift[:, None]  # (N, 15)
    sd = np.where(beside, NEIGHBOUR_SD, np.maximum(sd, GAUGE_SD))
    sd = np.hypot(sd, _drift(times, gauge))
    if gauge is None:
        hours = max(UNCOMPARED_LAG, LAG_OF_SIZE * size_error)
        lag = np.timedelta64(round(60 * hours), "m")
        late = (sea_level.tide(times + lag) - sea_level.tide(times - lag)) / 2
        sd = np.sqrt(sd**2 + late**2 + (size_error * (sea_level.tide(times) - sea_level.fitted.mean)) ** 2)
    rows, top = np.arange(times.size), level.argmax(axis=1)
    return LevelsAtScenes(
        level[:, -1], sd, level[rows, top], hour - (HOURS_BEFORE_SCENE - top) * _HOUR,
        _sources(read, near & ~beside, beside, pressed),
    )  # fmt: skip


def _readings(around: Times, sea_level: SeaLevelModel, gauge: xr.Dataset | None) -> tuple[Floats, Mask, Floats]:
    """Own residuals (N, 95) and where they were read, and the mean residual of the neighbours at each scene (N,)."""
    if gauge is None:
        nothing = np.zeros(around.shape)
        return nothing, nothing.astype(bool), np.full(len(around), np.nan)
    time, mean = gauge["time"].values, gauge["mean_sea_level"].values[:, None]
    level = np.where(gauge["quality"].values == 0, gauge["water_level"].values, np.nan) - mean  # (S, T)
    position = np.minimum(np.searchsorted(time, around), time.size - 1)
    residual = np.where(time[position] == around, level[:, position], np.nan) - sea_level.tide(around)  # (S, N, 95)
    seen = np.isfinite(residual[0])
    others, count = residual[1:, :, _AROUND], np.isfinite(residual[1:, :, _AROUND]).sum(axis=0)
    beside = np.where(count > 0, np.nansum(others, axis=0) / np.maximum(count, 1), np.nan)
    return np.where(seen, residual[0], 0.0), seen, beside


def _pressure_residual(times: Times, air_pressure: tuple[Times, Floats] | None) -> Floats:
    """(N,) residual that the air's pressure explains [m]; NaN = not known at that time."""
    if air_pressure is None:
        return np.full(times.size, np.nan)
    time, pressure = air_pressure
    if time.size < 2 or (time[-1] - time[0]) / np.timedelta64(1, "D") < PRESSURE_DAYS:
        return np.full(times.size, np.nan)
    after = np.clip(np.searchsorted(time, times), 1, time.size - 1)
    nearest = np.where(times - time[after - 1] <= time[after] - times, after - 1, after)
    is_near = np.abs(time[nearest] - times) <= PRESSURE_STEP
    return np.where(is_near, INVERSE_BAROMETER * (pressure[nearest] - np.nanmean(pressure)), np.nan)


def _drift(times: Times, gauge: xr.Dataset | None) -> Floats:
    """(N,) how far mean sea level may have moved between the record and a scene outside it [m]."""
    if gauge is None:
        return np.zeros(times.size)
    start, end = gauge["time"].values[[0, -1]]
    outside = np.maximum(np.maximum(start - times, times - end), np.timedelta64(0, "ns"))
    return np.asarray(YEARLY_RISE * outside / np.timedelta64(365, "D"))


def _sources(read: Mask, near: Mask, beside: Mask, pressed: Mask) -> tuple[LevelSource, ...]:
    chosen: Sequence[str] = np.select(
        [read, beside, near, pressed],
        ["own gauge", "neighbouring gauges", "own gauge, hours away", "tide and air pressure"],
        default="tide alone",
    ).tolist()
    return tuple(chosen)  # type: ignore[arg-type]
