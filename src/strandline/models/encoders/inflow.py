"""Rain and rivers: what falls on the land and what comes from upstream, as the networks take it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS

WINDOW = 6
"""Hours of a window of rain and discharge."""
RAIN_SCALE = 100.0
"""[mm] in three days; floods of rain are of this order."""
SUMMARY = 2
"""Rain of three days and greatest discharge."""
COMPARED = 8
"""Numbers by which the present is compared with a past storm."""


def summarise_inflow(inflow: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Rain of three days over `RAIN_SCALE` and greatest discharge (B, 2), and whether anything of each was seen.

    Rain of hours that were not seen counts as that of the others.

    Args:
        inflow, seen: as of a `Batch`.
    """
    weight = seen.to(inflow.dtype)
    count = weight.sum(dim=1)  # (B, 2)
    rain = (inflow[..., 0] * weight[..., 0]).sum(dim=1) / count[:, 0].clamp(min=1) * CONTEXT_HOURS / RAIN_SCALE
    most = inflow[..., 1].masked_fill(~seen[..., 1], -torch.inf).amax(dim=1)
    known = count > 0
    return torch.stack([rain, torch.where(known[:, 1], most, torch.zeros_like(most))], dim=1), known


def compare_inflow(present: tuple[Tensor, Tensor], past: tuple[Tensor, Tensor]) -> Tensor:
    """(B, E, 8) how past storms differ from the present, 0 where either is not known.

    Args:
        present: (B, 2) summary and where known; ``past``: (B, E, 2) likewise.
    """
    known = present[1][:, None] & past[1]
    more = torch.where(known, past[0] - present[0][:, None], torch.zeros_like(past[0]))
    parts = (more.clamp(-2, 2), more.abs().clamp(max=2), (more > 0).to(more.dtype), known.to(more.dtype))
    return torch.cat(parts, dim=-1)


class InflowEncoder(nn.Module):
    """Rain and discharge of the last three days, as an addition to the context of a map; it starts from nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inputs = 4 * (CONTEXT_HOURS // WINDOW) + 2 * SUMMARY
        self.hidden, self.out = nn.Linear(inputs, width), nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, inflow: Tensor, seen: Tensor) -> Tensor:
        """(B, 72, 2) and where seen → (B, D)."""
        windows_of = (inflow.shape[0], CONTEXT_HOURS // WINDOW, WINDOW, 2)
        weight = seen.to(inflow.dtype).reshape(windows_of)
        count = weight.sum(dim=2)
        mean = (inflow.reshape(windows_of) * weight).sum(dim=2) / count.clamp(min=1)
        windows = torch.cat([mean * mean.new_tensor([0.2, 1.0]), count / WINDOW], dim=-1)  # (B, 12, 4)
        summary, known = summarise_inflow(inflow, seen)
        hidden = F.gelu(self.hidden(torch.cat([windows.flatten(1), summary, known.to(summary.dtype)], dim=1)))
        added: Tensor = self.out(hidden)
        return added
