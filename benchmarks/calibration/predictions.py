"""Predictions of every network on the storms of a coast, computed once and kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.methods import digest, weights_of
from benchmarks.delta.outages import Condition, apply_outage
from strandline.distillation.adaptation.data import build_adaptation_data
from strandline.distillation.waterlines.archive_streams import attach_archive, attach_whole_archive
from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.distillation.waterlines.peak_levels import peak_levels
from strandline.models.batch import Batch
from strandline.models.inference import predict_members, student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_teacher
from strandline.models.weights.weight_draws import draw_weights
from strandline.observations.arrays import Indices

CALIBRATION_STORMS, TEST_STORMS = 12, 8
"""Of the normal storms, as `strandline run` splits a record; the others are the archive."""
OUTAGE = Condition("all", 1.0)
"""Gauge, optical images and loggers of every storm are lost; tide, terrain and archive remain."""
CONDITIONS = ("normal", "extreme", "outage")
DRAWS = 8
"""Of Monte-Carlo dropout: as many networks, and forward passes."""
Networks = Sequence[Student | MultiHeadStudent]
Network = TypeVar("Network", bound=nn.Module)
Arrays = dict[str, npt.NDArray]


@dataclass(frozen=True)
class CoastPredictions:
    """One coast under one seed, with the predictions of all networks.

    Attributes:
        training, calibration: storms; ``tests``: condition → storms.
        teacher: (n, K, H, W) class probabilities of the training and then the calibration storms.
        members: (method, part) → (M, n, K, H, W) logarithm of the members' class probabilities; parts are ``training``,
            ``calibration`` and the conditions; methods are ``ensemble``, whose first member is the single student,
            ``distilled_ensemble`` and ``mc_dropout``.
    """

    training: Indices
    calibration: Indices
    tests: dict[str, Indices]
    teacher: npt.NDArray[np.float16]
    members: dict[tuple[str, str], npt.NDArray[np.float16]]


def split_record(coast: SimulatedCoast, seed: int) -> tuple[Indices, Indices, dict[str, Indices]]:
    """Training and calibration storms, none of them extreme, and the storms of each test."""
    rng = np.random.default_rng([coast.seed, seed, 2])
    normal = rng.permutation(np.flatnonzero(~coast.extreme))
    test, calibration, training = np.split(normal, [TEST_STORMS, TEST_STORMS + CALIBRATION_STORMS])
    tests = {"normal": np.sort(test), "extreme": np.flatnonzero(coast.extreme), "outage": np.sort(test)}
    return np.sort(training), np.sort(calibration), tests


def predict_coast(
    coast: SimulatedCoast, seed: int, students: Sequence[Student], heads: MultiHeadStudent, cache: Path | None
) -> CoastPredictions:
    """Predictions of every network on every storm, from the cache where they are kept."""
    training, calibration, tests = split_record(coast, seed)
    teacher = load_teacher()

    def kept(what: str, networks: Sequence[nn.Module], make: Callable[[], Arrays]) -> Arrays:
        if cache is None:
            return make()
        key = digest(len(coast.level), DRAWS, weights_of(networks))
        path = cache / f"predictions-{what}-{coast.seed}-{seed}-{key}.npz"
        if not path.exists():
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, **make())  # type: ignore[arg-type]
            partial.replace(path)
        with np.load(path) as stored:
            return dict(stored)

    def teacher_probability() -> Arrays:
        storms, others = (coast.storms[torch.from_numpy(index)] for index in (training, calibration))
        predictions = build_adaptation_data(storms, others, teacher).teacher_predictions
        parts = (predictions.training, predictions.calibration)
        probability = torch.cat([part.flood_logits.softmax(dim=1) for part in parts])
        return {"teacher": probability.numpy().astype(np.float16)}

    by_teacher = kept("teacher", [teacher], teacher_probability)["teacher"]
    views = StudentViews(coast, seed, training, calibration, tests, by_teacher)
    arrays = kept("ensemble", [teacher, *students], lambda: _arrays("ensemble", predict_members, students, views))
    drawn = weight_draws(students[0])
    arrays |= kept("draws", [teacher, *drawn], lambda: _arrays("mc_dropout", predict_members, drawn, views.of_tests()))
    arrays |= kept("heads", [teacher, heads], lambda: _arrays("distilled_ensemble", predict_members, [heads], views))
    members = {(method, part): array for name, array in arrays.items() for method, part in [name.split("/")]}
    return CoastPredictions(training, calibration, tests, by_teacher, members)


class StudentViews(Mapping[str, Batch]):
    """Inputs of the students by part, with the flood archive of the training storms; built on access."""

    def __init__(
        self,
        coast: SimulatedCoast,
        seed: int,
        training: Indices,
        calibration: Indices,
        tests: dict[str, Indices],
        by_teacher: npt.NDArray[np.float16],
    ) -> None:
        self._coast, self._seed = coast, seed
        self._index = {"training": training, "calibration": calibration}
        self._index |= {name: index for name, index in tests.items() if len(index)}
        storms = coast.storms[torch.from_numpy(training)]
        probability = torch.from_numpy(by_teacher[: len(training)].astype(np.float32))
        level, spread = peak_levels(storms)
        terrain, known = storms.pair("terrain")
        self._archive = FloodArchive(probability, level, spread, terrain[0, 0], known[0])

    def __getitem__(self, name: str) -> Batch:
        storms = self._coast.storms[torch.from_numpy(self._index[name])]
        if name == "training":  # without the storm itself
            others = ~torch.eye(len(storms), dtype=torch.bool)
            return attach_archive(student_inputs(storms), self._archive, others)
        if "outage" in name:
            storms = apply_outage(storms, OUTAGE, torch.Generator().manual_seed(self._seed))
        return attach_whole_archive(student_inputs(storms), self._archive)

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def of_tests(self) -> Mapping[str, Batch]:
        """The test conditions alone."""
        return {name: self[name] for name in self if name in CONDITIONS}


def weight_draws(network: Network) -> list[Network]:
    """Monte-Carlo dropout as the recipe `article` ships it: draws of a network's weights, each a network of its own."""
    generator = torch.Generator().manual_seed(0)
    return [draw_weights(network, generator) for _ in range(DRAWS)]


def _arrays(
    method: str,
    predict: Callable[[Networks, Batch], list[Prediction]],
    networks: Networks,
    views: Mapping[str, Batch],
) -> Arrays:
    """Predictions on each view, named ``method/view``."""
    found: Arrays = {}
    for name, view in views.items():
        logits = [one.flood_logits.log_softmax(dim=1) for one in predict(networks, view)]
        found[f"{method}/{name}"] = torch.stack(logits).numpy().astype(np.float16)
    return found
