"""Saved networks are loaded in half precision; missing or older weights are refused."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED, PretrainingConfig
from strandline.errors import InputError
from strandline.models.inference import predict, student_inputs
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students, load_teacher, save_networks
from strandline.pipeline.study_area import BUILT_IN_SEED
from tests.fixtures.batches import make_batch
from tests.fixtures.weights import seal_weights


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
        maps = [predict(network, student_inputs(batch)).flood_logits for network in (old, new)]
        torch.testing.assert_close(maps[0], maps[1], atol=0.02, rtol=0.02)
    assert not torch.equal(again[0].map.head.weight, again[1].map.head.weight)
    (first,) = load_students(tmp_path, members=1)
    torch.testing.assert_close(first.map.head.weight, again[0].map.head.weight)


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
        lost = next(part for part in weights if part.endswith("gauge_encoder.season.bias"))
        weights[lost.replace("gauge_encoder", "surge")] = weights.pop(lost)
        save_file(weights, path)
        seal_weights(tmp_path)
        with pytest.raises(InputError, match="holds networks of another version"):
            load(tmp_path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_networks(folder, Teacher(), [Student()], {"command": "test"})
    return folder


@settings(max_examples=20, deadline=None)
@given(position=st.integers(0, 2**31), bit=st.integers(0, 7), file=st.sampled_from(["teacher", "student"]))
def test_one_flipped_bit_of_weights_is_refused(saved: Path, position: int, bit: int, file: str) -> None:
    """On a49c0fa the watch decided with 300 of them."""
    path = saved / f"{file}.safetensors"
    sound = path.read_bytes()
    damaged = bytearray(sound)
    damaged[position % len(damaged)] ^= 1 << bit
    path.write_bytes(damaged)
    try:
        with pytest.raises(InputError, match=r"does not have the SHA-256 that student\.json states"):
            load_teacher(saved) if file == "teacher" else load_students(saved)
    finally:
        path.write_bytes(sound)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("{", "student.json: is damaged"),
        ("[]", "is no model card"),
        ("{}", "states no SHA-256 of student.safetensors"),
        ('{"sha256": 3}', "states no SHA-256"),
        ('{"sha256": {"student.safetensors": null}}', "states no SHA-256"),
        ("[" * 100_000, "is damaged"),
    ],
)
def test_a_damaged_card_is_refused(saved: Path, tmp_path: Path, card: str, message: str) -> None:
    (tmp_path / "student.safetensors").write_bytes((saved / "student.safetensors").read_bytes())
    (tmp_path / "student.json").write_text(card)
    with pytest.raises(InputError, match=message):
        load_students(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}", b'\x08\0\0\0\0\0\0\0{"a": 1}'])
def test_a_card_that_fits_damaged_weights_does_not_help_them(saved: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "student.json").write_bytes((saved / "student.json").read_bytes())
    (tmp_path / "student.safetensors").write_bytes(content)
    seal_weights(tmp_path)
    with pytest.raises(InputError, match=r"student\.safetensors: (is damaged|holds no members)"):
        load_students(tmp_path)


def test_shipped_networks_load_and_were_not_trained_on_the_built_in_delta() -> None:
    assert len(load_students()) == PretrainingConfig().members
    assert all(torch.isfinite(parameter).all() for parameter in load_teacher().parameters())
    assert BUILT_IN_SEED < FIRST_SEED == PretrainingConfig().first_seed
