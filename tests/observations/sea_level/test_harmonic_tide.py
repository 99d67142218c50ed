"""Tides against utide itself, against the truth, and against the datums published for two real gauges."""

import gzip
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import utide
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.sea_level.harmonic_tide import (
    TidalConstants,
    adopt_tide,
    fit_tide,
    load_constants,
    predict_tide,
)

pytestmark = pytest.mark.slow


def hours(start: str, days: float) -> np.ndarray:
    return np.datetime64(start, "ns") + np.arange(round(days * 24)) * np.timedelta64(1, "h")


def red_noise(size: int, spread: float, seed: int = 0) -> np.ndarray:
    shocks = np.random.default_rng(seed).standard_normal(size)
    noise = np.empty(size)
    noise[0] = shocks[0]
    for i in range(1, size):
        noise[i] = 0.98 * noise[i - 1] + np.sqrt(1 - 0.98**2) * shocks[i]
    return spread * noise


def utide_solution(constants: TidalConstants) -> utide.utilities.Bunch:
    """utide's own structure, with our constants instead of fitted ones."""
    time = hours("2010-01-01", 400)
    names = list(constants.amplitude)
    solution = utide.solve(
        time,
        np.cos(np.arange(time.size)),
        lat=constants.latitude,
        constit=names,
        order_constit=names,
        trend=False,
        conf_int="none",
        verbose=False,
    )
    order = [str(name) for name in solution["name"]]
    solution["A"] = np.array([constants.amplitude[name] for name in order])
    solution["g"] = np.array([constants.phase[name] for name in order])
    solution["mean"] = 0.0
    return solution


@pytest.mark.parametrize("name", ["vung_tau", "chittagong"])
def test_a_predicted_tide_is_utides_within_a_millimetre(name: str) -> None:
    constants = load_constants(name)
    # Three years, nine apart: the nodal corrections differ by half their cycle.
    time = np.concatenate([hours("1997-03-01", 30), hours("2006-09-01", 30), hours("2015-06-01", 30)])
    theirs = utide.reconstruct(time, utide_solution(constants), min_SNR=0, verbose=False).h
    np.testing.assert_allclose(predict_tide(constants, time), theirs, atol=1e-3)


def error(fitted: TidalConstants, made: TidalConstants, time: np.ndarray) -> float:
    """Root mean square [m]."""
    return float(np.sqrt(np.mean((predict_tide(fitted, time) - predict_tide(made, time)) ** 2)))


def without_season(name: Literal["vung_tau", "chittagong"]) -> TidalConstants:
    constants = load_constants(name)
    kept = [constituent for constituent in constants.amplitude if constituent not in ("SA", "SSA")]
    amplitude, phase = ({name: of[name] for name in kept} for of in (constants.amplitude, constants.phase))
    return TidalConstants(name, constants.latitude, "without its season", amplitude, phase)


def test_a_pure_tide_is_given_back_within_a_millimetre() -> None:
    time = hours("2012-01-01", 60)
    chosen = {"M2": 0.77, "S2": 0.30, "N2": 0.16, "K1": 0.59, "O1": 0.45, "M4": 0.05}
    phases = dict(zip(chosen, (194.0, 229.0, 174.0, 207.0, 165.0, 267.0), strict=True))
    made = TidalConstants("made", 10.34, "synthetic", chosen, phases)
    fitted = fit_tide(time, predict_tide(made, time) + 1.7, 10.34, name="made", source="synthetic")
    np.testing.assert_allclose(
        predict_tide(fitted.constants, time) + fitted.mean, predict_tide(made, time) + 1.7, atol=1e-3
    )
    assert fitted.mean == pytest.approx(1.7, abs=0.02)


@pytest.mark.parametrize("name", ["vung_tau", "chittagong"])
@pytest.mark.parametrize("days", [20, 40, 190, 400])
def test_a_years_tide_is_nearer_the_truth_than_utides(name: Literal["vung_tau", "chittagong"], days: int) -> None:
    made, time, year = load_constants(name), hours("2012-01-01", days), hours("2013-06-01", 366)
    level = predict_tide(made, time) + 3.0 + red_noise(time.size, 0.1)
    level[200:260] = np.nan
    seen = np.isfinite(level)
    theirs = utide.solve(time[seen], level[seen], lat=made.latitude, trend=False, conf_int="none", verbose=False)
    their_tide = utide.reconstruct(year, theirs, min_SNR=0, verbose=False).h - theirs["mean"]
    ours = fit_tide(time, level, made.latitude, name="noisy", source="synthetic").constants
    their_error = np.sqrt(np.mean((their_tide - predict_tide(made, year)) ** 2))
    assert error(ours, made, year) < their_error * (1.1 if days == 400 else 0.95)  # a long record needs no prior


def test_noise_makes_no_tide() -> None:
    time = hours("2012-01-01", 60)
    m2 = TidalConstants("m2", 10.0, "synthetic", {"M2": 1.0}, {"M2": 40.0})
    level = predict_tide(m2, time) + red_noise(time.size, 0.05)
    constants = fit_tide(time, level, 10.0, name="m2", source="synthetic").constants
    assert constants.amplitude["M2"] == pytest.approx(1.0, abs=0.02)
    others = [amplitude for name, amplitude in constants.amplitude.items() if name not in ("M2", "SA", "SSA")]
    assert max(others) < 0.02


def test_a_season_is_believed_when_the_record_holds_it() -> None:
    strong = TidalConstants("strong", 10.0, "synthetic", {"M2": 1.0, "SA": 0.3}, {"M2": 0.0, "SA": 0.0})
    found = {}
    for days in (30, 730):
        time = hours("2012-01-01", days)
        level = predict_tide(strong, time) + red_noise(time.size, 0.05)
        found[days] = fit_tide(time, level, 10.0, name="strong", source="synthetic").constants.amplitude["SA"]
    assert found[30] < 0.05
    assert found[730] == pytest.approx(0.3, abs=0.05)


def test_two_fortnights_of_a_year_hold_its_tide() -> None:
    made, time = without_season("vung_tau"), hours("2012-01-01", 370)
    level = predict_tide(made, time)
    level[20 * 24 : 350 * 24] = np.nan
    fitted = fit_tide(time, level, 10.34, name="two fortnights", source="synthetic").constants
    assert error(fitted, made, time) < 0.05  # of a tide with 0.8 m root mean square


def test_a_datum_changes_the_mean_and_nothing_else() -> None:
    time = hours("2012-01-01", 40)
    level = predict_tide(load_constants("chittagong"), time) + red_noise(time.size, 0.1)
    low, high = (fit_tide(time, level + datum, 22.237, name="x", source="synthetic") for datum in (0.0, 5.0))
    assert high.mean - low.mean == pytest.approx(5.0)
    np.testing.assert_allclose(predict_tide(low.constants, time), predict_tide(high.constants, time), atol=1e-9)


@pytest.mark.parametrize("days", [20, 35, 120])
def test_the_error_of_a_tide_matches_its_stated_error(days: int) -> None:
    made, time, later = without_season("vung_tau"), hours("2012-01-01", days), hours("2012-06-01", 90)
    ratios = []
    for seed in range(12):
        fitted = fit_tide(time, predict_tide(made, time) + red_noise(time.size, 0.1, seed), 10.34, name="x", source="x")
        off = predict_tide(fitted.constants, later) + fitted.mean - predict_tide(made, later)
        ratios.append(np.mean(off**2) / np.mean((fitted.error_modes(later) ** 2).sum(axis=1)))
    assert 0.4 < np.mean(ratios) < 2.0


def test_under_fifteen_observed_days_are_refused_with_the_number_needed() -> None:
    time = hours("2012-01-01", 20)
    level = predict_tide(load_constants("vung_tau"), time)
    level[: 8 * 24] = np.nan
    with pytest.raises(RefusedByTheory, match=r"12\.0 observed days.*need 15 days"):
        fit_tide(time, level, 10.34, name="short", source="synthetic")
    with pytest.raises(RefusedByTheory):
        fit_tide(time, np.full(time.shape, np.nan), 10.34, name="silent", source="synthetic")


def test_published_constants_serve_a_record_of_days_and_say_what_they_leave_open() -> None:
    made, time = without_season("vung_tau"), hours("2012-01-01", 3)
    level = predict_tide(made, time) + 1.7
    adopted = adopt_tide(made, time, level)
    assert adopted.constants is made
    assert adopted.mean == pytest.approx(1.7, abs=1e-6)
    spread = np.sqrt((adopted.error_modes(time) ** 2).sum(axis=1))
    assert 0.01 < spread.mean() < 0.1  # of a tide with 0.8 m root mean square
    with pytest.raises(RefusedByTheory, match=r"0\.0 observed days"):
        adopt_tide(made, time, np.full(time.shape, np.nan))


def test_times_without_levels_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(480,\) times and \(479,\) levels"):
        fit_tide(hours("2012-01-01", 20), np.zeros(479), 10.0, name="odd", source="synthetic")


@given(st.floats(0.01, 3.0), st.floats(0.0, 359.99))
@settings(max_examples=20, deadline=None)
def test_twice_the_amplitude_is_twice_the_tide(amplitude: float, phase: float) -> None:
    time = hours("2020-01-01", 3)
    once = TidalConstants("once", 10.0, "synthetic", {"O1": amplitude}, {"O1": phase})
    twice = TidalConstants("twice", 10.0, "synthetic", {"O1": 2 * amplitude}, {"O1": phase})
    np.testing.assert_allclose(predict_tide(twice, time), 2 * predict_tide(once, time), atol=1e-12)


def test_the_order_of_times_does_not_matter() -> None:
    constants, time = load_constants("vung_tau"), hours("2019-12-01", 60)
    shuffled = np.random.default_rng(1).permutation(time.size)
    np.testing.assert_allclose(
        predict_tide(constants, time[shuffled]), predict_tide(constants, time)[shuffled], atol=1e-4
    )
    assert predict_tide(constants, time[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("name", "highest", "lowest"),
    # TICON-4 datums: HAT and LAT less MSL, from 4.345, -0.176, 2.721 m and 6.906, 0.563, 3.465 m.
    [("vung_tau", 1.624, -2.897), ("chittagong", 3.441, -2.902)],
)
def test_the_shipped_constants_reach_the_published_extremes(name: str, highest: float, lowest: float) -> None:
    tide = predict_tide(load_constants(name), hours("2007-01-01", 19 * 365.25))
    assert tide.max() == pytest.approx(highest, abs=0.05)
    assert tide.min() == pytest.approx(lowest, abs=0.10)  # the small constituents left out


@pytest.mark.parametrize(("name", "high_month", "low_month"), [("vung_tau", 12, 7), ("chittagong", 7, 2)])
def test_the_seasonal_tide_peaks_with_the_monsoon(name: str, high_month: int, low_month: int) -> None:
    time = hours("2019-01-01", 365)
    month = pd.DatetimeIndex(time).month
    means = [predict_tide(load_constants(name), time[month == m]).mean() for m in range(1, 13)]
    assert (int(np.argmax(means)) + 1, int(np.argmin(means)) + 1) == (high_month, low_month)


def test_the_shipped_constants_are_those_of_the_published_table(shared_data: Path) -> None:
    with gzip.open(shared_data / "tides" / "ticon_ccby_constituents.csv.gz", "rt") as file:
        table = pd.read_csv(file)
    for name, station in (
        ("vung_tau", "ticon/vung_tau-383-vnm-uhslc_fd"),
        ("chittagong", "ticon/chittagong-124-bgd-uhslc_fd"),
    ):
        published = table[table["id"] == station].set_index("name")
        constants = load_constants(name)
        turned = {"SA", "H1", "H2"}  # counted from perihelion, see the table's head
        renamed = {"H1": "MA2", "H2": "MB2", "LDA2": "LAMBDA2", "EPS2": "EP2"}
        for constituent, amplitude in constants.amplitude.items():
            row = published.loc[renamed.get(constituent, constituent)]
            assert amplitude == row["amplitude_m"]
            if constituent not in turned:
                assert constants.phase[constituent] == row["phase_deg"]


def test_invalid_constants_are_refused() -> None:
    with pytest.raises(InputError, match=r"unknown constituents \['XYZ'\]"):
        TidalConstants("bad", 0.0, "synthetic", {"XYZ": 1.0}, {"XYZ": 1.0})
    with pytest.raises(InputError, match="but not both"):
        TidalConstants("bad", 0.0, "synthetic", {"M2": 1.0}, {})
    with pytest.raises(InputError, match="negative"):
        TidalConstants("bad", 0.0, "synthetic", {"M2": -1.0}, {"M2": 0.0})
    with pytest.raises(InputError, match="known: vung_tau, chittagong"):
        load_constants("atlantis")  # type: ignore[arg-type]
