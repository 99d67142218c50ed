"""Estimates, before distilling, whether a teacher helps a student in a study area, and the weight of the teacher.

*Is the teacher right?* On the few labelled maps its error is compared, block by block, with that of a student trained
without a teacher. *Is it visible?* Unlabelled pairs show how much of the teacher's predictions the student's inputs
determine.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.distillation.losses import mean_where
from strandline.errors import InputError

DRAWS = 4096
"""Bootstrap weightings of the blocks, and as many mirrored; the same in every call: the result is deterministic."""
CHUNK = 256
"""Weightings held in memory at once."""
TIE = 0.01
"""Gain [Brier score] below which a block is a tie: half a percent of its cells, certain and wrong."""
DOUBT = 0.25
"""Gain [Brier score] of a prior block: an eighth of all cells, certain and wrong."""


@dataclass(frozen=True)
class TeacherWeight:
    """The weight of a teacher, and what it is based on.

    Attributes:
        weight: 0…1, of the soft targets: the probability that the teacher is better than the student.
        prior: the weight without labels.
        gains: error of the student without a teacher minus error of the teacher, per labelled block in the order of
            samples, rows and columns; above 0 the teacher is better.
        teacher_error, student_error: mean Brier score over the blocks, 0…2; ``None`` without a label.
        visibility: share of the teacher's predictions that the student's inputs determine, at most 1; ``None`` =
            unknown.
    """

    weight: float
    prior: float
    gains: tuple[float, ...] = ()
    teacher_error: float | None = None
    student_error: float | None = None
    visibility: float | None = None

    @property
    def advice(self) -> str:
        """One or two sentences: whether to distil, and why."""
        if self.teacher_error is None or self.student_error is None:
            text = f"There is no label to compare the teacher with: its weight is the prior, {self.prior:.2f}."
        else:
            numbers = (
                f"on {len(self.gains)} labelled blocks its error is {self.teacher_error:.3f}, "
                f"{self.student_error:.3f} without a teacher (weight {self.weight:.2f})"
            )
            if self.weight < 0.25:
                text = f"Distillation is likely to hurt: the teacher is wrong here, {numbers}."
            elif self.weight > 0.75:
                text = f"Distil: the teacher is right here, {numbers}."
            else:
                text = f"The labels do not decide whether the teacher is right here, {numbers}; more labels would."
        if self.visibility is not None and self.visibility < 0.1:
            text += (
                f" Little can be distilled in any case: the student's inputs determine {max(self.visibility, 0):.0%} of"
                " the teacher's predictions."
            )
        return text


def estimate_teacher_weight(
    teacher_logits: Tensor,
    student_logits: Tensor,
    classes: Tensor,
    valid: Tensor,
    *,
    prior: float,
    block: int = 16,
    visible: float | None = None,
) -> TeacherWeight:
    """Compare a teacher with a student trained without it, on labelled maps that neither was trained on.

    Errors of neighbouring cells are correlated, so that a block counts once, however many cells it has. If errors are
    correlated over more than a block the weight is too close to 0 or 1: take larger blocks then.

    Args:
        teacher_logits, student_logits: (B, K, H, W), on the same samples. A student trained on these labels would look
            better than it is: hold them out.
        classes: (B, H, W) labels; ``valid`` (B, H, W) bool: where they hold.
        prior: 0…1, the weight without labels, for instance the share of source regions where distillation helped.
        block: side of a block [cells].
        visible: from `visibility`, for the advice; it does not change the weight.

    Raises:
        InputError: shapes that do not fit, a class without logits, logits that are not finite where a label holds, or a
            prior outside 0…1.
    """
    teacher = block_errors(teacher_logits, classes, valid, block)
    student = block_errors(student_logits, classes, valid, block)
    if not len(teacher):
        return TeacherWeight(probability_of_smaller_error(teacher, student, prior), prior, visibility=visible)
    return TeacherWeight(
        weight=probability_of_smaller_error(teacher, student, prior),
        prior=prior,
        gains=tuple((student - teacher).tolist()),
        teacher_error=float(teacher.mean()),
        student_error=float(student.mean()),
        visibility=visible,
    )


def probability_of_smaller_error(teacher_errors: Tensor, student_errors: Tensor, prior: float) -> float:
    """Probability that the teacher's mean error is the smaller one; (N,) and (N,) paired Brier scores → 0…1.

    The Bayesian bootstrap weights the blocks by independent exponential draws. Gains are shrunk towards 0 by ``TIE``,
    so that many dry blocks with a tiny difference do not decide; two prior blocks, with a gain and a loss of ``DOUBT``,
    limit the influence of a few blocks. The share of weightings in which the teacher's error is smaller is the
    probability at even odds; Bayes' rule adds the prior. Without blocks, or with equal errors, the result is the prior;
    a smaller error of the teacher on a block never lowers it; the order of blocks has no effect.

    Raises:
        InputError: a prior outside 0…1.

    Source: Rubin (1981), section 2, for the Bayesian bootstrap; ties and prior blocks are ours.
    """
    if not 0 <= prior <= 1:
        raise InputError("prior weight", f"{prior} is no probability", "give 0 to 1; 0.5 is neutral")
    if not len(teacher_errors):
        return prior
    gains = (student_errors - teacher_errors).double().numpy(force=True)
    gains = np.sort(np.sign(gains) * np.maximum(np.abs(gains) - TIE, 0))  # sorted: the order of blocks has no effect
    draw, wins = np.random.default_rng(0), 0
    for _ in range(DRAWS // CHUNK):
        draws = draw.standard_exponential((CHUNK, len(gains) + 2))
        measured, from_prior = draws[:, :-2] @ gains, DOUBT * (draws[:, -2] - draws[:, -1])
        balance = np.concatenate([measured + from_prior, measured - from_prior])
        wins += int((balance > 0).sum())
    better = (wins + 0.5) / (2 * DRAWS + 1)
    return prior * better / (prior * better + (1 - prior) * (1 - better))


def block_errors(logits: Tensor, classes: Tensor, valid: Tensor, block: int) -> Tensor:
    """Mean Brier score of each block with a label, (N,) 0…2, in the order of samples, rows and columns.

    Unlike a log-likelihood it is bounded, so that one overconfident cell does not outweigh a correct map.

    Args:
        logits: (B, K, H, W); ``classes`` (B, H, W); ``valid`` (B, H, W) bool.
        block: side [cells]; the last row and column of blocks may be cut by the edge.

    Raises:
        InputError: shapes that do not fit, a class without logits, or logits that are not finite.

    Source: Brier (1950), eq. 2.
    """
    if logits.shape[:1] + logits.shape[2:] != classes.shape or classes.shape != valid.shape or block < 1:
        raise InputError(
            "teacher weight",
            f"logits {tuple(logits.shape)}, classes {tuple(classes.shape)}, mask {tuple(valid.shape)}, block {block}",
            "give (B, K, H, W), (B, H, W), (B, H, W) and a block of 1 or more cells",
        )
    labels = classes[valid]
    if len(labels) and not bool(((labels >= 0) & (labels < logits.shape[1])).all()):
        raise InputError(
            "teacher weight", f"a class is not among 0…{logits.shape[1] - 1}", "mask it, or add its logits"
        )
    truth = F.one_hot(torch.where(valid, classes, 0).long(), logits.shape[1]).movedim(-1, 1)
    error = torch.where(valid, (logits.double().softmax(dim=1) - truth).square().sum(dim=1), 0)
    if not bool(torch.isfinite(error).all()):
        raise InputError("teacher weight", "logits are not finite where a label holds", "mask cells without input")
    cells, seen = _in_blocks(error, block), _in_blocks(valid, block)
    return mean_where(cells, seen)[seen.any(dim=1)]


def visibility(student_logits: Tensor, teacher_logits: Tensor, valid: Tensor) -> float | None:
    """Share of the teacher that the student reproduces: 1 − KL(teacher ‖ student) / KL(teacher ‖ constant).

    The constant is the teacher's mean probability, the best prediction without inputs. 1 means that the student
    reproduces the teacher, 0 that it is no better than the constant; it can be below 0. ``None`` for a teacher whose
    predictions are constant.

    Args:
        student_logits: (B, K, …) of a student distilled from this teacher, on held-out pairs.
        teacher_logits: (B, K, …).
        valid: (B, …) bool.

    Source: the modality focusing hypothesis, Xue et al. (2023): distillation across modalities transfers the decisive
    features that both modalities share. The measure is ours, a coefficient of determination in nats.
    """
    chosen = valid.unsqueeze(1).expand_as(teacher_logits).movedim(1, -1)
    classes = teacher_logits.shape[1]
    teacher = teacher_logits.double().movedim(1, -1)[chosen].reshape(-1, classes).log_softmax(dim=1)
    student = student_logits.double().movedim(1, -1)[chosen].reshape(-1, classes).log_softmax(dim=1)
    if not len(teacher):
        return None
    constant = (teacher.logsumexp(dim=0) - math.log(len(teacher))).expand_as(teacher)
    divergence, largest = (
        float((teacher.exp() * (teacher - other)).sum(dim=1).mean()) for other in (student, constant)
    )
    return None if largest < 1e-9 else 1 - divergence / largest


def _in_blocks(maps: Tensor, block: int) -> Tensor:
    """(B, H, W) → (blocks, block²), padded by 0 at the far edges."""
    rows, columns = -(-maps.shape[1] // block), -(-maps.shape[2] // block)
    padded = F.pad(maps, (0, columns * block - maps.shape[2], 0, rows * block - maps.shape[1]))
    parts = padded.reshape(-1, rows, block, columns, block).transpose(2, 3)  # (B, rows, columns, block, block)
    return parts.reshape(-1, block * block)
