"""Cyclone tracks against the climatology that they are drawn from."""

import numpy as np
import pandas as pd
import pytest

from strandline.observations.weather.cyclone_fields import KNOT, offset_metres
from strandline.simulator.sea.tracks import CLIMATOLOGIES, INFLUENCE_DISTANCE, PASSING_DISTANCE, draw_tracks


@pytest.mark.parametrize("basin", ["bay_of_bengal", "mekong"])
def test_tracks_follow_the_climatology_they_are_drawn_from(basin: str) -> None:
    climate = CLIMATOLOGIES[basin]
    longitude, latitude, years = 91.0, 15.0, 400.0
    site = np.array([longitude]), np.array([latitude])
    seaward = {"bay_of_bengal": 180.0, "mekong": 90.0}[basin]  # where most storms come from
    start = np.datetime64("1900-01-01", "h")
    tracks = draw_tracks(basin, longitude, latitude, seaward, start, years, np.random.default_rng(3))
    expected = climate.storms_per_year * years
    assert len(tracks) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    nearest, months, strongest = [], [], []
    for track in tracks:
        east, north = offset_metres(track.cyclone.longitude, track.cyclone.latitude, *site)
        distance = np.hypot(east, north)
        assert distance.max() < INFLUENCE_DISTANCE * 1.01
        nearest.append(distance.min())
        months.append(pd.Timestamp(track.time[distance.argmin()]).month)
        strongest.append(track.maximum_wind.max() / KNOT)
        assert (np.diff(track.time) == np.timedelta64(1, "h")).all()
    assert max(nearest) < PASSING_DISTANCE * 1.05
    assert np.mean(nearest) == pytest.approx(PASSING_DISTANCE / 2, rel=0.1)  # evenly spread
    counts = np.bincount(months, minlength=13)[1:] / len(months)
    wanted = np.array(climate.storms_by_month) / sum(climate.storms_by_month)
    np.testing.assert_allclose(counts, wanted, atol=0.08)
    # Landfall before the nearest point cuts some short of their peak.
    assert np.median(strongest) == pytest.approx(climate.wind_levels[3], rel=0.15)
    assert max(strongest) <= climate.wind_levels[-1]


def test_a_storm_weakens_over_land() -> None:
    tracks = draw_tracks(
        "bay_of_bengal", 91.0, 22.2, 180.0, np.datetime64("2000-01-01", "h"), 50.0, np.random.default_rng(0)
    )
    struck = 0
    for track in tracks:
        on_land = track.cyclone.latitude > 22.2
        if on_land.any() and not on_land[0]:
            inland = track.maximum_wind[on_land]
            assert (np.diff(inland) <= 1e-9).all()
            struck += 1
    assert struck > 20


def test_a_period_without_storms_has_no_tracks() -> None:
    first = np.datetime64("2001-01-15", "h")
    assert draw_tracks("bay_of_bengal", 91.0, 22.2, 180.0, first, 0.001, np.random.default_rng(1)) == []
