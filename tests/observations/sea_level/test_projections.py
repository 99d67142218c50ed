"""Relative sea level: the sea's rise plus the land's sinking, from one baseline year."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.sea_level.projections import (
    LIKELY,
    SeaLevelProjection,
    global_projections,
    middle_of,
)
from strandline.observations.sea_level.subsidence import STABLE, SinkingRate, Subsidence

YEARS = np.arange(2026.0, 2101.0)
DELTA = SinkingRate(0.015, 0.02, 0.025)
NAMES = [each.name for each in global_projections()]


def sea(name: str) -> SeaLevelProjection:
    return next(each for each in global_projections() if each.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_the_rise_against_the_land_is_the_sea_plus_the_rate_times_the_years(name: str) -> None:
    deviates = np.linspace(-2.0, 2.0, 9)
    alone = sea(name).rise(YEARS, 2026.0, deviates)
    together = sea(name).on_sinking_land(DELTA).rise(YEARS, 2026.0, deviates)
    np.testing.assert_allclose(together - alone, np.tile(0.02 * (YEARS - 2026.0), (9, 1)), atol=1e-12)
    assert (np.diff(together, axis=1) > 0).all()
    assert (together[:, 0] == 0).all()


@pytest.mark.slow
@given(st.sampled_from(NAMES), st.floats(0.0, 0.01), st.floats(0.0, 0.03), st.floats(0.001, 0.02))
def test_bounds_of_the_land_widen_those_of_the_rise(name: str, spread: float, median: float, more: float) -> None:
    quantiles = ndtri((np.arange(41) + 0.5) / 41)
    deviates, land = (each.ravel() for each in np.meshgrid(quantiles, quantiles))  # independent of each other

    def width(half: float) -> float:
        rate = SinkingRate(median - half, median, median + half)
        rise = sea(name).on_sinking_land(rate).rise(np.array([2080.0]), 2026.0, deviates, land)
        return float(rise.std())

    assert width(0.0) - 1e-12 <= width(spread) < width(spread + more)


def test_no_rate_is_drawn_beyond_its_bounds() -> None:
    drawn = DELTA.draw(np.linspace(-5.0, 5.0, 101))
    assert (drawn.min(), np.median(drawn), drawn.max()) == pytest.approx((0.015, 0.02, 0.025))
    assert (np.diff(drawn) >= 0).all()
    assert STABLE.is_zero
    assert not DELTA.is_zero


def test_a_sinking_delta_reaches_half_a_metre_decades_earlier() -> None:
    stable, sinking = sea("SSP2-4.5"), sea("SSP2-4.5").on_sinking_land(DELTA)
    assert stable.year_of(0.5, 2026) == pytest.approx(2100, abs=5) or stable.year_of(0.5, 2026) is None
    assert sinking.year_of(0.5, 2026) == pytest.approx(2026 + 0.5 / 0.0252, abs=2)


def test_low_confidence_stands_beside_its_scenario_with_the_same_lower_and_a_higher_upper_bound() -> None:
    confident, unsure = sea("SSP5-8.5"), sea("SSP5-8.5 low confidence")
    ends = np.array([-LIKELY, 0.0, LIKELY])
    rise, unsure_rise = (each.rise(np.array([2100.0]), 2005.0, ends)[:, 0] for each in (confident, unsure))
    assert rise == pytest.approx([0.63, 0.77, 1.01])
    assert unsure_rise == pytest.approx([0.63, 0.88, 1.60])


def test_the_middle_scenario_stays_that_of_medium_emissions() -> None:
    assert middle_of(global_projections()).name == "SSP2-4.5"


def test_land_does_not_sink_twice() -> None:
    regional = SeaLevelProjection("SSP2-4.5", (2100.0,), (0.4,), (0.5,), (0.7,), "a file", holds_land_motion=True)
    with pytest.raises(InputError, match="sink twice"):
        regional.on_sinking_land(DELTA)
    assert regional.on_sinking_land(STABLE) == regional


@pytest.mark.parametrize(
    ("years", "low", "median", "message"),
    [
        ((2050.0, 2090.0), (0.1, 0.2), (0.2, 0.3), "ends in 2090"),
        ((2100.0, 2050.0), (0.1, 0.2), (0.2, 0.3), "do not ascend"),
        ((1990.0, 2100.0), (0.1, 0.2), (0.2, 0.3), "do not ascend"),
        ((2050.0, 2100.0), (0.3, 0.2), (0.2, 0.3), "median outside"),
        ((2050.0, 2100.0), (0.1,), (0.2, 0.3), "without values"),
    ],
)
def test_a_projection_that_contradicts_itself_is_refused(
    years: tuple[float, ...], low: tuple[float, ...], median: tuple[float, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        SeaLevelProjection("x", years, low, median, (0.5, 0.6), "a table")


def test_a_projection_counts_from_the_middle_of_its_own_reference_period() -> None:
    recent = SeaLevelProjection("x", (2100.0,), (0.95,), (0.95,), (0.95,), "a table", reference_years=(2000, 2009))
    assert recent.rise(np.array([2100.0]), 2005.0, np.zeros(1))[0, 0] == pytest.approx(0.95)
    assert recent.rise(np.array([2100.0]), 2052.5, np.zeros(1))[0, 0] == pytest.approx(0.475)


def test_the_mean_rate_is_that_of_the_ground_that_carries_the_weight() -> None:
    rates = np.array([[0.0, 0.01], [0.02, 0.03]])
    land = Subsidence(rates, rates, 2 * rates, STABLE, "made by hand")
    assert not land.is_uniform
    assert land.mean(np.array([[0.0, 0.0], [1.0, 3.0]])).median == pytest.approx(0.0275)
    assert land.mean(np.zeros((2, 2))).high == pytest.approx(0.03)
    np.testing.assert_allclose(land.depth(50.0), [[0.0, 0.5], [1.0, 1.5]])


@pytest.mark.parametrize("name", NAMES)
def test_a_rise_is_reached_in_the_first_year_whose_median_holds_it(name: str) -> None:
    projection = sea(name)
    for start_year in (2024, 2050):
        median = {year: float(projection.rise(np.array([float(year)]), start_year, np.zeros(1))[0, 0])
                  for year in range(start_year, 2101)}  # fmt: skip
        for rise in (0.0, 0.11, 0.5, median[2077]):
            reached = [year for year, level in median.items() if level >= rise]
            assert projection.year_of(rise, start_year) == (reached[0] if reached else None)
    assert projection.year_of(9.0, 2024) is None
