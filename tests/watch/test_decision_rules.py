"""Decisions of the agent: the protocol's own rule on the ensemble, its reasons, silence, and broken gauges."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.planning.early_action.derive_triggers import money_phase
from strandline.planning.early_action.evacuation.all_drivers import AllDrivers
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, WholeRegion
from strandline.planning.early_action.evacuation.area_water import AreaWater
from strandline.planning.early_action.protocol import Protocol
from strandline.planning.early_action.trigger_constants import DEFERRAL_HOURS, STOP_HOURS, UNDECIDED_HOURS
from strandline.planning.early_action.triggers import PhaseState
from strandline.planning.measures import Fallback, OperationalMeasure
from strandline.planning.quantity import Quantity
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, ResidualEnsemble
from strandline.uncertainty.assimilation.filter import Residual, SeaModel
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast
from strandline.uncertainty.assimilation.gauge_model import Sensor, own_sensor
from strandline.uncertainty.assimilation.sea_state import HEARD_HOURS
from strandline.uncertainty.assimilation.spread_inflation import NO_INFLATION
from strandline.uncertainty.assimilation.surge_process import SurgeProcess
from strandline.watch.agent_state import AgentState, initial_state, update_belief
from strandline.watch.decision_rules import AgentConfig, decide

START = np.datetime64("2020-01-01T00", "h")
HOUR = np.timedelta64(1, "h")
LEVEL = 2.0
CLEARANCE = 12
EVACUATE, GO_UP = "evacuate_low_lying_areas", "go_up"


def gates(
    cost: float = 1000.0, earliest: float = 3.0, crews: int = 0, name: str = "close_floodgates"
) -> OperationalMeasure:
    quantity = Quantity(cost, cost, cost, "EUR", "made up")
    return OperationalMeasure(name, name, (), (earliest, 12.0), "Execute", False, quantity, None, crews)


def evacuation(crews: int = 0) -> OperationalMeasure:
    return OperationalMeasure(
        EVACUATE, "Evacuate", (), (CLEARANCE, 48.0), "Evacuate", True, None, None, crews,
        fallback=Fallback(GO_UP, "Go up", "Shelter"),
    )  # fmt: skip


def protocol_of(
    *measures: OperationalMeasure, drainage_hours: float | None = None, water: AreaWater | None = None
) -> Protocol:
    phases, indicators = [], {}
    for measure in measures:
        if measure.life_safety:
            area = WholeRegion((LEVEL,), CLEARANCE, "made up", water=water)
            triggers = AreaTriggers(measure, area, False, drainage_hours, None)
            phases += triggers.phases
            indicators |= triggers.indicators
        else:
            phase, of_phase = money_phase(measure, LEVEL, (np.array([LEVEL, LEVEL + 1]), np.array([1e4, 3e4])))
            phases.append(phase)
            indicators |= of_phase
    return Protocol(title="a", source="b", confirmed_by="c", indicators=indicators, phases=tuple(phases))


def levels_of_peaks(*peaks: tuple[int, float]) -> np.ndarray:
    """(N, 49) levels of 0 except at one hour each."""
    levels = np.zeros((len(peaks), HORIZON_HOURS + 1))
    for row, (hour, level) in enumerate(peaks):
        levels[row, hour] = level
    return levels


def make_config(
    *measures: OperationalMeasure,
    crews: int | None = None,
    drainage_hours: float | None = None,
    water: AreaWater | None = None,
) -> AgentConfig:
    process = SurgeProcess(np.array([1.3, -0.34]), np.array([0.02, 0.1]), np.array([[0.98, 0.02], [0.02, 0.98]]))
    neighbours = (Sensor(name, 0, 1.0, 0.8, np.array([0.02, 0.08])) for name in ("near", "far"))
    model = SeaModel(process, (own_sensor("own", process), *neighbours))
    protocol = protocol_of(*measures, drainage_hours=drainage_hours, water=water)
    return AgentConfig(model, NO_INFLATION, {"own": lambda moments: np.zeros(moments.shape)}, protocol, crews)


def ensemble_of(state: AgentState, levels: np.ndarray) -> ResidualEnsemble:
    return ResidualEnsemble(state.belief.hour, levels, np.zeros((len(levels), 3), dtype=bool))


def state_with_readings(config: AgentConfig, hours: int = 5) -> AgentState:
    state = initial_state(config.model, START)
    for hour in range(1, hours + 1):
        state = update_belief(state, START + hour * HOUR, [Residual("own", START + hour * HOUR, 0.0)])
    return state


def next_hour(state: AgentState) -> AgentState:
    now = state.belief.hour + HOUR
    return update_belief(state, now, [Residual("own", now, 0.0)])


def changes(config: AgentConfig, state: AgentState, levels: np.ndarray) -> dict[str, str]:
    return {one.action: one.change for one in decide(config, state, ensemble_of(state, levels))[1]}


def test_the_expected_avoided_loss_counts_members_that_acting_can_still_help() -> None:
    config = make_config(gates())
    state = state_with_readings(config)
    levels = levels_of_peaks((5, 2.5), (5, 1.0), (1, 3.0), (30, 3.0))
    _, (decision,) = decide(config, state, ensemble_of(state, levels))
    assert decision.expected_avoided_loss == pytest.approx(2e4 / 4)  # one is too early to act for, one is far ahead
    assert decision.probability == pytest.approx(0.75)
    assert decision.change == "start"
    assert decision.onset == datetime(2020, 1, 1, 10)


@pytest.mark.parametrize("drivers", [None, AllDrivers(("sea", "rain"), 0.1)])
def test_where_the_dangerous_level_is_uncertain_the_chance_is_of_danger_and_not_of_a_level(
    drivers: AllDrivers | None,
) -> None:
    """Also where rain brings danger, but no forecast of it has come."""
    area = WholeRegion((1.0, 2.0, 5.0, 5.0), CLEARANCE, "made up", all_drivers=drivers)
    triggers = AreaTriggers(evacuation(), area, False, None, None)
    protocol = Protocol(
        title="a", source="b", confirmed_by="c", indicators=triggers.indicators, phases=tuple(triggers.phases)
    )
    config = replace(make_config(evacuation()), protocol=protocol)
    state = state_with_readings(config)
    decision = decide(config, state, ensemble_of(state, levels_of_peaks((30, 4.0), (30, 4.0))))[1][0]
    assert decision.probability == pytest.approx(0.5), "every member passes two of four levels"
    assert decision.why.startswith(
        "50% chance of water that is dangerous to people within 48 h (100% that the sea passes"
    )
    assert "about where it may begin)" in decision.why
    assert "50% chance that the sea passes" not in decision.why


def test_crews_go_to_lives_first_and_then_to_the_greatest_value() -> None:
    cheap, dear = gates(1000.0, 10.0, 1), gates(9000.0, 10.0, 1, name="deploy_sandbags")
    measures = evacuation(crews=2), cheap, dear
    levels = levels_of_peaks(*[(12, 3.0)] * 20)
    for crews, expected in (
        (None, {EVACUATE, "close_floodgates", "deploy_sandbags"}),
        (3, {EVACUATE, "close_floodgates"}),
        (1, {"close_floodgates"}),
        (0, set()),
    ):
        config = make_config(*measures, crews=crews)
        found = changes(config, state_with_readings(config), levels)
        assert {name for name, change in found.items() if change == "start"} == expected, crews


def test_an_action_stops_after_a_whole_calm_tide_and_not_before() -> None:
    config = make_config(gates())
    state = state_with_readings(config)
    storm, calm = levels_of_peaks((5, 2.5)), levels_of_peaks((5, 1.0))
    state, decisions = decide(config, state, ensemble_of(state, storm))
    assert [one.change for one in decisions] == ["start"]
    for hour in range(STOP_HOURS):
        state, decisions = decide(config, next_hour(state), ensemble_of(next_hour(state), calm))
        assert decisions[0].change == "keep", hour
        assert "running on avoids EUR 0 on average" in decisions[0].why, "not what a further start would avoid"
    interrupted, _ = decide(config, next_hour(state), ensemble_of(next_hour(state), storm))
    assert interrupted.phases["close_floodgates"].calm_since is None
    state, decisions = decide(config, next_hour(state), ensemble_of(next_hour(state), calm))
    assert decisions[0].change == "stop"
    later = levels_of_peaks((int(3 + DEFERRAL_HOURS) + 1, 2.5))
    assert changes(config, next_hour(state), later) == {"close_floodgates": "stay_off"}


def test_silence_starts_what_was_forecast_and_never_stops_anything() -> None:
    config = make_config(gates(), evacuation())
    heard = state_with_readings(config)
    deaf = update_belief(heard, heard.belief.hour + (HEARD_HOURS + 1) * HOUR, [])
    storm, calm = levels_of_peaks((CLEARANCE + 1, 2.5)), levels_of_peaks((5, 0.0))
    assert changes(config, deaf, storm)[EVACUATE] == "start"
    running, _ = decide(config, heard, ensemble_of(heard, storm))
    for hour in range(3 * STOP_HOURS):
        now = running.belief.hour + HOUR
        running = update_belief(running, now, [])
        running, decisions = decide(config, running, ensemble_of(running, calm))
        evacuate = next(one for one in decisions if one.action == EVACUATE)
        assert evacuate.change == "keep", hour
    assert evacuate.needs_person
    assert "decides" in evacuate.why
    assert "no gauge and no new forecast" in evacuate.why
    now = running.belief.hour + HOUR
    external = ExternalForecast(now, np.arange(25), np.zeros(25), np.full(25, 0.1))
    with_forecast = update_belief(running, now, [], {"service": external})
    assert with_forecast.sea.is_heard


def test_a_person_decides_when_nothing_has_been_heard_for_the_degraded_rules_hours() -> None:
    config = make_config(evacuation())
    state, _ = decide(
        config, state_with_readings(config), ensemble_of(state_with_readings(config), levels_of_peaks((5, 0.0)))
    )
    for _ in range(HEARD_HOURS + int(UNDECIDED_HOURS) + 1):
        state = update_belief(state, state.belief.hour + HOUR, [])
        state, decisions = decide(config, state, ensemble_of(state, levels_of_peaks((5, 0.0))))
    assert all(one.needs_person for one in decisions)
    assert all(one.change == "stay_off" for one in decisions)
    assert all("data do not decide" in one.why for one in decisions)


def test_an_evacuation_ends_by_drained_land_or_by_a_person_and_never_by_the_sea_alone() -> None:
    storm, flood, calm = levels_of_peaks((CLEARANCE, 2.5)), levels_of_peaks((0, 2.5)), levels_of_peaks((5, 0.0))
    for drainage_hours, expected in ((None, "keep"), (30.0, "stop")):
        config = make_config(evacuation(), drainage_hours=drainage_hours)
        state = state_with_readings(config)
        state, _ = decide(config, state, ensemble_of(state, storm))
        state, _ = decide(config, next_hour(state), ensemble_of(next_hour(state), flood))
        for hour in range(1, 31):
            state, decisions = decide(config, next_hour(state), ensemble_of(next_hour(state), calm))
            evacuate = next(one for one in decisions if one.action == EVACUATE)
            assert evacuate.change == "keep" or hour == 30, hour
        assert evacuate.change == expected
        assert evacuate.needs_person == (drainage_hours is None)
        assert ("a person decides" in evacuate.why) == (drainage_hours is None)
        assert "data do not decide" not in evacuate.why


@pytest.mark.parametrize("has_no_end", [False, True])
def test_no_all_clear_is_proposed_while_simulated_water_would_stand(has_no_end: bool) -> None:
    """Without a stated time the simulated one must pass; then a person decides, and nothing ends by itself."""
    storm, flood, calm = levels_of_peaks((CLEARANCE, 2.5)), levels_of_peaks((0, 2.5)), levels_of_peaks((5, 0.0))
    config = make_config(evacuation(), water=AreaWater(0, 3, 30, has_no_end))
    state = state_with_readings(config)
    state, _ = decide(config, state, ensemble_of(state, storm))
    state, _ = decide(config, next_hour(state), ensemble_of(next_hour(state), flood))
    for hour in range(1, 60):
        state, decisions = decide(config, next_hour(state), ensemble_of(next_hour(state), calm))
        evacuate = next(one for one in decisions if one.action == EVACUATE)
        assert evacuate.change == "keep"
        assert evacuate.needs_person == (hour >= 30), hour
    assert ("more than 30 hours" if has_no_end else "up to 30 hours") in evacuate.why
    assert "a person decides" in evacuate.why


def test_an_evacuation_for_a_flood_that_did_not_come_stops_by_itself() -> None:
    config = make_config(evacuation())
    state = state_with_readings(config)
    state, _ = decide(config, state, ensemble_of(state, levels_of_peaks((CLEARANCE, 2.5))))
    for _ in range(STOP_HOURS + 1):
        state, decisions = decide(config, next_hour(state), ensemble_of(next_hour(state), levels_of_peaks((5, 0.0))))
    assert decisions[0].change == "stop"
    assert not decisions[0].needs_person


def test_a_broken_gauge_that_two_others_contradict_starts_nothing() -> None:
    config = make_config(gates(cost=100.0), evacuation())
    state = initial_state(config.model, START)
    for hour in range(1, 40):
        jump = 2.5 if hour > 30 else 0.0
        now = START + hour * HOUR
        readings = [Residual("own", now, jump), Residual("near", now, 0.0), Residual("far", now, 0.0)]
        state = update_belief(state, now, readings)
        state, decisions = decide(config, state, forecast(state.sea, (), NO_INFLATION).chances)
        assert all(one.change == "stay_off" for one in decisions), hour
    assert not state.has_own_readings
    assert state.sea.last_own_rejection == state.belief.hour
    assert "own rejected: the other streams" in decisions[0].why
    assert decisions[0].is_degraded


def test_a_reason_says_that_other_streams_stand_in_for_the_own_gauge() -> None:
    config = make_config(gates())
    for gauge, stands_in in (("own", False), ("near", True)):
        state = initial_state(config.model, START)
        for hour in range(1, 30):
            state = update_belief(state, START + hour * HOUR, [Residual(gauge, START + hour * HOUR, 0.0)])
        _, (decision,) = decide(config, state, ensemble_of(state, levels_of_peaks((5, 2.5))))
        assert ("no valid reading of the own gauge, the other streams are used" in decision.why) == stands_in
        assert "no gauge and no new forecast" not in decision.why


def test_decisions_state_the_reason_and_what_would_change_them() -> None:
    config = make_config(gates(), evacuation())
    state = state_with_readings(config)
    _, (money, lives, up) = decide(config, state, ensemble_of(state, levels_of_peaks((5, 2.5), (5, 1.0))))
    assert money.at == datetime(2020, 1, 1, 5)
    assert money.onset == datetime(2020, 1, 1, 10)
    assert "50%" in money.why and "EUR" in money.why and "2.00 m" in money.why  # noqa: PT018
    assert "the agreed limit is 20%" in lives.why
    assert "when the chance" in lives.would_change
    assert up.change == "start"
    assert "do not start to move out now" in up.why


def test_a_flood_that_comes_sooner_than_forecast_sends_those_left_up_while_others_leave() -> None:
    config = make_config(evacuation())
    state = state_with_readings(config)
    state, _ = decide(config, state, ensemble_of(state, levels_of_peaks((CLEARANCE + 1, 2.5))))
    assert state.phases[EVACUATE].active
    later = next_hour(state)
    assert changes(config, later, levels_of_peaks((3, 2.5))) == {EVACUATE: "keep", GO_UP: "start"}
    assert changes(config, later, levels_of_peaks((CLEARANCE, 2.5))) == {EVACUATE: "keep", GO_UP: "stay_off"}


def test_a_protocol_that_looks_farther_than_the_forecast_is_refused() -> None:
    config = make_config(gates())
    assert config.protocol is not None
    far = {
        name: one.model_copy(update={"lead_window_hours": (0.0, 72.0)})
        for name, one in config.protocol.indicators.items()
    }
    with pytest.raises(InputError, match="looks 72 h ahead, and the forecast reaches 48 h"):
        replace(config, protocol=config.protocol.model_copy(update={"indicators": far}))


def test_a_phase_that_has_never_run_is_calm() -> None:
    assert PhaseState() == PhaseState(active=False, needs_decision=False)
