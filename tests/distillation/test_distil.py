"""`distil` on any two networks: closed forms, masks, shapes, devices, and what is left behind."""

import copy
import doctest
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from strandline.distillation import distil as distil_module
from strandline.distillation.alignment.alignment import Alignment
from strandline.distillation.alignment.kernel_alignment import (
    KernelAlignment,
    LinearCKA,
    PrincipalComponents,
)
from strandline.distillation.alignment.kernels import rbf_kernel
from strandline.distillation.alignment.projection import CosineAlignment
from strandline.distillation.continual.regularisers import l2_sp
from strandline.distillation.distil import DistillationBatch, distil
from strandline.distillation.losses import cross_entropy, decoupled_soft_targets, soft_targets
from strandline.distillation.objective import geometric_annealing
from strandline.errors import InputError
from tests.fixtures.small_networks import Maps, centred, linear, maps, one_channel, points, scenes

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


# --- closed forms ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_linear_student_recovers_a_linear_teacher() -> None:
    teacher, student = linear(1), linear(2)
    assert (centred(student) - centred(teacher)).abs().max() > 0.2
    distil(teacher, student, [points()], steps=600, seed=0, temperature=2.0, learning_rate=0.05, weight_decay=0.0)
    torch.testing.assert_close(centred(student), centred(teacher), atol=1e-3, rtol=0)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_soft_term_is_the_divergence_times_the_square_of_the_temperature(temperature: float) -> None:
    teacher, student, inputs = linear(1), linear(2), points()
    expected = (
        0.7
        * temperature**2
        * F.kl_div(
            (student(inputs) / temperature).log_softmax(1),
            (teacher(inputs) / temperature).log_softmax(1),
            log_target=True,
            reduction="batchmean",
        )
    )
    report = distil(teacher, student, [inputs], steps=1, seed=0, temperature=temperature, soft_weight=0.7)
    assert report.terms == {"soft": pytest.approx(expected.item(), rel=1e-5)}


def test_at_a_high_temperature_the_soft_term_is_the_squared_distance_of_centred_logits() -> None:
    """Hinton et al. (2015), eq. 4: τ² KL → Σ (z − v)² / (2K) of logits with mean 0."""
    teacher, student, inputs = linear(1).double(), linear(2).double(), points().double()
    difference = (student(inputs) - teacher(inputs)).detach()
    limit = float((difference - difference.mean(1, keepdim=True)).square().sum(1).mean() / 6)
    report = distil(teacher, student, [inputs], steps=1, seed=0, temperature=1e4)
    assert report.terms["soft"] == pytest.approx(limit, rel=1e-3)


@pytest.mark.slow
def test_the_task_term_alone_is_logistic_regression_and_asks_no_teacher() -> None:
    class Untouchable(nn.Module):
        def forward(self, _: Tensor) -> Tensor:
            raise AssertionError("the teacher is not needed")

    inputs, student = points(200, 2), linear(0, 2, 2)
    chance = (inputs[:, 0] - 0.5 * inputs[:, 1] + 0.25).sigmoid()
    classes = (torch.rand(200, generator=torch.Generator().manual_seed(1)) < chance).long()
    report = distil(
        Untouchable(), student, [(inputs, classes)], steps=500, seed=0, soft_weight=0.0, task_loss=cross_entropy,
        learning_rate=0.05, weight_decay=0.0,
    )  # fmt: skip
    assert set(report.terms) == {"task"}
    student.zero_grad()
    F.cross_entropy(student(inputs), classes).backward()
    assert all(float(weight.grad.abs().max()) < 1e-3 for weight in student.parameters() if weight.grad is not None)


def test_the_temperature_follows_the_schedule() -> None:
    asked: list[float] = []

    def loss(student: Tensor, teacher: Tensor, valid: Tensor, temperature: float) -> Tensor:
        asked.append(temperature)
        return soft_targets(student, teacher, valid, temperature)

    distil(linear(1), linear(2), [points()], steps=5, seed=0, temperature=geometric_annealing, soft_loss=loss)
    assert asked == pytest.approx([5.0 ** (1 - step / 4) for step in range(5)])


def test_another_soft_loss_is_an_argument() -> None:
    loss = partial(decoupled_soft_targets, alpha=1.0, beta=8.0)
    inputs, teacher, student = points(), linear(1), linear(2)
    expected = loss(student(inputs), teacher(inputs), torch.ones(64, dtype=torch.bool), 2.0).mean()
    report = distil(teacher, student, [inputs], steps=1, seed=0, temperature=2.0, soft_loss=loss)
    assert report.terms["soft"] == pytest.approx(expected.item(), rel=1e-5)


# --- masks, features, consolidation --------------------------------------------------------------------------------


def test_masked_cells_have_no_effect_and_samples_without_a_valid_cell_do_not_dilute_the_mean() -> None:
    images, classes, valid = (tensor.clone() for tensor in scenes().tensors)
    valid[0] = False
    states = []
    for garbage in (0.0, 1e3):
        batch = (images, torch.where(valid, classes, int(garbage) % 3), valid)
        student = maps(2, 2, 4)
        student.dropout.p = 0.0
        report = distil(maps(1, 2, 8), student, [batch], steps=3, seed=0, task_loss=cross_entropy)
        states.append((report.terms, student.state_dict()))
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=0)
    one = linear(1), linear(2)
    valid_half = torch.arange(64) < 32
    masked = distil(*one, [(points(), torch.zeros(64), valid_half)], steps=1, seed=0).terms
    half = distil(linear(1), linear(2), [points()[:32]], steps=1, seed=0).terms
    assert masked["soft"] == pytest.approx(half["soft"], rel=1e-6)


def test_labels_hold_where_they_are_labelled_while_the_teacher_is_compared_everywhere() -> None:
    images, classes, labelled = scenes().tensors
    student, teacher = maps(2, 2, 4), maps(1, 2, 8)
    student.dropout.p = 0.0
    labelled = labelled & (torch.arange(12) < 3)[:, None, None]
    with torch.no_grad():
        logits, everywhere = student(images)[0], torch.ones_like(labelled)
        soft = soft_targets(logits, teacher.eval()(images)[0], everywhere, 1.0).mean()
        task = cross_entropy(logits, classes, labelled)[:3].mean()
    batch = DistillationBatch(images, images, classes, labelled=labelled)
    report = distil(teacher, student, [batch], steps=1, seed=0, task_loss=cross_entropy)
    assert report.terms["soft"] == pytest.approx(soft.item(), rel=1e-5)
    assert report.terms["task"] == pytest.approx(task.item(), rel=1e-5)
    batch = DistillationBatch(images, images, classes, labelled=labelled[:, :1, :1])
    with pytest.raises(InputError, match=r"need \(12, 4, 4\) bool"):
        distil(teacher, student, [batch], steps=1, seed=0, task_loss=cross_entropy)


def kernel_alignment(teacher: Maps) -> Alignment:
    with torch.no_grad():
        patches = teacher.eval()(scenes().tensors[0])[1]["patches"].flatten(0, 1)
    return KernelAlignment(rbf_kernel, 1.0, 4, PrincipalComponents(patches, 3))


@pytest.mark.parametrize("make", [lambda _: CosineAlignment(4, 8), lambda _: LinearCKA(), kernel_alignment])
def test_features_are_aligned_by_the_object_that_is_passed(make: Any) -> None:
    teacher, student = maps(1, 2, 8), maps(2, 1, 4)
    student.dropout.p = 0.0
    torch.manual_seed(3)
    alignment = make(teacher)
    loader = DataLoader(scenes(), batch_size=12)
    run = partial(
        distil, teacher, student, loader, seed=0, soft_weight=0.0, feature_weight=2.0, alignment=alignment,
        unpack=one_channel,
    )  # fmt: skip
    before = run(steps=1, learning_rate=0.0).terms
    run(steps=60, learning_rate=1e-2)
    after = run(steps=1, learning_rate=0.0).terms
    assert set(before) == {"feature"}
    assert after["feature"] < 0.9 * before["feature"]


def test_consolidation_adds_its_terms_and_holds_the_weights() -> None:
    distances = []
    for strength in (0.0, 1e4):
        student = linear(2)
        before = student.weight.detach().clone()
        consolidation = [l2_sp(student, strength)] if strength else []
        report = distil(
            linear(1), student, [points()], steps=50, seed=0, learning_rate=0.05, consolidation=consolidation
        )
        distances.append(float((student.weight.detach() - before).norm()))
        assert ("l2_sp" in report.terms) == bool(strength)
    assert distances[1] < 0.1 * distances[0]


# --- what is refused -----------------------------------------------------------------------------------------------


def test_logits_of_another_shape_are_refused_and_both_shapes_named() -> None:
    class Coarse(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            return image.mean((2, 3), keepdim=True).expand(-1, 3, -1, -1)  # (B, 3, 1, 1) would broadcast

    images = scenes().tensors[0][:, :1]
    student = maps(2, 1, 4)
    with pytest.raises(InputError, match=r"student gives \(12, 3, 4, 4\), the teacher \(12, 3, 1, 1\)"):
        distil(Coarse(), student, [images], steps=1, seed=0)
    assert not student.training
    with pytest.raises(InputError, match=r"student gives \(64, 3\), the teacher \(64, 4\)"):
        distil(linear(1, classes=4), linear(2), [points()], steps=1, seed=0)


def test_a_mask_that_does_not_fit_is_refused() -> None:
    for valid in (torch.ones(12, 1, 1, dtype=torch.bool), torch.ones(12, 4, 4)):
        batch = (scenes().tensors[0], torch.zeros(12), valid)
        with pytest.raises(InputError, match=r"need \(12, 4, 4\) bool"):
            distil(maps(1, 2, 8), maps(2, 2, 4), [batch], steps=1, seed=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "0 steps"),
        ({"soft_weight": 0.0}, "every weight is 0"),
        ({"task_loss": cross_entropy}, "have no target"),
        ({"soft_loss": lambda s, t, v, tau: soft_targets(s, t, v, tau).mean()}, r"one value a sample, \(64,\)"),
        ({"temperature": 0.0}, "not a finite number above 0"),
        ({"loader": []}, "gives no batch"),
        ({"loader": [(1, 2, 3, 4)]}, "pass `unpack`"),
        ({"validation": []}, "validation loader: gives no batch"),
        ({"student": nn.Flatten()}, "no weight that requires a gradient"),
        ({"student": nn.LSTM(5, 3)}, "LSTM: returns a tuple"),
    ],
)
def test_what_cannot_be_distilled_is_refused(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"student": linear(2), "loader": [points()], "steps": 1} | change
    with pytest.raises(InputError, match=message):
        distil(linear(1), seed=0, **given)


def test_a_network_is_not_its_own_teacher() -> None:
    network = linear(1)
    with pytest.raises(InputError, match=r"copy\.deepcopy"):
        distil(network, network, [points()], steps=1, seed=0)


def test_a_loader_that_can_be_read_once_is_refused_at_its_end() -> None:
    with pytest.raises(InputError, match="read again"):
        distil(linear(1), linear(2), (part for part in (points(), points())), steps=3, seed=0)


# --- what is left behind -------------------------------------------------------------------------------------------


def test_the_teacher_and_the_random_generator_are_left_as_they_were() -> None:
    teacher = maps(1, 2, 8).train()
    teacher.dropout.eval()
    before, weights = torch.get_rng_state(), copy.deepcopy(teacher.state_dict())
    student = maps(2, 1, 4)
    state = torch.get_rng_state()
    distil(teacher, student, DataLoader(scenes(), batch_size=4, shuffle=True), steps=4, seed=0, unpack=one_channel)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(before, state)
    assert teacher.training
    assert not teacher.dropout.training
    torch.testing.assert_close(teacher.state_dict(), weights, rtol=0, atol=0)
    assert all(weight.grad is None for weight in teacher.parameters())
    assert not student.training


def test_frozen_weights_of_the_student_stay() -> None:
    student = maps(2, 2, 4)
    student.body.requires_grad_(False)
    before = copy.deepcopy(student.state_dict())
    distil(maps(1, 2, 8), student, [scenes().tensors[0]], steps=3, seed=0)
    assert torch.equal(student.body.weight, before["body.weight"])
    assert not torch.equal(student.head.weight, before["head.weight"])


def test_the_seed_alone_decides() -> None:
    states = []
    for noise, seed in ((1, 5), (2, 5), (1, 6)):
        student = maps(2, 1, 4)
        torch.manual_seed(noise)
        loader = DataLoader(scenes(), batch_size=5, shuffle=True)
        distil(maps(1, 2, 8), student, loader, steps=6, seed=seed, unpack=one_channel)
        states.append(student.state_dict())
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=0)
    assert not torch.equal(states[0]["head.weight"], states[2]["head.weight"])


# --- devices, inputs, documentation --------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
def test_networks_and_batches_are_moved_to_the_device(device: str, tmp_path: Path) -> None:
    teacher, student = maps(1, 2, 8), maps(2, 1, 4)
    loader = [{"image": image, "classes": classes, "valid": valid} for image, classes, valid in DataLoader(scenes(), 4)]

    def unpack(batch: dict[str, Tensor]) -> DistillationBatch:
        return DistillationBatch({"image": batch["image"][:, :1]}, (batch["image"],), batch["classes"], batch["valid"])

    report = distil(
        teacher, student, loader, steps=4, seed=0, unpack=unpack, device=device, task_loss=cross_entropy,
        alignment=CosineAlignment(4, 8), consolidation=[l2_sp(student, 0.1)], validation=loader, validate_every=2,
        checkpoint=tmp_path / "file.pt",
    )  # fmt: skip
    assert {weight.device.type for weight in student.parameters()} == {device}
    assert {weight.device.type for weight in teacher.parameters()} == {"cpu"}
    assert set(report.terms) == {"task", "soft", "feature", "l2_sp"}


def test_progress_goes_from_the_first_step_to_one() -> None:
    seen: list[float] = []
    distil(linear(1), linear(2), [points()], steps=4, seed=0, progress=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.slow
def test_the_example_in_the_documentation_runs() -> None:
    found = doctest.testmod(distil_module)
    assert found.attempted >= 5
    assert found.failed == 0
