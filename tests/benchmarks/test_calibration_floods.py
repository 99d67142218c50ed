"""Calibration on events with known probabilities."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration import floods
from benchmarks.calibration.floods import CONDITIONS, METHODS, EventPredictions
from benchmarks.calibration.summary import summarise
from benchmarks.floods.baselines.unet import UNet
from benchmarks.floods.committee import Teacher
from benchmarks.floods.methods import Budget, SourceNetworks
from benchmarks.floods.run import Fold, Folders, FoldTraining, Plan
from benchmarks.floods.views import SETTINGS, draw_views
from strandline.distillation.adaptation.scene_student import SceneDistillation
from strandline.models.flood.scenes.committee import Committee
from strandline.models.flood.scenes.members import NetworkMember
from strandline.models.flood.scenes.networks import new_student, new_teacher
from strandline.models.flood.scenes.stacking import Recalibration, Stacking
from strandline.models.flood.scenes.streams import SCENE_STREAMS
from tests.fixtures.chips import SMALL, draw_event


def predictions(seed: int, sharper: float = 1.0, cells: int = 4000) -> EventPredictions:
    """An event whose members and committee predict the truth, with log odds times ``sharper``."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.5, 0.5, cells).clip(0.001, 0.999).astype(np.float32)
    odds = sharper * np.log(probability / (1 - probability))
    members = np.broadcast_to(odds, (3, cells)).astype(np.float32)
    flooded = rng.random(cells) < probability
    return EventPredictions(
        dict.fromkeys(CONDITIONS, members), dict.fromkeys(CONDITIONS, members), dict.fromkeys(CONDITIONS, flooded),
        members, probability, 1 / (1 + np.exp(-odds)), 0.4, 6,
    )  # fmt: skip


def scores(event: EventPredictions, others: list[EventPredictions]) -> dict[str, dict]:
    return {str(row["method"]): row for row in floods._score(event, others, "normal")}


def test_true_probabilities_are_calibrated_and_a_temperature_corrects_overconfidence() -> None:
    others = [predictions(seed) for seed in range(1, 10)]
    for row in scores(predictions(0), others).values():
        assert row["ece"] < 0.02
        assert row["epistemic"] is None or row["epistemic"] == pytest.approx(0, abs=1e-5)  # of the committee none
    overconfident = scores(predictions(0, sharper=3.0), others)
    assert set(overconfident) == {*METHODS, "committee"}
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


def test_the_committee_is_scored_as_it_speaks_without_a_temperature_or_a_label() -> None:
    others = [predictions(seed) for seed in range(1, 10)]
    true, sharp = (scores(predictions(0, sharper), others)["committee"] for sharper in (1.0, 3.0))
    assert true["ece"] < 0.02 < 0.04 < sharp["ece"]
    assert (true["temperature"], true["forward_passes"], true["epistemic"]) == (1.0, 6, None)
    assert "committee" not in {row["method"] for row in floods._score(predictions(0), others, "outage")}
    summary = summarise([{"task": "floods", "condition": "normal", "coast": "a", "seed": 0, **true}], {})
    assert summary["bar floods normal ece of committee without labels, at most 0.04, holds"] is True


def test_dropout_is_active_in_each_draw() -> None:
    view = draw_views(draw_event("a", 2, 0).chips, 0.3, np.random.default_rng(0))
    scored = view.trained
    draws = floods._dropout_draws(new_student(0), view, SETTINGS["outage"], scored)
    assert draws.shape == (floods.DRAWS, scored.sum())
    assert np.abs(draws[0] - draws[1]).max() > 1e-3


def test_an_event_is_predicted_once_and_read_again_as_it_was(tmp_path: Path) -> None:
    """Tiny networks without training: shapes, the pairs that are set apart, and the file."""
    event = draw_event("a", 5, 0, side=SMALL)
    chips = draw_event("b", 2, 1, side=SMALL).chips
    said = {"transformer_all": np.full((5, SMALL, SMALL), 0.3, dtype=np.float32)}
    guide = NetworkMember("transformer_all", new_teacher(SCENE_STREAMS, 0, width=16, depth=1, skip=8), ())
    stacking = Stacking({"transformer_all": Recalibration()})
    teacher = Teacher(Committee((guide,), {"radar+optical": stacking}), said, said, event.pairs)
    plan = Plan(("outage",), (0.05,), 1, 1, 0.05, 2, 2, Budget(1, 1, 1, 1), SceneDistillation())
    folders = Folders(tmp_path, plan, {})
    training = FoldTraining(Fold("one", (), (event,)), plan, folders, lambda _: None)
    views = draw_views(chips, 0.3, np.random.default_rng(0))
    samples = views.student_samples(SETTINGS["outage"])
    training._teachers["a"] = teacher
    training._networks["outage"] = SourceNetworks(new_student(0), UNet(SCENE_STREAMS).eval(), samples, views)
    found = floods._kept_predictions(folders, training, event, 0)
    cells = found.flooded["normal"].size
    assert found.members["normal"].shape == (floods.MEMBERS, cells)
    assert found.dropout["outage"].shape == (floods.DRAWS, found.flooded["outage"].size)
    assert found.committee == pytest.approx(np.full(cells, 0.3), abs=1e-3)
    assert found.calibration.shape == (floods.MEMBERS, found.teacher.size)
    assert found.committee_threshold == pytest.approx(0.3, abs=1e-3)
    assert found.committee_passes == 2
    again = floods._kept_predictions(folders, FoldTraining(Fold("one", (), ()), plan, folders, print), event, 0)
    np.testing.assert_array_equal(found.calibration, again.calibration)
