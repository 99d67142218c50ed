"""The student: small enough for a laptop, fed by what a place without data has."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.batch import DAMAGE_STATES, FLOOD_CLASSES, OPTICAL_CHANNELS, Batch
from strandline.models.layers import Block, DamageHead, FiLM, masked_mean, pad_to_patches
from strandline.models.prediction import Prediction
from strandline.models.surge_encoder import SurgeDecoder, SurgeEncoder, peak_of
from strandline.observations import ASSET_CLASSES

PLACE_CHANNELS = 8
PLACE_GAIN = 30.0
"""Adam moves every number by about the learning rate a step; a map that starts from zero must get further than that."""
FULL_CHANNELS = 24
GROUND_CHANNELS = 6  # elevation, sill, water, distance, and how far the peak stands above ground and sill


def ground_of(batch: Batch) -> tuple[Tensor, Tensor]:
    """(B, 6, H, W) what the terrain says of this peak, scaled to order one, and (B, 1, H, W) where it is known."""
    assert batch.terrain is not None
    assert batch.terrain_seen is not None
    elevation, sill, water, distance = batch.terrain.unbind(dim=1)
    peak = peak_of(batch)[:, None, None]
    known = batch.terrain_seen[:, None].to(elevation.dtype)
    ground = torch.stack(
        [
            elevation / 3,
            sill / 3,
            water,
            distance / 5,
            (peak - elevation).clamp(-4, 4),
            (peak - sill).clamp(-4, 4),
        ],
        1,
    )
    return ground * known, known


class Student(nn.Module):
    """CNN on terrain, optical and in-situ streams, gauge encoder on the own hourly record, three heads.

    Streams are embedded apart and joined by a masked mean with availability flags; the gauge modulates the maps by
    FiLM. With ``place_shape`` the student owns a static map of the coast it is adapted to, learned from zero: what the
    elevation product gets wrong there.

    Args:
        width: channels at half resolution; 24 gives about 0.7 million parameters.
        dropout: share dropped, in training and in MC dropout.
        place_shape: (H, W) of the coast that it will be adapted to, or ``None`` for a student of no place.
    """

    def __init__(self, width: int = 24, dropout: float = 0.1, place_shape: tuple[int, int] | None = None) -> None:
        super().__init__()
        deep, token = 3 * width, 3 * width
        self.surge = SurgeEncoder(token, 2, 4, stations=1, sees_climate=False, dropout=dropout)
        self.surge_decoder = SurgeDecoder(token, 4, dropout)
        self.ground = nn.Conv2d(GROUND_CHANNELS, width, 4, stride=2, padding=1)
        self.optical = nn.Conv2d(len(OPTICAL_CHANNELS), width, 4, stride=2, padding=1)
        self.in_situ = nn.Conv2d(1, width, 4, stride=2, padding=1)
        self.flags = nn.Conv2d(3, width, 1)
        self.place_stem = nn.Conv2d(PLACE_CHANNELS, width, 4, stride=2, padding=1)
        self.blocks_half = nn.ModuleList([Block(width, dropout), Block(width, dropout)])
        self.down1 = nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)
        self.blocks_quarter = nn.ModuleList([Block(2 * width, dropout), Block(2 * width, dropout)])
        self.down2 = nn.Conv2d(2 * width, deep, 4, stride=2, padding=1)
        self.film = FiLM(token, deep)
        self.blocks_eighth = nn.ModuleList(  # one cell is one of the teacher's patches
            [Block(deep, dropout, dilation) for dilation in (1, 2, 4)]
        )
        self.up2 = nn.Conv2d(deep, 2 * width, 1)
        self.up1 = nn.Conv2d(2 * width, width, 1)
        self.film_half = FiLM(token, width)
        self.out_half = Block(width, dropout)
        self.full = nn.Conv2d(width + GROUND_CHANNELS + PLACE_CHANNELS, FULL_CHANNELS, 3, padding=1)
        self.full2 = nn.Conv2d(FULL_CHANNELS, FULL_CHANNELS, 3, padding=1)
        self.flood = nn.Conv2d(FULL_CHANNELS, FLOOD_CLASSES, 1)
        self.damage = DamageHead(FULL_CHANNELS, FLOOD_CLASSES, len(ASSET_CLASSES), DAMAGE_STATES)
        self.place = nn.Parameter(torch.zeros(1, PLACE_CHANNELS, *place_shape)) if place_shape else None
        self.feature_width = deep

    def forward(self, batch: Batch) -> Prediction:
        """Answer with whatever the batch holds; without terrain there is no map to answer on."""
        tokens, seen = self.surge(batch)
        mean, scale = self.surge_decoder(tokens, seen, batch)
        weight = seen.to(tokens.dtype)[..., None]
        context = (tokens * weight).sum(1) / weight.sum(1)  # (B, D)
        if batch.terrain is None:
            return Prediction(mean, scale, features={"global": context})
        rows, columns = batch.terrain.shape[-2:]
        ground, known = ground_of(batch)
        ground, known = pad_to_patches(ground), pad_to_patches(known)  # (B, 6, H', W')
        streams, shares = [self.ground(ground)], [F.avg_pool2d(known, 2)]
        flags = [shares[0], torch.zeros_like(shares[0]), torch.zeros_like(shares[0])]
        if batch.optical is not None and batch.optical_seen is not None:
            mask = pad_to_patches(batch.optical_seen[:, None].to(ground.dtype))
            streams.append(self.optical(pad_to_patches(batch.optical) * mask))
            flags[1] = F.avg_pool2d(mask, 2)
            shares.append(flags[1])
        if batch.in_situ is not None and batch.in_situ_seen is not None:
            mask = pad_to_patches(batch.in_situ_seen[:, None].to(ground.dtype))
            streams.append(self.in_situ(pad_to_patches(batch.in_situ) * mask))
            flags[2] = F.max_pool2d(mask, 2)  # one logger speaks for its whole block
            shares.append(flags[2])
        joined = masked_mean(streams, shares)
        joined = joined + self.flags(torch.cat(flags, dim=1))
        place = self._place(ground)
        half = joined + self.place_stem(place)
        for block in self.blocks_half:
            half = block(half)
        quarter = self.down1(half)
        for block in self.blocks_quarter:
            quarter = block(quarter)
        eighth = self.film(self.down2(quarter), context)
        for block in self.blocks_eighth:
            eighth = block(eighth)  # (B, 3·width, H'/8, W'/8)
        quarter = quarter + _twice(self.up2(eighth))
        half = self.out_half(self.film_half(half + _twice(self.up1(quarter)), context))
        full = F.gelu(self.full(torch.cat([_twice(half), ground, place], dim=1)))
        full = (full + F.gelu(self.full2(full)))[..., :rows, :columns]  # (B, 24, H, W)
        flood = self.flood(full)
        damage = None
        if batch.asset_cell is not None and batch.asset_class is not None:
            damage = self.damage(full, flood, batch.asset_cell, batch.asset_class)
        patches = eighth.flatten(2).transpose(1, 2)  # (B, N, D)
        return Prediction(mean, scale, flood, damage, {"global": patches.mean(1) + context, "patches": patches})

    def local_parameters(self) -> list[nn.Parameter]:
        """What a single coast may teach: its static map, and how its own surges go on.

        The rest was learned on many coasts; a dozen storms of one coast would only overwrite it.

        Raises:
            ValueError: a student of no place.
        """
        if self.place is None:
            raise ValueError("this student belongs to no place; give `place_shape`")
        return [self.place, *self.surge_decoder.parameters()]

    def _place(self, ground: Tensor) -> Tensor:
        if self.place is None:
            return ground.new_zeros(ground.shape[0], PLACE_CHANNELS, *ground.shape[-2:])
        return pad_to_patches(PLACE_GAIN * self.place).expand(ground.shape[0], -1, -1, -1)


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
