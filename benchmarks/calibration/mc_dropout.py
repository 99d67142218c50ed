"""Monte-Carlo dropout: repeated forward passes with active dropout, as an ensemble of one network."""

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
def dropout_active(network: nn.Module) -> Iterator[None]:
    """Set dropout to training mode and everything else to evaluation mode; restore all modes afterwards.

    Attention with dropout counts as dropout. Normalisation stays in evaluation mode, since batch statistics would
    change the prediction for another reason.

    Raises:
        InputError: a network without dropout, whose passes would be equal.
    """
    dropping = [module for module in network.modules() if _dropout_probability(module) > 0]
    if not dropping:
        raise InputError(type(network).__name__, "has no dropout, so that all passes are equal", "use an ensemble")
    before = [(module, module.training) for module in network.modules()]
    try:
        network.eval()
        for module in dropping:
            module.training = True  # this module alone: `train()` would include the children of an attention
        yield
    finally:
        for module, training in before:
            module.training = training


@torch.no_grad()
def sample_predictions(
    network: Teacher | Student, batch: Batch, draws: int, seed: int, chunk: int = 16
) -> list[Prediction]:
    """``draws`` predictions of a network on a batch with active dropout; the cost is as many forward passes.

    The global random state does not change.

    Args:
        seed: of the dropout; equal seed, batch and chunk give equal predictions.
        chunk: samples per forward pass.

    Raises:
        InputError: a network without dropout.

    Source: Gal and Ghahramani (2016), Dropout as a Bayesian approximation, eq. 6.
    """
    with dropout_active(network), torch.random.fork_rng():
        torch.manual_seed(seed)
        return [
            Prediction.concatenate([network(batch[start : start + chunk]) for start in range(0, len(batch), chunk)])
            for _ in range(draws)
        ]


def _dropout_probability(module: nn.Module) -> float:
    if isinstance(module, nn.MultiheadAttention):
        return float(module.dropout)
    return float(module.p) if isinstance(module, DROPOUTS) else 0.0
