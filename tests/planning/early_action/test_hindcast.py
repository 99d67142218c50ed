"""The hindcast: the watch's decisions on the same readings, what it proves, and what fails in it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import RefusedByTheory
from strandline.observations.sea_level.harmonic_tide import fit_tide
from strandline.planning.early_action.evacuation.area_triggers import AreaTriggers, WholeRegion
from strandline.planning.early_action.hindcast import (
    Condition,
    Hindcast,
    HindcastData,
    OwnForecasts,
    confidence_of,
    evacuation_caveat,
    forecast_findings,
    issued_forecasts,
    prepare_hindcast,
)
from strandline.planning.early_action.indicators import findings, findings_at_issues
from strandline.planning.early_action.neighbour_rule import NeighbourRule
from strandline.planning.early_action.protocol import Indicator, Loss, Night, Protocol
from strandline.planning.early_action.streams import Stream, join_issues
from strandline.planning.early_action.trigger_constants import FORECAST
from strandline.planning.early_action.triggers import replay, replay_findings
from strandline.planning.early_action.verification import Verification
from strandline.planning.measures import Fallback, OperationalMeasure
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.fit import GaugeRecord, GaugeTide
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource
from strandline.uncertainty.assimilation.inflation_fit import WARM_UP_HOURS
from strandline.uncertainty.gauge_forecast.guidance import FORECASTER, is_used
from strandline.watch.agent_state import initial_state, update_belief
from strandline.watch.decision_rules import AgentConfig, decide
from tests.fixtures.protocols import ahead
from tests.fixtures.protocols import forecast as forecast_of

pytestmark = pytest.mark.slow

LEAVE = OperationalMeasure(
    "leave", "Leave", (), (6.0, 48.0), "Evacuate", True, None, None, fallback=Fallback("go_up", "Go up", "Shelter")
)


SPREAD = np.full(49, 0.05)


def protocol_of(level: float) -> Protocol:
    triggers = AreaTriggers(LEAVE, WholeRegion((level, level + 0.1), 6, "made up"), False, 20.0, None)
    return Protocol(title="a", source="b", confirmed_by="c", indicators=triggers.indicators, phases=triggers.phases)


HOURS = np.arange(70 * 24)
TIME = np.datetime64("2001-01-01", "ns") + HOURS.astype("timedelta64[h]")
TIDE = 0.5 * np.cos(2 * np.pi * HOURS / 12.42)


def made_up_residual() -> tuple[np.ndarray, np.random.Generator]:
    """Of 70 days with a storm every 300 hours [m], and the generator of what follows."""
    rng = np.random.default_rng(3)
    residual = np.convolve(rng.normal(0, 0.03, HOURS.size), np.exp(-np.arange(80) / 10.0), mode="same")
    for peak in range(150, HOURS.size, 300):
        residual += rng.uniform(0.5, 1.0) * np.exp(-(((HOURS - peak) / 8.0) ** 2))
    return residual, rng


def prepare(fit_own: Callable[[np.ndarray], OwnForecasts] | None = None) -> HindcastData:
    """The record, the first half to fit, with gaps of both gauges in the second."""
    residual, rng = made_up_residual()
    own, near = TIDE + residual, TIDE + 0.9 * residual + rng.normal(0, 0.02, HOURS.size)
    own[1060:1080] = np.nan
    near[1070:1100] = np.nan
    fitted = fit_tide(TIME, TIDE, 10.0, name="own", source="made up")
    gauges = [GaugeRecord("own", 10.0, own), GaugeRecord("near", 10.0, near)]
    prepared = prepare_hindcast(TIME, gauges, GaugeTide(fitted.constants, fitted.mean), fit_own=fit_own)
    assert prepared is not None
    return prepared


@pytest.fixture(scope="module")
def data() -> HindcastData:
    return prepare()


def test_forecasts_of_the_own_gauge_call_a_storm_before_the_readings_do(data: HindcastData) -> None:
    """A forecaster that knows the residual to within 5 cm; the filter alone sees a storm when it comes."""
    residual, _ = made_up_residual()
    allowed_hours: list[np.ndarray] = []

    def fit_own(allowed: np.ndarray) -> OwnForecasts:
        allowed_hours.append(allowed)

        def forecasts_of(hours: np.ndarray, _: np.ndarray, __: np.ndarray) -> list[ExternalForecast | None]:
            at = np.searchsorted(TIME, hours)
            return [
                ExternalForecast(TIME[each].astype("datetime64[h]"), np.arange(49), residual[each : each + 49], SPREAD)
                if each + 49 <= residual.size
                else None
                for each in at
            ]

        return forecasts_of

    knowing = prepare(fit_own)
    assert not allowed_hours[0][HOURS.size // 2 :].any()
    assert not allowed_hours[0][150 - 24 : 150 + 24].any(), "a storm that the filter is fitted to"
    assert is_used(knowing.fitted.sources)
    assert not is_used([ForecastSource(FORECASTER, np.inf)])
    peak = int(np.searchsorted(knowing.time, TIME[1050]))
    level = float((TIDE + residual)[1030:1070].max()) - 0.2
    sure = []
    for each in (knowing, data):
        issued = issued_forecasts(each, each.levels, level, slice(peak - 46 - WARM_UP_HOURS, peak + 1))
        chances = {at: (stream.values[0].max(axis=0) >= level).mean() for at, stream in issued}
        sure.append([at for at in range(peak - 46, peak) if chances.get(at, 0.0) > 0.8])
    assert sure[0]
    assert min(sure[0]) <= peak - 36
    assert not sure[1] or min(sure[1]) > min(sure[0]) + 12


def test_a_record_whose_storms_leave_nothing_to_fit_to_is_tested_by_the_filter_alone() -> None:
    def refuse(_: np.ndarray) -> OwnForecasts:
        raise RefusedByTheory("no reading")

    prepared = prepare(refuse)
    assert prepared.own is None
    assert "forecaster" not in prepared.source


def test_replay_hindcast_and_watch_decide_the_same_at_every_hour(data: HindcastData) -> None:
    part = slice(120, 320)
    short = replace(
        data, time=data.time[part], levels=data.levels[:, part], tides=data.tides[:, part],
        tide_ahead=data.tide_ahead[part.start : part.stop + 48], neighbour=None, rule=None,
    )  # fmt: skip
    protocol = protocol_of(1.2)
    hindcast = replay_findings(protocol, forecast_findings(protocol, short, short.levels), short.time)

    issues = [stream for _, stream in issued_forecasts(short, short.levels, -np.inf)]
    whole = Stream(
        "m", short.time, issues[0].leads, np.concatenate([each.values for each in issues]),
        np.concatenate([each.heard for each in issues if each.heard is not None]),
    )  # fmt: skip
    replayed = replay(protocol, {FORECAST: whole}, short.time)

    hours = short.time.astype("datetime64[h]")
    ahead = (hours[0] + np.arange(short.tide_ahead.size).astype("timedelta64[h]")).astype(float)
    tides = dict.fromkeys(short.fitted.tides, lambda time: np.interp(time.astype(float), ahead, short.tide_ahead))
    config = AgentConfig(short.fitted.model, short.fitted.spread_inflation, tides, protocol)
    state = initial_state(config.model, hours[0])
    active: dict[str, list[bool]] = {phase.name: [] for phase in protocol.phases}
    residuals = short.levels - short.tides
    for at, hour in enumerate(hours):
        readings = [
            Residual(sensor.stream, hour, float(residuals[number, at]))
            for number, sensor in enumerate(config.model.sensors)
            if np.isfinite(residuals[number, at])
        ]
        state = update_belief(state, hour, readings)
        state, decisions = decide(config, state, forecast(state.sea, (), config.spread_inflation).chances)
        for one in decisions:
            active[one.action].append(one.change in ("start", "keep"))
    for name, states in active.items():
        np.testing.assert_array_equal(states, hindcast[name].active, name)
        np.testing.assert_array_equal(states, replayed[name].active, name)
    assert 0 < sum(active["leave"]) < hours.size


INDICATORS = (
    ahead(FORECAST, 1.0, 0.2, (0, 12)),
    ahead(FORECAST, 1.0, 0.3, (4, 12), values=(0.8, 1.0, 1.4), first_passage=True, at_night_hours=(6, 12)),
    ahead(FORECAST, 1.0, 0.1, (3, 12), duration_hours=3.0),
    ahead(FORECAST, 0.5, None, (2, 9), loss=Loss(cost=1.0, levels=(0.5, 2.0), avoidable=(0.0, 4.0))),
    ahead(FORECAST, -1.0, 0.2, (0, 5), operator="<", persistence_hours=6.0),
    ahead(FORECAST, 1.0, 0.2, (0, 12), persistence_hours=7.0),
    ahead(FORECAST, 1.0, 0.2, (0, 20)),
)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(INDICATORS))
def test_issues_found_together_are_those_found_one_by_one(seed: int, indicator: Indicator) -> None:
    rng = np.random.default_rng(seed)
    issued = np.datetime64("2001-01-01", "ns") + np.arange(8) * np.timedelta64(3, "h")
    values = rng.normal(0, 1, (8, 13, 6))
    values[rng.random(values.shape) < rng.choice([0.0, 0.05])] = np.nan
    alone = [
        replace(forecast_of(values[[at]], np.arange(13), issued[[at]]), heard=rng.random(1) < 0.8) for at in range(8)
    ]
    together = findings_at_issues(indicator, join_issues(alone), night := Night(begins=18, ends=6))
    for at, stream in enumerate(alone):
        one = findings(indicator, {FORECAST: stream}, stream.issued, night)
        for field in ("verdict", "is_new", "margin", "hours_until", "is_heard"):
            np.testing.assert_array_equal(getattr(together, field)[[at]], getattr(one, field), field)


def test_an_indicator_that_no_member_reaches_is_found_as_if_it_were_looked_at(data: HindcastData) -> None:
    lowest = 1.1
    indicators = {
        "low": ahead(FORECAST, lowest, 0.2, (0, 24)),
        "high": ahead(FORECAST, 1.9, 0.001, (6, 48), values=(1.5, 1.9, 2.3)),
        "pays": ahead(FORECAST, 2.2, None, (6, 48), loss=Loss(levels=(2.2, 2.6), avoidable=(1.0, 9.0), cost=1.0)),
        "calm": ahead(FORECAST, 1.5, 0.5, (0, 48), operator="<"),
    }
    protocol = protocol_of(lowest).model_copy(update={"indicators": indicators})
    found = forecast_findings(protocol, data, data.levels)
    silent = unreached = 0
    for at, stream in issued_forecasts(data, data.levels, lowest):
        if stream.is_heard[0] and (stream.values[0].max(axis=0) >= lowest).mean() <= 0.05:
            continue
        silent, unreached = silent + (not stream.is_heard[0]), unreached + bool(stream.values.max() < 2.2)
        for name, indicator in indicators.items():
            each = findings_at_issues(indicator, stream)
            for field in ("verdict", "margin", "is_heard"):
                np.testing.assert_array_equal(getattr(found[name], field)[at], getattr(each, field)[0], name)
    assert silent > 0
    assert unreached > 0


def test_a_neighbours_threshold_precedes_the_water_by_the_needed_hours() -> None:
    hours = np.arange(2 * 8766)
    time = np.datetime64("2001-01-01", "ns") + hours.astype("timedelta64[h]")
    own, ahead = np.zeros(hours.size), 5
    for peak in range(200, hours.size - 50, 1500):
        own += 2.0 * np.exp(-(((hours - peak) / 10.0) ** 2))
    neighbour = np.roll(own, -ahead) - 0.4  # five hours earlier, on another zero
    rule = NeighbourRule(time, own, neighbour)
    found = rule.threshold(1.5, 4.0)
    assert found is not None
    for onset in np.flatnonzero((own[1:] >= 1.5) & (own[:-1] < 1.5)) + 1:
        reached = np.flatnonzero(neighbour[onset - 24 : onset] >= found.value)
        assert reached.size
        assert 24 - reached[0] >= 4
    assert found.value > 0.5, "no lower than it needs to be"
    assert rule.threshold(1.5, 30.0) is None, "so early it reads what it always reads"
    assert "about 366 times a year" in rule.why_none(1.5, 30.0)
    noisy = NeighbourRule(time, own, neighbour + np.cos(2 * np.pi * hours / 12.42))
    assert noisy.threshold(1.5, 30.0) is None, "a rule that calls every day is none"
    assert "times a year" in noisy.why_none(1.5, 30.0)
    assert rule.why_none(1.5, 4.0) == ""
    silent = NeighbourRule(time, own, np.full(own.size, np.nan))
    assert "was read before 0 past floods" in silent.why_none(1.5, 4.0)


@pytest.mark.parametrize(
    ("hits", "misses", "confidence", "caveat"),
    [
        (0, 3, "low", "cannot carry evacuation: in its hindcast it was in time for 0 of 3 floods"),
        (2, 1, "low", "no safeguard by itself"),
        (6, 4, "medium", "no safeguard by itself"),
        (10, 0, "high", ""),
        (0, 0, "low", "No flood in the record tests"),
    ],
)
def test_confidence_and_the_opening_of_the_plan_follow_from_the_hindcast(
    hits: int, misses: int, confidence: str, caveat: str
) -> None:
    result = Verification(5.0, hits, 0, misses, 0, 0, 8.0, None, None, hits, hits)
    condition: Condition = "all gauges work"
    hindcasts = [Hindcast("leave", condition, "a filter", 5.0, result)]
    assert confidence_of(hindcasts)[0] == confidence
    text = evacuation_caveat(protocol_of(1.0), hindcasts)
    assert caveat in text
    assert bool(caveat) == bool(text)
    assert confidence_of([])[0] == "low"


def test_one_flood_is_not_counted_once_for_every_area_it_reaches() -> None:
    lower, upper = (Verification(5.0, 0, 0, floods, 0, 0, 8.0, None, None, 0, 0) for floods in (3, 1))
    hindcasts = [Hindcast(name, "all gauges work", "a filter", 5.0, one) for name, one in (("a", lower), ("b", upper))]
    assert confidence_of(hindcasts) == ("low", "In the hindcast it was in time for 0 of 3 floods.")


def test_the_hindcast_states_from_which_sea_on_it_counts_floods_and_how_many_calls_were_false() -> None:
    """One plan counted 7 floods in one sentence and 15 in the next, and was "highly confident" of 18 false alarms."""
    result = Verification(3.9, 14, 0, 1, 18, 1, 15.0, None, None, 33, 14)
    confidence, why = confidence_of([Hindcast("close", "all gauges work", "a filter", 15.0, result, 1.65)])
    assert confidence == "high"
    assert why == (
        "In the hindcast it was in time for 14 of 15 floods of 1.65 m or more, and 18 of its 33 calls were without one."
    )
