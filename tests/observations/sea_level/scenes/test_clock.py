"""A wrong clock of radar scenes is found where the data can tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.observations.sea_level.scenes.clock import LAGS, better_clock, far_from_a_pass
from tests.fixtures.batches import make_tide

SCENES = np.datetime64("2021-01-01T23:56", "ns") + np.arange(10) * np.timedelta64(24 * 12, "h")
"""As over Khulna: every twelfth day at one hour."""


def wetness(times: np.ndarray) -> np.ndarray:
    """Share of a flat under water: more at a higher sea."""
    return np.asarray(0.3 + 0.2 * make_tide(times) + 0.002 * np.random.default_rng(1).standard_normal(times.size))


def level_at(times: np.ndarray, hours: int) -> np.ndarray:
    return make_tide(times + np.timedelta64(hours, "h"))


@pytest.mark.parametrize("wrong", [-6, 6])
def test_a_clock_six_hours_wrong_is_found_by_the_water_that_the_scenes_show(wrong: int) -> None:
    stated = SCENES + np.timedelta64(wrong, "h")
    found = better_clock(wetness(SCENES), lambda hours: level_at(stated, hours))
    assert found is not None
    assert min(abs(found + wrong + turn) for turn in (-12.4, 0.0, 12.4)) <= 1.5


def test_a_right_clock_passes_and_so_do_scenes_that_cannot_tell() -> None:
    assert better_clock(wetness(SCENES), lambda hours: level_at(SCENES, hours)) is None
    wrong = SCENES + np.timedelta64(6, "h")
    few = slice(0, 4)
    assert better_clock(wetness(SCENES)[few], lambda hours: level_at(wrong[few], hours)) is None
    assert better_clock(np.full(10, 0.2), lambda hours: level_at(wrong, hours)) is None
    assert better_clock(wetness(SCENES), lambda _: np.zeros(10)) is None


def test_water_that_has_nothing_to_do_with_the_sea_seldom_accuses_a_clock() -> None:
    rng = np.random.default_rng(0)
    levels = {int(hours): level_at(SCENES[:8], int(hours)) for hours in LAGS}
    accused = [better_clock(rng.random(8), levels.__getitem__) for _ in range(150)]
    assert sum(each is not None for each in accused) <= 8


@given(st.floats(-180, 180), st.sampled_from([6.0, 18.0]), st.floats(-1.9, 1.9))
def test_every_dawn_and_dusk_pass_is_possible_and_six_hours_beside_it_none(
    longitude: float, solar: float, away: float
) -> None:
    at = np.timedelta64(round(60 * (solar + away - longitude / 15)), "m")
    when = np.array([np.datetime64("2022-05-05T00:00", "ns") + at])
    assert not far_from_a_pass(when, longitude).size
    assert far_from_a_pass(when + np.timedelta64(6, "h"), longitude).size
