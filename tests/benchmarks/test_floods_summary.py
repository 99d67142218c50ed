"""Headline numbers of the benchmark on chips, from rows written by hand."""

import pytest

from benchmarks.floods.summary import markdown, summarise
from benchmarks.record import Record, Row


def make_row(method: str, iou: float, event: str = "a", seed: int = 0, **more: str | float) -> Row:
    fraction = {"teacher": 0.0, "pretrained": 0.0, "full_labels": 1.0}.get(method, 0.05)
    row: Row = {"setting": "archive", "event": event, "seed": seed, "label_fraction": fraction, "method": method}
    return {**row, "iou": iou, "iou_raw": iou - 0.1, **more}


def make_rows(distilled: float = 0.5) -> list[Row]:
    scores = {
        "teacher": 0.6, "pretrained": 0.3, "pretrained_finetuned": 0.4, "labels_only": 0.2, "self_training": 0.35,
        "full_labels": 0.55, "distilled": distilled, "shuffled_teacher": 0.4, "random_teacher": 0.39,
    }  # fmt: skip
    return [
        make_row(method, iou + shift, event, seed)
        for method, iou in scores.items()
        for event, shift in (("a", 0.0), ("b", 0.1))
        for seed in (0, 1)
    ]


def test_retention_and_gaps_are_ratios_of_means_over_events() -> None:
    summary = summarise(make_rows())
    assert summary["archive/teacher"] == pytest.approx(0.65)
    assert summary["archive/teacher_raw"] == pytest.approx(0.55)
    assert summary["archive/0.05/best_without_teacher"] == "pretrained_finetuned"
    assert summary["archive/0.05/retention"] == pytest.approx(0.55 / 0.65)
    assert summary["archive/0.05/gain"] == pytest.approx(0.1)
    assert summary["archive/0.05/gain_low"] == pytest.approx(0.1)  # the same in every event and seed
    assert summary["archive/0.05/gap_to_teacher"] == pytest.approx(0.1 / 0.2)
    assert summary["archive/0.05/gap_to_ceiling"] == pytest.approx(0.1 / 0.15)
    assert summary["archive/0.05/worst_event_against_finetuning"] == pytest.approx(0.1)


def test_the_table_has_the_mean_of_each_method() -> None:
    rows = make_rows()
    record = Record("floods", "real", {}, [0, 1], rows, summarise(rows))
    lines = markdown(record, "python -m benchmarks.floods").splitlines()
    assert lines[0] == "    python -m benchmarks.floods"
    assert "| archive | teacher | 0.65 | – | – |" in lines
    assert "| archive | distilled | – | 0.55 | – |" in lines
    assert "| archive/0.05/retention | 0.846 |" in lines


def test_a_control_is_compared_with_fine_tuning() -> None:
    summary = summarise(make_rows())
    assert summary["archive/0.05/shuffled_teacher_gain"] == pytest.approx(0.0)
    assert summary["archive/0.05/random_teacher_gain"] == pytest.approx(-0.01)


def test_labels_that_fine_tuning_needs_lie_between_the_fractions_that_it_had() -> None:
    assert summarise(make_rows())["archive/0.05/labels_to_equal"] == pytest.approx(
        0.05 + 0.95 * (0.5 - 0.4) / (0.55 - 0.4)
    )
    assert summarise(make_rows(0.6))["archive/0.05/labels_to_equal"] == "more than all"


def test_a_gap_within_noise_is_undefined() -> None:
    rows = [row for row in make_rows() if row["method"] != "full_labels"]
    rows += [make_row("full_labels", 0.405), make_row("full_labels", 0.505, "b")]
    assert summarise(rows)["archive/0.05/gap_to_ceiling"] == "undefined"


def test_one_student_for_every_subset_is_compared_with_the_specialist_of_that_subset() -> None:
    rows = make_rows()
    rows += [
        {**make_row("distilled", iou, event, seed, streams="archive"), "setting": "outage"}
        for event, iou in (("a", 0.47), ("b", 0.57))
        for seed in (0, 1)
    ]
    rows += [{**row, "seed": 2} for row in make_rows(0.9) if row["seed"] == 0]  # on which the one student did not run
    summary = summarise(rows)
    assert summary["outage/0.05/archive"] == pytest.approx(-0.03)
    assert "outage/teacher" not in summary
