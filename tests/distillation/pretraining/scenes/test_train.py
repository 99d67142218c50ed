"""One step of training on scenes: soft targets at their temperature, alignment with a guide, averaged weights."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from strandline.distillation.alignment.kernel_alignment import build_alignment, patch_probabilities
from strandline.distillation.pretraining.scenes import train as module
from strandline.distillation.pretraining.scenes.augmentation import Augmentation
from strandline.distillation.pretraining.scenes.samples import GUIDE, Samples
from strandline.distillation.pretraining.scenes.train import (
    Guide,
    MovingAverage,
    Source,
    TrainingConfig,
    predict_probability,
    train_network,
)
from strandline.models.flood.dense_io import MapPrediction, Streams
from strandline.models.flood.scenes.networks import new_student, new_teacher

PLAIN = Augmentation(jitter=0, dropout_rate=0, cut_mix=0, zoom=0, piece=0)


class Constant(nn.Module):
    """The same log odds in every cell."""

    def __init__(self, odds: float) -> None:
        super().__init__()
        self.odds = nn.Parameter(torch.tensor(odds))

    def forward(self, streams: Streams) -> MapPrediction:
        value = next(iter(streams.values()))[0]
        wet = self.odds.expand(value[:, 0].shape)
        return MapPrediction(torch.stack([torch.zeros_like(wet), wet], dim=1), value, {})


def make_samples(target: float, count: int = 2, side: int = 16, guided: bool = False) -> Samples:
    value = torch.randn(count, 1, side, side, generator=torch.Generator().manual_seed(0))
    seen = torch.ones(count, side, side, dtype=torch.bool)
    names = ("vv_after", f"{GUIDE}vv_after") if guided else ("vv_after",)
    grid = torch.full((count, side, side), target)
    return Samples(dict.fromkeys(names, (value, seen)), grid, seen, torch.ones(count, dtype=torch.float64))


def terms(network: nn.Module, source: Source, temperature: float) -> dict[str, Tensor]:
    config = TrainingConfig(1, 1e-3, PLAIN)
    return module._terms(network, source, temperature, config, torch.Generator().manual_seed(0), 0)


def divergence(target: float, odds: float, temperature: float) -> float:
    """τ² KL of two Bernoulli distributions at τ."""
    p = 1 / (1 + np.exp(-np.log(target / (1 - target)) / temperature))
    q = 1 / (1 + np.exp(-odds / temperature))
    return float(temperature**2 * (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))))


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_a_soft_target_is_compared_at_the_temperature_of_the_step(temperature: float) -> None:
    network, cells = Constant(0.4), 16 * 16
    found = terms(network, Source(make_samples(0.8), 2, 0.5, is_soft=True), temperature)
    wet = 1 / (1 + np.exp(-0.4))
    dice = 1 - (2 * wet * cells + 1) / ((wet + 0.8) * cells + 1)
    assert float(found["soft_0"].detach()) == pytest.approx(0.5 * (divergence(0.8, 0.4, temperature) + dice), rel=1e-3)


def test_labels_are_compared_at_a_temperature_of_one_and_soft_targets_at_the_falling_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[bool, float]] = []
    real = module._terms

    def heard(network: nn.Module, source: Source, temperature: float, *more: object) -> dict[str, Tensor]:
        seen.append((source.is_soft, temperature))
        return real(network, source, temperature, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_terms", heard)
    sources = [
        Source(make_samples(0.8), 2, is_soft=True),
        Source(make_samples(1.0), 2),
        Source(make_samples(0.0), 2, 0.0),
    ]
    train_network(Constant(0.0), sources, TrainingConfig(3, 1e-3, PLAIN, first_temperature=4.0), 0)
    assert [of_step for is_soft, of_step in seen if is_soft] == pytest.approx([4, 2, 1])
    assert [of_step for is_soft, of_step in seen if not is_soft] == [1, 1, 1]  # a weight of 0 is not computed


def test_a_guide_s_alignment_is_a_term_and_the_guide_reads_its_own_streams() -> None:
    student = new_student(0)
    teacher = new_teacher(["vv_after"], 0, width=16, depth=1, skip=8)
    samples = make_samples(0.8, count=4, guided=True)
    with torch.no_grad():
        prediction = teacher({"vv_after": samples.streams["vv_after"]})
    alignment = build_alignment(
        "cosine", student.feature_width, prediction.features, patch_probabilities(prediction.logits)
    )
    plain = terms(student, Source(samples, 2, is_soft=True), 1.0)
    found = terms(student, Source(samples, 2, is_soft=True, guide=Guide(teacher, alignment, 0.3)), 1.0)
    doubled = terms(student, Source(samples, 2, is_soft=True, guide=Guide(teacher, alignment, 0.6)), 1.0)
    assert set(plain) == {"soft_0"}
    assert set(found) == {"soft_0", "feature_0"}
    assert float(found["feature_0"].detach()) > 0
    assert float(doubled["feature_0"].detach()) == pytest.approx(2 * float(found["feature_0"].detach()), rel=1e-4)
    found["feature_0"].backward()
    assert all(weight.grad is None for weight in teacher.parameters())
    assert any(weight.grad is not None and bool(weight.grad.any()) for weight in student.parameters())


def test_the_moving_average_follows_the_weights_over_as_many_steps_as_there_were() -> None:
    network = nn.Linear(1, 1, bias=False)
    average = MovingAverage(network, 0.9)
    expected = float(network.weight.detach())
    for step in (1, 2, 3, 200):
        with torch.no_grad():
            network.weight.fill_(float(step))
        average.update(step)
        decay = min(0.9, step / (step + 10))
        expected = decay * expected + (1 - decay) * step
    average.load_into(network)
    assert float(network.weight.detach()) == pytest.approx(expected, rel=1e-6)


def test_without_averaging_the_last_weights_stay() -> None:
    network = nn.Linear(1, 1, bias=False)
    average = MovingAverage(network, 0.0)
    with torch.no_grad():
        network.weight.fill_(7.0)
    average.load_into(network)
    assert float(network.weight.detach()) == 7.0


def test_training_fits_a_constant_leaves_evaluation_mode_and_depends_on_the_seed_alone() -> None:
    config = TrainingConfig(60, 0.2, PLAIN, averaging=0.5)
    found = [train_network(Constant(0.0), [Source(make_samples(0.9), 2)], config, 0) for _ in range(2)]
    assert float(predict_probability(found[0], make_samples(0.9)).mean()) == pytest.approx(0.9, abs=0.05)
    assert float(found[0].odds.detach()) == float(found[1].odds.detach())
    assert not found[0].training


def test_predictions_of_chunks_are_those_of_the_whole() -> None:
    network, samples = new_student(0), make_samples(0.5, count=5)
    whole, parts = (predict_probability(network, samples, chunk).detach() for chunk in (16, 2))
    torch.testing.assert_close(whole, parts, atol=1e-5, rtol=1e-4)
