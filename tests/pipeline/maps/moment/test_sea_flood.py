"""What the sea makes of one moment: by sills, and by the students of a run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.models.terrain_features import terrain_features_of
from strandline.observations.region_file import load_region_file
from strandline.pipeline.deployment import RunMetadata, assess_zones, build_deployment
from strandline.pipeline.maps.moment.sea import SeaAtMoment, sea_at
from strandline.pipeline.maps.moment.sea_flood import SAMPLES, SEED, SeaFloodRun, flood_by_sills, flood_by_students
from strandline.risk.hazard.flood_maps import draw_floods, map_floods
from strandline.simulator.design_storms import StormDesigner
from tests.fixtures.batches import REGION, ground
from tests.fixtures.region_files import write_region_folder
from tests.pipeline.deployment.test_deployment import a_sea
from tests.risk.hazard.test_flood_maps import forecaster

GROUND = ground().astype(np.float32)
WATER = GROUND < -1


def sea(level: float, deviation: float = 0.0) -> SeaAtMoment:
    return SeaAtMoment(level, deviation, 0.2, "a test", None)


def quiet(_: float) -> None:
    return None


def test_water_behind_a_dike_waits_for_the_sea_to_reach_the_gap() -> None:
    low, high = (flood_by_sills(REGION, GROUND, WATER, sea(level), 0.1).wet for level in (0.15, 1.0))
    assert np.nansum(low) == 0  # the gap lies at 0.3 m
    assert high[8, 4] == 1
    assert high[8, 15] == 0
    assert np.isnan(high[WATER]).all()
    assert np.isnan(high[np.isnan(GROUND)]).all()


@pytest.mark.parametrize("error", [0.2, 1.0])
def test_a_cell_as_high_as_the_sea_floods_with_an_even_chance(error: float) -> None:
    level = float(GROUND[8, 9])
    chance = flood_by_sills(REGION, GROUND, WATER, sea(level), error).probability
    assert chance[8, 9] == pytest.approx(0.5)
    assert chance[8, 5] > 0.5 > chance[8, 14]


@pytest.fixture(scope="module")
def run() -> SeaFloodRun:
    hazard, rng = coast.hazard("simulated"), np.random.default_rng(4)
    observed = coast.observations("simulated")
    zones, response = assess_zones(observed, [hazard], a_sea(), rng)
    metadata = RunMetadata("0.1.0", "0123abc", {"run": 3})
    deployment = build_deployment(observed, zones, response, hazard, coast.a_plan(), a_sea(), [], metadata)
    return SeaFloodRun(Path("runs/sella"), deployment, forecaster())


def test_the_students_map_the_sea_of_the_moment_as_they_map_a_return_level(run: SeaFloodRun) -> None:
    observed, deployment = coast.observations("simulated"), run.deployment
    elevation = observed.terrain["elevation"].values.astype(np.float32)
    water = observed.terrain["permanent_water"].values > 0.5
    found = flood_by_students(run, deployment.region, elevation, water, sea(1.4), quiet)
    designer = StormDesigner(deployment.sea_level, deployment.mean_sea_level, np.datetime64("2000-01-01T00", "ns"))
    draws = draw_floods(designer, np.full((SAMPLES, 1), 1.4), run.forecaster.members, np.random.default_rng(SEED))
    features = terrain_features_of(deployment.region, observed.terrain, deployment.mean_sea_level)
    expected = map_floods(run.forecaster, features, draws, {})
    land = ~water & np.isfinite(elevation)
    np.testing.assert_allclose(found.probability[land], expected.probability[0][land], atol=1e-4)
    assert np.isnan(found.probability[~land]).all()


def test_a_run_with_another_datum_or_cell_is_refused(run: SeaFloodRun) -> None:
    region = run.deployment.region
    left, bottom, _, top = region.bounds
    narrow = (left, bottom, left + 2000, top)
    with pytest.raises(InputError, match="vertical datum"):
        run.of_region(replace(region, bounds=narrow, vertical_datum="another"))
    with pytest.raises(InputError, match="has cells of 50 m"):
        run.of_region(replace(region, bounds=narrow, cell_size=50.0))
    assert run.of_region(region) is run.forecaster


def test_the_sea_of_a_moment_is_the_highest_reading_within_one_tide(tmp_path: Path) -> None:
    region_file = load_region_file(write_region_folder(tmp_path))
    found = sea_at(region_file, np.datetime64("2020-01-10T08:00", "ns"), None, None)
    assert found is not None
    assert found.source == "gauge Pier"
    assert found.mean_sea_level == 0.2
    assert found.level > 1.0  # the surge of that morning
    assert sea_at(region_file, np.datetime64("2021-01-10T08:00", "ns"), None, None) is None
    stated = sea_at(region_file, None, 1.7, None)
    assert stated is not None
    assert (stated.level, stated.age_hours) == (1.7, None)
    with pytest.raises(InputError, match="no level of a sea"):
        sea_at(region_file, None, 170.0, None)
