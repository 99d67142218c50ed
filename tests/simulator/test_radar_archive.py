"""Simulated radar archives of a real terrain, and the split of the record."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.errors import InputError, RefusedByTheory
from strandline.models.batching import free_hours
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.storm_waves import StormWaves
from strandline.observations.weather.storms import Split, find_storms, split_by_storm
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages.record import split_record
from strandline.pipeline.study_area import StudyArea
from strandline.simulator.radar_archive import simulate_archive, solver_terrain
from tests.fixtures.batches import HOUR, MEAN_SEA_LEVEL, bell, ground, hours, make_gauge, make_observations

pytestmark = pytest.mark.slow

PEAKS = ("2020-01-10T06", "2020-01-25T18")


def storms_of(observations: Observations, most: int = 2) -> list:
    return find_storms(
        observations.require_gauge()["time"].values, observations.require_gauge()["water_level"].values[0], most
    )


@pytest.fixture(scope="module")
def archive() -> Observations:
    observations = make_observations(peaks=PEAKS)
    return simulate_archive(observations, storms_of(observations), 1, np.random.default_rng(0))


def test_the_archive_is_marked_as_simulated_and_keeps_the_observations(archive: Observations) -> None:
    observations = make_observations(peaks=PEAKS)
    kinds = {name: item.kind for name, item in archive.provenance.items()}
    assert kinds == {"terrain": "real", "tide_gauge": "real", "assets": "real"} | dict.fromkeys(
        ("sar", "sar_reference", "flood_survey", "truth"), "simulated"
    )
    np.testing.assert_array_equal(archive.require_gauge()["water_level"], observations.tide_gauge["water_level"])  # type: ignore[index]
    np.testing.assert_array_equal(archive.terrain["elevation"], observations.terrain["elevation"])


def test_unknown_terrain_stays_nan_in_all_simulated_data(archive: Observations) -> None:
    unknown = np.isnan(ground())
    for array in (
        archive.require("truth")["flood_depth"],
        archive.require("sar")["vv"],
        archive.require("sar")["vh"],
        archive.require("flood_survey")["flood_depth"],
    ):
        assert np.isnan(array.values[:, unknown]).all()
    assert not np.isnan(archive.require("truth")["flood_depth"].values[:, ~unknown]).any()
    assert np.isnan(archive.require("sar_reference")["vv"].values[unknown]).all()


def test_the_sea_floods_low_land_through_the_gap_and_no_land_above_it(archive: Observations) -> None:
    depth = archive.require("truth")["flood_depth"].values
    high = np.array([storm.peak_level for storm in storms_of(make_observations(peaks=PEAKS))])
    elevation = ground()
    land = elevation >= -1
    assert (depth[:, land & (elevation < 1)] > 0.15).any()
    for flood, peak in zip(depth, high, strict=True):
        assert not (flood[elevation > peak + 0.05] > 0.01).any()
        assert (flood[land] <= np.maximum(peak - elevation[land], 0) + 0.05).all()


def test_a_calm_sea_floods_nothing() -> None:
    observations = make_observations(peaks=PEAKS)
    time = hours(40)
    calm = replace(
        observations, tide_gauge=make_gauge(time, -0.8 + bell(time, [np.datetime64(p, "ns") for p in PEAKS], 0.3))
    )
    archive = simulate_archive(calm, storms_of(calm), 0, np.random.default_rng(0))
    assert not (archive.require("truth")["flood_depth"].values[:, ground() >= -1] > 0.15).any()
    assert archive.flood_survey is None or archive.flood_survey.sizes["scene"] == 0


def test_a_storm_whose_record_has_a_gap_is_left_out_and_without_any_other_refused() -> None:
    observations = make_observations(peaks=PEAKS)
    storms = storms_of(observations)
    time, torn = observations.require_gauge()["time"].values, observations.require_gauge().copy(deep=True)
    torn["water_level"][0, (time > storms[0].peak + 3 * HOUR) & (time < storms[0].peak + 6 * HOUR)] = np.nan
    archive = simulate_archive(replace(observations, tide_gauge=torn), storms, 0, np.random.default_rng(0))
    assert archive.require("truth")["time"].values.tolist() == [storms[1].peak.astype("datetime64[ns]").item()]
    with pytest.raises(InputError, match="gaps in every storm"):
        simulate_archive(replace(observations, tide_gauge=torn), storms[:1], 0, np.random.default_rng(0))
    with pytest.raises(InputError, match="'tide_gauge' was not observed"):
        simulate_archive(observations.without("tide_gauge"), storms, 0, np.random.default_rng(0))


def test_the_solver_uses_the_elevation_product_and_opens_only_the_sea() -> None:
    observations = make_observations()
    terrain = solver_terrain(observations, 2.0)
    elevation = ground()
    np.testing.assert_array_equal(terrain.bed, elevation)
    assert terrain.open_boundary[:, 0].all()
    assert not terrain.open_boundary[elevation >= -1].any()
    assert terrain.levels.mean_sea_level == MEAN_SEA_LEVEL


# --- the record is parted ----------------------------------------------------------------------------------------


def year_of_storms() -> tuple[Observations, list[np.datetime64]]:
    time = hours(366)
    peaks: list[np.datetime64] = [np.datetime64("2020-01-12T06", "ns") + np.timedelta64(14 * i, "D") for i in range(25)]
    rng = np.random.default_rng(0)
    surge = sum(bell(time, [peak], height) for peak, height in zip(peaks, rng.uniform(1.0, 2.0, 25), strict=True))
    return replace(make_observations(), tide_gauge=make_gauge(time, np.asarray(surge))), peaks


SETTINGS = RunConfig(DistillationConfig(steps=1), storms=20, calibration_storms=9, test_storms=3)


@pytest.fixture(scope="module")
def parted() -> tuple[Split, SeaLevelModel]:
    """That year, without held-out windows."""
    return split_record(StageContext(np.random.default_rng(0)), StudyArea(year_of_storms()[0]), SETTINGS)


def test_free_hours_have_a_whole_context_and_lie_in_no_withheld_window() -> None:
    observations, peaks = year_of_storms()
    window = (peaks[4] + 40 * HOUR, peaks[4] + 130 * HOUR)  # begins in the tail of a storm, ends in calm weather
    split, _ = split_record(
        StageContext(np.random.default_rng(0)), StudyArea(observations, held_out=(window,)), SETTINGS
    )
    issue = free_hours(observations, split)
    for start, end in (window, *((storm.start, storm.end) for storm in (*split.calibration, *split.test))):
        assert not ((issue >= start) & (issue <= end)).any()
    for storm in split.training:
        assert not (storm.start <= window[1] and window[0] <= storm.end)
    time = observations.require_gauge()["time"].values
    assert issue.min() == time[0] + (CONTEXT_HOURS - 1) * HOUR


def test_tide_and_covariance_are_fitted_without_the_withheld_hours() -> None:
    observations, peaks = year_of_storms()
    window = (peaks[4], peaks[4] + 240 * HOUR)
    time = observations.require_gauge()["time"].values
    shifted = observations.require_gauge().copy(deep=True)
    shifted["water_level"][0, (time >= window[0] + 60 * HOUR) & (time <= window[1])] += 0.4  # the storms stay the same
    models = [
        split_record(
            StageContext(np.random.default_rng(0)),
            StudyArea(replace(observations, tide_gauge=gauge), held_out=(window,)),
            SETTINGS,
        )[1]
        for gauge in (observations.require_gauge(), shifted)
    ]
    assert models[0].fitted.constants.amplitude["M2"] == pytest.approx(0.5, abs=0.05)
    assert models[0].fitted.constants.amplitude == models[1].fitted.constants.amplitude
    np.testing.assert_array_equal(models[0].residual_covariance, models[1].residual_covariance)


def test_a_record_with_too_few_storms_is_refused_with_the_number_needed() -> None:
    observations = make_observations(days=60)
    with pytest.raises(RefusedByTheory, match=r"of 'Handmade' holds \d+ storms; 13 or more are needed"):
        split_record(StageContext(np.random.default_rng(0)), StudyArea(observations), SETTINGS)


def test_when_everything_is_withheld_the_fit_is_refused() -> None:
    observations, _ = year_of_storms()
    time = hours(366)
    split = split_by_storm(storms_of(observations, 4), 1, 1, [(time[0], time[-1])], np.random.default_rng(0))
    with pytest.raises(RefusedByTheory, match="cover the whole record"):
        free_hours(observations, split)


def test_waves_flood_as_a_sea_that_is_higher_by_their_set_up() -> None:
    observations = make_observations(peaks=PEAKS)
    (storm,) = storms_of(observations, 1)
    waves = StormWaves(2.0, 8.0, 0.03, MEAN_SEA_LEVEL, storm.peak_level, "as a test states")
    raised = observations.require_gauge().copy(deep=True)
    raised["water_level"] += waves.set_up
    storms = [storm]
    rough, higher, calm = (
        simulate_archive(each, storms, 0, np.random.default_rng(0)).require("truth")["flood_depth"].values
        for each in (replace(observations, waves=waves), replace(observations, tide_gauge=raised), observations)
    )
    np.testing.assert_allclose(rough, higher, atol=1e-9)
    assert np.nansum(rough) > np.nansum(calm)
