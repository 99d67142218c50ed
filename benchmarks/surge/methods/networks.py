"""Two small networks of equal inputs: an LSTM along the hours, and a convolutional network in the manner of HIDRA.

Both read steps of three hours of residual, tide and weather from 72 h before an issue to the last lead, and add to the
last residual times a factor of each lead. The number of optimiser steps is chosen on held-out weeks.

Source: Hochreiter and Schmidhuber (1997); Rus et al. (2023), HIDRA2, doi:10.5194/gmd-16-271-2023, for the idea of
separate encoders of weather and sea level that a dense regression joins.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.surge.methods.inputs import fill_readings, stress
from benchmarks.surge.methods.method import Fitted, Forecast, error_quantiles
from benchmarks.surge.methods.simple import last_residual
from benchmarks.surge.protocol import CONTEXT_HOURS, PIECE, Issues, Task, Training
from benchmarks.surge.records.gauge import Column
from strandline.observations.arrays import Floats, Indices

STEP_HOURS = 3
STEPS, CHECK = 200, 25
"""Most optimiser steps, and how often the held-out weeks are forecast."""
HELD_OUT = 2
"""Folds that choose the number of steps."""
BATCH = 64
OUTAGES = (0.0, 0.5, 1.0)
"""Shares of readings that a training window loses, each as often."""
SMALLEST = 0.02
"""Least unit of a residual [m]."""


class LSTMNetwork(nn.Module):
    """An LSTM along the hours, read at the step of each lead.

    Args:
        streams: sizes of sea level and weather; ``steps``: (L,) of the leads.
    """

    def __init__(self, streams: tuple[int, int], steps: Indices, length: int, width: int = 24) -> None:
        super().__init__()
        self.steps = torch.from_numpy(steps)
        self.recurrent = nn.LSTM(sum(streams), width, batch_first=True)
        self.head = nn.Linear(width, 1)

    def forward(self, sea: Tensor, weather: Tensor) -> Tensor:
        """(B, T, S), (B, T, W) → (B, L)."""
        states, _ = self.recurrent(torch.cat([sea, weather], dim=2))
        out: Tensor = self.head(states[:, self.steps])[..., 0]
        return out


class HidraLike(nn.Module):
    """Convolutions over weather and over sea level, joined by a dense regression of all leads."""

    def __init__(self, streams: tuple[int, int], steps: Indices, length: int, width: int = 16) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(size, width, 5, stride=2, padding=2), nn.ReLU(),
                nn.Conv1d(width, width, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(),
            )
            for size in streams if size
        )  # fmt: skip
        joined = len(self.encoders) * width * (((length + 1) // 2 + 1) // 2)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(joined, 48), nn.ReLU(), nn.Linear(48, len(steps)))

    def forward(self, sea: Tensor, weather: Tensor) -> Tensor:
        """(B, T, S), (B, T, W) → (B, L)."""
        streams = [stream for stream in (sea, weather) if stream.shape[2]]
        encoded = [encoder(stream.mT) for encoder, stream in zip(self.encoders, streams, strict=True)]
        out: Tensor = self.head(torch.cat(encoded, dim=1))
        return out


Builder = Callable[[tuple[int, int], Indices, int], nn.Module]


def lstm(task: Task) -> Forecast:
    """The method ``lstm``."""
    return _forecast(task, LSTMNetwork)


def hidra_like(task: Task) -> Forecast:
    """The method ``hidra_like``."""
    return _forecast(task, HidraLike)


def _forecast(task: Task, build: Builder) -> Forecast:
    """One network for every share of lost readings; bounds by the errors at each share."""
    training = task.training(0.0)
    network = fit_network(training, task.weather.columns, build, task.seed)
    spreads: dict[float, Floats] = {}

    def forecast(issues: Issues) -> Floats:
        if issues.outage not in spreads:
            spreads[issues.outage] = error_quantiles(network.errors(task.training(issues.outage)), training)
        return network.fitted.centre(issues)[..., None] + spreads[issues.outage]

    return forecast


@dataclass(frozen=True, eq=False)
class _Trained:
    """The network of all known weeks, and those that leave some of them out, with the folds they leave out."""

    fitted: Fitted
    held_out: tuple[tuple[int, Callable[[Issues], Floats]], ...]

    def errors(self, training: Training) -> Floats:
        """(N, L) in weeks that a network did not see; NaN in the others."""
        errors = np.full(training.level.shape, np.nan)
        for part, centre in self.held_out:
            rows = training.fold == part
            errors[rows] = training.level[rows] - centre(training.issues[rows])
        return errors


@dataclass(frozen=True, eq=False)
class _Scaling:
    """Units of the inputs, from the training issues."""

    columns: tuple[Column, ...]
    unit: float
    tide: tuple[float, float]
    weather: tuple[Floats, Floats]

    def __call__(self, issues: Issues) -> tuple[Tensor, Tensor]:
        """Sea (N, T, 3): residual, whether it was read, tide; and weather (N, T, C) in steps of three hours."""
        residual = issues.residual
        ahead = np.zeros((len(issues), issues.tide.shape[1] - CONTEXT_HOURS))
        filled = np.hstack([fill_readings(residual) / self.unit, ahead])
        seen = np.hstack([np.isfinite(residual), ahead])
        sea = np.stack([filled, seen, (issues.tide - self.tide[0]) / self.tide[1]], axis=2)
        weather = (stress(issues.weather, self.columns) - self.weather[0]) / self.weather[1]
        weather = np.where(np.isfinite(weather), weather, 0.0)
        return _steps(sea), _steps(weather)


def _steps(hourly: Floats) -> Tensor:
    """(N, T, S) → means of three hours that end at the issue, and after it."""
    left = CONTEXT_HOURS % STEP_HOURS
    whole = (hourly.shape[1] - left) // STEP_HOURS * STEP_HOURS
    part = hourly[:, left : left + whole]
    shape = (len(part), whole // STEP_HOURS, STEP_HOURS, part.shape[2])
    return torch.from_numpy(part.reshape(shape).mean(axis=2)).float()


def fit_network(training: Training, columns: tuple[Column, ...], build: Builder, seed: int) -> _Trained:
    """Train on all known weeks, with the number of steps that is best for weeks held out."""
    issues, truth = training.issues, training.level - training.issues.tide_at_leads
    unit = max(float(np.nanstd(truth)), SMALLEST)
    forced = stress(issues.weather, columns)
    middle, scale = (np.nan_to_num(part(forced, axis=(0, 1))) for part in (np.nanmean, np.nanstd)) if columns else (
        np.zeros(0), np.zeros(0))  # fmt: skip
    tide = (float(issues.tide.mean()), float(issues.tide.std()) + 0.01)
    scaling = _Scaling(columns, unit, tide, (middle, scale + 1e-6))
    last = last_residual(issues)
    parts = [int(part) for part in np.unique(training.fold)][-HELD_OUT:]
    curves, kept = [], []
    for part in parts if len(np.unique(training.fold)) > 1 else []:
        rows = training.fold == part
        losses, states = _train(
            scaling, training, truth, np.flatnonzero(~rows), np.flatnonzero(rows), build, seed, STEPS
        )
        curves.append(losses)
        kept.append((part, states))
    best = int(np.argmin(np.mean(curves, axis=0))) if curves else STEPS // CHECK - 1
    _, states = _train(scaling, training, truth, np.arange(last.size), None, build, seed, (best + 1) * CHECK)
    centre = states[-1]
    held_out = tuple((part, networks[best]) for part, networks in kept) or ((0, centre),)
    return _Trained(Fitted(centre, np.full(truth.shape, np.nan)), held_out)


def _train(
    scaling: _Scaling, training: Training, truth: Floats, rows: Indices, judges: Indices | None, build: Builder,
    seed: int, steps: int,
) -> tuple[list[float], list[Callable[[Issues], Floats]]]:  # fmt: skip
    """Held-out errors and forecasts after every `CHECK` steps."""
    rng = np.random.default_rng([seed, 5])
    variants = [_with_outage(training.issues, share, rng) for share in OUTAGES]
    inputs = [scaling(issues) for issues in variants]
    lasts = [torch.from_numpy(last_residual(issues) / scaling.unit).float() for issues in variants]
    known = torch.from_numpy(np.isfinite(truth))
    target = torch.from_numpy(np.nan_to_num(truth) / scaling.unit).float()
    leads = training.issues.leads
    at = (CONTEXT_HOURS - 1 + np.array(leads)) // STEP_HOURS
    losses, networks = [], []
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        sea, weather = inputs[0]
        network = _WithLast(build((sea.shape[2], weather.shape[2]), at, sea.shape[1]), len(leads))
        optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.05)
        for step in range(1, steps + 1):
            which = int(rng.integers(len(OUTAGES)))
            batch = torch.from_numpy(rng.choice(rows, BATCH))
            predicted = network(inputs[which][0][batch], inputs[which][1][batch], lasts[which][batch])
            square = (predicted - target[batch]).square() * known[batch]
            optimiser.zero_grad()
            (square.sum() / known[batch].sum().clamp(min=1)).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            if step % CHECK == 0 and (judges is not None or step == steps):
                forecast = _frozen(network, scaling)
                networks.append(forecast)
                if judges is not None:
                    miss = truth[judges] - (forecast(variants[0][judges]) - variants[0][judges].tide_at_leads)
                    losses.append(float(np.nanmean(miss**2)))
    return losses, networks


class _WithLast(nn.Module):
    def __init__(self, network: nn.Module, leads: int) -> None:
        super().__init__()
        self.network, self.keep = network, nn.Parameter(torch.full((leads,), 0.5))

    def forward(self, sea: Tensor, weather: Tensor, last: Tensor) -> Tensor:
        out: Tensor = self.network(sea, weather) + self.keep * last[:, None]
        return out


def _frozen(network: _WithLast, scaling: _Scaling) -> Callable[[Issues], Floats]:
    """The forecast of a network as it is now."""
    frozen = deepcopy(network).eval()

    def centre(issues: Issues) -> Floats:
        found = []
        with torch.no_grad():
            for first in range(0, len(issues), 4096):
                part = issues[first : first + 4096]
                last = torch.from_numpy(last_residual(part) / scaling.unit).float()
                found.append(frozen(*scaling(part), last).double().numpy() * scaling.unit + part.tide_at_leads)
        return np.concatenate(found)

    return centre


def _with_outage(issues: Issues, share: float, rng: np.random.Generator) -> Issues:
    own = issues.own.copy()
    own[np.repeat(rng.random((len(own), CONTEXT_HOURS // PIECE)) < share, PIECE, axis=1)] = np.nan
    return replace(issues, own=own)
