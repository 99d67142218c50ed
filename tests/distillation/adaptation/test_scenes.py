"""Labels adapt a scene mapper where they help on labels that were held out, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from strandline.distillation.adaptation.scenes import adapt_scene_mapper
from strandline.models.flood.scenes.index_thresholds import IndexThresholds, Threshold
from strandline.observations.flood_scenes.scene import UNKNOWN
from tests.fixtures.lakes import lake, lake_scene, overlap

WATER = lake()
TOO_LOW = IndexThresholds({"vv": Threshold(-20.0, 1.5, is_found=False)})
"""Misses most of the lake."""


def labels(share: float = 0.1) -> np.ndarray:
    known = np.random.default_rng(4).random(WATER.shape) < share
    return np.where(known, WATER, UNKNOWN).astype(np.int8)


def test_a_handful_of_labels_mends_a_wrong_threshold() -> None:
    scene = lake_scene(WATER)
    mapper, adaptation = adapt_scene_mapper(TOO_LOW, scene, labels(), seed=1)
    assert adaptation.iou_before is not None
    assert adaptation.iou_after is not None
    assert adaptation.iou_after > adaptation.iou_before + 0.3
    assert adaptation.weight > 0
    assert overlap(mapper.map(scene).probability >= 0.5, WATER) > 0.9


def test_labels_that_gain_nothing_change_nothing() -> None:
    scene = lake_scene(WATER)
    fitted = IndexThresholds().of_region(scene)
    mapper, adaptation = adapt_scene_mapper(fitted, scene, labels(), seed=1)
    assert mapper is fitted
    assert adaptation.weight == 0
    assert adaptation.advice.startswith("not adapted")


@pytest.mark.parametrize("state", [0, 1])
def test_labels_of_one_state_cannot_be_judged(state: int) -> None:
    label = np.where(labels() == state, state, UNKNOWN).astype(np.int8)
    mapper, adaptation = adapt_scene_mapper(TOO_LOW, lake_scene(WATER), label, seed=1)
    assert mapper is TOO_LOW
    assert adaptation.iou_before is None
    assert adaptation.labelled_cells > 0


def test_labels_where_nothing_was_seen_are_no_labels() -> None:
    scene = lake_scene(WATER)
    assert scene.radar_after is not None
    blind = replace(scene, radar_after=np.where(labels() == UNKNOWN, scene.radar_after, np.nan).astype(np.float32))
    _, adaptation = adapt_scene_mapper(TOO_LOW, blind, labels(), seed=1)
    assert adaptation.labelled_cells == 0
