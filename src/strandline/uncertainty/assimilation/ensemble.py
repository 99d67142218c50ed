"""Forecast ensemble of the residual, sampled from the belief and moved by guidance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices
from strandline.uncertainty.assimilation.filter import PAST_HOURS, SeaBelief
from strandline.uncertainty.assimilation.surge_process import SurgeProcess

HORIZON_HOURS = 48
"""Forecast horizon [h]; the longest lead time of a measure."""
MEMBERS = 300
SETTLED_HOURS = 240
"""Without a reading or a forecast for so long [h], the forecast no longer depends on what was last heard."""
NOW = PAST_HOURS - 1
"""Position of the belief's hour in `ResidualPaths`."""
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


@dataclass(frozen=True, eq=False)
class Guidance:
    """An external forecast of the residual; it does not enter the belief, since the next one replaces it whole.

    Attributes:
        leads: (L,) hours from the belief's hour, ascending; negative for hours that have passed.
        mean: (L,) [m].
        error: (L, L) covariance of its errors that are independent of the belief's [m2].
    """

    stream: str
    leads: npt.NDArray[np.int64]
    mean: Floats
    error: Floats


@dataclass(frozen=True, eq=False)
class ResidualPaths:
    """N equally likely courses of the residual, from the past of a belief on.

    Attributes:
        hour: of the belief, UTC full hour.
        residual: (N, P) hourly, from ``PAST_HOURS − 1`` hours before ``hour`` [m].
        broken, moved: see `ResidualEnsemble`.
    """

    hour: np.datetime64
    residual: Floats
    broken: npt.NDArray[np.bool_]
    moved: Mapping[str, float] = field(default_factory=dict)

    def assimilating(self, guidance: Guidance) -> "ResidualPaths":
        """The paths after assimilating an external forecast, as an ensemble Kalman filter does.

        Whole members move, past and future, which keeps the differences between them. Leads outside the paths are left
        out.

        Raises:
            InputError: no lead within the paths.

        Source: perturbed observations, Burgers, van Leeuwen, Evensen (1998), Monthly Weather Review 126, 1719-1724.
        """
        inside = (guidance.leads >= -NOW) & (guidance.leads < self.residual.shape[1] - NOW)
        at, mean, error = guidance.leads[inside] + NOW, guidance.mean[inside], guidance.error[np.ix_(inside, inside)]
        if not at.size:
            reach = f"give {-NOW} to {self.residual.shape[1] - 1 - NOW} h"
            raise InputError(f"guidance '{guidance.stream}'", f"leads {guidance.leads}", reach)
        paths = self.residual.T  # (P, N): the members of an hour lie together
        anomaly = paths - paths.mean(axis=1, keepdims=True)
        cross_covariance = anomaly @ anomaly[at].T / (paths.shape[1] - 1)  # (P, L)
        gain = np.linalg.solve(cross_covariance[at] + error, cross_covariance.T)  # (L, P)
        values, vectors = np.linalg.eigh(error)
        noise = (vectors * np.sqrt(np.maximum(values, 0.0))) @ _deviates(3, paths.shape[1], at.size).T  # (L, N)
        shift = gain.T @ (mean[:, None] + noise - paths[at])  # (P, N)
        of_mean = shift[NOW : NOW + HORIZON_HOURS + 1].mean(axis=1)
        largest = float(of_mean[np.argmax(np.abs(of_mean))])
        shift += paths
        return replace(self, residual=shift.T, moved={**self.moved, guidance.stream: largest})

    def at(self, hour: np.datetime64) -> ResidualEnsemble:
        """The two days from ``hour`` on."""
        first = NOW + min(hours_between(self.hour, hour), SETTLED_HOURS)
        return ResidualEnsemble(hour, self.residual[:, first : first + HORIZON_HOURS + 1], self.broken, self.moved)


def sample_paths(belief: SeaBelief, reach: int = HORIZON_HOURS, count: int = MEMBERS) -> ResidualPaths:
    """Sample courses of the residual up to ``reach`` hours after the belief.

    The past of each member is drawn from one hypothesis, in proportion to the weights; shocks and changes of regime
    are drawn from the process. The draws of an hour do not depend on ``reach``.
    """
    model, process = belief.model, belief.model.process
    which = np.searchsorted(np.cumsum(belief.weight), (np.arange(count) + 0.5) / count)
    which = np.minimum(which, belief.weight.size - 1)
    known = model.hours
    deviates = _deviates(0, count, known)
    total = PAST_HOURS + max(reach, model.ahead)
    residual = np.empty((total, count))  # oldest first; the members of an hour lie together
    edges = np.searchsorted(which, np.arange(belief.weight.size + 1))  # the members of a hypothesis too
    for hypothesis, (first, end) in enumerate(pairwise(edges.tolist())):
        if first == end:
            continue
        values, vectors = np.linalg.eigh(belief.covariance[hypothesis, :known, :known])
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        past = belief.mean[hypothesis, :known, None] + root @ deviates[first:end].T  # newest first
        residual[:known, first:end] = past[::-1]
    shocks = _shocks(process, total - known, count)
    _continue(residual, known, process.coefficients, shocks, model.hypotheses[0][which])
    broken = np.stack([states[which] == 1 for states in model.hypotheses[1:]], axis=1)
    return ResidualPaths(belief.hour, residual.T, broken)


@numba.njit(cache=True)
def _continue(residual: Floats, known: int, coefficients: Floats, shocks: Floats, regimes: Indices) -> None:
    """Fill the hours of ``residual`` (T, N) from ``known`` on, by shocks (R, T − known, N) of each member's regime."""
    for at in range(known, residual.shape[0]):
        for member in range(residual.shape[1]):
            residual[at, member] = shocks[regimes[member], at - known, member]
        for lag in range(coefficients.size):
            for member in range(residual.shape[1]):
                residual[at, member] += coefficients[lag] * residual[at - 1 - lag, member]


@lru_cache(maxsize=16)
def _deviates(number: int, count: int, width: int) -> Floats:
    """(N, W) standard normal numbers of one of the draws, for each member; the same at every hour."""
    deviates = np.random.default_rng([_SEED, number]).standard_normal((count, width))
    deviates.flags.writeable = False
    return deviates


@lru_cache(maxsize=4)
def _shocks(process: SurgeProcess, hours: int, count: int) -> Floats:
    """(R, T, N) shocks of each member [m], if it starts in each regime; kept, since they are the same at every hour."""
    regime_rng, shock_rng = (np.random.default_rng([_SEED, number]) for number in (1, 2))
    switches, deviates = _stratified(regime_rng, hours, count), ndtri(_stratified(shock_rng, hours, count))
    cumulative = np.cumsum(process.transition, axis=1)
    regime = np.repeat(np.arange(process.shocks.size)[:, None], count, axis=1)  # (R, N)
    shocks = np.empty((process.shocks.size, hours, count))
    for step in range(hours):
        regime = (switches[step][:, None] > cumulative[regime]).sum(axis=-1)
        shocks[:, step] = process.shocks[regime] * deviates[step]
    shocks.flags.writeable = False
    return shocks


def _stratified(rng: np.random.Generator, hours: int, count: int) -> Floats:
    """(T, N) numbers in (0, 1): those of one hour, in random order, are the middles of N equal parts.

    The draws are the same at every hour, so that what they lack by chance would be lacking in every forecast.

    Source: Latin hypercube sampling; McKay, Beckman, Conover (1979), Technometrics 21, 239.
    """
    return np.asarray((rng.random((hours, count)).argsort(axis=1).argsort(axis=1) + 0.5) / count)


def sample_ensemble(
    belief: SeaBelief, guidance: Sequence[Guidance] = (), hour: np.datetime64 | None = None, count: int = MEMBERS
) -> ResidualEnsemble:
    """The residual from now to two days ahead, after assimilating external forecasts.

    Args:
        hour: now; later than the belief if nothing was heard since. The members at one valid hour are then the same at
            every hour of the silence. ``None`` = the hour of the belief.

    Raises:
        InputError: ``hour`` is before the belief.
    """
    now = belief.hour if hour is None else hour.astype("datetime64[h]")
    silent = hours_between(belief.hour, now)
    if silent < 0:
        raise InputError("forecast", f"of {now} from a belief of {belief.hour}", "give an hour not before it")
    last_leads = [int(each.leads[-1]) for each in guidance if each.leads.size]
    paths = sample_paths(belief, max([min(silent, SETTLED_HOURS) + HORIZON_HOURS, *last_leads]), count)
    for each in guidance:
        paths = paths.assimilating(each)
    return paths.at(now)


def hours_between(earlier: np.datetime64, later: np.datetime64) -> int:
    """Whole hours from ``earlier`` to ``later``."""
    return int((later - earlier) / np.timedelta64(1, "h"))
