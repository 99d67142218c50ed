"""Silence: no forecast becomes surer because data stopped. Each of these fails on commit 2d0579a."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, ResidualEnsemble, sample_ensemble
from strandline.uncertainty.assimilation.filter import Residual, SeaModel
from strandline.uncertainty.assimilation.forecast import Forecast, forecast
from strandline.uncertainty.assimilation.forecast_guidance import ExternalForecast, ForecastSource
from strandline.uncertainty.assimilation.gauge_model import Sensor, own_sensor
from strandline.uncertainty.assimilation.sea_state import SeaState, initial_sea_state, update_sea_state
from strandline.uncertainty.assimilation.spread_inflation import (
    NO_INFLATION,
    Information,
    SpreadInflation,
)
from strandline.uncertainty.assimilation.surge_process import SurgeProcess

pytestmark = pytest.mark.slow

START = np.datetime64("2020-11-01T00", "h")
HOUR = np.timedelta64(1, "h")
STREAMS = ("own", "near", "service")
SOURCES = (ForecastSource("service", 1.0, 1.0),)
PEAK, ISSUE_EVERY, LAST_HOUR = 60, 6, 72
STORM_BOUNDS = np.tile([-0.3, 0.9], (12, 1))
LEVEL = 0.6
"""Of the residual, that a storm passes [m]."""


def site() -> SeaModel:
    regimes = np.array([[0.98, 0.02, 0.0], [0.1, 0.88, 0.02], [0.0, 0.125, 0.875]])
    process = SurgeProcess(np.array([1.3, -0.34]), np.array([0.02, 0.06, 0.15]), regimes)
    return SeaModel(process, (own_sensor("own", process), Sensor("near", 1, 0.9, 0.85, np.array([0.02, 0.04, 0.1]))))


def inflation() -> SpreadInflation:
    """Factors that grow with lead, and that grow where less is heard."""
    lead = 1 + np.arange(HORIZON_HOURS + 1) / HORIZON_HOURS
    below = np.stack([lead, 1.2 * lead])  # by regime
    of_sides = np.stack([below, 1.5 * below], axis=1)
    with_forecasts = np.stack([of_sides, 0.9 * of_sides])
    return SpreadInflation(np.stack([with_forecasts, 1.3 * with_forecasts, 1.6 * with_forecasts]), STORM_BOUNDS)


def surge(hour: int) -> float:
    return float(np.exp(-(((hour - PEAK) / 12) ** 2)))


def heard_at(hour: int) -> tuple[list[Residual], dict[str, ExternalForecast]]:
    """What every stream gives at an hour of the storm."""
    now = START + hour * HOUR
    readings = [Residual("own", now, surge(hour)), Residual("near", now, 0.9 * surge(hour + 1))]
    if hour % ISSUE_EVERY:
        return readings, {}
    leads = np.arange(HORIZON_HOURS + 1)
    mean = np.array([surge(hour + lead) for lead in leads.tolist()])
    return readings, {"service": ExternalForecast(now, leads, mean, 0.03 + 0.15 * mean * leads / HORIZON_HOURS)}


def step(state: SeaState, hour: int, streams: frozenset[str]) -> SeaState:
    readings, forecasts = heard_at(hour)
    return update_sea_state(
        state,
        START + hour * HOUR,
        [reading for reading in readings if reading.stream in streams],
        {stream: each for stream, each in forecasts.items() if stream in streams},
    )


@cache
def all_heard(hour: int) -> SeaState:
    """The state while every stream is heard."""
    if hour == 0:
        return initial_sea_state(site(), START)
    return step(all_heard(hour - 1), hour, frozenset(STREAMS))


def after_outages(silent_from: Mapping[str, int], hour: int) -> SeaState:
    """The state when each stream falls silent at its own hour."""
    first = min(silent_from.values())
    state = all_heard(first - 1)
    for now in range(first, hour + 1):
        state = step(state, now, frozenset(stream for stream, begun in silent_from.items() if now < begun))
    return state


def at_silence(state: SeaState, silent: int) -> Forecast:
    return forecast(update_sea_state(state, state.belief.hour + silent * HOUR, []), SOURCES, inflation())


outages = st.fixed_dictionaries({stream: st.integers(30, LAST_HOUR) for stream in STREAMS})


@settings(max_examples=15, deadline=None)
@given(outages, st.lists(st.integers(1, 100), min_size=3, max_size=3))
def test_when_every_stream_is_silent_the_forecast_of_an_hour_stays_as_it_was(
    silent_from: dict[str, int], silences: list[int]
) -> None:
    """For any order of outages, at any hour of the silence, for every valid hour of an earlier forecast."""
    last = after_outages(silent_from, max(silent_from.values()) - 1)
    earlier = 0
    before = at_silence(last, 0)
    for silent in sorted(set(silences)):
        after = at_silence(last, silent)
        passed = silent - earlier
        if passed <= HORIZON_HOURS:
            for then, now in ((before.chances, after.chances), (before.bounds, after.bounds)):
                shared = then.residual[:, passed:]
                np.testing.assert_allclose(now.residual[:, : shared.shape[1]], shared, atol=1e-12)
        before, earlier = after, silent


def test_a_day_of_silence_before_a_storm_takes_neither_its_chance_nor_its_height() -> None:
    """All streams stop 30 h before a peak that the last issue foretells: at +23 h, +24 h and later it still counts."""
    state = all_heard(PEAK - 30)
    hours_of_storm = np.arange(26, 40)  # from the last news
    chances, highest = [], []
    for silent in (0, 12, 23, 24, 26):
        leads = hours_of_storm[hours_of_storm >= silent] - silent
        issued = at_silence(state, silent)
        chances.append(float((issued.chances.residual[:, leads].max(axis=1) > LEVEL).mean()))
        highest.append(float(np.quantile(issued.bounds.residual[:, leads].max(axis=1), 0.95)))
    assert chances[0] > 0.3
    assert chances == [chances[0]] * 5
    np.testing.assert_allclose(highest, highest[0])


@settings(max_examples=8, deadline=None)
@given(outages, st.integers(0, 400))
def test_long_silence_widens_the_forecast_to_the_storms_of_the_season(silent_from: dict[str, int], more: int) -> None:
    last = after_outages(silent_from, max(silent_from.values()) - 1)
    ensemble = at_silence(last, 96 + more)
    low, high = np.quantile(ensemble.bounds.residual, [0.05, 0.95], axis=0)
    assert (low <= STORM_BOUNDS[0, 0] + 1e-9).all()
    assert (high >= STORM_BOUNDS[0, 1] - 1e-9).all()


def test_a_service_that_stops_counts_until_its_last_lead_and_after_it() -> None:
    """The gauges never report; the last issue still raises hours beyond its end, and no step narrows them."""
    state = update_sea_state(initial_sea_state(site(), START), START + HOUR, [])
    leads = np.arange(25)
    issue = ExternalForecast(START + HOUR, leads, np.full(25, 0.8), np.full(25, 0.05))
    state = update_sea_state(state, START + 2 * HOUR, [], {"service": issue})
    at_once, at_its_end = at_silence(state, 0), at_silence(state, 24)
    for then, now in ((at_once.chances, at_its_end.chances), (at_once.bounds, at_its_end.bounds)):
        np.testing.assert_allclose(now.residual[:, :24], then.residual[:, 24:48], atol=1e-12)
        assert np.median(now.residual[:, 1]) > 0.6


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([("near",), ("own",), ("own", "near")]), st.integers(1, 8))
def test_taking_gauges_away_neither_narrows_nor_lowers_the_forecast_on_average(
    seed: int, silent: tuple[str, ...], hours: int
) -> None:
    """Averaged over what the gauges could read, drawn from the forecast itself (the law of total variance)."""
    rng = np.random.default_rng(seed)
    state = all_heard(PEAK - 30)
    now = state.belief.hour
    issue = SOURCES[0].guidance_from(state.forecasts["service"], now)
    assert issue is not None
    courses = sample_ensemble(state.belief, [issue], count=1200).residual[rng.permutation(1200)[:30]]  # what may come
    model, at = state.belief.model, START + (PEAK - 30 + hours) * HOUR

    def outcome(course: np.ndarray, streams: tuple[str, ...]) -> tuple[float, float, float]:
        state_then = state
        for hour in range(1, hours + 1):
            readings = [
                Residual(one.stream, now + hour * HOUR, one.gain * float(course[hour + one.ahead]) + noise)
                for one in model.sensors
                if one.stream in streams
                for noise in [0.02 * float(rng.standard_normal())]
            ]
            state_then = update_sea_state(state_then, now + hour * HOUR, readings)
        assert state_then.belief.hour == at
        issued = forecast(state_then, SOURCES, inflation())
        low, high = np.quantile(issued.bounds.residual[:, :24], [0.05, 0.95], axis=0)
        members = issued.chances.residual[:, :24]
        return float((high - low).mean()), float(high.mean()), float((members.max(axis=1) > LEVEL).mean())

    every = np.array([outcome(course, ("own", "near")) for course in courses])
    fewer_streams = tuple(one.stream for one in model.sensors if one.stream not in silent)
    fewer = np.array([outcome(course, fewer_streams) for course in courses])
    error = 3 * (fewer - every).std(axis=0) / np.sqrt(len(courses)) + 0.003
    width, bound, chance = (fewer - every).mean(axis=0)
    assert width > -error[0]
    assert bound > -error[1]
    assert chance > -error[2] - 0.02


def test_chances_are_those_of_all_weather_and_not_those_about_storms() -> None:
    """Over a year of a known process the mean chance of a high level equals how often it came."""
    rng, process, hours = np.random.default_rng(4), site().process, 8766
    model = SeaModel(process, (replace(own_sensor("own", process), zero=0.0),))
    regime, residual = 0, np.zeros(hours)
    for hour in range(2, hours):
        regime = int(rng.choice(3, p=process.transition[regime]))
        residual[hour] = process.coefficients @ residual[hour - 2 : hour][::-1]
        residual[hour] += process.shocks[regime] * rng.standard_normal()
    rare = float(np.quantile(residual, 0.98))
    state, chances, as_in_storms, came = initial_sea_state(model, START), [], [], []
    for hour in range(1, hours - HORIZON_HOURS):
        now = START + hour * HOUR
        state = update_sea_state(state, now, [Residual("own", now, float(residual[hour]))])
        if hour % 24 == 0:
            issued = forecast(state, (), inflation())
            chance, as_in_storm = (
                float((each.residual[:, 12:].max(axis=1) >= rare).mean()) for each in (issued.chances, issued.bounds)
            )
            chances, as_in_storms = [*chances, chance], [*as_in_storms, as_in_storm]
            came.append(bool(residual[hour + 12 : hour + HORIZON_HOURS + 1].max() >= rare))
    assert 0.8 < np.mean(chances) / np.mean(came) < 1.25
    assert np.mean(as_in_storms) > 3 * np.mean(came), "so spread, it was called too often"


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 60), st.floats(0, 60), st.floats(0, 60), st.floats(0, 60), st.floats(0, 1), st.integers(0, 120))
def test_no_factor_falls_as_readings_age(
    own: float, own_older: float, other: float, other_older: float, stormy: float, silent: int
) -> None:
    rng = np.random.default_rng(1)
    lead = np.arange(HORIZON_HOURS + 1.0) + silent
    ensemble = ResidualEnsemble(START, rng.standard_normal((50, lead.size)), np.zeros((50, 2), dtype=bool))

    def spread(own_age: float, other_age: float, guided: float) -> np.ndarray:
        information = Information(
            lead, own_age, other_age, stormy, np.full(lead.size, guided), np.zeros(lead.size, dtype=int)
        )
        return np.ptp(inflation().bounds(ensemble, information).residual, axis=0)

    for guided in (0.0, 1.0):
        fresh, aged = spread(own, other, guided), spread(own + own_older, other + other_older, guided)
        assert (aged >= fresh - 1e-9).all()
    assert (spread(own, other, 0.0) >= spread(own, other, 1.0) - 1e-9).all()


def test_the_spread_passes_without_a_step_from_one_hour_of_silence_to_the_next() -> None:
    ages = np.arange(0, 30, 1.0)
    ensemble = ResidualEnsemble(
        START, np.random.default_rng(1).standard_normal((50, HORIZON_HOURS + 1)), np.zeros((50, 2), dtype=bool)
    )
    lead = np.arange(HORIZON_HOURS + 1.0)
    width = [
        np.ptp(
            inflation()
            .bounds(ensemble, Information(lead, age, 0.0, 0.3, np.ones(lead.size), np.zeros(lead.size, dtype=int)))
            .residual,
            axis=0,
        )
        for age in ages.tolist()
    ]
    assert (np.diff(width, axis=0) / width[0] < 0.05).all()


def test_inflation_keeps_the_medians_and_its_own_sides() -> None:
    factors = np.ones((3, 2, 2, 2, HORIZON_HOURS + 1))
    factors[..., 1, :] = 3.0
    ensemble = sample_ensemble(all_heard(40).belief)
    information = Information(np.arange(HORIZON_HOURS + 1.0), 0.0, 0.0, 0.0, np.ones(49), np.zeros(49, dtype=int))
    wider = SpreadInflation(factors, np.zeros((12, 2))).bounds(ensemble, information)
    low, middle, high = np.quantile(ensemble.residual, [0.05, 0.5, 0.95], axis=0)
    found = np.quantile(wider.residual, [0.05, 0.5, 0.95], axis=0)
    np.testing.assert_allclose(found[0], low, atol=1e-9)
    np.testing.assert_allclose(found[1], middle, atol=5e-3)  # half-way between two members
    np.testing.assert_allclose(found[2], middle + 3 * (high - middle), atol=1e-9)


def test_factors_that_fall_where_less_is_heard_are_refused() -> None:
    factors = np.ones((3, 2, 2, 2, HORIZON_HOURS + 1))
    factors[0] = 1.5
    with pytest.raises(InputError, match="falls where less is heard"):
        SpreadInflation(factors, np.zeros((12, 2)))
    with pytest.raises(InputError, match="on one side of 0"):
        replace(NO_INFLATION, storm_bounds=np.ones((12, 2)))
    with pytest.raises(InputError, match=r"give \(3, 2, 2, 2, 49\)"):
        SpreadInflation(np.ones((2, 49)), np.zeros((12, 2)))


def test_a_forecast_of_an_hour_before_the_belief_is_refused() -> None:
    with pytest.raises(InputError, match="give an hour not before it"):
        sample_ensemble(all_heard(5).belief, (), START)
