"""`distil` on any two networks: closed forms, masks, validation, checkpoints, shapes and devices."""

import copy
import doctest
import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

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
from strandline.distillation.distil import DistillationBatch, DistillationReport, distil
from strandline.distillation.losses import cross_entropy, decoupled_soft_targets, soft_targets
from strandline.distillation.objective import geometric_annealing
from strandline.errors import InputError

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))]


def points(count: int = 64, width: int = 5, seed: int = 0) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def linear(seed: int, width: int = 5, classes: int = 3) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(width, classes)


def centred(network: nn.Linear) -> Tensor:
    """Weights without the part that moves all logits alike, which no softmax shows."""
    weight = torch.cat([network.weight, network.bias[:, None]], dim=1).detach()
    return weight - weight.mean(dim=0)


class Maps(nn.Module):
    """Logits (B, 3, H, W) and features of a small convolutional network with dropout."""

    def __init__(self, channels: int, width: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.body = nn.Conv2d(channels, width, 3, padding=1)
        self.dropout, self.head = nn.Dropout(dropout), nn.Conv2d(width, 3, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        hidden = self.dropout(F.relu(self.body(image)))
        return self.head(hidden), {"global": hidden.mean((2, 3)), "patches": hidden.flatten(2).transpose(1, 2)}


def maps(seed: int, channels: int, width: int) -> Maps:
    torch.manual_seed(seed)
    return Maps(channels, width)


def scenes(count: int = 12) -> TensorDataset:
    draw = torch.Generator().manual_seed(7)
    return TensorDataset(
        torch.randn(count, 2, 4, 4, generator=draw),
        torch.randint(3, (count, 4, 4), generator=draw),
        torch.rand(count, 4, 4, generator=draw) < 0.7,
    )


def one_channel(batch: list[Tensor]) -> DistillationBatch:
    """The student sees one channel of the two that the teacher sees."""
    image, classes, valid = batch
    return DistillationBatch(image[:, :1], image, classes, valid)


# --- closed forms ------------------------------------------------------------------------------------------------


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


# --- validation ----------------------------------------------------------------------------------------------------


def cross_over(**changes: Any) -> tuple[nn.Linear, DistillationReport]:
    """A student that predicts class 0 is trained on class 1, while both are equally frequent on the validation points.

    The validation loss is lowest, ln 2, where the student passes even odds.
    """
    student = nn.Linear(1, 2)
    with torch.no_grad():
        student.weight.zero_()
        student.bias.copy_(torch.tensor([1.0, -1.0]))
    nothing = torch.zeros(4, 1)
    report = distil(
        linear(1, 1, 2), student, [(nothing, torch.ones(4, dtype=torch.long))], steps=80, seed=0, soft_weight=0.0,
        task_loss=cross_entropy, learning_rate=0.05, weight_decay=0.0, validate_every=2,
        validation=[(nothing, torch.tensor([0, 1, 0, 1])), (nothing[:2], torch.tensor([0, 1]))], **changes,
    )  # fmt: skip
    return student, report


def odds(student: nn.Linear) -> float:
    return float((student.bias[1] - student.bias[0]).detach())


def test_validation_picks_the_weights_of_the_lowest_loss() -> None:
    student, report = cross_over()
    assert list(report.validation) == list(range(2, 81, 2))
    assert report.best_step == min(report.validation, key=report.validation.__getitem__)
    assert 2 < report.best_step < 80
    assert report.validation[report.best_step] == pytest.approx(math.log(2), abs=2e-3)
    assert abs(odds(student)) < 0.1
    for step, loss in report.validation.items():
        assert loss >= math.log(2) - 1e-6, step


def test_without_keeping_the_best_the_last_weights_stay() -> None:
    student, report = cross_over(keep_best=False)
    assert odds(student) > 1
    last = 0.5 * (F.softplus(torch.tensor(odds(student))) + F.softplus(torch.tensor(-odds(student))))
    assert report.validation[80] == pytest.approx(float(last), rel=1e-5)


def test_a_validation_loss_is_a_mean_over_samples_and_not_over_batches() -> None:
    inputs, teacher = points(), linear(1)
    _, *losses = (
        distil(teacher, linear(2), [inputs], steps=1, seed=0, learning_rate=0.0, validation=parts).validation[1]
        for parts in ([inputs], [inputs], [inputs[:10], inputs[10:]])
    )
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_validation_does_not_change_the_training() -> None:
    states = []
    for validation in (None, DataLoader(scenes(), batch_size=5, shuffle=True)):
        student, loader = maps(2, 1, 4), DataLoader(scenes(), batch_size=5, shuffle=True)
        distil(
            maps(1, 2, 8), student, loader, steps=6, seed=0, unpack=one_channel, validation=validation,
            validate_every=2, keep_best=False,
        )  # fmt: skip
        states.append(student.state_dict())
    torch.testing.assert_close(states[0], states[1], rtol=0, atol=0)


def test_a_validation_loss_that_is_no_number_stops_the_training() -> None:
    with pytest.raises(FloatingPointError, match="validation loss is nan"):
        distil(linear(1), linear(2), [points()], steps=1, seed=0, validation=[points() * math.nan])


# --- checkpoints ---------------------------------------------------------------------------------------------------


class Interrupted(Exception):
    """The power goes."""


def interrupted_at(fraction: float) -> Any:
    def progress(done: float) -> None:
        if done >= fraction:
            raise Interrupted

    return progress


def checkpointed(own_generator: bool = False, **changes: Any) -> tuple[dict[str, Tensor], DistillationReport]:
    """Everything that has a state: dropout, shuffling, a trained alignment, replay-like draws, the best weights."""

    class Jitter:
        """Consolidation that draws."""

        def terms(self, student: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
            weight = next(student.parameters())
            return {"jitter": 1e-2 * (weight * torch.randn(weight.shape, generator=generator)).sum()}

    teacher, student = maps(1, 2, 8), maps(2, 1, 4)
    torch.manual_seed(3)
    order = torch.Generator().manual_seed(9) if own_generator else None
    report = distil(
        teacher, student, DataLoader(scenes(), batch_size=5, shuffle=True, generator=order), steps=11, seed=4,
        unpack=one_channel, temperature=geometric_annealing, task_loss=cross_entropy, alignment=CosineAlignment(4, 8),
        consolidation=[Jitter()], learning_rate=1e-2, validation=DataLoader(scenes(), batch_size=5), validate_every=2,
        checkpoint_every=1, **changes,
    )  # fmt: skip
    return student.state_dict(), report


@pytest.mark.parametrize("own_generator", [False, True], ids=["global generator", "loader's generator"])
@pytest.mark.parametrize("fraction", [1 / 11, 4 / 11, 6 / 11, 10 / 11, 1.0])
def test_a_resumed_training_equals_an_uninterrupted_one_to_the_bit(
    tmp_path: Path, fraction: float, own_generator: bool
) -> None:
    whole = checkpointed(own_generator)
    path = tmp_path / "folder" / "distillation.pt"
    with pytest.raises(Interrupted):
        checkpointed(own_generator, checkpoint=path, progress=interrupted_at(fraction))
    torch.randn(3)
    resumed = checkpointed(own_generator, checkpoint=path)
    torch.testing.assert_close(resumed[0], whole[0], rtol=0, atol=0)
    assert resumed[1] == whole[1]


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "distillation.pt"
    first = checkpointed(checkpoint=path)
    seen: list[float] = []
    again = checkpointed(checkpoint=path, progress=seen.append)
    assert not seen
    torch.testing.assert_close(again[0], first[0], rtol=0, atol=0)
    assert again[1] == first[1]


def test_a_checkpoint_of_other_settings_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "distillation.pt"
    run = partial(distil, linear(1), checkpoint=path)
    run(linear(2), [points()], steps=3, seed=0)
    with pytest.raises(InputError, match=r"other settings \(seed\)"):
        run(linear(2), [points()], steps=3, seed=1)
    with pytest.raises(InputError, match=r"other settings \(temperatures\)"):
        run(linear(2), [points()], steps=3, seed=0, temperature=2.0)
    content = path.read_bytes()
    for damaged in (b"", b"text", content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="is not a training checkpoint"):
            run(linear(2), [points()], steps=3, seed=0)


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "distillation.pt"
    with pytest.raises(Interrupted):
        distil(
            linear(1), linear(2), [points()], steps=4, seed=0, checkpoint=path, checkpoint_every=2,
            progress=interrupted_at(0.5),
        )  # fmt: skip
    content = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(InputError, match="No space left"):
        distil(linear(1), linear(2), [points()], steps=4, seed=0, checkpoint=path, checkpoint_every=2)
    assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


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


def test_the_example_in_the_documentation_runs() -> None:
    found = doctest.testmod(distil_module)
    assert found.attempted >= 5
    assert found.failed == 0
