"""External forecasts as guidance: how far their errors must be inflated, fitted to past storms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, NOW, Guidance, ResidualPaths, hours_between
from strandline.uncertainty.assimilation.filter import PAST_HOURS

INFLATIONS = (0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0)
"""Candidate factors on a forecast's own spread; if even the best does not help, the forecast is not used."""
NO_ARCHIVE = 2.0
"""The factor of a source without past forecasts; an assumption: ensembles are overconfident."""
CORRELATION_HOURS = 12.0
"""Correlation time of the errors of one forecast [h]; an assumption."""
LEAST_SPREAD = 0.02
"""Of any sea-level forecast [m]."""
HELPS = 0.99
"""Share of the score without a forecast that the score with it must be below."""
_LEADS = (3, 6, 12, 24, 36, HORIZON_HOURS)


@dataclass(frozen=True, eq=False)
class ExternalForecast:
    """A forecast of the residual: mean and spread (L,) [m] at leads (L,) [h], ascending, from ``hour``.

    Attributes:
        knows_weather: (L,) whether the lead rests on a forecast of the weather, of a source whose forecasts may not;
            or one for all.
    """

    hour: np.datetime64
    leads: npt.NDArray[np.int64]
    mean: Floats
    spread: Floats
    knows_weather: Mask | bool = False


@dataclass(frozen=True)
class ForecastSource:
    """A source of forecasts.

    Attributes:
        inflation: factor on its spread, for the errors that are independent of the belief's; ∞ = not used.
        with_weather: the same of leads that know the weather: without it a forecast from the gauge's readings hardly
            says more than the belief, which rests on them too.
    """

    stream: str
    inflation: float
    with_weather: float

    @property
    def is_used(self) -> bool:
        """Unless past storms showed that its forecasts do not help."""
        return bool(np.isfinite([self.inflation, self.with_weather]).any())

    def guidance_from(self, forecast: ExternalForecast, hour: np.datetime64) -> Guidance | None:
        """The forecast with its error covariance, for a belief of ``hour``.

        It counts until its last hour has left the belief's past. ``None`` if it no longer counts, or if the source is
        not used.
        """
        leads = forecast.leads + hours_between(hour, forecast.hour)
        factor = np.broadcast_to(np.where(forecast.knows_weather, self.with_weather, self.inflation), leads.shape)
        counts = (leads > -PAST_HOURS) & np.isfinite(factor)
        if not counts.any():
            return None
        spread = factor[counts] * np.maximum(forecast.spread[counts], LEAST_SPREAD)
        correlation = np.exp(-np.abs(leads[counts, None] - leads[counts]) / CORRELATION_HOURS)
        return Guidance(self.stream, leads[counts], forecast.mean[counts], spread[:, None] * spread * correlation)


def fit_error_inflation(stream: str, past: Sequence[tuple[ResidualPaths, ExternalForecast, Floats]]) -> float:
    """Fit to paths without the source, its forecasts then, and the observations (49,) [m], NaN = not observed.

    Selects the inflation with the lowest continuous ranked probability score, mean over leads up to two days: a
    forecast that rests on the same readings as the belief counts only for what it adds. ∞ = none helps.

    Raises:
        RefusedByTheory: no past forecast.
    """
    if not past:
        raise RefusedByTheory(f"no past forecast of '{stream}' to fit its error to")
    without = float(np.mean([_score(paths, observed) for paths, _, observed in past]))
    best, found = HELPS * without, np.inf
    for inflation in INFLATIONS:
        source = ForecastSource(stream, inflation, inflation)
        scores = []
        for paths, forecast, observed in past:
            guidance = source.guidance_from(forecast, paths.hour)
            scores.append(_score(paths if guidance is None else paths.assimilating(guidance), observed))
        if (score := float(np.mean(scores))) < best:
            best, found = score, inflation
    return found


def _score(paths: ResidualPaths, observed: Floats) -> float:
    """Continuous ranked probability score [m], mean over some leads.

    Source: Gneiting and Raftery (2007), JASA 102, eq. 21.
    """
    leads = np.array([lead for lead in _LEADS if np.isfinite(observed[lead])], dtype=int)
    if not leads.size:
        return 0.0
    ordered = np.sort(paths.residual[:, NOW + leads], axis=0)
    count = len(ordered)
    spread = ((2 * np.arange(1, count + 1) - count - 1)[:, None] * ordered).sum(axis=0) / count**2
    return float((np.abs(ordered - observed[leads]).mean(axis=0) - spread).mean())
