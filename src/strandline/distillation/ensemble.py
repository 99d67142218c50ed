"""Distribution distillation: one network learns what every member of an ensemble says, and so where they disagree.

A network that is taught the members' mean knows how unsure they are together, and no longer why: chance and ignorance
look alike in it. Here each head is taught by its own member.

Source: Malinin, Mlodozeniec and Gales (2020), Ensemble distribution distillation, section 3; heads as in Tran et al.
(2020), Hydra.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from strandline.distillation import losses
from strandline.distillation.training.loop import Progress, train
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.inference import predict_members
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student

AT_ONCE = 8
"""Storms that are read together."""


@dataclass(frozen=True)
class EnsembleDistillationConfig:
    """How heads learn.

    Attributes:
        steps, samples, windows: optimiser steps, storms a step, surge windows a step.
        learning_rate: of AdamW.
        temperature: τ of the soft targets.
    """

    steps: int = 600
    samples: int = 8
    windows: int = 128
    learning_rate: float = 3e-3
    temperature: float = 1.0


def distil_members(
    student: MultiHeadStudent,
    members: Sequence[Student],
    storms: Sequence[Batch],
    windows: Sequence[Batch],
    recipe: EnsembleDistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Teach each head its member's word, in place: τ² · KL(member ‖ head) of floods, KL of the surges' normal laws.

    The trunk stays as it is, so that it and the members are asked once; heads learn within seconds. No label is used:
    any storm that the members can be asked of teaches, with any stream missing.

    Args:
        storms: views of maps, with whatever they remember and lack; ``windows``: views of gauges alone.
        seed: of the draws.

    Returns:
        The mean of each loss term at the end.

    Raises:
        InputError: not as many members as heads, or no view of storms and of windows.
    """
    if len(members) != student.members:
        raise InputError("multi-head student", f"has {student.members} heads", f"{len(members)} members would teach it")
    if not storms or not windows:
        raise InputError("lesson of the heads", "is empty", "give views of storms and of windows")
    student.eval()
    maps = _read_maps(student.trunk, members, storms)
    hours = _read_hours(student.trunk, members, windows)
    generator = torch.Generator().manual_seed(seed)

    def draw(pool: Sequence[Tensor], count: int) -> list[Tensor]:
        chosen = torch.randint(0, len(pool[0]), (count,), generator=generator)
        return [part[chosen].float() for part in pool]

    def loss(_: int) -> dict[str, Tensor]:
        *seen, said, ground = draw(maps, recipe.samples)
        heads = student.floods(*seen).flatten(0, 1)  # (B·M, K, H, W)
        valid = ground.bool().repeat_interleave(student.members, dim=0)
        floods = losses.soft_targets(heads, said.flatten(0, 1), valid, recipe.temperature)
        context, mean, scale, *theirs = draw(hours, recipe.windows)
        surges = (moment.flatten(0, 1) for moment in (*student.surges(context, mean, scale), *theirs))
        return {"flood_members": floods.mean(), "surge_members": losses.gaussian_divergence(*surges).mean()}

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return train(student.head_parameters(), loss, recipe.steps, recipe.learning_rate, progress=progress)


@torch.no_grad()
def _read_maps(trunk: Student, members: Sequence[Student], storms: Sequence[Batch]) -> list[Tensor]:
    """The trunk's logits, last features and patches, the members' logits (N, M, K, H, W), and known ground (N, H, W).

    A few storms at a time and in half precision, so that hundreds fit into memory.
    """
    parts = []
    for batch in storms:
        for start in range(0, len(batch), AT_ONCE):
            some = batch[start : start + AT_ONCE]
            grid = trunk.forward_with_features(some).map
            assert grid is not None
            assert some.terrain_seen is not None
            said = [word.flood_logits for word in predict_members(members, some) if word.flood_logits is not None]
            seen = (grid.logits, grid.decoded, grid.features["patches"], torch.stack(said, 1))
            parts.append((*(tensor.half() for tensor in seen), some.terrain_seen))
    return [torch.cat(tensors) for tensors in zip(*parts, strict=True)]


@torch.no_grad()
def _read_hours(trunk: Student, members: Sequence[Student], windows: Sequence[Batch]) -> list[Tensor]:
    """(N, D) context, (N, 25) the trunk's mean and scale, (N, M, 25) the members'."""
    parts = []
    for batch in windows:
        shared, context, _ = trunk.forward_with_features(batch)
        words = predict_members(members, batch, chunk=256)
        means, scales = (torch.stack([getattr(w, name) for w in words], 1) for name in ("surge_mean", "surge_scale"))
        parts.append((context, shared.surge_mean, shared.surge_scale, means, scales))
    return [torch.cat(tensors) for tensors in zip(*parts, strict=True)]
