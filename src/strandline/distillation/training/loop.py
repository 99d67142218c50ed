"""The training loop that every training in Strandline uses."""

import logging
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from strandline.distillation.training import data_parallel
from strandline.distillation.training.checkpoint import Checkpoint, Stateful

logger = logging.getLogger(__name__)

Loss = Callable[[int], dict[str, Tensor]]
"""From the step to named, weighted terms, each a scalar; their sum is minimised."""
Progress = Callable[[float], None]
"""Takes the fraction done, 0…1."""
Announce = Callable[[str], Progress | None]
"""Takes the name of a stage that starts; returns where its progress goes, ``None`` = nowhere."""


def part_of(progress: Progress | None, index: int, count: int) -> Progress | None:
    """Progress of the part ``index`` of ``count`` equal parts."""
    return None if progress is None else lambda done: progress((index + done) / count)


def mixed_precision(device: str, enabled: bool = True) -> torch.autocast:
    """Matrix products in bfloat16 where the device has kernels for them, else in single precision.

    A CPU has them from AVX-512 on; one without takes ten times as long in bfloat16 as in single precision.

    Source: oneDNN developer guide, "Data types", requirements of bf16.
    """
    kind = torch.device(device).type
    has_kernels = kind != "cpu" or torch.backends.cpu.get_cpu_capability() == "AVX512"
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=enabled and has_kernels)


def train(
    parameters: list[nn.Parameter],
    loss: Loss,
    steps: int,
    learning_rate: float,
    weight_decay: float = 0.01,
    progress: Progress | None = None,
    *,
    after_step: Callable[[int], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> dict[str, float]:
    """Minimise by AdamW with a short warm-up, cosine decay and clipped gradients.

    Data-parallel processes (`data_parallel`) minimise the mean of their losses.

    Args:
        after_step: called with the number of steps done, before a checkpoint is written.
        checkpoint: resumes from its file if there is one.

    Returns:
        The mean of each named term over the last tenth of the steps.

    Raises:
        FloatingPointError: a loss that is not finite, with the term's name and the step.
        InputError: a checkpoint of another training.
    """
    optimiser = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
    warm_up = max(steps // 20, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min((step + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * step / steps)) + 1e-3),
    )
    history: dict[str, list[float]] = {}
    state: dict[str, Stateful] = {"optimiser": optimiser, "schedule": schedule}
    for step in range(checkpoint.resume(state, history) if checkpoint else 0, steps):
        terms = loss(step)
        stacked = torch.stack(list(terms.values()))
        values = dict(zip(terms, data_parallel.average(stacked.detach()).tolist(), strict=True))
        if not math.isfinite(sum(values.values())):
            name = next((name for name, value in values.items() if not math.isfinite(value)), "sum")
            raise FloatingPointError(f"loss term '{name}' is {values.get(name, math.inf)} at step {step}")
        optimiser.zero_grad(set_to_none=True)
        stacked.sum().backward()  # type: ignore[no-untyped-call]
        data_parallel.average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        if step >= steps - max(steps // 10, 1):
            for name, value in values.items():
                history.setdefault(name, []).append(value)
        if after_step is not None:
            after_step(step + 1)
        if checkpoint is not None and ((step + 1) % checkpoint.every == 0 or step + 1 == steps):
            checkpoint.save(step + 1, state, history)
        if progress is not None:
            progress((step + 1) / steps)
    means = {name: sum(values) / len(values) for name, values in history.items()}
    logger.info("trained %d steps: %s", steps, ", ".join(f"{name} {value:.4f}" for name, value in means.items()))
    return means
