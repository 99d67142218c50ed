"""Streams fail while the student learns, so that it knows how to go on: one sample at a time, and together."""

from dataclasses import replace

import torch
from torch import Tensor

from strandline.batch import CONTEXT_HOURS, Batch

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

    together = chance(share / 2)
    changes: dict[str, Tensor] = {}
    for name in MODALITIES:
        seen = getattr(batch, f"{name}_seen")
        if seen is None:
            continue
        kept = ~(together | chance(share / 2))
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


def turn(batch: Batch, generator: torch.Generator) -> Batch:
    """Mirror or transpose all maps of a batch at random: a coast has no preferred direction on the grid.

    Grids must be square. Radar look direction and sun are not modelled, so nothing else turns with them.
    """
    transpose, down, right = (bool(flag) for flag in torch.randint(0, 2, (3,), generator=generator))
    grids = ("terrain", "radar", "optical", "in_situ", "flood_class")
    changes: dict[str, Tensor] = {}
    for name in (*grids, *(f"{grid}_seen" for grid in grids[:4]), "flood_valid"):
        tensor = getattr(batch, name)
        if tensor is not None:
            changes[name] = _turn_grid(tensor, transpose, down, right)
    if batch.asset_cell is not None and batch.terrain is not None:
        row, column = batch.asset_cell.unbind(-1)
        if transpose:
            row, column = column, row
        size = batch.terrain.shape[-1] - 1
        changes["asset_cell"] = torch.stack([size - row if down else row, size - column if right else column], -1)
    return replace(batch, **changes)


def _turn_grid(grid: Tensor, transpose: bool, down: bool, right: bool) -> Tensor:
    grid = grid.transpose(-1, -2) if transpose else grid
    flipped = [dim for dim, flip in ((-2, down), (-1, right)) if flip]
    return grid.flip(flipped) if flipped else grid
