"""Distil your own networks: a teacher that sees radar teaches a student that sees poor elevation and a cloudy picture.

Two networks of your own making, no configuration object, no hooks: `learn` is all there is to it. The data are
synthetic. Run ``python examples/distil_your_own.py``; it takes some seconds on a processor.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.distillation.alignment.projection import ProjectionHead, align_patches, patches_of
from strandline.distillation.losses import cross_entropy, soft_targets
from strandline.distillation.modality_dropout import drop_any
from strandline.distillation.objective import geometric_annealing
from strandline.distillation.teacher_weight import estimate_teacher_weight, visibility
from strandline.distillation.training.loop import train

Streams = dict[str, tuple[Tensor, Tensor]]
SIZE, STEPS = 32, 80


class Network(nn.Module):
    """Yours, whatever it is: class logits (B, 2, H, W) and a feature map (B, D, H, W)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(c, width, 5, padding=2) for c in (channels, width))
        self.answer = nn.Conv2d(width, 2, 1)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Any input that you like; here all channels together."""
        features = F.relu(self.second(F.relu(self.first(seen))))
        return self.answer(features), features


def look(streams: Streams) -> Tensor:
    """How your student takes streams that may be missing: values and masks side by side."""
    return torch.cat([channel for values, seen in streams.values() for channel in (values, seen[:, None])], dim=1)


def learn(streams: Streams, word: Tensor, thoughts: Tensor, classes: Tensor, known: Tensor, weight: float) -> Network:
    """A student learns from unlabelled pairs and few labels; ``weight`` is how much the teacher's word counts.

    word (B, 2, H, W) and thoughts (B, D, H, W) are the teacher's; classes (B, H, W) are labels where ``known``.
    """
    torch.manual_seed(0)
    student, head, generator = Network(4, 8), ProjectionHead(8, 24), torch.Generator().manual_seed(0)
    labelled = known.flatten(1).any(dim=1).nonzero()[:, 0]

    def loss(step: int) -> dict[str, Tensor]:
        index = torch.cat([labelled, torch.randint(len(word), (6,), generator=generator)])
        batch = {name: (values[index], seen[index]) for name, (values, seen) in streams.items()}
        said, features = student(look(drop_any(batch, 0.2, generator, partial=0.2, keep_one=True)))
        terms = {"task": cross_entropy(said, classes[index], known[index])[: len(labelled)].mean()}
        if weight > 0:
            temperature = geometric_annealing(step, STEPS, start=3.0, end=1.0)
            everywhere = torch.ones_like(known[index])
            terms["soft"] = weight * soft_targets(said, word[index], everywhere, temperature).mean()
            patches = (patches_of(features, (4, 4)), patches_of(thoughts[index], (4, 4)))
            terms["feature"] = 0.1 * weight * align_patches(head, *patches).mean()
        return terms

    train([*student.parameters(), *head.parameters()], loss, STEPS, learning_rate=1e-2)
    return student


def make_scenes(seed: int, scenes: int) -> tuple[Tensor, Streams, Tensor]:
    """Synthetic: radar (B, 1, H, W) with speckle; wrong elevation and a picture under clouds; classes (B, H, W)."""
    draw = torch.Generator().manual_seed(seed)

    def noise(size: int = SIZE) -> Tensor:
        return torch.randn(scenes, 1, size, size, generator=draw)

    def smooth(knots: int) -> Tensor:
        return F.interpolate(noise(knots), (SIZE, SIZE), mode="bicubic")

    ground = smooth(5) + 0.7
    classes = (ground < 0).long()[:, 0]
    elevation = ground + 0.5 * smooth(9) + 0.3 * noise()
    coarse = F.avg_pool2d(classes[:, None].float(), 4) + 0.3 * noise(SIZE // 4)
    clear = (smooth(4) < 0.3)[:, 0]
    picture = F.interpolate(coarse, (SIZE, SIZE)) * clear[:, None]
    return (
        2.0 * classes[:, None] + noise(),
        {"elevation": (elevation, torch.ones_like(clear)), "picture": (picture, clear)},
        classes,
    )


def make_teacher() -> Network:
    """Yours, trained elsewhere: here on other synthetic scenes, with all their labels."""
    radar, _, classes = make_scenes(seed=1, scenes=40)
    torch.manual_seed(1)
    teacher = Network(1, 24)

    def loss(step: int) -> dict[str, Tensor]:
        index = (torch.arange(8) + 8 * step) % len(radar)
        return {"task": F.cross_entropy(teacher(radar[index])[0], classes[index])}

    train(list(teacher.parameters()), loss, STEPS, learning_rate=1e-2)
    return teacher


def overlap(logits: Tensor, classes: Tensor) -> float:
    """Intersection over union of water."""
    said, water = logits.argmax(dim=1) > 0, classes > 0
    return float((said & water).sum() / (said | water).sum())


@torch.no_grad()
def ask(network: nn.Module, seen: Tensor) -> tuple[Tensor, Tensor]:
    """A network's word and thoughts, once."""
    said: tuple[Tensor, Tensor] = network(seen)
    return said


def main() -> tuple[float, float]:
    """Diagnose, distil, compare; returns the student's score without and with the teacher."""
    radar, streams, classes = make_scenes(seed=2, scenes=60)  # pairs; two of them have labels in a quarter of the map
    known = torch.zeros_like(classes, dtype=torch.bool)
    known[:2, : SIZE // 2, : SIZE // 2] = True
    teacher = make_teacher()
    word, thoughts = ask(teacher, radar)

    first = known & (torch.arange(len(known)) == 0)[:, None, None]
    alone = learn(streams, word, thoughts, classes, first, weight=0.0)
    verdict = estimate_teacher_weight(word, ask(alone, look(streams))[0], classes, known & ~first, prior=0.5, block=4)
    print(verdict.advice)

    new_radar, new_streams, truth = make_scenes(seed=3, scenes=60)
    scores = []
    for weight in (0.0, verdict.weight):
        student = learn(streams, word, thoughts, classes, known, weight)
        answer = ask(student, look(new_streams))[0]
        scores.append(overlap(answer, truth))
        print(f"student, weight {weight:.2f}: IoU {scores[-1]:.3f} on 60 new synthetic scenes")
    new_word = ask(teacher, new_radar)[0]
    told = visibility(answer, new_word, torch.ones_like(truth, dtype=torch.bool))
    print(f"teacher: IoU {overlap(new_word, truth):.3f}; the student tells {told:.0%} of what it says")
    return scores[0], scores[1]


if __name__ == "__main__":
    main()
