"""Rows of the ``floods`` task: distillation of a student of other events on one event, with each alignment."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.floods import methods
from benchmarks.floods.chips import Event
from benchmarks.floods.methods import Budget, DistillationConfig, EventTask, SourceNetworks, TeacherPredictions
from benchmarks.floods.run import LEAST_CHIPS, Fold, Plan, ResultCache, draw_labels, train_source_networks
from benchmarks.floods.scoring import score
from benchmarks.floods.training import predict
from benchmarks.floods.views import SETTINGS, draw_views, teacher_inputs
from benchmarks.kernels.methods import CONTROL, Weights, bandwidths_of, entries
from benchmarks.record import Row
from strandline.distillation.alignment.kernel_alignment import patch_probabilities
from strandline.distillation.losses import flood_probability

SETTING = SETTINGS["radar_only"]
LABELS = 0.05
"""Share of the training pairs of an event with a mask, at least one."""


def split_events(events: Sequence[Event], tuning_events: int) -> tuple[Fold, list[Event]]:
    """Every other large event trains networks and the rest is the test; weights are chosen on small events."""
    by_size = sorted(events, key=lambda event: -len(event.chips))
    large = [event for event in by_size if len(event.chips) >= LEAST_CHIPS]
    return Fold("kernels", tuple(large[::2]), tuple(large[1::2])), by_size[len(large) :][:tuning_events]


def source_networks(fold: Fold, budget: Budget, folder: Path, data: Mapping[str, str]) -> SourceNetworks:
    """Teacher and student of the source events of a fold, trained once and kept in ``folder``."""
    plan = Plan((SETTING.name,), (LABELS,), 1, 0, LABELS, 1, budget, DistillationConfig())
    return next(
        networks for _, networks in train_source_networks(fold, plan, ResultCache(folder, plan, data), lambda _: None)
    )


def rows_of(
    event: Event, networks: SourceNetworks, seed: int, weights: Weights | None, budget: Budget
) -> Iterator[Row]:
    """One row per alignment on one event under one draw of labels.

    Args:
        weights: of the alignment terms; ``None`` = every candidate.
    """
    order = draw_labels(event, seed)
    views = draw_views(event.chips, SETTING.cloud, np.random.default_rng([seed, int(event.chips.ids[0]), 1]))
    pairs, test = views[: order.size], views[order.size :]
    task = EventTask(pairs, order[: max(1, round(LABELS * order.size))], SETTING, seed, budget)
    teacher = predict(networks.teacher, pairs, teacher_inputs)
    probabilities = patch_probabilities(teacher.logits)
    bandwidths = bandwidths_of(networks.student.feature_width, teacher.features, probabilities)
    for alignment, weight in entries(weights):
        config = DistillationConfig()
        if alignment is not None:
            config = replace(config, feature=weight, alignment=alignment)
        began = time.process_time()
        student, teacher_weight = methods.distilled(networks, task, TeacherPredictions(teacher, None), config)
        seconds = time.process_time() - began
        probability = flood_probability(methods.logits_of(student.network, test, SETTING)).numpy()
        yield {
            "task": "floods",
            "kernel": alignment or CONTROL,
            "seed": seed,
            "site": event.name,
            "seconds": seconds,
            "weight": weight,
            "bandwidth": bandwidths.get(alignment or CONTROL),
            "test": "test",
            "score": score(test, probability, student.threshold(SETTING))["iou"],
            "n": len(test),
            "teacher_weight": teacher_weight.weight,
        }
