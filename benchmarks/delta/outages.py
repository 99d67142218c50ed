"""Outage conditions: a share of the storms loses one stream or all of them, or every storm loses part of each."""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from strandline.models.batch import Batch
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS

Stream = Literal["gauge", "optical", "in_situ", "all"]
STREAMS: tuple[Stream, ...] = ("gauge", "optical", "in_situ")


@dataclass(frozen=True)
class Condition:
    """Which streams are lost, and in how many storms.

    Attributes:
        stream: one, or all of them in the same storms.
        share: of the storms that lose it; with ``partial`` the share that each storm loses: the last hours of the
            gauge, or one side of the maps.
    """

    stream: Stream
    share: float
    partial: bool = False

    def __str__(self) -> str:
        return f"{self.stream} {self.share:.0%}{' partial' if self.partial else ''}"


CONDITIONS = (
    Condition("all", 1.0),
    *(Condition(stream, 1.0) for stream in STREAMS),
    Condition("all", 0.5),
    Condition("all", 0.5, partial=True),
    *(Condition("all", share) for share in (0.25, 0.75)),
    *(Condition(stream, 0.5) for stream in STREAMS),
    *(Condition(stream, 0.5, partial=True) for stream in STREAMS),
)
"""The most severe ones first."""


def apply_outage(storms: Batch, condition: Condition, generator: torch.Generator) -> Batch:
    """The same storms without the lost data, which is zero and masked."""
    count = len(storms)
    affected = torch.randperm(count, generator=generator) < round(condition.share * count)
    streams = STREAMS if condition.stream == "all" else (condition.stream,)
    for name in streams:
        values, seen = getattr(storms, name), getattr(storms, f"{name}_seen")
        if values is None:
            continue
        if condition.partial:
            kept = seen & ~_lost_part(seen, name == "gauge", condition.share)
        else:
            kept = seen & ~affected.reshape(-1, *[1] * (seen.dim() - 1))
        mask = kept if values.dim() == kept.dim() else kept[:, None]
        storms = replace(storms, **{name: values * mask, f"{name}_seen": kept})
    return storms


def _lost_part(seen: Tensor, is_gauge: bool, share: float) -> Tensor:
    """Where a partial outage loses data: the last hours of a gauge, the first rows of a map."""
    lost = torch.zeros_like(seen)
    if is_gauge:
        lost[..., CONTEXT_HOURS - round(share * CONTEXT_HOURS) :] = True
    else:
        lost[:, : round(share * seen.shape[1])] = True
    return lost
