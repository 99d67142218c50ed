"""Predictions of networks on batches, with test-time augmentation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Self

import torch
from torch import Tensor

from strandline.models.batch import Batch
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher

TEACHER_ONLY = ("radar", "climate")
"""Modalities that the student never sees."""


@torch.no_grad()
def ask(teacher: Teacher | Student, batch: Batch, chunk: int = 16) -> Prediction:
    """A network's word on a batch, without dropout and in chunks; call it once and keep the answer."""
    teacher.eval()
    words = [teacher(batch[start : start + chunk]) for start in range(0, len(batch), chunk)]
    return join_predictions(words)


def predict_with_tta(teacher: Teacher | Student, batch: Batch) -> Prediction:
    """A network's word on storms, whose flood map is the mean of what it says with the maps laid each of eight ways.

    Surge, damage and features are its word on the maps as they lie. Takes eight times as long as ``ask``.

    Returns:
        Flood logits are logarithms of the mean probability.

    Source: test-time augmentation, Krizhevsky et al. (2012), section 4.1, with the symmetries of the square.
    """
    words = {turn: ask(teacher, turn.batch(batch)) for turn in DihedralTransform.all()}
    maps = [turn.undone.grid(word.flood_logits) for turn, word in words.items() if word.flood_logits is not None]
    mean = torch.stack(maps).log_softmax(dim=2).logsumexp(dim=0) - math.log(len(maps))
    return replace(next(iter(words.values())), flood_logits=mean)


def join_predictions(words: Sequence[Prediction]) -> Prediction:
    """One prediction of all samples."""

    def cat(name: str) -> Tensor | None:
        parts = [getattr(word, name) for word in words]
        return None if parts[0] is None else torch.cat(parts)

    return Prediction(
        torch.cat([word.surge_mean for word in words]),
        torch.cat([word.surge_scale for word in words]),
        cat("flood_logits"),
        cat("damage_logits"),
        {name: torch.cat([word.features[name] for word in words]) for name in words[0].features},
    )


def pick(word: Prediction, index: Tensor) -> Prediction:
    """The prediction of some samples."""
    return replace(
        word,
        surge_mean=word.surge_mean[index],
        surge_scale=word.surge_scale[index],
        flood_logits=None if word.flood_logits is None else word.flood_logits[index],
        damage_logits=None if word.damage_logits is None else word.damage_logits[index],
        features={name: tensor[index] for name, tensor in word.features.items()},
    )


def student_inputs(batch: Batch) -> Batch:
    """The batch without what only the teacher sees; of the gauges, only the own one."""
    return replace(batch.without(*TEACHER_ONLY), gauge=batch.gauge[:, :1], gauge_seen=batch.gauge_seen[:, :1])


@dataclass(frozen=True)
class DihedralTransform:
    """One of the eight ways to lay a map on the grid: transposed first, then mirrored.

    A coast has no preferred direction on the grid; radar look direction and sun are not modelled, so nothing else
    turns with the maps.
    """

    transposed: bool
    upside_down: bool
    mirrored: bool

    @classmethod
    def draw(cls, generator: torch.Generator) -> Self:
        """Any of the eight, equally likely."""
        return cls(*(bool(flag) for flag in torch.randint(0, 2, (3,), generator=generator)))

    @classmethod
    def all(cls) -> list[Self]:
        """The eight; the first leaves everything as it is."""
        return [cls(*flags) for flags in product((False, True), repeat=3)]

    @property
    def undone(self) -> Self:
        """The turn that lays a map back as it was: rows and columns change places when it is transposed."""
        return replace(self, upside_down=self.mirrored, mirrored=self.upside_down) if self.transposed else self

    def grid(self, grid: Tensor) -> Tensor:
        """(…, H, W) → (…, H, W), or (…, W, H) where it is transposed."""
        grid = grid.transpose(-1, -2) if self.transposed else grid
        flipped = [dim for dim, flip in ((-2, self.upside_down), (-1, self.mirrored)) if flip]
        return grid.flip(flipped) if flipped else grid

    def batch(self, batch: Batch) -> Batch:
        """All maps of a batch and the cells of its assets."""
        maps = ("terrain", "radar", "optical", "in_situ", "waterlines")
        names = (*maps, *(f"{name}_seen" for name in maps), "archive", "flood_class", "flood_valid")
        changes = {name: self.grid(grid) for name in names if (grid := getattr(batch, name)) is not None}
        if batch.asset_cell is not None and batch.terrain is not None:
            row, column = batch.asset_cell.unbind(-1)
            if self.transposed:
                row, column = column, row
            height, width = self.grid(batch.terrain).shape[-2:]
            row = height - 1 - row if self.upside_down else row
            column = width - 1 - column if self.mirrored else column
            changes["asset_cell"] = torch.stack([row, column], -1)
        return replace(batch, **changes)

    def word(self, word: Prediction) -> Prediction:
        """A prediction's flood map; its patch features are dropped, since patches do not keep their order."""
        assert word.flood_logits is not None
        features = {name: tensor for name, tensor in word.features.items() if name != "patches"}
        return replace(word, flood_logits=self.grid(word.flood_logits), features=features)


def predict_members(networks: Sequence[Student | MultiHeadStudent], batch: Batch, chunk: int = 16) -> list[Prediction]:
    """Every member's word on a batch, whether it is a network of its own or a head."""
    words: list[Prediction] = []
    for network in networks:
        if isinstance(network, MultiHeadStudent):
            words += _predict_heads(network, batch, chunk)
        else:
            words.append(ask(network, batch, chunk))
    return words


@torch.no_grad()
def _predict_heads(network: MultiHeadStudent, batch: Batch, chunk: int) -> list[Prediction]:
    network.eval()
    parts = [network(batch[start : start + chunk]) for start in range(0, len(batch), chunk)]
    return [join_predictions(of_member) for of_member in zip(*parts, strict=True)]
