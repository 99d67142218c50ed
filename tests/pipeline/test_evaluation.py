"""The learning table of a run, with and without baselines."""

import numpy as np
import pandas as pd
import pytest

from strandline.observations.weather.storms import Split
from strandline.pipeline.evaluation import (
    NOISE,
    FloodScores,
    SurgeTable,
    learning_scores,
    reliability,
    surge_scores,
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


def test_the_peak_of_each_storm_is_held_against_the_earliest_forecast_that_reaches_it() -> None:
    """Two storms: the first peaks above the range issued a day before, the second within it."""
    tables = []
    for start, peak in (("2020-01-01", 2.0), ("2020-06-01", 1.5)):
        issues = pd.date_range(start, periods=20, freq="3h")
        top = issues[-1]
        for issue in issues:
            time = pd.date_range(issue, periods=25, freq="h")
            observed = np.where(time == top, peak, 1.0)
            early = 0.0 if issue > top - pd.Timedelta("20h") else 0.4  # late forecasts know it
            middle = np.where(time == top, peak - early, 1.0)
            tables += [
                pd.DataFrame(
                    {
                        "issue_time": issue, "time": time, "lead_h": np.arange(25), "p50": middle, "p10": middle - 0.1,
                        "p90": middle + (0.1 if peak == 2.0 else 0.5), "p05": middle - 0.2, "p95": middle + 0.6,
                        "observed": observed, "tide": np.ones(25), "persistence": np.ones(25),
                    }
                )
            ]  # fmt: skip
    scores = surge_scores(SurgeTable(pd.concat(tables, ignore_index=True)))
    assert (scores.storms, scores.peaks_above, scores.peaks_below) == (2, 1, 0)
    assert scores.coverage_90_in_storms == 1.0


def test_reliability_is_the_observed_frequency_per_bin_of_probability() -> None:
    probability = np.array([0.05, 0.05, 0.95, 0.95], np.float32)
    found = reliability(FloodScores(IOU, probability, np.array([False, True, True, True]), 0.0))
    assert found is not None
    assert found.observed == (0.5, 1.0)
    assert found.cells == (2, 2)
    assert reliability(scores_of()) is None
