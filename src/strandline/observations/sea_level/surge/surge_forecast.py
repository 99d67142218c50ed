"""Forecast of a gauge's residual from its last readings and the weather that was known by then."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d

from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.surge.kernels import weather_features
from strandline.observations.sea_level.surge.residual_process import predict_residual
from strandline.observations.sea_level.surge.weather_response import WeatherResponse

NEAR_HOURS = 6
"""To either side, whose hours show together how much of a forecast comes true [h]."""
TRUE_ISSUES = 10
"""Forecasts that came true, which count beside the past ones: a few past issues show little."""
LOST_SHARE = 1e-3
"""Of the variance of what forecasts of the weather miss that its modes may lack."""
MOST_UNKNOWN = 0.25
"""Of the response's variance that may come from hours whose weather was not known [-]; an assumption."""


@dataclass(frozen=True, eq=False)
class DrivenResidual:
    """What the weather adds to the residual in H hours about an issue.

    Attributes:
        mean: (B, H) [m]; NaN = the weather was not known.
        modes: (B, H, K) of its error [m]: of the coefficients, of the members of a forecast, and of the forecast.
    """

    mean: Floats
    modes: Floats


@dataclass(frozen=True, eq=False)
class WeatherForecastError:
    """How forecasts of the weather err, in what the sea makes of them, in H hours about an issue.

    Attributes:
        kept: (H, C) share of the answer to each column that comes true on average [-]: 1 where nothing is forecast, and
            less where forecasts err, since what errs is also too lively.
        modes: (H, K) of what is missed beyond [m].
    """

    kept: Floats
    modes: Floats


def drive(response: WeatherResponse, weather: Floats, error: WeatherForecastError | None = None) -> DrivenResidual:
    """The response to the weather known at each issue.

    Hours whose weather was not known count as their mean, with the error of weather that departs from it all the time.
    Where that error is too large a part of the response (``MOST_UNKNOWN``), the response is unknown.

    Args:
        weather: (B, H + 78, M, C) as of M members in the response's columns, from 72 h before the first of the H hours
            to 6 h after the last; NaN = not known.
        error: of forecasts of the weather; ``None`` = they have none.
    """
    scaled = response.scaled(weather)
    unknown = _any_unknown(scaled)  # (B, H + 78, C)
    filled = np.where(unknown[:, :, None], 0.0, scaled)
    answers = np.moveaxis(response.answers(np.moveaxis(filled, 2, 1)), 1, 2)  # (B, H, M, C)
    features = weather_features(filled.mean(axis=2))  # (B, H, P)
    if error is not None:
        answers = answers * error.kept[:, None]
        features = features * np.repeat(error.kept, features.shape[2] // answers.shape[3], axis=1)
    members = answers.sum(axis=3)
    mean = members.mean(axis=2)
    parts = [features @ response.root]
    if members.shape[2] > 1:
        parts.append((members - mean[:, :, None]) / np.sqrt(members.shape[2] - 1))
    if error is not None:
        parts.append(np.broadcast_to(error.modes, (*mean.shape, error.modes.shape[-1])))
    if unknown.any():
        missing, whole = response.weight_of(unknown)  # (B, H, C), (C,)
        parts.append(missing)
        mean[(missing**2).sum(axis=2) > MOST_UNKNOWN * (whole**2).sum()] = np.nan
    return DrivenResidual(mean, np.concatenate(parts, axis=2))


def learn_forecast_error(
    response: WeatherResponse, forecast: Floats, analysis: Floats, issue: int
) -> WeatherForecastError:
    """How forecasts of the weather err, from past issues whose weather is known by now.

    No reading of the gauge is needed. Hours of issue and before have no error beyond that of the analysis. The modes
    hold all but a thousandth of the variance.

    Args:
        forecast: (N, H + 78, M, C) weather as known at each issue; ``analysis``: (N, H + 78, C) as known later.
        issue: position of the hour of issue among the H hours.

    Source: regression calibration of forecasts; Glahn and Lowry (1972), Journal of Applied Meteorology 11, 1203–1211.
    """
    foreseen, happened = (_answers_known(response, each) for each in (forecast, analysis[:, :, None]))  # (N, H, C)
    known = np.asarray(
        np.isfinite(foreseen + happened).all(axis=2)
    )  # forecasts that end early still show how they err before
    foreseen, happened = (np.where(known[..., None], each, 0.0) for each in (foreseen, happened))
    ahead = slice(issue + 1, None)
    kept = np.ones(foreseen.shape[1:])
    both, square, size = (
        uniform_filter1d(each.sum(axis=0)[ahead], 2 * NEAR_HOURS + 1, axis=0, mode="nearest")
        for each in (foreseen * happened, foreseen**2, happened**2)
    )
    doubt = TRUE_ISSUES / max(len(foreseen), 1) * size
    kept[ahead] = np.clip((both + doubt) / np.maximum(square + doubt, 1e-12), 0.0, 1.0)
    error = (happened - kept * foreseen).sum(axis=2)
    pairs = known.astype(float)
    covariance = error.T @ error / np.maximum(pairs.T @ pairs, 1.0)
    covariance[: issue + 1] = covariance[:, : issue + 1] = 0.0
    variance, patterns = np.linalg.eigh(covariance)
    variance, patterns = np.maximum(variance[::-1], 0.0), patterns[:, ::-1]
    held = 1 + int(np.searchsorted(np.cumsum(variance), (1 - LOST_SHARE) * variance.sum()))
    return WeatherForecastError(kept, patterns[:, :held] * np.sqrt(variance[:held]))


def _answers_known(response: WeatherResponse, weather: Floats) -> Floats:
    """(N, H, C) answer to each column, mean of the members; NaN where too much of the weather was not known."""
    scaled = response.scaled(weather)
    unknown = _any_unknown(scaled)
    found = response.answers(np.where(unknown[:, :, None], 0.0, scaled).mean(axis=2))
    found[~is_driven(response, weather)] = np.nan
    return found


def is_driven(response: WeatherResponse, weather: Floats) -> Mask:
    """(B, H) hours whose response is known; ``weather`` as of `drive`."""
    missing, whole = response.weight_of(_any_unknown(response.scaled(weather)))
    return np.asarray((missing**2).sum(axis=2) <= MOST_UNKNOWN * (whole**2).sum())


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
