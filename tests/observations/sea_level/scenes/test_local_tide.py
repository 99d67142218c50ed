"""The tide of a place from scenes of its water: a synthetic flat whose heights and tide are known."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import TidalConstants, describe_constituents, predict_tide
from strandline.observations.sea_level.scenes.latent_levels import SPREAD, Ground, level_of_scene
from strandline.observations.sea_level.scenes.levels import HOURS_BEFORE_SCENE, levels_by_local_tide
from strandline.observations.sea_level.scenes.local_tide import LocalTide, fit_local_tide, gain_of_correction
from strandline.observations.sea_level.scenes.water_scenes import WaterScenes

TABLE = TidalConstants(
    "far", -15.0, "made by hand",
    {"M2": 0.5, "S2": 0.2, "N2": 0.1, "K1": 0.5, "O1": 0.35, "SA": 0.1},
    {"M2": 40.0, "S2": 80.0, "N2": 20.0, "K1": 200.0, "O1": 150.0, "SA": 300.0},
)  # fmt: skip
LATE, SIZE = 40 / 60, 0.8
"""[h] and [-] By which the tide of the place is later and smaller than the table's."""
SIZE_ERROR, WEATHER = 0.6, 0.08
CELLS = 36


def local_tide() -> TidalConstants:
    known = describe_constituents(list(TABLE.amplitude))
    lag = dict(zip(known.names, 360.0 / 24.0 * known.frequency * LATE, strict=True))
    return replace(
        TABLE,
        amplitude={name: SIZE * value for name, value in TABLE.amplitude.items()},
        phase={name: value + lag[name] for name, value in TABLE.phase.items()},
    )


def flat(scenes: int = 70, seed: int = 0, tide: TidalConstants | None = None) -> tuple[WaterScenes, Floats, Floats]:
    """Scenes over 14 months, the levels of the sea at them and the heights of the ground."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0, 420, scenes))
    time: Times = np.datetime64("2019-01-01T00:00:00") + (days * 86400).astype("timedelta64[s]")
    level = predict_tide(tide or local_tide(), time) + WEATHER * rng.standard_normal(scenes)
    height = np.linspace(-0.9, 0.9, CELLS)
    wet = (level[:, None] + SPREAD * rng.standard_normal((scenes, CELLS)) > height).astype(float)
    wet[rng.random(wet.shape) < 0.1] = np.nan  # clouds
    return WaterScenes(time, wet), level, height


def surveyed(height: Floats) -> Ground:
    return Ground(height, np.full(height.size, 0.05))


def factor_of(tide: LocalTide, name: str) -> tuple[complex, float]:
    """Fitted over published, a complex number, and the standard deviation of either part."""
    constants, place = tide.fitted.constants, list(tide.fitted.constants.amplitude).index(name)

    def phasor(of: TidalConstants) -> complex:
        return complex(of.amplitude[name] * np.exp(-1j * np.deg2rad(of.phase[name])))

    sd = float(np.sqrt((tide.fitted.modes[place] ** 2).sum()))
    return phasor(constants) / phasor(TABLE), sd / TABLE.amplitude[name]


@pytest.fixture(scope="module")
def fitted() -> LocalTide:
    water, _, height = flat()
    return fit_local_tide(water, TABLE, SIZE_ERROR, WEATHER, surveyed(height))


@pytest.mark.parametrize("name", ["M2", "K1", "O1"])
def test_a_tide_forty_minutes_late_and_a_fifth_smaller_is_found_within_the_stated_error(
    fitted: LocalTide, name: str
) -> None:
    factor, sd = factor_of(fitted, name)
    frequency = float(describe_constituents([name]).frequency[0])
    truth = SIZE * np.exp(-1j * 2 * np.pi * frequency / 24 * LATE)
    assert sd < 0.2  # the prior's is 0.4 and more
    assert abs(factor - truth) < 3 * sd
    late = -np.angle(factor) / (2 * np.pi * frequency / 24)
    assert late == pytest.approx(LATE, abs=3 * sd / SIZE / (2 * np.pi * frequency / 24))
    assert abs(factor) == pytest.approx(SIZE, abs=3 * sd)
    if name == "M2":
        assert late == pytest.approx(LATE, abs=0.4)
        assert abs(factor) == pytest.approx(SIZE, abs=0.15)


def test_levels_and_later_scenes_are_predicted_better_than_by_the_table(fitted: LocalTide) -> None:
    water, level, _ = flat()
    by_table = level - predict_tide(TABLE, water.time)
    assert np.std(fitted.latent.level - level) < 0.8 * np.std(by_table)
    later = water.time + np.timedelta64(500, "D")
    truth = predict_tide(local_tide(), later)
    predicted, sd = fitted.level(later)
    assert np.std(predicted - truth) < 0.8 * np.std(predict_tide(TABLE, later) - truth)
    assert np.mean(np.abs(predicted - predicted.mean() - truth + truth.mean()) < 2 * sd) > 0.9


def test_without_heights_the_hours_are_found_and_the_size_stays_unknown() -> None:
    water, _, _ = flat()
    tide = fit_local_tide(water, TABLE, SIZE_ERROR, WEATHER)
    ratio = factor_of(tide, "M2")[0] / factor_of(tide, "K1")[0]
    assert abs(ratio) == pytest.approx(1.0, abs=0.25)  # species keep their ratio: both are smaller alike
    frequency = float(describe_constituents(["M2"]).frequency[0])
    late = -np.angle(factor_of(tide, "M2")[0]) / (2 * np.pi * frequency / 24)
    assert late == pytest.approx(LATE, abs=0.5)


def test_mislabelled_scenes_hardly_move_the_tide() -> None:
    water, _, height = flat()
    wrong = water.wet.copy()
    wrong[::12] = 1 - wrong[::12]  # glint makes dry of wet, a cloud's shadow wet of dry
    clean, odd = (
        fit_local_tide(replace(water, wet=wet), TABLE, SIZE_ERROR, WEATHER, surveyed(height)).level(water.time)[0]
        for wet in (water.wet, wrong)
    )
    assert np.std(odd - clean) < 0.15


def test_a_correction_is_worth_something_where_the_table_is_wrong_and_nothing_where_it_is_right() -> None:
    water, _, _ = flat(48)
    gain, error = gain_of_correction(water, TABLE, SIZE_ERROR, WEATHER)
    assert gain > error
    right, _, _ = flat(48, tide=TABLE)
    without, error = gain_of_correction(right, TABLE, SIZE_ERROR, WEATHER)
    assert without < min(0.02, gain / 3)


def test_a_station_nearby_is_hardly_corrected() -> None:
    water, _, _ = flat(48)
    tide = fit_local_tide(water, TABLE, 0.05, WEATHER)
    assert abs(factor_of(tide, "M2")[0] - 1) < 0.15


def test_a_table_without_a_season_gets_one() -> None:
    bare = replace(TABLE, amplitude={"M2": 0.5}, phase={"M2": 40.0})
    tide = fit_local_tide(flat(40)[0], bare, SIZE_ERROR, WEATHER)
    assert {"SA", "K1", "O1"} <= set(tide.fitted.constants.amplitude)


def test_the_level_of_one_scene_is_read_off_known_ground() -> None:
    height = np.linspace(-0.6, 0.6, 200)
    level, sd = level_of_scene((height < 0.2).astype(float), height, 0.0, 0.5)
    assert level == pytest.approx(0.2, abs=0.1)
    nothing = level_of_scene(np.full(200, np.nan), height, 0.1, 0.5)
    assert nothing == pytest.approx((0.1, 0.5), abs=0.01)
    assert sd < nothing[1] / 2


def test_levels_at_scenes_by_a_fitted_tide_hold_the_sea_of_the_hours_before(fitted: LocalTide) -> None:
    water, _, _ = flat()
    used = np.ones(len(water), dtype=bool)
    used[-5:] = False
    part = fit_local_tide(water.take(used), TABLE, SIZE_ERROR, WEATHER)
    found = levels_by_local_tide(water.time, used, part)
    assert set(found.source) == {"tide fitted to the scenes"}
    np.testing.assert_allclose(found.level[used], part.latent.level)
    assert (found.highest >= found.level - 1e-9).all()
    hours = (water.time - found.highest_at) / np.timedelta64(1, "h")
    assert (hours <= HOURS_BEFORE_SCENE + 1).all()
    assert found.sd[~used].mean() > found.sd[used].mean()
    assert not found.was_read.any()


def test_scenes_that_hold_no_probability_are_refused() -> None:
    time = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[s]")
    with pytest.raises(InputError, match="outside 0 to 1"):
        WaterScenes(time, np.array([[0.0, 2.0], [1.0, 0.0]]))
    with pytest.raises(InputError, match="2"):
        WaterScenes(time, np.zeros((3, 2)))
