"""Calibration on real events, with events made by hand whose chances are known."""

import numpy as np
import pytest

from benchmarks.calibration import floods
from benchmarks.calibration.floods import CONDITIONS, METHODS, Told
from benchmarks.floods.methods import new_student
from benchmarks.floods.views import SETTINGS, draw_views
from tests.fixtures.chips import draw_chips


def told(seed: int, sharper: float = 1.0, cells: int = 4000) -> Told:
    """An event of which every member says the truth, its logits multiplied by ``sharper``."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(0.5, 0.5, cells).clip(0.001, 0.999)
    word = np.stack([1 - chance, chance]).astype(np.float32)
    logits = sharper * np.log(word)
    logits -= np.log(np.exp(logits).sum(0))
    said = np.broadcast_to(logits, (3, 2, cells)).astype(np.float32)
    flooded = rng.random(cells) < chance
    return Told(dict.fromkeys(CONDITIONS, said), dict.fromkeys(CONDITIONS, said), dict.fromkeys(CONDITIONS, flooded),
                said, word)  # fmt: skip


def scores(event: Told, others: list[Told]) -> dict[str, dict]:
    return {str(row["method"]): row for row in floods._score(event, others, "normal")}


def test_who_says_the_truth_is_calibrated_and_who_is_too_sure_is_mended_by_the_temperature() -> None:
    others = [told(seed) for seed in range(1, 10)]
    for row in scores(told(0), others).values():
        assert row["ece"] < 0.02
        assert row["epistemic"] == pytest.approx(0, abs=1e-5)
    sure = scores(told(0, sharper=3.0), others)
    assert set(sure) == set(METHODS)
    assert sure["plain"]["ece"] > 0.04
    assert sure["shipped"]["ece"] < 0.02
    assert scores(told(0, 3.0), [told(seed, 3.0) for seed in range(1, 10)])["ensemble_by_events"]["ece"] < 0.02
    assert sure["shipped"]["temperature"] == pytest.approx(3, abs=0.1)


def test_the_promise_comes_from_other_events_and_is_kept() -> None:
    others = [told(seed) for seed in range(1, 31)]
    conformal, shipped = (scores(told(0), others)[name] for name in ("conformal", "shipped"))
    assert conformal["miss_rate"] <= 0.11
    assert conformal["miss_rate"] > 0.03
    assert conformal["iou"] < shipped["iou"]


def test_dropout_is_awake_in_each_draw() -> None:
    chips = draw_chips(0, 2, 0)
    view = draw_views(chips, 0.3, np.random.default_rng(0))
    said = floods._draw(new_student(0), view, SETTINGS["outage"], chips.valid)
    assert said.shape == (floods.DRAWS, 2, chips.valid.sum())
    assert np.abs(said[0] - said[1]).max() > 1e-4
