"""Zones partition a study area; stage-damage by zone rises with the sea level and adds up."""

from collections.abc import Sequence
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from strandline.errors import InputError
from strandline.observations.observations import Observations, Provenance
from strandline.observations.region import Region
from strandline.observations.variables import as_variable
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.stage_damage_by_design import StageDamageByDesign
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.people import COUNT_FACTOR, LARGE_HOME
from strandline.risk.stage_damage.by_zone import StageDamageByZone
from strandline.risk.stage_damage.damage_chain import draw_curve_deviates
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.zones import (
    ELSEWHERE,
    MOST_BLOCKS,
    NOT_STATED,
    NOWHERE,
    Zones,
    find_zones,
    places_in_blocks,
)
from tests.fixtures.hazards import REGION, make_assets, make_hazard


def make_observations(assets: gpd.GeoDataFrame, region: Region = REGION) -> Observations:
    """The hand-made coast: its westernmost column is the sea, its north-east corner unknown."""
    rows, columns = region.shape
    ground = np.tile(np.linspace(-0.5, 3.1, columns), (rows, 1))
    water = np.zeros(region.shape)
    water[:, 0] = 1.0
    ground[0, -1] = np.nan
    terrain = xr.Dataset(
        {
            "elevation": as_variable("elevation", ("y", "x"), ground),
            "permanent_water": as_variable("permanent_water", ("y", "x"), water),
        },
        {"y": region.y, "x": region.x},
    )
    provenance = dict.fromkeys(("terrain", "assets"), Provenance("simulated", "made by hand"))
    return Observations(region, terrain, provenance, assets=assets)


def flat_hazard(region: Region, floodable: np.ndarray) -> Hazard:
    """One sample of one sea level with a metre of water on the floodable cells."""
    depth = np.where(floodable, 1.0, 0.0).astype(np.float32)[None, None]
    shares = depth[0]
    return Hazard(region, (10.0,), np.array([[1.5]]), depth, shares, shares, shares,
                  {"terrain": Provenance("simulated", "made by hand")})  # fmt: skip


def make_stage_damage(
    assets: gpd.GeoDataFrame, hazards: Sequence[Hazard], polygons: gpd.GeoDataFrame | None = None
) -> tuple[Zones, StageDamageByZone]:
    zones = find_zones(make_observations(assets), hazards, polygons)
    return zones, StageDamageByZone.of(zones, hazards, assets, 0.5, np.random.default_rng(3))


def test_a_block_is_named_by_the_largest_place_within_it_and_a_zone_with_a_name_by_none() -> None:
    region = REGION
    left, bottom, right, top = region.bounds
    blocks = find_zones(make_observations(make_assets()), [flat_hazard(region, np.ones(region.shape))])
    block = gpd.GeoSeries(blocks.outlines, crs="EPSG:4326").to_crs(region.crs)
    inside, other = block[0].representative_point(), block[len(blocks) - 1].representative_point()
    places = gpd.GeoDataFrame(
        {"name": ["শহর", "Mola", "Nowhere", "Hamlet"], "name_en": ["Town", None, None, None]},
        geometry=[inside, other, Point(right + 1e4, top), inside],
        crs=region.crs,
    )
    assert places_in_blocks(blocks, places) == {
        blocks.names[0]: {"": "শহর", "en": "Town"},
        blocks.names[-1]: {"": "Mola"},
    }
    assert places_in_blocks(blocks, None) == {}
    named = gpd.GeoDataFrame({"name": ["ward"]}, geometry=[box(left, bottom, right, top)], crs=region.crs)
    wards = find_zones(make_observations(make_assets()), [flat_hazard(region, np.ones(region.shape))], named)
    assert places_in_blocks(wards, places) == {}


def strips(*edges: float) -> gpd.GeoDataFrame:
    """Zones from west to east, parted at these eastings [m]."""
    shapes = [box(west, 0, east, 800) for west, east in pairwise(edges)]
    return gpd.GeoDataFrame(
        {"name": [f"strip {number}" for number in range(len(shapes))]}, geometry=shapes, crs=REGION.crs
    )


def test_a_cell_belongs_to_the_district_of_its_nearest_asset() -> None:
    assets = make_assets().assign(district=["west", "east", "west", "west", "east", None, "west", "west"])
    zones = find_zones(make_observations(assets), [make_hazard()])
    assert zones.names == ("east", "west")  # the asset outside, of no stated district, is nobody's nearest
    named = [zones.names[number] for number in zones.of_asset]
    assert named == ["west", "east", "west", "west", "east", "east", "west", "west"]
    assert (zones.of_cell[:, 0] == NOWHERE).all()  # the sea
    assert (zones.of_cell[:, 1:] != NOWHERE).all()
    assert zones.names[zones.of_cell[4, 1]] == "west"
    assert zones.names[zones.of_cell[3, 9]] == "east"


def test_assets_of_no_stated_district_are_a_zone_too() -> None:
    assets = make_assets().assign(district=["west", None, "west", "west", None, None, "west", "west"])
    zones = find_zones(make_observations(assets), [make_hazard()])
    assert zones.names == (NOT_STATED, "west")
    assert zones.of_asset.tolist() == [1, 0, 1, 1, 0, 0, 1, 1]


def test_floodable_land_beyond_every_district_is_a_zone_of_its_own() -> None:
    wide = Region("Wideshore", "EPSG:32633", (0, 0, 5000, 4000), 500.0, "mean sea level", (100, 100), "europe")
    assets = make_assets().iloc[:2].assign(district="harbour")
    floodable = np.zeros(wide.shape, dtype=bool)
    floodable[:, 6] = True
    zones = find_zones(make_observations(assets, wide), [flat_hazard(wide, floodable)])
    assert zones.names == ("harbour", ELSEWHERE)
    named = find_zones(make_observations(assets.assign(district=ELSEWHERE), wide), [flat_hazard(wide, floodable)])
    assert named.names == (ELSEWHERE,)  # a survey may call a district so
    assert (zones.of_cell[:, 6] != NOWHERE).all()
    assert (zones.of_cell[:, 8:] == NOWHERE).all()  # dry, and nobody's


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 60), st.integers(1, 60), st.floats(0.01, 0.9))
def test_blocks_are_a_hundred_at_most_and_cover_all_floodable_land(
    seed: int, rows: int, columns: int, share: float
) -> None:
    bounds = (0, 0, 100.0 * (columns + 1), 100.0 * rows)
    region = Region("Blockshore", "EPSG:32633", bounds, 100.0, "mean sea level", (50, 50), "europe")
    floodable = np.random.default_rng(seed).random(region.shape) < share
    floodable[0, 1] = True
    observations = make_observations(make_assets().iloc[:3], region)
    zones = find_zones(observations, [flat_hazard(region, floodable)])
    land = floodable & (observations.terrain["permanent_water"].values == 0)
    assert len(zones) <= MOST_BLOCKS
    assert (zones.of_cell[land] != NOWHERE).all()
    assert all(land[zones.of_cell == number].any() for number in range(len(zones)))
    assert zones.of_asset.min() >= 0


def test_blocks_are_named_by_row_and_column_and_dry_ones_are_dropped() -> None:
    region = Region("Farshore", "EPSG:32633", (0, 0, 4000, 3000), 100.0, "mean sea level", (50, 50), "europe")
    floodable = np.zeros(region.shape, dtype=bool)
    floodable[0, 1:] = floodable[29, 1:] = floodable[:, 39] = True  # 107 cells: blocks of 2 × 2 are enough
    zones = find_zones(make_observations(make_assets().iloc[:3], region), [flat_hazard(region, floodable)])
    assert zones.source.startswith("blocks of 200 m")
    assert zones.names[:3] == ("A1", "A2", "A3")
    assert zones.names[-1] == "O20"
    assert "B2" not in zones.names
    outline = gpd.GeoSeries([zones.outlines[1]], crs="EPSG:4326").to_crs(region.crs).iloc[0]
    assert outline.bounds == pytest.approx((200, 2800, 400, 3000), abs=1e-3)


def test_given_polygons_are_kept_and_what_they_leave_out_is_elsewhere() -> None:
    zones = find_zones(make_observations(make_assets()), [make_hazard(rise=2.0)], strips(0, 300, 700))
    assert zones.names == ("strip 0", "strip 1", ELSEWHERE)
    np.testing.assert_array_equal(zones.of_cell[4], [-1, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    assert zones.of_cell[0, 9] == NOWHERE  # unknown ground that nobody drew
    assert zones.of_asset.tolist() == [0, 2, 0, 0, 2, 2, 0, 1]  # outside the region: the nearest zone
    outline = gpd.GeoSeries([zones.outlines[0]], crs="EPSG:4326").to_crs(REGION.crs).iloc[0]
    assert outline.bounds == pytest.approx((0, 0, 300, 800), abs=1e-3)


def test_polygons_that_overlap_or_contain_no_land_are_refused() -> None:
    twice = strips(0, 300, 700)
    twice.geometry = twice.geometry.buffer(150)
    with pytest.raises(InputError, match="overlap in"):
        find_zones(make_observations(make_assets()), [make_hazard()], twice)
    with pytest.raises(InputError, match="contain no land"):
        find_zones(make_observations(make_assets()), [make_hazard()], strips(0, 50))


def test_zones_add_up_to_the_damage_of_the_study_area() -> None:
    assets = make_assets().assign(people=[4, 7, 0, np.nan, 0, 0, np.nan, 2])
    hazards = [make_hazard(), make_hazard(rise=0.4)]
    zones, stage_damage = make_stage_damage(assets, hazards, strips(0, 300, 700))
    known = assets.iloc[[0, 1, 2, 3, 7]]
    deviates = draw_curve_deviates(len(hazards[0].levels), np.random.default_rng(3))
    baseline = Baseline.of(hazards, known, overlay_exposure(known, REGION), deviates)
    damage = StageDamageByDesign.of(baseline, ())
    np.testing.assert_array_equal(stage_damage.levels, damage.draws.mapped)
    np.testing.assert_allclose(stage_damage.damage.sum(axis=0), damage.at_mapped_levels(frozenset()), rtol=1e-12)
    depth = np.concatenate([each.flood_depth for each in hazards], axis=1)
    order = np.argsort(np.concatenate([each.levels for each in hazards], axis=1), axis=1)
    flooded = np.take_along_axis((depth >= 0.15)[..., zones.of_cell != NOWHERE].sum(axis=-1), order, axis=1)
    land = np.bincount(zones.of_cell[(zones.of_cell != NOWHERE) & ~np.isnan(depth[0, 0])])
    np.testing.assert_allclose(np.tensordot(land, stage_damage.flooded_share, 1), flooded)
    homes = depth[:, :, [3, 3], [1, 8]]  # the two houses whose people are counted
    shop, uncounted = depth[:, :, 1, 3], depth[:, :, 4, 2]

    def people(deep: float, without_count: float) -> np.ndarray:
        wet = (homes >= deep) @ np.array([4.0, 7.0]) + 2.0 * (shop >= deep) + without_count * (uncounted >= deep)
        return np.take_along_axis(wet, order, axis=1)

    np.testing.assert_allclose(stage_damage.people_in_danger.sum(axis=0), people(0.5, 0.0))
    most = stage_damage.people_in_danger_at_most.sum(axis=0)
    np.testing.assert_allclose(most, COUNT_FACTOR * people(0.15, np.quantile([4, 7], LARGE_HOME)))
    assert stage_damage.unknown_assets.sum() == 3
    assert stage_damage.unknown_value.sum() == 1.3e6
    assert stage_damage.uncounted_homes.sum() == 1


def test_unknown_stays_unknown() -> None:
    hidden = gpd.GeoDataFrame({"name": ["corner", "rest"]}, crs=REGION.crs,
                              geometry=[box(900, 700, 1000, 800), box(0, 0, 1000, 700)])  # fmt: skip
    assets = make_assets().assign(people=np.nan)
    zones, stage_damage = make_stage_damage(assets, [make_hazard()], hidden)
    corner = zones.names.index("corner")
    assert stage_damage.unknown_share[corner] == 1
    state = stage_damage.at(np.array([0.0, 1.5, 9.0]), 0)
    assert np.isnan(state.flooded_share[:, corner]).all()
    assert np.isnan(state.damage[:, corner]).all()
    assert np.isnan(state.people_in_danger).all()
    assert np.isnan(state.people_in_danger_at_most).all()
    rest = zones.names.index("rest")
    assert np.isfinite(state.flooded_share[:, rest]).all()
    assert stage_damage.unknown_share[rest] == 0
    assert np.isnan(stage_damage.at(np.nan, 0).damage).all()
    _, uncounted = make_stage_damage(make_assets(), [make_hazard()], hidden)
    assert np.isnan(uncounted.people_in_danger_at_most).all()


def noisy_stage_damage(seed: int) -> StageDamageByZone:
    """Maps whose noise now and then lets a flood shrink as the sea rises."""
    rng = np.random.default_rng(seed)
    hazards = []
    for rise in (0.0, 0.1, 0.5):
        smooth = make_hazard(samples=4, seed=1, rise=rise)
        noise = rng.normal(0, 0.3, smooth.flood_depth.shape).astype(np.float32)
        depth = np.maximum.accumulate(np.maximum(smooth.flood_depth + noise, 0), axis=1)
        hazards.append(Hazard(**{**vars(smooth), "flood_depth": depth}))
    people = rng.integers(0, 9, 8).astype(float)
    return make_stage_damage(
        make_assets().assign(people=people), hazards, strips(0, *np.sort(rng.choice(8, 3, False) * 100 + 200))
    )[1]


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16), st.lists(st.floats(-2, 6), min_size=2, max_size=20))
def test_a_higher_sea_level_never_reduces_any_number(seed: int, drawn: list[float]) -> None:
    stage_damage, levels = noisy_stage_damage(seed), np.sort(drawn)
    for sample in range(4):
        state = stage_damage.at(levels, sample)
        for values in vars(state).values():
            known = ~np.isnan(values).any(axis=0)
            assert (np.diff(values[:, known], axis=0) >= -1e-9).all()
            assert (values[levels <= 0.5][:, known] == 0).all()
            assert np.isnan(values[:, ~known]).all()
        assert (np.nan_to_num(state.flooded_share) <= 1).all()
        assert (np.nan_to_num(state.flooded_share) >= 0).all()


def test_numbers_are_linear_between_mapped_levels_and_constant_above() -> None:
    stage_damage = noisy_stage_damage(5)
    levels, samples = np.linspace(-1, 6, 57), np.arange(4)
    state = stage_damage.at(levels[:, None], samples)  # (N, S, Z)
    for sample in samples:
        knots = np.concatenate([[0.5], stage_damage.levels[sample]])
        for zone in range(state.damage.shape[2]):
            for name, values in vars(state).items():
                curve = np.concatenate([[0.0], getattr(stage_damage, name)[zone, sample]])
                np.testing.assert_allclose(values[:, sample, zone], np.interp(levels, knots, curve), atol=1e-9)
    np.testing.assert_array_equal(stage_damage.highest, stage_damage.levels[:, -1])


def test_a_member_keeps_its_sample() -> None:
    stage_damage = noisy_stage_damage(6)
    members = stage_damage.at(np.full(8, 1.3), np.arange(8) % 4)
    np.testing.assert_array_equal(members.damage[:4], members.damage[4:])
    np.testing.assert_array_equal(members.damage[2], stage_damage.at(1.3, 2).damage)


def test_a_sample_whose_lowest_level_is_below_the_dry_one_starts_with_a_step() -> None:
    zones = find_zones(make_observations(make_assets()), [make_hazard()], strips(0, 300, 700))
    stage_damage = StageDamageByZone.of(zones, [make_hazard()], make_assets(), 1.2, np.random.default_rng(0))
    lowest = float(stage_damage.levels[0, 0])
    assert lowest < 1.2
    assert (stage_damage.at(lowest - 0.01, 0).damage == 0).all()
    np.testing.assert_allclose(stage_damage.at(lowest, 0).damage, stage_damage.damage[:, 0, 0])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda r: {"damage": -r.damage}, "negative or falls"),
        (lambda r: {"flooded_share": 3 * r.flooded_share}, "leaves 0 to 1"),
        (lambda r: {"levels": r.levels[:, ::-1]}, "do not ascend"),
        (lambda r: {"people_in_danger": r.people_in_danger[:1]}, "need"),
        (lambda r: {"damage": np.where(np.arange(r.levels.shape[1]) == 2, np.nan, r.damage)}, "in part"),
        (lambda r: {"dry_level": np.nan}, "dry level"),
        (lambda r: {"dangerous_share": np.minimum(r.flooded_share + 0.1, 1)}, "more land is dangerous than flooded"),
        (lambda r: {"people_in_danger": -1 - r.people_in_danger}, "negative or falls"),
        (lambda r: {"dangerous_level": r.dangerous_level[:, :2]}, "dangerous_level is"),
    ],
)
def test_an_inconsistent_stage_damage_is_refused(change: object, fault: str) -> None:
    stage_damage = noisy_stage_damage(7)
    with pytest.raises(InputError, match=fault):
        StageDamageByZone(
            **{
                **{name: getattr(stage_damage, name) for name in stage_damage.__dataclass_fields__},
                **change(stage_damage),
            }
        )  # type: ignore[operator]


def test_hazards_of_another_grid_are_refused() -> None:
    zones = find_zones(make_observations(make_assets()), [make_hazard()])
    with pytest.raises(InputError, match="hazard under sea-level rise"):
        StageDamageByZone.of(
            zones, [make_hazard(), make_hazard(samples=3)], make_assets(), 0.5, np.random.default_rng(0)
        )


def test_zones_without_a_cell_or_with_one_name_twice_are_refused() -> None:
    square, cells = box(0, 0, 1, 1), np.array([[0, 1]])
    with pytest.raises(InputError, match="of them different"):
        Zones(("a", "a"), (square, square), cells, np.array([0]), "nobody")
    with pytest.raises(InputError, match="has no cell"):
        Zones(("a", "b"), (square, square), np.zeros((1, 2), dtype=int), np.array([0]), "nobody")
    with pytest.raises(InputError, match="in no zone"):
        Zones(("a", "b"), (square, square), cells, np.array([-1]), "nobody")


def test_a_study_area_without_floods_still_has_a_zone() -> None:
    zones = find_zones(make_observations(make_assets()), [flat_hazard(REGION, np.zeros(REGION.shape, dtype=bool))])
    assert (zones.of_cell[:, 1:] != NOWHERE).all()


def test_a_sea_at_two_mapped_levels_that_are_the_same_is_as_known_as_any_other() -> None:
    share = np.array([[[0.1, 0.4, 0.4]]])
    counts, nothing = np.zeros(1, dtype=np.int64), np.zeros_like(share)
    zones = StageDamageByZone(
        levels=np.array([[2.0, 3.0, 3.0]]), dry_level=0.0, flooded_share=share, damage=nothing,
        dangerous_share=nothing, people_in_danger=nothing, people_in_danger_at_most=nothing,
        dangerous_level=np.full((1, 1), np.inf), unknown_share=np.zeros(1), uncounted_homes=counts,
        unknown_assets=counts, unknown_value=np.zeros(1),
    )  # fmt: skip
    found = zones.at([2.5, 3.0, 4.0], 0).flooded_share[:, 0]
    np.testing.assert_allclose(found, [0.25, 0.4, 0.4])
