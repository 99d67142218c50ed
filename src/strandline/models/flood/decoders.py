"""Decoders from patch tokens to cells, with a convolutional path at high resolution.

A patch is wider than a dike or a field, so that tokens alone cannot resolve a shoreline.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.flood.dense_io import shares_seen, stack_with_masks, upsample
from strandline.models.layers import Block, masked_mean


class LightDecoder(nn.Module):
    """Upsamples tokens three times to full resolution and joins them with three convolutions on the input.

    Args:
        channels: number of channels of each stream, in order.
        width: of the tokens; ``skip_channels``: of the path at full resolution.
        classes: K of the logits.
    """

    def __init__(self, channels: list[int], width: int, skip_channels: int, classes: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(
            nn.Conv2d(sum(channels) + len(channels), skip_channels, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(skip_channels, skip_channels, 5, padding=2),
            nn.GELU(),
            nn.Conv2d(skip_channels, skip_channels, 5, padding=2),
        )
        widths = [width, 4 * skip_channels, 2 * skip_channels, skip_channels]
        self.up = nn.ModuleList(nn.Conv2d(wide, narrow, 3, padding=1) for wide, narrow in pairwise(widths))
        self.join = nn.Sequential(
            nn.Conv2d(2 * skip_channels, skip_channels, 3, padding=1),
            nn.GroupNorm(8, skip_channels),
            nn.GELU(),
            nn.Conv2d(skip_channels, skip_channels, 3, padding=1),
            nn.GELU(),
        )
        self.head = nn.Conv2d(skip_channels, classes, 1)

    def encode(self, values: list[Tensor], masks: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """The path at full resolution; nothing is added to the tokens."""
        return [self.skip(stack_with_masks(values, masks))], None

    def forward(self, grid: Tensor, path: list[Tensor]) -> tuple[Tensor, Tensor]:
        """(B, D, H/8, W/8) and the result of ``encode`` → features and logits, each (B, …, H, W)."""
        for conv in self.up:
            grid = F.gelu(conv(upsample(grid)))
        decoded: Tensor = self.join(torch.cat([grid, path[0]], dim=1))
        return decoded, self.head(decoded)


class PyramidDecoder(nn.Module):
    """Convolutions at a half and a quarter of the resolution feed the tokens and join them again on the way up.

    The logits come from half resolution by a sub-pixel convolution (Shi et al. 2016), which suits images with speckle.

    Source: convolutions before a transformer reduce the number of images it needs, Xiao et al. (2021); the shape is
    that of a U-Net, Ronneberger et al. (2015).

    Args:
        as in ``LightDecoder``; ``skip_channels`` at half resolution, twice that at a quarter.
        dropout: dropout rate in training.
    """

    def __init__(self, channels: list[int], width: int, skip_channels: int, classes: int, dropout: float) -> None:
        super().__init__()
        quarter = 2 * skip_channels
        self.embed = nn.ModuleList(nn.Conv2d(count, skip_channels, 4, stride=2, padding=1) for count in channels)
        self.flags = nn.Conv2d(len(channels), skip_channels, 1)
        self.down_half = nn.Sequential(Block(skip_channels, dropout), Block(skip_channels, dropout))
        self.to_quarter = nn.Conv2d(skip_channels, quarter, 4, stride=2, padding=1)
        self.down_quarter = nn.Sequential(Block(quarter, dropout), Block(quarter, dropout))
        self.to_tokens = nn.Conv2d(quarter, width, 4, stride=2, padding=1)
        self.from_tokens = nn.Conv2d(width, quarter, 1)
        self.up_quarter = Block(quarter, dropout)
        self.from_quarter = nn.Conv2d(quarter, skip_channels, 1)
        self.up_half = Block(skip_channels, dropout)
        self.head = nn.Conv2d(skip_channels, 4 * classes, 1)

    def encode(self, values: list[Tensor], masks: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """Paths at a half and a quarter of the resolution, and the term they add to the patches (B, D, H/8, W/8)."""
        shares = shares_seen(masks, 2)
        embedded = [embed(value) for embed, value in zip(self.embed, values, strict=True)]
        half = self.down_half(masked_mean(embedded, shares.chunk(len(embedded), dim=1)) + self.flags(shares))
        quarter = self.down_quarter(self.to_quarter(half))
        return [half, quarter], self.to_tokens(quarter)

    def forward(self, grid: Tensor, path: list[Tensor]) -> tuple[Tensor, Tensor]:
        """(B, D, H/8, W/8) and the result of ``encode`` → features (B, C, H/2, W/2) and logits (B, K, H, W)."""
        half, quarter = path
        quarter = self.up_quarter(quarter + upsample(self.from_tokens(grid)))
        decoded: Tensor = self.up_half(half + upsample(self.from_quarter(quarter)))
        return decoded, F.pixel_shuffle(self.head(F.gelu(decoded)), 2)
