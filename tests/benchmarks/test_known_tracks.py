"""The pressure rise of a cyclone uses its track up to each hour only."""

import numpy as np
import pytest
import xarray as xr

from benchmarks.surge.neighbours.records.known_tracks import pressure_rise
from strandline.errors import InputError

START = np.datetime64("2014-01-30T00", "ns")
FIXES = 9
GAUGE = (147.0, -19.0)
HOURS = range(-12, 25)
NOW = HOURS.index(0)


def track(turn_after: int = FIXES, wind: float = 50.0) -> xr.Dataset:
    """A storm that comes from the north-east along a straight line over the gauge, and may turn back."""
    step = np.minimum(np.arange(FIXES), turn_after) - np.maximum(np.arange(FIXES) - turn_after, 0)
    along = 1.0 - step / 4.0
    return xr.Dataset(
        {
            "maximum_wind": ("fix", np.full(FIXES, wind)),
            "central_pressure": ("fix", np.full(FIXES, np.nan)),
        },
        {
            "storm": ("fix", np.full(FIXES, "one")),
            "time": ("fix", START + 6 * np.arange(FIXES) * np.timedelta64(1, "h")),
            "longitude": ("fix", GAUGE[0] + 4.0 * along),
            "latitude": ("fix", GAUGE[1] + 4.0 * along),
        },
    )


def hours(count: int = 72) -> np.ndarray:
    return START + np.arange(count) * np.timedelta64(1, "h")


def test_the_sea_rises_by_a_centimetre_per_hectopascal_at_the_centre() -> None:
    rise = pressure_rise(track(), hours(), [GAUGE], HOURS)
    passing = 6 * 4  # the fifth fix is at the gauge
    drop = 100 * (50.0 / 0.514444 / 6.7) ** (1 / 0.644)  # [Pa], Atkinson and Holliday 1977
    assert rise[0, passing, NOW] == pytest.approx(drop / (1025 * 9.81), rel=1e-3)
    assert rise[0, :, NOW].argmax() == passing


def test_later_fixes_have_no_effect() -> None:
    """The storm turns back after its third fix; the forecast before it is unchanged."""
    straight, turned = (pressure_rise(track(turn), hours(), [GAUGE], HOURS) for turn in (FIXES, 2))
    np.testing.assert_array_equal(straight[:, :18], turned[:, :18])
    assert not np.allclose(straight[:, 18:], turned[:, 18:])


def test_a_storm_that_keeps_its_course_is_predicted_exactly() -> None:
    rise = pressure_rise(track(), hours(), [GAUGE], HOURS)
    came = rise[0, 24, NOW]
    assert rise[0, 12, HOURS.index(12)] == pytest.approx(came, rel=0.05)
    assert rise[0, 30, HOURS.index(-6)] == pytest.approx(came, rel=1e-6)


def test_a_storm_ends_six_hours_after_its_last_fix_and_starts_at_its_first() -> None:
    rise = pressure_rise(track(), hours(), [GAUGE], HOURS)
    assert rise[0, 48 + 5].any()
    assert not rise[0, 48 + 6 :].any()
    assert not rise[0, 0, :NOW].any()


def test_a_missing_wind_is_derived_from_the_pressure() -> None:
    pressures = track()
    pressures["central_pressure"][:] = 95_000.0
    pressures["maximum_wind"] = pressures["maximum_wind"] * np.nan
    rise = pressure_rise(pressures, hours(), [GAUGE], HOURS)
    assert rise[0, 24, NOW] == pytest.approx(6000 / (1025 * 9.81), rel=1e-3)


def test_hours_that_are_not_consecutive_are_refused() -> None:
    with pytest.raises(InputError, match="give every hour"):
        pressure_rise(track(), hours()[::2], [GAUGE], HOURS)
