"""Distil your own networks: a teacher that sees radar, a student that sees poor elevation and a cloudy image.

Neither network knows anything of Strandline; `distil` trains the student on unlabelled pairs and two labels. The data
are synthetic. Run ``python examples/distil_your_own.py``; it takes some seconds on a CPU.
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from strandline.distillation.adaptation.teacher_weight import estimate_teacher_weight, visibility
from strandline.distillation.alignment.projection import CosineAlignment
from strandline.distillation.distil import DistillationBatch, distil
from strandline.distillation.losses import cross_entropy
from strandline.distillation.objective import geometric_annealing
from strandline.distillation.training.loop import train

SIZE, STEPS = 32, 120


class Network(nn.Module):
    """Any network that returns class logits (B, 2, H, W), here with features of 8 × 8 cells."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(c, width, 5, padding=2) for c in (channels, width))
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, inputs: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Logits and ``patches`` (B, 16, D)."""
        hidden = F.relu(self.second(F.relu(self.first(inputs))))
        return self.head(hidden), {"patches": F.avg_pool2d(hidden, 8).flatten(2).transpose(1, 2)}


def make_scenes(seed: int, scenes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Synthetic scenes.

    Returns:
        radar (B, 1, H, W) with speckle; elevation with errors, cloudy image and cloud mask (B, 3, H, W); classes.
    """
    draw = torch.Generator().manual_seed(seed)

    def noise(size: int = SIZE) -> Tensor:
        return torch.randn(scenes, 1, size, size, generator=draw)

    def smooth(knots: int) -> Tensor:
        return F.interpolate(noise(knots), (SIZE, SIZE), mode="bicubic")

    ground = smooth(5) + 0.7
    classes = (ground < 0).long()[:, 0]
    elevation = ground + 0.5 * smooth(9) + 0.3 * noise()
    coarse = F.avg_pool2d(classes[:, None].float(), 4) + 0.3 * noise(SIZE // 4)
    clear = (smooth(4) < 0.3).float()
    image = F.interpolate(coarse, (SIZE, SIZE)) * clear
    return 2.0 * classes[:, None] + noise(), torch.cat([elevation, image, clear], dim=1), classes


def make_teacher() -> Network:
    """A teacher trained elsewhere: here on other synthetic scenes, with all their labels."""
    radar, _, classes = make_scenes(seed=1, scenes=40)
    torch.manual_seed(1)
    teacher = Network(1, 24)

    def loss(step: int) -> dict[str, Tensor]:
        index = (torch.arange(8) + 8 * step) % len(radar)
        return {"task": F.cross_entropy(teacher(radar[index])[0], classes[index])}

    train(list(teacher.parameters()), loss, STEPS, learning_rate=1e-2)
    return teacher


def unpack(batch: list[Tensor]) -> DistillationBatch:
    """The teacher sees radar, the student elevation and image; they are compared everywhere, labels are few."""
    radar, optical, classes, labelled = batch
    return DistillationBatch(optical, radar, classes, labelled=labelled)


def overlap(logits: Tensor, classes: Tensor) -> float:
    """Intersection over union of water."""
    predicted, water = logits.argmax(dim=1) > 0, classes > 0
    return float((predicted & water).sum() / (predicted | water).sum())


@torch.no_grad()
def predict(network: nn.Module, inputs: Tensor) -> Tensor:
    """Logits (B, 2, H, W)."""
    logits: Tensor = network(inputs)[0]
    return logits


def main() -> tuple[float, float]:
    """Estimate the teacher's weight, distil, compare; returns the student's IoU without and with the teacher."""
    radar, optical, classes = make_scenes(seed=2, scenes=60)  # two scenes have labels in a quarter of the map
    labelled = torch.zeros_like(classes, dtype=torch.bool)
    labelled[:2, : SIZE // 2, : SIZE // 2] = True
    teacher = make_teacher()

    def train_student(weight: float, labels: Tensor) -> Network:
        """``weight`` is that of the teacher's predictions; 0 = none."""
        torch.manual_seed(0)
        student = Network(3, 8)
        few = labels.flatten(1).any(dim=1).nonzero()[:, 0].repeat(15)  # as often as the unlabelled scenes
        index = torch.cat([few, torch.arange(len(classes))])
        loader = DataLoader(
            TensorDataset(*(part[index] for part in (radar, optical, classes, labels))), 8, shuffle=True
        )
        distil(
            teacher, student, loader, steps=STEPS, seed=0, unpack=unpack, learning_rate=1e-2, task_loss=cross_entropy,
            soft_weight=weight, temperature=partial(geometric_annealing, start=3.0, end=1.0),
            feature_weight=0.1 * weight, alignment=CosineAlignment(8, 24),
        )  # fmt: skip
        return student

    first = labelled & (torch.arange(len(labelled)) == 0)[:, None, None]
    supervised, second = train_student(0.0, first), labelled & ~first
    estimate = estimate_teacher_weight(
        predict(teacher, radar), predict(supervised, optical), classes, second, prior=0.5, block=4
    )
    print(estimate.advice)

    new_radar, new_optical, truth = make_scenes(seed=3, scenes=60)
    scores = []
    for weight in (0.0, estimate.weight):
        student = train_student(weight, labelled)
        scores.append(overlap(predict(student, new_optical), truth))
        print(f"student, weight {weight:.2f}: IoU {scores[-1]:.3f} on 60 new synthetic scenes")
    of_teacher, everywhere = predict(teacher, new_radar), torch.ones_like(truth, dtype=torch.bool)
    share = visibility(predict(student, new_optical), of_teacher, everywhere)
    print(f"teacher: IoU {overlap(of_teacher, truth):.3f}; the student reproduces {share:.0%} of its predictions")
    return scores[0], scores[1]


if __name__ == "__main__":
    main()
