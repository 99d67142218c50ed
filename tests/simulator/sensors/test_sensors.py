"""The simulated instruments: their statistics are what they say, and nothing is invented where they are blind."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from strandline.errors import InputError
from strandline.observations.variables import as_variable
from strandline.simulator.landscape.land_cover import cover_shares, surface_shares
from strandline.simulator.landscape.terrain import ReferenceLevels, Terrain, draw_terrain
from strandline.simulator.sensors.gauges import (
    SensorQuality,
    observe_gauges,
    observe_loggers,
    place_loggers,
    survey_floods,
)
from strandline.simulator.sensors.optical import cloud_masks, observe_optical
from strandline.simulator.sensors.radar import add_speckle, backscatter, observe_radar, observe_reference

SHAPE = (32, 32)


@pytest.fixture(scope="module")
def terrain() -> Terrain:
    return draw_terrain(SHAPE, 150.0, ReferenceLevels(0.0, 1.6, 2.0), np.random.default_rng(8), "south")


def decibel(power: np.ndarray) -> np.ndarray:
    return 10.0 * np.log10(power)


def mean_backscatter(terrain: Terrain, depth: float, wind: float = 7.0) -> tuple[np.ndarray, np.ndarray]:
    none = np.zeros(SHAPE)
    return backscatter(terrain, np.full(SHAPE, depth), wind, 35.0, none, none)


@pytest.mark.parametrize("looks", [1.0, 4.0, 16.0])
def test_speckle_has_the_mean_and_variance_of_a_gamma_law(looks: float) -> None:
    power = add_speckle(np.full(200_000, 0.3), looks, np.random.default_rng(0)) / 0.3
    assert power.mean() == pytest.approx(1.0, abs=4 / np.sqrt(looks * 200_000))
    assert power.var() == pytest.approx(1.0 / looks, rel=0.03)
    assert ((power - 1) ** 3).mean() * looks**1.5 == pytest.approx(2.0 / np.sqrt(looks), abs=0.15)


def test_open_flood_water_is_darker_than_fields_and_wind_makes_it_brighter(terrain: Terrain) -> None:
    fields = terrain.land & (terrain.woody < 0.05) & (terrain.settlement == 0)
    dry = decibel(mean_backscatter(terrain, 0.0)[0])[fields].mean()
    calm = decibel(mean_backscatter(terrain, 2.0, wind=3.0)[0])[fields].mean()
    windy = decibel(mean_backscatter(terrain, 2.0, wind=15.0)[0])[fields].mean()
    assert calm < windy < dry
    assert dry - calm > 5.0


def test_water_under_trees_and_between_houses_raises_vv(terrain: Terrain) -> None:
    tall = terrain.land & ((terrain.woody > 0.7) | (terrain.settlement > 0.7))
    rise = decibel(mean_backscatter(terrain, 0.5)[0]) - decibel(mean_backscatter(terrain, 0.0)[0])
    rise_vh = decibel(mean_backscatter(terrain, 0.5)[1]) - decibel(mean_backscatter(terrain, 0.0)[1])
    assert tall.any()
    assert (rise[tall] > 0.3).all()
    assert (rise_vh[tall] < rise[tall]).all()


def test_shares_of_a_cell_add_up_to_one_at_any_depth(terrain: Terrain) -> None:
    np.testing.assert_allclose(sum(cover_shares(terrain).values()), 1.0)
    for depth in (0.0, 0.1, 0.5, 3.0):
        shares = surface_shares(terrain, np.full(SHAPE, depth))
        total = shares.open_water + sum(shares.dry.values()) + sum(shares.emergent.values())
        np.testing.assert_allclose(total, 1.0)
        assert shares.open_water.min() >= -1e-12


def test_more_looks_and_more_scenes_bring_the_radar_closer_to_its_mean(terrain: Terrain) -> None:
    none = np.zeros(SHAPE)
    mean = decibel(
        backscatter(terrain, np.clip(-terrain.bed, 0, None) * terrain.permanent_water, 5.0, 35.0, none, none)[0]
    )
    spread = [
        np.std(observe_reference(terrain, looks, scenes, none, np.random.default_rng(1))[0] - mean)
        for looks, scenes in ((4.0, 1), (4.0, 10), (40.0, 10))
    ]
    assert spread[0] > 2 * spread[1] > 4 * spread[2]


def test_each_radar_scene_has_its_own_wind_and_speckle(terrain: Terrain) -> None:
    depth = np.zeros((3, *SHAPE)) + np.where(terrain.permanent_water, 2.0, 0.0)
    vv, vh = observe_radar(terrain, depth, 8.0, np.zeros(SHAPE), np.random.default_rng(0))
    sea = vv[:, terrain.permanent_water].mean(axis=1)
    assert np.ptp(sea) > 0.5
    assert (vh[:, terrain.land].mean(axis=1) < vv[:, terrain.land].mean(axis=1)).all()


@pytest.mark.parametrize("cover", [0.3, 0.7])
def test_clouds_cover_what_they_should_on_average_and_clump(cover: float) -> None:
    masks = cloud_masks(800, (16, 16), cover, 2.0, np.random.default_rng(0))
    assert masks.mean() == pytest.approx(cover, abs=0.03)
    share = masks.mean(axis=(1, 2))
    agree = (masks[:, :, 1:] == masks[:, :, :-1]).mean()
    by_chance = (share**2 + (1 - share) ** 2).mean()
    assert agree > by_chance + 0.05


def test_all_bands_are_nan_under_cloud(terrain: Terrain) -> None:
    values = observe_optical(terrain, np.zeros((20, *SHAPE)), 4, 0.7, np.random.default_rng(2))
    hidden = np.isnan(values)
    assert values.shape == (20, 3, 8, 8)
    assert 0.4 < hidden.mean() < 0.95
    np.testing.assert_array_equal(hidden.any(axis=1), hidden.all(axis=1))


def test_flooded_fields_lose_their_near_infrared(terrain: Terrain) -> None:
    dry = observe_optical(terrain, np.zeros((1, *SHAPE)), 4, 1e-6, np.random.default_rng(2))[0]
    wet = observe_optical(terrain, np.full((1, *SHAPE), 2.0), 4, 1e-6, np.random.default_rng(2))[0]
    land = terrain.land.reshape(8, 4, 8, 4).all(axis=(1, 3))
    assert (wet[1][land] < dry[1][land]).all()


def test_a_grid_that_optical_pixels_do_not_tile_is_refused(terrain: Terrain) -> None:
    with pytest.raises(InputError, match="do not divide"):
        observe_optical(terrain, np.zeros((1, *SHAPE)), 5, 0.5, np.random.default_rng(0))


def true_gauges(stations: int, years: float = 6.0) -> xr.Dataset:
    hours = round(8766 * years)
    time = pd.date_range("2000-01-01", periods=hours, freq="h").as_unit("ns").to_numpy()
    level = np.tile(np.sin(np.arange(hours) / 2.0), (stations, 1))
    return xr.Dataset(
        {
            "water_level": as_variable("water_level", ("station", "time"), level),
            "quality": as_variable("quality", ("station", "time"), np.zeros((stations, hours), dtype=np.uint8)),
        },
        {
            "station": [f"s{number}" for number in range(stations)],
            "time": time,
            "longitude": ("station", np.full(stations, 90.0)),
            "latitude": ("station", np.full(stations, 22.0)),
            "mean_sea_level": ("station", np.zeros(stations)),
        },
    )


def test_gauges_drop_out_at_peaks_as_often_as_stated() -> None:
    truth = true_gauges(30)
    peaks = truth["time"].values[500::1200]
    quality = SensorQuality(gauge_gaps_per_year=0.0, gauge_dropout_at_peak=0.3)
    observed = observe_gauges(truth, peaks, quality, np.random.default_rng(0))
    lost = np.isnan(observed["water_level"].sel(time=peaks).values)
    assert lost.mean() == pytest.approx(0.3, abs=3 * np.sqrt(0.21 / lost.size) + 0.01)


def test_gauges_carry_noise_an_unknown_datum_and_gaps_but_are_never_filled() -> None:
    truth = true_gauges(40)
    quality = SensorQuality(gauge_dropout_at_peak=0.0)
    observed = observe_gauges(truth, truth["time"].values[:0], quality, np.random.default_rng(0))
    error = observed["water_level"].values - truth["water_level"].values
    offset = np.nanmean(error, axis=1)
    assert offset.std() == pytest.approx(0.10, abs=0.04)
    assert np.nanstd(error - offset[:, None]) == pytest.approx(0.02, rel=0.05)
    np.testing.assert_allclose(observed["mean_sea_level"].values, offset, atol=0.002)
    # six gaps of 40 h a year: about 2.7 % of the hours
    assert np.isnan(error).mean() == pytest.approx(6 * 40.5 / 8766, rel=0.25)
    assert not np.isnan(truth["water_level"].values).any()


def test_loggers_are_spread_over_polders_and_fail_as_stated(terrain: Terrain) -> None:
    rows, columns = place_loggers(terrain, 8, np.random.default_rng(0))
    assert len({*zip(rows.tolist(), columns.tolist(), strict=True)}) == 8
    assert (terrain.polders.identity[rows, columns] > 0).all()
    depth = np.full((4000, *SHAPE), 0.5)
    readings = observe_loggers(depth, rows, columns, SensorQuality(), np.random.default_rng(0))
    assert np.isnan(readings).mean() == pytest.approx(0.15, abs=0.01)
    assert np.nanmean(readings) == pytest.approx(0.5, abs=0.01)
    drowned = observe_loggers(depth + 1.5, rows, columns, SensorQuality(), np.random.default_rng(0))
    assert np.isnan(drowned).mean() == pytest.approx(0.30, abs=0.01)


def test_surveys_leave_out_what_they_say_and_map_dry_ground_as_dry() -> None:
    depth = np.zeros((40, *SHAPE))
    depth[:, 10:20] = 1.0
    mapped = survey_floods(depth, SensorQuality(unsurveyed=(0.1, 0.3)), np.random.default_rng(0))
    missing = np.isnan(mapped).mean(axis=(1, 2))
    assert missing.min() >= 0.09
    assert missing.max() <= 0.31
    assert (mapped[:, 0][~np.isnan(mapped[:, 0])] == 0.0).all()


def test_impossible_sensor_qualities_are_refused() -> None:
    with pytest.raises(InputError, match="cloud_cover"):
        SensorQuality(cloud_cover=1.2)
    with pytest.raises(InputError, match="unsurveyed"):
        SensorQuality(unsurveyed=(0.5, 0.2))
