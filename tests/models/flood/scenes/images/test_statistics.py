"""Statistics of images: lines between two of them that floods do not draw, ranks, and tiles that share them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.models.flood.scenes.cell_features import cell_features
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.images.statistics import Match, RankTable, Standard
from strandline.models.flood.scenes.streams import scene_streams
from tests.fixtures.flood_scenes import draw_scene


@settings(max_examples=20, deadline=None)
@given(slope=st.floats(0.6, 1.6), intercept=st.floats(-3, 3), share=st.floats(0.0, 0.3), seed=st.integers(0, 1000))
def test_a_match_ignores_flooded_cells(slope: float, intercept: float, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.normal(-10, 2, 4000)
    after = intercept + slope * before + rng.normal(0, 0.3, before.size)
    flooded = rng.random(before.size) < share
    after[flooded] -= 8
    match = Match.of(before, after)
    assert match.slope == pytest.approx(slope, abs=0.06)
    assert match.intercept + match.slope * -10 == pytest.approx(intercept + slope * -10, abs=0.1)
    change = match.change(before, after)
    assert np.median(change[~flooded]) == pytest.approx(0, abs=0.3)
    assert not flooded.any() or change[flooded].max() < -6
    assert change.min() >= -10


def test_too_few_cells_give_no_line_no_standard_and_no_rank() -> None:
    few = np.full((10, 10), np.nan)
    few[0] = np.arange(10)
    assert Match.of(few, few) == Match(1.0, 0.0, 1.0)
    assert Standard.of(few) == Standard(0.0, 1.0)
    assert np.isnan(RankTable.of(few).rank(few)).all()


def test_a_standard_is_median_and_spread_of_what_is_known() -> None:
    values = np.r_[np.random.default_rng(0).normal(3, 2, 20_000), np.full(5000, np.nan)]
    standard = Standard.of(values)
    assert (standard.centre, standard.spread) == (pytest.approx(3, abs=0.05), pytest.approx(2, rel=0.03))
    assert Standard.of(np.full(100, 7.0)).apply(np.array([7.0]))[0] == 0  # a constant image divides by no zero


def test_a_rank_is_the_share_of_the_image_below() -> None:
    image = np.r_[np.random.default_rng(0).permutation(10_001).astype(float), np.nan]
    ranks = RankTable.of(image).rank(np.array([-5.0, 0.0, 2500.0, 10_000.0, 1e6, np.nan]))
    np.testing.assert_allclose(ranks, [0, 0, 0.25, 1, 1, np.nan], atol=1e-6)


def test_a_tile_with_the_statistics_of_its_scene_has_the_streams_and_features_of_the_whole() -> None:
    scene = draw_scene(0, side=64)
    statistics = SceneStatistics.of(scene)
    rows, columns = slice(16, 48), slice(8, 56)
    tile = scene.window(rows, columns)
    whole, part = scene_streams(scene, statistics), scene_streams(tile, statistics)
    assert list(whole) == list(part)
    inside = (slice(1, -1), slice(1, -1))  # local means of 3 cells end at the tile's edge
    for name, (values, seen) in part.items():
        np.testing.assert_allclose(values[:, *inside], whole[name][0][:, rows, columns][:, *inside], atol=1e-4)
        np.testing.assert_array_equal(seen, whole[name][1][rows, columns])
    deep = (slice(8, -8), slice(8, -8))
    of_whole = cell_features(scene, statistics)[:, rows, columns][:, *deep]
    np.testing.assert_allclose(cell_features(tile, statistics)[:, *deep], of_whole, atol=1e-3)
    own = scene_streams(tile, SceneStatistics.of(tile))
    assert not np.allclose(own["vv_after"][0], part["vv_after"][0], atol=1e-2)  # its own statistics are others
