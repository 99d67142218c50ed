"""Thresholds of backscatter and water indices, against lakes whose extent is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.models.flood.scenes.images.otsu import TwoClasses, classes_of_image
from strandline.models.flood.scenes.index_thresholds import STATED_DB, IndexThresholds
from strandline.observations.flood_scenes.scene import FloodScene
from tests.fixtures.lakes import CELL, lake, lake_scene, optical_of, overlap, radar_of

WATER = lake()


@pytest.mark.parametrize(
    "scene",
    [
        lake_scene(WATER),
        FloodScene(CELL, optical_after=optical_of(WATER)),
        FloodScene(CELL, radar_after=radar_of(WATER), optical_after=optical_of(WATER)),
        FloodScene(CELL, radar_after=radar_of(WATER), radar_before=radar_of(np.zeros_like(WATER), 3)),
    ],
    ids=["radar", "optical", "both", "with an image before"],
)
def test_a_lake_is_found_where_it_is(scene: FloodScene) -> None:
    found = IndexThresholds().map(scene)
    assert overlap(found.probability >= found.threshold, WATER) > 0.9


def test_two_sensors_are_surer_than_one() -> None:
    radar, optical = radar_of(WATER), optical_of(WATER)
    one = IndexThresholds().map(FloodScene(CELL, radar_after=radar)).probability
    both = IndexThresholds().map(FloodScene(CELL, radar_after=radar, optical_after=optical)).probability

    def loss(probability: np.ndarray) -> float:
        return float(-np.log(np.where(WATER, probability, 1 - probability)).mean())

    assert loss(both) < loss(one)


def test_an_image_without_water_gives_none_by_the_stated_threshold() -> None:
    dry = IndexThresholds().of_region(lake_scene(np.zeros_like(WATER)))
    assert dry.thresholds["vv"].level == STATED_DB["vv"]
    assert not dry.thresholds["vv"].is_found
    assert (dry.map(lake_scene(np.zeros_like(WATER))).probability < 0.5).all()


def test_one_class_that_is_cut_in_two_is_not_called_two() -> None:
    values = np.random.default_rng(0).normal(-9, 2, (128, 128)).astype(np.float32)
    split = TwoClasses.of(values)
    assert split is not None
    assert not split.is_bimodal
    assert classes_of_image(values) is None


def test_a_small_lake_in_a_large_image_has_a_threshold_of_its_own() -> None:
    small = lake(512, radius=0.06)  # one per cent of the image
    found = IndexThresholds().of_region(lake_scene(small)).thresholds["vv"]
    assert found.is_found
    assert found.level == pytest.approx(-14, abs=1.5)


def test_a_cell_that_no_image_shows_is_unknown_and_not_dry() -> None:
    radar = radar_of(WATER)
    radar[:, :10] = np.nan
    found = IndexThresholds().map(FloodScene(CELL, radar_after=radar))
    assert np.isnan(found.probability[:10]).all()
    assert np.isnan(found.spread[:10]).all()
    assert np.isfinite(found.probability[12:]).all()


def test_a_scene_that_shows_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="neither a radar nor an optical image"):
        IndexThresholds().map(FloodScene(CELL, elevation=np.zeros((4, 4), np.float32)))


def test_what_somebody_saw_holds_in_its_cell() -> None:
    points = np.full(WATER.shape, np.nan, np.float32)
    points[48, 48], points[2, 2] = 0.0, 1.0
    found = IndexThresholds().map(replace(lake_scene(WATER), points=points))
    assert found.probability[48, 48] < 0.1
    assert found.probability[2, 2] > 0.9
    assert "points" in found.members
    assert "points" in found.streams


@settings(max_examples=20, deadline=None)
@given(offset=st.floats(-1, 1), seed=st.integers(0, 100))
def test_a_darker_cell_is_never_less_likely_water(offset: float, seed: int) -> None:
    fitted = IndexThresholds().of_region(lake_scene(WATER))
    level = np.random.default_rng(seed).uniform(-25, -5)
    pair = np.full((2, 2, 8, 8), level, np.float32)
    pair[1] -= abs(np.float32(offset))
    lighter, darker = (fitted.map(FloodScene(CELL, radar_after=each)).probability for each in pair)
    assert (darker >= lighter - 1e-6).all()


def test_tiles_with_the_statistics_of_the_whole_agree_with_it() -> None:
    scene = lake_scene(WATER)
    fitted = IndexThresholds().of_region(scene)
    part = fitted.map(scene.window(slice(0, 40), slice(0, 40))).probability
    np.testing.assert_allclose(part[:38, :38], fitted.map(scene).probability[:38, :38], atol=1e-6)
