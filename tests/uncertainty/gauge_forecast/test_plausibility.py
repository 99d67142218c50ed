"""A gauge that breaks is doubted, one that reads a storm which the weather foresaw is not."""

import numpy as np
import pytest

from strandline.uncertainty.gauge_forecast.fit import fit_gauge_forecaster
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
from strandline.uncertainty.gauge_forecast.plausibility import NEWEST, Doubt, doubt_of
from tests.fixtures.windy_gauge import HOURS, MEAN, SEA_LEVEL, TIME, level, place

pytestmark = pytest.mark.slow

TRAINED = 24 * 150
AT = 4500
PLACE = place()


@pytest.fixture(scope="module")
def forecaster() -> GaugeForecaster:
    readings = np.where(np.arange(HOURS) < TRAINED, level(), np.nan)
    return fit_gauge_forecaster(PLACE, SEA_LEVEL, MEAN, TIME, readings)


def doubted(forecaster: GaugeForecaster, readings: np.ndarray, at: int = AT) -> Doubt | None:
    return doubt_of(forecaster, TIME[at], TIME, readings, PLACE)


def test_a_sound_gauge_is_hardly_ever_doubted(forecaster: GaugeForecaster) -> None:
    """Storms are among these issues: their weather was foreseen."""
    issues = range(TRAINED + 200, HOURS - 200, 23)
    assert sum(doubted(forecaster, level(), at) is not None for at in issues) <= 0.02 * len(issues)


@pytest.mark.parametrize("by", [0.6, -0.6])
def test_a_gauge_whose_zero_moves_is_doubted_from_the_third_reading_on(forecaster: GaugeForecaster, by: float) -> None:
    for count in range(1, 9):
        readings = level() + by * (np.arange(HOURS) > AT - count)
        found = doubted(forecaster, readings)
        assert (found is not None) == (count >= NEWEST), count
    assert found is not None
    assert found.since == TIME[AT - 7]
    assert np.sign(found.departure) == np.sign(by)
    assert abs(found.departure) < abs(by)


def test_a_gauge_that_stands_still_is_doubted_when_the_tide_has_moved(forecaster: GaugeForecaster) -> None:
    readings = level().copy()
    readings[AT - 9 : AT + 1] = readings[AT - 9]
    found = doubted(forecaster, readings)
    assert found is not None
    assert doubted(forecaster, np.where(np.arange(HOURS) > AT - 8, level(), readings)) is None


def test_too_few_readings_say_nothing_and_later_ones_do_not_count(forecaster: GaugeForecaster) -> None:
    wrong = level() + 0.6 * (np.arange(HOURS) > AT - 6)
    few = np.where((np.arange(HOURS) > AT - 24) & (np.arange(HOURS) < AT - 1), np.nan, wrong)
    assert doubted(forecaster, few) is None
    assert doubted(forecaster, level() + 0.6 * (np.arange(HOURS) > AT)) is None
