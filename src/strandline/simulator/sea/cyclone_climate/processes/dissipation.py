"""When storms end: a chance for every six hours, by wind, land, latitude, basin and place."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.special import logit as logit_of

from strandline.observations.arrays import Bytes, Floats, Indices
from strandline.observations.weather.cyclone_fields import KNOT
from strandline.simulator.sea.cyclone_climate.fixes import Fixes, Steps, StormState
from strandline.simulator.sea.cyclone_climate.grid import cell_of, smooth, sums_over_cells
from strandline.simulator.sea.cyclone_climate.processes.intensity import Intensity

NEIGHBOURHOOD, PRIOR = 3.0, 1.0
"""Degrees of the neighbourhood of a place's factor, and ends by which it is drawn to 1."""
FACTOR_QUANTUM = 0.05
"""[-] of the stored factor of a place."""
_WIND_KNOTS = np.array([20.0, 25.0, 30.0, 35.0, 45.0, 60.0, 90.0])
_LATITUDES = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
_RIDGE = 1.0


@dataclass(frozen=True, eq=False)
class Dissipation:
    """Chance that a storm ends within six hours.

    Attributes:
        coefficients: (F,) of the features of ``features_of``, for the logit.
        factor: (H, W) of a place on the chance [0.05].
    """

    coefficients: Floats
    factor: Bytes

    def chance(
        self, state: StormState, potential: Floats, latitude: Floats, land: Floats, basin: Indices, cell: Indices
    ) -> Floats:
        """(N,) chance [-] to end within six hours.

        Args:
            potential: intensity of the place and month [m s-1].
            land: share of the last step over land [-].
        """
        features = features_of(state, potential, latitude, land, basin, self.coefficients.shape[0])
        logit = features @ self.coefficients
        return np.asarray(np.minimum(FACTOR_QUANTUM * self.factor.reshape(-1)[cell] * expit(logit), 1.0))


def features_of(
    state: StormState, potential: Floats, latitude: Floats, land: Floats, basin: Indices, number: int
) -> Floats:
    """(N, F) what the chance to end depends on.

    Broken lines of wind, latitude and age, land, weakening, the potential intensity, the strength that the storm has
    had, and the basin, with a line of weak winds and of latitude of its own.
    """
    wind, poleward = state.wind, np.abs(latitude)
    weak = np.maximum(30.0 * KNOT - wind, 0.0) / 5.0
    mature = np.minimum(state.peak / (34.0 * KNOT), 1.0)
    past_peak = np.minimum(state.peak - wind, 40.0) / 10.0
    shared = [
        np.ones_like(wind), land, land * weak, np.minimum(state.change, 0.0) / 5.0, np.maximum(state.change, 0.0) / 5.0,
        state.trend, mature**2, mature**4 * weak, np.minimum(state.peak, 60.0) / 20.0,
        np.maximum(30.0 - potential, 0.0) / 10.0, np.minimum(state.age, 4.0) / 4.0, np.minimum(state.age, 12.0) / 12.0,
        np.minimum(state.age, 40.0) / 40.0, past_peak, past_peak * weak,
        np.minimum(state.age, 40.0) / 40.0 * weak, *(np.maximum(_WIND_KNOTS * KNOT - wind[:, None], 0.0) / 5.0).T,
        *(np.maximum(poleward[:, None] - _LATITUDES, 0.0) / 10.0).T,
    ]  # fmt: skip
    basins = (number - len(shared)) // 3
    own = (basin[:, None] == np.arange(basins)).astype(np.float64)
    middle = (np.minimum(poleward, 35.0) / 10.0)[:, None]
    return np.concatenate([np.stack(shared, axis=1), own, own * weak[:, None], own * middle], axis=1)


SHARED = 16 + _WIND_KNOTS.size + _LATITUDES.size


def fit_dissipation(fixes: Fixes, steps: Steps, region: Bytes, basins: int, intensity: Intensity) -> Dissipation:
    """Logistic regression of the last fix of each storm, with a ridge, then the factor of each place."""
    fix = steps.at + 1
    ends = fixes.last[fix].astype(np.float64)
    cell = cell_of(fixes.longitude[fix], fixes.latitude[fix])
    number = SHARED + 3 * basins
    room = intensity.potential_at(fixes.month[fix], cell)
    basin = region.reshape(-1)[cell].astype(np.int64)
    features = features_of(fixes.states.at(fix), room, fixes.latitude[fix], steps.land, basin, number)
    penalised = np.arange(number) > 0

    def objective(coefficients: Floats) -> tuple[float, Floats]:
        logit = features @ coefficients
        loss = np.sum(np.logaddexp(0.0, logit) - ends * logit)
        slope = features.T @ (expit(logit) - ends)
        return (
            float(loss + 0.5 * _RIDGE * np.sum(coefficients[penalised] ** 2)),
            slope + _RIDGE * penalised * coefficients,
        )

    start = np.where(penalised, 0.0, logit_of(ends.mean()))
    coefficients = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    expected = expit(features @ coefficients)
    recorded, due = (smooth(sums_over_cells(cell, None, each), NEIGHBOURHOOD, 0.0)[0] for each in (ends, expected))
    factor = (recorded + PRIOR) / (due + PRIOR)
    return Dissipation(coefficients, np.clip(np.rint(factor / FACTOR_QUANTUM), 1, 255).astype(np.uint8))
