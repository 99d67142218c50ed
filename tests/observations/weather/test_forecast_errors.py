"""Synthetic forecasts: each error by itself in closed form, and together of the size that is published."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from strandline.errors import InputError
from strandline.observations.observations import check_layout
from strandline.observations.weather.forecast_errors import (
    KILOMETRES_PER_DEGREE,
    MOST_OF_DEVIATION,
    TRANSLATION,
    WeatherSkill,
    synthetic_forecasts,
    with_synthetic_forecasts,
)
from strandline.observations.weather.issue_errors import IssueErrors, at_leads
from strandline.simulator.coast import simulate_dry_coast
from tests.fixtures.batches import HERE, make_observations
from tests.fixtures.weather import FIRST, HOUR, make_weather

NONE = ((0.0, 0.0),)
PERFECT = WeatherSkill(position=NONE, amplitude=NONE, pressure=NONE, wind=NONE, spread=0.0, members=1)
WIDE = {"latitude": list(np.arange(-10.0, 11.0)), "longitude": list(np.arange(90.0, 111.0))}
SITE = np.array([100.0]), np.array([0.0])
ISSUES = 1500


def times(days: float, step: int = 6) -> np.ndarray:
    return FIRST + np.arange(0, days * 24, step).astype(int) * HOUR


def slope(days: float = ISSUES / 2 + 6) -> xr.Dataset:
    """Pressure rises by 100 Pa a degree eastwards and by 50 Pa a degree northwards, and never changes."""
    east, north = np.array(WIDE["longitude"]) - 100.0, np.array(WIDE["latitude"])
    return make_weather(times(days), {"pressure": 100_000.0 + 100.0 * east + 50.0 * north[:, None]}, grid=WIDE)


def of_pressure(weather: xr.Dataset, skill: WeatherSkill, seed: int = 1) -> np.ndarray:
    """(N, L, M) at the site, less 100 000 Pa."""
    return synthetic_forecasts(weather, seed, skill, *SITE)["pressure"].values[:ISSUES, :, :, 0, 0] - 100_000.0


def waves(days: float) -> xr.Dataset:
    """A wave of 10 days and 10 hPa, in one cell."""
    hour = np.arange(0, days * 24, 6)
    pressure = 100_000.0 + 1000.0 * np.sin(2 * np.pi * hour / 240)[:, None, None]
    return make_weather(times(days), {"pressure": pressure}, grid={"latitude": [0.0], "longitude": [100.0]})


def test_without_errors_a_forecast_is_the_analysis_of_its_hour() -> None:
    weather = waves(40)
    forecast = synthetic_forecasts(weather, 1, PERFECT)
    check_layout("weather_forecast", forecast)
    for n, lead in ((0, 0), (5, 24), (20, 96)):
        valid = forecast["issued"].values[n] + lead * HOUR
        found = forecast["pressure"].sel(lead=lead).values[n, 0, 0, 0]
        assert found == pytest.approx(float(weather["pressure"].sel(time=valid)[0, 0]), abs=0.01)
    assert "synthetic" in forecast.attrs
    assert "wind_east" not in forecast
    assert (forecast["available"].values - forecast["issued"].values == np.timedelta64(7, "h")).all()
    assert set(forecast["issued"].dt.hour.values) == {0, 12}


def test_weather_is_displaced_as_far_as_published() -> None:
    skill = replace(PERFECT, position=WeatherSkill().position)
    moved = of_pressure(slope(), skill)[:, :, 0]
    per_kilometre = np.hypot(100.0, 50.0) / KILOMETRES_PER_DEGREE
    expected = per_kilometre * at_leads(skill.position, skill.leads)
    inner = expected < 6 * 100.0  # beyond that some leave the nodes
    np.testing.assert_allclose(moved.std(axis=0)[inner], expected[inner], rtol=0.08)
    assert np.corrcoef(moved[:, 8], moved[:, 24])[0, 1] > 0.999  # the same direction at 24 h and at 72 h


def test_in_a_single_cell_weather_that_is_displaced_comes_early_or_late() -> None:
    hour = np.arange(0, (ISSUES / 2 + 6) * 24, 6)
    weather = make_weather(
        times(ISSUES / 2 + 6), {"pressure": 90_000.0 + hour[:, None, None]},
        grid={"latitude": [0.0], "longitude": [100.0]},
    )  # fmt: skip
    skill = replace(PERFECT, position=((0.0, 0.0), (96.0, 180.0)))
    forecast = synthetic_forecasts(weather, 1, skill)["pressure"].values[10:ISSUES, :, 0, 0, 0]
    late = 90_000.0 + 12.0 * np.arange(10, ISSUES)[:, None] + skill.leads - forecast
    np.testing.assert_allclose(
        late.std(axis=0), at_leads(skill.position, skill.leads) / TRANSLATION, rtol=0.1, atol=0.01
    )


def test_storms_are_too_strong_or_too_weak_by_a_factor_whose_mean_is_one() -> None:
    skill = replace(PERFECT, amplitude=((0.0, 0.3),))
    true, strong = (of_pressure(waves(ISSUES / 2 + 6), each)[:, :, 0] for each in (PERFECT, skill))
    far = np.abs(true) > 300.0
    factor = (strong / np.where(far, true, np.nan))[far]
    assert np.log(factor).std() == pytest.approx(0.3, rel=0.1)
    assert factor.mean() == pytest.approx(1.0, abs=0.03)


def test_what_remains_has_its_size_and_memory_and_never_exceeds_half_of_the_weather() -> None:
    skill = replace(PERFECT, pressure=((0.0, 100.0), (96.0, 5000.0)))
    error = (of_pressure(waves(ISSUES / 2 + 6), skill) - of_pressure(waves(ISSUES / 2 + 6), PERFECT))[:, :, 0]
    assert error[:, 0].std() == pytest.approx(100.0, rel=0.08)
    most = MOST_OF_DEVIATION * 1000.0 / np.sqrt(2)
    np.testing.assert_allclose(error[:, 16:].std(axis=0), most, rtol=0.1)
    scaled = error / error.std(axis=0)
    assert (scaled[:, 8] * scaled[:, 16]).mean() == pytest.approx(np.exp(-1), abs=0.06)  # a day of leads
    assert (scaled[:-2, 8] * scaled[2:, 8]).mean() == pytest.approx(np.exp(-1), abs=0.08)  # a day of issues


def test_the_first_member_is_the_best_estimate_and_the_others_scatter_about_it() -> None:
    skill = replace(PERFECT, pressure=((0.0, 100.0),), spread=0.8, members=4)
    weather = waves(ISSUES / 2 + 6)
    error = of_pressure(weather, skill) - of_pressure(weather, PERFECT)
    assert error[:, 8, 0].std() == pytest.approx(100.0, rel=0.08)
    np.testing.assert_allclose((error[:, 8, 1:] - error[:, 8, :1]).std(axis=0), 80.0, rtol=0.08)
    assert abs(np.corrcoef(error[:, 8, 1] - error[:, 8, 0], error[:, 8, 2] - error[:, 8, 0])[0, 1]) < 0.08


def test_an_issue_is_the_same_whichever_others_are_asked_for() -> None:
    weather, skill = slope(40), WeatherSkill(members=2)
    every = synthetic_forecasts(weather, 3, skill, *SITE)
    some = synthetic_forecasts(weather, 3, skill, *SITE, issues=np.array([0, 7, 70]))
    xr.testing.assert_identical(some, every.isel(issued=[0, 7, 70]))
    other = synthetic_forecasts(weather, 4, skill, *SITE)
    assert not np.allclose(every["pressure"], other["pressure"], atol=1.0, equal_nan=True)
    for wrong in ([-1], [80], [3, 3]):
        with pytest.raises(InputError, match="give ascending numbers from 0 to 79"):
            synthetic_forecasts(weather, 3, skill, issues=np.array(wrong))


def test_what_the_analyses_do_not_hold_no_forecast_invents() -> None:
    weather = waves(40)
    weather["pressure"][{"time": slice(80, 84)}] = np.nan
    forecast = synthetic_forecasts(weather, 1, WeatherSkill(members=1, position=NONE))["pressure"]
    valid = forecast["issued"].values[:, None] + forecast["lead"].values * HOUR
    last, gap = weather["time"].values[-1], weather["time"].values[[79, 84]]
    unknown = (valid > last) | ((valid > gap[0]) & (valid < gap[1]))
    np.testing.assert_array_equal(np.isnan(forecast.values[..., 0, 0, 0]), unknown)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 1_000_004])
def test_together_the_errors_have_the_published_size_and_beat_persistence(seed: int) -> None:
    """Less than outside the tropics for pressure, which varies little in the two deltas."""
    coast = simulate_dry_coast("tiny", seed, shape=(32, 32), years=6.0, n_storms=10)
    forecast, weather = coast.require("weather_forecast"), coast.require("weather")
    true = weather.sel(longitude=forecast["longitude"], latitude=forecast["latitude"])
    found = {}
    for lead in (0, 24, 48, 72):
        valid = forecast["issued"].values + lead * HOUR
        inside = valid <= weather["time"].values[-1]
        now, then = (true.sel(time=at[inside]) for at in (forecast["issued"].values, valid))
        rms = {}
        for name in ("pressure", "wind_east", "wind_north"):
            issued = forecast[name].sel(lead=lead).values[inside, 0, 0, 0]
            at_valid, at_issue = then[name].values[:, 0, 0], now[name].values[:, 0, 0]
            rms[name] = float(np.sqrt(np.mean((issued - at_valid) ** 2)))
            if lead:
                assert rms[name] < 0.8 * np.sqrt(np.mean((at_issue - at_valid) ** 2)), (lead, name)
        found[lead] = rms["pressure"], float(np.hypot(rms["wind_east"], rms["wind_north"]))
    pressure, wind = np.array(list(found.values())).T
    assert (np.diff(pressure) > 0).all()
    assert (np.diff(wind) > 0).all()
    assert 50 < pressure[1] < 90
    assert 70 < pressure[3] < 250
    assert 1.3 < wind[1] < 1.9
    assert 2.0 < wind[3] < 3.2


def test_the_forecasts_of_a_real_place_are_called_simulated_and_replace_none_that_were_issued() -> None:
    bare = make_observations(days=12, peaks=("2020-01-06T06",))
    here = replace(bare, weather=waves(12), provenance={**bare.provenance, "weather": HERE})
    found = with_synthetic_forecasts(here, 1)
    assert found.provenance["weather_forecast"].kind == "simulated"
    assert found.provenance["weather"].kind == "real"
    with pytest.raises(InputError, match="was issued by a service already"):
        with_synthetic_forecasts(found, 1)
    with pytest.raises(InputError, match="'weather' was not observed"):
        with_synthetic_forecasts(bare, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"position": ((0.0, 1.0), (0.0, 2.0))}, "give ascending leads"),
        ({"wind": ((0.0, -1.0),)}, "errors of 0 or more"),
        ({"pressure": ((0.0, np.nan),)}, "errors of 0 or more"),
        ({"members": 0}, "a member or more"),
        ({"delay_hours": -1.0}, "a delay of 0 or more"),
        ({"lead_step": 0}, "give 1 h or more"),
    ],
)
def test_an_impossible_skill_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        WeatherSkill(**change)


def test_errors_of_issues_have_unit_variance_and_their_memory() -> None:
    errors = IssueErrors(2, 2, 5, 6.0, 24.0, 12, 3)
    drawn = np.concatenate([errors.of_block(5, block) for block in range(60)], axis=1)
    assert drawn.shape == (12, 60 * 64, 4)
    np.testing.assert_allclose(drawn.std(axis=(1, 2)), 1.0, atol=0.04)
    assert (drawn[:, :-2] * drawn[:, 2:]).mean() == pytest.approx(np.exp(-1), abs=0.04)
    assert (drawn[2] * drawn[3]).mean() == pytest.approx(np.exp(-0.25), abs=0.04)
    assert abs((drawn[2] * drawn[7]).mean()) < 0.06
