"""The calibration benchmark on a synthetic coast, with predictions that are right by construction."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.calibration import surge
from benchmarks.calibration.drift import TrackedRadius
from benchmarks.calibration.heads import relative_cost
from benchmarks.calibration.predictions import (
    CONDITIONS,
    DRAWS,
    CoastPredictions,
    split_record,
    weight_draws,
)
from benchmarks.calibration.scoring import METHODS, Scorer
from benchmarks.calibration.summary import mean, summarise
from benchmarks.delta.coasts import SimulatedCoast
from strandline.models.student import Student
from strandline.models.weights.weight_draws import draw_weights
from tests.fixtures.batches import make_batch

STORMS, SHAPE = 60, (24, 24)
EXTREME = 10


@pytest.fixture(scope="module")
def coast() -> SimulatedCoast:
    """Depth classes are drawn from known probabilities."""
    batch = make_batch(STORMS, SHAPE, seed=1)
    rng = np.random.default_rng(0)
    classes = np.stack([rng.choice(5, p=true_probability(storm)[:, 0, 0], size=SHAPE) for storm in range(STORMS)])
    batch = replace(batch, flood_class=torch.from_numpy(classes))
    level = np.where(np.arange(STORMS) < EXTREME, 9.0, 1.0)
    nothing = np.zeros((STORMS, *SHAPE), dtype=bool)
    assert batch.flood_class is not None
    assert batch.flood_valid is not None
    return SimulatedCoast(7, batch, batch.flood_class, batch.flood_valid, level, 2.0, nothing[0] * 1.0, nothing)


def true_probability(storm: int) -> np.ndarray:
    """(K, H, W) true probabilities of a storm, equal in all cells."""
    dry = 0.1 + 0.8 * (storm % 9) / 8
    return np.broadcast_to(np.array([dry, *[(1 - dry) / 4] * 4])[:, None, None], (5, *SHAPE))


def predictions_of(coast: SimulatedCoast, sharper: float = 1.0) -> CoastPredictions:
    """Every method predicts the truth, with logits times ``sharper``."""
    training, calibration, tests = split_record(coast, 0)
    index = {"training": training, "calibration": calibration, **tests}

    def predict(storms: np.ndarray, members: int) -> np.ndarray:
        logits = sharper * np.log(np.stack([true_probability(storm) for storm in storms]))
        logits = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return np.broadcast_to(logits, (members, *logits.shape)).astype(np.float16)

    members = {"ensemble": 3, "distilled_ensemble": 3, "mc_dropout": 4}
    by_part = {(m, name): predict(storms, count) for m, count in members.items() for name, storms in index.items()}
    assert coast.storms.flood_class is not None
    certain = np.eye(5)[coast.storms.flood_class.numpy()[[*training, *calibration]]].transpose(0, 3, 1, 2)
    return CoastPredictions(training, calibration, tests, certain.astype(np.float16), by_part)


def rows(coast: SimulatedCoast, predictions: CoastPredictions) -> dict[tuple[str, str], dict]:
    return {(str(r["condition"]), str(r["method"])): r for r in Scorer(coast, predictions).rows(0)}


def test_no_storm_is_in_two_parts_and_no_extreme_storm_calibrates(coast: SimulatedCoast) -> None:
    training, calibration, tests = split_record(coast, 3)
    together = [*training, *calibration, *tests["normal"], *tests["extreme"]]
    assert sorted(together) == list(range(STORMS))
    assert not coast.extreme[[*training, *calibration, *tests["normal"]]].any()


def test_true_probabilities_are_calibrated_under_every_method(coast: SimulatedCoast) -> None:
    found = rows(coast, predictions_of(coast))
    assert set(found) == {(condition, method) for condition in CONDITIONS for method in METHODS}
    for row in found.values():
        assert row["ece"] < 0.03
        assert row["epistemic"] == pytest.approx(0, abs=1e-5)


def test_a_temperature_corrects_overconfidence(coast: SimulatedCoast) -> None:
    found = rows(coast, predictions_of(coast, sharper=3.0))
    assert found["normal", "plain"]["ece"] > 0.1
    assert found["normal", "temperature_scaled"]["ece"] < 0.03
    assert found["normal", "temperature_scaled"]["temperature"] == pytest.approx(3, abs=0.3)


def test_the_miss_rate_is_controlled_at_a_cost(coast: SimulatedCoast) -> None:
    found = rows(coast, predictions_of(coast))
    conformal, shipped = found["normal", "conformal"], found["normal", "shipped"]
    assert conformal["miss_rate"] <= 0.15
    assert conformal["miss_rate"] <= conformal["miss_rate_worst"]
    assert conformal["miss_rate"] < shipped["miss_rate"]


def test_the_summary_has_each_target_with_its_number() -> None:
    def row(method: str, coast: int, seed: int, **scores: float) -> dict[str, object]:
        base = {"task": "delta", "condition": "normal", "method": method, "coast": coast, "seed": seed, "iou": 0.5}
        return {**base, "forward_passes": 1, **scores}

    table = [
        row(method, coast, seed, ece=0.01 + 0.02 * coast, nll=nll, coverage_90=0.93, miss_rate=0.08, epistemic=nll)
        for coast in (0, 1)
        for seed in (0, 1)
        for method, nll in (("ensemble", 0.2), ("distilled_ensemble", 0.201), ("shipped", 0.2), ("conformal", 0.2))
    ]
    found = summarise(table, {"distilled_ensemble over one member, batch 1": 1.2})
    assert found["bar delta normal ece of shipped, at most 0.02"] == pytest.approx(0.02)
    assert found["bar delta normal coverage of conformal, 0.9 within 0.02, holds"] is False
    assert found["bar delta normal nll of distilled_ensemble over ensemble, at most 1.01"] == pytest.approx(1.005)
    assert found["bar cost of distilled_ensemble over one member, at most 1.3, holds"] is True
    assert found["delta normal mutual information kept by distilled_ensemble"] == pytest.approx(1.005)
    assert found["bar delta normal miss rate of conformal, mean at most 0.1, holds"] is True


def test_a_coast_counts_once_for_any_number_of_seeds() -> None:
    table = [{"coast": 0, "ece": 0.0}, {"coast": 1, "ece": 0.3}, {"coast": 1, "ece": 0.3}, {"coast": 2, "ece": None}]
    assert mean(table, "ece") == pytest.approx(0.15)
    assert mean(table, "nll") is None


def test_cost_is_relative() -> None:
    def work(batch: int) -> int:
        return sum(i * i for i in range(batch))

    assert relative_cost(work, lambda n: (work(n), work(n)), 200_000, 9) == pytest.approx(2, rel=0.3)  # type: ignore[arg-type]


def test_bounds_of_a_gauge_use_no_reading_after_their_issue() -> None:
    """Readings after an hour change no radius before it, and the tracked radius respects its lead."""
    error = np.abs(np.random.default_rng(0).normal(size=400))
    test = np.arange(400) >= 100
    start = TrackedRadius(0.1, 0.05, 1.6)
    before = surge._tracked_radius(error, test, start, lead=6)
    changed = error.copy()
    changed[250:] = 50.0
    after = surge._tracked_radius(changed, test, start, lead=6)
    assert np.array_equal(before[100:256], after[100:256])
    assert (after[257:] > before[257:]).all()
    assert np.isnan(before[:100]).all()


def test_the_last_reading_is_at_least_as_old_as_the_lead() -> None:
    level = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])
    np.testing.assert_array_equal(surge._last_reading(level, 2), [np.nan, np.nan, 1.0, 2.0, 2.0, 4.0])


def test_errors_are_grouped_by_week() -> None:
    allowed = np.zeros(168 * 5, dtype=bool)
    allowed[:336], allowed[504:672] = True, True
    error = np.arange(allowed.size, dtype=float)
    error[3] = np.nan
    weeks = surge._errors_by_week(error, allowed)
    assert [len(week) for week in weeks] == [167, 168, 168]
    assert weeks[2][0] == 504


def test_monte_carlo_dropout_is_measured_by_the_draws_that_ship() -> None:
    torch.manual_seed(0)
    student, generator = Student(width=8, dropout=0.3), torch.Generator().manual_seed(0)
    shipped = [draw_weights(student, generator).state_dict() for _ in range(DRAWS)]
    for drawn, expected in zip(weight_draws(student), shipped, strict=True):
        assert all(torch.equal(drawn.state_dict()[name], weight) for name, weight in expected.items())
