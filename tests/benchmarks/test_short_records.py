"""The benchmarks of short records and of absences: what they score."""

import numpy as np
import pytest

from benchmarks.absences.run import CASES
from benchmarks.absences.summary import scores as scores_of_absences
from benchmarks.record import Row
from benchmarks.short_records.run import MaximaRecord, rows_of_maxima
from benchmarks.short_records.summary import scores, summarise


def test_coverage_counts_both_sides_and_the_bias_is_in_metres() -> None:
    same: Row = {"kind": "hours", "gauge": "pier", "years": 2, "return_period": 10.0, "whole": 2.0}
    found = [(1.9, 1.5, 2.5), (2.2, 2.1, 2.6), (2.2, 1.8, 2.9), (1.8, 1.6, 1.9)]
    rows: list[Row] = [{**same, "level": level, "low": low, "high": high} for level, low, high in found]
    (row,) = scores(rows, "kind", "years")
    assert (row["coverage_90"], row["below"], row["above"]) == (0.5, 0.25, 0.25)
    assert row["bias_m"] == pytest.approx(0.05)
    assert summarise(rows)["hours 2 years coverage_90"] == 0.5


def test_every_piece_of_a_list_of_maxima_is_compared_with_the_whole() -> None:
    record = MaximaRecord("pier", np.arange(1950.0, 1974.0), 1.5 + 0.1 * np.random.default_rng(0).gumbel(size=24))
    rows = list(rows_of_maxima(record, 1))
    pieces = {years: sum(row["years"] == years for row in rows) // 3 for years in (2, 6, 12)}
    assert pieces == {2: 12, 6: 4, 12: 2}
    assert len({row["whole"] for row in rows}) == 3


def test_absences_are_scored_by_means_over_coasts() -> None:
    names = ("level", "low", "high", "truth", "people", "people_truth", "people_low", "people_high")
    money = ("money", "money_truth", "money_low", "money_high")
    rows: list[Row] = [
        {"given": name, **dict.fromkeys(names, 1.0), **dict.fromkeys(money, 1e6), "truth": truth, "high": 2.0}
        for name in CASES
        for truth in (1.5, 2.5)
    ]
    found = scores_of_absences(rows)
    assert [row["given"] for row in found] == list(CASES)
    assert {(row["error_m"], row["inside"], row["money"]) for row in found} == {(1.0, 0.5, 0.0)}
