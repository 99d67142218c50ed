"""Training samples with flood archives: each storm gets other storms of its coast, as a teacher mapped them."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from strandline.distillation.training.networks import to_device
from strandline.distillation.waterlines.archive_streams import attach_archive, sample_archive_mask
from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.distillation.waterlines.peak_levels import peak_levels
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.encoders.inflow import summarise_inflow
from strandline.models.flood.inputs import RADAR_CENTRE
from strandline.models.inference import predict
from strandline.models.prediction import Prediction
from strandline.models.teacher import Teacher

COASTS_PER_STEP = 4
DEGRADED_SHARE, FOREIGN_SHARE = 0.2, 0.1
"""Shares of archives from a teacher with degraded radar, and of archives with the maps of another coast: networks learn
to detect how reliable an archive is."""


class ArchiveSampler:
    """Draws storms of many coasts, with archives of other storms of the same coast.

    Args:
        storms: ``storms_per_coast`` of every coast, coast after coast, with the teacher's inputs.
        prediction: the teacher's on them; ``degraded``: the teacher's on them with degraded radar.
    """

    def __init__(self, storms: Batch, storms_per_coast: int, prediction: Prediction, degraded: Prediction) -> None:
        if storms.terrain is None or storms.terrain_seen is None or len(storms) % storms_per_coast:
            raise InputError(
                "archive sampler", f"{len(storms)} storms", f"give maps of {storms_per_coast} storms of every coast"
            )
        self.storms, self.storms_per_coast = storms, storms_per_coast
        self.prediction, self.degraded = prediction, degraded
        self.level, self.level_sd = peak_levels(storms)
        self._inflow = None if storms.inflow is None else summarise_inflow(*storms.pair("inflow"))
        self._elevation, self._known = storms.terrain[:, 0], storms.terrain_seen
        self.probability, self.degraded_probability = _probability(prediction), _probability(degraded)

    def draw(self, samples: int, generator: torch.Generator) -> tuple[Tensor, Batch]:
        """Indices of some storms of a few coasts, and those storms with random archives."""
        coasts = len(self.storms) // self.storms_per_coast
        indices, batches = [], []
        starts = torch.randint(0, coasts, (COASTS_PER_STEP,), generator=generator) * self.storms_per_coast
        for first in starts.tolist():
            draw = torch.rand(2, generator=generator)
            other = int(torch.randint(0, coasts, (1,), generator=generator)) * self.storms_per_coast
            mapped = other if draw[1] < FOREIGN_SHARE else first
            probability = self.degraded_probability if draw[0] < DEGRADED_SHARE else self.probability
            archive = self._archive(first, probability[mapped : mapped + self.storms_per_coast].float())
            own = torch.randint(0, self.storms_per_coast, (max(samples // COASTS_PER_STEP, 1),), generator=generator)
            used = sample_archive_mask(archive.level, own, generator)
            batches.append(attach_archive(self.storms[first + own], archive, used))
            indices.append(first + own)
        return torch.cat(indices), Batch.concatenate(batches)

    def predict_second_pass(self, teacher: Teacher, device: str) -> Prediction:
        """The teacher's second pass over every storm, with its first-pass maps of all other storms of the coast."""
        predictions = []
        others = ~torch.eye(self.storms_per_coast, dtype=torch.bool)
        for first in range(0, len(self.storms), self.storms_per_coast):
            part = slice(first, first + self.storms_per_coast)
            archive = self._archive(first, self.probability[part].float())
            batch = attach_archive(self.storms[part], archive, others).to(device)
            predictions.append(to_device(predict(teacher, batch), torch.device("cpu")))
        return Prediction.concatenate(predictions)

    def _archive(self, first: int, probability: Tensor) -> FloodArchive:
        part = slice(first, first + self.storms_per_coast)
        inflow = (None, None) if self._inflow is None else tuple(each[part] for each in self._inflow)
        return FloodArchive(
            probability, self.level[part], self.level_sd[part], self._elevation[first], self._known[first],
            inflow=inflow[0], inflow_seen=inflow[1],
        )  # fmt: skip


def degrade_radar(batch: Batch, generator: torch.Generator) -> Batch:
    """The batch as a radar with four looks and without a dry reference would show it, from twelve looks and one.

    A further gamma factor raises the variance of the speckle to that of four looks; the reference becomes the constant
    that networks subtract.
    """
    if batch.radar is None or batch.radar_seen is None:
        raise InputError("radar", "the batch has none", "give storms with radar")
    looks = 1 / ((1 + 1 / 4) / (1 + 1 / 12) - 1)
    rng = np.random.default_rng(int(torch.randint(0, 2**31, (1,), generator=generator)))
    speckle = 10 * np.log10(rng.gamma(looks, 1 / looks, size=tuple(batch.radar[:, :2].shape)))
    radar = batch.radar.clone()
    radar[:, :2] += torch.from_numpy(speckle).to(radar)
    radar[:, 2:] = radar.new_tensor(RADAR_CENTRE[2:])[:, None, None]
    return replace(batch, radar=radar * batch.radar_seen[:, None])


def _probability(prediction: Prediction) -> Tensor:
    return prediction.flood_logits.softmax(dim=1).half()
