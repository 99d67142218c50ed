"""Maps in, maps out: what both dense networks take and answer, whatever the streams are called."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.models.layers import pad_to_patches

Streams = Mapping[str, tuple[Tensor, Tensor]]
"""Stream → values (B, C, H, W) of order one, and where they were seen (B, H, W); an absent stream has no key."""


@dataclass(frozen=True)
class MapPrediction:
    """The answer of a dense network.

    Attributes:
        logits: (B, K, H, W), one class a channel.
        decoded: (B, C, H, W) last features before the logits, for further heads; some networks stop at half resolution.
        features: ``global`` (B, D) and ``patches`` (B, N, D), N = H/8 · W/8 in row order.
    """

    logits: Tensor
    decoded: Tensor
    features: dict[str, Tensor]


def lay_out(streams: Streams, channels: Mapping[str, int]) -> tuple[list[Tensor], list[Tensor]]:
    """Padded values (B, C, H', W') and masks (B, 1, H', W') of every stream; absent ones are unseen zeros.

    Raises:
        ValueError: no stream at all, one that the network was not built for, or one with other channels.
    """
    if not streams:
        raise ValueError("no stream is given; a map needs at least the size of one")
    for name, (value, _) in streams.items():
        if channels.get(name) != value.shape[1]:
            known = ", ".join(f"{stream} ({count})" for stream, count in channels.items())
            raise ValueError(f"stream '{name}' has {value.shape[1]} channels; this network takes {known}")
    first = next(iter(streams.values()))[0]
    size, (rows, columns) = first.shape[0], first.shape[-2:]
    values, masks = [], []
    for name, count in channels.items():
        if name in streams:
            value, seen = streams[name]
            mask = seen[:, None].to(value.dtype)
        else:
            value, mask = first.new_zeros(size, count, rows, columns), first.new_zeros(size, 1, rows, columns)
        values.append(pad_to_patches(value * mask))
        masks.append(pad_to_patches(mask))
    return values, masks


def share_seen(mask: Tensor, stride: int, *, sparse: bool) -> Tensor:
    """(B, 1, H/stride, W/stride) share of each block that was seen; a sparse stream speaks for its whole block."""
    return F.max_pool2d(mask, stride) if sparse else F.avg_pool2d(mask, stride)


def twice(grid: Tensor) -> Tensor:
    """(B, C, H, W) → (B, C, 2H, 2W), bilinear."""
    return F.interpolate(grid, scale_factor=2, mode="bilinear", align_corners=False)


def stack_seen(values: list[Tensor], masks: list[Tensor]) -> Tensor:
    """(B, ΣC + streams, H, W): all values and then all masks."""
    return torch.cat([*values, *masks], dim=1)
