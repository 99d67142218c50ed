"""Parts of a map of a large region: tiles that add up, the ground in strips, and one tile as a run maps it."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.large_regions.coast_files import write_coast
from benchmarks.large_regions.wide_terrain import write_terrain
from strandline.distillation.adaptation.data import predict_two_pass
from strandline.errors import InputError
from strandline.models.batching import build_storm_batch
from strandline.models.terrain_features import terrain_features_of
from strandline.observations.observations import Observations
from strandline.observations.readers.terrain import water_connected_to_sea
from strandline.observations.region_file import load_region_file
from strandline.observations.weather.storms import find_storms
from strandline.pipeline.deployment import (
    load_deployment,
)
from strandline.pipeline.maps.large_regions.map_region import (
    past_storms,
    warnings_on,
)
from strandline.pipeline.maps.large_regions.mosaic import blend
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.maps.large_regions.survey import survey
from strandline.pipeline.maps.large_regions.tile_mapper import BANDS, TileMapper
from strandline.pipeline.maps.tiles import Tiling
from strandline.report.products import QUANTILES
from strandline.risk.hazard.flood_maps import draw_floods, map_floods, map_hazard
from strandline.simulator.coast import simulate_coast
from strandline.simulator.design_storms import storm_designer
from strandline.uncertainty.forecaster import Forecaster, load_forecaster
from tests.fixtures.batches import MEAN_SEA_LEVEL, REGION, make_observations
from tests.fixtures.mapped_runs import make_run
from tests.fixtures.region_files import write_region_folder
from tests.risk.hazard.test_flood_maps import SEA_LEVEL, forecaster

pytestmark = pytest.mark.slow


@cache
def small_coast() -> Observations:
    return simulate_coast("small", 21, shape=(32, 32), years=2.0, n_storms=5, n_surveys=0, inhabited=False)


# --- tiles -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    reach=st.integers(8, 40),
    overlap=st.integers(0, 20),
)
def test_tiles_of_one_size_cover_every_cell_and_overlap(shape: tuple[int, int], reach: int, overlap: int) -> None:
    overlap = min(overlap, reach - 1)
    tiling = Tiling(shape, reach, overlap)
    tiles = tiling.tiles()
    total = np.zeros(shape)
    for tile in tiles:
        assert total[tile.window].shape == tile.weight.shape == tiling.size
        assert (tile.weight > 0).all()
        assert (tile.weight <= 1).all()
        total[tile.window] += tile.weight
    assert (total > 0).all()
    assert len(tiles) == tiling.count[0] * tiling.count[1]
    for first, second in pairwise(tiles):
        if first.row == second.row:
            assert second.window[1].start <= first.window[1].stop - overlap


def test_tiles_that_say_the_same_add_up_to_it_and_fade_where_they_differ(tmp_path: Path) -> None:
    shape, tiling = (200, 170), Tiling((200, 170), 128, 32)
    field = np.random.default_rng(0).random((len(BANDS), *shape), dtype=np.float32)
    called = BANDS.index("flood_extent")
    field[called] = field[called] > 0.5
    field[:, 5, 7] = np.nan
    store = MapStore(str(tmp_path))
    store.begin("a test", tiling, len(BANDS), resume=False)
    for tile in tiling.tiles():
        store.put(tile, field[:, *tile.window])
    whole = (slice(0, shape[0]), slice(0, shape[1]))
    np.testing.assert_allclose(blend(store, tiling.tiles(), whole), field, rtol=1e-6)
    part = (slice(90, 140), slice(3, 100))
    np.testing.assert_allclose(blend(store, tiling.tiles(), part), field[:, *part], rtol=1e-6)
    for tile in tiling.tiles():  # northern tiles say 0, southern ones 1
        store.put(tile, np.full((len(BANDS), *tiling.size), float(tile.row), np.float32))
    chance = blend(store, tiling.tiles(), whole)[0]
    assert (chance[:72] == 0).all()
    assert (chance[128:] == 1).all()
    assert (np.abs(np.diff(chance, axis=0)) < 0.05).all()
    assert set(np.unique(blend(store, tiling.tiles(), whole)[called])) == {0.0, 1.0}


# --- the ground --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_level", [True, False])
def test_a_survey_in_strips_finds_the_ground_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_level: bool
) -> None:
    seen = small_coast()
    path = write_coast(seen, tmp_path, radar=False)
    terrain, region = seen.terrain, seen.region
    if by_level:
        path.write_text(path.read_text().replace('{ path = "water.tif" }', "{ below = -1.0 }"))
        elevation = terrain["elevation"].values
        (row,), (column,) = region.cells_of(*(np.array([at]) for at in region.sea_point))
        low = water_connected_to_sea(elevation, -1.0, (int(row), int(column)))
        terrain = terrain.assign(permanent_water=(("y", "x"), low.astype(float), terrain["permanent_water"].attrs))
    monkeypatch.setattr("strandline.pipeline.maps.large_regions.survey.GROUND_CHUNK", 10)
    store = MapStore(str(tmp_path / "out"))
    store.begin("a test", Tiling(region.shape), len(BANDS), resume=False)
    survey(load_region_file(path).terrain, region, store)
    whole = terrain_features_of(region, terrain, 0.0)
    fields = store.ground_in((slice(None), slice(None)))
    known = whole.known.numpy()
    channels = whole.channels.numpy()
    np.testing.assert_array_equal(~np.isnan(fields["elevation"]), known)
    np.testing.assert_array_equal(fields["water"] > 0, channels[2] > 0.5)
    for name, channel in (("elevation", 0), ("sill", 1), ("distance", 3)):
        found = np.clip(np.where(np.isnan(fields[name]), 15.0, fields[name]), -10, 15)
        np.testing.assert_allclose(found[known], channels[channel][known], atol=1e-5, err_msg=name)


def test_a_survey_that_finds_nothing_is_refused(tmp_path: Path) -> None:
    region_file = load_region_file(write_terrain(tmp_path, 20, REGION, 0))
    far = replace(region_file.region, bounds=(0.0, 0.0, 2000.0, 2000.0), sea_point=(5.0, 5.0))
    store = MapStore(str(tmp_path / "out"))
    store.begin("a test", Tiling(far.shape), len(BANDS), resume=False)
    with pytest.raises(InputError, match="does not cover region"):
        survey(region_file.terrain, far, store)


# --- one tile ----------------------------------------------------------------------------------------------------


def test_a_region_no_larger_than_a_tile_is_mapped_as_a_run_maps_it(tmp_path: Path) -> None:
    levels = np.array([[0.9, 1.6], [1.2, 1.9], [1.0, 2.4]])
    place = make_observations().without("assets")
    expected = map_hazard(forecaster(), place, SEA_LEVEL, levels, (2.0, 10.0), np.random.default_rng(4))
    store = MapStore(str(tmp_path / "out"))
    tiling = Tiling(REGION.shape)
    store.begin("a test", tiling, 2 * len(BANDS), resume=False)
    survey(load_region_file(write_region_folder(tmp_path / "place")).terrain, REGION, store)
    draws = draw_floods(storm_designer(place, SEA_LEVEL), levels, 2, np.random.default_rng(4))
    (tile,) = tiling.tiles()
    bands = TileMapper(store, REGION, MEAN_SEA_LEVEL, forecaster(), tuple(draws), None).bands(tile)
    probability, called, epistemic_sd, *depth = bands.reshape(len(BANDS), 2, *REGION.shape)
    np.testing.assert_allclose(probability, expected.flood_probability, atol=1e-5)
    np.testing.assert_allclose(epistemic_sd, expected.epistemic_sd, atol=1e-5)
    np.testing.assert_array_equal(called, expected.flood_extent)
    np.testing.assert_allclose(depth, np.quantile(expected.flood_depth, QUANTILES, axis=0), atol=1e-4)


def test_a_higher_sea_changes_no_map_and_its_depths_are_kept(tmp_path: Path) -> None:
    levels, place = np.array([[0.9, 1.6], [1.0, 2.0]]), make_observations().without("assets")
    higher = np.concatenate([levels, levels[:, -1:] + 0.5], axis=1)
    store, tiling = MapStore(str(tmp_path / "out")), Tiling(REGION.shape)
    store.begin("a test", tiling, 2 * len(BANDS), 6, resume=False)
    survey(load_region_file(write_region_folder(tmp_path / "place")).terrain, REGION, store)
    (tile,) = tiling.tiles()
    maps = []
    for heights, beyond in ((levels, 0), (higher, 1)):
        draws = draw_floods(storm_designer(place, SEA_LEVEL), heights, 2, np.random.default_rng(4))
        mapper = TileMapper(store, REGION, MEAN_SEA_LEVEL, forecaster(), tuple(draws), None, True, beyond)
        maps.append(mapper.maps(tile))
    np.testing.assert_allclose(maps[1][0], maps[0][0], atol=1e-5)
    own, raised = maps[0][1].reshape(2, 2, *REGION.shape), maps[1][1].reshape(2, 3, *REGION.shape)
    np.testing.assert_allclose(raised[:, :2], own, atol=1e-4)
    assert (raised[:, 2] > raised[:, 1]).any()
    mapper.map(tile)
    np.testing.assert_array_equal(store.get(tile, "depths"), maps[1][1])
    np.testing.assert_allclose(
        np.quantile(own, QUANTILES, axis=0).reshape(-1, *REGION.shape), maps[0][0][6:], atol=1e-6
    )


def test_open_sea_is_dry_and_unknown_ground_unknown_without_asking_anybody(tmp_path: Path) -> None:
    store, tiling = MapStore(str(tmp_path)), Tiling((20, 30))
    store.begin("a test", tiling, len(BANDS), resume=False)
    elevation = np.full((20, 30), -4.0, np.float32)
    elevation[3:5, 6:9] = np.nan
    for name, values in {"elevation": elevation, "sill": elevation, "distance": 0 * elevation}.items():
        store.array(name)[:] = values
    store.array("water")[:] = ~np.isnan(elevation)
    draws = draw_floods(storm_designer(make_observations(), SEA_LEVEL), np.array([[1.5]]), 1, np.random.default_rng(0))
    nobody = Forecaster((), 1.0, 0.5, 0.5)
    (tile,) = tiling.tiles()
    bands = TileMapper(store, replace(REGION, bounds=(0, 0, 3000, 2000)), 0.2, nobody, tuple(draws), None).bands(tile)
    np.testing.assert_array_equal(bands, np.broadcast_to(np.where(np.isnan(elevation), np.nan, 0), bands.shape))


def test_where_radar_saw_the_past_the_students_remember_what_the_teacher_makes_of_it(tmp_path: Path) -> None:
    seen = small_coast()
    gauge = seen.require_gauge().isel(station=[0]).copy(deep=True)  # that never fell silent
    gauge["quality"][:], gauge["water_level"][0] = 0, seen.require("truth")["water_level"].values
    seen = replace(seen, tide_gauge=gauge)
    region_file = load_region_file(write_coast(seen, tmp_path, radar=True))
    run = make_run(tmp_path / "run")
    mean = float(gauge["mean_sea_level"].values[0])
    own = replace(load_deployment(run).gauges[0], name=str(gauge["station"].values[0]), mean_sea_level=mean)
    first = seen.require("sar")["time"].values[0]
    hidden = (first - np.timedelta64(1, "h"), first + np.timedelta64(1, "h"))
    deployment = replace(load_deployment(run), gauges=(own,), withheld=(hidden,))
    past = past_storms(region_file, deployment)
    assert past is not None
    assert len(past.sar.scenes) == seen.require("sar").sizes["scene"] - 1  # that of the withheld storm is not read
    assert len(past.storms) == len(past.sar.scenes)
    store, tiling = MapStore(str(tmp_path / "out")), Tiling(seen.region.shape)
    store.begin("a test", tiling, len(BANDS), resume=False)
    survey(region_file.terrain, seen.region, store)
    draws = draw_floods(storm_designer(seen, deployment.sea_level), np.array([[2.0]]), 2, np.random.default_rng(0))
    students = load_forecaster(run).without_site_memory()
    (tile,) = tiling.tiles()
    bands = TileMapper(store, seen.region, mean, students, tuple(draws), past).bands(tile)

    bare = seen.without("assets", "optical", "in_situ", "weather", "weather_forecast", "truth")
    peaks = [storm.peak for storm in past.storms]
    found = find_storms(gauge["time"].values, gauge["water_level"].values[0], 40)
    storms = [storm for storm in found if storm.peak in peaks]
    archive = predict_two_pass(build_storm_batch(bare, storms, deployment.sea_level, "survey"), past.teacher).archive
    ground = terrain_features_of(seen.region, seen.terrain, mean)
    maps = map_floods(replace(students, archive=archive), ground, draws, {})
    np.testing.assert_allclose(bands[0], maps.probability[0], atol=2e-3)  # levels and scenes passed through files
    highest = max(storm.peak_level for storm in past.storms)
    within, above = (warnings_on(deployment, past, np.array([[highest + more]])) for more in (0.4, 0.6))
    assert not any("they rest on lower floods alone" in warning for warning in within)
    assert any(f"Above {highest + 0.5:.2f} m they rest on lower floods alone" in warning for warning in above)
    alone = map_floods(students, ground, draws, {})
    assert np.nanmax(np.abs(alone.probability - maps.probability)) > 0.01
