"""Alignment of an hourly student with a daily teacher at true times."""

import math

import torch
from torch import Tensor, nn

from strandline.distillation.losses import mean_where
from strandline.errors import InputError
from strandline.models.layers import sinusoidal

LONGEST_HOURS = 240.0
"""Longest period of the time encoding, over 2π [h]."""


class TemporalAlignment(nn.Module):
    """Features of the teacher at the hours of the student, by cross-attention over true times.

    Queries are features of the student with their hours, keys those of the teacher; values are the unchanged features
    of the teacher, so that only the weights of the times are trained. Times are real numbers on a common clock; they
    may be uneven and unsorted, and samples may have different numbers of teacher times.

    Args:
        student_width, teacher_width: of the features.
        width: of queries and keys.

    Source: attention, Vaswani et al. (2017), section 3.2.1; time encoding for irregular series, Horn et al. (2020).
    """

    def __init__(self, student_width: int, teacher_width: int, width: int = 32) -> None:
        super().__init__()
        self.width = width
        self.query, self.key = nn.Linear(student_width + width, width), nn.Linear(teacher_width + width, width)

    def forward(
        self, student: Tensor, student_hours: Tensor, teacher: Tensor, teacher_hours: Tensor, seen: Tensor
    ) -> Tensor:
        """(B, S, D) at (B, S) [h], (B, N, D') at (B, N) [h], (B, N) bool → (B, S, D').

        Raises:
            InputError: a sample without any teacher time.
        """
        if not bool(seen.any(dim=1).all()):
            empty = int((~seen.any(dim=1)).sum())
            raise InputError(
                "temporal alignment", f"{empty} samples have no teacher time", "leave them out, or mask them"
            )
        queries = self.query(torch.cat([student, self._encoded(student_hours)], dim=-1))
        keys = self.key(torch.cat([teacher, self._encoded(teacher_hours)], dim=-1))
        offset = (student_hours[:, :, None] - teacher_hours[:, None]).abs() / 24  # [d]
        scores = queries @ keys.transpose(1, 2) / math.sqrt(self.width) - offset
        aligned: Tensor = scores.masked_fill(~seen[:, None], -torch.inf).softmax(dim=-1) @ teacher
        return aligned

    def _encoded(self, hours: Tensor) -> Tensor:
        return sinusoidal(hours, self.width, LONGEST_HOURS)


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
