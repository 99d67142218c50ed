"""Cyclone fields against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.weather.cyclone_fields import (
    AIR_DENSITY,
    EARTH_RADIUS,
    KNOT,
    SURFACE_REDUCTION,
    TEN_MINUTES_OVER_ONE,
    Cyclone,
    cyclone_fields,
    holland_gradient_wind,
    holland_peakedness,
    holland_pressure,
    inflow_angle,
    median_radius_of_maximum_wind,
    offset_metres,
    pressure_drop,
)


def value(number: float) -> np.ndarray:
    return np.array([number])


def storm(**changes: float) -> Cyclone:
    fields = {
        "longitude": 90.0,
        "latitude": 20.0,
        "central_pressure": 95_000.0,
        "ambient_pressure": 101_000.0,
        "radius_of_maximum_wind": 40_000.0,
        "peakedness": 1.5,
        "eastward_speed": 0.0,
        "northward_speed": 0.0,
    }
    return Cyclone(**{name: value(number) for name, number in (fields | changes).items()})


def places_around(radius: float, cyclone: Cyclone, count: int = 72) -> tuple[np.ndarray, np.ndarray]:
    bearing = np.arange(count) * 2 * np.pi / count
    latitude = cyclone.latitude[0] + np.rad2deg(radius * np.cos(bearing) / EARTH_RADIUS)
    middle = np.deg2rad(0.5 * (latitude + cyclone.latitude[0]))
    longitude = cyclone.longitude[0] + np.rad2deg(radius * np.sin(bearing) / EARTH_RADIUS / np.cos(middle))
    return longitude, latitude


def test_pressure_is_central_in_the_middle_and_ambient_far_away() -> None:
    pressure = holland_pressure(np.array([0.0, 1e9]), *map(value, (95_000.0, 101_000.0, 40_000.0, 1.5)))
    np.testing.assert_allclose(pressure, [95_000.0, 101_000.0], atol=0.1)


def test_pressure_at_the_radius_of_maximum_wind_is_up_by_one_over_e() -> None:
    pressure = holland_pressure(value(40_000.0), *map(value, (95_000.0, 101_000.0, 40_000.0, 1.5)))
    assert pressure[0] == pytest.approx(95_000.0 + 6_000.0 / np.e)


@given(st.floats(1.0, 2.5), st.floats(500.0, 10_000.0), st.floats(10e3, 100e3))
@settings(max_examples=30, deadline=None)
def test_without_rotation_the_wind_peaks_at_its_radius_with_hollands_maximum(
    peakedness: float, drop: float, size: float
) -> None:
    radius = np.linspace(0.2, 5.0, 961) * size
    wind = holland_gradient_wind(radius, value(drop), value(size), value(peakedness), value(0.0))
    assert radius[wind.argmax()] == pytest.approx(size, rel=0.01)
    assert wind.max() == pytest.approx(np.sqrt(peakedness * drop / (AIR_DENSITY * np.e)), rel=1e-4)


def test_the_gradient_wind_balances_pressure_curvature_and_rotation() -> None:
    radius = np.array([20e3, 40e3, 100e3, 300e3])
    shape = tuple(map(value, (40_000.0, 1.5)))
    wind = holland_gradient_wind(radius, value(6_000.0), *shape, value(20.0))  # type: ignore[call-arg]
    step = 1.0
    slope = (
        holland_pressure(radius + step, value(95_000.0), value(101_000.0), *shape)
        - holland_pressure(radius - step, value(95_000.0), value(101_000.0), *shape)
    ) / (2 * step)
    rotation = 2 * 7.2921e-5 * np.sin(np.deg2rad(20.0))
    np.testing.assert_allclose(wind**2 / radius + rotation * wind, slope / AIR_DENSITY, rtol=1e-4)


def test_peakedness_reproduces_the_reported_maximum_wind() -> None:
    reported = 100.0 * KNOT
    drop = pressure_drop(value(reported))
    assert drop[0] == pytest.approx(6_650, abs=50)  # Atkinson and Holliday 1977: 100 kt at 943 hPa
    speed = 5.0
    cyclone = storm(
        central_pressure=101_000.0 - drop[0],
        peakedness=holland_peakedness(value(reported), drop, value(speed))[0],
        northward_speed=speed,
    )
    _, east, north = cyclone_fields(cyclone, *places_around(40_000.0, cyclone))
    assert np.hypot(east, north).max() == pytest.approx(TEN_MINUTES_OVER_ONE * reported, rel=0.04)


def test_a_resting_storm_is_the_same_all_around_and_turns_anticlockwise_in_the_north() -> None:
    cyclone = storm()
    longitude, latitude = places_around(80_000.0, cyclone)
    deficit, wind_east, wind_north = cyclone_fields(cyclone, longitude, latitude)
    speed = np.hypot(wind_east, wind_north)
    np.testing.assert_allclose(speed, speed[0, 0], rtol=1e-3)
    np.testing.assert_allclose(deficit, deficit[0, 0], rtol=1e-3)
    east, north = offset_metres(longitude, latitude, cyclone.longitude, cyclone.latitude)
    assert (east * wind_north - north * wind_east > 0).all()
    inward = -(east * wind_east + north * wind_north) / (80_000.0 * speed)
    np.testing.assert_allclose(np.rad2deg(np.arcsin(inward)), 25.0, atol=0.1)
    _, south_east, south_north = cyclone_fields(storm(latitude=-20.0), longitude, latitude - 40.0)
    assert (east * south_north - north * south_east < 0).all()


def test_the_surface_wind_is_the_reduced_gradient_wind() -> None:
    cyclone = storm()
    _, east, north = cyclone_fields(cyclone, *places_around(40_000.0, cyclone))
    gradient = holland_gradient_wind(*map(value, (40_000.0, 6_000.0, 40_000.0, 1.5, 20.0)))
    assert np.hypot(east, north).mean() == pytest.approx(SURFACE_REDUCTION * gradient[0], rel=1e-3)


def test_a_northern_storm_is_strongest_on_its_right() -> None:
    cyclone = storm(northward_speed=8.0)
    longitude, latitude = places_around(40_000.0, cyclone)
    _, east, north = cyclone_fields(cyclone, longitude, latitude)
    speed = np.hypot(east, north)[0]
    right, left = longitude > 90.05, longitude < 89.95
    assert speed[right].mean() > speed[left].mean() + 4.0


def test_a_storm_without_pressure_drop_has_no_wind_and_the_centre_is_finite() -> None:
    calm = cyclone_fields(storm(central_pressure=101_000.0), np.array([90.0, 91.0]), np.array([20.0, 20.0]))
    np.testing.assert_allclose(np.stack(calm), 0.0, atol=1e-9)
    deficit, east, north = cyclone_fields(storm(), np.array([90.0]), np.array([20.0]))
    assert deficit[0, 0] == pytest.approx(-6_000.0)
    assert np.hypot(east, north)[0, 0] < 0.01


def test_inflow_and_size_follow_their_sources() -> None:
    np.testing.assert_allclose(inflow_angle(np.array([0.0, 1.0, 1.2, 9.0]), value(1.0)), [0, 10, 25, 25])
    # Vickery and Wadhera 2008 by hand: 50 hPa at 20 degrees.
    by_hand = 1000 * np.exp(3.015 - 6.291e-5 * 2500 + 0.0337 * 20)
    assert median_radius_of_maximum_wind(value(5_000.0), value(20.0))[0] == pytest.approx(by_hand)


def test_an_impossible_storm_is_refused() -> None:
    with pytest.raises(InputError, match="exceeds the ambient pressure"):
        storm(central_pressure=102_000.0)
    with pytest.raises(InputError, match="not positive"):
        storm(radius_of_maximum_wind=0.0)
