"""Shipped exemplars for replay: student inputs of storms of pre-training coasts, with true targets.

They are 1 % of the pre-training data: one storm of every fifth coast.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.continual.regularisers import Replay, ewc
from strandline.distillation.objective import Consolidation
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.student import Student
from strandline.models.weights.load_weights import REPLACE, SHIPPED

FILE = "exemplars.safetensors"
FISHER_DRAWS = 8
"""Maps of labels drawn per storm."""


def build_consolidation(student: Student, past: Batch, config: DistillationConfig) -> list[Consolidation[Student]]:
    """Terms against forgetting for a student that will be trained with a configuration.

    Half as many storms are replayed per step as are drawn of the new data. What other coasts share is guarded where it
    is trained: with the recipe's ``all_weights``.

    Args:
        past: exemplars.
    """
    recipe, samples = config.recipe, config.samples // 2
    terms: list[Consolidation[Student]] = []
    if not recipe.all_weights or samples == 0:
        return terms
    if recipe.replay > 0:
        terms.append(Replay(past, samples, recipe.replay, config.dropout_rate))
    if recipe.ewc > 0:
        terms.append(ewc(student, past, recipe.ewc, torch.Generator().manual_seed(0), FISHER_DRAWS))
    return terms


def load_exemplars(folder: Path = SHIPPED) -> Batch:
    """The shipped exemplars, or those of another folder.

    Raises:
        InputError: no such file in the folder, or one of another version.
    """
    path = folder / FILE
    if not path.exists():
        raise InputError(path, "does not exist", "use the shipped folder")
    tensors = {name: _unpacked(tensor) for name, tensor in load_file(path).items()}
    try:
        return Batch(**tensors)
    except TypeError as error:
        raise InputError(path, f"holds exemplars of another version ({error})", REPLACE) from error


def _unpacked(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.bool:
        return tensor
    return tensor.float() if tensor.is_floating_point() else tensor.long()
