"""Monte-Carlo dropout as draws of a network's weights: each draw is a network of its own."""

from collections.abc import Sequence
from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn

from strandline.errors import InputError
from strandline.models.layers import AttentionBlock, Block

Network = TypeVar("Network", bound=nn.Module)


def draw_weights(network: Network, generator: torch.Generator) -> Network:
    """A copy of a network with one draw of its dropout masks multiplied into the weights behind them.

    The mask of a draw is the same for all samples, cells and hours. A draw is therefore one function: tiles of a map
    and hours of a forecast fit together, and it can be saved, exported and run as any other network. Dropout of
    attention weights has no weight behind it and stays off.

    Args:
        network: in evaluation mode; it is left as it was.

    Raises:
        InputError: a network whose dropout rate is 0: all draws would be equal.

    Source: Gal and Ghahramani (2016), Dropout as a Bayesian approximation, section 3: dropout is a draw of the weights.
    """
    drawn = deepcopy(network)
    rates = [_draw_within(module, generator) for module in drawn.modules()]
    if not any(rate > 0 for rate in rates):
        raise InputError(type(network).__name__, "has no dropout, so that all draws are equal", "use an ensemble")
    return drawn


def _draw_within(module: nn.Module, generator: torch.Generator) -> float:
    """Draw the mask of a module's own dropout, if it has one; returns its rate."""
    dropout: nn.Module
    if isinstance(module, Block):
        dropout, behind = module.dropout, [module.conv2.weight]
    elif isinstance(module, AttentionBlock):
        dropout, last = module.mlp[2], module.mlp[3]
        assert isinstance(last, nn.Linear)
        behind = [last.weight]
    else:
        return 0.0
    assert isinstance(dropout, nn.Dropout | nn.Dropout2d)
    _thin(behind, dropout.p, generator)
    return dropout.p


@torch.no_grad()
def _thin(weights: Sequence[Tensor], rate: float, generator: torch.Generator) -> None:
    """Drop input channels (dimension 1) with probability ``rate``, the same of each weight; scale the others up."""
    kept = (torch.rand(weights[0].shape[1], generator=generator) >= rate).to(weights[0]) / (1 - rate)
    for weight in weights:
        weight *= kept.reshape(1, -1, *[1] * (weight.dim() - 2))
