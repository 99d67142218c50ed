"""Decoder from patch tokens to cells, with a convolutional path at full resolution.

A patch is wider than a dike or a field, so that tokens alone cannot resolve a shoreline.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.flood.dense_io import stack_with_masks, upsample


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
