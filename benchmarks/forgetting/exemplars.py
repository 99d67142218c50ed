"""Makes the shipped exemplars: storms of pre-training coasts, with true targets."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from strandline.distillation.continual.replay import FILE
from strandline.distillation.pretraining.simulated_coasts import PretrainingConfig, simulate_training_coast
from strandline.files import write_bytes
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs

COAST_STEP = 5
"""Every fifth pre-training coast gives a storm, so that 22 of 2 240 are kept."""
RECORD = PretrainingConfig(storms=1, years=2.0)
"""Simulated of each coast: as many storms a year as in pre-training, one of which is kept."""


def simulate_exemplars(seeds: Sequence[int]) -> Batch:
    """The first storm below the extreme mark of each of these coasts, as student inputs."""
    return Batch.concatenate([_without_assets(student_inputs(simulate_training_coast(seed, RECORD))) for seed in seeds])


def exemplar_seeds(config: PretrainingConfig) -> list[int]:
    """Seeds of every fifth pre-training coast."""
    return [config.first_seed + index for index in range(0, config.coasts - COAST_STEP + 1, COAST_STEP)]


def save_exemplars(folder: Path, exemplars: Batch) -> None:
    """Write ``exemplars.safetensors``: numbers in half precision, classes as bytes."""
    tensors = {name: _packed(tensor) for name, tensor in vars(exemplars).items() if tensor is not None}
    write_bytes(folder / FILE, save(tensors))


def _without_assets(batch: Batch) -> Batch:
    return replace(batch, asset_cell=None, asset_class=None, asset_seen=None, damage_state=None, damage_valid=None)


def _packed(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.bool:
        return tensor.contiguous()
    return (tensor.half() if tensor.is_floating_point() else tensor.to(torch.uint8)).contiguous()
