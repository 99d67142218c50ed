"""Whole simulated coasts: modalities, truth, reproducibility, storage and difficulty."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr

from benchmarks.delta.bathtub import connected_bathtub
from strandline.errors import InputError
from strandline.observations.exposure.assets import DAMAGE_STATE_EDGES
from strandline.observations.observations import Observations
from strandline.observations.weather.known_weather import known_weather
from strandline.observations.weather.storms import find_storms
from strandline.simulator.coast import simulate_coast, simulate_dry_coast
from strandline.simulator.coast_files import load_coast, save_coast
from strandline.simulator.sensors.gauges import SensorQuality

pytestmark = pytest.mark.slow

HOUR = np.timedelta64(1, "h")


def small(seed: int, sensors: SensorQuality | None = None) -> Observations:
    return simulate_coast("tiny", seed, shape=(32, 32), years=3.0, n_storms=10, n_surveys=2, sensors=sensors)


@pytest.fixture(scope="module")
def coast() -> Observations:
    return small(3)


@pytest.fixture(scope="module")
def sharp() -> Observations:
    """The same coast under sensors that see more, and a gauge without an error."""
    exact = {"gauge_noise": 0.0, "gauge_gaps_per_year": 0.0, "gauge_dropout_at_peak": 0.0, "gauge_datum_offset": 0.0}
    return small(3, SensorQuality(cloud_cover=0.1, radar_looks=64.0, radar_reference_scenes=0, loggers=3, **exact))


def truth_of(coast: Observations) -> xr.Dataset:
    return coast.require("truth")


def test_a_coast_has_every_modality_and_is_marked_as_simulated(coast: Observations) -> None:
    expected = {
        "terrain", "sar", "sar_reference", "optical", "tide_gauge", "weather", "weather_forecast", "storms", "in_situ",
        "flood_survey",
    }  # fmt: skip
    assert set(coast.modalities()) == expected
    assert coast.assets is not None
    assert {item.kind for item in coast.provenance.values()} == {"simulated"}
    assert set(coast.provenance) == expected | {"assets", "truth"}


def test_the_same_seed_gives_the_same_coast_and_another_seed_another(coast: Observations) -> None:
    again, other = small(3), simulate_dry_coast("tiny", 4, shape=(32, 32), years=3.0, n_storms=10)
    for name, dataset in coast.modalities().items():
        xr.testing.assert_identical(dataset, again.modalities()[name])
    xr.testing.assert_identical(truth_of(coast), truth_of(again))
    for name in ("elevation", "permanent_water"):
        assert not np.array_equal(coast.terrain[name], other.terrain[name])


def test_sensor_quality_changes_observations_and_not_the_truth(coast: Observations, sharp: Observations) -> None:
    xr.testing.assert_identical(truth_of(sharp)["flood_depth"], truth_of(coast)["flood_depth"])
    assert sharp.sar_reference is None
    assert sharp.require("optical")["green"].isnull().mean() < coast.require("optical")["green"].isnull().mean()


def test_a_coast_without_floods_has_the_same_sea_and_terrain(coast: Observations) -> None:
    dry = simulate_dry_coast("tiny", 3, shape=(32, 32), years=3.0, n_storms=10)
    assert dry.region == coast.region
    xr.testing.assert_identical(dry.terrain["permanent_water"], coast.terrain["permanent_water"])
    for name in ("water_level", "peak_level"):
        np.testing.assert_array_equal(truth_of(dry)[name], truth_of(coast)[name])
    assert dry.sar is dry.flood_survey is None


def test_no_modality_used_in_training_contains_the_truth(coast: Observations) -> None:
    truth = truth_of(coast)
    assert "truth" not in coast.modalities()
    assert not np.allclose(coast.terrain["elevation"], truth["elevation"], atol=0.3)
    assert set(coast.require_assets().columns) == {"asset_id", "asset_class", "value", "survey_year", "geometry"}
    assert coast.require("flood_survey").sizes["scene"] == 2
    both = coast.require("flood_survey")["flood_depth"].values
    for depth, time in zip(both, coast.require("flood_survey")["time"].values, strict=True):
        true = truth["flood_depth"].values[truth["time"].values == time][0]
        seen = ~np.isnan(depth)
        assert 0.6 < seen.mean() < 0.95
        assert np.abs(depth - true)[seen].max() < 0.5
        assert not np.array_equal(depth[seen], true[seen])


def test_every_scene_lies_in_its_storms_window_and_none_is_repeated(coast: Observations) -> None:
    peaks = truth_of(coast)["time"].values
    for name in ("sar", "optical", "in_situ"):
        time = coast.modalities()[name]["time"].values
        after = (time - peaks) / HOUR
        assert time.size == peaks.size
        assert ((after >= 2) & (after <= 24)).all(), name
    assert (np.diff(peaks) >= 120 * HOUR).all()


def test_truth_agrees_with_the_sea_and_with_itself(coast: Observations) -> None:
    truth = truth_of(coast)
    assert truth["flood_depth"].dims == ("scene", "y", "x")
    assert truth["damage_state"].dims == ("scene", "asset")
    gauge = coast.require_gauge()
    np.testing.assert_array_equal(truth["hour"].values, gauge["time"].values)
    observed = gauge["water_level"].values[0]
    at_peak = np.isin(gauge["time"].values, truth["time"].values)
    departure = observed[at_peak] - truth["peak_level"].values  # one datum error, and a little noise
    assert np.nanstd(departure) < 0.05
    assert abs(np.nanmean(departure)) < 0.4
    sea = truth["flood_depth"].where(coast.terrain["permanent_water"] > 0.5)
    assert float(sea.max()) > 5.0


def test_damage_increases_with_depth_and_dry_assets_are_undamaged(coast: Observations) -> None:
    truth = truth_of(coast)
    state = truth["damage_state"].values
    known = ~np.isnan(state)
    assert set(np.unique(state[known])) <= set(range(len(DAMAGE_STATE_EDGES) + 1))
    gone = np.isnan(state).all(axis=0)
    np.testing.assert_array_equal(np.isnan(state).any(axis=0), gone)
    dry_storms = truth["flood_depth"].values.reshape(state.shape[0], -1)
    quiet = int(np.argmin((dry_storms >= 0.15).sum(axis=1)))
    loud = int(np.argmax((dry_storms >= 0.15).sum(axis=1)))
    assert np.nanmean(state[quiet]) <= np.nanmean(state[loud])


def test_different_storms_breach_differently(coast: Observations) -> None:
    breached = truth_of(coast)["breached"].values
    patterns = {pattern.tobytes() for pattern in breached if pattern.any()}
    assert len(patterns) >= min(5, int(breached.any(axis=(1, 2)).sum()))
    assert breached.any()


def test_a_coast_survives_a_round_trip_through_its_folder(coast: Observations, tmp_path: Path) -> None:
    folder = tmp_path / "coasts" / "tiny"
    save_coast(coast, folder)
    back = load_coast(folder)
    assert back.region == coast.region
    assert back.provenance == coast.provenance
    assert set(back.modalities()) == set(coast.modalities())
    for name, dataset in coast.modalities().items():
        xr.testing.assert_equal(dataset, back.modalities()[name])
    xr.testing.assert_equal(truth_of(coast), truth_of(back))
    written, read = coast.require_assets(), back.require_assets()
    assert read.crs == written.crs
    assert list(read["asset_id"]) == list(written["asset_id"])
    assert written.geometry.distance(read.geometry).max() < 1e-6
    with xr.open_dataset(folder / "terrain.nc", engine="h5netcdf") as alone:
        assert alone["elevation"].attrs["units"] == "m"
    assert len(gpd.read_file(folder / "assets.gpkg")) == len(written)
    with pytest.raises(InputError, match="exists already"):
        save_coast(coast, folder)


def test_a_coast_without_some_streams_is_saved_without_them(coast: Observations, tmp_path: Path) -> None:
    save_coast(replace(coast.without("sar", "optical"), truth=None, assets=None), tmp_path / "partial")
    back = load_coast(tmp_path / "partial")
    assert back.sar is None
    assert back.optical is None
    assert back.truth is None
    assert back.assets is None


def test_a_broken_folder_is_refused_by_name(coast: Observations, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_coast(tmp_path)
    save_coast(coast, tmp_path / "coast")
    (tmp_path / "coast" / "sar.nc").write_bytes(b"not a file")
    with pytest.raises(InputError, match=r"sar\.nc"):
        load_coast(tmp_path / "coast")


def test_impossible_coasts_are_refused() -> None:
    with pytest.raises(InputError, match="multiple of 4"):
        simulate_coast("odd", 0, shape=(33, 32))
    with pytest.raises(InputError, match="survey at most"):
        simulate_coast("eager", 0, n_storms=3, n_surveys=4)
    with pytest.raises(InputError, match="more years"):
        simulate_coast("brief", 0, shape=(32, 32), years=0.3, n_storms=40)


def test_the_storms_of_a_coast_are_the_highest_of_its_true_record(coast: Observations, sharp: Observations) -> None:
    truth = truth_of(coast)
    level = sharp.require_gauge()["water_level"].values[0].copy()
    level[: 24 * 5], level[-24 * 4 :] = np.nan, np.nan
    storms = find_storms(sharp.require_gauge()["time"].values, level, 10)
    np.testing.assert_array_equal([storm.peak for storm in storms], truth["time"].values)
    np.testing.assert_allclose([storm.peak_level for storm in storms], truth["peak_level"].values)


def test_simulated_coasts_are_hard_enough() -> None:
    """BENCHMARKS, `delta`: pooled over the storms of a coast, then over coasts."""
    scores = []
    for seed in (1, 2, 3):
        coast = simulate_coast("gate", seed, years=4.0, n_storms=10, n_surveys=0)
        truth = truth_of(coast)
        water = coast.terrain["permanent_water"].values > 0.5
        flooded = (truth["flood_depth"].values >= 0.15) & ~water
        share = flooded.sum(axis=(1, 2)) / (~water).sum()
        intersection_over_union = []
        for ground in (truth["elevation"].values, coast.terrain["elevation"].values):
            still = np.stack([connected_bathtub(ground, water, level) for level in truth["peak_level"].values])
            intersection_over_union.append((still & flooded).sum() / (still | flooded).sum())
        error = (coast.terrain["elevation"] - truth["elevation"]).values[~water]
        assert 1.0 <= np.sqrt((error**2).mean()) <= 1.5
        scores.append([*intersection_over_union, share.mean(), share.max(), share.min()])
    true, product, mean_share, greatest, least = np.mean(scores, axis=0)
    assert true <= 0.45
    assert product <= 0.30
    assert 0.08 <= mean_share <= 0.25
    assert greatest >= 0.3
    assert least <= 0.06


def test_weather_is_known_as_at_a_centre_analyses_of_the_past_and_forecasts_of_the_coming_days(
    coast: Observations,
) -> None:
    issue = coast.require_gauge()["time"].values[[2000, 9007]]
    hours = np.arange(-72, 73)
    known = known_weather(coast, issue, hours)
    assert not np.isnan(known.values).any()
    assert (known.lead[:, hours <= -9] == 0).all()
    assert (known.lead[:, hours > 0] >= 7).all()
    assert (known.lead[:, 72] <= 12 + 7).all()
