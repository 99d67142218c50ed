"""The mean of several teachers: probabilities are averaged, so that disagreement flattens the distribution."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.errors import InputError


def average_probabilities(logits: Sequence[Tensor], weights: Tensor | Sequence[float]) -> Tensor:
    """Log of the weighted mean of M teachers' probabilities, each (B, K, …) → (B, K, …).

    The result can be used as logits of one teacher, at any temperature.

    Args:
        logits: one tensor per teacher, all of one shape.
        weights: ≥ 0, scaled to sum to 1: (M,), per sample (M, B) or per cell (M, B, …); observation masks of the
            teachers may serve as weights.

    Raises:
        InputError: no teacher, different shapes, a weight that is negative or not finite, or cells where all are 0.

    Source: Hinton et al. (2015), section 2, for the mean of an ensemble's distributions; You et al. (2017), eq. 6.
    """
    if not logits or any(prediction.shape != logits[0].shape for prediction in logits):
        shapes = ", ".join(str(tuple(prediction.shape)) for prediction in logits) or "none"
        raise InputError("teachers' logits", f"shapes are {shapes}", "give one tensor per teacher, all of one shape")
    cells = (len(logits), logits[0].shape[0], *logits[0].shape[2:])  # (M, B, …)
    weights = torch.as_tensor(weights).to(logits[0])
    if weights.dim() not in (1, 2, len(cells)) or weights.shape != cells[: weights.dim()]:
        raise InputError(
            "teachers' weights",
            f"shape {tuple(weights.shape)} does not fit {cells[0]} teachers of {cells[1:]} cells",
            f"give {cells[:1]}, {cells[:2]} or {cells}",
        )
    if not bool((torch.isfinite(weights) & (weights >= 0)).all()):
        raise InputError(
            "teachers' weights", "one is negative or not finite", "give 0 to a teacher that must not count"
        )
    total = weights.sum(dim=0)
    if empty := int((total == 0).sum()):
        raise InputError(
            "teachers' weights",
            f"all are 0 in {empty} cells",
            "give a weight above 0 there, and mask these cells in the loss",
        )
    share = (weights / total).log()
    share = share.reshape(*share.shape, *[1] * (len(cells) - share.dim())).unsqueeze(2)  # (M, B or 1, 1, … or 1)
    log_probabilities = F.log_softmax(torch.stack(list(logits)), dim=2)  # (M, B, K, …)
    return torch.logsumexp(log_probabilities + share, dim=0)
