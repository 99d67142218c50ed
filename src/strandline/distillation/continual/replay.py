"""Shipped exemplars for replay: storms and gauge windows of pre-training coasts, with true targets.

They are 1 % of the pre-training data: one storm of every fifth coast.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.continual.regularisers import Replay, ewc
from strandline.distillation.objective import Consolidation
from strandline.distillation.pretraining.simulated_coasts import PretrainingConfig, simulate_training_coast
from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import SHIPPED

FILE = "exemplars.safetensors"
COAST_STEP = 5
"""Every fifth pre-training coast gives a storm, so that 22 of 2 240 are kept."""
WINDOWS = 32
"""Gauge windows kept per coast."""
STORM_WEIGHT, EWC_STRENGTH = 0.3, 300.0
"""Weight of the loss on replayed storms, and λ of EWC beside it: chosen by `benchmarks.forgetting`."""
FISHER_DRAWS = 8
"""Maps of labels drawn per storm."""
RECORD = PretrainingConfig(storms=1, years=2.0, windows=WINDOWS)
"""Simulated of each coast: as many storms a year as in pre-training, one of which is kept."""


@dataclass(frozen=True, eq=False)
class Exemplars:
    """Student inputs of N storms with maps and of M gauge windows, with true targets."""

    storms: Batch
    windows: Batch

    def build_consolidation(self, student: Student, config: DistillationConfig) -> list[Consolidation]:
        """Terms against forgetting for a student that will be trained with a configuration.

        Half as many samples are replayed per step as are drawn of the new data: gauge windows wherever the surge
        decoder is trained, with the weight of new ones; storms, with a smaller weight, where every weight is trained,
        together with elastic weight consolidation.
        """
        storms = config.samples // 2 if config.all_weights else 0
        parts = ((self.storms, storms, STORM_WEIGHT), (self.windows, config.windows // 2, 1.0))
        terms: list[Consolidation[Student]] = [
            Replay(batch, samples, weight, config.dropout_rate) for batch, samples, weight in parts if samples > 0
        ]
        if storms:
            generator = torch.Generator().manual_seed(0)
            terms.append(ewc(student, [self.storms], EWC_STRENGTH, generator, FISHER_DRAWS))
        return terms


def simulate_exemplars(seeds: Sequence[int]) -> Exemplars:
    """The first storm below the extreme mark, and some gauge windows, of each of these coasts."""
    coasts = [simulate_training_coast(seed, RECORD) for seed in seeds]
    storms = Batch.concatenate([_without_assets(student_inputs(storms)) for storms, _ in coasts])
    windows = [student_inputs(windows) for _, windows in coasts]
    return Exemplars(storms, Batch.concatenate(windows))


def exemplar_seeds(config: PretrainingConfig) -> list[int]:
    """Seeds of every fifth pre-training coast."""
    return [config.first_seed + index for index in range(0, config.coasts - COAST_STEP + 1, COAST_STEP)]


def save_exemplars(folder: Path, exemplars: Exemplars) -> None:
    """Write ``exemplars.safetensors``: numbers in half precision, classes as bytes.

    Autocovariances stay in single precision: in half precision they would not be positive definite.
    """
    parts = {"storms": exemplars.storms, "windows": exemplars.windows}
    tensors = {
        f"{part}.{name}": tensor.contiguous() if name == "residual_covariance" else _packed(tensor)
        for part, batch in parts.items()
        for name, tensor in vars(batch).items()
        if tensor is not None
    }
    write_bytes(folder / FILE, save(tensors))


def load_exemplars(folder: Path = SHIPPED) -> Exemplars:
    """The shipped exemplars, or those of another folder.

    Raises:
        InputError: no such file in the folder.
    """
    path = folder / FILE
    if not path.exists():
        raise InputError(path, "does not exist", "write it with `save_exemplars`, or use the shipped folder")
    tensors = load_file(path)

    def batch(part: str) -> Batch:
        names = {name.removeprefix(f"{part}."): name for name in tensors if name.startswith(f"{part}.")}
        return Batch(**{short: _unpacked(tensors[name]) for short, name in names.items()})

    return Exemplars(batch("storms"), batch("windows"))


def _without_assets(batch: Batch) -> Batch:
    return replace(batch, asset_cell=None, asset_class=None, asset_seen=None, damage_state=None, damage_valid=None)


def _packed(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.bool:
        return tensor.contiguous()
    return (tensor.half() if tensor.is_floating_point() else tensor.to(torch.uint8)).contiguous()


def _unpacked(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.bool:
        return tensor
    return tensor.float() if tensor.is_floating_point() else tensor.long()
