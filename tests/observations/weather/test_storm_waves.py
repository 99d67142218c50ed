"""Waves of a place: growth with wind, set-up, and what a region file may say of them."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from strandline.errors import InputError
from strandline.observations.region import Region
from strandline.observations.region_file.weather_sections import WavesSection
from strandline.observations.weather.storm_waves import StormWaves, set_up_at, storm_waves, wind_sea

REGION = Region("shore", "EPSG:32633", (500000, 0, 502400, 1200), 100.0, "mean sea level", (500050, 650), "asia")


def weather(**winds: float) -> xr.Dataset:
    """Two cells, the western one at the sea point; ``near`` and ``far`` are the strongest east winds."""
    speed = np.zeros((3, 1, 2))
    speed[1, 0] = winds["near"], winds["far"]
    speed[2, 0] = np.nan
    still = np.where(np.isnan(speed), np.nan, 0.0)
    axes = ("time", "latitude", "longitude")
    return xr.Dataset(
        {"wind_east": (axes, -speed), "wind_north": (axes, still)}, {"latitude": [0.0], "longitude": [15.0, 16.0]}
    )


def test_waves_grow_with_wind_and_are_those_of_young_and_verhagen() -> None:
    heights = [wind_sea(wind, 20_000.0, 3.0)[0] for wind in (5.0, 10.0, 20.0, 40.0)]
    assert (np.diff(heights) > 0).all()
    assert max(heights) < 0.6 * 3.0
    # fully developed in deep water: Hs = 0.24 U²/g
    height, period = wind_sea(20.0, 1e7, 1e5)
    assert height == pytest.approx(4 * np.sqrt(3.64e-3) * 400 / 9.81, rel=0.01)
    assert period == pytest.approx(20 / (9.81 * 0.133), rel=0.01)
    # 1.6371 m by another program of the same formulae (Tran, Check_hs_finite_water_depth)
    assert wind_sea(21.9444, 53_890.0, 7.0)[0] == pytest.approx(1.6371, abs=5e-5)


def waves(height: float = 2.0, period: float = 10.0, slope: float = 0.1) -> StormWaves:
    """In the storm of the highest sea, at 2.2 m; its mean is 0.2 m."""
    return StormWaves(height, period, slope, 0.2, 2.2, "as a test states")


def gauge() -> xr.Dataset:
    """A record that reaches 2.2 m, and a flagged reading of 9 m."""
    level, quality = np.array([[0.2, 2.2, 9.0, np.nan]]), np.array([[0, 0, 1, 0]])
    return xr.Dataset(
        {"water_level": (("station", "time"), level), "quality": (("station", "time"), quality)},
        {"mean_sea_level": ("station", [0.2])},
    )


def test_set_up_is_that_of_stockdon() -> None:
    length = 9.81 * 100 / (2 * np.pi)
    assert waves().set_up == pytest.approx(0.35 * 0.1 * np.sqrt(2 * length))
    flat = waves(4.0, 8.0, 0.01)
    assert flat.set_up == pytest.approx(0.016 * np.sqrt(4 * 9.81 * 64 / (2 * np.pi)))
    np.testing.assert_array_equal(set_up_at(None, np.array([1.0, 2.0])), 0.0)


def test_lower_storms_have_lower_waves_of_the_same_steepness() -> None:
    peaks = np.array([-1.0, 0.2, 0.7, 2.2, 4.2])
    np.testing.assert_allclose(waves().share(peaks), [0.0, 0.0, 0.5, 1.0, np.sqrt(2)])
    height, period = waves().height_in(peaks, np.full(5, 99.0)), waves().period_in(peaks)
    np.testing.assert_allclose(height[2:] / period[2:] ** 2, 2.0 / (10.0 / 1.1) ** 2)
    # of waves of the same steepness, the formula gives a set-up that goes with the height
    half = StormWaves(1.0, 10.0 * np.sqrt(0.5), 0.1, 0.2, 0.7, "")
    assert set_up_at(waves(), np.array([0.7]))[0] == pytest.approx(half.set_up)


@given(st.floats(-5, 9), st.floats(0.1, 10), st.floats(4, 20))
def test_the_level_at_the_gauge_is_the_inverse_of_the_lifted_sea(peak, height, period) -> None:
    found, level = waves(height, period), np.array([peak])
    assert found.at_gauge(level + set_up_at(found, level))[0] == pytest.approx(peak, abs=1e-9)


@given(st.floats(0.1, 10), st.floats(4, 20), st.floats(-5, 30))
def test_waves_are_no_higher_than_off_the_coast_or_than_the_depth_allows(height, period, depth) -> None:
    found = waves(height, period).height_in(np.full(2, 2.2), np.array([depth, depth + 1]))
    assert (found >= 0).all()
    assert (found <= min(height, 0.6 * max(depth + 1, 0))).all()
    assert found[1] >= found[0]


def test_a_region_file_states_waves_or_what_raises_them() -> None:
    stated = storm_waves(WavesSection(height=2.5, period=8.0, beach_slope=0.02), gauge(), None, REGION)
    assert (stated.height, stated.period, stated.mean_sea_level, stated.highest) == (2.5, 8.0, 0.2, 2.2)
    assert f"by {stated.set_up:.2f} m" in stated.sentence
    assert "upper bound" in stated.sentence
    section = WavesSection(fetch=53_890.0, depth=7.0, beach_slope=0.02)
    raised = storm_waves(section, gauge(), weather(near=21.9444, far=40.0), REGION)
    assert raised.height == pytest.approx(1.6371, abs=5e-5)
    assert "strongest wind of the record (22 m/s) over 53.89 km" in raised.sentence


def test_a_sea_that_never_rises_above_its_mean_is_refused() -> None:
    with pytest.raises(InputError, match="not above its mean"):
        StormWaves(2.0, 8.0, 0.02, 1.0, 1.0, "")


@pytest.mark.parametrize("seen", [None, weather(near=np.nan, far=np.nan), weather(near=1, far=1)[["wind_east"]]])
def test_a_fetch_without_a_wind_is_refused(seen: xr.Dataset | None) -> None:
    if seen is not None and "wind_north" in seen:
        seen = seen.where(False)
    with pytest.raises(InputError, match="has a fetch, and no wind"):
        storm_waves(WavesSection(fetch=1000.0, depth=7.0, beach_slope=0.02), gauge(), seen, REGION)


@pytest.mark.parametrize(
    ("given_", "complaint"),
    [
        ({"height": 2.0}, "no half of them"),
        ({}, "no half of them"),
        ({"height": 2.0, "period": 8.0, "fetch": 1e4, "depth": 5.0}, "not both"),
        ({"height": 2.0, "period": 8.0, "depth": 5.0}, "not both"),
        ({"height": 5.0, "period": 3.0}, "none is steeper than 1 in 7"),
        ({"height": 250.0, "period": 8.0}, "less than or equal to 20"),
    ],
)
def test_half_or_impossible_waves_are_refused(given_: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        WavesSection(beach_slope=0.02, **given_)
