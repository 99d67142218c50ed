"""Scores of every method on one coast: calibration of probabilities, and miss rates."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import one_hot

from benchmarks.calibration.parts import class_parts
from benchmarks.calibration.predictions import CONDITIONS, DRAWS, CoastPredictions
from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.record import Row
from benchmarks.statistics import brier, expected_calibration_error
from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats
from strandline.uncertainty.calibration import choose_threshold, fit_temperature
from strandline.uncertainty.metrics import overlap_counts, pooled_iou
from strandline.uncertainty.risk_control import miss_rate, miss_rate_threshold

MISS_RATE = 0.1
BINS = 15


@dataclass(frozen=True)
class Method:
    """How predictions become a forecast.

    Attributes:
        source: of the predictions; ``members``: number of them, ``None`` = all.
        forward_passes: of one network.
        temperature_by: target of the temperature on the calibration storms, the teacher's ``probability`` or ``class``;
            ``None`` = no temperature.
        rate_by: flood maps of the calibration storms, ``truth`` or ``teacher``, on which the threshold controls the
            miss rate; else the threshold has the best IoU on the training storms.
    """

    source: str
    members: int | None
    forward_passes: int
    temperature_by: str | None = None
    rate_by: str | None = None


METHODS = {
    "plain": Method("ensemble", 1, 1),
    "temperature_scaled": Method("ensemble", 1, 1, temperature_by="probability"),
    "temperature_scaled_by_map": Method("ensemble", 1, 1, temperature_by="class"),
    "mc_dropout": Method("mc_dropout", None, DRAWS),
    "ensemble": Method("ensemble", None, 3),
    "distilled_ensemble": Method("distilled_ensemble", None, 1),
    "conformal": Method("ensemble", None, 3, temperature_by="probability", rate_by="truth"),
    "conformal_by_teacher": Method("ensemble", None, 3, temperature_by="probability", rate_by="teacher"),
    "shipped": Method("ensemble", None, 3, temperature_by="probability"),
}


@dataclass(frozen=True, eq=False)
class Scorer:
    """Scores of one coast under one seed."""

    coast: SimulatedCoast
    predictions: CoastPredictions

    @cached_property
    def truth(self) -> Indices:
        """(E, H, W) depth class of every storm."""
        return self.coast.storms.require("flood_class").numpy()

    def land(self, index: Indices) -> Mask:
        """(n, H, W) scored cells."""
        return np.broadcast_to(self.coast.land.numpy(), (len(index), *self.coast.land.shape))

    def teacher_classes(self, part: str) -> Indices:
        """(n, H, W) the teacher's likeliest class of the ``training`` or the ``calibration`` storms."""
        count, probability = len(self.predictions.training), self.predictions.teacher
        classes: Indices = (probability[:count] if part == "training" else probability[count:]).argmax(axis=1)
        return classes

    def rows(self, seed: int) -> Iterator[Row]:
        """One row per condition and method."""
        for condition in CONDITIONS:
            if len(self.predictions.tests[condition]):
                for name, method in METHODS.items():
                    head: Row = {"task": "delta", "condition": condition, "method": name, "coast": self.coast.seed}
                    yield {**head, "seed": seed, **self._score(condition, method)}

    def temperature(self, method: Method) -> float:
        """The best temperature on the calibration storms."""
        if method.temperature_by is None:
            return 1.0
        logits = [torch.from_numpy(one.astype(np.float32)) for one in self._members(method, "calibration")]
        count = len(self.predictions.training)
        probability = torch.from_numpy(self.predictions.teacher[count:].astype(np.float32))  # (n, K, H, W)
        classes = one_hot(probability.argmax(dim=1), probability.shape[1]).movedim(-1, 1).float()
        target = probability if method.temperature_by == "probability" else classes
        return fit_temperature(logits, target, torch.from_numpy(self.land(self.predictions.calibration).copy()))

    def probability(self, method: Method, part: str, temperature: float) -> SingleFloats:
        """(M, n, K, H, W) class probabilities of the members."""
        return _softmax(self._members(method, part), temperature)

    def reliability(self, condition: str, method: Method) -> Floats:
        """(3, BINS) number of cells, sum of probabilities and number of floods per bin; additive over coasts."""
        index = self.predictions.tests[condition]
        if not len(index):
            return np.zeros((3, BINS))
        land = self.land(index)
        probability = self.probability(method, condition, self.temperature(method))
        flooded, observed = (1 - probability.mean(0)[:, 0])[land].astype(float), self.truth[index][land] > 0
        bins = np.minimum((flooded * BINS).astype(int), BINS - 1)
        weights = (np.ones(bins.size), flooded, observed.astype(float))
        return np.stack([np.bincount(bins, weights=weight, minlength=BINS) for weight in weights])

    def _members(self, method: Method, part: str) -> npt.NDArray[np.float16]:
        return self.predictions.members[method.source, part][: method.members]

    def _threshold(self, method: Method, temperature: float) -> float:
        """Probability from which a cell counts as flooded."""
        if method.rate_by is None:
            source = METHODS["plain"] if method.source == "mc_dropout" else method
            training = 1 - self.probability(source, "training", temperature)[:, :, 0].mean(0)
            return choose_threshold(
                training, self.teacher_classes("training") > 0, self.land(self.predictions.training)
            )
        probability = 1 - self.probability(method, "calibration", temperature)[:, :, 0].mean(0)
        index = self.predictions.calibration
        flooded = self.truth[index] > 0 if method.rate_by == "truth" else self.teacher_classes("calibration") > 0
        return miss_rate_threshold(probability, flooded, self.land(index), MISS_RATE)

    def _score(self, condition: str, method: Method) -> Row:
        index = self.predictions.tests[condition]
        temperature = self.temperature(method)
        probability = self.probability(method, condition, temperature)
        return {
            **score_maps(probability, self.truth[index], self.land(index), self._threshold(method, temperature)),
            "forward_passes": method.forward_passes,
            "temperature": temperature,
            "storms": len(index),
        }


def score_maps(probability: SingleFloats, truth: Indices, known: Mask, threshold: float) -> Row:
    """Scores of the flood probabilities over the known cells of n storms, and of the maps at a threshold.

    Args:
        probability: (M, n, K, H, W) of the members; ``truth``: (n, H, W) depth class, 0 = dry; ``known``: (n, H, W).
    """
    mean = probability.mean(0)
    flooded, observed = (1 - mean[:, 0])[known].astype(float), truth[known] > 0
    at_truth = np.take_along_axis(mean, truth[:, None], axis=1)[:, 0][known]
    extent = 1 - mean[:, 0] >= threshold
    missed = miss_rate(extent, truth > 0, known)
    with_flood = ((truth > 0) & known).any(axis=(1, 2))
    return {
        "ece": expected_calibration_error(flooded, observed, BINS),
        "nll": float(-np.log(np.maximum(at_truth, 1e-7)).mean()),
        "brier": brier(flooded, observed),
        "miss_rate": float(missed.mean()),
        "miss_rate_worst": float(missed.max()),
        "miss_rate_kept": float((missed[with_flood] <= MISS_RATE).mean()) if with_flood.any() else None,
        "iou": pooled_iou(overlap_counts(extent, truth > 0, known)),
        "epistemic": float(class_parts(probability.astype(float), axis=2).epistemic[known].mean()),
    }


def _softmax(members: npt.NDArray[np.float16], temperature: float) -> SingleFloats:
    return (torch.from_numpy(members.astype(np.float32)) / temperature).softmax(dim=2).numpy()
