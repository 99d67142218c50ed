"""Data-parallel training: each process computes its share of every step, and all apply the same gradient.

The processes are started by ``torchrun``. In a process that was started alone, every function here does nothing.

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
"""The other processes wait for the first one, which simulates the training coasts."""


@contextmanager
def process_group(device: str) -> Iterator[None]:
    """Connect the processes that ``torchrun`` started together."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))  # "cuda" then means this process's own card
    distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=LONGEST_WAIT)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def world_size() -> int:
    """Number of processes."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Number of this process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def barrier() -> None:
    """Wait until every process has called this."""
    if world_size() > 1:
        distributed.barrier()


def local_batch(batch: Batch) -> Batch:
    """This process's samples of a batch that all processes have drawn alike.

    Raises:
        InputError: a number of samples that the processes do not divide.
    """
    if world_size() == 1:
        return batch
    return batch[local_indices(len(batch))]


def local_indices(samples: int) -> Tensor:
    """Indices of this process's samples of a batch.

    Raises:
        InputError: a number of samples that the processes do not divide.
    """
    if samples % world_size():
        raise InputError(
            "torchrun", f"{world_size()} processes share {samples} samples a step", "start a divisor of them"
        )
    return torch.arange(rank(), samples, world_size())


def seed_process(seed: int) -> None:
    """Give every process its own dropout from here on; the first draws what a single process would."""
    if rank() > 0:
        torch.manual_seed(seed + 1_000_003 * rank())


def average(values: Tensor) -> Tensor:
    """Mean of a tensor over the processes."""
    if world_size() == 1:
        return values
    total = values.detach().clone()
    distributed.all_reduce(total)
    return total / world_size()


def average_gradients(parameters: Sequence[nn.Parameter]) -> None:
    """Average the gradients over the processes, in place and in one message; a weight without a gradient keeps none."""
    if world_size() == 1:
        return
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    mean = average(torch.cat([gradient.flatten() for gradient in gradients]))
    start = 0
    for gradient in gradients:
        gradient.copy_(mean[start : start + gradient.numel()].view(gradient.shape))
        start += gradient.numel()
