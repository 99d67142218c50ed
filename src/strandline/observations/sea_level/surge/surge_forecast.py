"""Forecast of a gauge's residual from its last readings and the weather that was known by then."""

from dataclasses import dataclass

import numpy as np
import torch

from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.sea_level.surge.kernels import weather_features
from strandline.observations.sea_level.surge.residual_process import predict_residual
from strandline.observations.sea_level.surge.weather_response import WeatherResponse, driver_of

MOST_UNKNOWN = 0.25
"""Of a response's variance by one driver that may come from hours at which it was not known [-]; an assumption."""


@dataclass(frozen=True, eq=False)
class DrivenResidual:
    """What the weather adds to the residual in H hours about an issue.

    Attributes:
        mean: (B, H) [m]; NaN = the weather was not known.
        modes: (B, H, K) of its error [m]: of the coefficients, of the members of a forecast, and of the forecast.
    """

    mean: Floats
    modes: Floats


def drive(
    response: WeatherResponse, weather: Floats, forecast_error: Floats | None = None, doubt: Floats | None = None
) -> DrivenResidual:
    """The response to the weather known at each issue.

    Hours whose weather was not known count as their mean, with the error of weather that departs from it all the time.
    Where that error is too large a part of the response (``MOST_UNKNOWN``), the response is unknown.

    Args:
        weather: (B, H + 78, M, C) as of M members in the response's columns, from 72 h before the first of the H hours
            to 6 h after the last; NaN = not known.
        forecast_error: (H, K) modes [m] of what forecasts of the weather miss by lead; ``None`` = nothing is added.
        doubt: (B, H + 78, C) standard deviation of the weather in the response's columns, beyond what forecasts miss;
            it counts as if it departed so all the time, in the hours after the issue. ``None`` = nothing is added.
    """
    scaled = response.scaled(weather)
    unknown = _any_unknown(scaled)  # (B, H + 78, C)
    filled = np.where(unknown[:, :, None], 0.0, scaled)
    members = np.moveaxis(response.answer(np.moveaxis(filled, 2, 1)), 1, 2)  # (B, H, M)
    mean = members.mean(axis=2)
    parts = [weather_features(filled.mean(axis=2)) @ response.root]
    if members.shape[2] > 1:
        parts.append((members - mean[:, :, None]) / np.sqrt(members.shape[2] - 1))
    if forecast_error is not None:
        parts.append(np.broadcast_to(forecast_error, (*mean.shape, forecast_error.shape[-1])))
    if doubt is not None:
        scale = np.array([column.scale for column in response.columns])
        departing = response.weight_of(np.where(unknown, 0.0, doubt / scale))[0]
        departing[:, :CONTEXT_HOURS] = 0.0  # else a small error of the readings would tell of a large one ahead
        parts.append(departing)
    if unknown.any():
        missing, whole = response.weight_of(unknown)  # (B, H, C), (C,)
        parts.append(missing)
        mean[~_is_known(response, missing, whole)] = np.nan
    return DrivenResidual(mean, np.concatenate(parts, axis=2))


def is_driven(response: WeatherResponse, weather: Floats) -> Mask:
    """(B, H) hours whose response is known; ``weather`` as of `drive`."""
    missing, whole = response.weight_of(_any_unknown(response.scaled(weather)))
    return _is_known(response, missing, whole)


def _is_known(response: WeatherResponse, missing: Floats, whole: Floats) -> Mask:
    """(B, H) hours at which enough of each driver is known: a river that is read is no knowledge of the wind.

    Args:
        missing, whole: as of `WeatherResponse.weight_of`.
    """
    found = np.ones(missing.shape[:2], dtype=bool)
    drivers = [driver_of(column) for column in response.columns]
    for driver in dict.fromkeys(drivers):
        at = [number for number, each in enumerate(drivers) if each == driver]
        found &= (missing[..., at] ** 2).sum(axis=2) <= MOST_UNKNOWN * (whole[at] ** 2).sum()
    return found


def _any_unknown(weather: Floats) -> Mask:
    """(B, T, C) hours at which some member is not known, of (B, T, M, C)."""
    return np.asarray(np.isnan(weather).any(axis=2))


def predict_driven(
    own: Floats, seen: Mask, tide_modes: Floats, covariance: Floats, driven: DrivenResidual, first: int
) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the residual (B, H − first) [m]; NaN where the weather was not known.

    Args:
        own: (B, C) residuals [m] of the last C hours; ``seen``: mask. Readings whose weather is not known are left out.
        tide_modes: (B, H, R) of the tide's error [m] in H hours, of which the first C are those of ``own``.
        covariance: (168,) of the residual that the weather leaves [m2].
    """
    context = own.shape[1]
    known = np.isfinite(driven.mean)
    mean, modes = np.where(known, driven.mean, 0.0), np.where(known[..., None], driven.modes, 0.0)
    left, spread = predict_residual(
        torch.from_numpy(own - mean[:, :context]),
        torch.from_numpy(seen & known[:, :context]),
        torch.from_numpy(covariance).expand(len(own), -1),
        torch.from_numpy(np.concatenate([tide_modes, modes], axis=2)),
        first=first,
    )
    ahead = known[:, first:]
    return tuple(  # type: ignore[return-value]
        np.where(ahead, each, np.nan) for each in (left.numpy() + mean[:, first:], spread.numpy())
    )
