"""Predictions of networks on batches, with test-time augmentation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Self

import torch
from torch import Tensor

from strandline.models.batch import LAYOUTS, Batch
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher

TEACHER_ONLY = ("radar", "climate")
"""Modalities that the student does not use."""


@torch.no_grad()
def predict(network: Teacher | Student, batch: Batch, chunk: int = 16) -> Prediction:
    """The network's prediction on a batch, without dropout, ``chunk`` samples at a time."""
    network.eval()
    return Prediction.concatenate([network(batch[start : start + chunk]) for start in range(0, len(batch), chunk)])


def predict_with_tta(network: Teacher | Student, batch: Batch) -> Prediction:
    """Prediction on storms whose flood map is the mean over the eight transforms of the square.

    Damage and features come from the untransformed maps. Takes eight times as long as `predict`.

    Returns:
        Flood logits are logarithms of the mean probability.

    Source: test-time augmentation, Krizhevsky et al. (2012), section 4.1, with the symmetries of the square.
    """
    predictions = {transform: predict(network, transform.batch(batch)) for transform in DihedralTransform.all()}
    maps = [transform.inverse.grid(prediction.flood_logits) for transform, prediction in predictions.items()]
    mean = torch.stack(maps).log_softmax(dim=2).logsumexp(dim=0) - math.log(len(maps))
    return replace(next(iter(predictions.values())), flood_logits=mean)


def predict_members(networks: Sequence[Student | MultiHeadStudent], batch: Batch, chunk: int = 16) -> list[Prediction]:
    """The prediction of every ensemble member, whether it is a network of its own or a head."""
    predictions: list[Prediction] = []
    for network in networks:
        if isinstance(network, MultiHeadStudent):
            predictions += _predict_heads(network, batch, chunk)
        else:
            predictions.append(predict(network, batch, chunk))
    return predictions


@torch.no_grad()
def _predict_heads(network: MultiHeadStudent, batch: Batch, chunk: int) -> list[Prediction]:
    network.eval()
    parts = [network(batch[start : start + chunk]) for start in range(0, len(batch), chunk)]
    return [Prediction.concatenate(of_member) for of_member in zip(*parts, strict=True)]


def student_inputs(batch: Batch) -> Batch:
    """The batch without the teacher's modalities and without neighbouring gauges."""
    return replace(batch.without(*TEACHER_ONLY), gauge=batch.gauge[:, :1], gauge_seen=batch.gauge_seen[:, :1])


@dataclass(frozen=True)
class DihedralTransform:
    """One of the eight symmetries of the square, applied to maps: transposition first, then flips.

    A coast has no preferred direction on the grid. Radar look direction and sun are not modelled, so nothing else
    changes with the maps.
    """

    transposed: bool
    upside_down: bool
    mirrored: bool

    @classmethod
    def draw(cls, generator: torch.Generator) -> Self:
        """A random transform, uniform over the eight."""
        return cls(*(bool(flag) for flag in torch.randint(0, 2, (3,), generator=generator)))

    @classmethod
    def all(cls) -> list[Self]:
        """All eight; the first is the identity."""
        return [cls(*flags) for flags in product((False, True), repeat=3)]

    @property
    def inverse(self) -> Self:
        """The inverse transform; under transposition the two flips change places."""
        return replace(self, upside_down=self.mirrored, mirrored=self.upside_down) if self.transposed else self

    def grid(self, grid: Tensor) -> Tensor:
        """(…, H, W) → (…, H, W), or (…, W, H) when transposed."""
        grid = grid.transpose(-1, -2) if self.transposed else grid
        flipped = [dim for dim, flip in ((-2, self.upside_down), (-1, self.mirrored)) if flip]
        return grid.flip(flipped) if flipped else grid

    def batch(self, batch: Batch) -> Batch:
        """Transform all maps of a batch and the cells of its assets."""
        maps = [name for name, layout in LAYOUTS.items() if layout.is_map]
        changes = {name: self.grid(grid) for name in maps if (grid := getattr(batch, name)) is not None}
        if batch.asset_cell is not None and batch.terrain is not None:
            row, column = batch.asset_cell.unbind(-1)
            if self.transposed:
                row, column = column, row
            height, width = self.grid(batch.terrain).shape[-2:]
            row = height - 1 - row if self.upside_down else row
            column = width - 1 - column if self.mirrored else column
            changes["asset_cell"] = torch.stack([row, column], -1)
        return replace(batch, **changes)

    def prediction(self, prediction: Prediction) -> Prediction:
        """Transform the flood map; patch features are dropped, since patches do not keep their order."""
        features = {name: tensor for name, tensor in prediction.features.items() if name != "patches"}
        return replace(prediction, flood_logits=self.grid(prediction.flood_logits), features=features)
