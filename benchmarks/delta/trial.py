"""One coast under one seed with all that its methods share, and how a row of scores is made."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from benchmarks.delta import methods, trees
from benchmarks.delta.cases import Case, split_storms
from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.methods import Budget
from benchmarks.delta.scoring import Predictor, labels_choose_threshold, score, threshold_on_labels
from benchmarks.record import Row
from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.continual.regularisers import Replay
from strandline.distillation.objective import Consolidation
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_teacher
from strandline.observations.arrays import SingleFloats

SWEEP_AT = 0.05
"""Label fraction of the outage sweep, of forgetting, of the ablations and of the recipes."""
REPLAY_STORMS = 16
"""Storms of each replayed coast."""


@dataclass(frozen=True, eq=False)
class Sources:
    """Training coasts of the networks, for the methods that need other coasts.

    Attributes:
        replay: terms that replay some of them while a student is fine-tuned.
        cells: of all of them, on which trees are trained before they see a coast.
        others: one that is not replayed: it measures forgetting, and its teacher's predictions are those of a foreign
            teacher.
    """

    replay: Sequence[Consolidation[Student]]
    cells: trees.Cells
    others: SimulatedCoast


def build_sources(coasts: Sequence[SimulatedCoast], replayed: int, budget: Budget) -> Sources:
    """Sources of some training coasts, of which the first ``replayed`` are replayed and the next one is not."""
    parts = []
    for coast in coasts[:replayed]:
        normal = np.flatnonzero(~coast.extreme)[:REPLAY_STORMS]
        parts.append(coast.storms[torch.from_numpy(normal)])
    replay = []
    if parts:
        past = student_inputs(Batch.concatenate(parts))
        replay.append(Replay(past, budget.samples // 2, dropout_rate=budget.dropout_rate))
    rng = np.random.default_rng(0)
    drawn = []
    for coast in coasts:
        case = split_storms(coast, 0)
        storms = methods.own_data(case).training
        truth = coast.storms[torch.from_numpy(case.training)]
        labelled = replace(storms, flood_class=truth.flood_class, flood_valid=truth.flood_valid)
        drawn.append(trees.draw_cells(labelled, trees.CELLS_PER_STORM, rng))
    cells = trees.Cells(np.concatenate([c.features for c in drawn]), np.concatenate([c.flooded for c in drawn]))
    return Sources(replay, cells, coasts[replayed])


@dataclass(frozen=True, eq=False)
class Trial:
    """One case and what its methods share.

    Attributes:
        tests: of `Case.tests` that are scored; ``fractions``: of labels.
        source_coasts: builds the sources when a method first needs them.
        clear: (E, 3, H, W) optical views of the coast's storms without cloud, and (E, H, W) where.
    """

    case: Case
    tests: tuple[str, ...]
    fractions: Sequence[float]
    source_coasts: Callable[[], Sources]
    clear: tuple[Tensor, Tensor]
    budget: Budget
    outages: int

    @property
    def sources(self) -> Sources:
        """What the methods take from other coasts."""
        return self.source_coasts()

    @cached_property
    def data(self) -> AdaptationData:
        """Adaptation data of the shipped teacher, without labels."""
        return methods.adaptation_data(self.case, load_teacher())

    @cached_property
    def own(self) -> AdaptationData:
        """Those of the shipped student in its place."""
        return methods.own_data(self.case)

    @cached_property
    def own_clear(self) -> AdaptationData:
        """Those of the student with clear views."""
        return methods.own_data(self.case, self.clear_storms)

    @property
    def held(self) -> list[str]:
        """Those of the tests that have a storm."""
        return [test for test in self.tests if len(self.case.tests[test])]

    @property
    def clear_storms(self) -> Batch:
        """The training storms with a clear view of each, without a label."""
        index = torch.from_numpy(self.case.training)
        optical, seen = self.clear
        return replace(self.case.storms(0.0), optical=optical[index], optical_seen=seen[index])

    def rows(
        self, fraction: float, method: str, predictor: Predictor, labelled: Batch, regime: str = "standard", **more: int
    ) -> Iterator[Row]:
        """One row per test; the threshold is chosen on the labels of training storms."""
        threshold = threshold_on_labels(self.case, predictor, labelled)
        for test in self.held:
            probability = predictor(self.case.test_storms(test))
            yield {**self.row(test, fraction, method, probability, threshold, regime=regime), **more}

    def row(
        self,
        test: str,
        fraction: float,
        method: str,
        probability: SingleFloats,
        threshold: float,
        *,
        outage: str = "none",
        regime: str = "standard",
    ) -> Row:
        """One row; `label_fraction` is the share of surveyed land cells, with the numbers that it stands for."""
        labels = self.case.labels(fraction)
        return {
            "test": test,
            "coast": self.case.coast.seed,
            "label_fraction": fraction,
            "seed": self.case.seed,
            "method": method,
            "outage": outage,
            **vars(score(self.case, test, probability, threshold)),
            "regime": regime,
            "storms": len(self.case.tests[test]),
            "threshold": threshold,
            "labelled_cells": int(labels.sum()),
            "land_cells": int(self.case.coast.land.sum()) * len(self.case.training),
            "labelled_storms": int(labels.flatten(1).any(dim=1).sum()),
            "training_storms": len(self.case.training),
        }

    def without_labels(self) -> Iterator[float]:
        """Fractions at which a method that trains on no label has a row: none, and where labels choose its threshold.

        Elsewhere its rows would be copies.
        """
        yield 0.0
        yield from (f for f in self.fractions if f > 0 and labels_choose_threshold(self.case, f))
