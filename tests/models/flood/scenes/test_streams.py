"""Streams and hand features of a scene: what is unknown is unseen, and what carries no level has none."""

from dataclasses import replace

import numpy as np
import torch

from strandline.models.flood.scenes.cell_features import FEATURES, OPTICAL_FEATURES, RADAR_FEATURES, cell_features
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.streams import (
    OPTICAL_STREAMS,
    RADAR_STREAMS,
    SCENE_STREAMS,
    SceneStreams,
    only,
    scene_streams,
    stack_streams,
)
from strandline.observations.arrays import SingleFloats
from strandline.observations.flood_scenes.scene import FloodScene
from tests.fixtures.flood_scenes import draw_scene


def streams_of(scene: FloodScene) -> SceneStreams:
    return scene_streams(scene, SceneStatistics.of(scene))


def features_of(scene: FloodScene) -> dict[str, SingleFloats]:
    return dict(zip(FEATURES, cell_features(scene, SceneStatistics.of(scene)), strict=True))


def test_a_whole_scene_has_every_stream_with_its_channels() -> None:
    found = streams_of(replace(draw_scene(0), points=np.ones((32, 32), dtype=np.float32)))
    assert {name: len(values) for name, (values, _) in found.items()} == SCENE_STREAMS
    assert {*RADAR_STREAMS, *OPTICAL_STREAMS, "points"} == set(SCENE_STREAMS)
    assert all(seen.all() and values.dtype == np.float32 for values, seen in found.values())


def test_a_cell_that_is_nan_is_unseen_and_zero_in_its_streams_alone() -> None:
    scene = draw_scene(0)
    assert scene.radar_after is not None
    radar = scene.radar_after.copy()
    radar[0, 5, 7] = np.nan
    found = streams_of(replace(scene, radar_after=radar))
    for name, (values, seen) in found.items():
        hit = name in ("vv_after", "vv_change", "level_after")
        assert seen[5, 7] != hit, name
        assert seen.sum() == seen.size - hit
        assert not hit or not values[:, 5, 7].any()
        assert np.isfinite(values).all()


def test_a_band_or_an_image_that_is_missing_gives_no_stream() -> None:
    scene = draw_scene(0)
    assert scene.radar_after is not None
    no_vh = scene.radar_after.copy()
    no_vh[1] = np.nan
    found = streams_of(replace(scene, radar_after=no_vh))
    assert {"vh_after", "vh_change", "level_after"}.isdisjoint(found)
    assert {"vv_after", "vv_change", "vh_before", "level_before"} < set(found)
    assert not any(
        "change" in name or "before" in name for name in streams_of(scene.without("radar_before", "optical_before"))
    )


def test_relative_radar_has_no_level_and_its_scale_does_not_matter() -> None:
    scene = replace(draw_scene(0), radar_unit="relative")
    assert scene.radar_before is not None
    assert scene.radar_after is not None
    found = streams_of(scene)
    assert not any(name.startswith("level") for name in found)
    stretched = replace(scene, radar_before=0.1 * scene.radar_before + 3, radar_after=0.1 * scene.radar_after + 3)
    for name, (values, _) in streams_of(stretched).items():
        np.testing.assert_allclose(values, found[name][0], atol=2e-3)
    assert not any("level" in name for name, values in features_of(scene).items() if np.isfinite(values).any())


def test_decibels_keep_their_absolute_level() -> None:
    scene = draw_scene(0)
    assert scene.radar_after is not None
    darker = streams_of(replace(scene, radar_after=scene.radar_after - 6))
    np.testing.assert_allclose(darker["level_after"][0], streams_of(scene)["level_after"][0] - 1, atol=1e-5)
    np.testing.assert_allclose(darker["vv_after"][0], streams_of(scene)["vv_after"][0], atol=1e-4)


def test_streams_of_scenes_are_stacked_and_one_that_is_absent_is_seen_nowhere() -> None:
    stacked = stack_streams([streams_of(draw_scene(0)), streams_of(draw_scene(1).without("radar_before"))])
    values, seen = stacked["vv_change"]
    assert values.shape == (2, 1, 32, 32)
    assert seen[0].all()
    assert not seen[1].any()
    assert not values[1].any()
    assert set(only(stacked, RADAR_STREAMS)) == set(RADAR_STREAMS)
    assert "points" not in stacked
    assert values.dtype == torch.float32


def test_features_come_in_the_order_of_their_names() -> None:
    assert FEATURES == RADAR_FEATURES + OPTICAL_FEATURES
    assert len(set(FEATURES)) == len(FEATURES)
    scene = draw_scene(0)
    found = features_of(scene)
    assert all(np.isfinite(values).all() for values in found.values())
    assert scene.optical_after is not None
    assert scene.radar_after is not None
    np.testing.assert_array_equal(found["near_after"], scene.optical_after[1])
    np.testing.assert_allclose(found["vh_after_level_3"][5, 5], scene.radar_after[1, 4:7, 4:7].mean(), rtol=1e-5)
    green, near, _ = scene.optical_after
    np.testing.assert_allclose(found["ndwi_after_1"], (green - near) / (green + near + 0.02), rtol=1e-5)


def test_features_that_a_scene_does_not_show_are_nan_and_no_others() -> None:
    found = features_of(draw_scene(0).without("radar_before", "optical_before", "optical_after"))
    for name, values in found.items():
        absent = name in OPTICAL_FEATURES or "before" in name or "change" in name
        assert np.isnan(values).all() == absent, name
        assert np.isfinite(values).all() != absent, name
