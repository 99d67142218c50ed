"""Decisions of the agent: expected loss against cost, probability for lives, hysteresis, crews, and no data."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.planning.actions import ActionParameters
from strandline.planning.early_action.action_value import (
    DEFERRAL_HOURS,
    PROBABILITY_FOR_LIVES,
    STOP_HOURS,
    select_actions,
    value_of_acting,
)
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, ResidualEnsemble
from strandline.uncertainty.assimilation.filter import Residual, SeaModel
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.gauge_model import Sensor, own_sensor
from strandline.uncertainty.assimilation.sea_state import NO_DATA_HOURS
from strandline.uncertainty.assimilation.spread_inflation import NO_INFLATION
from strandline.uncertainty.assimilation.surge_process import SurgeProcess
from strandline.watch.agent_state import AgentState, initial_state, update_belief
from strandline.watch.decision_rules import AgentConfig, decide

START = np.datetime64("2020-01-01T00", "h")
HOUR = np.timedelta64(1, "h")
LEVEL = 2.0


def gates(
    cost: float = 10.0, earliest: float = 3.0, crews: int = 0, name: str = "close_floodgates"
) -> ActionParameters:
    return ActionParameters(
        name, False, (), (), (earliest, 12.0), "Execute", LEVEL, (cost, cost, cost), (LEVEL, LEVEL + 1), (100.0, 300.0),
        crews,
    )  # fmt: skip


def evacuation(crews: int = 0) -> ActionParameters:
    return ActionParameters(
        "evacuate_low_lying_areas", True, (), (), (12.0, 48.0), "Evacuate", LEVEL, None, (), (), crews
    )


def levels_of_peaks(*peaks: tuple[int, float]) -> np.ndarray:
    """(N, 49) levels of 0 except at one hour each."""
    levels = np.zeros((len(peaks), HORIZON_HOURS + 1))
    for row, (hour, level) in enumerate(peaks):
        levels[row, hour] = level
    return levels


def make_config(*actions: ActionParameters, crews: int | None = None) -> AgentConfig:
    process = SurgeProcess(np.array([1.3, -0.34]), np.array([0.02, 0.1]), np.array([[0.98, 0.02], [0.02, 0.98]]))
    neighbours = (Sensor(name, 0, 1.0, 0.8, np.array([0.02, 0.08])) for name in ("near", "far"))
    model = SeaModel(process, (own_sensor("own", process), *neighbours))
    return AgentConfig(model, NO_INFLATION, {"own": lambda moments: np.zeros(moments.shape)}, actions, crews)


def ensemble_of(state: AgentState, levels: np.ndarray) -> ResidualEnsemble:
    return ResidualEnsemble(state.belief.hour, levels, np.zeros((len(levels), 3), dtype=bool))


def state_with_readings(config: AgentConfig, hours: int = 5) -> AgentState:
    state = initial_state(config.model, START)
    for hour in range(1, hours + 1):
        state = update_belief(state, START + hour * HOUR, [Residual("own", START + hour * HOUR, 0.0)])
    return state


def test_avoided_loss_is_the_mean_over_members_that_acting_can_still_help() -> None:
    levels = levels_of_peaks((5, 2.5), (5, 1.0), (1, 3.0), (30, 3.0))
    value = value_of_acting(gates(), levels)
    assert value.avoided == pytest.approx(200.0 / 4)  # one is too early to act for, one can wait
    assert value.ratio == pytest.approx(5.0)
    assert value.probability == pytest.approx(0.75)
    assert value.onset_hours == 5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, HORIZON_HOURS), st.floats(0, 4)), min_size=1, max_size=20), st.floats(0, 1))
def test_a_higher_sea_never_lowers_the_value_of_acting(peaks: list[tuple[int, float]], more: float) -> None:
    lower, higher = (
        value_of_acting(gates(), levels_of_peaks(*((h, level + d) for h, level in peaks))) for d in (0.0, more)
    )
    late = [hour < 3 for hour, level in peaks if level < LEVEL <= level + more]
    if not any(late):
        assert higher.ratio >= lower.ratio - 1e-12
    assert higher.probability >= lower.probability


def test_actions_for_lives_are_decided_by_probability_alone() -> None:
    levels = levels_of_peaks(*[(14, 3.0)] * 3, *[(14, 1.0)] * 7)
    value = value_of_acting(evacuation(), levels)
    assert value.ratio == pytest.approx(0.3 / PROBABILITY_FOR_LIVES)
    assert value.avoided is None


def test_an_action_is_no_regret_only_if_it_is_justified_whichever_stream_is_wrong() -> None:
    levels = levels_of_peaks((5, 2.5), (5, 2.5), (5, 0.0))
    broken = np.array([[False], [False], [True]])
    value = value_of_acting(gates(), levels, broken, ["own"])
    assert value.if_wrong == {"own": 0.0}
    assert value.ratio > 1
    assert not value.is_no_regret
    assert value_of_acting(gates(), levels[:2], broken[:2], ["own"]).is_no_regret


def test_crews_go_to_lives_first_and_then_to_the_greatest_value() -> None:
    cheap, dear = gates(10.0, crews=1), gates(90.0, crews=1, name="deploy_sandbags")
    levels = levels_of_peaks(*[(14, 3.0)] * 10, *[(5, 3.0)] * 10)
    actions = [evacuation(crews=2), cheap, dear]
    values = [value_of_acting(one, levels) for one in actions]
    assert all(value.ratio > 1 for value in values)
    assert select_actions(actions, values, None) == {one.action for one in actions}
    assert select_actions(actions, values, 3) == {"evacuate_low_lying_areas", "close_floodgates"}
    assert select_actions(actions, values, 1) == {"close_floodgates"}
    assert select_actions(actions, values, 0) == set()


def test_an_action_stops_after_a_whole_calm_tide_and_not_before() -> None:
    config = make_config(gates())
    state = state_with_readings(config)
    storm, calm = levels_of_peaks((5, 2.5)), levels_of_peaks((5, 1.0))
    state, decisions = decide(config, state, ensemble_of(state, storm))
    assert [one.change for one in decisions] == ["start"]
    for hour in range(1, STOP_HOURS):
        state, decisions = decide(config, state, ensemble_of(state, calm))
        assert decisions[0].change == "keep", hour
    interrupted, _ = decide(config, state, ensemble_of(state, storm))
    assert interrupted.actions["close_floodgates"].calm_hours == 0
    state, decisions = decide(config, state, ensemble_of(state, calm))
    assert decisions[0].change == "stop"
    later = levels_of_peaks((int(3 + DEFERRAL_HOURS + STOP_HOURS) + 1, 2.5))
    assert decide(config, state, ensemble_of(state, later))[1][0].change == "stay_off"


def test_without_data_nothing_starts_and_a_person_decides() -> None:
    config = make_config(gates())
    state = update_belief(state_with_readings(config), START + (6 + NO_DATA_HOURS) * HOUR, [])
    assert state.has_no_data
    after, decisions = decide(config, state, ensemble_of(state, levels_of_peaks((5, 2.5))))
    assert decisions[0].needs_person
    assert decisions[0].change == "stay_off"
    assert "decides" in decisions[0].why
    running = replace(
        state,
        actions=decide(config, state_with_readings(config), ensemble_of(state, levels_of_peaks((5, 2.5))))[0].actions,
    )
    assert decide(config, running, ensemble_of(state, levels_of_peaks((5, 0.0))))[1][0].change == "keep"
    assert after.actions["close_floodgates"].active is False
    with_forecast = update_belief(state, state.belief.hour + HOUR, [], has_forecast=True)
    assert not with_forecast.has_no_data
    assert not with_forecast.has_own_readings


def test_a_broken_gauge_that_two_others_contradict_starts_nothing() -> None:
    config = make_config(gates(cost=1.0), evacuation())
    state = initial_state(config.model, START)
    for hour in range(1, 40):
        jump = 2.5 if hour > 30 else 0.0
        now = START + hour * HOUR
        readings = [Residual("own", now, jump), Residual("near", now, 0.0), Residual("far", now, 0.0)]
        state = update_belief(state, now, readings)
        state, decisions = decide(config, state, forecast(state.sea, (), NO_INFLATION))
        assert all(one.change == "stay_off" for one in decisions), hour
    assert not state.has_own_readings
    assert state.sea.last_own_rejection == state.belief.hour
    assert "own rejected: the other streams" in decisions[0].why
    assert decisions[0].is_degraded


def test_decisions_state_the_reason_and_what_would_change_them() -> None:
    config = make_config(gates(), evacuation())
    state = state_with_readings(config)
    _, (money, lives) = decide(config, state, ensemble_of(state, levels_of_peaks((5, 2.5), (5, 1.0))))
    assert money.at == datetime(2020, 1, 1, 5)
    assert money.onset == datetime(2020, 1, 1, 10)
    assert "50%" in money.why and "EUR" in money.why and "2.00 m" in money.why  # noqa: PT018
    assert "the agreed limit is 20%" in lives.why
    assert "chance above the agreed limit" in lives.would_change
