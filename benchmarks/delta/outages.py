"""Streams fail on purpose: a share of the storms loses one, or all together, or every storm loses a half."""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from strandline.models.batch import Batch
from strandline.observations.sea_level.forecast_window import CONTEXT_HOURS

Stream = Literal["gauge", "optical", "in_situ", "all"]
STREAMS: tuple[Stream, ...] = ("gauge", "optical", "in_situ")


@dataclass(frozen=True)
class Condition:
    """What fails.

    Attributes:
        stream: one, or all of them in the same storms.
        share: of the storms that lose it; with ``partial`` of what each storm loses: the last hours of the gauge, or
            the maps on one side.
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
"""The most telling ones first."""


def strike(storms: Batch, condition: Condition, generator: torch.Generator) -> Batch:
    """The same storms without what failed; what is hidden is zero and unseen."""
    count = len(storms)
    hit = torch.randperm(count, generator=generator) < round(condition.share * count)
    streams = STREAMS if condition.stream == "all" else (condition.stream,)
    for name in streams:
        values, seen = getattr(storms, name), getattr(storms, f"{name}_seen")
        if values is None:
            continue
        if condition.partial:
            kept = seen & ~_half(seen, name == "gauge", condition.share)
        else:
            kept = seen & ~hit.reshape(-1, *[1] * (seen.dim() - 1))
        mask = kept if values.dim() == kept.dim() else kept[:, None]
        storms = replace(storms, **{name: values * mask, f"{name}_seen": kept})
    return storms


def _half(seen: Tensor, is_gauge: bool, share: float) -> Tensor:
    """Where a partial outage strikes: the last hours of a gauge, the first rows of a map."""
    struck = torch.zeros_like(seen)
    if is_gauge:
        struck[..., CONTEXT_HOURS - round(share * CONTEXT_HOURS) :] = True
    else:
        struck[:, : round(share * seen.shape[1])] = True
    return struck
