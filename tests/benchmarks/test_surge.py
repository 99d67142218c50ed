"""The surge benchmark: records in, labelled weeks, baselines and scores, each against what is known of it."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.surge import dutch
from benchmarks.surge.__main__ import main
from benchmarks.surge.baselines import fit_ridge, persistence, zero_surge
from benchmarks.surge.gauges import Gauges, Residual, draw_weeks, numbers_of, read_gauges, residual
from benchmarks.surge.learning import Regime, ask, drawn, error_of, error_of_days, learn, shown
from benchmarks.surge.methods import slack_of, slackened
from benchmarks.surge.scoring import peak_f1, score
from benchmarks.surge.summary import BASELINES, SIMPLE, summarise
from benchmarks.surge.surge_network import HOURS, LEVELS, SurgeNetwork
from benchmarks.surge.windows import (
    Around,
    Hearing,
    Record,
    cyclones_rise,
    hearing_of,
    high_level,
    outages,
    past_of,
    understood,
)
from strandline.errors import InputError
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide

T = 1200


ARCHIVE_STREAMS = np.exp(-np.arange(168) / 30)


def records(seed: int = 0) -> tuple[Gauges, list[Record]]:
    """Two gauges whose residuals remember 30 hours, without a tide."""
    rng = np.random.default_rng(seed)
    level = np.zeros((2, T))
    for hour in range(1, T):
        level[:, hour] = np.exp(-1 / 30) * level[:, hour - 1] + 0.03 * rng.standard_normal(2)
    time = np.datetime64("2012-01-01", "h") + np.arange(T)
    gauges = Gauges(("a", "b"), np.array([-30.0, -31.0]), np.array([115.0, 116.0]), time, level)
    blank = np.zeros(T)
    found = [Residual(level[s], blank, 0.0, np.zeros((T, 0), np.float32), "none", blank) for s in range(2)]
    whole, weather = np.ones(T, dtype=bool), level.var() * ARCHIVE_STREAMS
    return gauges, [Record(s, found[s], whole, weather, Hearing(1.0, 1.0, 0)) for s in range(2)]


def nobody() -> Around:
    return Around(torch.zeros(2, T, len(HOURS)), torch.zeros(2, T, len(HOURS)), torch.zeros(2, T) > 0)


def test_an_hour_without_a_row_was_not_observed(tmp_path: Path) -> None:
    (tmp_path / "levels.csv").write_text("time_utc,a\n2012-01-01 00:00,1.0\n2012-01-01 02:00,1.2\n")
    (tmp_path / "stations.csv").write_text("station,latitude,longitude,datum\na,-30,115,zero\n")
    gauges = read_gauges(tmp_path / "levels.csv", tmp_path / "stations.csv")
    np.testing.assert_array_equal(gauges.level[0], [1.0, np.nan, 1.2])
    assert numbers_of(gauges, ["a"]) == [0]
    with pytest.raises(InputError, match="no gauge"):
        numbers_of(gauges, ["z"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [("b\n2012-01-01 00:00,1.0\n", "no station"), ("a\n2012-01-01 00:30,1.0\n", "off the hour")],
)
def test_records_that_fit_nothing_are_refused(tmp_path: Path, rows: str, message: str) -> None:
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


def test_nothing_but_what_is_readable_is_seen_or_answered() -> None:
    gauges, rows = records()
    readable = np.zeros(T, dtype=bool)
    readable[400:600] = True
    past = past_of(gauges, [replace(rows[0], readable=readable)], np.ones(T, dtype=bool), nobody())
    windows, answer = shown(past)
    observed, seen = answer.level, answer.seen
    hour = past.issues[:, 1]
    assert hour.min() == 400 - 48
    assert hour.max() == 599
    at = hour[:, None] + torch.arange(49)
    assert (seen == torch.from_numpy(readable)[at]).all()
    torch.testing.assert_close(observed[seen], torch.from_numpy(rows[0].residual.level).float()[at][seen])
    assert (windows.own[~windows.own_seen] == 0).all()


def test_about_a_share_of_readings_is_lost_in_pieces() -> None:
    lost = outages(500, 0.5, np.random.default_rng(0))
    assert float(lost.float().mean()) == pytest.approx(0.5, abs=0.03)
    assert (lost.reshape(500, 12, 6).float().std(dim=2) == 0).all()
    assert outages(3, 1.0, np.random.default_rng(0)).all()
    assert not outages(3, 0.0, np.random.default_rng(0)).any()


def test_the_ridge_finds_how_fast_a_record_forgets() -> None:
    gauges, rows = records()
    past = past_of(gauges, rows, np.arange(T) < 800, nobody())
    windows, answer = shown(past_of(gauges, rows, np.arange(T) > 900, nobody()))
    truth = answer.level.numpy()

    def error(predicted: np.ndarray) -> float:
        return float(np.sqrt(np.mean((predicted[:, 24] - truth[:, 24]) ** 2)))

    ideal = error(np.exp(-np.arange(49) / 30) * persistence(windows))
    ridge = error(fit_ridge(past, *shown(past))(windows))
    assert ridge == pytest.approx(ideal, rel=0.1)
    assert ridge < min(error(persistence(windows)), error(zero_surge(windows)))


@pytest.mark.slow
def test_a_taught_student_is_as_good_as_the_theory_of_its_record() -> None:
    gauges, rows = records()
    past = past_of(gauges, rows, np.arange(T) < 800, nobody())
    network = learn(SurgeNetwork(32), [drawn(past, 2000, 64, 0)], Regime(150, 1e-3), 0)
    windows, answer = shown(past_of(gauges, rows, np.arange(T) > 900, nobody()))
    truth = answer.level[:, 24].numpy()
    error = np.sqrt(np.mean((ask(network, windows)[:, 24, LEVELS.index(0.5)].numpy() - truth) ** 2))
    ideal = np.sqrt(np.mean((np.exp(-24 / 30) * persistence(windows)[:, 24] - truth) ** 2))
    assert error < 1.1 * ideal


def test_neighbours_that_exaggerate_are_understood_by_the_readings() -> None:
    rng = np.random.default_rng(0)
    truth = 0.1 * rng.standard_normal(T)
    around = replace(nobody(), mean=torch.zeros(2, T, len(HOURS)), seen=torch.ones(2, T) > 0)
    around.mean[0, :, 71] = torch.from_numpy(2 * truth + 0.02 * rng.standard_normal(T))
    around.spread[0, :, 71] = 0.1
    own = hearing_of(around, 0, truth)
    assert own.gain == pytest.approx(0.5, abs=0.02)
    assert own.doubt == pytest.approx(0.1, abs=0.02)
    few = np.where(np.arange(T) < 24, truth, np.nan)
    usual = Hearing(1.0, 1.0, 9999)
    assert 0.9 < understood(hearing_of(around, 0, few), [usual]).gain < 1.0
    assert understood(hearing_of(around, 0, np.full(T, np.nan)), [usual]) == Hearing(1.0, 1.0, 0)


def test_a_storm_that_passes_lifts_what_is_said_of_a_gauge_as_it_lifted_others() -> None:
    """The others have three times the low pressure's rise; where no track is known nothing changes."""
    gauges, _ = records()
    lift = np.zeros((len(gauges.names), gauges.time.size, len(HOURS)), dtype=np.float32)
    lift[:, 500:530] = 0.4
    level = np.zeros(gauges.level.shape)
    level[:, 500:530] = 1.2
    raised = cyclones_rise(replace(gauges, lift=lift), level)
    assert raised is not None
    assert raised[0, 510, 0] == pytest.approx(1.2, rel=0.05)
    untold = cyclones_rise(replace(gauges, lift=lift), np.full(level.shape, np.nan))
    np.testing.assert_allclose(untold, lift)
    assert cyclones_rise(gauges, level) is None


def test_a_high_level_is_passed_in_one_hour_of_a_hundred() -> None:
    _, (record, *_) = records()
    size, rng = 400_000, np.random.default_rng(0)
    tide = np.sin(2 * np.pi * np.arange(size) / 12.42)
    about = replace(record.residual, tide=tide, modes=np.full((size, 1), 0.3, np.float32))
    weather = np.full(168, 0.16)
    level = tide + 0.5 * rng.standard_normal(size)  # 0.16 + 0.3^2 = 0.25
    found = high_level(replace(record, residual=about, weather=weather))
    assert np.mean(level >= found) == pytest.approx(0.01, rel=0.05)


def test_weeks_that_the_tide_was_fitted_to_do_not_tell_how_wide_bounds_are() -> None:
    gauges, some = records()
    windows, answer = shown(past_of(gauges, some[:1], some[0].readable, nobody()))
    network = SurgeNetwork(16)
    for tells, moves in ((True, True), (False, False)):
        network.zero_grad()
        error_of(network(windows[:64]), answer[torch.arange(64)], windows[:64], tells).backward()
        assert bool(network.correction.factors.bias.grad.abs().sum() > 0) is moves  # type: ignore[union-attr]
        assert network.correction.shift.bias.grad.abs().sum() > 0  # type: ignore[union-attr]


def test_a_student_agrees_with_days_whose_hours_it_gets_wrong() -> None:
    gauges, some = records()
    windows, answer = shown(past_of(gauges, some[:1], some[0].readable, nobody()))
    windows, answer = windows[:4], answer[torch.arange(4)]
    with torch.no_grad():
        forecast = SurgeNetwork(16)(windows)
    wave = torch.sin(2 * torch.pi * torch.arange(49) / 12)  # nothing over a day
    same = replace(answer, level=forecast.median + wave, seen=torch.ones_like(answer.seen))
    assert float(error_of_days(forecast, same, windows)) == pytest.approx(0.0, abs=1e-9)
    higher = replace(same, level=same.level + windows.unit[:, None])
    assert float(error_of_days(forecast, higher, windows)) == pytest.approx(1.0, rel=1e-4)
    broken = replace(higher, seen=torch.arange(49).expand(4, -1) % 24 > 0)  # an hour of each day was not heard
    assert float(error_of_days(forecast, broken, windows)) == 0.0


def test_short_tides_of_other_gauges_say_how_far_off_a_large_one_may_be() -> None:
    wave, still = np.sin(np.arange(T) / 2), np.zeros(T)
    modes = np.full((T, 1), 0.01, np.float32)

    def about(tide: np.ndarray) -> Residual:
        return Residual(still, tide, 0.0, modes, "none", still)

    pairs = [(about(size * wave), about(1.05 * size * wave)) for size in (0.5, 2.0)]
    slack = slack_of(pairs, np.ones(T, dtype=bool))
    assert slack == pytest.approx(0.05, rel=0.05)
    wider = slackened(about(2.0 * wave), slack)
    off = float((wider.modes**2).sum(axis=1).mean())
    assert off == pytest.approx(0.01**2 + (0.05 * 2.0) ** 2 / 2, rel=0.05)
    assert slack_of([(about(wave), about(wave))], np.ones(T, dtype=bool)) == 0.0


def test_the_dutch_gauges_come_into_the_layout_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_record_too_short_for_a_tide_takes_the_published_one(tmp_path: Path) -> None:
    constants = TidalConstants("table", -30.0, "a table", {"M2": 1.0}, {"M2": 40.0})
    time = np.datetime64("2012-01-01", "h") + np.arange(T)
    level = predict_tide(constants, time)[None] + 3.0
    gauges = Gauges(("a",), np.array([-30.0]), np.array([115.0]), time, level, {"a": constants})
    short = np.arange(T) < 14 * 24
    assert residual(gauges, 0, short).source == "a table"
    assert residual(gauges, 0, short).mean == pytest.approx(3.0)
    assert "own record" in residual(gauges, 0, np.arange(T) < 16 * 24).source


def test_a_perfect_forecast_scores_nothing_and_a_gap_does_not_count() -> None:
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


def test_a_gauge_that_hears_no_neighbour_is_left_out_of_the_ablations() -> None:
    scores = dict.fromkeys(
        ("rmse", "rmse_residual", "f1_extreme", "coverage_90", "coverage_90_extreme", "width_90"), 0.5
    )
    lonely = {"distilled", "full_record", "labels_only", "zero_surge_full_tide", *SIMPLE}
    common = {"record_fraction": 0.05, "lead_h": 6, "seed": 0, **scores}
    rows = [
        {**common, "target": target, "streams": streams, "outage": outage, "method": method}
        for target, methods in (("lonely", lonely), ("heard", lonely | set(BASELINES)))
        for streams, outage, method in (
            ("neighbours", 1.0, "teacher"),
            *((streams, outage, method) for streams in ("own", "any") for outage in (0.0, 1.0) for method in methods),
        )
    ]
    alone = [row for row in rows if row["target"] == "lonely"]
    assert "0.05/lower_than_shuffled_teacher" not in summarise(alone)
    for row in rows:
        if (row["target"], row["method"]) == ("heard", "shuffled_teacher"):
            row["rmse"] = 1.0
    found = summarise(rows)
    assert found["0.05/lower_than_shuffled_teacher"] == pytest.approx(0.5)
    assert found["0.05/lower_than_labels_only"] == pytest.approx(0.0)


@pytest.mark.slow
def test_the_command_runs_on_gauges_that_nobody_has_seen(tmp_path: Path) -> None:
    hours, rng = pd.date_range("2012-01-01", "2012-02-29 23:00", freq="h"), np.random.default_rng(0)
    tide = np.sin(2 * np.pi * np.arange(len(hours)) / 12.42)
    surge = 0.02 * rng.standard_normal((len(hours), 4)).cumsum(axis=0)
    levels = pd.DataFrame(surge + tide[:, None], index=hours, columns=list("abcd"))
    levels.iloc[700:760, 0] = np.nan
    levels.to_csv(tmp_path / "levels.csv", index_label="time_utc")
    places = "a,-30,115,zero\nb,-31,116,zero\nc,-32,117,zero\nd,-33,118,zero\n"
    (tmp_path / "stations.csv").write_text("station,latitude,longitude,datum\n" + places)
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
    assert kept.stat().st_mtime_ns == finished  # the second time nothing was left to do
    assert "| 0.5 | a | own | 0.0 | distilled |" in (tmp_path / "s.md").read_text()
    found = json.loads((tmp_path / "s.json").read_text())
    methods = {row["method"] for row in found["rows"]}
    assert {"zero_surge", "persistence", "ridge", "teacher", "labels_only", "distilled", "full_record"} < methods
    assert {row["n"] for row in found["rows"] if row["lead_h"] == 6} == {
        15 * 24 - 48
    }  # no issue where the record ends within its leads
    assert "0.5/a/6h/ratio" in found["summary"]
