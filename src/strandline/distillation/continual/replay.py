"""What ships of the past: storms and gauge windows of taught coasts, with truth, to be learned again at a new one.

As much as one in a hundred of what the students were taught on; one storm of every fifth of those coasts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from strandline.distillation.continual.regularisers import Replay, ewc
from strandline.distillation.distil import Consolidation, DistillationConfig
from strandline.distillation.pretraining.simulated_coasts import PretrainingConfig, simulate_training_coast
from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import SHIPPED

FILE = "exemplars.safetensors"
EVERY = 5
"""Of the taught coasts every fifth gives a storm, so that 22 of 2 240 are kept."""
WINDOWS = 32
"""Gauge windows kept a coast."""
STORM_WEIGHT, EWC_STRENGTH = 0.3, 300.0
"""Of the loss on replayed storms, and λ beside it: chosen on recipe coasts by `benchmarks.forgetting.__main__`."""
FISHER_DRAWS = 8
"""Maps of labels drawn a storm."""
RECORD = PretrainingConfig(storms=1, years=2.0, windows=WINDOWS)
"""What is simulated of each: as many storms a year as when the coast was taught, one of which is kept."""


@dataclass(frozen=True, eq=False)
class Exemplars:
    """The student's view of N storms with maps and of M windows of the gauge alone; truth is the target of both."""

    storms: Batch
    windows: Batch

    def build_consolidation(self, student: Student, recipe: DistillationConfig) -> list[Consolidation]:
        """What keeps a student, as it is now, from forgetting what it was taught while it learns by a recipe.

        Half as many samples a step are replayed as are taken of the present: gauge windows wherever surges learn, each
        counting as one of the present; storms, counting less, where every weight learns. There the weights are held by
        elastic weight consolidation as well.
        """
        storms = recipe.samples // 2 if recipe.all_weights else 0
        parts = ((self.storms, storms, STORM_WEIGHT), (self.windows, recipe.windows // 2, 1.0))
        kept: list[Consolidation] = [
            Replay(batch, samples, weight, recipe.dropout_rate) for batch, samples, weight in parts if samples > 0
        ]
        if storms:
            generator = torch.Generator().manual_seed(0)
            kept.append(ewc(student, [self.storms], EWC_STRENGTH, generator, FISHER_DRAWS))
        return kept


def simulate_exemplars(seeds: Sequence[int]) -> Exemplars:
    """The first ordinary storm of each of these coasts and some hours of its gauge."""
    lessons = [simulate_training_coast(seed, RECORD) for seed in seeds]
    storms = Batch.concatenate([_without_assets(student_inputs(storms)) for storms, _ in lessons])
    windows = [student_inputs(windows) for _, windows in lessons]
    return Exemplars(storms, Batch.concatenate(windows))


def exemplar_seeds(curriculum: PretrainingConfig) -> list[int]:
    """Every fifth coast of the corpus."""
    return [curriculum.first_seed + index for index in range(0, curriculum.coasts - EVERY + 1, EVERY)]


def save_exemplars(folder: Path, exemplars: Exemplars) -> None:
    """Write ``exemplars.safetensors``: numbers in half precision, classes as bytes.

    Autocovariances stay in single precision: rounded further, smooth weather is no longer positive definite.
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
    """What ships.

    Raises:
        InputError: no such file in the folder.
    """
    path = folder / FILE
    if not path.exists():
        raise InputError(path, "does not exist", "write it with `save_exemplars`, or name the folder that ships")
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
