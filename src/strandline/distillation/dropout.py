"""Streams fail while the student learns, so that it knows how to go on: one sample at a time, and together."""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from strandline.batch import CONTEXT_HOURS, Batch
from strandline.models.prediction import Prediction

MODALITIES = ("radar", "optical", "in_situ", "climate")


def drop_streams(batch: Batch, share: float, generator: torch.Generator) -> Batch:
    """Hide each stream of each sample with probability ``share``, and cut holes into the gauges.

    Outages come together: half of them strike all streams of a sample at once, as a power cut does. A gauge loses its
    last 1–48 h, a random day, or everything.

    Source: modality dropout, Neverova et al. (2016), section 4; correlated outages are ours.
    """
    size, device = len(batch), batch.gauge.device

    def chance(probability: float) -> Tensor:
        return (torch.rand(size, generator=generator) < probability).to(device)

    together, alone = chance(share / 2), share / 2 / (1 - share / 2)  # one or the other strikes with probability share
    changes: dict[str, Tensor] = {}
    for name in MODALITIES:
        seen = getattr(batch, f"{name}_seen")
        if seen is None:
            continue
        kept = ~(together | chance(alone))
        kept = kept.reshape(-1, *[1] * (seen.dim() - 1))
        values = getattr(batch, name)
        changes[f"{name}_seen"] = seen & kept
        changes[name] = values * kept.reshape(-1, *[1] * (values.dim() - 1))
    hours = torch.arange(CONTEXT_HOURS, device=device)
    alive = torch.ones(size, CONTEXT_HOURS, dtype=torch.bool, device=device)
    last = torch.randint(1, 49, (size,), generator=generator).to(device)
    alive &= ~(chance(share)[:, None] & (hours >= CONTEXT_HOURS - last[:, None]))
    first = torch.randint(0, CONTEXT_HOURS - 24, (size,), generator=generator).to(device)
    alive &= ~(chance(share)[:, None] & (hours >= first[:, None]) & (hours < first[:, None] + 24))
    alive &= ~(together & chance(0.5))[:, None]
    changes["gauge_seen"] = batch.gauge_seen & alive[:, None]
    changes["gauge"] = batch.gauge * alive[:, None]
    return replace(batch, **changes)


@dataclass(frozen=True)
class Turn:
    """One of the eight ways to lay a square map: transposed first, then mirrored.

    A coast has no preferred direction on the grid; radar look direction and sun are not modelled, so nothing else
    turns with the maps.
    """

    transposed: bool
    upside_down: bool
    mirrored: bool

    @classmethod
    def draw(cls, generator: torch.Generator) -> Self:
        """Any of the eight, equally likely."""
        return cls(*(bool(flag) for flag in torch.randint(0, 2, (3,), generator=generator)))

    def grid(self, grid: Tensor) -> Tensor:
        """(…, N, N) → the same shape."""
        grid = grid.transpose(-1, -2) if self.transposed else grid
        flipped = [dim for dim, flip in ((-2, self.upside_down), (-1, self.mirrored)) if flip]
        return grid.flip(flipped) if flipped else grid

    def batch(self, batch: Batch) -> Batch:
        """All maps of a batch and the cells of its assets."""
        maps = ("terrain", "radar", "optical", "in_situ")
        names = (*maps, *(f"{name}_seen" for name in maps), "flood_class", "flood_valid")
        changes = {name: self.grid(grid) for name in names if (grid := getattr(batch, name)) is not None}
        if batch.asset_cell is not None and batch.terrain is not None:
            row, column = batch.asset_cell.unbind(-1)
            if self.transposed:
                row, column = column, row
            last = batch.terrain.shape[-1] - 1
            row, column = last - row if self.upside_down else row, last - column if self.mirrored else column
            changes["asset_cell"] = torch.stack([row, column], -1)
        return replace(batch, **changes)

    def word(self, word: Prediction) -> Prediction:
        """A prediction's flood map; its patch features are dropped, since patches do not keep their order."""
        assert word.flood_logits is not None
        features = {name: tensor for name, tensor in word.features.items() if name != "patches"}
        return replace(word, flood_logits=self.grid(word.flood_logits), features=features)
