"""Several teachers speak with one voice: their probabilities are averaged, so that disagreement widens the answer."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from strandline.errors import InputError


def average_words(logits: Sequence[Tensor], weights: Tensor | Sequence[float]) -> Tensor:
    """Log of the weighted mean of M teachers' probabilities, each (B, K, …) → (B, K, …).

    The answer is itself a teacher's logits: `soft_targets` takes it as it is, at any temperature.

    Args:
        logits: one tensor a teacher, all of one shape.
        weights: how much each counts, ≥ 0, scaled to sum to 1: (M,), per sample (M, B) or per cell (M, B, …); the
            masks of what each teacher saw are weights too.

    Raises:
        InputError: no teacher, shapes that differ, a weight that is negative or no number, or a place where all are 0.

    Source: Hinton et al. (2015), section 2, for the mean of an ensemble's distributions; You et al. (2017), eq. 6.
    """
    if not logits or any(said.shape != logits[0].shape for said in logits):
        shapes = ", ".join(str(tuple(said.shape)) for said in logits) or "none"
        raise InputError("teachers' logits", f"shapes are {shapes}", "give one tensor a teacher, all of one shape")
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
            "teachers' weights", "one is negative or no number", "give 0 to a teacher that is not to count"
        )
    total = weights.sum(dim=0)
    if silent := int((total == 0).sum()):
        raise InputError(
            "teachers' weights",
            f"all are 0 in {silent} places: nobody speaks there",
            "give any weight above 0 there, and leave these cells out of the loss by its mask",
        )
    share = (weights / total).log()
    share = share.reshape(*share.shape, *[1] * (len(cells) - share.dim())).unsqueeze(2)  # (M, B or 1, 1, … or 1)
    words = F.log_softmax(torch.stack(list(logits)), dim=2)  # (M, B, K, …)
    return torch.logsumexp(words + share, dim=0)
