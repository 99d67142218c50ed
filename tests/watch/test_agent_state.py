"""The agent's state is stored and read back."""

from dataclasses import replace

import numpy as np

from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.assimilation.sea_state import with_forecasts
from strandline.uncertainty.gauge_forecast.guidance import FORECASTER
from strandline.watch.agent_state import decode, encode
from strandline.watch.decision_rules import decide
from tests.watch.test_decision_rules import ensemble_of, gates, levels_of_peaks, make_config, state_with_readings


def test_a_stored_state_is_read_back_equal() -> None:
    config = make_config(gates())
    state, _ = decide(
        config, state_with_readings(config), ensemble_of(state_with_readings(config), levels_of_peaks((5, 2.5)))
    )
    knows = np.array([True, False])
    told = ExternalForecast(state.belief.hour, np.array([0, 3]), np.zeros(2), np.full(2, 0.1), knows)
    state = replace(state, sea=with_forecasts(state.sea, {FORECASTER: told}))
    stored = encode(state)
    again = decode(stored, config.model)
    np.testing.assert_array_equal(again.sea.forecasts[FORECASTER].knows_weather, knows)
    assert encode(again) == stored
    assert again.phases == state.phases
    assert again.sea.last_own_reading == state.sea.last_own_reading
    np.testing.assert_array_equal(again.belief.covariance, state.belief.covariance)


def test_when_gauges_change_the_belief_starts_again_and_running_actions_continue() -> None:
    config = make_config(gates())
    state, _ = decide(
        config, state_with_readings(config), ensemble_of(state_with_readings(config), levels_of_peaks((5, 2.5)))
    )
    fewer = replace(config, model=replace(config.model, sensors=config.model.sensors[:2]))
    again = decode(encode(state), fewer.model)
    assert again.phases == state.phases
    assert again.belief.hour == state.belief.hour
    assert again.belief.mean.shape[1] == fewer.model.size
