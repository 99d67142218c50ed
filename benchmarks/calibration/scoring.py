"""Scores of every method on one coast: probabilities against frequencies, bounds and promises against what happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import one_hot

from benchmarks.calibration.parts import class_parts
from benchmarks.calibration.predictions import CONDITIONS, DRAWS, CoastPredictions, Said
from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.record import Value
from strandline.observations.arrays import Floats, Mask
from strandline.uncertainty.calibration import choose_threshold, fit_temperature
from strandline.uncertainty.conformal import conformal_radius
from strandline.uncertainty.metrics import brier, expected_calibration_error, overlap_counts, pooled_iou
from strandline.uncertainty.risk_control import miss_rate, miss_rate_threshold

COVERAGE, FALSE_DRY = 0.9, 0.1
NORMAL_90 = 1.645
"""Standard deviations from the mean to the 5th and 95th percentile of a normal law."""
BINS = 15
Row = dict[str, Value]


@dataclass(frozen=True)
class Method:
    """How words become a forecast.

    Attributes:
        source: whose words; ``members``: how many of them, ``None`` = all.
        forward_passes: of one network.
        tempered: what the one temperature that divides the logits is chosen by on the calibration storms: the teacher's
            probabilities (``word``) or its likeliest classes (``map``); ``None`` = there is none.
        promise: whether surge bounds are conformal; else those of the normal law that was said.
        rate_by: whose maps of the calibration storms the flood threshold keeps the false-dry rate on, the ``truth`` or
            the ``teacher``; else the threshold is the best one on the training storms.
    """

    source: str
    members: int | None
    forward_passes: int
    tempered: str | None = None
    promise: bool = False
    rate_by: str | None = None


METHODS = {
    "plain": Method("ensemble", 1, 1),
    "temperature_scaled": Method("ensemble", 1, 1, tempered="word"),
    "temperature_scaled_by_map": Method("ensemble", 1, 1, tempered="map"),
    "mc_dropout": Method("mc_dropout", None, DRAWS),
    "ensemble": Method("ensemble", None, 3),
    "distilled_ensemble": Method("distilled_ensemble", None, 1),
    "conformal": Method("ensemble", None, 3, tempered="word", promise=True, rate_by="truth"),
    "conformal_by_teacher": Method("ensemble", None, 3, tempered="word", promise=True, rate_by="teacher"),
    "shipped": Method("ensemble", None, 3, tempered="word", promise=True),
}


@dataclass(frozen=True, eq=False)
class Scorer:
    """One coast, one seed."""

    coast: SimulatedCoast
    exam: CoastPredictions

    @cached_property
    def truth(self) -> npt.NDArray[np.int64]:
        """(E, H, W) depth class of every storm."""
        return self.coast.storms.require("flood_class").numpy()

    def land(self, index: npt.NDArray[np.int64]) -> Mask:
        return np.broadcast_to(self.coast.land.numpy(), (len(index), *self.coast.land.shape))

    def teachers_map(self, of: str) -> npt.NDArray[np.int64]:
        """(n, H, W) its likeliest class of the ``training`` or the ``calibration`` storms."""
        count = len(self.exam.training)
        said = self.exam.teacher[:count] if of == "training" else self.exam.teacher[count:]
        return said.argmax(axis=1)

    def rows(self, seed: int) -> Iterator[Row]:
        """One a condition and method."""
        for condition in CONDITIONS:
            if len(self.exam.tests[condition]):
                for name, method in METHODS.items():
                    given = {"task": "delta", "condition": condition, "method": name, "coast": self.coast.seed}
                    yield {**given, "seed": seed, **self._score(condition, method)}

    def temperature(self, method: Method) -> float:
        """Best on the calibration storms."""
        if method.tempered is None:
            return 1.0
        logits = [torch.from_numpy(part.astype(np.float32)) for part in self._words(method, "calibration").flood]
        said = torch.from_numpy(self.exam.teacher[len(self.exam.training) :].astype(np.float32))  # (n, K, H, W)
        sure = one_hot(said.argmax(dim=1), said.shape[1]).movedim(-1, 1).float()
        reference = said if method.tempered == "word" else sure
        return fit_temperature(logits, reference, torch.from_numpy(self.land(self.exam.calibration).copy()))

    def probability(self, method: Method, of: str, temperature: float) -> npt.NDArray[np.float32]:
        """(M, n, K, H, W) of the members."""
        return _soft(self._words(method, of), temperature)

    def reliability(self, condition: str, method: Method) -> Floats:
        """(3, BINS) number of cells, sum of their probabilities and of their floods a bin; sums add up over coasts."""
        index = self.exam.tests[condition]
        if not len(index):
            return np.zeros((3, BINS))
        land = self.land(index)
        words = self.probability(method, condition, self.temperature(method))
        flooded, happened = (1 - words.mean(0)[:, 0])[land].astype(float), self.truth[index][land] > 0
        bins = np.minimum((flooded * BINS).astype(int), BINS - 1)
        weights = (np.ones(bins.size), flooded, happened.astype(float))
        return np.stack([np.bincount(bins, weights=weight, minlength=BINS) for weight in weights])

    def _words(self, method: Method, of: str) -> Said:
        said = self.exam.said[method.source, of]
        return Said(said.flood[: method.members], said.surge_mean[: method.members], said.surge_scale[: method.members])

    def _threshold(self, method: Method, temperature: float) -> float:
        """From which probability on a cell is called flooded."""
        if method.rate_by is None:
            source = METHODS["plain"] if method.source == "mc_dropout" else method
            practised = 1 - self.probability(source, "training", temperature)[:, :, 0].mean(0)
            return choose_threshold(practised, self.teachers_map("training") > 0, self.land(self.exam.training))
        chance = 1 - _soft(self._words(method, "calibration"), temperature)[:, :, 0].mean(0)
        index = self.exam.calibration
        flooded = self.truth[index] > 0 if method.rate_by == "truth" else self.teachers_map("calibration") > 0
        return miss_rate_threshold(chance, flooded, self.land(index), FALSE_DRY)

    def _score(self, condition: str, method: Method) -> Row:
        index = self.exam.tests[condition]
        temperature = self.temperature(method)
        words = self.probability(method, condition, temperature)
        return {
            **score_maps(words, self.truth[index], self.land(index), self._threshold(method, temperature)),
            "coverage_90": self._coverage(condition, method),
            "forward_passes": method.forward_passes,
            "temperature": temperature,
            "storms": len(index),
        }

    def _coverage(self, condition: str, method: Method) -> float | None:
        """Share of observed hours within the 90 % bounds of the surge."""
        mean, scale = _moments(self._words(method, condition))
        reach = NORMAL_90 * np.ones(mean.shape[1])
        if method.promise:
            scores = _nonconformity(self._words(method, "calibration"), *self._surge(self.exam.calibration))
            reach = np.array([conformal_radius([s[[lead]] for s in scores], COVERAGE) for lead in range(len(reach))])
        observed, valid = self._surge(self.exam.tests[condition])
        return float((np.abs(observed - mean) <= reach * scale)[valid].mean())

    def _surge(self, index: npt.NDArray[np.int64]) -> tuple[Floats, Mask]:
        surge, valid = self.coast.storms.pair("surge")
        return surge.numpy()[index].astype(float), valid.numpy()[index]


def score_maps(words: npt.NDArray[np.float32], truth: npt.NDArray[np.int64], known: Mask, threshold: float) -> Row:
    """Scores of flood probabilities over the known cells of n storms, and of the maps that a threshold draws.

    Args:
        words: (M, n, K, H, W) of the members; truth: (n, H, W) depth class, 0 = dry; known: (n, H, W).
    """
    mean = words.mean(0)
    flooded, happened = (1 - mean[:, 0])[known].astype(float), truth[known] > 0
    at_truth = np.take_along_axis(mean, truth[:, None], axis=1)[:, 0][known]
    called = 1 - mean[:, 0] >= threshold
    missed = miss_rate(called, truth > 0, known)
    some = ((truth > 0) & known).any(axis=(1, 2))
    return {
        "ece": expected_calibration_error(flooded, happened, BINS),
        "nll": float(-np.log(np.maximum(at_truth, 1e-7)).mean()),
        "brier": brier(flooded, happened),
        "miss_rate": float(missed.mean()),
        "miss_rate_worst": float(missed.max()),
        "miss_rate_kept": float((missed[some] <= FALSE_DRY).mean()) if some.any() else None,
        "iou": pooled_iou(overlap_counts(called, truth > 0, known)),
        "epistemic": float(class_parts(words.astype(float), axis=2).epistemic[known].mean()),
    }


def _soft(said: Said, temperature: float) -> npt.NDArray[np.float32]:
    return (torch.from_numpy(said.flood.astype(np.float32)) / temperature).softmax(dim=2).numpy()


def _moments(said: Said) -> tuple[Floats, Floats]:
    """(n, 25) mean and standard deviation [m] of the members' mixture."""
    means, scales = said.surge_mean.astype(float), said.surge_scale.astype(float)
    return means.mean(0), np.sqrt((scales**2).mean(0) + means.var(0))


def _nonconformity(said: Said, observed: Floats, valid: Mask) -> list[Floats]:
    """One array (25,) a storm; a storm with a gap is left out, so that every lead has the same storms."""
    mean, scale = _moments(said)
    scores = np.abs(observed - mean) / scale
    return [score for score, known in zip(scores, valid, strict=True) if known.all()]
