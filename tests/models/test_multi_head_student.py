"""Multi-head students: heads reproduce their members and their spread, and are saved like students."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.calibration.parts import class_parts
from strandline.distillation.ensemble import EnsembleDistillationConfig, distil_members
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.inference import predict, predict_members, student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students, save_students
from strandline.uncertainty.forecaster import Forecaster, load_forecaster, save_forecaster
from tests.fixtures.batches import make_batch

pytestmark = pytest.mark.slow

SHAPE = (16, 24)


def view(samples: int = 3, seed: int = 0) -> Batch:
    return student_inputs(make_batch(samples, SHAPE, seed=seed))


@pytest.fixture(scope="module")
def members() -> list[Student]:
    """Three students of one trunk that differ in their last layers."""
    torch.manual_seed(0)
    first = Student(width=8, site_shape=SHAPE).eval()
    others = [deepcopy(first) for _ in range(2)]
    for other in others:
        with torch.no_grad():
            other.map.head.weight += 0.3 * torch.randn_like(other.map.head.weight)
            other.map.head.bias += 0.5 * torch.randn_like(other.map.head.bias)
    return [first, *others]


@pytest.fixture(scope="module")
def trained(members: list[Student]) -> MultiHeadStudent:
    torch.manual_seed(1)
    student = MultiHeadStudent(deepcopy(members[0]), len(members))
    views = [view(6), view(6).without("optical"), view(6).without("gauge", "in_situ")]
    distil_members(student, members, views, EnsembleDistillationConfig(steps=150, samples=6), seed=0)
    return student


def floods(predictions: list[Prediction]) -> torch.Tensor:
    return torch.stack([prediction.flood_logits.softmax(1) for prediction in predictions])


def test_an_untrained_head_predicts_what_the_trunk_predicts(members: list[Student]) -> None:
    student = MultiHeadStudent(members[0], 3)
    of_trunk = predict(members[0], view())
    for prediction in predict_members([student], view()):
        for name in ("flood_logits", "damage_logits"):
            torch.testing.assert_close(getattr(prediction, name), getattr(of_trunk, name))


def test_heads_learn_their_own_members_and_keep_the_epistemic_spread(
    members: list[Student], trained: MultiHeadStudent
) -> None:
    seen = view(6)
    theirs, ours = floods(predict_members(members, seen)), floods(predict_members([trained], seen))
    before = floods(predict_members([MultiHeadStudent(members[0], 3)], seen))
    assert (ours - theirs).abs().mean() < 0.35 * (before - theirs).abs().mean()
    kept = class_parts(ours.numpy(), axis=2).epistemic.mean() / class_parts(theirs.numpy(), axis=2).epistemic.mean()
    assert 0.8 < kept < 1.2
    assert class_parts(before.numpy(), axis=2).epistemic.mean() < 1e-6, "without training there is no spread"


def test_the_trunk_is_left_as_it_was(members: list[Student], trained: MultiHeadStudent) -> None:
    for name, weight in members[0].state_dict().items():
        assert torch.equal(weight, trained.trunk.state_dict()[name]), name


@pytest.mark.parametrize(("count", "views"), [(2, [view()]), (3, [])])
def test_another_number_of_members_or_empty_data_is_refused(
    members: list[Student], count: int, views: list[Batch]
) -> None:
    student = MultiHeadStudent(deepcopy(members[0]), 3)
    with pytest.raises(InputError, match="heads"):
        distil_members(student, members[:count], views, EnsembleDistillationConfig(steps=1), seed=0)


def test_it_is_saved_and_loaded_by_the_forecaster(tmp_path: Path) -> None:
    student = MultiHeadStudent(load_students(site_shape=SHAPE)[0], 3).eval()
    with torch.no_grad():
        student.flood.weight += 0.1
    forecaster = Forecaster((student,), 1.3, 0.4, 0.45)
    save_forecaster(tmp_path, forecaster, {"made_by": "a test"})
    again = load_forecaster(tmp_path)
    first, second = forecaster.predict(view()), again.predict(view())
    assert first.class_probability.shape[0] == 3
    np.testing.assert_allclose(second.class_probability, first.class_probability, atol=0.01)
    with pytest.raises(InputError, match="one network"):
        load_students(tmp_path)


def test_single_members_are_loaded_as_students(tmp_path: Path) -> None:
    students = load_students(site_shape=SHAPE)
    save_students(tmp_path, students, {})
    for one, other in zip(students, load_students(tmp_path), strict=True):
        for name, weight in one.state_dict().items():
            torch.testing.assert_close(weight, other.state_dict()[name], atol=1e-3, rtol=1e-2)
