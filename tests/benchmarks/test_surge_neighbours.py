"""The surge benchmark: records, labelled weeks, baselines, training and scores."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.surge.neighbours import dutch
from benchmarks.surge.neighbours.__main__ import main
from benchmarks.surge.neighbours.baselines import fit_ridge, persistence, zero_surge
from benchmarks.surge.neighbours.methods import tide_error_ratio, with_wider_tide_error
from benchmarks.surge.neighbours.networks.surge_network import HOURS, LEVELS, SurgeNetwork
from benchmarks.surge.neighbours.records.gauges import (
    Gauges,
    Residual,
    draw_weeks,
    fit_residual,
    read_gauges,
    station_indices,
)
from benchmarks.surge.neighbours.records.windows import (
    NeighbourFit,
    NeighbourPrediction,
    Record,
    build_record_set,
    cyclone_rise,
    draw_outages,
    fit_neighbours,
    high_level,
    shrink_fit,
)
from benchmarks.surge.neighbours.summary import BASELINES, SIMPLE, summarise
from benchmarks.surge.neighbours.training import (
    TrainingConfig,
    all_windows,
    daily_loss,
    draw_source,
    hourly_loss,
    predict_quantiles,
    train_network,
)
from benchmarks.surge.scoring import peak_f1, score
from strandline.errors import InputError
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide

T = 1200


AUTOCORRELATION = np.exp(-np.arange(168) / 30)


def records(seed: int = 0) -> tuple[Gauges, list[Record]]:
    """Two gauges without a tide, whose residuals decorrelate in 30 hours."""
    rng = np.random.default_rng(seed)
    level = np.zeros((2, T))
    for hour in range(1, T):
        level[:, hour] = np.exp(-1 / 30) * level[:, hour - 1] + 0.03 * rng.standard_normal(2)
    time = np.datetime64("2012-01-01", "h") + np.arange(T)
    gauges = Gauges(("a", "b"), np.array([-30.0, -31.0]), np.array([115.0, 116.0]), time, level)
    blank = np.zeros(T)
    found = [Residual(level[s], blank, 0.0, np.zeros((T, 0), np.float32), "none", blank) for s in range(2)]
    whole, covariance = np.ones(T, dtype=bool), level.var() * AUTOCORRELATION
    return gauges, [Record(s, found[s], whole, covariance, NeighbourFit(1.0, 1.0, 0)) for s in range(2)]


def no_neighbours() -> NeighbourPrediction:
    return NeighbourPrediction(torch.zeros(2, T, len(HOURS)), torch.zeros(2, T, len(HOURS)), torch.zeros(2, T) > 0)


def test_an_hour_without_a_row_was_not_observed(tmp_path: Path) -> None:
    (tmp_path / "levels.csv").write_text("time_utc,a\n2012-01-01 00:00,1.0\n2012-01-01 02:00,1.2\n")
    (tmp_path / "stations.csv").write_text("station,latitude,longitude,datum\na,-30,115,zero\n")
    gauges = read_gauges(tmp_path / "levels.csv", tmp_path / "stations.csv")
    np.testing.assert_array_equal(gauges.level[0], [1.0, np.nan, 1.2])
    assert station_indices(gauges, ["a"]) == [0]
    with pytest.raises(InputError, match="no gauge"):
        station_indices(gauges, ["z"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [("b\n2012-01-01 00:00,1.0\n", "no station"), ("a\n2012-01-01 00:30,1.0\n", "off the hour")],
)
def test_invalid_records_are_refused(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "levels.csv").write_text("time_utc," + rows)
    (tmp_path / "stations.csv").write_text("station,latitude,longitude,datum\na,-30,115,zero\n")
    with pytest.raises(InputError, match=message):
        read_gauges(tmp_path / "levels.csv", tmp_path / "stations.csv")


def test_labelled_weeks_are_whole_and_a_larger_share_holds_the_smaller() -> None:
    train = np.zeros(20_000, dtype=bool)
    train[100:17_620] = True
    few, many = (draw_weeks(train, share, np.random.default_rng(3)) for share in (0.05, 0.2))
    assert few.sum() == 5 * 168
    assert (many | ~few).all()
    assert (train | ~many).all()
    starts = np.flatnonzero(np.diff(few.astype(int)) == 1) + 1
    assert ((starts - 100) % 168 == 0).all()


def test_only_readable_hours_are_inputs_or_targets() -> None:
    gauges, rows = records()
    readable = np.zeros(T, dtype=bool)
    readable[400:600] = True
    record_set = build_record_set(
        gauges, [replace(rows[0], readable=readable)], np.ones(T, dtype=bool), no_neighbours()
    )
    windows, targets = all_windows(record_set)
    observed, seen = targets.level, targets.seen
    hour = record_set.issues[:, 1]
    assert hour.min() == 400 - 48
    assert hour.max() == 599
    at = hour[:, None] + torch.arange(49)
    assert (seen == torch.from_numpy(readable)[at]).all()
    torch.testing.assert_close(observed[seen], torch.from_numpy(rows[0].residual.level).float()[at][seen])
    assert (windows.own[~windows.own_seen] == 0).all()


def test_about_a_share_of_readings_is_lost_in_pieces() -> None:
    lost = draw_outages(500, 0.5, np.random.default_rng(0))
    assert float(lost.float().mean()) == pytest.approx(0.5, abs=0.03)
    assert (lost.reshape(500, 12, 6).float().std(dim=2) == 0).all()
    assert draw_outages(3, 1.0, np.random.default_rng(0)).all()
    assert not draw_outages(3, 0.0, np.random.default_rng(0)).any()


def test_the_ridge_recovers_the_decay_of_a_record() -> None:
    gauges, rows = records()
    record_set = build_record_set(gauges, rows, np.arange(T) < 800, no_neighbours())
    windows, targets = all_windows(build_record_set(gauges, rows, np.arange(T) > 900, no_neighbours()))
    truth = targets.level.numpy()

    def error(predicted: np.ndarray) -> float:
        return float(np.sqrt(np.mean((predicted[:, 24] - truth[:, 24]) ** 2)))

    ideal = error(np.exp(-np.arange(49) / 30) * persistence(windows))
    ridge = error(fit_ridge(record_set, *all_windows(record_set))(windows))
    assert ridge == pytest.approx(ideal, rel=0.1)
    assert ridge < min(error(persistence(windows)), error(zero_surge(windows)))


@pytest.mark.slow
def test_a_trained_network_is_as_good_as_theory_allows() -> None:
    gauges, rows = records()
    record_set = build_record_set(gauges, rows, np.arange(T) < 800, no_neighbours())
    network = train_network(SurgeNetwork(32), [draw_source(record_set, 2000, 64, 0)], TrainingConfig(150, 1e-3), 0)
    windows, targets = all_windows(build_record_set(gauges, rows, np.arange(T) > 900, no_neighbours()))
    truth = targets.level[:, 24].numpy()
    error = np.sqrt(np.mean((predict_quantiles(network, windows)[:, 24, LEVELS.index(0.5)].numpy() - truth) ** 2))
    ideal = np.sqrt(np.mean((np.exp(-24 / 30) * persistence(windows)[:, 24] - truth) ** 2))
    assert error < 1.1 * ideal


def test_readings_correct_neighbour_predictions_with_a_wrong_gain() -> None:
    rng = np.random.default_rng(0)
    truth = 0.1 * rng.standard_normal(T)
    neighbours = replace(no_neighbours(), mean=torch.zeros(2, T, len(HOURS)), seen=torch.ones(2, T) > 0)
    neighbours.mean[0, :, 71] = torch.from_numpy(2 * truth + 0.02 * rng.standard_normal(T))
    neighbours.spread[0, :, 71] = 0.1
    own = fit_neighbours(neighbours, 0, truth)
    assert own.gain == pytest.approx(0.5, abs=0.02)
    assert own.error_ratio == pytest.approx(0.1, abs=0.02)
    few = np.where(np.arange(T) < 24, truth, np.nan)
    prior = NeighbourFit(1.0, 1.0, 9999)
    assert 0.9 < shrink_fit(fit_neighbours(neighbours, 0, few), [prior]).gain < 1.0
    assert shrink_fit(fit_neighbours(neighbours, 0, np.full(T, np.nan)), [prior]) == NeighbourFit(1.0, 1.0, 0)


def test_the_rise_under_a_cyclone_is_scaled_by_that_of_other_gauges() -> None:
    """The others rise three times as much as the pressure alone gives; without tracks nothing changes."""
    gauges, _ = records()
    pressure_rise = np.zeros((len(gauges.names), gauges.time.size, len(HOURS)), dtype=np.float32)
    pressure_rise[:, 500:530] = 0.4
    level = np.zeros(gauges.level.shape)
    level[:, 500:530] = 1.2
    raised = cyclone_rise(replace(gauges, pressure_rise=pressure_rise), level)
    assert raised is not None
    assert raised[0, 510, 0] == pytest.approx(1.2, rel=0.05)
    unfitted = cyclone_rise(replace(gauges, pressure_rise=pressure_rise), np.full(level.shape, np.nan))
    np.testing.assert_allclose(unfitted, pressure_rise)
    assert cyclone_rise(gauges, level) is None


def test_a_high_level_is_exceeded_in_one_percent_of_the_hours() -> None:
    _, (record, *_) = records()
    size, rng = 400_000, np.random.default_rng(0)
    tide = np.sin(2 * np.pi * np.arange(size) / 12.42)
    about = replace(record.residual, tide=tide, modes=np.full((size, 1), 0.3, np.float32))
    covariance = np.full(168, 0.16)
    level = tide + 0.5 * rng.standard_normal(size)  # 0.16 + 0.3^2 = 0.25
    found = high_level(replace(record, residual=about, covariance=covariance))
    assert np.mean(level >= found) == pytest.approx(0.01, rel=0.05)


def test_weeks_that_the_tide_is_fitted_to_do_not_train_the_bounds() -> None:
    gauges, some = records()
    windows, targets = all_windows(build_record_set(gauges, some[:1], some[0].readable, no_neighbours()))
    network = SurgeNetwork(16)
    for trains, moves in ((True, True), (False, False)):
        network.zero_grad()
        hourly_loss(network(windows[:64]), targets[torch.arange(64)], windows[:64], trains).backward()
        assert bool(network.correction.factors.bias.grad.abs().sum() > 0) is moves  # type: ignore[union-attr]
        assert network.correction.shift.bias.grad.abs().sum() > 0  # type: ignore[union-attr]


def test_the_daily_loss_ignores_errors_within_a_day() -> None:
    gauges, some = records()
    windows, targets = all_windows(build_record_set(gauges, some[:1], some[0].readable, no_neighbours()))
    windows, targets = windows[:4], targets[torch.arange(4)]
    with torch.no_grad():
        forecast = SurgeNetwork(16)(windows)
    wave = torch.sin(2 * torch.pi * torch.arange(49) / 12)  # nothing over a day
    same = replace(targets, level=forecast.median + wave, seen=torch.ones_like(targets.seen))
    assert float(daily_loss(forecast, same, windows)) == pytest.approx(0.0, abs=1e-9)
    higher = replace(same, level=same.level + windows.unit[:, None])
    assert float(daily_loss(forecast, higher, windows)) == pytest.approx(1.0, rel=1e-4)
    broken = replace(higher, seen=torch.arange(49).expand(4, -1) % 24 > 0)  # an hour of each day is missing
    assert float(daily_loss(forecast, broken, windows)) == 0.0


def test_short_tides_of_other_gauges_give_the_excess_error_of_a_tide() -> None:
    wave, still = np.sin(np.arange(T) / 2), np.zeros(T)
    modes = np.full((T, 1), 0.01, np.float32)

    def about(tide: np.ndarray) -> Residual:
        return Residual(still, tide, 0.0, modes, "none", still)

    pairs = [(about(size * wave), about(1.05 * size * wave)) for size in (0.5, 2.0)]
    tide_error = tide_error_ratio(pairs, np.ones(T, dtype=bool))
    assert tide_error == pytest.approx(0.05, rel=0.05)
    wider = with_wider_tide_error(about(2.0 * wave), tide_error)
    off = float((wider.modes**2).sum(axis=1).mean())
    assert off == pytest.approx(0.01**2 + (0.05 * 2.0) ** 2 / 2, rel=0.05)
    assert tide_error_ratio([(about(wave), about(wave))], np.ones(T, dtype=bool)) == 0.0


def test_the_dutch_gauges_are_converted_to_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stations.csv").write_text("station,latitude,longitude,datum\nvlissgn,51.44,3.6,NAP\n")
    record = pd.DataFrame(
        {"time_MET_assumed": ["1976-01-01 00:00:00", "1976-01-01 01:00:00"], "level_m_NAP": [1.0, 2.0]}
    )
    record.to_csv(tmp_path / "vlissgn_hourly_1976_1994.csv.gz", index=False)
    monkeypatch.setattr(sys, "argv", ["dutch", str(tmp_path), str(tmp_path / "out")])
    dutch.main()
    gauges = read_gauges(tmp_path / "out" / "levels.csv", tmp_path / "out" / "stations.csv")
    assert gauges.names == ("vlissgn",)
    assert str(gauges.time[0])[:13] == "1975-12-31T23"
    np.testing.assert_array_equal(gauges.level[0], [1.0, 2.0])


def test_a_record_too_short_for_a_tide_uses_the_published_one(tmp_path: Path) -> None:
    constants = TidalConstants("table", -30.0, "a table", {"M2": 1.0}, {"M2": 40.0})
    time = np.datetime64("2012-01-01", "h") + np.arange(T)
    level = predict_tide(constants, time)[None] + 3.0
    gauges = Gauges(("a",), np.array([-30.0]), np.array([115.0]), time, level, {"a": constants})
    short = np.arange(T) < 14 * 24
    assert fit_residual(gauges, 0, short).source == "a table"
    assert fit_residual(gauges, 0, short).mean == pytest.approx(3.0)
    assert "own record" in fit_residual(gauges, 0, np.arange(T) < 16 * 24).source


def test_a_perfect_forecast_has_no_error_and_a_gap_does_not_count() -> None:
    observed = np.sin(np.arange(200) / 5)
    observed[50:60] = np.nan
    quantiles = np.repeat(np.nan_to_num(observed)[:, None], len(LEVELS), axis=1)
    found = score(quantiles, LEVELS, np.zeros(200), observed, observed, 0.95)
    assert (found["rmse"], found["mae"], found["crps"], found["coverage_90"]) == (0.0, 0.0, 0.0, 1.0)
    assert found["f1_extreme"] == 1.0
    assert found["n"] == 190


def test_the_ranked_probability_score_is_that_of_the_normal_distribution() -> None:
    rng = np.random.default_rng(0)
    observed = 0.2 * rng.standard_normal(4000)
    normal = torch.distributions.Normal(0.0, 0.2).icdf(torch.tensor(LEVELS)).double().numpy()
    found = score(np.tile(normal, (4000, 1)), LEVELS, np.zeros(4000), observed, observed, 9.0)
    assert found["crps"] == pytest.approx(0.2 / np.sqrt(np.pi), rel=0.05)  # Gneiting and Raftery (2007), eq. 21
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.02)


def test_peaks_are_hit_within_three_hours_and_false_alarms_count() -> None:
    observed, late, early_and_false = np.zeros(500), np.zeros(500), np.zeros(500)
    observed[[100, 300]] = 1.0
    late[[103, 300]] = 0.95
    early_and_false[[96, 300, 400]] = 0.95
    assert peak_f1(late, observed, 0.9) == 1.0
    assert peak_f1(early_and_false, observed, 0.9) == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    assert peak_f1(np.zeros(500), observed, 0.9) == 0.0
    assert np.isnan(peak_f1(np.zeros(500), np.zeros(500), 0.9))


def test_a_gauge_without_neighbours_is_left_out_of_the_ablations() -> None:
    scores = dict.fromkeys(
        ("rmse", "rmse_residual", "f1_extreme", "coverage_90", "coverage_90_extreme", "width_90"), 0.5
    )
    isolated = {"distilled", "full_record", "labels_only", "zero_surge_full_tide", *SIMPLE}
    common = {"record_fraction": 0.05, "lead_h": 6, "seed": 0, **scores}
    rows = [
        {**common, "target": target, "streams": streams, "outage": outage, "method": method}
        for target, methods in (("isolated", isolated), ("connected", isolated | set(BASELINES)))
        for streams, outage, method in (
            ("neighbours", 1.0, "teacher"),
            *((streams, outage, method) for streams in ("own", "any") for outage in (0.0, 1.0) for method in methods),
        )
    ]
    of_isolated = [row for row in rows if row["target"] == "isolated"]
    assert "0.05/lower_than_shuffled_teacher" not in summarise(of_isolated)
    for row in rows:
        if (row["target"], row["method"]) == ("connected", "shuffled_teacher"):
            row["rmse"] = 1.0
    found = summarise(rows)
    assert found["0.05/lower_than_shuffled_teacher"] == pytest.approx(0.5)
    assert found["0.05/lower_than_labels_only"] == pytest.approx(0.0)


@pytest.mark.slow
def test_the_command_runs_on_unknown_gauges_and_resumes(tmp_path: Path) -> None:
    hours, rng = pd.date_range("2012-01-01", "2012-02-29 23:00", freq="h"), np.random.default_rng(0)
    tide = np.sin(2 * np.pi * np.arange(len(hours)) / 12.42)
    surge = 0.02 * rng.standard_normal((len(hours), 4)).cumsum(axis=0)
    levels = pd.DataFrame(surge + tide[:, None], index=hours, columns=list("abcd"))
    levels.iloc[700:760, 0] = np.nan
    levels.to_csv(tmp_path / "levels.csv", index_label="time_utc")
    positions = "a,-30,115,zero\nb,-31,116,zero\nc,-32,117,zero\nd,-33,118,zero\n"
    (tmp_path / "stations.csv").write_text("station,latitude,longitude,datum\n" + positions)
    fixes = "".join(f"x,2012-02-20 {6 * k:02d}:00:00,{118 - k},{-28 - k},80,960\n" for k in range(4))
    (tmp_path / "tracks.csv").write_text("track_id,time,lon,lat,wind,slp\n" + fixes)
    files = {"gauges": "levels.csv", "stations": "stations.csv", "storms": "tracks.csv", "work": "w", "out": "s.json"}
    command = " ".join(f"--{name} {tmp_path / file}" for name, file in files.items())
    command += " --target a --train 2012-01-01/2012-02-14 --test 2012-02-15/2012-02-29"
    command += " --record-fraction 0.5 --leads 0 6 --seeds 1 --effort 0.001 --processes 1"
    main(command.split())
    (kept,) = (tmp_path / "w").iterdir()
    finished = kept.stat().st_mtime_ns
    main(command.split())
    assert kept.stat().st_mtime_ns == finished  # all rows were finished
    assert "| 0.5 | a | own | 0.0 | distilled |" in (tmp_path / "s.md").read_text()
    found = json.loads((tmp_path / "s.json").read_text())
    methods = {row["method"] for row in found["rows"]}
    assert {"zero_surge", "persistence", "ridge", "teacher", "labels_only", "distilled", "full_record"} < methods
    assert {row["n"] for row in found["rows"] if row["lead_h"] == 6} == {
        15 * 24 - 48
    }  # no issue where the record ends within its leads
    assert "0.5/a/6h/ratio" in found["summary"]
