"""Rain and runoff of simulated coasts against climate, formulae and volumes."""

import numpy as np
import pandas as pd
import pytest

from strandline.simulator.sea.rain import CATCHMENT, RUNOFF_SHARE, cyclone_rain, local_runoff, simulate_rain
from strandline.simulator.sea.seasonal_weather import simulate_weather
from strandline.simulator.sea.tracks import draw_tracks

KNOT = 0.514444
YEARS = 12


def drawn(basin: str, site: tuple[float, float], seaward: float, seed: int = 0) -> tuple[pd.Series, np.ndarray]:
    """Rain [mm h-1] and the pressure's departure [Pa] of some years."""
    rng, first = np.random.default_rng(seed), np.datetime64("2000-01-01", "h")
    time = pd.DatetimeIndex((first + np.arange(YEARS * 8766)).astype("datetime64[ns]"))
    day = time.day_of_year.to_numpy() + time.hour.to_numpy() / 24
    weather = simulate_weather(basin, day, rng)
    tracks = draw_tracks(basin, *site, seaward, first, YEARS, rng)
    return pd.Series(simulate_rain(basin, day, weather, tracks, first, site, rng), time), weather.modes[0, 0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("basin", "site", "seaward", "annual", "wet"),
    [
        ("bay_of_bengal", (90.2, 22.0), 180.0, (2000, 3300), (6, 7, 8)),
        ("mekong", (106.2, 9.5), 135.0, (1400, 2400), (7, 8, 9, 10)),
    ],
)
def test_rain_has_the_amount_and_season_of_the_coast_and_falls_at_low_pressure(basin, site, seaward, annual, wet):
    rain, pressure = drawn(basin, site, seaward)
    assert annual[0] < rain.sum() / YEARS < annual[1]
    time = pd.DatetimeIndex(rain.index)
    by_month = rain.groupby(time.month).sum()
    assert int(by_month.idxmax()) in wet
    assert by_month.min() < 0.08 * by_month.max()
    days = rain.resample("D").sum()
    highest = days.groupby(pd.DatetimeIndex(days.index).year).max().median()
    assert 90 < highest < 350, "greatest day of a year [mm]"
    in_season = np.isin(time.month, wet)
    wet_hour = rain.to_numpy() > 0
    assert pressure[in_season & wet_hour].mean() < pressure[in_season & ~wet_hour].mean() - 20
    assert (rain >= 0).all()


def test_rain_of_a_cyclone_is_that_of_r_cliper():
    # 35 kt: centre 2.86, ring 3.20 in/day at 51.5 km, e-folding 134 km (Tuleya et al. 2007, table of coefficients)
    found = cyclone_rain(np.array([0.0, 51_500.0, 51_500.0 + 134_000.0]), np.full(3, 35 * KNOT))
    np.testing.assert_allclose(found, np.array([2.86, 3.20, 3.20 / np.e]) * 25.4 / 24, rtol=1e-6)
    stronger = cyclone_rain(np.full(3, 40_000.0), np.array([35.0, 70.0, 105.0]) * KNOT)
    assert (np.diff(stronger) > 0).all()
    assert (cyclone_rain(np.linspace(0, 1e6, 50), np.full(50, 5 * KNOT)) >= 0).all()


def test_runoff_is_the_share_of_the_rain_and_peaks_a_day_later():
    rain = np.zeros(400)
    rain[10:14] = 20.0
    flow = local_runoff(rain)
    assert flow.sum() * 3600 == pytest.approx(80e-3 * CATCHMENT * RUNOFF_SHARE, rel=1e-3)
    assert 25 <= flow.argmax() <= 40
    assert (flow[:10] < 1e-9).all(), "it never answers before it rains"
