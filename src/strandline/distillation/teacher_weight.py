"""Will this teacher help this student here? Two questions, answered before distilling, and a weight for its word.

*Is the teacher right here?* On the few labelled maps its error is compared, block by block, with that of a student that
had no teacher. *Is it visible?* Unlabelled pairs show how much of its word can be told from the student's streams.
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
"""Weightings of the blocks that are looked at, and as many mirrored; always the same ones: a rule, not a chance."""
AT_ONCE = 256
"""Of these, held in memory together."""
TIE = 0.01
"""Gain [Brier's score] below which a block takes no side: half a percent of its cells, sure and wrong."""
DOUBT = 0.25
"""Gain [Brier's score] of an imagined block: an eighth of all cells, sure and wrong."""


@dataclass(frozen=True)
class TeacherWeight:
    """What labels and pairs say about a teacher.

    Attributes:
        weight: 0…1, for the soft targets: the probability that the teacher is the better of the two here.
        prior: what the weight would be without a label.
        gains: error of the student without a teacher minus error of the teacher, one a labelled block, in the order of
            samples, rows and columns; above 0 the teacher is better.
        teacher_error, student_error: means over the blocks of Brier's score, 0…2; ``None`` without a label.
        visibility: share of the teacher's word that the student's streams tell, at most 1, or ``None`` where unknown.
    """

    weight: float
    prior: float
    gains: tuple[float, ...] = ()
    teacher_error: float | None = None
    student_error: float | None = None
    visibility: float | None = None

    @property
    def advice(self) -> str:
        """One or two plain sentences: distil or not, and why."""
        if self.teacher_error is None or self.student_error is None:
            said = f"No label says whether the teacher is right here: its weight is the prior, {self.prior:.2f}."
        else:
            numbers = (
                f"on {len(self.gains)} labelled blocks its error is {self.teacher_error:.3f}, "
                f"{self.student_error:.3f} without a teacher (weight {self.weight:.2f})"
            )
            if self.weight < 0.25:
                said = f"Distillation is likely to hurt: the teacher is wrong here, {numbers}."
            elif self.weight > 0.75:
                said = f"Distil: the teacher is right here, {numbers}."
            else:
                said = f"The labels leave it open whether the teacher is right here, {numbers}; label more if you can."
        if self.visibility is not None and self.visibility < 0.1:
            said += (
                f" Little can pass in any case: {max(self.visibility, 0):.0%} of what the teacher says can be told from"
                " the student's streams."
            )
        return said


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
    """Weigh a teacher against a student that had none, on labelled maps that neither of the two has learned from.

    Neighbouring cells err together, so that a block counts once, however many cells it has. Errors that reach further
    than a block make the weight too sure: take larger blocks then.

    Args:
        teacher_logits, student_logits: (B, K, H, W), about the same samples. A student that has seen these labels looks
            better than it is and turns a good teacher down: judge it on maps that were kept from it.
        classes: (B, H, W) labels; ``valid`` (B, H, W) bool: where they hold.
        prior: 0…1, the weight without evidence, for instance the share of source regions where distilling paid.
        block: side of a block [cells].
        visible: from `visibility`, to be told in the advice; it does not change the weight.

    Raises:
        InputError: shapes that do not fit, a class that the logits do not have, logits that are not finite where a
            label holds, or a prior outside 0…1.
    """
    teacher = block_errors(teacher_logits, classes, valid, block)
    student = block_errors(student_logits, classes, valid, block)
    if not len(teacher):
        return TeacherWeight(weigh(teacher, student, prior), prior, visibility=visible)
    return TeacherWeight(
        weight=weigh(teacher, student, prior),
        prior=prior,
        gains=tuple((student - teacher).tolist()),
        teacher_error=float(teacher.mean()),
        student_error=float(student.mean()),
        visibility=visible,
    )


def weigh(teacher_errors: Tensor, student_errors: Tensor, prior: float) -> float:
    """Probability that the teacher's mean error is the smaller one; (N,) and (N,) paired Brier scores → 0…1.

    The blocks are weighted anew many times over, each with an independent exponential draw (the Bayesian bootstrap).
    Gains are drawn towards 0 by ``TIE``, so that a thousand dry blocks on which one network is a little surer outvote
    nothing; two imagined blocks, with a gain and a loss of ``DOUBT``, keep a few blocks from saying too much. The share
    of weightings in which the teacher wins is the answer at even odds; Bayes' rule brings in the prior. Without blocks,
    or with a teacher just like the student, it is the prior; a smaller teacher's error on a block never lowers it; the
    order does not matter.

    Raises:
        InputError: a prior outside 0…1.

    Source: Rubin (1981), section 2, for the Bayesian bootstrap; ties and imagined blocks are ours.
    """
    if not 0 <= prior <= 1:
        raise InputError("prior weight", f"{prior} is no probability", "give 0 to 1; 0.5 takes no side")
    if not len(teacher_errors):
        return prior
    gains = (student_errors - teacher_errors).double().numpy(force=True)
    gains = np.sort(np.sign(gains) * np.maximum(np.abs(gains) - TIE, 0))  # sorted: the order cannot matter
    draw, wins = np.random.default_rng(0), 0
    for _ in range(DRAWS // AT_ONCE):
        draws = draw.standard_exponential((AT_ONCE, len(gains) + 2))
        measured, imagined = draws[:, :-2] @ gains, DOUBT * (draws[:, -2] - draws[:, -1])
        balance = np.concatenate([measured + imagined, measured - imagined])
        wins += int((balance > 0).sum())
    better = (wins + 0.5) / (2 * DRAWS + 1)
    return prior * better / (prior * better + (1 - prior) * (1 - better))


def block_errors(logits: Tensor, classes: Tensor, valid: Tensor, block: int) -> Tensor:
    """Mean Brier score of each block with a label, (N,) 0…2, in the order of samples, rows and columns.

    Bounded, unlike a log-likelihood: a teacher that is right about the map and too sure of it is not turned down for
    one cell.

    Args:
        logits: (B, K, H, W); ``classes`` (B, H, W); ``valid`` (B, H, W) bool.
        block: side [cells]; the last row and column of blocks may be cut by the edge.

    Raises:
        InputError: shapes that do not fit, a class that the logits do not have, or logits that are not finite.

    Source: Brier (1950), eq. 2.
    """
    if logits.shape[:1] + logits.shape[2:] != classes.shape or classes.shape != valid.shape or block < 1:
        raise InputError(
            "diagnosis",
            f"logits {tuple(logits.shape)}, classes {tuple(classes.shape)}, mask {tuple(valid.shape)}, block {block}",
            "give (B, K, H, W), (B, H, W), (B, H, W) and a block of 1 or more cells",
        )
    labels = classes[valid]
    if len(labels) and not bool(((labels >= 0) & (labels < logits.shape[1])).all()):
        raise InputError("diagnosis", f"a class is not among 0…{logits.shape[1] - 1}", "mask it, or add its logits")
    truth = F.one_hot(torch.where(valid, classes, 0).long(), logits.shape[1]).movedim(-1, 1)
    error = torch.where(valid, (logits.double().softmax(dim=1) - truth).square().sum(dim=1), 0)
    if not bool(torch.isfinite(error).all()):
        raise InputError("diagnosis", "logits are not finite where a label holds", "mask what the network did not see")
    cells, seen = _in_blocks(error, block), _in_blocks(valid, block)
    return mean_where(cells, seen)[seen.any(dim=1)]


def visibility(student_logits: Tensor, teacher_logits: Tensor, valid: Tensor) -> float | None:
    """How much of the teacher's word the student's streams tell: 1 − KL(teacher ‖ student) / KL(teacher ‖ constant).

    The constant is the best answer that looks at nothing: the teacher's mean probabilities. 1 is a student that repeats
    the teacher, 0 one that could as well be blind; below 0 it misleads. ``None`` where the teacher says the same
    everywhere, so that there is nothing to tell.

    Args:
        student_logits: (B, K, …) of a student that learned from this teacher, on pairs that were kept from it.
        teacher_logits: (B, K, …).
        valid: (B, …) bool.

    Source: the modality focusing hypothesis, Xue et al. (2023): what teaches across modalities is the share of the
    decisive features that both of them see. The measure is ours, a coefficient of determination in nats.
    """
    chosen = valid.unsqueeze(1).expand_as(teacher_logits).movedim(1, -1)
    classes = teacher_logits.shape[1]
    teacher = teacher_logits.double().movedim(1, -1)[chosen].reshape(-1, classes).log_softmax(dim=1)
    student = student_logits.double().movedim(1, -1)[chosen].reshape(-1, classes).log_softmax(dim=1)
    if not len(teacher):
        return None
    constant = (teacher.logsumexp(dim=0) - math.log(len(teacher))).expand_as(teacher)
    told, most = (float((teacher.exp() * (teacher - other)).sum(dim=1).mean()) for other in (student, constant))
    return None if most < 1e-9 else 1 - told / most


def _in_blocks(maps: Tensor, block: int) -> Tensor:
    """(B, H, W) → (blocks, block²), padded by 0 at the far edges."""
    rows, columns = -(-maps.shape[1] // block), -(-maps.shape[2] // block)
    padded = F.pad(maps, (0, columns * block - maps.shape[2], 0, rows * block - maps.shape[1]))
    parts = padded.reshape(-1, rows, block, columns, block).transpose(2, 3)  # (B, rows, columns, block, block)
    return parts.reshape(-1, block * block)
