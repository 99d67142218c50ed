"""A Vision Transformer for dense prediction: patch tokens of many streams, context tokens, a light decoder."""

from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor, nn

from strandline.models.flood.decoders import LightDecoder
from strandline.models.flood.dense_io import MapPrediction, Streams, pad_streams, shares_seen
from strandline.models.layers import PATCH, AttentionBlock, masked_mean, sinusoidal_grid


class DenseTransformer(nn.Module):
    """Multi-modal patch tokens, context tokens and a CLS token in one transformer, and a light decoder.

    Each stream has its own patch embedding; a patch is their mean, weighted by the observed share.

    Source: Dosovitskiy et al. (2021); pre-norm; sinusoidal positions, so that any grid fits.

    Args:
        channels: stream → number of channels, in a fixed order.
        classes: K of the logits.
        width: token width; depth: blocks; heads: attention heads; dropout: dropout rate in training.
        skip_channels: width of the path at high resolution.
        decoder: from the channels of the streams, ``width``, ``skip_channels`` and ``classes``.
        sparse: streams of which one reading stands for its patch.
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
        decoder: Callable[[list[int], int, int, int], nn.Module] = LightDecoder,
        sparse: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.channels, self.sparse = dict(channels), frozenset(sparse)
        self.feature_width = width
        self.embed = nn.ModuleDict(
            {name: nn.Conv2d(count, width, PATCH, stride=PATCH) for name, count in channels.items()}
        )
        self.flags = nn.Linear(len(channels), width)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.decoder = decoder(list(channels.values()), width, skip_channels, classes)

    def forward(self, streams: Streams, context: tuple[Tensor, Tensor] | None = None) -> MapPrediction:
        """Predict from the streams that are given.

        Args:
            streams: any subset of ``channels``.
            context: further tokens (B, M, D) and which of them are observed (B, M).
        """
        values, masks = pad_streams(streams, self.channels)
        path, more = self.decoder.encode(values, masks)  # type: ignore[operator]
        patched = [self.embed[name](value) for name, value in zip(self.channels, values, strict=True)]
        shares = shares_seen(masks, PATCH, [i for i, name in enumerate(self.channels) if name in self.sparse])
        grid = masked_mean(patched, shares.chunk(len(patched), dim=1))  # (B, D, H'/8, W'/8)
        grid = grid if more is None else grid + more
        high, wide = grid.shape[-2:]
        patches = grid.flatten(2).transpose(1, 2)  # (B, N, D)
        patches = patches + self.flags(shares.flatten(2).transpose(1, 2))
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
        decoded, logits = self.decoder(grid, path)
        rows, columns = next(iter(streams.values()))[0].shape[-2:]
        return MapPrediction(
            logits[..., :rows, :columns],
            decoded[..., :rows, :columns],
            {"global": joined[:, 0], "patches": patches},
        )
