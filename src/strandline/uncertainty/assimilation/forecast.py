"""The forecast of the sea level's residual: an ensemble for chances, and one for bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from strandline.observations.arrays import Floats
from strandline.uncertainty.assimilation.ensemble import (
    HORIZON_HOURS,
    Guidance,
    ResidualEnsemble,
    hours_between,
    sample_ensemble,
)
from strandline.uncertainty.assimilation.forecast_guidance import CORRELATION_HOURS, NO_ARCHIVE, ForecastSource
from strandline.uncertainty.assimilation.sea_state import SeaState
from strandline.uncertainty.assimilation.spread_inflation import Information, SpreadInflation


@dataclass(frozen=True, eq=False)
class Forecast:
    """What may come within two days.

    Attributes:
        ensemble: as sampled from the belief.
        information: that it rests on.
        inflation: of its spread.
    """

    ensemble: ResidualEnsemble
    information: Information
    inflation: SpreadInflation

    @cached_property
    def chances(self) -> ResidualEnsemble:
        """Equally likely members; the chance of an event is their share, and decisions rest on it."""
        return self.inflation.chances(self.ensemble, self.information)

    @cached_property
    def bounds(self) -> ResidualEnsemble:
        """The same members, spread as wide as storms of the record require.

        90 % of the hours about storms lie between their quantiles. They are no chances: a storm is known as one only
        afterwards.
        """
        return self.inflation.bounds(self.ensemble, self.information)


def forecast(state: SeaState, sources: Sequence[ForecastSource], inflation: SpreadInflation) -> Forecast:
    """The forecast from now to two days ahead.

    It rests on the belief of the last hour at which anything was heard, on the last forecast of every source, however
    old, and on nothing that silence adds:

    - While nothing is heard, the members at a given valid hour stay the same, so that neither their width nor the
      probability of any event falls because data stopped, at any hour and for any horizon.
    - Beyond the reach of what was heard the ensemble widens to the climate of the season's storms.
    - While only some streams are silent, the spread of the filter and the factors on it are never smaller than with
      these streams heard; what the others report may still narrow the forecast.

    Args:
        sources: fitted; one that is missing counts as a source without archive.
    """
    belief, now = state.informed, state.belief.hour
    fitted = {source.stream: source for source in sources}
    guidance = []
    for stream, external in sorted(state.forecasts.items()):
        source = fitted.get(stream, ForecastSource(stream, NO_ARCHIVE, NO_ARCHIVE))
        guidance.append(source.guidance_from(external, belief.hour))
    used = [each for each in guidance if each is not None]
    ensemble = sample_ensemble(belief, used, now)
    valid = now + np.arange(HORIZON_HOURS + 1).astype("timedelta64[h]")
    lead = hours_between(belief.hour, now) + np.arange(HORIZON_HOURS + 1.0)
    own = belief.model.sensors[0].stream
    ages = {stream: float(hours_between(hour, belief.hour)) for stream, hour in state.last_readings.items()}
    information = Information(
        lead=lead,
        own_age=ages.get(own, np.inf),
        other_age=min([age for stream, age in ages.items() if stream != own], default=np.inf),
        stormy=belief.stormy(),
        guided=_guided(used, lead),
        month=valid.astype("datetime64[M]").astype(int) % 12,
    )
    return Forecast(ensemble, information, inflation)


def _guided(guidance: Sequence[Guidance], lead: Floats) -> Floats:
    """(49,) 1 up to the last hour that an external forecast covers, then falling to 0 [-]."""
    last = max((float(each.leads[-1]) for each in guidance), default=-np.inf)
    return np.asarray(np.clip(1 - (lead - last) / CORRELATION_HOURS, 0.0, 1.0))
