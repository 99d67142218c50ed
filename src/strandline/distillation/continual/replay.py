"""Shipped exemplars for replay: storms and gauge windows of pre-training coasts, with true targets.

They are 1 % of the pre-training data: one storm of every fifth coast.
"""

from dataclasses import dataclass
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
from strandline.models.weights.load_weights import SHIPPED

FILE = "exemplars.safetensors"
STORM_WEIGHT = 0.3
"""Weight of the loss on replayed storms beside that of gauge windows: chosen by `benchmarks.forgetting`."""
FISHER_DRAWS = 8
"""Maps of labels drawn per storm."""
FISHER_WINDOWS = 16
"""Every so many gauge windows give the Fisher information of the surge; it is a mean, and the others add little."""


@dataclass(frozen=True, eq=False)
class Exemplars:
    """Student inputs of N storms with maps and of M gauge windows, with true targets."""

    storms: Batch
    windows: Batch

    def build_consolidation(self, student: Student, config: DistillationConfig) -> list[Consolidation]:
        """Terms against forgetting for a student that will be trained with a configuration.

        Half as many samples are replayed per step as are drawn of the new data: gauge windows wherever the surge is
        trained, storms where every weight is. Elastic weight consolidation guards what is trained of both.
        """
        recipe = config.recipe
        storms = config.samples // 2 if recipe.all_weights else 0
        terms: list[Consolidation[Student]] = []
        for batch, samples, weight in (
            (self.storms, storms, STORM_WEIGHT * recipe.replay),
            (self.windows, config.windows // 2, recipe.replay),
        ):
            if samples > 0 and weight > 0:
                terms.append(Replay(batch, samples, weight, config.dropout_rate))
        few = self.windows[::FISHER_WINDOWS]
        past = [batch for batch, samples in ((self.storms, storms), (few, config.windows)) if samples > 0]
        if recipe.ewc > 0 and past:
            terms.append(ewc(student, past, recipe.ewc, torch.Generator().manual_seed(0), FISHER_DRAWS))
        return terms


def load_exemplars(folder: Path = SHIPPED) -> Exemplars:
    """The shipped exemplars, or those of another folder.

    Raises:
        InputError: no such file in the folder.
    """
    path = folder / FILE
    if not path.exists():
        raise InputError(path, "does not exist", "use the shipped folder")
    tensors = load_file(path)

    def batch(part: str) -> Batch:
        names = {name.removeprefix(f"{part}."): name for name in tensors if name.startswith(f"{part}.")}
        return Batch(**{short: _unpacked(tensors[name]) for short, name in names.items()})

    return Exemplars(batch("storms"), batch("windows"))


def _unpacked(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.bool:
        return tensor
    return tensor.float() if tensor.is_floating_point() else tensor.long()
