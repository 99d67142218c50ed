"""Rows of the ``floods`` task: distillation of a student of other events on one event, with each alignment.

Committee and students are those of `benchmarks.floods`, with the same steps and whole chips, found in the same folder.
Where it has not run there, they are trained first, hours of processor time; then each alignment takes one distillation
of 150 steps per event and draw, and on tuning events one for each weight.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.floods import methods
from benchmarks.floods.events import Event
from benchmarks.floods.methods import EventTask
from benchmarks.floods.run import (
    FOLDS,
    Folders,
    FoldTraining,
    Plan,
    draw_labels,
    shortened,
    split_folds,
    views_of,
)
from benchmarks.floods.scoring import score
from benchmarks.floods.views import SETTINGS
from benchmarks.kernels.methods import CONTROL, Weights, bandwidths_of, entries
from benchmarks.record import Row
from strandline.distillation.adaptation.scene_student import SceneDistillation, predict_guide
from strandline.distillation.alignment.kernel_alignment import patch_probabilities
from strandline.distillation.pretraining.scenes.train import predict_probability

SETTING = SETTINGS["radar_only"]
LABELS = 0.05
"""Share of the training pairs of an event with a mask, at least one."""
HeldOut = tuple[Event, FoldTraining]
"""An event, and networks that were trained without it."""


def trainings_of(
    events: Sequence[Event], effort: float, folder: Path, data: Mapping[str, str], announce: Callable[[str], None]
) -> list[HeldOut]:
    """Each large event with the networks of the fold that leaves it out, smallest first.

    Args:
        effort: factor on all steps, for a quick try.
        folder: ``--work`` of `benchmarks.floods`; ``data``: digests as there.
    """
    plan = Plan((SETTING.name,), (LABELS,), 1, 0, LABELS, FOLDS, *shortened(effort), SceneDistillation())
    folders, found = Folders(folder, plan, data), []
    for fold in split_folds(events, None, FOLDS):
        training = FoldTraining(fold, plan, folders, announce)
        found += [(event, training) for event in fold.target]
    return sorted(found, key=lambda one: (len(one[0].chips), one[0].name))


def rows_of(held_out: HeldOut, seed: int, weights: Weights | None) -> Iterator[Row]:
    """One row per alignment on one event under one draw of labels.

    Args:
        weights: of the alignment terms; ``None`` = every candidate.
    """
    event, training = held_out
    networks, teacher = training.networks(SETTING), training.teacher(event)
    labelled = draw_labels(event, seed)[: max(1, round(LABELS * event.pairs))]
    views = views_of(event, SETTING, seed)
    pairs, test = views[: event.pairs], views[event.pairs :]
    task = EventTask(pairs, labelled, SETTING, seed, training.plan.budget)
    word = teacher.word(slice(0, event.pairs), teacher.adapted(event.chips, labelled))
    guide = predict_guide(word.guide, pairs.teacher_samples())
    width, probabilities = networks.student.feature_width, patch_probabilities(guide.logits)
    bandwidths = bandwidths_of(width, guide.features, probabilities)
    for alignment, weight in entries(weights):
        config = training.plan.config
        if alignment is not None:
            config = replace(config, feature=weight, alignment=alignment)
        began = time.process_time()
        student, teacher_weight = methods.distilled(networks, task, word, config)
        seconds = time.process_time() - began
        probability = predict_probability(student.network, test.student_samples(SETTING)).numpy()
        yield {
            "task": "floods",
            "kernel": alignment or CONTROL,
            "seed": seed,
            "site": event.name,
            "seconds": seconds,
            "weight": weight,
            "bandwidth": bandwidths.get(alignment or CONTROL),
            "test": "test",
            "score": score(test, probability, probability >= student.threshold(SETTING))["iou"],
            "n": len(test),
            "teacher_weight": teacher_weight.weight,
        }
