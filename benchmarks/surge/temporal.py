"""A teacher that speaks of days and a student that speaks of hours meet at true times."""

import math

import torch
from torch import Tensor, nn

from strandline.distillation.losses import mean_where
from strandline.errors import InputError
from strandline.models.layers import sinusoidal

LONGEST_HOURS = 240.0
"""The slowest wave of the time encoding turns once in 2π of these."""


class TemporalAlignment(nn.Module):
    """The teacher's features at the student's hours, by cross-attention over true timestamps.

    Queries are the student's features with their hours, keys the teacher's with theirs; what is answered is a mean of
    the teacher's own features, never a projection of them, so that nothing can be learned but *when* to listen. Times
    are real numbers on any common clock: they need be neither even nor sorted, and samples may differ in how many of
    the teacher's are seen.

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
            InputError: a sample of which no time of the teacher is seen.
        """
        if not bool(seen.any(dim=1).all()):
            silent = int((~seen.any(dim=1)).sum())
            raise InputError("temporal alignment", f"{silent} samples hear no teacher", "leave them out, or mask them")
        asked = self.query(torch.cat([student, self._encoded(student_hours)], dim=-1))
        offered = self.key(torch.cat([teacher, self._encoded(teacher_hours)], dim=-1))
        apart = (student_hours[:, :, None] - teacher_hours[:, None]).abs() / 24  # [d]: the nearest day speaks first
        scores = asked @ offered.transpose(1, 2) / math.sqrt(self.width) - apart
        aligned: Tensor = scores.masked_fill(~seen[:, None], -torch.inf).softmax(dim=-1) @ teacher
        return aligned

    def _encoded(self, hours: Tensor) -> Tensor:
        return sinusoidal(hours, self.width, LONGEST_HOURS)


def daily_consistency(hourly: Tensor, hours: Tensor, days: Tensor, starts: Tensor, seen: Tensor) -> Tensor:
    """Squared difference [m2] of the student's daily means and the teacher's days, averaged over days; (B,).

    A day counts where the student has an hour in at least half of it.

    Args:
        hourly: (B, S) of the student [m], at ``hours`` (B, S) [h].
        days: (B, N) means of the teacher [m], over the 24 hours from ``starts`` (B, N) [h] on; ``seen``: (B, N).
    """
    inside = (hours[:, :, None] >= starts[:, None]) & (hours[:, :, None] < starts[:, None] + 24)  # (B, S, N)
    count = inside.sum(dim=1)
    mean = (hourly[:, :, None] * inside).sum(dim=1) / count.clamp(min=1)
    return mean_where((mean - days).square(), seen & (count >= 12))


def expected_pinball(quantiles: Tensor, levels: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Pinball loss of quantiles (…, Q) [m] that a normal teacher expects; (…, Q) [m].

    E[ρ_τ(Y − q)] = (μ − q)(τ − Φ(z)) + σ φ(z), z = (q − μ)/σ. It is least where the student says the teacher's own
    quantiles: the soft target of a forecast by quantiles, as the divergence is of one by classes.

    Args:
        quantiles: of the student [m]; ``levels``: (Q,).
        mean, spread: (…) of the teacher [m].

    Source: the normal expectation of Koenker and Bassett's (1978) loss.
    """
    z = (quantiles - mean[..., None]) / spread[..., None]
    below = torch.special.ndtr(z)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    loss: Tensor = (mean[..., None] - quantiles) * (levels - below) + spread[..., None] * density
    return loss
