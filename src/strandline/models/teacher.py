"""The teacher: a Vision Transformer that sees radar, climate and neighbours where they are abundant."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.batch import DAMAGE_STATES, FLOOD_CLASSES, OPTICAL_CHANNELS, RADAR_CHANNELS, Batch
from strandline.models.layers import (
    PATCH,
    AttentionBlock,
    DamageHead,
    masked_mean,
    pad_to_patches,
    sinusoidal_grid,
)
from strandline.models.prediction import Prediction
from strandline.models.student import GROUND_CHANNELS, ground_of
from strandline.models.surge_encoder import SurgeDecoder, SurgeEncoder
from strandline.observations import ASSET_CLASSES

RADAR_CENTRE = (-12.0, -18.0, -12.0, -18.0)  # [dB], typical land backscatter at C band
RADAR_SCALE = 6.0  # [dB]
SKIP_CHANNELS = 16


class Teacher(nn.Module):
    """Multi-modal patch tokens, gauge and climate tokens and a CLS token in one transformer, and a light decoder.

    Each modality has a patch embedding of its own; a patch is their mean weighted by what was seen. The decoder adds
    a convolutional path at full resolution, since one patch is wider than a dike.

    Source: Dosovitskiy et al. (2021); pre-norm; sine positions, so that any grid fits.

    Args:
        width: token width; depth: blocks; heads: attention heads; dropout: share dropped in training.
        stations: gauges that it can listen to, the own one first.
    """

    def __init__(
        self, width: int = 128, depth: int = 4, heads: int = 4, dropout: float = 0.1, stations: int = 3
    ) -> None:
        super().__init__()
        self.feature_width = width
        self.ground = nn.Conv2d(GROUND_CHANNELS, width, PATCH, stride=PATCH)
        self.radar = nn.Conv2d(len(RADAR_CHANNELS), width, PATCH, stride=PATCH)
        self.optical = nn.Conv2d(len(OPTICAL_CHANNELS), width, PATCH, stride=PATCH)
        self.in_situ = nn.Conv2d(1, width, PATCH, stride=PATCH)
        self.flags = nn.Linear(4, width)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.surge = SurgeEncoder(width, 2, heads, stations, sees_climate=True, dropout=dropout)
        self.surge_decoder = SurgeDecoder(width, heads, dropout)
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        seen_channels = GROUND_CHANNELS + len(RADAR_CHANNELS) + len(OPTICAL_CHANNELS) + 1 + 4
        self.skip = nn.Sequential(
            nn.Conv2d(seen_channels, SKIP_CHANNELS, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(SKIP_CHANNELS, SKIP_CHANNELS, 5, padding=2),
            nn.GELU(),
            nn.Conv2d(SKIP_CHANNELS, SKIP_CHANNELS, 5, padding=2),
        )
        self.up = nn.ModuleList(
            [
                nn.Conv2d(width, 64, 3, padding=1),
                nn.Conv2d(64, 32, 3, padding=1),
                nn.Conv2d(32, SKIP_CHANNELS, 3, padding=1),
            ]
        )
        self.join = nn.Sequential(
            nn.Conv2d(2 * SKIP_CHANNELS, SKIP_CHANNELS, 3, padding=1),
            nn.GroupNorm(8, SKIP_CHANNELS),
            nn.GELU(),
            nn.Conv2d(SKIP_CHANNELS, SKIP_CHANNELS, 3, padding=1),
            nn.GELU(),
        )
        self.flood = nn.Conv2d(SKIP_CHANNELS, FLOOD_CLASSES, 1)
        self.damage = DamageHead(SKIP_CHANNELS, FLOOD_CLASSES, len(ASSET_CLASSES), DAMAGE_STATES)

    def forward(self, batch: Batch) -> Prediction:
        """Answer with whatever the batch holds; without terrain there is no map to answer on."""
        context, context_seen = self.surge(batch)  # (B, M, D)
        mean, scale = self.surge_decoder(context, context_seen, batch)
        weight = context_seen.to(context.dtype)[..., None]
        summary = (context * weight).sum(1) / weight.sum(1)
        if batch.terrain is None:
            return Prediction(mean, scale, features={"global": summary})
        rows, columns = batch.terrain.shape[-2:]
        values, masks = self._streams(batch)
        patched = [
            embed(value)
            for embed, value in zip((self.ground, self.radar, self.optical, self.in_situ), values, strict=True)
        ]  # each (B, D, H'/8, W'/8)
        shares = [F.avg_pool2d(mask, PATCH) for mask in masks]
        shares[3] = (shares[3] > 0).to(shares[3].dtype)  # a single logger speaks for its patch
        patches = masked_mean(patched, shares).flatten(2).transpose(1, 2)  # (B, N, D)
        patches = patches + self.flags(torch.cat(shares, dim=1).flatten(2).transpose(1, 2))
        high, wide = patched[0].shape[-2:]
        patches = patches + sinusoidal_grid(high, wide, patches.shape[-1], patches.device)
        cls = self.cls.expand(patches.shape[0], -1, -1)
        tokens = torch.cat([cls, context, patches], dim=1)
        seen = torch.cat(
            [context_seen.new_ones(len(batch), 1), context_seen, context_seen.new_ones(patches.shape[:2])], 1
        )
        for block in self.blocks:
            tokens = block(tokens, seen)
        tokens = self.norm(tokens)
        patches = tokens[:, 1 + context.shape[1] :]
        grid = patches.transpose(1, 2).reshape(len(batch), -1, high, wide)
        for conv in self.up:
            grid = F.gelu(conv(F.interpolate(grid, scale_factor=2, mode="bilinear", align_corners=False)))
        skip = self.skip(torch.cat([*values, *masks], dim=1))
        full = self.join(torch.cat([grid, skip], dim=1))[..., :rows, :columns]  # (B, 32, H, W)
        flood = self.flood(full)
        damage = None
        if batch.asset_cell is not None and batch.asset_class is not None:
            damage = self.damage(full, flood, batch.asset_cell, batch.asset_class)
        return Prediction(mean, scale, flood, damage, {"global": tokens[:, 0], "patches": patches})

    def _streams(self, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """Values (B, C, H', W') and share seen (B, 1, H', W') of ground, radar, optical and in-situ, in that order."""
        ground, known = ground_of(batch)
        values, masks = [ground], [known]
        for name, channels in (
            ("radar", len(RADAR_CHANNELS)),
            ("optical", len(OPTICAL_CHANNELS)),
            ("in_situ", 1),
        ):
            value, seen = getattr(batch, name), getattr(batch, f"{name}_seen")
            if value is None:
                values.append(ground.new_zeros(len(batch), channels, *ground.shape[-2:]))
                masks.append(torch.zeros_like(known))
                continue
            if name == "radar":
                value = (value - value.new_tensor(RADAR_CENTRE)[:, None, None]) / RADAR_SCALE
            mask = seen[:, None].to(ground.dtype)
            values.append(value * mask)
            masks.append(mask)
        return [pad_to_patches(v) for v in values], [pad_to_patches(m) for m in masks]
