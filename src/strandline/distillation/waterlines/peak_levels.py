"""The peak level of each storm of a batch, from its gauges and its tide."""

import torch
from torch import Tensor

from strandline.models.batch import Batch
from strandline.observations.sea_level.scenes.levels import GAUGE_SD, NEIGHBOUR_SD
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS

TIDE_SD = 0.3
"""Standard deviation [m] of a storm's peak from the tide alone; from gauges: ``GAUGE_SD``, ``NEIGHBOUR_SD``."""
MEDIAN_SURGE = 0.3
"""Median height of a storm's peak above the predicted tide [m], for hours without a gauge reading."""


def peak_levels(batch: Batch) -> tuple[Tensor, Tensor]:
    """(B,) peak level [m above mean sea level] of each storm and its standard deviation, from all gauges of the batch.

    Hours without an own reading are filled by the tide plus the mean surge of the neighbours at the same hour.
    """
    tide = batch.tide[:, :CONTEXT_HOURS]
    above = batch.gauge - tide[:, None]  # (B, S, 72)
    seen = batch.gauge_seen
    neighbours = seen[:, 1:].sum(1)
    filled = (above[:, 1:] * seen[:, 1:]).sum(1) / neighbours.clamp(min=1)
    own = seen[:, 0]
    surge = torch.where(own, above[:, 0], torch.where(neighbours > 0, filled, torch.zeros_like(filled)))
    level = tide + surge
    peak, hour = level.max(dim=1)
    own_at, near_at = own.gather(1, hour[:, None])[:, 0], (neighbours > 0).gather(1, hour[:, None])[:, 0]
    spread = torch.where(own_at, torch.full_like(peak, GAUGE_SD), torch.full_like(peak, NEIGHBOUR_SD))
    read = own_at | near_at
    unread = ~(own | (neighbours > 0))  # hours without a reading may have been higher
    higher = (torch.where(unread, tide + MEDIAN_SURGE, torch.full_like(tide, -torch.inf))).amax(dim=1)
    from_tide = ~read | (higher > peak)
    peak = torch.where(from_tide, torch.maximum(peak, higher), peak)
    return peak, torch.where(from_tide, torch.full_like(spread, TIDE_SD), spread)
