"""The calibrated forecast of the sea level's residual."""

from collections.abc import Sequence

from strandline.uncertainty.assimilation.ensemble import Guidance, ResidualEnsemble, sample_ensemble
from strandline.uncertainty.assimilation.sea_state import SeaState
from strandline.uncertainty.assimilation.spread_inflation import SpreadInflation


def forecast(state: SeaState, guidance: Sequence[Guidance], inflation: SpreadInflation) -> ResidualEnsemble:
    """The calibrated forecast ensemble; silence, however long, takes nothing from its spread."""
    ensemble = sample_ensemble(state.belief, guidance)
    return ensemble.inflated(inflation.with_own_gauge if state.has_own_readings else inflation.without_own_gauge)
