"""Headline numbers of the benchmark on chips, from rows written by hand."""

import pytest

from benchmarks.floods.summary import markdown, summarise
from benchmarks.record import Record, Row

FRACTIONS = (0.01, 0.05, 1.0)
PAIRS = {"a": 20, "b": 40}
"""1 % of either is one chip, 5 % one and two."""
NO_LABEL = ("committee", "pretrained", "unet_pretrained", "trees_pretrained", "all_wet")


def make_row(method: str, iou: float, event: str, seed: int, chips: int, **more: str | float) -> Row:
    row: Row = {"setting": "archive", "event": event, "seed": seed, "n_chips": 10, "pairs": PAIRS[event]}
    row |= {"label_fraction": chips / PAIRS[event], "labelled_chips": chips, "method": method}
    return {**row, "iou": iou, "iou_raw": iou - 0.1, "ece": 0.03, **more}


def make_rows(distilled: float = 0.5, in_b: float = 0.1) -> list[Row]:
    """Every score is higher by 0.1 in event b, that of the distilled student by ``in_b``; seeds agree."""
    scores = {
        "committee": 0.6, "pretrained": 0.3, "unet_pretrained": 0.31, "committee_adapted": 0.62,
        "pretrained_finetuned": 0.4, "unet_finetuned": 0.42, "labels_only": 0.2, "self_training": 0.35,
        "self_training_clear": 0.36, "boosted_trees": 0.45, "distilled": distilled, "shuffled_teacher": 0.4,
        "random_teacher": 0.39, "full_labels": 0.55,
    }  # fmt: skip
    rows = []
    for method, iou in scores.items():
        for event in ("a", "b"):
            score = iou + {"a": 0.0, "b": in_b if method == "distilled" else 0.1}[event]
            few = {"a": (1,), "b": (1, 2)}[event]  # one chip is 1 % and 5 % of a: one row, not two
            counts = (0,) if method in NO_LABEL else (PAIRS[event],) if method == "full_labels" else few
            rows += [make_row(method, score, event, seed, chips) for chips in counts for seed in (0, 1)]
    return rows


def test_the_gain_is_over_the_best_fair_baseline_and_retention_over_the_word_that_taught() -> None:
    summary = summarise(make_rows(), FRACTIONS)
    assert summary["fractions"] == "0.01 0.05 1"
    assert summary["archive/committee"] == pytest.approx(0.65)
    assert summary["archive/committee_ece"] == pytest.approx(0.03)
    assert summary["archive/full_labels"] == pytest.approx(0.60)
    assert summary["archive/0.05/committee_adapted"] == pytest.approx(0.67)
    assert summary["archive/0.05/distilled"] == pytest.approx(0.55)
    assert summary["archive/0.05/best_without_teacher"] == "boosted_trees"
    assert summary["archive/0.05/best_score"] == pytest.approx(0.50)
    assert summary["archive/0.05/gain"] == pytest.approx(0.05)
    assert summary["archive/0.05/gain_low"] == pytest.approx(0.05)  # the same in every event and seed
    assert summary["archive/0.05/retention"] == pytest.approx(0.55 / 0.67)
    assert summary["archive/0.05/retention of the unadapted teacher"] == pytest.approx(0.55 / 0.65)
    assert summary["archive/0.05/worst_event_against_finetuning"] == pytest.approx(0.1)
    assert not any(name.startswith("archive/1/") for name in summary)  # with all labels there is nothing to distil


def test_an_unlabelled_baseline_can_be_the_best() -> None:
    rows = make_rows() + [make_row("trees_pretrained", 0.7, event, seed, 0) for event in PAIRS for seed in (0, 1)]
    summary = summarise(rows, FRACTIONS)
    assert summary["archive/0.05/best_without_teacher"] == "trees_pretrained"
    assert summary["archive/0.05/gain"] == pytest.approx(0.55 - 0.7)


def test_a_fraction_asked_for_picks_rows_by_their_number_of_labelled_chips_and_no_row_is_a_copy() -> None:
    rows = make_rows()
    keys = [(row["method"], row["event"], row["seed"], row["labelled_chips"]) for row in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        if row["method"] == "distilled" and row["labelled_chips"] == 2:  # 5 % of event b alone
            row["iou"] = 0.9
    summary = summarise(rows, FRACTIONS)
    assert summary["archive/0.01/distilled"] == pytest.approx((0.5 + 0.6) / 2)
    assert summary["archive/0.05/distilled"] == pytest.approx((0.5 + 0.9) / 2)


def test_a_lower_end_just_below_zero_is_printed_with_its_sign() -> None:
    summary = summarise(make_rows(distilled=0.4499, in_b=0.15), FRACTIONS)
    assert summary["archive/0.05/gain_low"] == pytest.approx(-0.0001)
    signed = str(summary["archive/0.05/gain_signed"])
    assert "−0.0001" in signed
    assert "0.000 " not in signed
    assert signed.startswith("+0.025")


def test_the_table_has_the_mean_of_each_method_and_the_true_fractions() -> None:
    rows = make_rows()
    record = Record("floods", "real", {}, [0, 1], rows, summarise(rows, FRACTIONS))
    table = markdown(record)
    lines = table.splitlines()
    assert "| setting | method | labels 0 | labels 0.01 | labels 0.05 | labels 1 |" in lines
    assert "| archive | committee | 0.65 | – | – | – |" in lines
    assert "| archive | distilled | – | 0.55 | 0.55 | – |" in lines
    assert "| archive | full_labels | – | – | – | 0.6 |" in lines
    assert "0.01 = 0.025 to 0.050; 0.05 = 0.050 to 0.050; 1 = 1.000 to 1.000" in table


def test_a_control_is_compared_with_fine_tuning_on_the_seeds_that_it_ran() -> None:
    rows = [row for row in make_rows() if row["method"] != "random_teacher" or row["seed"] == 0]
    for row in rows:
        if row["method"] == "pretrained_finetuned" and row["seed"] == 1:
            row["iou"] = 0.0  # not a seed of the control
    summary = summarise(rows, FRACTIONS)
    assert summary["archive/0.05/random_teacher_gain"] == pytest.approx(-0.01)


def test_one_student_for_every_subset_is_compared_with_the_specialist_of_that_subset() -> None:
    rows = make_rows()
    rows += [
        {**make_row("distilled", iou, event, seed, chips, streams="archive"), "setting": "outage"}
        for event, iou, chips in (("a", 0.47, 1), ("b", 0.57, 2))
        for seed in (0, 1)
    ]
    rows += [{**row, "seed": 2} for row in make_rows(0.9) if row["seed"] == 0]  # on which the one student did not run
    summary = summarise(rows, FRACTIONS)
    assert summary["outage/0.05/archive"] == pytest.approx(-0.03)
    assert "outage/committee" not in summary


def test_chips_of_one_image_are_compared_with_the_better_threshold() -> None:
    scores = {"committee": 0.7, "otsu": 0.5, "threshold_db": 0.6, "all_wet": 0.2, "pretrained": 0.65, "shipped": 0.61}
    rows = [
        {**make_row(method, iou, event, 0, 0), "setting": "one_image", "pairs": 0}
        for method, iou in scores.items()
        for event in PAIRS
    ]
    summary = summarise(rows, FRACTIONS)
    assert summary["one_image/committee"] == pytest.approx(0.7)
    assert summary["one_image/best_threshold"] == "threshold_db"
    assert summary["one_image/committee_gain"] == pytest.approx(0.1)
    assert summary["one_image/shipped_gain"] == pytest.approx(0.01)
    record = Record("floods", "real", {}, [0], rows, summary)
    assert "| one_image | committee | 0.7 |" in markdown(record)
