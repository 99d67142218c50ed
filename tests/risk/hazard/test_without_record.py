"""Levels of a coast that nobody has read."""

from functools import cache

import numpy as np
import pytest

from strandline.observations.sea_level.harmonic_tide import predict_tide
from strandline.pipeline.study_area.assumed_sea import usual_tide
from strandline.risk.hazard.own_record import GaugeHours
from strandline.risk.hazard.surges.high_waters import find_high_waters
from strandline.risk.hazard.surges.regional_prior import WORLD, SurgePrior
from strandline.risk.hazard.without_record import AssumedExtremes, SeaErrors, estimate_without_record
from strandline.simulator.sea.assumed_gauge import simulate_assumed_gauge

pytestmark = pytest.mark.slow

PERIODS = (2.0, 100.0)


@cache
def assumed(spread: float = 0.18) -> GaugeHours:
    tide = usual_tide(30.0)
    gauge = simulate_assumed_gauge(tide, 10.0, 30.0, 2026, 0.0, spread, 1)
    time = gauge["time"].values
    predicted = predict_tide(tide, time)
    return GaugeHours(time, gauge["water_level"].values[0], predicted, time, predicted)


KNOWN_SPREAD = SurgePrior((2.75, 0.1), (-0.3, 0.1), (0.0, 0.02), (-2.0, 0.05))


def estimate(
    mean: float = 0.1, log_tide: float = 0.05, spread: float = 0.18, prior: SurgePrior = WORLD
) -> AssumedExtremes:
    errors, rng = SeaErrors(mean, log_tide), np.random.default_rng(0)
    return estimate_without_record(assumed(spread), errors, None, None, PERIODS, 240, rng, prior)


def width(found: AssumedExtremes) -> float:
    low, high = np.quantile(found.levels[:, 1], [0.1, 0.9])
    return float(high - low)


def test_less_knowledge_of_tide_and_mean_widens_the_levels() -> None:
    known = width(estimate(0.1, 0.05, prior=KNOWN_SPREAD))
    assert width(estimate(0.5, 0.05, prior=KNOWN_SPREAD)) > 1.5 * known
    assert width(estimate(0.1, 0.9, prior=KNOWN_SPREAD)) > 1.5 * known
    assert width(estimate(0.1, 0.05)) > 1.5 * known


def test_levels_do_not_rest_on_the_size_of_the_simulated_weather() -> None:
    small, large = (np.median(estimate(spread=spread).levels[:, 1]) for spread in (0.12, 0.3))
    assert abs(small - large) < 0.25


def test_rarer_levels_are_higher_in_every_sample() -> None:
    levels = estimate(0.5, 0.9).levels
    assert levels.shape == (240, 2)
    assert (levels[:, 1] > levels[:, 0]).all()


def test_the_assumed_weather_has_the_form_that_is_believed_of_coasts() -> None:
    gauge = assumed()
    waters = find_high_waters(gauge.time, gauge.level, gauge.tide)
    assert 0.12 < waters.surge.std() < 0.24
    assert gauge.level.shape == gauge.time.shape
