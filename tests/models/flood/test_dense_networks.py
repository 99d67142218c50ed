"""Dense networks: shares of blocks, and availability of streams."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import shares_seen
from tests.fixtures.batches import perturb


def test_shares_of_blocks_equal_pooling() -> None:
    masks = (torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(0)) < 0.02).float()
    shares = shares_seen(masks, 8, sparse=[1])
    torch.testing.assert_close(shares[:, [0, 2]], F.avg_pool2d(masks, 8)[:, [0, 2]])
    torch.testing.assert_close(shares[:, 1], F.max_pool2d(masks, 8)[:, 1])
    assert 0 < float(shares[:, 1].mean()) < 1


def availability(features: Tensor, streams: Mapping[str, Tensor], shares: Tensor) -> Tensor:
    """(B, streams) mean shares."""
    return shares.mean(dim=(2, 3))


@pytest.mark.parametrize("modulates", [False, True])
def test_availability_can_modulate_the_maps(modulates: bool) -> None:
    context = {"context_width": 2, "own_context": availability} if modulates else {}
    network = perturb(DenseCNN({"radar": 1, "optical": 1}, 2, width=8, **context))
    with torch.no_grad():
        for weight in (*network.embed.parameters(), *network.flags.parameters()):  # type: ignore[union-attr]
            weight.zero_()
    grid, everywhere, nowhere = torch.ones(1, 1, 16, 16), torch.ones(1, 16, 16) > 0, torch.zeros(1, 16, 16) > 0
    both = network({"radar": (grid, everywhere), "optical": (grid, everywhere)}).logits
    one = network({"radar": (grid, everywhere), "optical": (0 * grid, nowhere)}).logits
    assert torch.equal(both, one) != modulates
