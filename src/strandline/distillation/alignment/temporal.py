"""Alignment in time: the hours of a student beside what a teacher saw, each at its true time."""

import math

import torch
from torch import Tensor, nn

from strandline.distillation.alignment.alignment import Features
from strandline.distillation.alignment.projection import ProjectionHead
from strandline.distillation.losses import cosine_alignment
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


class TokenAlignment(nn.Module):
    """Cosine distance between the student's gauge tokens and what they attend to among the teacher's.

    The student reads its own gauge, the teacher neighbouring gauges and days of weather as well; the tokens of both
    bear the hours that they stand for.
    """

    def __init__(self, student_width: int, teacher_width: int) -> None:
        super().__init__()
        self.attention = TemporalAlignment(student_width, teacher_width)
        self.head = ProjectionHead(student_width, teacher_width)

    def forward(self, student: Features, teacher: Features) -> Tensor:
        """``tokens`` (B, N, D) at ``token_hours`` (B, N) [h], where ``tokens_seen`` (B, N), of both networks → (B,)."""
        tokens, hours = student["tokens"], student["token_hours"]
        attended = self.attention(tokens, hours, teacher["tokens"], teacher["token_hours"], teacher["tokens_seen"])
        return cosine_alignment(self.head(tokens), attended, student["tokens_seen"])
