"""Input and output of the dense networks, for any set of streams."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.models.layers import pad_to_patches

Streams = Mapping[str, tuple[Tensor, Tensor]]
"""Stream → values (B, C, H, W) of order one, and where observed (B, H, W); an absent stream has no key."""


@dataclass(frozen=True)
class MapPrediction:
    """Output of a dense network.

    Attributes:
        logits: (B, K, H, W), one class a channel.
        decoded: (B, C, H, W) last features before the logits, for further heads; some networks stop at half resolution.
        features: ``global`` (B, D) and ``patches`` (B, N, D), N = H/8 · W/8 in row order.
    """

    logits: Tensor
    decoded: Tensor
    features: dict[str, Tensor]


def pad_streams(streams: Streams, channels: Mapping[str, int]) -> tuple[list[Tensor], Tensor]:
    """Padded values (B, C, H', W') of every stream and their masks (B, S, H', W'); absent streams are masked zeros.

    Raises:
        ValueError: no stream, an unknown one, or one with another number of channels.
    """
    if not streams:
        raise ValueError("no stream is given; a map needs at least the size of one")
    for name, (value, _) in streams.items():
        if channels.get(name) != value.shape[1]:
            known = ", ".join(f"{stream} ({count})" for stream, count in channels.items())
            raise ValueError(f"stream '{name}' has {value.shape[1]} channels; this network takes {known}")
    first = next(iter(streams.values()))[0]
    size, (rows, columns) = first.shape[0], first.shape[-2:]
    nowhere = first.new_zeros(size, rows, columns, dtype=torch.bool)
    masks = torch.stack([streams[name][1] if name in streams else nowhere for name in channels], dim=1).to(first.dtype)
    values = [
        streams[name][0] * masks[:, i : i + 1] if name in streams else first.new_zeros(size, count, rows, columns)
        for i, (name, count) in enumerate(channels.items())
    ]
    return [pad_to_patches(value) for value in values], pad_to_patches(masks)


def mean_of_blocks(grid: Tensor, edge: int) -> Tensor:
    """(…, H, W) → (…, H/edge, W/edge), the mean of each block.

    Sums of slices: many times as fast as pooling on maps with few channels, where its kernel is not vectorised.
    """
    rows = reduce(torch.add, (grid[..., start::edge, :] for start in range(edge)))
    return reduce(torch.add, (rows[..., start::edge] for start in range(edge))) / edge**2


def shares_seen(masks: Tensor, edge: int, sparse: Iterable[int] = ()) -> Tensor:
    """(B, S, H/edge, W/edge) share of each block that was observed; of a sparse stream one reading counts as the block.

    Args:
        masks: (B, S, H, W) of 0 and 1; ``sparse``: which of the S.
    """
    shares = mean_of_blocks(masks, edge)
    for stream in sparse:
        shares[:, stream].ceil_()
    return shares


def upsample(grid: Tensor) -> Tensor:
    """(B, C, H, W) → (B, C, 2H, 2W), bilinear."""
    return F.interpolate(grid, scale_factor=2, mode="bilinear", align_corners=False)


def stack_with_masks(values: list[Tensor], masks: Tensor) -> Tensor:
    """(B, ΣC + streams, H, W): all values, then all masks."""
    return torch.cat([*values, masks], dim=1)
