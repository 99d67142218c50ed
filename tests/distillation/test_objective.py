"""The loss of a step: which terms there are, what each is worth, and what is not computed."""

from dataclasses import replace
from types import SimpleNamespace

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.distillation.losses import soft_dice, soft_targets
from strandline.distillation.objective import Objective, SoftTerm, TaskTerm, add_terms, soft_terms, task_terms
from strandline.models.batch import Batch
from strandline.models.prediction import Prediction
from tests.fixtures.batches import make_batch


def prediction(batch: Batch, seed: int, *, damage: bool = True) -> Prediction:
    draw = torch.Generator().manual_seed(seed)
    samples, rows, columns = batch.terrain_seen.shape
    return Prediction(
        torch.randn(samples, 5, rows, columns, generator=draw),
        torch.randn(samples, 5, 5, generator=draw) if damage else None,
    )


def mean_where(values: Tensor, valid: Tensor) -> Tensor:
    return torch.stack([each[mask].mean() for each, mask in zip(values, valid, strict=True)])


def test_the_labels_cost_their_entropy_half_their_dice_and_a_fifth_of_the_damage() -> None:
    batch, weight = make_batch(), 3.0
    found = task_terms(own := prediction(batch, 1), batch, weight)
    assert own.damage_logits is not None
    entropy = mean_where(F.cross_entropy(own.flood_logits, batch.flood_class, reduction="none"), batch.flood_valid)
    dice = soft_dice(own.flood_logits, batch.flood_class, batch.flood_valid)
    damage = -own.damage_logits.log_softmax(-1).gather(-1, batch.damage_state[..., None])[..., 0]  # (B, A)
    torch.testing.assert_close(found["flood_task"], weight * (entropy + 0.5 * dice).mean())
    torch.testing.assert_close(found["damage_task"], 0.2 * weight * mean_where(damage, batch.damage_valid).mean())
    assert set(found) == {"flood_task", "damage_task"}


def test_a_sample_without_a_known_cell_does_not_dilute_the_others() -> None:
    batch = make_batch()
    batch.flood_valid[1:] = False
    alone = task_terms(prediction(batch, 1)[:1], batch[:1], 1.0)["flood_task"]
    torch.testing.assert_close(task_terms(prediction(batch, 1), batch, 1.0)["flood_task"], alone)


def test_the_teacher_costs_its_divergence_where_there_is_ground_and_where_there_are_assets() -> None:
    batch, weight, temperature = make_batch(), 3.0, 2.0
    own, teacher = prediction(batch, 1), prediction(batch, 2)
    assert own.damage_logits is not None
    assert teacher.damage_logits is not None
    found = soft_terms(own, teacher, batch, weight, temperature)
    flood = soft_targets(own.flood_logits, teacher.flood_logits, batch.terrain_seen, temperature).mean()
    damage = soft_targets(own.damage_logits.mT, teacher.damage_logits.mT, batch.asset_seen, temperature).mean()
    torch.testing.assert_close(found["flood_soft"], weight * flood)
    torch.testing.assert_close(found["damage_soft"], 0.2 * weight * damage)
    assert set(found) == {"flood_soft", "damage_soft"}


FLOOD = dict.fromkeys(("flood_class", "flood_valid"))
DAMAGE = dict.fromkeys(("damage_state", "damage_valid"))
ASSETS = dict.fromkeys(("asset_cell", "asset_class", "asset_seen"))


def test_without_a_label_or_a_prediction_there_is_no_term_of_it() -> None:
    batch = make_batch()
    own, bare = prediction(batch, 1), prediction(batch, 1, damage=False)
    assert set(task_terms(own, replace(batch, **FLOOD), 1.0)) == {"damage_task"}
    assert set(task_terms(own, replace(batch, **DAMAGE), 1.0)) == {"flood_task"}
    assert set(task_terms(bare, batch, 1.0)) == {"flood_task"}


def test_damage_is_distilled_only_where_both_networks_predict_it_and_assets_are_known() -> None:
    batch = make_batch()
    full, bare = prediction(batch, 1), prediction(batch, 2, damage=False)
    without = replace(batch, **ASSETS, **DAMAGE)
    for student, teacher, known in ((full, bare, batch), (bare, full, batch), (full, full, without)):
        assert set(soft_terms(student, teacher, known, 1.0, 2.0)) == {"flood_soft"}


def output(value: float) -> SimpleNamespace:
    return SimpleNamespace(value=torch.tensor(value), features={"global": torch.tensor([[value]])})


def never(*_: object) -> Tensor:
    raise AssertionError("a weight of 0 means: not computed")


def test_weights_multiply_and_a_weight_of_nothing_computes_nothing() -> None:
    student, teacher = output(2.0), output(5.0)
    task = TaskTerm("task", lambda own, batch: torch.mul(own.value, batch), 10.0)
    soft = SoftTerm("soft", lambda own, other, batch, heat: torch.mul(other.value - own.value, batch * heat), 0.5)
    absent: TaskTerm[SimpleNamespace, float] = TaskTerm("absent", lambda own, batch: None)

    def apart(own: object, other: object) -> Tensor:
        return torch.tensor([own["global"][0, 0] - other["global"][0, 0], 5.0])  # type: ignore[index]

    full = Objective(2.0, 3.0, 4.0, (task, absent), (soft,), apart, 7.0, apart)
    found = {name: float(value) for name, value in full.terms(student, teacher, 3.0, 1.5).items()}
    assert found == {"task": 10 * 2 * 6.0, "soft": 0.5 * 3 * 3 * 3 * 1.5, "feature": 4 * 1.0, "temporal": 7 * 1.0}
    assert set(full.terms(student, None, 3.0, 1.5)) == {"task"}, "without a teacher the labels alone"
    without = Objective(0.0, 0.0, 0.0, (TaskTerm("task", never),), (SoftTerm("soft", never),), never, 0.0, never)
    assert without.terms(student, teacher, 3.0, 1.5) == {}
    assert set(Objective(0.0, 0.0, 1.0, (), (), apart).terms(student, teacher, 3.0, 1.5)) == {"feature"}
    assert set(Objective(0.0, 0.0, 1.0, (), ()).terms(student, teacher, 3.0, 1.5)) == set()


def test_terms_of_one_name_are_summed() -> None:
    total = {"a": torch.tensor(1.0)}
    add_terms(total, {"a": torch.tensor(2.0), "b": torch.tensor(4.0)})
    assert {name: float(value) for name, value in total.items()} == {"a": 3.0, "b": 4.0}
