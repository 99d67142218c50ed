"""Many coasts to learn remembering from: each storm is given others of its coast, as a teacher mapped them."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from strandline.distillation.waterlines import FloodArchive, attach_archive, peak_levels, sample_archive_mask
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.flood.inputs import RADAR_CENTRE
from strandline.models.inference import predict
from strandline.models.prediction import Prediction
from strandline.models.teacher import Teacher

COASTS_PER_STEP = 4
DEGRADED_SHARE, FOREIGN_SHARE = 0.2, 0.1
"""Share of archives from a teacher that saw badly, and of those whose maps belong to another coast: networks learn to
tell by themselves how far a memory holds."""


class ArchiveSampler:
    """Storms of many coasts that remember others of their own.

    Args:
        storms: ``each`` of every coast, coast after coast, as the teacher sees them.
        each: number of storms a coast.
        well, badly: the teacher's word on them, and when it sees badly.
    """

    def __init__(self, storms: Batch, each: int, well: Prediction, badly: Prediction) -> None:
        if storms.terrain is None or storms.terrain_seen is None or len(storms) % each:
            raise InputError("recall", f"{len(storms)} storms", f"give maps of {each} storms of every coast")
        self.storms, self.each, self.word, self.bad_word = storms, each, well, badly
        self.level, self.level_sd = peak_levels(storms)
        self.well, self.badly = _probability(well), _probability(badly)

    def draw(self, samples: int, generator: torch.Generator) -> tuple[Tensor, Batch]:
        """Indices of some storms of a few coasts, and those storms with what chance lets them remember."""
        coasts = len(self.storms) // self.each
        indices, batches = [], []
        for first in (torch.randint(0, coasts, (COASTS_PER_STEP,), generator=generator) * self.each).tolist():
            chance = torch.rand(2, generator=generator)
            other = int(torch.randint(0, coasts, (1,), generator=generator)) * self.each
            mapped = other if chance[1] < FOREIGN_SHARE else first
            word = (self.badly if chance[0] < DEGRADED_SHARE else self.well)[mapped : mapped + self.each].float()
            archive = self._archive(first, word)
            own = torch.randint(0, self.each, (max(samples // COASTS_PER_STEP, 1),), generator=generator)
            used = sample_archive_mask(archive.level, own, generator)
            batches.append(attach_archive(self.storms[first + own], archive, used))
            indices.append(first + own)
        return torch.cat(indices), Batch.concatenate(batches)

    def train_refinement(self, teacher: Teacher) -> Prediction:
        """The teacher's second look at every storm, beside its first look at all others of the coast."""
        predictions = []
        others = ~torch.eye(self.each, dtype=torch.bool)
        for first in range(0, len(self.storms), self.each):
            part = slice(first, first + self.each)
            archive = self._archive(first, self.well[part].float())
            predictions.append(predict(teacher, attach_archive(self.storms[part], archive, others)))
        return Prediction.concatenate(predictions)

    def _archive(self, first: int, word: Tensor) -> FloodArchive:
        part = slice(first, first + self.each)
        ground, known = self.storms.terrain, self.storms.terrain_seen
        assert ground is not None
        assert known is not None
        return FloodArchive(word, self.level[part], self.level_sd[part], ground[first, 0], known[first])


def degrade_radar(batch: Batch, generator: torch.Generator) -> Batch:
    """The batch as a radar of four looks without a dry reference would show it, made from twelve looks and one.

    A further gamma factor brings the variance of the speckle to that of four looks; the reference is a land that says
    nothing.
    """
    assert batch.radar is not None
    assert batch.radar_seen is not None
    looks = 1 / ((1 + 1 / 4) / (1 + 1 / 12) - 1)
    rng = np.random.default_rng(int(torch.randint(0, 2**31, (1,), generator=generator)))
    speckle = 10 * np.log10(rng.gamma(looks, 1 / looks, size=tuple(batch.radar[:, :2].shape)))
    radar = batch.radar.clone()
    radar[:, :2] += torch.from_numpy(speckle).to(radar)
    radar[:, 2:] = radar.new_tensor(RADAR_CENTRE[2:])[:, None, None]
    return replace(batch, radar=radar * batch.radar_seen[:, None])


def _probability(word: Prediction) -> Tensor:
    assert word.flood_logits is not None
    return word.flood_logits.softmax(dim=1).half()
