"""Ensemble distribution distillation: each head of one network is distilled from one member of an ensemble.

A network distilled from the members' mean loses their disagreement: it cannot separate epistemic from aleatoric
uncertainty. One head per member keeps it.

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

CHUNK = 8
"""Storms per forward pass."""


@dataclass(frozen=True)
class EnsembleDistillationConfig:
    """How heads are trained.

    Attributes:
        steps, samples, windows: optimiser steps, storms per step, surge windows per step.
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
    config: EnsembleDistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Distil each member into its head, in place: τ² · KL(member ‖ head) of floods, KL of the surge's normal laws.

    The trunk is frozen, so that it and the members are evaluated once. No label is used; any modality may be missing.

    Args:
        storms: batches with terrain; ``windows``: batches of gauges alone.
        seed: of the draws.

    Returns:
        The mean of each loss term over the last tenth of the steps.

    Raises:
        InputError: not as many members as heads, or no storms or windows.
    """
    if len(members) != student.members:
        raise InputError(
            "multi-head student", f"has {student.members} heads", f"give as many members, not {len(members)}"
        )
    if not storms or not windows:
        raise InputError("distillation of heads", "no storms or no windows", "give batches of both")
    student.eval()
    maps = _map_data(student.trunk, members, storms)
    hours = _surge_data(student.trunk, members, windows)
    generator = torch.Generator().manual_seed(seed)

    def draw(pool: Sequence[Tensor], count: int) -> list[Tensor]:
        chosen = torch.randint(0, len(pool[0]), (count,), generator=generator)
        return [part[chosen].float() for part in pool]

    def loss(_: int) -> dict[str, Tensor]:
        *inputs, member_logits, known = draw(maps, config.samples)
        heads = student.floods(*inputs).flatten(0, 1)  # (B·M, K, H, W)
        valid = known.bool().repeat_interleave(student.members, dim=0)
        floods = losses.soft_targets(heads, member_logits.flatten(0, 1), valid, config.temperature)
        context, mean, scale, *member_moments = draw(hours, config.windows)
        surges = (moment.flatten(0, 1) for moment in (*student.surges(context, mean, scale), *member_moments))
        return {"flood_members": floods.mean(), "surge_members": losses.gaussian_divergence(*surges).mean()}

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return train(student.head_parameters(), loss, config.steps, config.learning_rate, progress=progress)


@torch.no_grad()
def _map_data(trunk: Student, members: Sequence[Student], storms: Sequence[Batch]) -> list[Tensor]:
    """The trunk's logits, last features and patches, the members' logits (N, M, K, H, W), and known ground (N, H, W).

    A few storms at a time and in half precision, so that hundreds fit into memory.
    """
    parts = []
    for batch in storms:
        for start in range(0, len(batch), CHUNK):
            some = batch[start : start + CHUNK]
            grid = trunk.forward_with_features(some).map
            assert grid is not None
            assert some.terrain_seen is not None
            predictions = predict_members(members, some)
            logits = [part.flood_logits for part in predictions if part.flood_logits is not None]
            of_trunk = (grid.logits, grid.decoded, grid.features["patches"])
            parts.append((*(tensor.half() for tensor in (*of_trunk, torch.stack(logits, 1))), some.terrain_seen))
    return [torch.cat(tensors) for tensors in zip(*parts, strict=True)]


@torch.no_grad()
def _surge_data(trunk: Student, members: Sequence[Student], windows: Sequence[Batch]) -> list[Tensor]:
    """(N, D) context, (N, 25) the trunk's mean and scale, (N, M, 25) the members'."""
    parts = []
    for batch in windows:
        shared, context, _ = trunk.forward_with_features(batch)
        predictions = predict_members(members, batch, chunk=256)
        means, scales = (
            torch.stack([getattr(part, name) for part in predictions], 1) for name in ("surge_mean", "surge_scale")
        )
        parts.append((context, shared.surge_mean, shared.surge_scale, means, scales))
    return [torch.cat(tensors) for tensors in zip(*parts, strict=True)]
