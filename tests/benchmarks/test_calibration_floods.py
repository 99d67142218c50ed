"""Calibration on events with known probabilities."""

import numpy as np
import pytest

from benchmarks.calibration import floods
from benchmarks.calibration.floods import CONDITIONS, METHODS, EventPredictions
from benchmarks.floods.methods import new_student
from benchmarks.floods.views import SETTINGS, draw_views
from tests.fixtures.chips import draw_chips


def predictions(seed: int, sharper: float = 1.0, cells: int = 4000) -> EventPredictions:
    """An event whose members predict the truth, with logits times ``sharper``."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.5, 0.5, cells).clip(0.001, 0.999)
    teacher = np.stack([1 - probability, probability]).astype(np.float32)
    logits = sharper * np.log(teacher)
    logits -= np.log(np.exp(logits).sum(0))
    members = np.broadcast_to(logits, (3, 2, cells)).astype(np.float32)
    flooded = rng.random(cells) < probability
    return EventPredictions(
        dict.fromkeys(CONDITIONS, members), dict.fromkeys(CONDITIONS, members), dict.fromkeys(CONDITIONS, flooded),
        members, teacher,
    )  # fmt: skip


def scores(event: EventPredictions, others: list[EventPredictions]) -> dict[str, dict]:
    return {str(row["method"]): row for row in floods._score(event, others, "normal")}


def test_true_probabilities_are_calibrated_and_a_temperature_corrects_overconfidence() -> None:
    others = [predictions(seed) for seed in range(1, 10)]
    for row in scores(predictions(0), others).values():
        assert row["ece"] < 0.02
        assert row["epistemic"] == pytest.approx(0, abs=1e-5)
    overconfident = scores(predictions(0, sharper=3.0), others)
    assert set(overconfident) == set(METHODS)
    assert overconfident["plain"]["ece"] > 0.04
    assert overconfident["shipped"]["ece"] < 0.02
    assert (
        scores(predictions(0, 3.0), [predictions(seed, 3.0) for seed in range(1, 10)])["ensemble_by_events"]["ece"]
        < 0.02
    )
    assert overconfident["shipped"]["temperature"] == pytest.approx(3, abs=0.1)


def test_the_miss_rate_is_controlled_on_other_events() -> None:
    others = [predictions(seed) for seed in range(1, 31)]
    conformal, shipped = (scores(predictions(0), others)[name] for name in ("conformal", "shipped"))
    assert conformal["miss_rate"] <= 0.11
    assert conformal["miss_rate"] > 0.03
    assert conformal["iou"] < shipped["iou"]


def test_dropout_is_active_in_each_draw() -> None:
    chips = draw_chips(0, 2, 0)
    view = draw_views(chips, 0.3, np.random.default_rng(0))
    draws = floods._dropout_draws(new_student(0), view, SETTINGS["outage"], chips.valid)
    assert draws.shape == (floods.DRAWS, 2, chips.valid.sum())
    assert np.abs(draws[0] - draws[1]).max() > 1e-4
