"""Flood maps: depths from class probabilities in closed form, and invariants for any network."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from shapely import Point

from strandline.errors import InputError
from strandline.models.student import Student
from strandline.observations.observations import Provenance
from strandline.observations.variables import DEPTH_EDGES
from strandline.risk.hazard.flood_maps import depth_at_quantile, map_hazard, middle_rows
from strandline.risk.hazard.hazard import Hazard
from strandline.uncertainty.forecaster import Forecaster
from tests.fixtures.batches import ground, make_observations, make_sea_level_model

pytestmark = pytest.mark.slow

SEA_LEVEL = make_sea_level_model(M2=0.4, S2=0.1)


def cells(*probabilities: float) -> np.ndarray:
    """(1, 5, 1, 1)."""
    return np.array(probabilities, dtype=np.float32).reshape(1, 5, 1, 1)


def depth(probability: np.ndarray, quantile: float, deepest: float = 3.0) -> float:
    return float(depth_at_quantile(probability, quantile, np.full((1, 1, 1), deepest))[0, 0, 0])


def test_depth_runs_through_each_class_from_edge_to_edge() -> None:
    even = cells(0.2, 0.2, 0.2, 0.2, 0.2)
    assert depth(even, 0.1) == depth(even, 0.19) == 0.0
    for k, (low, high) in enumerate(zip(DEPTH_EDGES, (*DEPTH_EDGES[1:], 3.0), strict=True), start=1):
        assert depth(even, 0.2 * k + 1e-5) == pytest.approx(low, abs=1e-3)
        assert depth(even, 0.2 * k + 0.1) == pytest.approx((low + high) / 2, abs=1e-3)
        assert depth(even, 0.2 * k + 0.2 - 1e-5) == pytest.approx(high, abs=1e-3)


def test_the_open_class_ends_at_the_sea_or_half_a_metre_above_its_edge() -> None:
    deep = cells(0, 0, 0, 0, 1)
    assert depth(deep, 1.0, deepest=4.0) == pytest.approx(4.0)
    assert depth(deep, 1.0, deepest=-1.0) == pytest.approx(2.0)
    assert depth(deep, 0.5, deepest=4.0) == pytest.approx(2.75)


def test_a_sure_class_holds_every_depth_and_a_dry_cell_none() -> None:
    assert depth(cells(1, 0, 0, 0, 0), 1.0) == 0.0
    assert depth(cells(0, 0, 1, 0, 0), 0.0) == pytest.approx(0.0)  # the lowest of all quantiles is dry by convention
    assert depth(cells(0, 0, 1, 0, 0), 1e-6) == pytest.approx(0.5, abs=1e-4)
    assert depth(cells(0, 0, 1, 0, 0), 1.0) == pytest.approx(1.0)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31), deepest=st.floats(-2, 8))
def test_depth_rises_with_the_quantile_and_is_flooded_as_often_as_the_class_probability(
    seed: int, deepest: float
) -> None:
    probability = np.random.default_rng(seed).dirichlet(np.full(5, 0.5), size=(1, 4, 4)).transpose(0, 3, 1, 2)
    probability = probability.astype(np.float32)
    quantiles = (np.arange(2000) + 0.5) / 2000
    depths = np.stack([depth_at_quantile(probability, q, np.full((1, 4, 4), deepest))[0] for q in quantiles[::10]])
    assert (np.diff(depths, axis=0) >= -1e-6).all()
    assert not ((depths > 0) & (depths < DEPTH_EDGES[0] - 1e-6)).any()
    flooded = (depths >= DEPTH_EDGES[0] - 1e-6).mean(0)
    np.testing.assert_allclose(flooded, 1 - probability[0, 0], atol=0.0051)


def forecaster(seed: int = 0) -> Forecaster:
    members = []
    for member in range(2):
        torch.manual_seed(seed + member)
        members.append(Student(width=8).eval())
    return Forecaster(tuple(members), 1.0, 0.5, 0.5)


def test_a_map_keeps_unknown_terrain_unknown_and_water_dry_and_rises_with_the_return_period() -> None:
    levels = np.sort(np.random.default_rng(0).uniform(0.9, 2.8, (6, 3)), axis=1)
    predicted: list[float] = []
    hazard = map_hazard(
        forecaster(),
        make_observations(),
        SEA_LEVEL,
        levels,
        (2.0, 10.0, 100.0),
        np.random.default_rng(1),
        predicted.append,
    )
    elevation = ground()
    unknown, water = np.isnan(elevation), elevation < -1
    assert hazard.flood_depth.shape == (6, 3, 16, 16)
    np.testing.assert_array_equal(np.isnan(hazard.flood_depth), np.broadcast_to(unknown, (6, 3, 16, 16)))
    np.testing.assert_array_equal(np.isnan(hazard.flood_probability), np.broadcast_to(unknown, (3, 16, 16)))
    assert not hazard.flood_depth[:, :, water].any()
    assert not hazard.flood_probability[:, water].any()
    known = hazard.flood_depth[:, :, ~unknown]
    assert (np.diff(known, axis=1) >= 0).all()
    assert (np.diff(hazard.flood_probability[:, ~unknown], axis=0) >= 0).all()
    assert predicted[-1] == 1.0
    assert set(hazard.provenance) == {"terrain", "tide_gauge"}


def test_damage_states_use_the_same_storms_and_change_no_map() -> None:
    observations, levels = make_observations().without("assets"), np.array([[1.0, 1.6], [1.2, 1.9]])
    left, _, _, top = observations.region.bounds
    half = observations.region.cell_size / 2
    shapes = [Point(left + half, top - half), Point(left - 10_000, top)]  # one lies outside
    table = {"asset_id": ["a", "b"], "asset_class": "school", "value": 1.0, "survey_year": 2000}
    assets = gpd.GeoDataFrame(table, geometry=shapes, crs=observations.region.crs)
    provenance = {**observations.provenance, "assets": Provenance("simulated", "a test")}
    with_assets = replace(observations, assets=assets, provenance=provenance)
    plain, predicted = (
        map_hazard(forecaster(), of, SEA_LEVEL, levels, (2.0, 10.0), np.random.default_rng(4))
        for of in (observations, with_assets)
    )
    np.testing.assert_array_equal(plain.flood_depth, predicted.flood_depth)
    assert plain.damage_states is None
    assert predicted.damage_states is not None
    assert predicted.damage_states.shape == (2, 2, 5)
    np.testing.assert_allclose(predicted.damage_states[:, 0].sum(axis=-1), 1.0, atol=1e-6)
    assert np.isnan(predicted.damage_states[:, 1]).all()


def test_the_seed_alone_decides_a_map() -> None:
    levels = np.array([[1.0, 1.6], [1.2, 1.9]])
    maps = [
        map_hazard(
            forecaster(), make_observations(), SEA_LEVEL, levels, (2.0, 10.0), np.random.default_rng(seed)
        ).flood_depth
        for seed in (4, 4, 5)
    ]
    np.testing.assert_array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2], equal_nan=True)


def test_sampled_depths_are_flooded_as_often_as_the_probability() -> None:
    """The map's probability is the members' mean; each sample's depth is one member's at one quantile."""
    samples = 60
    levels = np.full((samples, 1), 1.6)
    hazard = map_hazard(forecaster(), make_observations(), SEA_LEVEL, levels, (10.0,), np.random.default_rng(2))
    dry_land = ~np.isnan(ground()) & (ground() >= -1)
    promised = hazard.flood_probability[0][dry_land].mean()
    share = (hazard.flood_depth[:, 0] >= DEPTH_EDGES[0])[:, dry_land].mean()
    assert abs(share - promised) < stats.norm.ppf(0.9999) * 0.5 / np.sqrt(samples)


def test_so_many_maps_are_made_of_all_sampled_levels_and_frequent_ones_have_the_same_storms() -> None:
    levels = np.sort(np.random.default_rng(1).normal(1.6, 0.1, (12, 1)), axis=0)

    def mapped(levels: np.ndarray) -> Hazard:
        rng = np.random.default_rng(4)
        return map_hazard(forecaster(), make_observations(), SEA_LEVEL, levels, (10.0,), rng, maps=4)

    hazard = mapped(levels)
    np.testing.assert_array_equal(hazard.levels, levels[[1, 4, 7, 10]])
    np.testing.assert_array_equal(hazard.level_draws, levels)
    assert hazard.flood_depth.shape[:2] == (4, 1)
    np.testing.assert_array_equal(mapped(np.repeat(hazard.levels, 3, axis=0)).flood_depth, hazard.flood_depth)
    with pytest.raises(InputError, match="12 sampled levels for 5 maps"):
        middle_rows(levels, 5)


def test_without_a_gauge_there_is_no_map() -> None:
    with pytest.raises(InputError, match="'tide_gauge' was not observed"):
        map_hazard(
            forecaster(),
            replace(make_observations(), tide_gauge=None),
            SEA_LEVEL,
            np.ones((1, 1)),
            (2.0,),
            np.random.default_rng(0),
        )


def test_a_lower_threshold_floods_more_cells_and_equal_members_have_no_epistemic_sd() -> None:
    levels = np.sort(np.random.default_rng(0).uniform(0.9, 2.8, (4, 3)), axis=1)
    ours = forecaster()

    def mapped(of: Forecaster) -> Hazard:
        return map_hazard(of, make_observations(), SEA_LEVEL, levels, (2.0, 10.0, 100.0), np.random.default_rng(1))

    first, unknown = mapped(ours), np.isnan(ground())
    chance = float(np.nanmedian(first.flood_probability[first.flood_probability > 0]))
    never, half, always = (
        mapped(replace(ours, threshold=threshold)).flood_extent[:, ~unknown] for threshold in (1.1, chance, 0.0)
    )
    assert not never.any()
    assert 0 < half.sum() < always.sum() == (~unknown & ~(ground() < -1)).sum() * 3
    assert (half <= always).all()
    assert np.nanmax(first.epistemic_sd) > 0.01
    alone = mapped(replace(ours, students=(ours.students[0], ours.students[0])))
    assert np.nanmax(alone.epistemic_sd) < 1e-6
    for predicted in (first.flood_extent, first.epistemic_sd):
        np.testing.assert_array_equal(np.isnan(predicted), np.broadcast_to(unknown, predicted.shape))
