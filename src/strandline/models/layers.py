"""Layers shared by teacher and student."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Callable[[int], nn.Module]
"""From a number of channels to what normalises them."""
PATCH = 8
"""Edge of a patch in cells; grids are padded to a multiple of it."""


def pad_to_patches(grid: Tensor) -> Tensor:
    """(B, C, H, W) → (B, C, H', W') with H', W' the next multiples of ``PATCH``; the margin is zero and masked."""
    rows, columns = grid.shape[-2:]
    if rows % PATCH == 0 and columns % PATCH == 0:
        return grid  # padding by 0 would copy
    return F.pad(grid, (0, -columns % PATCH, 0, -rows % PATCH))


def sinusoidal(position: Tensor, width: int, longest: float) -> Tensor:
    """Encode real positions, (…) → (…, width), wavelengths from 2π to 2π·``longest``.

    Source: Vaswani et al. (2017), section 3.5, for real-valued time as in Horn et al. (2020).
    """
    frequency = torch.exp(
        torch.arange(width // 2, device=position.device) * (-math.log(longest) / max(width // 2 - 1, 1))
    )
    angle = position[..., None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def sinusoidal_grid(rows: int, columns: int, width: int, device: torch.device) -> Tensor:
    """(rows · columns, width) positions of patches: half of the width for rows, half for columns."""
    y = sinusoidal(torch.arange(rows, device=device).float(), width // 2, 100.0)
    x = sinusoidal(torch.arange(columns, device=device).float(), width // 2, 100.0)
    both = torch.cat([y[:, None].expand(-1, columns, -1), x[None].expand(rows, -1, -1)], dim=-1)
    return both.reshape(rows * columns, width)


def masked_mean(streams: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """Mean of the streams where they are observed; zero where none is.

    Args:
        streams: tensors of one shape.
        weights: observed share, 0…1, each broadcastable to the streams.
    """
    total = torch.stack(tuple(weights)).sum(dim=0).clamp(min=1e-6)
    mean = streams[0] * (weights[0] / total)
    for stream, weight in zip(streams[1:], weights[1:], strict=True):
        mean = torch.addcmul(mean, stream, weight / total)
    return mean


def channels_last(grid: Tensor) -> Tensor:
    """(B, C, H, W) with channels last in memory; uses only operations that ``vmap`` supports."""
    return grid.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)


def gelu(grid: Tensor) -> Tensor:
    """GELU of (B, C, H, W) with channels last in memory, permuted to that order so that oneDNN's kernel applies."""
    return F.gelu(grid.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def group_norm(channels: int) -> nn.Module:
    """Normalises eight groups of channels over the whole map: of few channels this erases their level."""
    return nn.GroupNorm(8, channels)


class ChannelNorm(nn.Module):
    """Normalises each cell over its channels, (B, C, H, W): a cell's result does not depend on the rest of the map.

    Source: layer normalisation, Ba et al. (2016), per position as in Liu et al. (2022), section 2.6.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape."""
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # type: ignore[no-any-return]


class Block(nn.Module):
    """Residual pair of 3×3 convolutions with normalisation, dropout between them."""

    def __init__(self, channels: int, dropout: float, dilation: int = 1, norm: Norm = group_norm) -> None:
        super().__init__()
        self.norm1 = norm(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.norm2 = norm(channels)
        self.dropout = nn.Dropout2d(dropout)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape."""
        y: Tensor = self.conv1(gelu(self.norm1(x)))
        y = self.conv2(self.dropout(gelu(self.norm2(y))))
        return x + y


class FiLM(nn.Module):
    """Scale and shift channels by a context vector (Perez et al. 2018, eq. 2)."""

    def __init__(self, context: int, channels: int) -> None:
        super().__init__()
        self.affine = nn.Linear(context, 2 * channels)
        nn.init.zeros_(self.affine.weight)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(B, C, H, W), (B, D) → (B, C, H, W)."""
        affine: Tensor = self.affine(context)
        scale, shift = affine.chunk(2, dim=1)
        return x * (1 + scale[..., None, None]) + shift[..., None, None]


class AttentionBlock(nn.Module):
    """Pre-norm transformer block; tokens that are not observed are masked as keys.

    Dropout applies to the MLP alone: on the attention it costs more than both matrix products. Attention runs in single
    precision under autocast too: on a CPU it is then twice as fast.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )

    def forward(self, tokens: Tensor, seen: Tensor) -> Tensor:
        """(B, N, D), (B, N) bool → (B, N, D); at least one token a sample must be observed."""
        exporting = torch.compiler.is_exporting()  # an exported program cannot branch on values
        hidden = None if not exporting and bool(seen.all()) else ~seen  # without a mask attention takes its fast path
        with torch.autocast(tokens.device.type, enabled=False):
            y = self.norm1(tokens.float())
            tokens = tokens + self.attention(y, y, y, key_padding_mask=hidden, need_weights=False)[0]
        update: Tensor = self.mlp(self.norm2(tokens))
        return tokens + update


class DamageHead(nn.Module):
    """Damage state of an asset from the features and flood logits at its cell."""

    def __init__(self, channels: int, classes: int, asset_classes: int, states: int) -> None:
        super().__init__()
        self.kind = nn.Embedding(asset_classes, 8)
        self.mlp = nn.Sequential(nn.Linear(channels + classes + 8, 48), nn.GELU(), nn.Linear(48, states))

    def forward(self, grid: Tensor, flood_logits: Tensor, cell: Tensor, kind: Tensor) -> Tensor:
        """(B, C, H, W), (B, K, H, W), (B, A, 2), (B, A) → (B, A, states)."""
        both = torch.cat([grid, flood_logits.log_softmax(dim=1)], dim=1)
        index = (cell[..., 0] * both.shape[3] + cell[..., 1])[:, None].expand(-1, both.shape[1], -1)
        at_asset = both.flatten(2).gather(2, index).transpose(1, 2)  # (B, A, C + K)
        logits: Tensor = self.mlp(torch.cat([at_asset, self.kind(kind)], dim=-1))
        return logits
