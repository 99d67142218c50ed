"""How much a forecast by someone else is to be heeded, learned from what it said of the record's own storms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats
from strandline.watch.assimilation.ensemble import HORIZON_HOURS, Guidance, ResidualEnsemble, assimilate_forecast

INFLATIONS = (0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0)
"""Times its own spread that a forecast may be off; where even the largest does not help it is not heeded."""
NO_ARCHIVE = 2.0
"""The same where none of its past forecasts is at hand; an assumption: ensembles are too sure of themselves."""
MEMORY_HOURS = 12.0
"""Over which errors of one forecast go together [h]; an assumption, half a day."""
LEAST_SPREAD = 0.02
"""Of any forecast of the sea [m]."""
HELPS = 0.99
"""Of the score without it, that heeding a forecast must at least reach."""
_LEADS = (3, 6, 12, 24, 36, HORIZON_HOURS)


@dataclass(frozen=True, eq=False)
class ExternalForecast:
    """What a forecast said: mean and spread (L,) [m] of the residual at leads (L,) [h] from an hour."""

    leads: npt.NDArray[np.int64]
    mean: Floats
    spread: Floats


@dataclass(frozen=True)
class ForecastSource:
    """A source of forecasts.

    Attributes:
        inflation: times its own spread that it is off, as far as the belief does not know that already; ∞ = not heeded.
    """

    stream: str
    inflation: float

    def guidance_from(self, said: ExternalForecast) -> Guidance | None:
        """Its forecast with the error to be expected; ``None`` where it is not heeded."""
        if not np.isfinite(self.inflation):
            return None
        spread = self.inflation * np.maximum(said.spread, LEAST_SPREAD)
        alike = np.exp(-np.abs(said.leads[:, None] - said.leads) / MEMORY_HOURS)
        return Guidance(self.stream, said.leads, said.mean, spread[:, None] * spread * alike)


def fit_error_inflation(
    stream: str, past: Sequence[tuple[ResidualEnsemble, ExternalForecast, Floats]]
) -> ForecastSource:
    """From courses that were drawn without it, what it said then, and what came (49,) [m], NaN = not observed.

    The inflation with the least continuous ranked probability score, mean over leads up to two days: a forecast that
    rests on the same readings as the belief thereby counts for what it adds.

    Raises:
        RefusedByTheory: nothing to learn from.
    """
    if not past:
        raise RefusedByTheory(f"no past forecast of '{stream}' to learn from how far it is off")
    alone = float(np.mean([_score(ensemble.residual, came) for ensemble, _, came in past]))
    best, found = HELPS * alone, np.inf
    for inflation in INFLATIONS:
        source = ForecastSource(stream, inflation)
        scores = []
        for ensemble, said, came in past:
            given = source.guidance_from(said)
            assert given is not None
            scores.append(_score(assimilate_forecast(ensemble.residual, given), came))
        if (score := float(np.mean(scores))) < best:
            best, found = score, inflation
    return ForecastSource(stream, found)


def _score(ensemble: Floats, came: Floats) -> float:
    """Continuous ranked probability score [m] of an ensemble (N, 49), mean over some leads.

    Source: Gneiting and Raftery (2007), JASA 102, eq. 21.
    """
    leads = [lead for lead in _LEADS if np.isfinite(came[lead])]
    if not leads:
        return 0.0
    ordered = np.sort(ensemble[:, leads], axis=0)
    count = len(ordered)
    apart = ((2 * np.arange(1, count + 1) - count - 1)[:, None] * ordered).sum(axis=0) / count**2
    return float((np.abs(ordered - came[leads]).mean(axis=0) - apart).mean())
