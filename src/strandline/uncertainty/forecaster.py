"""The forecaster: a calibrated ensemble of students, and its files."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from strandline.distillation.waterlines.archive_streams import attach_whole_archive
from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.models.batch import Batch
from strandline.models.inference import predict_members
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.weights.load_weights import (
    CARD,
    REPLACE,
    load_card,
    load_ensemble,
    save_students,
    verified_bytes,
)
from strandline.observations.arrays import Floats, SingleFloats

ARCHIVE_FILE = "archive.safetensors"
"""File with the flood archive of a study area's students."""


@dataclass(frozen=True)
class Forecast:
    """Calibrated output of an ensemble on a batch.

    Attributes:
        class_probability: (M, B, K, H, W) of each member.
        damage_probability: (B, A, K); ``None`` without assets.
    """

    class_probability: SingleFloats
    damage_probability: SingleFloats | None

    @property
    def flood_probability(self) -> SingleFloats:
        """(B, H, W) probability that a cell is flooded, mean over members."""
        return 1 - self.class_probability[:, :, 0].mean(axis=0)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Forecaster:
    """A calibrated ensemble of students.

    Attributes:
        students: M members, single networks or the heads of one.
        temperature: divides the flood logits.
        threshold: probability from which a cell is predicted flooded; chosen on training storms.
        extrapolation_threshold: the same for storms far above all mapped ones; chosen on physics-augmented storms.
        archive: the teacher's maps of past storms, an input of the students; ``None`` = none.
        miss_rate: share of flooded cells that may be predicted dry, if one was set; else the thresholds are those of
            the best overlap.
    """

    students: tuple[Student | MultiHeadStudent, ...]
    temperature: float
    threshold: float
    extrapolation_threshold: float
    archive: FloodArchive | None = None
    miss_rate: float | None = None

    @property
    def members(self) -> int:
        """M, of the ensemble."""
        return sum(each.members if isinstance(each, MultiHeadStudent) else 1 for each in self.students)

    @property
    def takes_inflow(self) -> bool:
        """Whether rain and rivers change what every student predicts."""
        return all((s.trunk if isinstance(s, MultiHeadStudent) else s).inflow is not None for s in self.students)

    def draw_member(self, rng: np.random.Generator) -> tuple[Self, int]:
        """The smallest part of the ensemble that holds a member drawn evenly, and its number there."""
        sizes = [each.members if isinstance(each, MultiHeadStudent) else 1 for each in self.students]
        drawn = int(rng.integers(sum(sizes)))
        which = int(np.searchsorted(np.cumsum(sizes), drawn, side="right"))
        return replace(self, students=(self.students[which],)), drawn - sum(sizes[:which])

    def without_site_memory(self) -> Self:
        """The same students for another coast: without site memory and without archive."""
        students = deepcopy(self.students)
        for each in students:
            student = each.trunk if isinstance(each, MultiHeadStudent) else each
            student.site_memory = None
        return replace(self, students=students, archive=None)

    def predict(self, batch: Batch) -> Forecast:
        """Predict a batch of student inputs, with temperature scaling.

        The whole archive is attached to storms without one; the storms must not be in it.
        """
        predictions = predict_members(self.students, self.attach_archive(batch))
        flood = [one.flood_logits for one in predictions]
        damage = [one.damage_logits for one in predictions if one.damage_logits is not None]
        return Forecast(
            torch.stack(_probabilities(flood, self.temperature)).numpy(),
            torch.stack([logits.softmax(-1) for logits in damage]).mean(0).numpy() if damage else None,
        )

    def attach_archive(self, batch: Batch) -> Batch:
        """The batch with the whole archive, where it has none yet."""
        if self.archive is None or batch.archive is not None:
            return batch
        return attach_whole_archive(batch, self.archive)

    def thresholds(self, batch: Batch) -> Floats:
        """(B,) the threshold for each storm."""
        if self.archive is None:
            return np.full(len(batch), self.threshold)
        return np.where(self.archive.is_beyond(batch).numpy(), self.extrapolation_threshold, self.threshold)


def save_forecaster(folder: Path, forecaster: Forecaster, card: Mapping[str, object]) -> None:
    """Write ``student.safetensors``, its card with the calibration, and ``archive.safetensors`` if there is one.

    Weights and maps in half precision.
    """
    calibration = {
        "temperature": forecaster.temperature,
        "threshold": forecaster.threshold,
        "extrapolation_threshold": forecaster.extrapolation_threshold,
        "miss_rate": forecaster.miss_rate,
    }
    archive = forecaster.archive
    if archive is None:
        (folder / ARCHIVE_FILE).unlink(missing_ok=True)
        save_students(folder, forecaster.students, {**card, "calibration": calibration})
        return
    values = {field.name: getattr(archive, field.name) for field in fields(archive)}
    tensors = {name: value for name, value in values.items() if value is not None}
    tensors["class_probability"] = archive.class_probability.half()
    tensors["physics_augmented"] = torch.tensor(archive.physics_augmented)
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    write_bytes(folder / ARCHIVE_FILE, content)
    digests = {ARCHIVE_FILE: sha256(content).hexdigest()}
    save_students(folder, forecaster.students, {**card, "calibration": calibration, "sha256": digests})


def load_forecaster(folder: Path) -> Forecaster:
    """The forecaster that a run saved; it predicts as in that run, up to the rounding of weights.

    Raises:
        InputError: no students, a card without calibration, or files of an older version.
    """
    students, card = load_ensemble(folder), load_card(folder)
    path = folder / CARD
    calibration = card.get("calibration")
    if not isinstance(calibration, dict):
        raise InputError(path, "has no calibration", "name the folder of a `strandline run`")
    archive = _load_archive(folder, card)
    if "miss_rate" not in calibration or (archive is not None and "class_probability" not in archive):
        raise InputError(path, "was written by an older version", "run `strandline run` again")
    try:
        return Forecaster(
            tuple(students),
            _number(calibration["temperature"], 1e-6, 1e6),
            _number(calibration["threshold"], 0.0, 1.0),
            _number(calibration["extrapolation_threshold"], 0.0, 1.0),
            None if archive is None else _as_archive(archive),
            None if calibration["miss_rate"] is None else _number(calibration["miss_rate"], 0.0, 1.0),
        )
    except (KeyError, TypeError, ValueError, AttributeError, SafetensorError) as error:
        raise InputError(path, f"is damaged ({type(error).__name__}: {error})", REPLACE) from error


def _load_archive(folder: Path, card: Mapping[str, object]) -> dict[str, Tensor] | None:
    """The maps beside the students; ``None`` = the card lists none and there is none."""
    path, digests = folder / ARCHIVE_FILE, card.get("sha256")
    if not path.exists() and not (isinstance(digests, dict) and ARCHIVE_FILE in digests):
        return None
    try:
        return load(verified_bytes(path, card))
    except SafetensorError as error:
        raise InputError(path, f"is damaged ({error})", REPLACE) from error


def _number(value: object, low: float, high: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{value!r} is no number from {low:g} to {high:g}")
    return float(value)


def _as_archive(tensors: Mapping[str, Tensor]) -> FloodArchive:
    other = {name: tensor for name, tensor in tensors.items() if name not in ("class_probability", "physics_augmented")}
    physics_augmented = int(tensors["physics_augmented"])
    return FloodArchive(tensors["class_probability"].float(), **other, physics_augmented=physics_augmented)


def mean_probability(logits: Sequence[Tensor], temperature: float) -> Tensor:
    """(B, K, H, W) mean over members of the class probabilities, from logits (B, K, H, W) each."""
    return torch.stack(_probabilities(logits, temperature)).mean(0)


def _probabilities(logits: Sequence[Tensor], temperature: float) -> list[Tensor]:
    return [(member / temperature).softmax(dim=1) for member in logits]
