"""Distillation, the training loop, failing streams and the eight ways to lay a map."""

import math
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from strandline.distillation.alignment.kernel_alignment import AlignmentName
from strandline.distillation.distil import DistillationConfig, DistillationData, distil_student
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.training.loop import train
from strandline.models.inference import DihedralTransform, predict, predict_with_tta, student_inputs
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from tests.fixtures.batches import gauges_alone, make_batch

SHORT = DistillationConfig(steps=6, samples=2, windows=4, all_weights=True)


def blank_student(seed: int = 0) -> Student:
    torch.manual_seed(seed)
    return Student(width=8, dropout=0.0)


@pytest.fixture(scope="module")
def lesson() -> DistillationData:
    storms, windows = make_batch(4, (16, 16), seed=1), gauges_alone(make_batch(8, (8, 8), seed=2))
    torch.manual_seed(5)
    teacher = Teacher(width=32, depth=1, heads=2).eval()
    for layer in (teacher.surge_decoder.correction.shift, teacher.surge_decoder.correction.factors):
        nn.init.normal_(layer.weight, std=0.3)  # untaught, it says what every untaught student says
    return DistillationData(
        student_inputs(storms), student_inputs(windows), predict(teacher, storms), predict(teacher, windows)
    )


def without_a_teacher(lesson: DistillationData) -> DistillationData:
    return DistillationData(lesson.storms, lesson.windows)


def state(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


# --- distil ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_student_comes_nearer_to_its_teacher(lesson: DistillationData) -> None:
    recipe = replace(
        SHORT, soft=1.0, feature=0.5, task=0.0, dropout_rate=0.0, samples=4, windows=8, steps=1, learning_rate=0.0
    )
    student = blank_student()
    before = distil_student(student, lesson, recipe, seed=0)
    distil_student(student, lesson, replace(recipe, steps=60, learning_rate=3e-3), seed=0)
    after = distil_student(student, lesson, recipe, seed=0)
    assert set(before) == {"surge_soft", "flood_soft", "damage_soft", "feature"}
    assert all(after[name] < 0.8 * before[name] for name in ("surge_soft", "flood_soft", "feature"))


@pytest.mark.parametrize(
    ("weights", "terms"),
    [
        ({"soft": 0.0, "feature": 0.0, "task": 1.0}, {"flood_task", "surge_task", "damage_task"}),
        ({"soft": 1.0, "feature": 0.0, "task": 0.0}, {"flood_soft", "surge_soft", "damage_soft"}),
        ({"soft": 0.0, "feature": 1.0, "task": 0.0}, {"feature"}),
    ],
)
def test_a_term_of_weight_zero_is_not_computed(
    lesson: DistillationData, weights: dict[str, float], terms: set[str]
) -> None:
    assert set(distil_student(blank_student(), lesson, replace(SHORT, steps=1, **weights), seed=0)) == terms


@pytest.mark.parametrize("name", get_args(AlignmentName))
def test_features_are_compared_by_whatever_the_recipe_names(lesson: DistillationData, name: AlignmentName) -> None:
    recipe = replace(SHORT, soft=0.0, feature=1.0, task=0.0, alignment=name, dropout_rate=0.0, samples=4)
    student = blank_student()
    before = distil_student(student, lesson, replace(recipe, steps=1, learning_rate=0.0), seed=0)
    distil_student(student, lesson, replace(recipe, steps=25, learning_rate=3e-3), seed=0)
    after = distil_student(student, lesson, replace(recipe, steps=1, learning_rate=0.0), seed=0)
    assert after["feature"] < 0.95 * before["feature"]


def test_terms_grow_with_their_weights(lesson: DistillationData) -> None:
    once, twice = (
        distil_student(
            blank_student(), lesson, replace(SHORT, steps=1, soft=weight, task=weight, dropout_rate=0.0), seed=0
        )
        for weight in (0.25, 0.5)
    )
    for name, value in once.items():
        assert twice[name] == pytest.approx(2 * value, rel=1e-4)


@pytest.mark.parametrize("weights", [{"soft": 0.8}, {"soft": 0.0, "feature": 0.3}])
def test_a_recipe_that_needs_a_teacher_is_refused_without_its_word(
    lesson: DistillationData, weights: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match="no teacher's word"):
        distil_student(blank_student(), without_a_teacher(lesson), replace(SHORT, **weights), seed=0)


def test_the_seed_alone_decides_and_the_global_generator_is_left_alone(lesson: DistillationData) -> None:
    results = []
    for noise in (1, 2):
        student = blank_student()
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        distil_student(student, lesson, replace(SHORT, feature=0.3), seed=3)
        assert torch.equal(torch.get_rng_state(), before)
        assert not student.training
        results.append(state(student))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)
    other = blank_student()
    distil_student(other, lesson, replace(SHORT, feature=0.3), seed=4)
    assert not torch.equal(other.state_dict()["map.head.weight"], results[0]["map.head.weight"])


def test_without_a_teacher_only_storms_with_a_survey_are_looked_at(lesson: DistillationData) -> None:
    assert lesson.storms.flood_valid is not None
    assert lesson.storms.terrain is not None
    labelled = lesson.storms.flood_valid.clone()
    labelled[2:] = False
    storms = replace(lesson.storms, flood_valid=labelled)
    other = storms.terrain.clone()  # type: ignore[union-attr]
    other[2:] += 5.0
    alone = replace(SHORT, soft=0.0, task=1.0)
    results = []
    for batch in (storms, replace(storms, terrain=other, gauge=storms.gauge * labelled.any(-1).any(-1)[:, None, None])):
        student = blank_student()
        distil_student(student, DistillationData(batch, lesson.windows), alone, seed=0)
        results.append(state(student))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)


def test_a_place_teaches_its_own_weights_alone_and_leaves_all_free_to_learn(lesson: DistillationData) -> None:
    torch.manual_seed(0)
    student = Student(width=8, site_shape=(16, 16))
    local = {id(parameter) for parameter in student.local_parameters()}
    before = {name: parameter.detach().clone() for name, parameter in student.named_parameters()}
    distil_student(student, lesson, replace(SHORT, all_weights=False), seed=0)
    for name, parameter in student.named_parameters():
        assert parameter.requires_grad
        assert id(parameter) in local or torch.equal(parameter, before[name]), name
    assert student.site_memory is not None
    assert not torch.equal(student.site_memory, before["site_memory"])
    with pytest.raises(ValueError, match="has no site memory"):
        distil_student(blank_student(), lesson, replace(SHORT, all_weights=False), seed=0)


# --- the loop ----------------------------------------------------------------------------------------------------


def test_the_loop_finds_the_bottom_of_a_bowl() -> None:
    weight = nn.Parameter(torch.tensor([3.0, -2.0]))
    goal = torch.tensor([1.0, 0.5])
    seen: list[float] = []
    report = train([weight], lambda _: {"bowl": ((weight - goal) ** 2).sum()}, 400, 0.05, 0.0, seen.append)
    torch.testing.assert_close(weight.detach(), goal, atol=1e-2, rtol=0)
    assert report["bowl"] < 1e-3
    assert seen[-1] == 1.0
    assert seen == sorted(seen)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("bad_step", [0, 3, 9])
def test_a_loss_that_is_no_number_stops_the_loop_at_once(value: float, bad_step: int) -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    before = []

    def loss(step: int) -> dict[str, Tensor]:
        before.append(weight.detach().clone())
        return {"good": (weight**2).sum(), "bad": weight.sum() * (value if step == bad_step else 1.0)}

    with pytest.raises(FloatingPointError, match=rf"loss term 'bad' is -?(nan|inf) at step {bad_step}"):
        train([weight], loss, 10, 0.1)
    assert len(before) == bad_step + 1
    assert torch.isfinite(weight).all()


# --- failing streams ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_each_stream_fails_as_often_as_it_should(share: float) -> None:
    batch = make_batch(40, (8, 8), seed=3)
    draw = torch.Generator().manual_seed(0)
    lost: dict[str, list[float]] = {"radar": [], "optical": [], "in_situ": [], "climate": []}
    for _ in range(100):
        seen = modality_dropout(batch, share, draw)
        for name, shares in lost.items():
            there, was = (
                getattr(seen, f"{name}_seen").flatten(1).any(1),
                getattr(batch, f"{name}_seen").flatten(1).any(1),
            )
            shares.append(float((~there & was).sum() / was.sum()))
    for name, shares in lost.items():
        assert np.mean(shares) == pytest.approx(share, abs=0.03), name


def test_outages_come_together_more_often_than_chance() -> None:
    batch, draw = make_batch(40, (8, 8), seed=3), torch.Generator().manual_seed(0)
    both = []
    for _ in range(50):
        seen = modality_dropout(batch, 0.3, draw)
        assert seen.radar_seen is not None
        assert seen.optical_seen is not None
        both.append((~seen.radar_seen.flatten(1).any(1) & ~seen.optical_seen.flatten(1).any(1)).float().mean())
    assert np.mean(both) > 1.5 * 0.3**2
    assert np.mean(both) == pytest.approx(0.15 + 0.85 * (0.15 / 0.85) ** 2, abs=0.03)


def test_an_outage_only_hides_and_leaves_zeros_behind() -> None:
    batch = make_batch(20, (8, 8))
    seen = modality_dropout(batch, 0.7, torch.Generator().manual_seed(0))
    for name in ("gauge", "radar", "optical", "in_situ", "climate"):
        was, now = getattr(batch, f"{name}_seen"), getattr(seen, f"{name}_seen")
        assert (now <= was).all()
        assert now.sum() < was.sum()
        values, old = getattr(seen, name), getattr(batch, name)
        mask = now if name == "gauge" else now[..., None] if name == "climate" else now[:, None]
        torch.testing.assert_close(values * mask, old * mask)
        assert not (values * ~mask).any()
    torch.testing.assert_close(seen.tide, batch.tide)
    torch.testing.assert_close(seen.terrain, batch.terrain)
    torch.testing.assert_close(seen.flood_valid, batch.flood_valid)


# --- eight ways to lay a map -------------------------------------------------------------------------------------

TURNS = DihedralTransform.all()


@pytest.mark.parametrize("shape", [(8, 8), (8, 24)], ids=str)
@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_a_turn_can_be_undone_and_keeps_every_asset_on_its_ground(
    turn: DihedralTransform, shape: tuple[int, int]
) -> None:
    batch = make_batch(2, shape)
    turned = turn.batch(batch)
    assert batch.terrain is not None
    assert turned.terrain is not None
    assert batch.asset_cell is not None
    assert turned.asset_cell is not None
    for i in range(2):
        for asset in range(5):
            row, column = batch.asset_cell[i, asset]
            new_row, new_column = turned.asset_cell[i, asset]
            torch.testing.assert_close(turned.terrain[i, :, new_row, new_column], batch.terrain[i, :, row, column])
            assert turned.flood_valid[i, new_row, new_column] == batch.flood_valid[i, row, column]  # type: ignore[index]
    back = [one.grid(turn.grid(batch.terrain)) for one in TURNS]
    same = [grid.shape == batch.terrain.shape and torch.equal(grid, batch.terrain) for grid in back]
    assert [one for one, is_same in zip(TURNS, same, strict=True) if is_same] == [turn.inverse]
    again = turn.inverse.batch(turned)
    for name, tensor in vars(batch).items():
        torch.testing.assert_close(getattr(again, name), tensor)


def test_the_eight_turns_differ_and_all_are_drawn() -> None:
    grid = torch.arange(9).reshape(3, 3)
    assert len({tuple(turn.grid(grid).flatten().tolist()) for turn in TURNS}) == 8
    draw = torch.Generator().manual_seed(0)
    assert {DihedralTransform.draw(draw) for _ in range(100)} == set(TURNS)


def test_a_turned_word_lies_as_the_turned_map_does() -> None:
    torch.manual_seed(0)
    word = predict(Student(width=8).eval(), make_batch(2, (8, 8)))
    turned = DihedralTransform(True, False, True).prediction(word)
    assert word.flood_logits is not None
    assert turned.flood_logits is not None
    torch.testing.assert_close(turned.flood_logits, DihedralTransform(True, False, True).grid(word.flood_logits))
    assert set(turned.features) == {"global"}
    torch.testing.assert_close(turned.surge_mean, word.surge_mean)


@pytest.mark.parametrize("shape", [(8, 8), (8, 24)], ids=str)
def test_a_word_asked_all_ways_round_turns_with_the_map_and_stays_a_probability(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    network, batch = Teacher(width=16, depth=1), make_batch(2, shape)
    word = predict_with_tta(network, batch)
    assert word.flood_logits is not None
    torch.testing.assert_close(word.flood_logits.exp().sum(dim=1), torch.ones(2, *shape))
    for turn in TURNS:
        turned = predict_with_tta(network, turn.batch(batch)).flood_logits
        torch.testing.assert_close(turned, turn.grid(word.flood_logits), rtol=1e-4, atol=1e-4)
    plain = predict(network, batch)
    assert plain.flood_logits is not None
    assert not torch.allclose(plain.flood_logits.log_softmax(dim=1), word.flood_logits, atol=1e-2)
    torch.testing.assert_close(word.features["patches"], plain.features["patches"])
    torch.testing.assert_close(word.surge_mean, plain.surge_mean)
