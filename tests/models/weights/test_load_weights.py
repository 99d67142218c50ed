"""Saved networks are loaded in half precision; missing or older weights are refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED, PretrainingConfig
from strandline.errors import InputError
from strandline.models.inference import predict, student_inputs
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students, load_teacher, save_networks
from strandline.pipeline.study_area import BUILT_IN_SEED
from tests.fixtures.batches import make_batch


def test_loaded_networks_predict_what_the_saved_ones_do(tmp_path: Path) -> None:
    torch.manual_seed(0)
    teacher, students = Teacher(), [Student(), Student()]
    save_networks(tmp_path, teacher, students, {"command": "test"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "student.json", "student.safetensors", "teacher.safetensors",
    ]  # fmt: skip
    batch = make_batch(2)
    torch.testing.assert_close(
        predict(load_teacher(tmp_path), batch).flood_logits, predict(teacher, batch).flood_logits, atol=0.02, rtol=0.02
    )
    again = load_students(tmp_path, site_shape=(16, 24))
    assert len(again) == 2
    for old, new in zip(students, again, strict=True):
        assert not new.training
        assert new.site_memory is not None
        surges = [predict(network, student_inputs(batch)).surge_mean for network in (old, new)]
        torch.testing.assert_close(surges[0], surges[1], atol=0.02, rtol=0.02)
    assert not torch.equal(again[0].map.head.weight, again[1].map.head.weight)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"teacher.safetensors: does not exist; run `strandline pretrain`"):
        load_teacher(tmp_path)
    with pytest.raises(InputError, match=r"student.safetensors: does not exist"):
        load_students(tmp_path)


def test_weights_of_another_version_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_networks(tmp_path, Teacher(), [Student()], {"command": "test"})
    for name, load in (("teacher", load_teacher), ("student", load_students)):
        path = tmp_path / f"{name}.safetensors"
        weights = load_file(path)
        lost = next(part for part in weights if part.endswith("surge_decoder.correction.shift.bias"))
        weights["older.surge_decoder.memory" if name == "teacher" else "0.surge_decoder.memory"] = weights.pop(lost)
        save_file(weights, path)
        with pytest.raises(InputError, match="holds networks of another version"):
            load(tmp_path)


def test_shipped_networks_load_and_were_not_trained_on_the_built_in_delta() -> None:
    assert len(load_students()) == PretrainingConfig().members
    assert all(torch.isfinite(parameter).all() for parameter in load_teacher().parameters())
    assert BUILT_IN_SEED < FIRST_SEED == PretrainingConfig().first_seed
