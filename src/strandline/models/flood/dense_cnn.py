"""A small convolutional network for dense prediction from any subset of its streams."""

from collections.abc import Callable, Collection, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.models.flood.dense_io import MapPrediction, Streams, pad_streams, shares_seen, upsample
from strandline.models.layers import (
    Block,
    FiLM,
    Norm,
    channels_last,
    gelu,
    group_norm,
    masked_mean,
    pad_to_patches,
)

OwnContext = Callable[[Tensor, Mapping[str, Tensor], Tensor], Tensor]


class DenseCNN(nn.Module):
    """Embeds each stream at half resolution and joins them by a masked mean with availability flags; three scales.

    Args:
        channels: stream → number of channels, in a fixed order.
        classes: K of the logits.
        width: channels at half resolution.
        dropout: dropout rate, in training and in MC dropout.
        context_width: D of a vector that modulates the maps by FiLM; ``None`` = there is none.
        own_context: computes that vector, or its last part, from the features at half resolution (B, width, H/2, W/2),
            the padded streams by name and the observed shares (B, streams, H/2, W/2).
        sharp: streams that the last layers take again at full resolution; without any the logits come from half
            resolution by a sub-pixel convolution (Shi et al. 2016).
        static_channels: channels of static maps of the site, added where given.
        sparse: streams of which one reading stands for its block.
        norm: of the blocks.
    """

    full_channels = 24

    def __init__(
        self,
        channels: Mapping[str, int],
        classes: int,
        *,
        width: int = 24,
        dropout: float = 0.1,
        context_width: int | None = None,
        own_context: OwnContext | None = None,
        sharp: Collection[str] = (),
        static_channels: int = 0,
        sparse: Collection[str] = (),
        norm: Norm = group_norm,
    ) -> None:
        super().__init__()
        deep = 3 * width
        self.channels, self.sparse, self.static_channels = dict(channels), frozenset(sparse), static_channels
        self.sharp = tuple(name for name in channels if name in sharp)
        self.feature_width, self.own_context = deep, own_context
        self.embed = nn.ModuleDict(
            {name: nn.Conv2d(count, width, 4, stride=2, padding=1) for name, count in channels.items()}
        )
        self.flags = nn.Conv2d(len(channels), width, 1)
        self.static = nn.Conv2d(static_channels, width, 4, stride=2, padding=1) if static_channels else None
        self.blocks_half = nn.ModuleList([Block(width, dropout, norm=norm) for _ in range(2)])
        self.down1 = nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)
        self.blocks_quarter = nn.ModuleList([Block(2 * width, dropout, norm=norm) for _ in range(2)])
        self.down2 = nn.Conv2d(2 * width, deep, 4, stride=2, padding=1)
        self.film = FiLM(context_width, deep) if context_width else None
        self.blocks_eighth = nn.ModuleList(  # one cell is one of the teacher's patches
            [Block(deep, dropout, dilation, norm) for dilation in (1, 2, 4)]
        )
        self.up2 = nn.Conv2d(deep, 2 * width, 1)
        self.up1 = nn.Conv2d(2 * width, width, 1)
        self.film_half = FiLM(context_width, width) if context_width else None
        self.out_half = Block(width, dropout, norm=norm)
        if self.sharp:
            seen = sum(channels[name] for name in self.sharp) + static_channels
            self.full = nn.Conv2d(width + seen, self.full_channels, 3, padding=1)
            self.full2 = nn.Conv2d(self.full_channels, self.full_channels, 3, padding=1)
            self.head = nn.Conv2d(self.full_channels, classes, 1)
        else:
            self.head = nn.Conv2d(width, 4 * classes, 1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, streams: Streams, context: Tensor | None = None, static: Tensor | None = None) -> MapPrediction:
        """Predict from the streams that are given.

        Args:
            streams: any subset of ``channels``.
            context: (B, D) that modulates the maps.
            static: (1 or B, C, H, W) static maps of the site.
        """
        rows, columns = next(iter(streams.values()))[0].shape[-2:]
        values, masks = pad_streams(streams, self.channels)
        by_name = {name: channels_last(value) for name, value in zip(self.channels, values, strict=True)}
        shares = shares_seen(masks, 2, [i for i, name in enumerate(self.channels) if name in self.sparse])
        weights = dict(zip(self.channels, shares.chunk(len(values), dim=1), strict=True))
        if not torch.is_grad_enabled():  # an absent stream has weight 0; it is only needed for its gradient, which is 0
            weights = {name: share for name, share in weights.items() if name in streams}
        half = masked_mean([self.embed[name](by_name[name]) for name in weights], list(weights.values()))
        half = half + self.flags(shares)  # (B, D, H'/2, W'/2)
        site = self._pad_static(static, values[0])
        if self.static is not None:
            half = half + self.static(site)
        for block in self.blocks_half:
            half = block(half)
        contexts = [] if context is None else [context]
        if self.own_context is not None:
            contexts.append(self.own_context(half, by_name, shares))
        context = torch.cat(contexts, dim=1) if contexts else None
        quarter = self.down1(half)
        for block in self.blocks_quarter:
            quarter = block(quarter)
        eighth = self.down2(quarter)
        if self.film is not None and context is not None:
            eighth = self.film(eighth, context)
        for block in self.blocks_eighth:
            eighth = block(eighth)  # (B, 3·width, H'/8, W'/8)
        quarter = quarter + upsample(self.up2(eighth))
        half = half + upsample(self.up1(quarter))
        if self.film_half is not None and context is not None:
            half = self.film_half(half, context)
        decoded = self.out_half(half)
        if self.sharp:
            everywhere = channels_last(site.expand(half.shape[0], -1, -1, -1))
            at_full = [upsample(decoded), *(by_name[name] for name in self.sharp), everywhere]
            full = gelu(self.full(torch.cat(at_full, dim=1)))
            decoded = (full + gelu(self.full2(full)))[..., :rows, :columns]  # (B, 24, H, W)
            logits = self.head(decoded)
        else:
            logits = F.pixel_shuffle(self.head(gelu(decoded)), 2)[..., :rows, :columns]
        patches = eighth.flatten(2).transpose(1, 2)  # (B, N, D)
        return MapPrediction(logits, decoded, {"global": patches.mean(1), "patches": patches})

    def _pad_static(self, static: Tensor | None, like: Tensor) -> Tensor:
        """(1 or B, static channels, H', W'), zero without static maps."""
        if static is None:
            static = like.new_zeros(1, self.static_channels, *like.shape[-2:])
        return channels_last(pad_to_patches(static))
