"""Distillation of Strandline's student from precomputed predictions."""

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData, distil_student
from strandline.distillation.adaptation.recipe import ARTICLE, Recipe
from strandline.distillation.alignment.kernel_alignment import AlignmentName
from strandline.distillation.continual.replay import build_consolidation
from strandline.errors import InputError
from strandline.models.inference import predict, student_inputs
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from tests.fixtures.batches import make_batch

pytestmark = pytest.mark.slow

SHORT = DistillationConfig(Recipe(all_weights=True), steps=6, samples=2)


def by(config: DistillationConfig, **fields: Any) -> DistillationConfig:
    """The configuration with other fields of its recipe."""
    return replace(config, recipe=replace(config.recipe, **fields))


def blank_student(seed: int = 0) -> Student:
    torch.manual_seed(seed)
    return Student(width=8, dropout=0.0)


@pytest.fixture(scope="module")
def data() -> DistillationData:
    storms = make_batch(4, (16, 16), seed=1)
    torch.manual_seed(5)
    teacher = Teacher(width=32, depth=1, heads=2).eval()
    return DistillationData(student_inputs(storms), predict(teacher, storms))


def without_a_teacher(data: DistillationData) -> DistillationData:
    return DistillationData(data.storms)


def state(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_the_student_approaches_its_teacher(data: DistillationData) -> None:
    short = replace(SHORT, dropout_rate=0.0, samples=4, steps=1)
    config = by(short, soft=1.0, feature=0.5, task=0.0, learning_rate=0.0)
    student = blank_student()
    before = distil_student(student, data, config, seed=0)
    distil_student(student, data, by(replace(config, steps=60), learning_rate=3e-3), seed=0)
    after = distil_student(student, data, config, seed=0)
    assert set(before) == {"flood_soft", "damage_soft", "feature"}
    assert all(after[name] < 0.8 * before[name] for name in ("flood_soft", "feature"))


@pytest.mark.parametrize(
    ("weights", "terms"),
    [
        ({"soft": 0.0, "feature": 0.0, "task": 1.0}, {"flood_task", "damage_task"}),
        ({"soft": 1.0, "feature": 0.0, "task": 0.0}, {"flood_soft", "damage_soft"}),
        ({"soft": 0.0, "feature": 1.0, "task": 0.0}, {"feature"}),
    ],
)
def test_a_term_of_weight_zero_is_not_computed(
    data: DistillationData, weights: dict[str, float], terms: set[str]
) -> None:
    assert set(distil_student(blank_student(), data, by(replace(SHORT, steps=1), **weights), seed=0)) == terms


@pytest.mark.parametrize("name", get_args(AlignmentName))
def test_the_config_names_the_alignment(data: DistillationData, name: AlignmentName) -> None:
    config = by(replace(SHORT, dropout_rate=0.0, samples=4), soft=0.0, feature=1.0, task=0.0, alignment=name)
    student, still = blank_student(), by(replace(config, steps=1), learning_rate=0.0)
    before = distil_student(student, data, still, seed=0)
    distil_student(student, data, by(replace(config, steps=25), learning_rate=3e-3), seed=0)
    after = distil_student(student, data, still, seed=0)
    assert after["feature"] < 0.95 * before["feature"]


def test_terms_grow_with_their_weights(data: DistillationData) -> None:
    once, twice = (
        distil_student(
            blank_student(), data, by(replace(SHORT, steps=1, dropout_rate=0.0), soft=weight, task=weight), seed=0
        )
        for weight in (0.25, 0.5)
    )
    for name, value in once.items():
        assert twice[name] == pytest.approx(2 * value, rel=1e-4)


@pytest.mark.parametrize("weights", [{"soft": 0.8}, {"soft": 0.0, "feature": 0.3}])
def test_a_config_that_needs_a_teacher_is_refused_without_its_predictions(
    data: DistillationData, weights: dict[str, float]
) -> None:
    with pytest.raises(InputError, match="no teacher's predictions"):
        distil_student(blank_student(), without_a_teacher(data), by(SHORT, **weights), seed=0)


def test_the_seed_alone_decides_and_the_global_generator_is_left_alone(data: DistillationData) -> None:
    results = []
    for noise in (1, 2):
        student = blank_student()
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        distil_student(student, data, by(SHORT, feature=0.3), seed=3)
        assert torch.equal(torch.get_rng_state(), before)
        assert not student.training
        results.append(state(student))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)
    other = blank_student()
    distil_student(other, data, by(SHORT, feature=0.3), seed=4)
    assert not torch.equal(other.state_dict()["map.head.weight"], results[0]["map.head.weight"])


def test_without_a_teacher_only_storms_with_a_survey_are_used(data: DistillationData) -> None:
    assert data.storms.flood_valid is not None
    assert data.storms.terrain is not None
    labelled = data.storms.flood_valid.clone()
    labelled[2:] = False
    storms = replace(data.storms, flood_valid=labelled)
    other = storms.terrain.clone()  # type: ignore[union-attr]
    other[2:] += 5.0
    alone = by(SHORT, soft=0.0, task=1.0)
    results = []
    for batch in (storms, replace(storms, terrain=other, gauge=storms.gauge * labelled.any(-1).any(-1)[:, None, None])):
        student = blank_student()
        distil_student(student, DistillationData(batch), alone, seed=0)
        results.append(state(student))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)


def test_only_the_site_memory_is_trained_and_all_weights_require_gradients_afterwards(data: DistillationData) -> None:
    torch.manual_seed(0)
    student = Student(width=8, site_shape=(16, 16))
    before = {name: parameter.detach().clone() for name, parameter in student.named_parameters()}
    distil_student(student, data, by(SHORT, all_weights=False), seed=0)
    for name, parameter in student.named_parameters():
        assert parameter.requires_grad
        assert name == "site_memory" or torch.equal(parameter, before[name]), name
    assert student.site_memory is not None
    assert not torch.equal(student.site_memory, before["site_memory"])
    with pytest.raises(InputError, match="has no site memory to train"):
        distil_student(blank_student(), data, by(SHORT, all_weights=False), seed=0)


TERMS_OF = {
    "soft_targets": {"flood_soft", "damage_soft"},
    "annealing": set(),
    "alignment": {"feature"},
    "temporal_attention": {"temporal"},
    "task_loss": {"flood_task", "damage_task"},
    "ewc": {"ewc"},
}
"""Part of the article's recipe → the terms of the loss that are its own."""


def test_every_part_of_the_articles_recipe_trains_the_map_and_without_it_its_terms_are_gone(
    data: DistillationData,
) -> None:
    def trained(recipe: Recipe) -> tuple[Tensor, set[str]]:
        config, student = replace(SHORT, recipe=recipe, steps=2), blank_student().eval()
        terms = distil_student(
            student, data, config, seed=0, consolidation=build_consolidation(student, data.storms, config)
        )
        return student.map.film.affine.weight.detach(), set(terms)  # type: ignore[union-attr]

    whole, terms = trained(ARTICLE)
    assert terms == set().union(*TERMS_OF.values())
    assert set(TERMS_OF) == set(ARTICLE.parts) - {"ensemble_distillation", "mc_dropout"}
    for part, own in TERMS_OF.items():
        weights, left = trained(ARTICLE.without(part))
        assert left == terms - own, part
        assert not torch.equal(weights, whole), part
