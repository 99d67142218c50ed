"""Rain and discharge of design storms: those of recorded events, scaled to chosen peaks."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.weather.land_drivers import RAIN_HOURS

PATTERNS = 20
"""Greatest recorded events of a driver, of which one gives its course in time; an assumption."""
LEAST_RAIN = 1.0
"""[mm] Day's rain below which an event has no course of rain that could be scaled."""


@dataclass(frozen=True, eq=False)
class InflowPatterns:
    """Courses of rain and discharge in the hours before the map of recorded events.

    Attributes:
        rain: (N, 72) [mm h-1] of the events with the most rain of a day, and ``rain_peak`` (N,) that rain [mm];
            ``None`` = no rain is known.
        discharge: (M, 72) ln of the ratio to the mean, as of a `Batch`, of the greatest events, and ``discharge_peak``
            (M,) its greatest value in these hours [m3 s-1]; ``None`` = no river is known.
    """

    rain: Floats | None
    rain_peak: Floats
    discharge: Floats | None
    discharge_peak: Floats

    @classmethod
    def of(cls, inflow: Tensor, seen: Tensor, discharge: Floats) -> Self:
        """Of the batch of recorded events; only courses without a gap serve.

        Args:
            inflow, seen: (E, 72, 2) as of a `Batch`.
            discharge: (E, 72) at the same hours [m3 s-1]; NaN = not known.

        Raises:
            RefusedByTheory: neither rain nor discharge has an event without a gap.
        """
        values, whole = inflow.double().numpy(), seen.all(dim=1).numpy()  # (E, 72, 2), (E, 2)
        wettest = greatest_rain_of_a_day(values[..., 0])
        rain, rain_peak = _greatest(values[..., 0], wettest, whole[:, 0] & (wettest >= LEAST_RAIN))
        most = discharge.max(axis=1)
        flow, flow_peak = _greatest(values[..., 1], most, whole[:, 1] & (most > 0))
        if rain is None and flow is None:
            raise RefusedByTheory("no event of the record has rain or discharge without a gap: fill the gaps at source")
        return cls(rain, rain_peak, flow, flow_peak)

    def draw(self, rain: Floats, discharge: Floats, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """(n, 72, 2) inflow and where seen, with these peaks, all of the same two recorded events.

        Args:
            rain: (n,) of a day [mm]; ``discharge``: (n,) [m3 s-1]; not read where the record has none.
        """
        inflow = np.zeros((len(rain), CONTEXT_HOURS, 2))
        seen = np.zeros(inflow.shape, dtype=bool)
        if self.rain is not None:
            chosen = int(rng.integers(len(self.rain)))
            inflow[..., 0] = np.maximum(rain, 0.0)[:, None] / self.rain_peak[chosen] * self.rain[chosen]
            seen[..., 0] = True
        if self.discharge is not None:
            chosen = int(rng.integers(len(self.discharge)))
            if not (discharge > 0).all():
                raise InputError("design inflow", "a discharge is not positive", "give m3 s-1 above 0")
            inflow[..., 1] = np.log(discharge / self.discharge_peak[chosen])[:, None] + self.discharge[chosen]
            seen[..., 1] = True
        return torch.from_numpy(inflow.astype(np.float32)), torch.from_numpy(seen)


def greatest_rain_of_a_day(rain: Floats) -> Floats:
    """(…,) greatest sum of ``RAIN_HOURS`` hours [mm] of hourly rain (…, T) [mm h-1]."""
    total = np.cumsum(np.concatenate([np.zeros((*rain.shape[:-1], 1)), rain], axis=-1), axis=-1)
    return np.asarray((total[..., RAIN_HOURS:] - total[..., :-RAIN_HOURS]).max(axis=-1))


def _greatest(courses: Floats, peak: Floats, usable: Mask) -> tuple[Floats | None, Floats]:
    """Courses (N, 72) of the ``PATTERNS`` usable events of the highest peaks, and these."""
    index = np.flatnonzero(usable)
    if not index.size:
        return None, np.zeros(0)
    chosen = index[np.argsort(-peak[index], kind="stable")][:PATTERNS]
    return courses[chosen], peak[chosen]
