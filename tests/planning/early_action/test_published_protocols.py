"""The published protocols act just over each threshold, within each window, and not otherwise."""

import numpy as np
import pandas as pd
import pytest

from strandline.planning.early_action.indicators import verdicts_of
from strandline.planning.early_action.protocol_file import published_protocol
from strandline.planning.early_action.streams import Stream
from tests.fixtures.protocols import START, PhaseState, evaluate, forecast

CYCLONE, FLOOD = published_protocol("bangladesh_cyclone"), published_protocol("bangladesh_flood")
LEADS = np.arange(0, 121, 6.0)
UNITS = {"wind_speed_at_landfall": "km h-1", "storm_surge": "m", "rain_72h": "mm"}
DAYS = np.arange(0, 361, 24.0)


def bulletin(**values: tuple[float, float]) -> dict[str, Stream]:
    """One bulletin: of each variable a value at one lead [h], and calm at all others."""
    forecasts = {name: np.zeros(LEADS.size) for name in UNITS}
    for name, (value, lead) in values.items():
        forecasts[name][lead == LEADS] = value
    return {name: forecast(series, LEADS, unit=UNITS[name]) for name, series in forecasts.items()}


def activation(history: dict[str, Stream], hours: float = 0.0) -> PhaseState:
    return evaluate(CYCLONE, history, START + pd.Timedelta(hours=hours))["activation"]


@pytest.mark.parametrize(
    ("variable", "value", "lead", "acts"),
    [
        ("wind_speed_at_landfall", 118.0, 36, True),
        ("wind_speed_at_landfall", 118.0, 48, True),
        ("wind_speed_at_landfall", 117.9, 42, False),
        ("wind_speed_at_landfall", 300.0, 30, False),
        ("wind_speed_at_landfall", 221.9, 54, False),
        ("wind_speed_at_landfall", 222.0, 54, True),
        ("wind_speed_at_landfall", 222.0, 72, True),
        ("wind_speed_at_landfall", 300.0, 78, False),
        ("storm_surge", 3.6, 36, True),
        ("storm_surge", 3.59, 42, False),
        ("storm_surge", 9.0, 30, False),
        ("storm_surge", 5.0, 60, False),
        ("storm_surge", 5.01, 60, True),
        ("storm_surge", 9.0, 78, False),
        ("rain_72h", 150.0, 48, True),
        ("rain_72h", 150.0, 72, True),
        ("rain_72h", 149.9, 60, False),
        ("rain_72h", 500.0, 42, False),
        ("rain_72h", 500.0, 84, False),
        ("rain_72h", 199.9, 108, False),
        ("rain_72h", 200.0, 96, True),
        ("rain_72h", 200.0, 120, True),
    ],
)
def test_the_cyclone_protocol_acts_over_each_threshold_within_its_window(variable, value, lead, acts) -> None:
    assert activation(bulletin(**{variable: (value, lead)})).active == acts


def test_the_cyclone_protocol_stops_when_all_three_are_calm_for_a_day() -> None:
    issues = [START + pd.Timedelta(hours=6 * i) for i in range(7)]
    wind = np.zeros((7, LEADS.size, 1))
    wind[0, LEADS == 42] = 130.0
    calm = np.zeros_like(wind)
    history = {
        "wind_speed_at_landfall": forecast(wind, LEADS, issues, "km h-1"),
        "storm_surge": forecast(calm, LEADS, issues, "m"),
        "rain_72h": forecast(calm, LEADS, issues, "mm"),
    }
    assert activation(history, 24).active
    assert not activation(history, 30).active
    calm_wind_alone = {"wind_speed_at_landfall": history["wind_speed_at_landfall"]}
    assert activation(calm_wind_alone, 36).active


def test_without_bulletins_the_great_danger_signal_decides_and_without_it_the_committee() -> None:
    hours = pd.date_range(START, periods=9, freq="6h")
    for signal, acts in ((7.0, False), (8.0, True)):
        shown = Stream.of_readings(pd.Series(signal, index=hours), "1")
        state = activation(bulletin() | {"maritime_signal": shown}, 30)
        assert (state.active, state.degraded, state.needs_decision) == (acts, True, False)
    assert activation(bulletin(), 30).needs_decision


def ensemble(wet_members: int, days: int, return_period: float = 5.0) -> Stream:
    """51 members, of which some stand at a return period [a] for some days."""
    members = np.ones((1, DAYS.size, 51))
    members[:, 5 : 5 + days, :wet_members] = return_period
    return forecast(members, DAYS, unit="years")


@pytest.mark.parametrize(
    ("wet_members", "days", "return_period", "ready"),
    [(26, 3, 5.0, True), (25, 3, 5.0, False), (51, 2, 5.0, False), (51, 3, 4.99, False), (26, 4, 5.0, True)],
)
def test_readiness_needs_half_of_the_members_for_three_days(wet_members, days, return_period, ready) -> None:
    history = {"discharge_return_period": ensemble(wet_members, days, return_period)}
    assert evaluate(FLOOD, history, START)["readiness"].active == ready


def test_readiness_looks_fifteen_days_ahead_and_no_further() -> None:
    leads = np.arange(0, 481, 24.0)
    for first, ready in ((13, True), (14, False)):
        members = np.ones((1, leads.size, 51))
        members[:, first : first + 3] = 9.0
        history = {"discharge_return_period": forecast(members, leads, unit="years")}
        assert evaluate(FLOOD, history, START)["readiness"].active == ready


@pytest.mark.parametrize(
    ("level", "first", "days", "acts"),
    [(0.86, 3, 3, True), (0.85, 3, 3, False), (0.86, 3, 2, False), (0.86, 4, 3, False), (2.0, 0, 6, True)],
)
def test_the_flood_protocol_acts_over_danger_level_plus_085_within_five_days(level, first, days, acts) -> None:
    leads = np.arange(0, 241, 24.0)
    ahead = np.zeros(leads.size)
    ahead[first : first + days] = level
    history = {"water_level_above_danger_level": forecast(ahead, leads)}
    states = evaluate(FLOOD, history, START)
    assert states["activation"].active == acts
    assert not states["readiness"].active


def test_a_river_over_danger_level_for_a_day_replaces_missing_forecasts() -> None:
    hours = pd.date_range(START, periods=40, freq="3h")
    level = {"water_level_above_danger_level": forecast(np.zeros(11), np.arange(0, 241, 24.0))}
    for since, acts in ((96, True), (99, False)):
        river = pd.Series(np.where(np.arange(40) * 3 >= since, 0.6, 0.2), index=hours)
        history = level | {"river_reading_above_danger_level": Stream.of_readings(river, "m")}
        state = evaluate(FLOOD, history, START + pd.Timedelta(hours=117))["activation"]
        assert state.degraded
        assert state.active == acts


@pytest.mark.parametrize("of", [CYCLONE, FLOOD])
def test_every_unpublished_number_is_marked_as_an_assumption(of) -> None:
    started = {name for phase in of.phases for name in of.indicators_of(phase.start)}
    for name, indicator in of.indicators.items():
        assert name in started or "assumption" in indicator.source
    assert "assumptions" in of.source
    for indicator in of.indicators.values():
        leads = np.array(indicator.lead_window_hours[:1])
        assert verdicts_of(indicator, forecast(np.zeros(1), leads, unit=indicator.unit)).shape == (1,)
