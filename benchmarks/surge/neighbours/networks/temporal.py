"""Losses in time: days of a teacher beside the hours of a student, and quantiles under a normal teacher."""

import math

import torch
from torch import Tensor

from strandline.distillation.losses import mean_where


def daily_consistency(hourly: Tensor, hours: Tensor, days: Tensor, starts: Tensor, seen: Tensor) -> Tensor:
    """Squared difference [m2] of daily means of the student and the days of the teacher, averaged over days; (B,).

    Days count in which the student has at least twelve hours.

    Args:
        hourly: (B, S) of the student [m], at ``hours`` (B, S) [h].
        days: (B, N) means of the teacher [m], over the 24 hours from ``starts`` (B, N) [h]; ``seen``: (B, N).
    """
    inside = (hours[:, :, None] >= starts[:, None]) & (hours[:, :, None] < starts[:, None] + 24)  # (B, S, N)
    count = inside.sum(dim=1)
    mean = (hourly[:, :, None] * inside).sum(dim=1) / count.clamp(min=1)
    return mean_where((mean - days).square(), seen & (count >= 12))


def expected_pinball(quantiles: Tensor, levels: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Expected pinball loss of quantiles (…, Q) [m] under a normal teacher; (…, Q) [m].

    E[ρ_τ(Y − q)] = (μ − q)(τ − Φ(z)) + σ φ(z), z = (q − μ)/σ. Its minimum is at the quantiles of the teacher: it is the
    soft target of a quantile forecast, like the Kullback–Leibler divergence of a classification.

    Args:
        quantiles: of the student [m]; ``levels``: (Q,).
        mean, spread: (…) of the teacher [m].

    Source: Koenker and Bassett (1978) for the loss.
    """
    z = (quantiles - mean[..., None]) / spread[..., None]
    below = torch.special.ndtr(z)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    loss: Tensor = (mean[..., None] - quantiles) * (levels - below) + spread[..., None] * density
    return loss
