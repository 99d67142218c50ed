"""The forecaster: an ensemble of students, calibrated, with a promise of coverage."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from strandline.distillation.waterlines import FloodArchive, attach_whole_archive
from strandline.errors import InputError, RefusedByTheory
from strandline.files import write_bytes
from strandline.models.batch import Batch
from strandline.models.inference import predict_members
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_ensemble, save_students
from strandline.observations.arrays import Floats

ARCHIVE = "archive.safetensors"
"""File with the maps that a place's students remember."""


@dataclass(frozen=True)
class Forecast:
    """What the forecaster says of a batch.

    Attributes:
        class_probability: (M, B, K, H, W) of each member; ``None`` without terrain.
        surge_mean: (B, 25) level − tide [m]; ``surge_scale``: the ensemble's own standard deviation, not calibrated.
        damage_probability: (B, A, K); ``None`` without assets.
    """

    class_probability: npt.NDArray[np.float32] | None
    surge_mean: Floats
    surge_scale: Floats
    damage_probability: npt.NDArray[np.float32] | None

    @property
    def flood_probability(self) -> npt.NDArray[np.float32]:
        """(B, H, W) mean over members of the probability that a cell is flooded."""
        if self.class_probability is None:
            raise ValueError("a forecast without terrain has no flood map")
        return 1 - self.class_probability[:, :, 0].mean(axis=0)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Forecaster:
    """Student members and how their words are to be read.

    Attributes:
        students: M members, each a network of its own or all of them the heads of one.
        radius: promised coverage → (25,) half-width of the surge interval in units of the ensemble's standard
            deviation, a lead.
        temperature: divides the flood logits.
        threshold: probability from which a cell is called flooded; chosen on training storms.
        threshold_beyond: the same far above all mapped storms; chosen on rehearsed ones where there are any.
        false_dry_rate: share of flooded cells that may be called dry, where one was asked for; else the thresholds are
            those of the best overlap.
        archive: the teacher's maps of the place's past storms, which the students remember; ``None`` = none.
    """

    students: tuple[Student | MultiHeadStudent, ...]
    radius: Mapping[float, Floats]
    temperature: float
    threshold: float
    threshold_beyond: float
    archive: FloodArchive | None = None
    miss_rate: float | None = None

    @property
    def members(self) -> int:
        """M, of the ensemble."""
        return sum(each.members if isinstance(each, MultiHeadStudent) else 1 for each in self.students)

    def without_site_memory(self) -> "Forecaster":
        """The same students at a place of which they know nothing: without memory, and without a map of their own."""
        students = deepcopy(self.students)
        for each in students:
            student = each.trunk if isinstance(each, MultiHeadStudent) else each
            student.site_memory = None
        return replace(self, students=students, archive=None)

    def predict(self, batch: Batch) -> Forecast:
        """Every member's word on a batch (the student's view), calibrated.

        A batch of maps that remembers nothing yet is given the whole archive: its storms must not be among it.
        """
        words = predict_members(self.students, self.remembering(batch))
        mean, scale = surge_moments(words)
        flood = damage = None
        if words[0].flood_logits is not None:
            flood = torch.stack([_soft(word.flood_logits, self.temperature) for word in words]).numpy()
        if words[0].damage_logits is not None:
            states = [word.damage_logits.softmax(-1) for word in words if word.damage_logits is not None]
            damage = torch.stack(states).mean(0).numpy()
        return Forecast(flood, mean, scale, damage)

    def remembering(self, batch: Batch) -> Batch:
        """The batch as its students see it: maps that remember nothing yet are given the whole archive."""
        if self.archive is None or batch.terrain is None or batch.archive is not None:
            return batch
        return attach_whole_archive(batch, self.archive)

    def thresholds(self, batch: Batch) -> Floats:
        """(B,) the threshold for each storm."""
        if self.archive is None:
            return np.full(len(batch), self.threshold)
        return np.where(self.archive.is_beyond(batch).numpy(), self.threshold_beyond, self.threshold)

    def surge_interval(self, forecast: Forecast, coverage: float) -> tuple[Floats, Floats]:
        """Lower and upper bound [m] of level − tide, (B, 25) each, that hold the promised ``coverage``."""
        if coverage not in self.radius:
            raise RefusedByTheory(f"not calibrated for {coverage:.0%}; calibrated: {sorted(self.radius)}")
        reach = self.radius[coverage] * forecast.surge_scale
        return forecast.surge_mean - reach, forecast.surge_mean + reach


def save_forecaster(folder: Path, forecaster: Forecaster, card: Mapping[str, object]) -> None:
    """Write ``student.safetensors``, its card with the calibration in it, and ``archive.safetensors`` if it remembers.

    Weights and maps in half precision.
    """
    calibration = {
        "temperature": forecaster.temperature,
        "threshold": forecaster.threshold,
        "threshold_beyond": forecaster.threshold_beyond,
        "false_dry_rate": forecaster.miss_rate,
        "radius": {str(coverage): radius.tolist() for coverage, radius in forecaster.radius.items()},
    }
    save_students(folder, forecaster.students, {**card, "calibration": calibration})
    if forecaster.archive is None:
        (folder / ARCHIVE).unlink(missing_ok=True)
    else:
        archive = forecaster.archive
        kept = {field.name: getattr(archive, field.name) for field in fields(archive)}
        parts = {
            **kept,
            "word": archive.class_probability.half(),
            "physics_augmented": torch.tensor(archive.physics_augmented),
        }
        write_bytes(folder / ARCHIVE, save({name: tensor.contiguous() for name, tensor in parts.items()}))


def load_forecaster(folder: Path) -> Forecaster:
    """The forecaster that a run saved; its words are those of that run but for the rounding of weights.

    Raises:
        InputError: no students, or a card that tells no calibration.
    """
    students = load_ensemble(folder)
    calibration = json.loads((folder / "student.json").read_text(encoding="utf-8")).get("calibration")
    if calibration is None:
        raise InputError(folder / "student.json", "tells no calibration", "name the folder of a `strandline run`")
    archive = None
    if (folder / ARCHIVE).exists():
        parts = load_file(folder / ARCHIVE)
        physics_augmented, word = int(parts.pop("physics_augmented")), parts.pop("word").float()
        archive = FloodArchive(word, **parts, physics_augmented=physics_augmented)
    return Forecaster(
        tuple(students),
        {float(coverage): np.array(leads) for coverage, leads in calibration["radius"].items()},
        calibration["temperature"],
        calibration["threshold"],
        calibration["threshold_beyond"],
        archive,
        calibration.get("false_dry_rate"),
    )


def surge_moments(words: Sequence[Prediction]) -> tuple[Floats, Floats]:
    """Mean and standard deviation [m] of the members' mixture, (B, 25) each."""
    means = np.stack([word.surge_mean.numpy() for word in words]).astype(float)
    scales = np.stack([word.surge_scale.numpy() for word in words]).astype(float)
    return means.mean(0), np.sqrt((scales**2).mean(0) + means.var(0))


def _soft(logits: Tensor | None, temperature: float) -> Tensor:
    assert logits is not None
    return (logits / temperature).softmax(dim=1)
