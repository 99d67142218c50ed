"""Forecasts of the sea level at one gauge, as a service issued them."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask, Times

HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True, eq=False)
class IssuedLevels:
    """N forecasts of the level, each for one hour or one high water.

    Attributes:
        issued, available, valid: (N,) UTC: reference time of the cycle, when it could be had, and what it is for.
        level: (N,) [m], above any one zero.
        others: (N, A) other forecasts of the same levels [m], as the tide with mean sea level alone, or a gauge's own
            forecaster; each above any one zero.
        spread: (N,) standard deviation of the members [m]; NaN = there are none.
    """

    issued: Times
    available: Times
    valid: Times
    level: Floats
    others: Floats
    spread: Floats

    def __post_init__(self) -> None:
        names = ("issued", "available", "valid", "level", "spread")
        if len({getattr(self, name).shape for name in names} | {self.others.shape[:1]}) > 1 or self.others.ndim != 2:
            raise InputError("issued levels", "have columns of different lengths", "give one row a forecast")
        if not (np.isfinite(self.level).all() and np.isfinite(self.others).all()):
            raise InputError("issued levels", "hold rows without a level", "leave these rows out")
        if (self.available < self.issued).any():
            raise InputError("issued levels", "hold a cycle that could be had before it", "state when it could be had")

    def __len__(self) -> int:
        return len(self.level)

    def __getitem__(self, rows: Indices | Mask) -> Self:
        parts: dict[str, Any] = {field.name: getattr(self, field.name)[rows] for field in fields(IssuedLevels)}
        return replace(self, **parts)

    @property
    def lead(self) -> Floats:
        """(N,) [h] after the cycle."""
        return np.asarray((self.valid - self.issued) / HOUR)

    def known_at(self, now: np.datetime64) -> Self:
        """What could be had at an hour."""
        return self[self.available <= now]

    def newest(self) -> Self:
        """The forecast of the newest cycle for each hour, ascending."""
        order = np.argsort(self.issued, kind="stable")[::-1]
        return self[order[np.unique(self.valid[order], return_index=True)[1]]]


def issued_levels(forecast: xr.Dataset, service: str, tide: Callable[[Times], Floats]) -> IssuedLevels:
    """All forecasts of a service as levels, beside the tide alone; ``known_at`` says which of them were known when.

    Args:
        forecast: the modality ``surge_forecast``.
        tide: times → tide and mean sea level at the gauge [m, region datum]; a surge stands upon it.

    Raises:
        InputError: no such service.
    """
    services = forecast["service"].values.tolist()
    if service not in services:
        raise InputError("surge_forecast", f"has no service '{service}'", f"it has {', '.join(services)}")
    one = forecast.isel(service=services.index(service))
    about = "water_level_forecast"
    if about not in one or not one[about].notnull().any():
        about = "surge_forecast"
    values = one[about].values.astype(float)
    cycle, lead = np.nonzero(np.isfinite(values))
    issued = one["issued"].values.astype("datetime64[ns]")[cycle]
    valid = (issued + one["lead"].values[lead] * HOUR).astype("datetime64[ns]")
    alone, level = tide(valid), values[cycle, lead]
    spread = np.full(level.size, np.nan)
    if "forecast_spread" in one:
        spread = one["forecast_spread"].values[cycle, lead].astype(float)
    available = one["available"].values.astype("datetime64[ns]")[cycle]
    if about == "surge_forecast":
        level = level + alone
    return IssuedLevels(issued, available, valid, level, alone[:, None], spread)
