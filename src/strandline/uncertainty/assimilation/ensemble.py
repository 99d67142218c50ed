"""Forecast ensemble of the residual, sampled from the belief and moved by guidance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.uncertainty.assimilation.filter import SeaBelief

HORIZON_HOURS = 48
"""Forecast horizon [h]; the longest lead time of a measure."""
MEMBERS = 300
_SEED = 20241
"""Of the draws, the same at every hour: equal beliefs give equal ensembles, so that decisions do not flicker."""


@dataclass(frozen=True, eq=False)
class ResidualEnsemble:
    """N equally likely forecasts.

    Attributes:
        hour: now, UTC full hour.
        residual: (N, 49) level − tide − mean sea level from now to two days ahead [m].
        broken: (N, S) which gauges are broken in each member.
        moved: stream of the guidance → largest shift of the ensemble mean by it [m].
    """

    hour: np.datetime64
    residual: Floats
    broken: npt.NDArray[np.bool_]
    moved: Mapping[str, float] = field(default_factory=dict)

    def inflated(self, factor: Floats) -> "ResidualEnsemble":
        """The same medians, with the spread multiplied by ``factor`` (49,)."""
        middle = np.median(self.residual, axis=0)
        return replace(self, residual=middle + factor * (self.residual - middle))

    def assimilating(self, guidance: "Guidance") -> "ResidualEnsemble":
        """The ensemble after assimilating an external forecast."""
        residual = assimilate_forecast(self.residual, guidance)
        shift = residual.mean(axis=0) - self.residual.mean(axis=0)
        largest = float(shift[np.argmax(np.abs(shift))])
        return replace(self, residual=residual, moved={**self.moved, guidance.stream: largest})


@dataclass(frozen=True, eq=False)
class Guidance:
    """An external forecast of the residual; it does not enter the belief, since the next one replaces it whole.

    Attributes:
        leads: (L,) hours from now, ascending, 0 to the horizon.
        mean: (L,) [m].
        error: (L, L) covariance of its errors that are independent of the belief's [m2].
    """

    stream: str
    leads: npt.NDArray[np.int64]
    mean: Floats
    error: Floats


def sample_ensemble(belief: SeaBelief, guidance: Sequence[Guidance] = (), count: int = MEMBERS) -> ResidualEnsemble:
    """Sample the residual from now to two days ahead.

    The past of each member is drawn from one hypothesis, in proportion to the weights; shocks and changes of regime
    are drawn from the process. Guidance then moves the whole ensemble as an ensemble Kalman filter does, which keeps
    the differences between members.

    Source: perturbed observations, Burgers, van Leeuwen, Evensen (1998), Monthly Weather Review 126, 1719-1724.
    """
    model, process = belief.model, belief.model.process
    rng = np.random.default_rng(_SEED)
    order, start = process.order, model.ahead
    which = np.searchsorted(np.cumsum(belief.weight), (np.arange(count) + 0.5) / count)
    which = np.minimum(which, belief.weight.size - 1)
    regime = np.indices(model.shape)[0].ravel()[which]
    known = start + order  # hours of the state that matter, newest first
    past = np.empty((count, known))
    deviates = rng.standard_normal((count, known))
    for hypothesis in np.unique(which):
        rows = which == hypothesis
        values, vectors = np.linalg.eigh(belief.covariance[hypothesis, :known, :known])
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        past[rows] = belief.mean[hypothesis, :known] + deviates[rows] @ root.T
    total = order + HORIZON_HOURS + 1
    residual = np.empty((count, total))  # oldest first; now at ``order − 1``
    residual[:, : order + start] = past[:, ::-1]
    switches, shocks = rng.random((HORIZON_HOURS + 1, count)), rng.standard_normal((HORIZON_HOURS + 1, count))
    cumulative = np.cumsum(process.transition, axis=1)
    backwards = process.coefficients[::-1]
    for hour in range(order + start, total):
        step = hour - order
        regime = (switches[step][:, None] > cumulative[regime]).sum(axis=1)
        residual[:, hour] = residual[:, hour - order : hour] @ backwards + process.shocks[regime] * shocks[step]
    ahead = residual[:, order - 1 : order + HORIZON_HOURS]
    broken = np.stack([states.ravel()[which] == 1 for states in np.indices(model.shape)[1:]], axis=1)
    ensemble = ResidualEnsemble(belief.hour, ahead, broken)
    for each in guidance:
        ensemble = ensemble.assimilating(each)
    return ensemble


def assimilate_forecast(members: Floats, guidance: Guidance) -> Floats:
    """(N, 49) members after assimilating an external forecast.

    Raises:
        InputError: leads before now or beyond the horizon.
    """
    if guidance.leads.size == 0 or guidance.leads[0] < 0 or guidance.leads[-1] > HORIZON_HOURS:
        raise InputError(f"guidance '{guidance.stream}'", f"leads {guidance.leads}", f"give 0 to {HORIZON_HOURS} h")
    rng = np.random.default_rng(_SEED + 1)
    anomaly = members - members.mean(axis=0)
    at = anomaly[:, guidance.leads]  # (N, L)
    covariance = at.T @ at / (len(at) - 1)
    cross_covariance = anomaly.T @ at / (len(at) - 1)  # (49, L)
    gain = np.linalg.solve(covariance + guidance.error, cross_covariance.T).T
    values, vectors = np.linalg.eigh(guidance.error)
    noise = rng.standard_normal(at.shape) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    return np.asarray(members + (guidance.mean + noise - members[:, guidance.leads]) @ gain.T)
