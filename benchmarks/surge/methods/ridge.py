"""Ridge regressions of the level at each lead on readings, and on readings and the coming weather.

Three forms compete. ``residual``: the residual from the tide, on residuals; shrunk towards the tide. ``change``: how
far it moves from the last one, on the shape of the residuals before and the change of the weather; shrunk towards
persistence. ``level``: nearly free of the tide, the level on levels, with the tide at the target as one more input.
The weight of the weather beside the readings and the penalty of each lead are chosen by cross-validation over known
weeks, and the forecasts of the three forms are averaged by their errors there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.surge.methods.inputs import (
    READ_BEFORE,
    WINDOWS,
    condense,
    fill_readings,
    operational_surge,
    stress,
    weather_about,
)
from benchmarks.surge.methods.method import Fitted, Method, with_intervals
from benchmarks.surge.methods.simple import last_residual
from benchmarks.surge.protocol import Issues, Task, Training
from benchmarks.surge.records.gauge import Column
from strandline.observations.arrays import Floats, Indices

PENALTIES = np.logspace(-3.0, 2.0, 11)
"""Per row of standardised inputs."""
RESOLUTION = 0.002
"""Errors below this [m] do not choose between candidates."""
SELECTIVITY = 4
"""Power of the mean squared error out of fold that weighs the forms: one with twice the error counts a sixteenth."""
Sums = tuple[float, Floats, float, Floats, Floats]
"""Rows, and sums over them of inputs, truth, and products of inputs with inputs and with truth."""
FORMS = ("residual", "change", "level")
POWER = 0.5
"""Of the size of a principal component beside the largest one: 0 shrinks all alike, 1 by their variances."""
WEIGHTS = (0.3, 1.0)
"""Of the inputs of weather beside those of readings: the larger, the less they are shrunk."""


def ridge(task: Task) -> Callable[[Issues], Floats]:
    """The method ``ridge``: readings alone."""
    return _method(())(task)


def ridge_weather(task: Task) -> Callable[[Issues], Floats]:
    """The method ``ridge_weather``: readings, the weather as issued, and an operational forecast where there is one."""
    return _method(task.weather.columns, with_operational=task.weather.mode != "none")(task)


def _method(columns: tuple[Column, ...], with_operational: bool = False) -> Method:
    return with_intervals(lambda training: fit_ridge(training, columns, with_operational))


@dataclass(frozen=True, eq=False)
class Inputs:
    """Builds the inputs of one form at each lead."""

    form: str
    columns: tuple[Column, ...]
    with_operational: bool

    def readings(self, issues: Issues) -> Floats:
        """(N, P) the same at every lead."""
        filled = fill_readings(issues.residual)
        if self.form == "level":
            return filled + issues.tide[:, : filled.shape[1]]
        condensed = condense(filled)
        if self.form == "change":
            condensed[:, 1:] -= condensed[:, :1]
        return condensed

    def at(self, issues: Issues, forced: Floats, lead_index: int) -> tuple[Floats, Floats]:
        """Tide at the target (N, 0 or 1) and weather (N, P) at a lead; ``forced``: (N, T, C) stress."""
        tide = issues.tide_at_leads[:, [lead_index]]
        weather = [np.zeros((len(issues), 0))]
        if self.columns:
            coming = weather_about(forced, self.columns, issues.leads[lead_index])
            weather.append(coming - weather_about(forced, self.columns, 0) if self.form == "change" else coming)
        if self.with_operational and issues.operational is not None:
            weather.append(operational_surge(issues)[:, [lead_index]])
        return tide if self.form == "level" else tide[:, :0], np.concatenate(weather, axis=1)

    def kinds(self, count: int) -> list[str]:
        """What each of the inputs of weather is."""
        water = [column.kind for column in self.columns if column.kind == "water"]
        weather = [column.kind for column in self.columns if column.kind != "water"]
        found = [str(kind) for kind in (*weather * len(WINDOWS), *water * len(READ_BEFORE))]
        return found + ["operational"] * (count - len(found))

    def base(self, issues: Issues) -> Floats:
        """(N, L) what the map adds to [m on the datum]."""
        if self.form == "level":
            return np.zeros((len(issues), len(issues.leads)))
        if self.form == "change":
            return issues.tide_at_leads + last_residual(issues)[:, None]
        return issues.tide_at_leads


@dataclass(frozen=True, eq=False)
class LinearMap:
    """A linear map of one lead from inputs that are standardised; a missing input counts as its mean."""

    middle: Floats
    scale: Floats
    weights: Floats
    offset: float

    def __call__(self, inputs: Floats) -> Floats:
        """(N,) from inputs (N, P)."""
        scaled = (inputs - self.middle) / self.scale
        return np.asarray(np.where(np.isfinite(scaled), scaled, 0.0) @ self.weights + self.offset)


def fit_ridge(training: Training, columns: tuple[Column, ...], with_operational: bool = False) -> Fitted:
    """Fit every candidate at every lead, and average the best of each form."""
    issues = training.issues
    forced = stress(issues.weather, columns) if columns else issues.weather
    leads = range(len(issues.leads))
    has_weather = bool(columns) or (with_operational and issues.operational is not None)
    mixtures: list[list[tuple[float, Inputs, _Fold]]] = [[] for _ in leads]  # by lead, one of each form
    for form in FORMS:
        inputs = Inputs(form, columns, with_operational)
        readings, base = inputs.readings(issues), inputs.base(issues)
        for lead in leads:
            tide, weather = inputs.at(issues, forced, lead)
            x = np.concatenate([readings, tide, weather], axis=1)
            kinds = [""] * (readings.shape[1] + tide.shape[1]) + inputs.kinds(weather.shape[1])
            products = _Products(x, training.level[:, lead] - base[:, lead], training, kinds, form == "level")
            candidates = [products.cross_validate(weight) for weight in (WEIGHTS if has_weather else (1.0,))]
            best = min(candidates, key=lambda one: one.error)
            mixtures[lead].append((best.error**-SELECTIVITY, inputs, best))
    maps = [[(share, inputs, best.fit()) for share, inputs, best in mixture] for mixture in mixtures]

    def centre(issues: Issues) -> Floats:
        forced = stress(issues.weather, columns) if columns else issues.weather
        predicted = np.zeros((len(issues), len(maps)))
        for form in range(len(FORMS)):
            inputs = maps[0][form][1]
            readings, base = inputs.readings(issues), inputs.base(issues)
            for lead, mixture in enumerate(maps):
                share, _, chosen = mixture[form]
                x = np.concatenate([readings, *inputs.at(issues, forced, lead)], axis=1)
                predicted[:, lead] += share / sum(one[0] for one in mixture) * (base[:, lead] + chosen(x))
        return predicted

    errors = [sum(share * one.errors for share, _, one in mix) / sum(one[0] for one in mix) for mix in mixtures]
    return Fitted(centre, np.stack(errors, axis=1))


@dataclass(frozen=True, eq=False)
class _Fold:
    """A candidate at one lead: mean squared error out of fold, the errors (N,), and how to fit it to all rows."""

    error: float
    errors: Floats
    fit: Callable[[], LinearMap]


class _Products:
    """Sums of products of inputs and truth by fold, so that every candidate is cheap."""

    def __init__(self, inputs: Floats, truth: Floats, training: Training, kinds: list[str], has_offset: bool) -> None:
        known = np.isfinite(truth)
        self._whole = training.is_whole if (training.is_whole & known).any() else np.ones(known.size, dtype=bool)
        seen = np.where(known[:, None], inputs, np.nan)
        count = np.maximum(np.isfinite(seen).sum(axis=0), 1)
        self._middle = np.nansum(seen, axis=0) / count
        self._scale = np.sqrt(np.nansum((seen - self._middle) ** 2, axis=0) / count) + 1e-6
        scaled = (inputs - self._middle) / self._scale
        self._x = np.where(np.isfinite(scaled), scaled, 0.0)
        self._y, self._known, self._fold = np.where(known, truth, 0.0), known, training.fold
        self._has_offset, self._is_weather = has_offset, np.array([kind != "" for kind in kinds])
        self._share = np.ones(len(kinds))
        for kind in {kind for kind in kinds if kind.endswith("_component")}:
            these = np.array([one == kind for one in kinds])
            self._share[these] = (self._scale[these] / self._scale[these].max()) ** POWER
        self._parts = np.unique(self._fold[known])
        self._sums = {part: self._sum(part) for part in self._parts}

    def _sum(self, part: int) -> Sums:
        rows = self._known & (self._fold == part)
        x, y = self._x[rows], self._y[rows]
        return float(len(x)), x.sum(axis=0), float(y.sum()), x.T @ x, x.T @ y

    def cross_validate(self, weight: float) -> _Fold:
        """Errors out of fold with the best penalty, where the readings were there; ``weight``: of the weather."""
        scale = np.where(self._is_weather, weight * self._share, 1.0)
        predicted = np.full((len(PENALTIES), self._y.size), np.nan)
        parts = self._parts if len(self._parts) > 1 else self._parts[:0]
        for part in parts:
            sums = [self._sums[other] for other in self._parts if other != part]
            held_out: Indices = np.flatnonzero(self._known & (self._fold == part))
            for at, (weights, offset) in enumerate(_solve(sums, scale, PENALTIES, self._has_offset)):
                predicted[at, held_out] = self._x[held_out] @ weights + offset
        errors = np.where(self._known, self._y, np.nan) - predicted
        scored = np.where(self._whole, errors, np.nan)
        mean = np.nanmean(scored**2, axis=1) if len(parts) else np.ones(len(PENALTIES))
        best = int(np.argmin(mean)) if len(parts) else len(PENALTIES) - 1  # one week cannot choose a penalty

        def fit() -> LinearMap:
            sums = list(self._sums.values())
            ((weights, offset),) = _solve(sums, scale, PENALTIES[[best]], self._has_offset)
            return LinearMap(self._middle, self._scale, weights, offset)

        return _Fold(float(mean[best]) + RESOLUTION**2, errors[best] if len(parts) else self._in_sample(fit()), fit)

    def _in_sample(self, fitted: LinearMap) -> Floats:
        return np.where(self._known, self._y - self._x @ fitted.weights - fitted.offset, np.nan)


def _solve(sums: list[Sums], scale: Floats, penalties: Floats, has_offset: bool) -> list[tuple[Floats, float]]:
    """Weights and offset for each penalty, from sums over rows; without an offset the inputs keep their mean of all."""
    count, x, y, xx, xy = (sum(part[1:], start=part[0]) for part in zip(*sums, strict=True))
    count = max(float(count), 1.0)
    middle, mean = (x / count, y / count) if has_offset else (np.zeros_like(x), 0.0)
    gram = (xx - count * np.outer(middle, middle)) * np.outer(scale, scale)
    values, vectors = np.linalg.eigh(gram)
    turned = vectors.T @ ((xy - count * middle * mean) * scale)
    found = []
    for penalty in penalties:
        weights = scale * (vectors @ (turned / (np.maximum(values, 0.0) + penalty * count)))
        found.append((weights, float(mean - middle @ weights)))
    return found
