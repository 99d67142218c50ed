"""Pre-training runs from coasts to files, and what it writes can be read back."""

import json
from pathlib import Path

import pytest
import torch

from strandline.distillation.pretraining import pretrain as pretraining
from strandline.distillation.pretraining.simulated_coasts import (
    ASSETS,
    PretrainingConfig,
    simulate_training_coast,
    simulate_training_coasts,
    simulate_training_windows,
)
from strandline.models.batch import Batch
from strandline.models.student import Student
from strandline.models.weights import load_weights
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.pipeline.run_folder.checkpoints import Checkpoints

TINY = PretrainingConfig(
    coasts=1, storms=6, years=3.0, windows=40, cells=32, members=1, teacher_steps=2, refinement_steps=2,
    student_steps=2, snapshot_steps=2, surge_steps=2,
    samples=3,
)  # fmt: skip
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def coast() -> tuple[Batch, Batch]:
    return simulate_training_coast(TINY.first_seed, TINY)


def test_a_training_coast_has_every_storm_with_its_true_flood_and_surge_windows(
    coast: tuple[Batch, Batch],
) -> None:
    storms, windows = coast
    assert len(storms) == TINY.storms
    assert storms.flood_valid is not None
    assert bool(storms.flood_valid.flatten(1).any(dim=1).all())
    assert storms.damage_valid is not None
    assert storms.damage_valid.shape == (TINY.storms, ASSETS)
    assert len(windows) == TINY.windows
    assert windows.terrain is None


def test_networks_are_trained_written_and_read_back_in_half_precision(
    coast: tuple[Batch, Batch], tmp_path: Path
) -> None:
    teacher = pretraining.pretrain_teacher(TINY, *coast, "cpu", seed=0)
    student = pretraining.pretrain_student(TINY, teacher, *coast, "cpu", seed=1)
    card = pretraining.build_model_card("strandline teach", TINY, 0, "abc", "cpu", 1.0)
    load_weights.save_networks(tmp_path, teacher, [student], card)
    for name, weight in load_teacher(tmp_path).state_dict().items():
        torch.testing.assert_close(weight, teacher.state_dict()[name].half().float(), rtol=0, atol=0)
    (read,) = load_students(tmp_path, site_shape=(32, 32))
    assert read.site_memory is not None
    assert not read.site_memory.any(), "the site memory starts at 0"
    assert json.loads((tmp_path / "student.json").read_text())["config"]["coasts"] == 1


def test_finetuning_the_surge_decoder_changes_no_other_weight(coast: tuple[Batch, Batch]) -> None:
    student = Student()
    before = {name: weight.clone() for name, weight in student.state_dict().items()}
    after = pretraining.finetune_surge_decoder(student, TINY, coast[1], seed=0).state_dict()
    assert {name.split(".")[0] for name in after if not torch.equal(after[name], before[name])} == {"surge_decoder"}


def test_windows_alone_have_the_surges_of_the_coast_and_an_interrupted_simulation_resumes(
    coast: tuple[Batch, Batch], tmp_path: Path
) -> None:
    (windows,) = simulate_training_coasts(
        simulate_training_windows, TINY, Checkpoints(tmp_path, "job", resume=False), 1
    )
    assert windows.surge is not None
    assert coast[1].surge is not None
    assert len(windows) == len(coast[1]) == TINY.windows
    torch.testing.assert_close(windows.surge.std(), coast[1].surge.std(), rtol=0.3, atol=0)  # other gaps, other hours
    again = Checkpoints(tmp_path, "job", resume=True)
    assert (again.folder / f"coast {TINY.first_seed}.stage").exists()

    def refuse() -> None:
        raise AssertionError("a coast was simulated twice")

    again.stage(f"coast {TINY.first_seed}", refuse)


def test_kept_networks_differ_from_what_ships_in_their_surge_decoders_alone() -> None:
    teacher, students = load_weights.load_without_surge_decoder(seed=0)
    for kept, shipped in zip([teacher, *students], [load_teacher(), *load_students()], strict=True):
        ours, theirs = kept.state_dict(), shipped.state_dict()
        assert {n.split(".")[0] for n in ours if not torch.equal(ours[n], theirs[n])} == {"surge_decoder"}
        assert not kept.surge_decoder.correction.shift.weight.any()
