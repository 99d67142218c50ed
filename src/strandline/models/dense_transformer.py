"""A Vision Transformer for dense prediction: patch tokens of many streams, a light decoder, a sharp skip path."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from math import log2

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.layers import PATCH, AttentionBlock, masked_mean, sinusoidal_grid
from strandline.models.maps import MapPrediction, Streams, lay_out, share_seen, stack_seen, twice


class DenseTransformer(nn.Module):
    """Multi-modal patch tokens, context tokens and a CLS token in one transformer, and a light decoder.

    Each stream has a patch embedding of its own; a patch is their mean weighted by what was seen. The decoder adds
    a convolutional path at high resolution, since one patch is wider than a dike.

    Source: Dosovitskiy et al. (2021); pre-norm; sine positions, so that any grid fits.

    Args:
        channels: stream → number of channels, in a fixed order.
        classes: K of the logits.
        width: token width; depth: blocks; heads: attention heads; dropout: share dropped in training.
        skip_channels: width of the high-resolution path.
        finest: stride of that path, 1 or 2; with 2 the logits come from a sub-pixel convolution (Shi et al. 2016).
        sparse: streams of which one reading speaks for its patch.
    """

    def __init__(
        self,
        channels: Mapping[str, int],
        classes: int,
        *,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        dropout: float = 0.1,
        skip_channels: int = 16,
        finest: int = 1,
        sparse: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.channels, self.sparse, self.finest = dict(channels), frozenset(sparse), finest
        self.feature_width = width
        self.embed = nn.ModuleDict(
            {name: nn.Conv2d(count, width, PATCH, stride=PATCH) for name, count in channels.items()}
        )
        self.flags = nn.Linear(len(channels), width)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        stacked = sum(channels.values()) + len(channels)
        stem = {1: nn.Conv2d(stacked, skip_channels, 3, padding=1)}
        stem[2] = nn.Conv2d(stacked, skip_channels, 4, stride=2, padding=1)
        self.skip = nn.Sequential(
            stem[finest],
            nn.GELU(),
            nn.Conv2d(skip_channels, skip_channels, 5, padding=2),
            nn.GELU(),
            nn.Conv2d(skip_channels, skip_channels, 5, padding=2),
        )
        doublings = int(log2(PATCH // finest))
        widths = [width, *(skip_channels * 2**i for i in reversed(range(doublings)))]
        self.up = nn.ModuleList(nn.Conv2d(wide, narrow, 3, padding=1) for wide, narrow in pairwise(widths))
        self.join = nn.Sequential(
            nn.Conv2d(2 * skip_channels, skip_channels, 3, padding=1),
            nn.GroupNorm(8, skip_channels),
            nn.GELU(),
            nn.Conv2d(skip_channels, skip_channels, 3, padding=1),
            nn.GELU(),
        )
        self.head = nn.Conv2d(skip_channels, classes * finest**2, 1)

    def forward(self, streams: Streams, context: tuple[Tensor, Tensor] | None = None) -> MapPrediction:
        """Answer with whatever streams there are.

        Args:
            streams: any of those that the network was built for.
            context: further tokens (B, M, D) and which of them were seen (B, M).
        """
        rows, columns = next(iter(streams.values()))[0].shape[-2:]
        values, masks = lay_out(streams, self.channels)
        patched = [self.embed[name](value) for name, value in zip(self.channels, values, strict=True)]
        shares = [
            share_seen(mask, PATCH, sparse=name in self.sparse) for name, mask in zip(self.channels, masks, strict=True)
        ]
        patches = masked_mean(patched, shares).flatten(2).transpose(1, 2)  # (B, N, D)
        patches = patches + self.flags(torch.cat(shares, dim=1).flatten(2).transpose(1, 2))
        high, wide = patched[0].shape[-2:]
        patches = patches + sinusoidal_grid(high, wide, patches.shape[-1], patches.device)
        tokens = [self.cls.expand(patches.shape[0], -1, -1), *(context[:1] if context else ()), patches]
        seen = [token.new_ones(token.shape[:2], dtype=torch.bool) for token in tokens]
        if context is not None:
            seen[1] = context[1]
        joined, joined_seen = torch.cat(tokens, dim=1), torch.cat(seen, dim=1)
        for block in self.blocks:
            joined = block(joined, joined_seen)
        joined = self.norm(joined)
        patches = joined[:, -high * wide :]
        grid = patches.transpose(1, 2).reshape(patches.shape[0], -1, high, wide)
        for conv in self.up:
            grid = F.gelu(conv(twice(grid)))
        decoded = self.join(torch.cat([grid, self.skip(stack_seen(values, masks))], dim=1))  # (B, C, H', W')
        logits = F.pixel_shuffle(self.head(decoded), self.finest)[..., :rows, :columns]
        return MapPrediction(
            logits,
            decoded[..., : -(-rows // self.finest), : -(-columns // self.finest)],
            {"global": joined[:, 0], "patches": patches},
        )
