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
        steps, samples: optimiser steps, storms per step.
        learning_rate: of AdamW.
        temperature: τ of the soft targets.
    """

    steps: int = 600
    samples: int = 8
    learning_rate: float = 3e-3
    temperature: float = 1.0


def distil_members(
    student: MultiHeadStudent,
    members: Sequence[Student],
    storms: Sequence[Batch],
    config: EnsembleDistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Distil each member into its head, in place: τ² · KL(member ‖ head) of the flood classes.

    The trunk is frozen, so that it and the members are evaluated once. No label is used; any modality may be missing.

    Args:
        storms: batches with terrain.
        seed: of the draws.

    Returns:
        The mean of each loss term over the last tenth of the steps.

    Raises:
        InputError: not as many members as heads, or no storms.
    """
    if len(members) != student.members:
        raise InputError(
            "multi-head student", f"has {student.members} heads", f"give as many members, not {len(members)}"
        )
    if not storms:
        raise InputError("distillation of heads", "no storms", "give batches of them")
    student.eval()
    maps = _map_data(student.trunk, members, storms)
    generator = torch.Generator().manual_seed(seed)

    def loss(_: int) -> dict[str, Tensor]:
        chosen = torch.randint(0, len(maps[0]), (config.samples,), generator=generator)
        *inputs, member_logits, known = (part[chosen].float() for part in maps)
        heads = student.floods(*inputs).flatten(0, 1)  # (B·M, K, H, W)
        valid = known.bool().repeat_interleave(student.members, dim=0)
        floods = losses.soft_targets(heads, member_logits.flatten(0, 1), valid, config.temperature)
        return {"flood_members": floods.mean()}

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
            logits = torch.stack([part.flood_logits for part in predict_members(members, some)], 1)
            of_trunk = (grid.logits, grid.decoded, grid.features["patches"])
            parts.append((*(tensor.half() for tensor in (*of_trunk, logits)), some.require("terrain_seen")))
    return [torch.cat(tensors) for tensors in zip(*parts, strict=True)]
