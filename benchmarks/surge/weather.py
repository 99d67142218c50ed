"""The weather known at an issue: none, the analysis as if it were known before, forecasts with errors, or an ensemble.

``analysis`` is perfect weather, an upper bound. ``forecast`` degrades the analysis by errors that grow with the lead, a
stand-in for archived forecasts: cycles every six hours, each available six hours later; a timing error; and errors that
are correlated along the hours of a cycle. The same errors are in training and test. ``ensemble`` is a forecast with
members about it, about as far from it as the analysis is.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from benchmarks.surge.records.gauge import HOUR, Gauge, Kind
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices

Mode = Literal["none", "analysis", "forecast", "ensemble"]
MODES: tuple[Mode, ...] = get_args(Mode)
CYCLE, DELAY = 6, 6
"""Hours between cycles, and until a cycle is available."""
LEADS = (0.0, 24.0, 48.0, 72.0)
ERRORS: Mapping[Kind, tuple[float, ...]] = {
    "pressure": (0.5, 1.0, 1.8, 2.8),
    "wind_east": (0.71, 1.13, 1.56, 1.98),
    "wind_north": (0.71, 1.13, 1.56, 1.98),
}
"""Standard deviation at `LEADS` [hPa, m s-1]: that of global models over the sea, vector wind 1.0 to 2.8 m/s."""
RELATIVE: Mapping[Kind, tuple[float, ...]] = {
    "pressure_component": (0.06, 0.13, 0.23, 0.35),
    "stress_component": (0.25, 0.40, 0.55, 0.70),
    "rain": (0.5, 0.7, 0.9, 1.1),
}
"""The same as a share of the standard deviation of a column: pressure of 8 hPa, and a stress whose relative error is
twice that of a wind of 5 m/s a component. For rain: of the logarithm of a factor with mean 1."""
TIMING = 1.5 / 24
"""Standard deviation of the timing error [h per h of lead]."""
MEMORY = 12.0
"""Decorrelation of the errors along a cycle [h]."""
MEMBERS = 10


class Weather:
    """The weather of a gauge under one mode.

    Args:
        gauge: with its forcing.
        mode: of `MODES`.
        seed: of the errors.
    """

    def __init__(self, gauge: Gauge, mode: str, seed: int) -> None:
        if mode not in MODES:
            raise InputError(f"weather '{mode}'", "is no mode", f"choose from {', '.join(MODES)}")
        self.mode, self._seed = mode, seed
        forcing = gauge.forcing if mode != "none" else None
        self.columns = forcing.columns if forcing else ()
        self._values = forcing.values if forcing else np.zeros((gauge.time.size, 0))
        epoch = int((gauge.time[0] - np.datetime64(0, "h")) / HOUR)
        self._phase = epoch % CYCLE
        self._spread = np.array([_deviation(values) for values in self._values.T])
        self._is_forecast = np.array([column.kind != "water" for column in self.columns], dtype=bool)

    def at(self, hours: Indices, context: int, ahead: int) -> tuple[Floats, Floats | None, Floats]:
        """Weather (N, context + ahead, C) about issues at ``hours``, members (N, M, ahead, C), and ages (N,) [h]."""
        window = hours[:, None] + np.arange(1 - context, ahead + 1)
        weather = self._values[np.clip(window, 0, len(self._values) - 1)]  # (N, W, C)
        weather[(window < 0) | (window >= len(self._values))] = np.nan
        weather[:, context:][..., ~self._is_forecast] = np.nan  # nobody forecasts it
        members, age = None, np.zeros(hours.size)
        if self.mode in ("forecast", "ensemble") and self.columns:
            cycle = (hours + self._phase - DELAY) // CYCLE * CYCLE - self._phase  # (N,) hour of the newest cycle
            age = (hours - cycle).astype(float)
            unique, which = np.unique(cycle, return_inverse=True)
            issued = self._cycles(unique, CYCLE + DELAY + ahead, 0)  # (K, leads from 1, C)
            lead = window - cycle[:, None]
            later = (lead > 0)[..., None] & self._is_forecast
            weather = np.where(later, issued[which[:, None], np.maximum(lead - 1, 0)], weather)
            if self.mode == "ensemble":
                drawn = [self._cycles(unique, CYCLE + DELAY + ahead, m + 1) - self._truth(unique, CYCLE + DELAY + ahead)
                         for m in range(MEMBERS)]  # fmt: skip
                later_leads = lead[:, context:] - 1
                off = np.stack([one[which[:, None], later_leads] for one in drawn], axis=1)  # (N, M, ahead, C)
                members = weather[:, None, context:] + off
        return weather, members, age

    def _truth(self, cycles: Indices, count: int) -> Floats:
        at = cycles[:, None] + np.arange(1, count + 1)
        values = self._values[np.clip(at, 0, len(self._values) - 1)]
        values[(at < 0) | (at >= len(self._values))] = np.nan
        return values

    def _cycles(self, cycles: Indices, count: int, member: int) -> Floats:
        """(K, count, C) forecasts of each cycle at leads 1 … count."""
        draws = [np.random.default_rng([self._seed, member, int(cycle) + 10_000]) for cycle in cycles]
        normal = np.stack([rng.standard_normal((count + 1, len(self.columns))) for rng in draws])
        lead = np.arange(1, count + 1, dtype=float)
        shift = TIMING * lead * np.stack([rng.standard_normal() for rng in draws])[:, None]
        at = np.clip(cycles[:, None] + lead + shift, 0, len(self._values) - 1)
        low = np.floor(at).astype(np.int64)
        part = (at - low)[..., None]
        values = (1 - part) * self._values[low] + part * self._values[np.minimum(low + 1, len(self._values) - 1)]
        noise = _correlated(normal)
        for i, column in enumerate(self.columns):
            if column.kind in ERRORS:
                values[..., i] += np.interp(lead, LEADS, ERRORS[column.kind]) * noise[..., i]
            elif column.kind == "rain":
                size = np.interp(lead, LEADS, RELATIVE["rain"])
                values[..., i] *= np.exp(size * noise[..., i] - size**2 / 2)
            elif column.kind in RELATIVE:
                values[..., i] += np.interp(lead, LEADS, RELATIVE[column.kind]) * self._spread[i] * noise[..., i]
        return values


def _deviation(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.std()) if known.size else 0.0


def _correlated(normal: npt.NDArray[np.float64]) -> Floats:
    """(K, count, C) standard normal, correlated over `MEMORY` hours, from independent draws (K, count + 1, C)."""
    keep = np.exp(-1 / MEMORY)
    result = np.empty_like(normal[:, 1:])
    state = normal[:, 0]
    for hour in range(result.shape[1]):
        state = keep * state + np.sqrt(1 - keep**2) * normal[:, hour + 1]
        result[:, hour] = state
    return result
