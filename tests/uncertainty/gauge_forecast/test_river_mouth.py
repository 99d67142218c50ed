"""A gauge at a river mouth: what river and rain add to its forecast, what was known of them, and what each brings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from strandline.observations.observations import Observations
from strandline.observations.variables import as_variable
from strandline.uncertainty.gauge_forecast.drivers import knows_rain
from strandline.uncertainty.gauge_forecast.fit import fit_gauge_forecaster
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
from strandline.uncertainty.gauge_forecast.forecaster_file import load_gauge_forecaster, save_gauge_forecaster
from tests.fixtures import windy_gauge
from tests.fixtures.river_mouth import level, place, rain, river
from tests.fixtures.windy_gauge import HOURS, MEAN, SEA_LEVEL, TIME

pytestmark = pytest.mark.slow

TRAINED = 24 * 120
LEVELS = (0.05, 0.5, 0.95)
ISSUES = TIME[np.arange(TRAINED + 200, HOURS - 200, 17)]


@pytest.fixture(scope="module")
def forecaster() -> GaugeForecaster:
    readings = np.where(np.arange(HOURS) < TRAINED, level(), np.nan)
    return fit_gauge_forecaster(place(), SEA_LEVEL, MEAN, TIME, readings)


def median(forecaster: GaugeForecaster, known: Observations | None, issues: np.ndarray = ISSUES) -> np.ndarray:
    return forecaster.forecast(issues, TIME, level(), known, LEVELS).quantiles[0.5]


def error(found: np.ndarray, lead: int) -> float:
    return float(np.std(found[:, lead] - level()[np.searchsorted(TIME, ISSUES) + lead]))


def test_a_river_is_seen_coming(forecaster: GaugeForecaster) -> None:
    without = replace(place(), river=None)
    for lead, ratio in ((3, 0.85), (6, 0.8), (12, 0.9)):
        assert error(median(forecaster, place()), lead) < ratio * error(median(forecaster, without), lead)
    found = forecaster.forecast(ISSUES, TIME, level(), place(), LEVELS)
    assert found.knows_land.all()
    inside = [
        (found.quantiles[0.05][:, lead] <= truth) & (truth <= found.quantiles[0.95][:, lead])
        for lead, truth in ((lead, level()[np.searchsorted(TIME, ISSUES) + lead]) for lead in (6, 24, 48))
    ]
    assert np.mean(inside) > 0.85


def test_shares_add_up_to_the_forecast(forecaster: GaugeForecaster) -> None:
    dry = replace(place(), weather=place(with_rain=False).weather)
    for known in (place(), dry, replace(place(), river=None), place(weather=False)):
        shares = forecaster.shares(ISSUES, TIME, level(), known)
        assert list(shares) == ["tide", "weather", "rain", "river", "readings"]
        np.testing.assert_allclose(sum(shares.values()), median(forecaster, known), atol=1e-9)


def test_where_the_gauge_is_silent_the_drivers_make_all_of_the_forecast(forecaster: GaugeForecaster) -> None:
    """The process of the readings is then its mean, 0: no part of an answer may be missing among the shares."""
    dry = replace(place(), weather=place(with_rain=False).weather)
    for known in (place(), dry, replace(place(), river=None), place(weather=False)):
        shares = forecaster.shares(ISSUES, TIME[:0], level()[:0], known)
        np.testing.assert_allclose(shares["readings"], 0.0, atol=1e-9)
        assert np.abs(shares["river"] + shares["rain"] + shares["weather"]).max() > 0.1


def test_the_share_of_a_river_is_what_it_brings(forecaster: GaugeForecaster) -> None:
    """With every reading up to the hour the river's share follows the part of the level that was made of its flow."""
    shares = forecaster.shares(ISSUES, TIME, level(), place())
    made = (level() - windy_gauge.level())[np.searchsorted(TIME, ISSUES)]
    share = shares["river"][:, 0] + shares["rain"][:, 0]
    assert np.corrcoef(made, share)[0, 1] > 0.97
    assert np.std(made - made.mean() - share + share.mean()) < 0.3 * np.std(made)
    wet = rain()[np.searchsorted(TIME, ISSUES)[:, None] - np.arange(1, 7)].sum(axis=1) > 10
    assert wet.any()
    assert shares["rain"][wet, 8].mean() > shares["rain"][~wet, 8].mean() + 0.02, "rain that has not come down yet"


def test_nothing_after_the_issue_changes_a_forecast(forecaster: GaugeForecaster) -> None:
    """Readings of level, river and rain after an issue, or not there yet by then."""
    at = 4200
    hour, known = np.arange(HOURS), place()
    assert known.river is not None
    assert known.weather is not None
    late = known.river["discharge"].where(known.river["time"] <= TIME[at - 1], 4000.0)
    late = late.where(known.river["discharge"].notnull() | (known.river["time"] > TIME[at]))
    wet = known.weather["rain"].where(known.weather["time"] <= TIME[at - 3], 90.0)
    changed = replace(
        known,
        river=known.river.assign(discharge=late.transpose(*known.river["discharge"].dims)),
        weather=known.weather.assign(rain=wet.transpose(*known.weather["rain"].dims)),
    )
    issue = TIME[[at]]
    before = forecaster.forecast(issue, TIME, level(), known, LEVELS)
    after = forecaster.forecast(issue, TIME, np.where(hour > at, 9.0, level()), changed, LEVELS)
    for share in LEVELS:
        np.testing.assert_array_equal(after.quantiles[share], before.quantiles[share])
    later = forecaster.forecast(TIME[[at + 4]], TIME, level(), changed, LEVELS)
    assert np.abs(later.quantiles[0.5] - median(forecaster, known, TIME[[at + 4]])).max() > 0.1


def test_a_silent_river_leaves_the_sea_and_unknown_wind_leaves_the_river(forecaster: GaugeForecaster) -> None:
    silent = replace(place(), river=river(np.full(HOURS, np.nan)))
    found = forecaster.forecast(ISSUES, TIME, level(), silent, LEVELS)
    assert found.knows_weather.all()
    assert not found.knows_land.any()
    calm = forecaster.forecast(ISSUES, TIME, level(), place(weather=False), LEVELS)
    assert not calm.knows_weather.any()
    assert calm.knows_land.all()
    neither = forecaster.forecast(ISSUES, TIME, level(), None, LEVELS)
    assert not (neither.knows_weather | neither.knows_land).any()
    wide = calm.quantiles[0.95] - calm.quantiles[0.05]
    whole = forecaster.forecast(ISSUES, TIME, level(), place(), LEVELS)
    assert (wide - (whole.quantiles[0.95] - whole.quantiles[0.05]))[:, 24].mean() > 0


def test_an_old_reading_of_the_river_makes_the_forecast_less_sure(forecaster: GaugeForecaster) -> None:
    issue = TIME[[4200]]
    readings = np.where((issue[0] - np.timedelta64(40, "h") < TIME) & (issue[0] >= TIME), np.nan, level() * 0 + 60.0)
    stale = replace(place(), river=river(readings, 1))
    fresh = replace(place(), river=river(np.full(HOURS, 60.0), 1))
    width = [
        (found.quantiles[0.95] - found.quantiles[0.05])[0, 6]
        for found in (forecaster.forecast(issue, TIME, level(), each, LEVELS) for each in (fresh, stale))
    ]
    assert width[1] > 1.02 * width[0]


def test_rain_is_known_as_far_as_it_was_forecast() -> None:
    assert not knows_rain(place(), ISSUES)[:, 1:].any(), "it was measured alone"
    known = place()
    assert known.weather_forecast is not None
    dims = ("issued", "lead", "member", "latitude", "longitude")
    shape = tuple(known.weather_forecast.sizes[name] for name in dims)
    foreseen = known.weather_forecast.assign(rain=as_variable("rain", dims, np.ones(shape)))
    assert knows_rain(replace(known, weather_forecast=foreseen), ISSUES).all()
    assert not knows_rain(replace(known, weather=None, weather_forecast=None), ISSUES).any()


def test_it_is_read_as_it_was_written(forecaster: GaugeForecaster, tmp_path: Path) -> None:
    save_gauge_forecaster(tmp_path, forecaster)
    read = load_gauge_forecaster(tmp_path, SEA_LEVEL, MEAN)
    assert read.land == forecaster.land == "river"
    for known in (place(), place(weather=False)):
        found, again = (each.forecast(ISSUES[:9], TIME, level(), known, LEVELS) for each in (forecaster, read))
        for share in LEVELS:
            np.testing.assert_array_equal(found.quantiles[share], again.quantiles[share])


def test_rain_drives_a_gauge_whose_river_nobody_reads() -> None:
    readings = np.where(np.arange(HOURS) < TRAINED, level(), np.nan)
    dry = replace(place(weather=False), river=None)
    found = fit_gauge_forecaster(dry, SEA_LEVEL, MEAN, TIME, readings)
    assert found.land == "rain"
    by_rain, alone = median(found, dry), median(found.without_weather(), None)
    known = found.forecast(ISSUES, TIME, level(), dry, LEVELS).knows_land
    assert known[:, 3].all()
    assert not known[:, 48].any(), "rain of two days is not known"
    assert error(by_rain, 3) < error(alone, 3)
    np.testing.assert_allclose(sum(found.shares(ISSUES, TIME, level(), dry).values()), by_rain, atol=1e-9)


def test_what_comes_days_late_drives_no_forecast() -> None:
    """Daily discharge of a model, and the rain of a reanalysis: no hour that matters is ever known."""
    readings = np.where(np.arange(HOURS) < 24 * 30, level(), np.nan)
    late = replace(place(weather=False), river=river(delay=132.0))
    assert late.weather is not None
    weather = late.weather.assign_coords(available_after_h=120.0)
    found = fit_gauge_forecaster(replace(late, weather=weather), SEA_LEVEL, MEAN, TIME, readings)
    assert found.land == ""
    rain_now = fit_gauge_forecaster(late, SEA_LEVEL, MEAN, TIME, readings)
    assert rain_now.land == "rain"


def test_without_river_and_rain_nothing_of_them_is_there() -> None:
    readings = np.where(np.arange(HOURS) < TRAINED, level(), np.nan)
    plain = fit_gauge_forecaster(replace(place(with_rain=False), river=None), SEA_LEVEL, MEAN, TIME, readings)
    assert plain.land == ""
    assert plain.rivers == ()
    assert plain.residual.fallbacks == ()
    assert plain.situation(ISSUES[:3], TIME, level(), place()).doubt is None
