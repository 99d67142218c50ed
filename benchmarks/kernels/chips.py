"""Alignment on real chips: a student of other events is adapted to one, and patches are aligned on the way."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.floods import methods
from benchmarks.floods.chips import Event
from benchmarks.floods.learning import ask
from benchmarks.floods.methods import Budget, DistillationConfig, School, Task, Words
from benchmarks.floods.run import LEAST_CHIPS, Fold, Plan, Work, draw_labels, schools_of
from benchmarks.floods.scoring import score
from benchmarks.floods.views import SETTINGS, draw_views, teachers_view
from benchmarks.kernels.contest import CONTROL, Row, bandwidths_of, entries
from strandline.distillation.alignment.kernel_alignment import patch_probabilities
from strandline.distillation.losses import flood_probability

SETTING = SETTINGS["radar_only"]
LABELS = 0.05
"""Share of an event's training pairs that have a mask, at least one."""


def parted(events: Sequence[Event], tuning_events: int) -> tuple[Fold, list[Event]]:
    """Every other large event teaches networks, the others are the test; weights are chosen on small events."""
    by_size = sorted(events, key=lambda event: -len(event.chips))
    large = [event for event in by_size if len(event.chips) >= LEAST_CHIPS]
    return Fold("kernels", tuple(large[::2]), tuple(large[1::2])), by_size[len(large) :][:tuning_events]


def school_of(fold: Fold, budget: Budget, folder: Path, data: Mapping[str, str]) -> School:
    """A teacher and a student of the fold's source events, taught once and kept in ``folder``."""
    plan = Plan((SETTING.name,), (LABELS,), 1, 0, LABELS, 1, budget, DistillationConfig())
    return next(school for _, school in schools_of(fold, plan, Work(folder, plan, data), lambda _: None))


def rows_of(
    event: Event, school: School, seed: int, weights: Mapping[str, float] | None, budget: Budget
) -> Iterator[Row]:
    """One row a kernel, on one event under one draw of labels.

    Args:
        weights: of each kernel's term; ``None``: every weight that is tried.
    """
    order = draw_labels(event, seed)
    views = draw_views(event.chips, SETTING.cloud, np.random.default_rng([seed, int(event.chips.ids[0]), 1]))
    pairs, test = views[: order.size], views[order.size :]
    task = Task(pairs, order[: max(1, round(LABELS * order.size))], SETTING, seed, budget)
    words = Words(ask(school.teacher, pairs, teachers_view), None)
    word = words.unadapted
    bandwidths = bandwidths_of(school.student.feature_width, word.features, patch_probabilities(word.logits))
    for kernel, weight in entries(weights):
        recipe = (
            DistillationConfig()
            if kernel == CONTROL
            else replace(DistillationConfig(), feature=weight, alignment=kernel)
        )
        began = time.process_time()
        learned, diagnosis = methods.distilled(school, task, words, recipe)
        seconds = time.process_time() - began
        chance = flood_probability(methods.say(learned.network, test, SETTING)).numpy()
        yield {
            "task": "floods",
            "kernel": kernel,
            "seed": seed,
            "place": event.name,
            "seconds": seconds,
            "weight": weight,
            "bandwidth": bandwidths.get(kernel),
            "test": "test",
            "score": score(test, chance, learned.threshold(SETTING))["iou"],
            "n": len(test),
            "teacher_weight": diagnosis.weight,
        }
