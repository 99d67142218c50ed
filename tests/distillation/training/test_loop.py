"""The training loop."""

import math

import pytest
import torch
from torch import Tensor, nn

from strandline.distillation.training.loop import train


def test_a_quadratic_is_minimised() -> None:
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
def test_a_loss_that_is_not_finite_stops_the_training_at_once(value: float, bad_step: int) -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    before = []

    def loss(step: int) -> dict[str, Tensor]:
        before.append(weight.detach().clone())
        return {"good": (weight**2).sum(), "bad": weight.sum() * (value if step == bad_step else 1.0)}

    with pytest.raises(FloatingPointError, match=rf"loss term 'bad' is -?(nan|inf) at step {bad_step}"):
        train([weight], loss, 10, 0.1)
    assert len(before) == bad_step + 1
    assert torch.isfinite(weight).all()
