"""The learning table of a run, with and without baselines."""

import numpy as np
import pytest

from strandline.observations.weather.storms import Split
from strandline.pipeline.scores.flood_maps import (
    NOISE,
    FloodScores,
    learning_scores,
    reliability,
)
from strandline.pipeline.study_area import StudyArea
from tests.fixtures import reports as coast

IOU = {"teacher": 0.7, "distilled": 0.6, "pretrained": 0.5}


def scores_of(**baselines: float) -> FloodScores:
    return FloodScores({**IOU, **baselines}, np.empty(0, np.float32), np.empty(0, bool), float("nan"))


def table(**baselines: float):
    area = StudyArea(coast.observations("simulated"))
    return learning_scores(scores_of(**baselines), area, Split((), (), (), ()), None)


def test_the_gap_is_the_share_of_the_way_from_labels_to_teacher() -> None:
    found = table(labels_only=0.3, pretrained_finetuned=0.35)
    assert found.gap_closed == pytest.approx(0.75)
    assert found.retention == pytest.approx(6 / 7)
    assert (found.labels_only_iou, found.finetuned_iou, found.miss_rate) == (0.3, 0.35, None)


def test_a_gap_within_noise_is_undefined() -> None:
    assert table(labels_only=0.7 - 0.9 * NOISE).gap_closed is None


def test_without_baselines_neither_labels_nor_gap_are_known() -> None:
    found = table()
    assert (found.labels_only_iou, found.finetuned_iou, found.gap_closed) == (None, None, None)
    assert found.student_iou == 0.6


def test_reliability_is_the_observed_frequency_per_bin_of_probability() -> None:
    probability = np.array([0.05, 0.05, 0.95, 0.95], np.float32)
    found = reliability(FloodScores(IOU, probability, np.array([False, True, True, True]), 0.0))
    assert found is not None
    assert found.observed == (0.5, 1.0)
    assert found.cells == (2, 2)
    assert reliability(scores_of()) is None
