"""People, roads and refuges of a simulated coast."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from shapely import Point

from strandline.observations.exposure.assets import ASSET_DETAILS
from strandline.observations.observations import Observations
from strandline.risk.impact.access import is_cut_off, road_network
from strandline.risk.stage_damage.exposure import asset_shares
from strandline.simulator.coast import simulate_coast
from strandline.simulator.coast_files import load_coast, save_coast

pytestmark = pytest.mark.slow


def tiny(*, inhabited: bool) -> Observations:
    return simulate_coast("tiny", 3, shape=(48, 48), years=3.0, n_storms=3, n_surveys=1, inhabited=inhabited)


@pytest.fixture(scope="module")
def coast() -> Observations:
    return tiny(inhabited=True)


@pytest.fixture(scope="module")
def assets(coast: Observations) -> gpd.GeoDataFrame:
    return coast.require_assets()


def of(assets: gpd.GeoDataFrame, *classes: str) -> gpd.GeoDataFrame:
    return assets[assets["asset_class"].isin(classes)]


def test_population_changes_no_other_draw(coast: Observations, assets: gpd.GeoDataFrame) -> None:
    empty = tiny(inhabited=False)
    for name, dataset in empty.modalities().items():
        xr.testing.assert_identical(dataset, coast.modalities()[name])
    before, truth, truth_before = empty.require_assets(), coast.require("truth"), empty.require("truth")
    assert assets.iloc[: len(before)][list(before.columns)].equals(before)
    first = truth["damage_state"].isel(asset=slice(len(before)))
    np.testing.assert_array_equal(first, truth_before["damage_state"])
    assert truth["damage_state"].isel(asset=slice(len(before), None)).isnull().all()
    assert list(truth["asset"].values) == list(assets["asset_id"])
    xr.testing.assert_identical(truth_before["flood_depth"], truth["flood_depth"])


def test_homes_have_people_and_some_numbers_are_unknown(assets: gpd.GeoDataFrame) -> None:
    homes = of(assets, "residential")["people"]
    assert 0 < homes.isna().mean() < 0.4
    assert homes.dropna().between(50, 2000).all()
    assert not of(assets, "commercial", "agriculture")["people"].any()
    assert of(assets, "road", "hospital")["people"].isna().all()
    assert (of(assets, "shelter")["places"] == 263).all()
    assert assets.loc[assets["asset_class"] != "shelter", "places"].isna().all()
    assert set(ASSET_DETAILS) - {"name", "operation_threshold", "toe", "condition"} <= set(assets.columns)
    assert assets["district"].nunique() > 2


def test_every_village_road_leads_to_the_hospital(assets: gpd.GeoDataFrame) -> None:
    network = road_network(assets)
    assert len(of(assets, "hospital")) == 1
    open_roads = np.zeros(len(network.edges))
    hospital = of(assets, "hospital").geometry.iloc[0]
    facility = network.nearest_node(np.array([hospital.x]), np.array([hospital.y]))
    everywhere = np.arange(len(network.nodes))
    assert not is_cut_off(network, open_roads, facility, np.zeros(1), everywhere).any()
    steps = [frozenset(map(tuple, edge)) for edge in network.nodes[network.edges].tolist()]
    assert len(steps) == len(set(steps)), "no step of road is surveyed twice"


def test_blocking_the_only_road_isolates_its_settlement(assets: gpd.GeoDataFrame) -> None:
    """By hand: the end of the only road, with its last section under water."""
    network = road_network(assets)
    degree = np.bincount(network.edges.ravel(), minlength=len(network.nodes))
    hospital = of(assets, "hospital").geometry.iloc[0]
    facility = network.nearest_node(np.array([hospital.x]), np.array([hospital.y]))
    ends = np.flatnonzero((degree == 1) & (np.arange(len(degree)) != facility[0]))
    assert ends.size
    for end in ends:
        last = network.road[(network.edges == end).any(axis=1)][0]
        closed = (network.road == last).astype(float)
        cut = is_cut_off(network, closed, facility, np.zeros(1), np.arange(len(degree)))
        assert cut[end] == 1
        assert cut[facility[0]] == 0
        assert not is_cut_off(network, 0 * closed, facility, np.zeros(1), np.array([end])).any()


def test_bridges_cross_water_and_embankments_have_a_crest(coast: Observations, assets: gpd.GeoDataFrame) -> None:
    shares = asset_shares(assets, coast.region)[:, :-1]
    wet = shares @ (coast.terrain["permanent_water"].values.ravel() > 0.5)
    kind = assets["asset_class"].to_numpy()
    assert (wet[kind == "road"] < 1e-6).all()
    assert (wet[kind == "bridge"] > 0.1).all()
    banks = of(assets, "embankment")
    assert len(banks) > 1
    assert banks["crest"].between(0.5, 6.0).all()
    assert assets.loc[kind != "embankment", "crest"].isna().all()
    assert (of(assets, "road", "bridge", "embankment").geometry.length > 0).all()
    assert all(isinstance(shape, Point) for shape in of(assets, "hospital", "shelter").geometry)


def test_an_inhabited_coast_survives_a_round_trip(
    coast: Observations, assets: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    save_coast(coast, tmp_path / "coast")
    again = load_coast(tmp_path / "coast").require_assets()
    assert again["people"].equals(assets["people"])
    assert again["crest"].equals(assets["crest"])
    assert list(again["district"]) == list(assets["district"])
    assert again.geometry.geom_equals(assets.geometry).all()
