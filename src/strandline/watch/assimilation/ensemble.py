"""What may come of a belief: courses of the sea, each as likely as any other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.watch.assimilation.filter import SeaBelief

HORIZON_HOURS = 48
"""How far courses reach [h]; as far as the earliest start of a measure."""
COURSES = 300
_CHANCE = 20241
"""Of the draws, the same at every hour: beliefs that agree give the same courses, and decisions do not flutter."""


@dataclass(frozen=True, eq=False)
class ResidualEnsemble:
    """What may come, N ways that are equally likely.

    Attributes:
        hour: now, UTC full hour.
        residual: (N, 49) level − tide − mean sea level from now to two days ahead [m].
        broken: (N, S) which gauges are broken in each.
        moved: whose guidance moved the courses → how far at most, on average over them [m].
    """

    hour: np.datetime64
    residual: Floats
    broken: npt.NDArray[np.bool_]
    moved: Mapping[str, float] = field(default_factory=dict)

    def inflated(self, factor: Floats) -> "ResidualEnsemble":
        """The same about the same medians, so many times (49,) as far apart."""
        middle = np.median(self.residual, axis=0)
        return replace(self, residual=middle + factor * (self.residual - middle))

    def assimilating(self, guidance: "Guidance") -> "ResidualEnsemble":
        """The same, moved by what someone else forecasts."""
        residual = assimilate_forecast(self.residual, guidance)
        shift = residual.mean(axis=0) - self.residual.mean(axis=0)
        by = float(shift[np.argmax(np.abs(shift))])
        return replace(self, residual=residual, moved={**self.moved, guidance.stream: by})


@dataclass(frozen=True, eq=False)
class Guidance:
    """A forecast of the residual by someone else, which is heard and not assimilated: the next replaces it whole.

    Attributes:
        stream: whose.
        leads: (L,) hours from now, ascending, 0 to the horizon.
        mean: (L,) [m].
        error: (L, L) covariance [m2] of what it is off, as far as the belief does not know that already.
    """

    stream: str
    leads: npt.NDArray[np.int64]
    mean: Floats
    error: Floats


def sample_ensemble(belief: SeaBelief, guidance: Sequence[Guidance] = (), count: int = COURSES) -> ResidualEnsemble:
    """Courses of the residual from now to two days ahead.

    The past of each is drawn from one hypothesis, taken as often as it is likely; shocks and changes of regime from the
    process. Guidance then moves all courses at once as an ensemble Kalman filter does, which keeps what parts them.

    Source: perturbed observations, Burgers, van Leeuwen, Evensen (1998), Monthly Weather Review 126, 1719-1724.
    """
    model, process = belief.model, belief.model.process
    rng = np.random.default_rng(_CHANCE)
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
    course = np.empty((count, total))  # oldest first; now at ``order − 1``
    course[:, : order + start] = past[:, ::-1]
    switches, shocks = rng.random((HORIZON_HOURS + 1, count)), rng.standard_normal((HORIZON_HOURS + 1, count))
    ladder = np.cumsum(process.transition, axis=1)
    backwards = process.coefficients[::-1]
    for hour in range(order + start, total):
        step = hour - order
        regime = (switches[step][:, None] > ladder[regime]).sum(axis=1)
        course[:, hour] = course[:, hour - order : hour] @ backwards + process.shocks[regime] * shocks[step]
    ahead = course[:, order - 1 : order + HORIZON_HOURS]
    broken = np.stack([states.ravel()[which] == 1 for states in np.indices(model.shape)[1:]], axis=1)
    ensemble = ResidualEnsemble(belief.hour, ahead, broken)
    for given in guidance:
        ensemble = ensemble.assimilating(given)
    return ensemble


def assimilate_forecast(ensemble: Floats, given: Guidance) -> Floats:
    """(N, 49) courses moved by what someone else forecasts.

    Raises:
        InputError: leads before now or beyond the horizon.
    """
    if given.leads.size == 0 or given.leads[0] < 0 or given.leads[-1] > HORIZON_HOURS:
        raise InputError(f"guidance '{given.stream}'", f"leads {given.leads}", f"give 0 to {HORIZON_HOURS} h")
    rng = np.random.default_rng(_CHANCE + 1)
    anomaly = ensemble - ensemble.mean(axis=0)
    at = anomaly[:, given.leads]  # (N, L)
    together = at.T @ at / (len(at) - 1)
    across = anomaly.T @ at / (len(at) - 1)  # (49, L)
    gain = np.linalg.solve(together + given.error, across.T).T
    values, vectors = np.linalg.eigh(given.error)
    noise = rng.standard_normal(at.shape) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    return np.asarray(ensemble + (given.mean + noise - ensemble[:, given.leads]) @ gain.T)
