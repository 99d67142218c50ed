"""The benchmark of return levels: what it scores, and seas whose truth it knows."""

import numpy as np
import pytest

from benchmarks.extremes.gauges import _pieces
from benchmarks.extremes.methods import estimate, simulated_cyclones
from benchmarks.extremes.seas import draw_sea
from benchmarks.extremes.summary import scores, summarise
from benchmarks.record import Row
from strandline.observations.variables import HOURS_PER_YEAR


def rows() -> list[Row]:
    same: Row = {"sea": "mekong", "seed": 500, "return_period": 100.0, "truth": 2.0}
    own = [(1.9, 1.5, 2.5), (2.2, 2.1, 2.6), (2.2, 1.8, 2.9), (1.8, 1.6, 1.9)]
    found: list[Row] = [
        {**same, "record": i, "method": "own", "level": level, "low": low, "high": high}
        for i, (level, low, high) in enumerate(own)
    ]
    return [*found, {**same, "record": 0, "method": "scipy_gev", "level": 1.5, "low": None, "high": None}]


def test_bias_is_of_the_median_estimate_and_coverage_counts_both_sides() -> None:
    own, scipy = scores(rows())
    assert own["bias"] == pytest.approx(0.025)
    assert (own["coverage_90"], own["below"], own["above"]) == (0.5, 0.25, 0.25)
    assert scipy["bias"] == pytest.approx(-0.25)
    assert scipy["coverage_90"] is None


def test_pieces_are_compared_with_the_whole_record() -> None:
    pieces: list[Row] = [
        {"level": 2.0, "low": 1.8, "high": 2.4, "whole": 2.1},
        {"level": 2.5, "low": 2.3, "high": 2.9, "whole": 2.1},
    ]
    summary = summarise(rows(), pieces)
    assert summary["pieces median difference m"] == pytest.approx(0.25)
    assert summary["pieces whole within interval"] == 0.5


@pytest.mark.parametrize("name", ["temperate_with_cyclones", "mekong"])
def test_a_sea_is_drawn_again_from_its_seed_and_every_method_reads_it(name: str) -> None:
    sea = draw_sea(name, 2_000_000, years=12)
    (record,), (again,) = sea.records(1, 3), sea.records(1, 3)
    assert np.array_equal(record.level, again.level)
    assert sea.annual_maxima(record).shape == (12,)
    if name == "temperate_with_cyclones":
        assert simulated_cyclones(sea, 1) is None
    levels = estimate("recorded_cyclones", sea, record, None, (10.0, 40.0), 0)
    assert (levels.low < levels.middle).all()
    assert (levels.middle < levels.high).all()
    assert np.isnan(estimate("scipy_gev", sea, record, None, (10.0,), 0).low).all()


def test_pieces_of_a_real_record_hold_ten_years_of_readings_though_it_has_gaps() -> None:
    level = np.zeros(20 * HOURS_PER_YEAR)
    level[3 * HOURS_PER_YEAR : 4 * HOURS_PER_YEAR] = np.nan
    pieces = _pieces(level)
    assert [int((~np.isnan(level[piece])).sum()) for piece in pieces] == [10 * HOURS_PER_YEAR] * 3
    assert pieces[0].start == 0
    assert pieces[-1].stop == level.size
