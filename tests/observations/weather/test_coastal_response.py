"""Response of the sea at a coast to the weather, against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.observations.weather.coastal_response import (
    GRAVITY,
    GREATEST_DRAG,
    WATER_DENSITY,
    drag_coefficient,
    inverse_barometer,
    respond,
    steady_rotation_setup,
    steady_setup,
    wind_stress,
)


def test_weak_wind_sets_up_by_tau_l_over_rho_g_h() -> None:
    expected = 0.01 * 100e3 / (WATER_DENSITY * GRAVITY * 20.0)
    assert steady_setup(np.array([0.01]), 100e3, 20.0)[0] == pytest.approx(expected, rel=1e-3)


@given(st.floats(0.0, 10.0), st.floats(50e3, 250e3), st.floats(5.0, 40.0))
@settings(max_examples=50, deadline=None)
def test_steady_setup_balances_the_slope_of_the_deepened_sea(tau: float, width: float, depth: float) -> None:
    """The surface of ``g (h + eta) d eta / dx = tau / rho``, integrated in small steps, ends at the formula."""
    level, steps = 0.0, 4000
    for _ in range(steps):
        half = level + 0.5 * (width / steps) * tau / (WATER_DENSITY * GRAVITY * (depth + level))
        level += (width / steps) * tau / (WATER_DENSITY * GRAVITY * (depth + half))
    assert steady_setup(np.array([tau]), width, depth)[0] == pytest.approx(level, rel=1e-3, abs=1e-6)


@given(st.floats(0.0, 20.0))
@settings(max_examples=30, deadline=None)
def test_offshore_wind_lowers_the_sea_but_never_dries_the_shelf(tau: float) -> None:
    level = steady_setup(np.array([-tau]), 200e3, 8.0)[0]
    assert -0.3 * 8.0 - 1e-9 <= level <= 0.0


def test_stress_rotates_with_the_coast() -> None:
    east, north = np.array([0.0]), np.array([10.0])
    full = 1.2 * drag_coefficient(np.array([10.0]))[0] * 100.0
    for seaward, onshore, along in ((180.0, full, 0.0), (0.0, -full, 0.0), (90.0, 0.0, -full), (270.0, 0.0, full)):
        ours = wind_stress(east, north, seaward)
        np.testing.assert_allclose([ours[0][0], ours[1][0]], [onshore, along], atol=1e-12)


def test_wind_with_the_coast_on_its_right_raises_a_northern_sea_and_lowers_a_southern_one() -> None:
    # Looking south, the coast is on the right of an easterly wind.
    _, along = wind_stress(np.array([-15.0]), np.array([0.0]), 180.0)
    north, south = (steady_rotation_setup(along, 150e3, latitude)[0] for latitude in (20.0, -20.0))
    assert north > 0.05
    assert south == pytest.approx(-north)


def test_drag_grows_with_wind_up_to_its_cap() -> None:
    wind = np.linspace(0, 80, 81)
    drag = drag_coefficient(wind)
    assert (np.diff(drag) >= 0).all()
    assert drag.max() == GREATEST_DRAG
    assert drag[10] == pytest.approx(1.42e-3)  # Garratt 1977


def test_one_hectopascal_less_lifts_the_sea_by_a_centimetre() -> None:
    assert inverse_barometer(np.array([-100.0]))[0] == pytest.approx(0.00995, abs=1e-4)


def test_the_shelf_follows_a_step_as_an_exponential() -> None:
    steady = np.concatenate([np.zeros(5), np.ones(60)])
    delay = 2 * 150e3 / (np.pi * np.sqrt(GRAVITY * 10.0)) / 3600.0
    followed = respond(steady, 150e3, 10.0)
    np.testing.assert_allclose(followed[:5], 0.0)
    np.testing.assert_allclose(followed[5:], 1 - np.exp(-np.arange(1, 61) / delay))
    np.testing.assert_allclose(respond(np.full(9, 0.4), 150e3, 10.0), 0.4)
