"""What every network says of a coast's storms, asked once and kept: scores can then be computed again at no cost."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from benchmarks.calibration.mc_dropout import draw_words
from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.learning import weights_of
from benchmarks.delta.outages import Condition, strike
from strandline.distillation.adaptation.data import build_adaptation_data
from strandline.distillation.waterlines import FloodArchive, attach_archive, attach_whole_archive, peak_levels
from strandline.models.batch import Batch
from strandline.models.inference import predict_members, student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_teacher
from strandline.observations.arrays import Indices, SingleFloats

CALIBRATION_STORMS, TEST_STORMS = 12, 8
"""Of the normal storms, as `strandline run` parts a record; the others are learned from."""
OUTAGE = Condition("all", 1.0)
"""Gauge, optical images and loggers of every storm are gone; tide, ground and memory remain."""
CONDITIONS = ("normal", "extreme", "outage")
DRAWS = 8
"""Of dropout."""


@dataclass(frozen=True)
class Said:
    """Words of M members on n storms.

    Attributes:
        flood: (M, n, K, H, W) logarithm of class probabilities, in half precision.
        surge_mean, surge_scale: (M, n, 25) [m].
    """

    flood: npt.NDArray[np.float16]
    surge_mean: SingleFloats
    surge_scale: SingleFloats


@dataclass(frozen=True)
class CoastPredictions:
    """One coast under one seed, with everything that was said of it.

    Attributes:
        training, calibration: storms; tests: condition → storms.
        teacher: (n, K, H, W) class probabilities of the training and then the calibration storms.
        said: (method, part) → words; parts are ``training``, ``calibration`` and the
            conditions; methods ``ensemble``, whose first member is the single student, ``distilled_ensemble``,
            ``mc_dropout``.
    """

    training: Indices
    calibration: Indices
    tests: dict[str, Indices]
    teacher: npt.NDArray[np.float16]
    said: dict[tuple[str, str], Said]


def part(coast: SimulatedCoast, seed: int) -> tuple[Indices, Indices, dict[str, Indices]]:
    """Training and calibration storms, none of them extreme, and the storms of each test."""
    rng = np.random.default_rng([coast.seed, seed, 2])
    normal = rng.permutation(np.flatnonzero(~coast.extreme))
    test, calibration, training = np.split(normal, [TEST_STORMS, TEST_STORMS + CALIBRATION_STORMS])
    tests = {"normal": np.sort(test), "extreme": np.flatnonzero(coast.extreme), "outage": np.sort(test)}
    return np.sort(training), np.sort(calibration), tests


def examine(
    coast: SimulatedCoast, seed: int, students: Sequence[Student], heads: MultiHeadStudent, cache: Path | None
) -> CoastPredictions:
    """Ask every network about every storm, or read what they said from the cache."""
    training, calibration, tests = part(coast, seed)
    teacher = load_teacher()

    def kept(what: str, networks: Sequence[nn.Module], make: Callable[[], dict[str, npt.NDArray]]) -> dict:
        if cache is None:
            return make()
        key = hashlib.sha256(f"{len(coast.level)} {DRAWS}".encode() + weights_of(networks)).hexdigest()[:12]
        path = cache / f"words-{what}-{coast.seed}-{seed}-{key}.npz"
        if not path.exists():
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, **make())
            partial.replace(path)
        with np.load(path) as stored:
            return dict(stored)

    def teach() -> dict[str, npt.NDArray]:
        seen, asked = (coast.storms[torch.from_numpy(index)] for index in (training, calibration))
        word = build_adaptation_data(seen, asked, coast.windows, (), teacher).teacher_predictions
        said = [part.flood_logits for part in (word.training, word.calibration)]
        taught = torch.cat([logits.softmax(dim=1) for logits in said if logits is not None])
        return {"teacher": taught.numpy().astype(np.float16)}

    taught = kept("teacher", [teacher], teach)["teacher"]
    views = Views(coast, seed, training, calibration, tests, taught)
    words = kept("ensemble", [teacher, *students], lambda: _flat("ensemble", predict_members, students, views))
    words |= kept("dropout", [teacher, students[0]], lambda: _flat("mc_dropout", _drop, students[:1], views.of_tests()))
    words |= kept("heads", [teacher, heads], lambda: _flat("distilled_ensemble", predict_members, [heads], views))
    names = {tuple(name.split("/")[:2]) for name in words}
    said = {(method, of): Said(*(words[f"{method}/{of}/{f.name}"] for f in fields(Said))) for method, of in names}
    return CoastPredictions(training, calibration, tests, taught, said)


class Views(Mapping[str, Batch]):
    """What the students see of each part, beside what the teacher said of the training storms; made when asked for."""

    def __init__(
        self,
        coast: SimulatedCoast,
        seed: int,
        training: Indices,
        calibration: Indices,
        tests: dict[str, Indices],
        taught: npt.NDArray[np.float16],
    ) -> None:
        self._coast, self._seed, self._training = coast, seed, training
        self._index = {"training": training, "calibration": calibration}
        self._index |= {name: index for name, index in tests.items() if len(index)}
        storms = coast.storms[torch.from_numpy(training)]
        word = torch.from_numpy(taught[: len(training)].astype(np.float32))
        level, spread = peak_levels(storms)
        terrain, known = storms.pair("terrain")
        self._archive = FloodArchive(word, level, spread, terrain[0, 0], known[0])

    def __getitem__(self, name: str) -> Batch:
        storms = self._coast.storms[torch.from_numpy(self._index[name])]
        if name == "training":  # a storm must not remember itself
            others = ~torch.eye(len(storms), dtype=torch.bool)
            return attach_archive(student_inputs(storms), self._archive, others)
        if "outage" in name:
            storms = strike(storms, OUTAGE, torch.Generator().manual_seed(self._seed))
        return attach_whole_archive(student_inputs(storms), self._archive)

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def of_tests(self) -> Mapping[str, Batch]:
        """The conditions alone."""
        return {name: self[name] for name in self if name in CONDITIONS}


def _drop(networks: Sequence[Student | MultiHeadStudent], batch: Batch) -> list[Prediction]:
    (student,) = networks
    assert isinstance(student, Student)
    return draw_words(student, batch, DRAWS, seed=0)


def _flat(
    method: str,
    ask: Callable[[Sequence[Student | MultiHeadStudent], Batch], list[Prediction]],
    networks: Sequence[Student | MultiHeadStudent],
    views: Mapping[str, Batch],
) -> dict[str, npt.NDArray]:
    """Words on each view, by ``method/view/field``."""
    found = {}
    for name, view in views.items():
        words = ask(networks, view)
        logits = [word.flood_logits.log_softmax(dim=1) for word in words if word.flood_logits is not None]
        means, scales = (torch.stack([getattr(w, of) for w in words]).numpy() for of in ("surge_mean", "surge_scale"))
        found[f"{method}/{name}/flood"] = torch.stack(logits).numpy().astype(np.float16)
        found |= {f"{method}/{name}/surge_mean": means, f"{method}/{name}/surge_scale": scales}
    return found
