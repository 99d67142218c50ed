"""MC dropout: a network asked many times with dropout awake, as a cheap ensemble of one."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


@contextmanager
def dropout_awake(network: nn.Module) -> Iterator[None]:
    """Within, dropout drops and everything else is in evaluation mode; afterwards every part is as it was before.

    Attention that drops weights counts as dropout. Normalisation stays as in use: in training mode, batch statistics
    would change the answer for another reason than doubt.

    Raises:
        InputError: a network without dropout, whose draws would all be alike.
    """
    dropping = [part for part in network.modules() if _share_dropped(part) > 0]
    if not dropping:
        raise InputError(type(network).__name__, "drops nothing, so that every draw is the same", "ask an ensemble")
    before = [(part, part.training) for part in network.modules()]
    try:
        network.eval()
        for part in dropping:
            part.training = True  # the part alone: `train()` would wake what is within an attention too
        yield
    finally:
        for part, training in before:
            part.training = training


@torch.no_grad()
def draw_words(network: Teacher | Student, batch: Batch, draws: int, seed: int, chunk: int = 16) -> list[Prediction]:
    """``draws`` words of a network on a batch, each with other parts dropped; costs as many forward passes.

    `parts.class_parts` and `surge_moments` take them as they take an ensemble's. The global random state is left alone.

    Args:
        seed: of what is dropped; the same seed, batch and chunk give the same words.
        chunk: samples at once.

    Raises:
        InputError: a network without dropout.

    Source: Gal and Ghahramani (2016), Dropout as a Bayesian approximation, eq. 6.
    """
    with dropout_awake(network), torch.random.fork_rng():
        torch.manual_seed(seed)
        return [
            Prediction.concatenate([network(batch[start : start + chunk]) for start in range(0, len(batch), chunk)])
            for _ in range(draws)
        ]


def _share_dropped(part: nn.Module) -> float:
    if isinstance(part, nn.MultiheadAttention):
        return float(part.dropout)
    return float(part.p) if isinstance(part, DROPOUTS) else 0.0
