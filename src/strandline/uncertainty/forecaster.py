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
from scipy.optimize import minimize_scalar
from torch import Tensor

from strandline.atomic import write_bytes
from strandline.batch import Batch
from strandline.distillation.ensemble import ask_members
from strandline.distillation.strandlines import Archive, remember_all
from strandline.errors import InputError, RefusedByTheory
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.pretraining import load_ensemble, save_students
from strandline.uncertainty.conformal import conformal_radius
from strandline.uncertainty.risk_control import false_dry_threshold
from strandline.uncertainty.scores import overlap_counts, pooled_iou

Floats = npt.NDArray[np.float64]
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
    archive: Archive | None = None
    false_dry_rate: float | None = None

    @property
    def members(self) -> int:
        """M, of the ensemble."""
        return sum(each.members if isinstance(each, MultiHeadStudent) else 1 for each in self.students)

    def elsewhere(self) -> "Forecaster":
        """The same students at a place of which they know nothing: without memory, and without a map of their own."""
        students = deepcopy(self.students)
        for each in students:
            student = each.trunk if isinstance(each, MultiHeadStudent) else each
            student.place = None
        return replace(self, students=students, archive=None)

    def predict(self, batch: Batch) -> Forecast:
        """Every member's word on a batch (the student's view), calibrated.

        A batch of maps that remembers nothing yet is given the whole archive: its storms must not be among it.
        """
        words = ask_members(self.students, self.remembering(batch))
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
        return remember_all(batch, self.archive)

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
        "false_dry_rate": forecaster.false_dry_rate,
        "radius": {str(coverage): radius.tolist() for coverage, radius in forecaster.radius.items()},
    }
    save_students(folder, forecaster.students, {**card, "calibration": calibration})
    if forecaster.archive is None:
        (folder / ARCHIVE).unlink(missing_ok=True)
    else:
        archive = forecaster.archive
        kept = {field.name: getattr(archive, field.name) for field in fields(archive)}
        parts = {**kept, "word": archive.word.half(), "rehearsed": torch.tensor(archive.rehearsed)}
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
        rehearsed, word = int(parts.pop("rehearsed")), parts.pop("word").float()
        archive = Archive(word, **parts, rehearsed=rehearsed)
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


def calibrate(
    students: Sequence[Student | MultiHeadStudent],
    flood: tuple[Batch, Tensor],
    training: tuple[Batch, Tensor],
    windows: Sequence[Batch],
    coverages: Sequence[float],
    archive: Archive | None = None,
    rehearsed: Batch | None = None,
    false_dry_rate: float | None = None,
) -> Forecaster:
    """Turn an ensemble into a forecaster with a promise.

    Args:
        students: trained members.
        flood: held-out storms (the student's view) and the reference (B, K, H, W) they are calibrated on: the survey
            where there is one, 0 or 1, else the teacher's probabilities.
        training: storms and their reference class map (B, H, W), on which the threshold is chosen.
        windows: one batch of surge windows for each held-out storm.
        coverages: to be promised for the surge interval.
        archive: what the members remember; the batches of storms carry it already.
        rehearsed: storms above all that were mapped, with physics' maps as targets.
        false_dry_rate: share of flooded cells that may be called dry; the threshold then keeps it on average over
            storms like the held-out ones, as their reference maps have it, and is never above the one of best overlap.

    Raises:
        RefusedByTheory: fewer held-out storms than the coverage or the rate needs, with the number.
    """
    radius = _surge_radius(students, windows, coverages)
    batch, reference = flood
    logits = [_logits(word) for word in ask_members(students, batch)]
    valid = _land(batch)
    temperature = best_temperature(logits, reference, valid)

    def best_threshold(seen: Batch, known: Tensor) -> float:
        probability = torch.stack([_soft(word.flood_logits, temperature) for word in ask_members(students, seen)]).mean(
            0
        )
        return choose_threshold(1 - probability[:, 0].numpy(), (known > 0).numpy(), _land(seen).numpy())

    threshold = beyond = best_threshold(*training)
    if rehearsed is not None:
        assert rehearsed.flood_class is not None
        beyond = best_threshold(rehearsed, rehearsed.flood_class)
    if false_dry_rate is not None:
        chance = 1 - torch.stack([_soft(part, temperature) for part in logits]).mean(0)[:, 0]
        kept = false_dry_threshold(chance.numpy(), (reference.argmax(1) > 0).numpy(), valid.numpy(), false_dry_rate)
        threshold, beyond = min(threshold, kept), min(beyond, kept)
    return Forecaster(tuple(students), radius, temperature, threshold, beyond, archive, false_dry_rate)


def best_temperature(logits: Sequence[Tensor], reference: Tensor, valid: Tensor) -> float:
    """Temperature with the least cross-entropy of reference and ensemble's mean (Guo et al. 2017, section 4.2).

    Args:
        logits: (B, K, H, W) of each member.
        reference: (B, K, H, W) probabilities; of a survey they are 0 and 1. A teacher's likeliest classes would not do:
            a student agrees with its teacher more than with the truth, and would be made too sure.
        valid: (B, H, W) cells that count.
    """

    def entropy(log_temperature: float) -> float:
        probability = torch.stack([_soft(part, float(np.exp(log_temperature))) for part in logits]).mean(0)
        return float(-(reference * probability.clamp(min=1e-7).log()).sum(dim=1)[valid].mean())

    best = minimize_scalar(entropy, bounds=(np.log(0.3), np.log(5.0)), method="bounded", options={"maxiter": 20})
    return float(np.exp(best.x))


def choose_threshold(
    probability: npt.NDArray[np.float32], flooded: npt.NDArray[np.bool_], valid: npt.NDArray[np.bool_]
) -> float:
    """Probability threshold with the best pooled IoU, in steps of 0.05."""
    candidates = np.arange(0.2, 0.81, 0.05)
    scores = [pooled_iou(overlap_counts(probability >= candidate, flooded, valid)) for candidate in candidates]
    return 0.5 if np.isnan(scores).all() else float(candidates[int(np.nanargmax(scores))])


def _surge_radius(
    students: Sequence[Student | MultiHeadStudent], windows: Sequence[Batch], coverages: Sequence[float]
) -> dict[float, Floats]:
    scores = []
    for batch in windows:
        mean, scale = surge_moments(ask_members(students, batch))
        assert batch.surge is not None
        assert batch.surge_valid is not None
        score = np.abs(batch.surge.numpy() - mean) / scale
        scores.append(np.where(batch.surge_valid.numpy(), score, np.nan))  # (hours, 25)
    leads = scores[0].shape[1]
    by_lead = [[score[:, lead][~np.isnan(score[:, lead])] for score in scores] for lead in range(leads)]
    return {coverage: np.array([conformal_radius(column, coverage) for column in by_lead]) for coverage in coverages}


def _land(batch: Batch) -> Tensor:
    """(B, H, W) cells that can be flooded: known ground that is not permanent water."""
    assert batch.terrain is not None
    assert batch.terrain_seen is not None
    return batch.terrain_seen & (batch.terrain[:, 2] < 0.5)


def _logits(word: Prediction) -> Tensor:
    assert word.flood_logits is not None
    return word.flood_logits


def _soft(logits: Tensor | None, temperature: float) -> Tensor:
    assert logits is not None
    return (logits / temperature).softmax(dim=1)
