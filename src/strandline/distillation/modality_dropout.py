"""Modality dropout: modalities of training samples are hidden at random, one by one and together."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from strandline.models.batch import Batch
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS

MODALITIES = ("radar", "optical", "in_situ", "climate", "inflow")


def modality_dropout(batch: Batch, share: float, generator: torch.Generator) -> Batch:
    """Hide each modality of each sample with probability ``share``, and parts of the gauge records.

    Outages are correlated: half of them hide all modalities of a sample at once, as a power cut does. A gauge loses its
    last 1–48 h, a random day, or everything.

    Source: modality dropout, Neverova et al. (2016), section 4; correlated outages are ours.
    """
    size, device = len(batch), batch.gauge.device

    def chance(probability: float) -> Tensor:
        return (torch.rand(size, generator=generator) < probability).to(device)

    there = [name for name in MODALITIES if getattr(batch, f"{name}_seen") is not None]
    together, lost = draw_outages(there, size, share, generator)
    changes: dict[str, Tensor] = {}
    for name in there:
        values, seen = getattr(batch, name), getattr(batch, f"{name}_seen")
        changes[f"{name}_seen"] = seen & ~broadcast_samples(lost[name], seen)
        changes[name] = values * ~broadcast_samples(lost[name], values)
    hours = torch.arange(CONTEXT_HOURS, device=device)
    alive = torch.ones(size, CONTEXT_HOURS, dtype=torch.bool, device=device)
    last = torch.randint(1, 49, (size,), generator=generator).to(device)
    alive &= ~(chance(share)[:, None] & (hours >= CONTEXT_HOURS - last[:, None]))
    first = torch.randint(0, CONTEXT_HOURS - 24, (size,), generator=generator).to(device)
    alive &= ~(chance(share)[:, None] & (hours >= first[:, None]) & (hours < first[:, None] + 24))
    alive &= ~(together.to(device) & chance(0.5))[:, None]
    changes["gauge_seen"] = batch.gauge_seen & alive[:, None]
    changes["gauge"] = batch.gauge * alive[:, None]
    return replace(batch, **changes)


def draw_outages(
    names: Iterable[str], size: int, share: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Correlated outages: (B,) samples that lose all streams at once, and (B,) those that lose each stream, by name.

    Every stream is lost with probability ``share``; half of the outages are common to all streams.
    """
    together = torch.rand(size, generator=generator) < share / 2
    alone = share / 2 / (1 - share / 2)  # each stream is then lost with probability share
    return together, {name: together | (torch.rand(size, generator=generator) < alone) for name in names}


def broadcast_samples(samples: Tensor, tensor: Tensor) -> Tensor:
    """(B,) → (B, 1, …), on the device and with the dimensions of ``tensor``."""
    return samples.to(tensor.device).reshape(-1, *[1] * (tensor.dim() - 1))
