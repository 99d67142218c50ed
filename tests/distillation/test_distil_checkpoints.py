"""`distil` stops and goes on: weights chosen by validation, and trainings that are interrupted."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from strandline.distillation.alignment.projection import CosineAlignment
from strandline.distillation.distil import DistillationReport, distil
from strandline.distillation.losses import cross_entropy
from strandline.distillation.objective import geometric_annealing
from strandline.errors import InputError
from tests.fixtures.small_networks import linear, maps, one_channel, points, scenes

pytestmark = pytest.mark.slow

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
