"""Fisher information and sensitivity against closed forms, and the terms against forgetting."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor

from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData, distil_student
from strandline.distillation.adaptation.recipe import Recipe
from strandline.distillation.continual.fisher import (
    FloodClasses,
    Tensors,
    fisher_diagonal,
    sensitivity,
    shared_weights,
    student_fisher,
)
from strandline.distillation.continual.regularisers import (
    LearningWithoutForgetting,
    QuadraticPenalty,
    Replay,
    ewc,
    l2_sp,
    mas,
)
from strandline.distillation.objective import Consolidation
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from tests.fixtures.batches import make_batch

pytestmark = pytest.mark.slow

FEATURES = 4
Outputs = dict[str, Tensor]


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def weights() -> Outputs:
    return {"w": torch.randn(FEATURES, generator=draws(1), dtype=torch.double)}


def cases(samples: int, cells: int = 1) -> Outputs:
    """Features (N, cells, 4) of a logistic regression; in a map every cell has its own."""
    x = torch.randn(samples, cells, FEATURES, generator=draws(2), dtype=torch.double)
    return {"x": x, "known": torch.ones(samples, cells, dtype=torch.bool)}


def logistic(weights: Tensors, sample: Tensors) -> Outputs:
    """Logits (2, cells) of a logistic regression: 0 and w·x."""
    wet = sample["x"] @ weights["w"]
    return {"logits": torch.stack([torch.zeros_like(wet), wet]), "known": sample["known"]}


def closed_form(weights: Outputs, samples: Outputs) -> Tensor:
    """Diagonal Fisher information of a logistic regression: mean over samples of Σ_cells p (1 − p) x²."""
    p = (samples["x"] @ weights["w"]).sigmoid() * samples["known"]
    return ((p * (1 - p))[..., None] * samples["x"].square()).sum(dim=1).mean(dim=0)


class Sure(FloodClasses):
    """These labels and no others, as likely as they are: √p in front of the logarithm becomes p when squared."""

    def __init__(self, labels: tuple[int, ...]) -> None:
        self.labels = torch.tensor(labels)

    def draw(self, outputs: Tensors, generator: torch.Generator) -> Outputs:
        return {"labels": self.labels}

    def log(self, outputs: Tensors, labels: Tensors) -> Tensor:
        chance = super().log({name: output.detach() for name, output in outputs.items()}, labels).exp()
        return chance.sqrt() * super().log(outputs, labels)


# --- Fisher information --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [1, 3])
def test_over_all_labels_the_fisher_information_is_the_closed_form_of_logistic_regression(
    weights: Outputs, cells: int
) -> None:
    samples = cases(7, cells)
    found = sum(
        fisher_diagonal(logistic, Sure(labels), weights, samples, draws())["w"]
        for labels in product((0, 1), repeat=cells)
    )
    torch.testing.assert_close(found, closed_form(weights, samples), rtol=1e-12, atol=0)


def test_drawn_labels_come_to_the_closed_form(weights: Outputs) -> None:
    samples = cases(200, 3)
    found = [
        fisher_diagonal(logistic, FloodClasses(), weights, samples, draws(seed), draws=4, chunk=200)["w"]
        for seed in range(40)
    ]
    mean, error = torch.stack(found).mean(dim=0), torch.stack(found).std(dim=0) / 40**0.5
    expected = closed_form(weights, samples)
    assert (error < 0.02 * expected).all()  # else the next assertion would be empty
    assert ((mean - expected).abs() < 4 * error).all()


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_how_many_samples_are_held_at_once_decides_nothing(weights: Outputs, chunk: int) -> None:
    samples = cases(11, 6)
    once = fisher_diagonal(logistic, FloodClasses(), weights, samples, draws(), draws=3, chunk=11)
    again = fisher_diagonal(logistic, FloodClasses(), weights, samples, draws(), draws=3, chunk=chunk)
    torch.testing.assert_close(again, once, rtol=1e-12, atol=0)
    torch.testing.assert_close(
        sensitivity(logistic_logits, weights, samples, chunk), sensitivity(logistic_logits, weights, samples, 11)
    )


def test_what_is_not_known_carries_no_information(weights: Outputs) -> None:
    samples = cases(5, 4)
    samples["known"][:, 2:] = False
    found = sum(
        fisher_diagonal(logistic, Sure((*labels, 0, 0)), weights, samples, draws())["w"]
        for labels in product((0, 1), repeat=2)
    )
    torch.testing.assert_close(found, closed_form(weights, samples), rtol=1e-12, atol=0)


def test_classes_are_drawn_as_often_as_they_are_likely() -> None:
    chances = torch.tensor([0.5, 0.3, 0.15, 0.05])
    logits = chances.log()[:, None, None].expand(-1, 100, 100)
    labels = FloodClasses().draw({"logits": logits}, draws())["labels"]
    found = torch.bincount(labels.flatten(), minlength=4) / labels.numel()
    assert ((found - chances).abs() < 4 * (chances * (1 - chances) / labels.numel()).sqrt()).all()


# --- sensitivity ---------------------------------------------------------------------------------------------------


def logistic_logits(weights: Tensors, sample: Tensors) -> Outputs:
    return {"logits": logistic(weights, sample)["logits"]}


def test_sensitivity_is_the_closed_form_of_a_linear_map(weights: Outputs) -> None:
    """‖Wx‖² has the slope 2 (Wx) x."""
    samples = cases(6)
    x = samples["x"][:, 0]
    expected = (2 * (x @ weights["w"])[:, None] * x).abs().mean(dim=0)
    torch.testing.assert_close(sensitivity(logistic_logits, weights, samples)["w"], expected, rtol=1e-12, atol=0)


# --- the student ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def storms() -> Batch:
    return student_inputs(make_batch(4, (16, 16), seed=1))


@pytest.fixture
def student() -> Student:
    torch.manual_seed(0)
    return Student(width=8, site_shape=(16, 16)).eval()


def test_a_students_fisher_information_is_that_of_one_storm_after_another(student: Student, storms: Batch) -> None:
    found = student_fisher(student, storms, draws(), draws=2)
    assert set(found) == set(shared_weights(student))
    assert "site_memory" not in found
    generator, total, labels = draws(), torch.zeros_like(student.map.head.weight), 0.0
    for index in range(len(storms)):
        one = storms[index : index + 1]
        logits = student(one).flood_logits[0]
        for _ in range(2):
            drawn = FloodClasses().draw({"logits": logits.detach()}, generator)
            log = FloodClasses().log({"logits": logits, "known": one.terrain_seen[0]}, drawn)
            total += torch.autograd.grad(log, student.map.head.weight, retain_graph=True)[0].square()
        labels += float(one.terrain_seen.sum())
    torch.testing.assert_close(found["map.head.weight"], total / (2 * labels), rtol=1e-4, atol=1e-9)


def test_a_student_in_training_is_refused(student: Student, storms: Batch) -> None:
    student.train()
    with pytest.raises(InputError, match=r"dropout makes its gradients random; call `student.eval\(\)` first"):
        student_fisher(student, storms, draws())


# --- penalties -----------------------------------------------------------------------------------------------------


def penalties(student: Student, storms: Batch, strength: float) -> Iterator[QuadraticPenalty]:
    yield ewc(student, storms, strength, draws(), draws=1)
    yield mas(student, storms, strength)
    yield l2_sp(student, strength)


def test_a_penalty_is_half_its_strength_times_importance_times_the_squared_way(student: Student, storms: Batch) -> None:
    for penalty in penalties(student, storms, 6.0):
        assert penalty.terms(student, draws())[penalty.name] == 0
        with torch.no_grad():
            student.map.head.bias += 0.1
            student.site_memory += 1.0  # new here: free
        expected = 0.5 * 6.0 * 0.01 * penalty.importance["map.head.bias"].sum()
        torch.testing.assert_close(penalty.terms(student, draws())[penalty.name], expected, rtol=1e-4, atol=0)
        with torch.no_grad():
            student.map.head.bias -= 0.1
            student.map.head.bias.copy_(penalty.anchor["map.head.bias"])


def test_online_consolidation_moves_its_anchor_and_lets_the_past_fade(student: Student) -> None:
    first = l2_sp(student, 1.0)
    with torch.no_grad():
        student.map.head.bias += 0.1
    second = first.after(student, {name: 3 * one for name, one in first.importance.items()}, decay=0.5)
    assert second.terms(student, draws())["l2_sp"] == 0
    assert all((value == 3.5).all() for value in second.importance.values())
    with pytest.raises(InputError, match=r"decay 1\.5 is not between"):
        first.after(student, first.importance, decay=1.5)


def test_a_penalty_on_weights_that_are_not_trained_is_refused(student: Student) -> None:
    penalty = l2_sp(student, 1.0)
    student.requires_grad_(False)
    with pytest.raises(InputError, match="holds none of the trained weights"):
        penalty.terms(student, draws())


# --- fine-tuning ---------------------------------------------------------------------------------------------------

LABELS = Recipe(soft=0.0, task=1.0, all_weights=True)
CONFIG = DistillationConfig(LABELS, steps=8, samples=2)
STILL = DistillationConfig(replace(LABELS, learning_rate=0.0), steps=1, samples=2)


def tuned(
    storms: Batch, *consolidation: Consolidation, config: DistillationConfig = CONFIG
) -> tuple[Student, dict[str, float]]:
    torch.manual_seed(0)
    student = Student(width=8, dropout=0.0)
    return student, distil_student(student, DistillationData(storms), config, 0, consolidation=consolidation)


def ones(student: Student) -> dict[str, Tensor]:
    return {name: torch.ones_like(weight) for name, weight in shared_weights(student).items()}


def test_a_penalty_holds_a_student_the_nearer_the_stronger_it_is(storms: Batch) -> None:
    """Near in its own measure: what is not dear is free to go."""
    torch.manual_seed(0)
    start = Student(width=8, dropout=0.0).eval()
    for measure in penalties(start, storms, 1.0):
        loose, tight = (
            measure.terms(tuned(storms, replace(measure, strength=strength))[0], draws())[measure.name]
            for strength in (1e-9, 1e5)
        )
        assert tight < 0.5 * loose


def test_replay_lowers_the_loss_on_the_past(storms: Batch) -> None:
    past = student_inputs(make_batch(4, (16, 16), seed=9))
    once = Replay(past, samples=4, dropout_rate=0.0)
    fast = DistillationConfig(replace(LABELS, learning_rate=3e-3), steps=20, samples=2)
    _, before = tuned(storms, once, config=STILL)
    _, after = tuned(storms, once, config=fast)
    assert after["replay_flood_task"] < before["replay_flood_task"]


def test_replay_leaves_out_the_site_memory(student: Student) -> None:
    elsewhere = Replay(student_inputs(make_batch(2, (24, 8))), samples=2, dropout_rate=0.0)
    before = elsewhere.terms(student, draws())["replay_flood_task"]
    with torch.no_grad():
        student.site_memory += 1.0
    assert elsewhere.terms(student, draws())["replay_flood_task"] == before


def test_terms_of_one_name_add_up(storms: Batch, student: Student) -> None:
    regularisers = [replace(l2_sp(student, strength), anchor=ones(student)) for strength in (1.0, 2.0)]
    (_, one), (_, both) = (
        tuned(storms, regularisers[0], config=STILL),
        tuned(storms, *regularisers, config=STILL),
    )
    assert both["l2_sp"] == pytest.approx(3 * one["l2_sp"])


def test_before_training_the_predictions_are_the_recorded_ones(storms: Batch) -> None:
    torch.manual_seed(0)
    start = Student(width=8, dropout=0.0)
    term = LearningWithoutForgetting.record(start, storms, samples=4, dropout_rate=0.0)
    terms = term.terms(start, draws())
    assert set(terms) == {"lwf_flood_soft", "lwf_damage_soft"}
    assert all(term.detach().abs() < 1e-6 for term in terms.values())
    with torch.no_grad():
        start.map.head.weight += torch.randn_like(start.map.head.weight)
    assert term.terms(start, draws())["lwf_flood_soft"] > 1e-3
