"""What was known of the weather at an hour of issue: closed forms, a slow reference, and that nothing later leaks."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.observations.observations import Observations
from strandline.observations.weather.daily_weather import daily_weather
from strandline.observations.weather.known_weather import KnownWeather, known_weather, known_weather_at
from tests.fixtures.batches import HERE, make_observations
from tests.fixtures.weather import FIRST, HOUR, NAMES, make_forecast, make_weather

BARE = make_observations(days=12, peaks=("2020-01-06T06",))
LEADS = np.arange(0, 73, 3)
RAMP = {"pressure": 100_000.0, "wind_east": 0.0, "wind_north": 0.0}


def at(hour: float) -> np.ndarray:
    """Times [h] after the first."""
    return FIRST + (np.asarray(hour) * 3600).astype("timedelta64[s]")


def place(weather: xr.Dataset | None = None, forecast: xr.Dataset | None = None) -> Observations:
    known = {"weather": weather, "weather_forecast": forecast}
    return replace(BARE, provenance={**BARE.provenance, **dict.fromkeys(known, HERE)}, **known)


def hourly_ramp(delay: float, step: int = 1, days: int = 8) -> xr.Dataset:
    """Pressure 1 Pa higher each hour."""
    hour = np.arange(0, 24 * days, step)
    return make_weather(at(hour), RAMP | {"pressure": 100_000.0 + hour[:, None, None]}, delay)


def forecast_ramp(delay: float = 6.0, every: int = 6, members: int = 1, days: int = 8) -> xr.Dataset:
    """Pressure 1 Pa higher each hour of lead, 1000 Pa higher each issue, and 100 Pa each member."""
    issued = np.arange(0, 24 * days, every)
    parts = 1000.0 * (issued % 48)[:, None, None] / every, LEADS[None, :, None], 100.0 * np.arange(members)
    pressure = (92_000.0 + sum(parts))[..., None, None]
    return make_forecast(at(issued), LEADS, RAMP | {"pressure": pressure}, delay, members)


def test_past_hours_are_analyses_as_far_as_they_were_there_and_coming_hours_forecasts() -> None:
    known = known_weather(place(hourly_ramp(delay=4.0), forecast_ramp()), at([100.0]), np.arange(-48, 49))
    pressure = known.values[0, :, 0, 0]
    hours = np.arange(-48, 49)
    analysed = hours <= -4
    np.testing.assert_allclose(pressure[analysed], 100_000.0 + 100 + hours[analysed])
    assert (known.lead[0, analysed] == 0).all()
    # at hour 100 the cycles of 90 (had at 96) and before are there; that of 96 comes at 102
    np.testing.assert_allclose(known.lead[0, ~analysed], 100 + hours[~analysed] - 90)
    np.testing.assert_allclose(pressure[~analysed], 92_000.0 + 1000 * (90 % 48) / 6 + 10 + hours[~analysed])
    np.testing.assert_array_equal(known.available[0, analysed], at(100 + hours[analysed] + 4))
    assert (known.available[0, ~analysed] == at(96)).all()


def test_without_a_forecast_the_coming_hours_are_unknown_though_analyses_of_them_exist() -> None:
    known = known_weather(place(hourly_ramp(delay=0.0)), at([100.0]), np.arange(-2, 3))
    assert np.isnan(known.values[0, :, 0, 0]).tolist() == [False, False, False, True, True]
    assert np.isnan(known.lead[0, 3:]).all()
    assert np.isnat(known.available[0, 3:]).all()


def test_without_any_weather_nothing_is_known() -> None:
    known = known_weather(place(), at([100.0, 101.0]), np.arange(-2, 3))
    assert known.values.shape == (2, 5, 1, 3)
    assert np.isnan(known.values).all()


def test_a_value_between_two_analyses_is_known_when_the_later_one_is() -> None:
    known = known_weather(place(hourly_ramp(delay=2.0, step=6)), at([8.0, 7.9]), np.array([-5, -2]))
    np.testing.assert_allclose(known.values[0, :, 0, 0], [100_003.0, 100_006.0])
    assert np.isnan(known.values[1]).all()  # the analysis of hour 6 comes at 8
    assert (known.available[0] == at(8)).all()


@pytest.mark.parametrize(("step", "is_known"), [(6, True), (7, False), (24, False)])
def test_values_further_apart_than_six_hours_say_nothing_of_the_time_between(step: int, is_known: bool) -> None:
    known = known_weather(place(hourly_ramp(delay=0.0, step=step)), at([96.0]), np.array([-96 + step // 2, -96]))
    assert np.isnan(known.values[0, 0]).all() != is_known
    assert not np.isnan(known.values[0, 1]).any()


def test_a_short_gap_of_a_station_is_bridged_and_a_long_one_is_not() -> None:
    weather = hourly_ramp(delay=0.0)
    weather["pressure"][{"time": slice(41, 46)}] = np.nan
    weather["pressure"][{"time": slice(61, 67)}] = np.nan
    known = known_weather(place(weather), at([90.0]), np.array([-47, -26]))
    assert known.values[0, 0, 0, 0] == pytest.approx(100_043.0)
    assert np.isnan(known.values[0, 1, 0, 0])
    assert not np.isnan(known.values[0, 1, 0, 1:]).any()


def test_a_missing_analysis_is_replaced_by_the_newest_forecast_of_that_hour() -> None:
    weather = hourly_ramp(delay=0.0)
    for name in NAMES:
        weather[name][{"time": slice(40, 60)}] = np.nan
    known = known_weather(place(weather, forecast_ramp()), at([90.0]), np.array([-40]))  # hour 50
    assert known.lead[0, 0] == 2.0  # of the cycle of 48, had at 54
    assert known.available[0, 0] == at(54)


def test_a_station_of_pressure_alone_leaves_the_wind_of_past_hours_to_forecasts() -> None:
    weather = hourly_ramp(delay=0.0).drop_vars(["wind_east", "wind_north"])
    known = known_weather(place(weather, forecast_ramp()), at([90.0]), np.array([-40, 10]))
    pressure_alone = known_weather(place(weather, None), at([90.0]), np.array([-40, 10]))
    forecast_alone = known_weather(place(None, forecast_ramp()), at([90.0]), np.array([-40, 10]))
    np.testing.assert_array_equal(known.values[0, 0, 0, 0], pressure_alone.values[0, 0, 0, 0])
    np.testing.assert_array_equal(known.values[0, 0, 0, 1:], forecast_alone.values[0, 0, 0, 1:])
    np.testing.assert_array_equal(known.values[0, 1], forecast_alone.values[0, 1])
    assert known.lead[0].tolist() == [0.0, forecast_alone.lead[0, 1]]


def test_the_newest_cycle_is_used_only_from_when_it_could_be_had_even_if_an_older_one_came_later() -> None:
    forecast = forecast_ramp()
    forecast["available"][{"issued": 14}] = at(97.0)  # the cycle of 84 came after that of 90 (at 96)
    for hour, lead in ((95.9, 95.9 - 78), (96.0, 6.0), (98.0, 8.0)):
        assert known_weather(place(None, forecast), at([hour]), np.array([0])).lead[0, 0] == pytest.approx(lead)


def test_a_cycle_that_lacks_the_hour_gives_way_to_an_older_one() -> None:
    forecast = forecast_ramp()
    for name in NAMES:
        forecast[name][{"issued": 15}] = np.nan
    known = known_weather(place(None, forecast), at([96.0]), np.array([0, 60, 70]))
    assert known.lead[0].tolist()[:2] == [12.0, 72.0]
    assert np.isnan(known.lead[0, 2])  # beyond the leads of every cycle


def test_members_stay_members_and_share_the_analysis() -> None:
    known = known_weather(place(hourly_ramp(delay=0.0), forecast_ramp(members=3)), at([96.0]), np.array([-1, 1]))
    assert known.values.shape == (1, 2, 3, 3)
    assert np.ptp(known.values[0, 0, :, 0]) == 0
    np.testing.assert_allclose(np.diff(known.values[0, 1, :, 0]), 100.0)


def test_the_cell_nearest_to_the_sea_point_is_used_across_the_date_line_too() -> None:
    grid = {"latitude": [40.0, 45.1, 50.0], "longitude": [-170.0, 0.0, 14.9]}  # the sea point lies at 45.1 N 15.0 E
    pressure = 100_000.0 + np.arange(9.0).reshape(3, 3)
    weather = make_weather(at(np.arange(24)), RAMP | {"pressure": pressure}, grid=grid)
    assert known_weather(place(weather), at([5.0]), np.array([0])).values[0, 0, 0, 0] == 100_005.0
    beyond = known_weather_at(place(weather), at([5.0]), np.array([0]), np.array([175.0, 1.0]), np.array([52.0, 41.0]))
    assert beyond.values[0, 0, 0, :, 0].tolist() == [100_006.0, 100_001.0]


# --- nothing later leaks -----------------------------------------------------------------------------------------

Gate = Callable[[Observations, np.ndarray], object]
HOURS = np.arange(-30, 40)


def through_the_gate(observations: Observations, issue: np.ndarray) -> list[np.ndarray]:
    known = known_weather(observations, issue, HOURS)
    return [known.values, known.lead, known.available]


def by_the_day(observations: Observations, issue: np.ndarray) -> list[np.ndarray]:
    daily = daily_weather(observations, issue, 6)
    return [daily.values, daily.seen, daily.hours]


def drawn_weather(rng: np.random.Generator) -> Observations:
    """Analyses and forecasts with random steps, delays and gaps; later cycles may come before earlier ones."""
    hour = np.cumsum(rng.integers(1, 8, size=60))
    weather = make_weather(at(hour), numbers(rng, (60, 1, 1)), float(rng.choice([0.0, 1.0, 5.5, 30.0])))
    issued = np.cumsum(rng.integers(3, 15, size=24))
    lead = np.cumsum(rng.integers(1, 8, size=14)) - 1
    forecast = make_forecast(at(issued), lead, numbers(rng, (24, 14, 2, 1, 1)), members=2)
    moments = forecast["issued"].values + rng.integers(0, 30, size=24) * HOUR
    return place(weather, forecast.assign_coords(available=("issued", moments)))


def numbers(rng: np.random.Generator, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    found = {name: RAMP[name] + rng.normal(size=shape) * 10 for name in NAMES}
    for values in found.values():
        values[rng.random(shape) < 0.15] = np.nan
    return found


def changed_after(observations: Observations, issue: np.datetime64, rng: np.random.Generator) -> Observations:
    """Every value that could not be had at the issue is another one, or is not given."""
    weather, forecast = observations.weather.copy(deep=True), observations.weather_forecast.copy(deep=True)
    delay = np.timedelta64(round(float(weather["available_after_h"]) * 3600), "s")
    later = {"time": np.flatnonzero(weather["time"].values + delay > issue)}
    coming = {"issued": np.flatnonzero(forecast["available"].values > issue)}
    for name in NAMES:
        weather[name][later] = numbers(rng, weather[name][later].shape)[name]
        forecast[name][coming] = numbers(rng, forecast[name][coming].shape)[name]
    return replace(observations, weather=weather, weather_forecast=forecast)


def assert_nothing_later_is_used(gate: Gate, seed: int) -> None:
    rng = np.random.default_rng(seed)
    observations, issue = drawn_weather(rng), at(float(rng.integers(30, 220)))
    first = gate(observations, issue[None])
    again = gate(changed_after(observations, issue, rng), issue[None])
    for before, after in zip(first, again, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.slow
@pytest.mark.parametrize("gate", [through_the_gate, by_the_day])
@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_changing_what_was_not_yet_there_changes_nothing(gate: Gate, seed: int) -> None:
    assert_nothing_later_is_used(gate, seed)


def test_issues_far_apart_know_together_what_each_knows() -> None:
    observations = place(hourly_ramp(delay=4.0, days=60), forecast_ramp(members=2, days=60))
    issue = at([30.0, 1100.0, 400.5, 1101.0, 1439.0])
    hours = np.arange(-60, 61)
    together = known_weather(observations, issue, hours)
    assert not np.isnan(together.lead[:, hours < 0]).all()
    for number in range(issue.size):
        alone = known_weather(observations, issue[[number]], hours)
        for name, value in vars(alone).items():
            np.testing.assert_array_equal(getattr(together, name)[[number]], value)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_nothing_that_is_used_comes_after_the_issue(seed: int) -> None:
    rng = np.random.default_rng(seed)
    issue = at(rng.integers(0, 250, size=3).astype(float))
    known = known_weather(drawn_weather(rng), issue, HOURS)
    there = ~np.isnat(known.available)
    assert (known.available <= issue[:, None])[there].all()
    assert (there == ~np.isnan(known.values).all(axis=(2, 3))).all()
    assert (there == ~np.isnan(known.lead)).all()
    assert (known.lead[there] >= 0).all()
    assert (known.lead[:, HOURS > 0][there[:, HOURS > 0]] > 0).all()  # a coming hour is never an analysis


def as_if_analyses_came_at_once(observations: Observations, issue: np.ndarray) -> list[np.ndarray]:
    at_once = observations.weather.assign_coords(available_after_h=0.0)
    return through_the_gate(replace(observations, weather=at_once), issue)


def as_if_forecasts_came_at_once(observations: Observations, issue: np.ndarray) -> list[np.ndarray]:
    forecast = observations.weather_forecast
    at_once = forecast.assign_coords(available=("issued", forecast["issued"].values))
    return through_the_gate(replace(observations, weather_forecast=at_once), issue)


def as_if_an_hour_later(observations: Observations, issue: np.ndarray) -> list[np.ndarray]:
    return through_the_gate(observations, issue + HOUR)


def by_the_day_of_the_analyses(observations: Observations, issue: np.ndarray) -> list[np.ndarray]:
    """Means of the day of issue and of the coming ones, as the networks once saw them."""
    days = observations.weather.resample(time="1D").mean()
    return [days[name].sel(time=issue[0].astype("datetime64[D]"), method="nearest").values for name in NAMES]


@pytest.mark.parametrize(
    "leak",
    [as_if_analyses_came_at_once, as_if_forecasts_came_at_once, as_if_an_hour_later, by_the_day_of_the_analyses],
)
def test_the_test_sees_a_leak(leak: Gate) -> None:
    def is_seen(seed: int) -> bool:
        try:
            assert_nothing_later_is_used(leak, seed)
        except AssertionError:
            return True
        return False

    assert any(is_seen(seed) for seed in range(40))


# --- a slow reference --------------------------------------------------------------------------------------------


Arrays = dict[str, np.ndarray]


def arrays_of(dataset: xr.Dataset) -> Arrays:
    return {str(name): variable.values for name, variable in dataset.variables.items()}


def slow_reference(weather: Arrays, forecast: Arrays, issue: np.datetime64, hour: int) -> tuple[np.ndarray, float]:
    """Values (M, V) and lead of one hour, quantity by quantity, from the words of the definition alone."""
    found = [slow_quantity(weather, forecast, issue, hour, name) for name in NAMES]
    leads = [lead for _, lead in found if not np.isnan(lead)]
    return np.stack([values for values, _ in found], axis=1), min(leads, default=float("nan"))


def slow_quantity(
    weather: Arrays, forecast: Arrays, issue: np.datetime64, hour: int, name: str
) -> tuple[np.ndarray, float]:
    """(M,) values and lead of one quantity."""
    valid = issue + hour * HOUR
    members = forecast[name].shape[2]
    if hour <= 0:
        delay = np.timedelta64(round(float(weather["available_after_h"]) * 3600), "s")
        value = linear(weather["time"], weather[name][:, 1, 1], valid, issue - delay)
        if not np.isnan(value):
            return np.full(members, value), 0.0
    for n in np.argsort(forecast["issued"])[::-1]:
        issued = forecast["issued"][n]
        if forecast["available"][n] > issue or issued > valid:
            continue
        times = issued + forecast["lead"] * HOUR
        given = forecast[name][n]
        values = np.array([linear(times, given[:, m, 1, 1], valid, times[-1]) for m in range(members)])
        if not np.isnan(values).all():
            return values, float((valid - issued) / HOUR)
    return np.full(members, np.nan), float("nan")


def linear(times: np.ndarray, values: np.ndarray, valid: np.datetime64, last: np.datetime64) -> float:
    """Between the nearest given values on both sides, if the later one lies before ``last``."""
    given = ~np.isnan(values)
    before, after = times[given & (times <= valid)], times[given & (times >= valid)]
    if not (before.size and after.size) or after[0] - before[-1] > 6 * HOUR or after[0] > last:
        return float("nan")
    apart = [(time - times[0]) / HOUR for time in (valid, before[-1], after[0])]
    ends = [values[times == time][0] for time in (before[-1], after[0])]
    return float(np.interp(apart[0], apart[1:], ends))


@pytest.mark.slow
@given(st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_the_gate_is_the_slow_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    observations, issue = drawn_weather(rng), at(rng.integers(20, 220, size=2).astype(float))
    known: KnownWeather = known_weather(observations, issue, HOURS)
    weather, forecast = arrays_of(observations.weather), arrays_of(observations.weather_forecast)
    for b, h in np.ndindex(2, HOURS.size):
        values, lead = slow_reference(weather, forecast, issue[b], int(HOURS[h]))
        np.testing.assert_allclose(known.values[b, h], values, err_msg=f"{issue[b]} {HOURS[h]}")
        np.testing.assert_equal(known.lead[b, h], lead)
