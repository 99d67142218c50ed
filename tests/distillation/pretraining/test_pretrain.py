"""Pre-training runs from coasts to files, and what it writes can be read back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from strandline.distillation.pretraining import pretrain as pretraining
from strandline.distillation.pretraining.simulated_coasts import (
    ASSETS,
    PretrainingConfig,
    simulate_training_coast,
    simulate_training_coasts,
)
from strandline.models.batch import Batch
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights import load_weights
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.pipeline.run_folder.checkpoints import Checkpoints

TINY = PretrainingConfig(
    coasts=1, storms=4, years=1.0, cells=32, members=1, teacher_steps=2, refinement_steps=2,
    student_steps=2, snapshot_steps=2,
    samples=3,
)  # fmt: skip
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def coast() -> Batch:
    return simulate_training_coast(TINY.first_seed, TINY)


def test_a_training_coast_has_every_storm_with_its_true_flood(coast: Batch) -> None:
    assert len(coast) == TINY.storms
    assert coast.flood_valid is not None
    assert bool(coast.flood_valid.flatten(1).any(dim=1).all())
    assert coast.damage_valid is not None
    assert coast.damage_valid.shape == (TINY.storms, ASSETS)


def test_networks_are_trained_written_and_read_back_in_half_precision(coast: Batch, tmp_path: Path) -> None:
    teacher = pretraining.pretrain_teacher(TINY, coast, "cpu", seed=0)
    student = pretraining.pretrain_student(TINY, teacher, coast, "cpu", seed=1)
    card = pretraining.build_model_card("strandline teach", TINY, 0, "abc", "cpu", 1.0)
    load_weights.save_networks(tmp_path, teacher, [student], card)
    for name, weight in load_teacher(tmp_path).state_dict().items():
        torch.testing.assert_close(weight, teacher.state_dict()[name].half().float(), rtol=0, atol=0)
    (read,) = load_students(tmp_path, site_shape=(32, 32))
    assert read.site_memory is not None
    assert not read.site_memory.any(), "the site memory starts at 0"
    assert json.loads((tmp_path / "student.json").read_text())["config"]["coasts"] == 1


def test_an_interrupted_simulation_resumes(coast: Batch, tmp_path: Path) -> None:
    storms = simulate_training_coasts(TINY, Checkpoints(tmp_path, "job", resume=False), 1)
    torch.testing.assert_close(vars(storms), vars(coast))
    again = Checkpoints(tmp_path, "job", resume=True)
    assert (again.folder / f"coast {TINY.first_seed}.stage").exists()

    def refuse() -> None:
        raise AssertionError("a coast was simulated twice")

    again.stage(f"coast {TINY.first_seed}", refuse)


def test_a_student_goes_on_with_rain_and_rivers_from_one_without(coast: Batch, tmp_path: Path) -> None:
    config = replace(TINY, compound_every=1)
    rainy = simulate_training_coast(config.first_seed, config)
    assert bool(rainy.require("inflow_seen").any(dim=1).all())
    dry = simulate_training_coast(config.first_seed + 1, replace(config, compound_every=2))
    assert not dry.require("inflow_seen").any()
    start, teacher = Student(), Teacher()
    shipped = load_students()[0].state_dict()
    start.load_state_dict({name: shipped[name] for name in start.state_dict()})
    storms = Batch.concatenate([rainy, dry])
    student = pretraining.pretrain_student(config, teacher, storms, "cpu", seed=1, start=start)
    assert student.inflow is not None
    assert student.inflow.out.weight.abs().max() > 0, "what rain and rivers add is learnt"
    assert all(parameter.requires_grad for parameter in student.parameters())
    known = start.state_dict()
    assert all(torch.equal(value, known[name]) for name, value in student.state_dict().items() if name in known)
    load_weights.save_networks(tmp_path, teacher, [student], {})
    (read,) = load_students(tmp_path)
    assert read.inflow is not None
    torch.testing.assert_close(read.inflow.out.weight, student.inflow.out.weight.half().float())
