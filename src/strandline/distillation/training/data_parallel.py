"""Several processes that learn as one: each takes its share of every step, and all take the same step.

Started by ``torchrun``; a process that was started alone is the only one, and nothing here does anything then.

Source: data-parallel training, Li et al. (2020), PyTorch Distributed, section 3.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

from strandline.errors import InputError
from strandline.models.batch import Batch

LONGEST_WAIT = timedelta(days=7)
"""For the first process, which simulates what all learn from."""


@contextmanager
def process_group(device: str) -> Iterator[None]:
    """Within, processes that ``torchrun`` started together hear of one another."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))  # what asks for "cuda" gets a card of its own
    distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=LONGEST_WAIT)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def world_size() -> int:
    """How many processes learn together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this one is, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def barrier() -> None:
    """Go on when every process has come here."""
    if world_size() > 1:
        distributed.barrier()


def local_batch(batch: Batch) -> Batch:
    """This process's samples of a step that all processes have drawn alike.

    Raises:
        InputError: samples that cannot be shared out evenly.
    """
    if world_size() == 1:
        return batch
    return batch[local_indices(len(batch))]


def local_indices(samples: int) -> Tensor:
    """Which of a step's samples are this process's.

    Raises:
        InputError: samples that cannot be shared out evenly.
    """
    if samples % world_size():
        raise InputError(
            "torchrun", f"{world_size()} processes share {samples} samples a step", "start a divisor of them"
        )
    return torch.arange(rank(), samples, world_size())


def seed_process(seed: int) -> None:
    """Let processes draw different dropout from here on; the first draws what it would have drawn alone."""
    if rank() > 0:
        torch.manual_seed(seed + 1_000_003 * rank())


def average(values: Tensor) -> Tensor:
    """The mean over processes of a tensor that each of them has."""
    if world_size() == 1:
        return values
    total = values.detach().clone()
    distributed.all_reduce(total)
    return total / world_size()


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Give every process the mean gradient, in place and in one message; a weight without any keeps none."""
    if world_size() == 1:
        return
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    mean = average(torch.cat([gradient.flatten() for gradient in gradients]))
    start = 0
    for gradient in gradients:
        gradient.copy_(mean[start : start + gradient.numel()].view(gradient.shape))
        start += gradient.numel()
