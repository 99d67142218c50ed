"""Every method on one event in one setting, under one draw of labels, clouds and points."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from benchmarks.floods import methods
from benchmarks.floods.baselines.thresholds import otsu
from benchmarks.floods.baselines.trees import SourceTrees, fitted_to_event, map_by_trees, references_of
from benchmarks.floods.committee import Teacher
from benchmarks.floods.methods import Budget, EventTask, SourceNetworks, TeacherWord, TrainedNetwork
from benchmarks.floods.scoring import choose_threshold, score
from benchmarks.floods.views import Setting, Views
from benchmarks.record import Row, Value
from strandline.distillation.adaptation.scene_student import SceneDistillation
from strandline.distillation.pretraining.scenes.train import predict_probability
from strandline.models.flood.scenes.committee import Committee
from strandline.models.flood.scenes.networks import new_teacher
from strandline.models.flood.scenes.streams import OPTICAL_STREAMS, RADAR_STREAMS
from strandline.observations.arrays import Indices, SingleFloats

ABLATIONS: Mapping[str, Mapping[str, float | bool]] = {
    "distilled_without_soft_targets": {"soft": 0.0},
    "distilled_without_task": {"task": 0.0},
    "distilled_without_replay": {"replay": 0.0},
    "distilled_without_diagnosis": {"weighted": False},
    "distilled_without_annealing": {"first_temperature": 1.0},
    "distilled_with_features": {"feature": 0.3},
}
"""One part of the distillation switched off, or on, at a time."""


class EventRun:
    """Adds rows, method by method.

    Args:
        name: of the event; ``views``: all its chips, of which the first ``pairs`` train and the rest is the test.
        others: test views of other settings, on which the student of all subsets is scored too.
        shipped: committee of the package, which maps what the student sees without having seen a real flood; ``None`` =
            not scored.
    """

    def __init__(
        self,
        name: str,
        views: Views,
        pairs: int,
        setting: Setting,
        teacher: Teacher,
        networks: SourceNetworks,
        source_trees: SourceTrees,
        seed: int,
        budget: Budget,
        config: SceneDistillation,
        others: Mapping[Setting, Views],
        shipped: Committee | None = None,
    ) -> None:
        self._scenes, self._pairs, self._test = views.scenes, views[:pairs], views[pairs:]
        self._training, self._tested = slice(0, pairs), slice(pairs, len(views))
        self._setting, self._teacher, self._networks, self._trees = setting, teacher, networks, source_trees
        self._seed, self._budget, self._config, self._others = seed, budget, config, others
        self._shipped = shipped
        self._head: Row = {
            "setting": setting.name,
            "event": name,
            "seed": seed,
            "n_chips": len(self._test),
            "pairs": pairs,
        }
        self.rows: list[Row] = []

    def add_without_labels(self) -> None:
        """Add what needs no label of the event."""
        word = self._teacher.word(self._tested)
        self._add("committee", 0.0, word.probability, word.threshold)
        word = self._teacher.word_in_tiles(self._tested)
        self._add("committee_in_tiles", 0.0, word.probability, word.threshold)
        for member, said in self._teacher.said.items():
            self._add(f"member_{member}", 0.0, np.nan_to_num(said[self._tested], nan=0.0), 0.5)
        self._add_network("pretrained", 0.0, methods.pretrained(self._networks.student, self._networks))
        self._add_network("unet_pretrained", 0.0, methods.pretrained(self._networks.unet, self._networks))
        threshold = choose_threshold(references_of(self._trees.trees, (self._networks.threshold_chips,), self._setting))
        self._add("trees_pretrained", 0.0, map_by_trees(self._trees.trees, self._test, self._setting), threshold)
        self._add("all_wet", 0.0, np.ones(self._test.points.shape, dtype=np.float32), 0.5)
        radar = [one.scene.radar_after for one in self._test.scenes]
        self._add("otsu", 0.0, np.stack([otsu(image[0]) for image in radar if image is not None]), 0.5)
        if self._shipped is not None:
            self._add_shipped(self._shipped)

    def add_with_labels(
        self, labelled: Indices, fraction: float, ablations: Mapping[str, Mapping[str, float | bool]]
    ) -> None:
        """Add the methods that take the labels of some pairs, and controls where ablations are given."""
        task = EventTask(self._pairs, labelled, self._setting, self._seed, self._budget)
        adaptation = self._teacher.adapted(self._scenes, labelled)
        word = self._teacher.word(self._tested, adaptation)
        self._add("committee_adapted", fraction, word.probability, word.threshold)
        baseline = methods.fine_tuned(self._networks.student, self._networks, task)
        self._add_network("pretrained_finetuned", fraction, baseline)
        self._add_network("unet_finetuned", fraction, methods.fine_tuned(self._networks.unet, self._networks, task))
        self._add_network("labels_only", fraction, methods.labels_only(task))
        for name, clear in (("self_training", False), ("self_training_clear", True)):
            trained = methods.self_trained(self._networks, task, baseline, self._config, clear=clear)
            self._add_network(name, fraction, trained)
        self._add_trees(task, fraction)
        word = self._teacher.word(self._training, adaptation)
        self._add_distilled("distilled", fraction, task, word, self._config)
        for name, changes in ablations.items():
            self._add_distilled(name, fraction, task, word, replace(self._config, **changes))  # type: ignore[arg-type]
        if ablations:
            self._add_distilled(
                "distilled_from_unadapted", fraction, task, self._teacher.word(self._training), self._config
            )
            self._add_controls(task, fraction, word)

    def add_ceiling(self, fraction: float) -> None:
        """Add the student with all labels, trained until its validation loss stops falling."""
        task = EventTask(self._pairs, np.arange(len(self._pairs)), self._setting, self._seed, self._budget)
        trained, convergence = methods.ceiling(self._networks, task)
        self._add_network("full_labels", fraction, trained, steps=convergence.best)

    def _add_shipped(self, committee: Committee) -> None:
        """Add what `strandline map` draws of each test chip, with the threshold that it finds there."""
        found = [committee.hear(one.scene).joined() for one in self._test.student_scenes(self._setting)]
        probability = np.nan_to_num(np.stack([each.probability for each in found]), nan=0.0)
        thresholds = np.array([each.threshold for each in found], dtype=np.float32)
        self._add("shipped", 0.0, probability, thresholds)

    def _add_trees(self, task: EventTask, fraction: float) -> None:
        fitted = fitted_to_event(self._trees, task)
        threshold = choose_threshold(references_of(fitted, (task.own, self._networks.threshold_chips), self._setting))
        self._add("boosted_trees", fraction, map_by_trees(fitted, self._test, self._setting), threshold)

    def _add_controls(self, task: EventTask, fraction: float, word: TeacherWord) -> None:
        """Add distillation from a shuffled and from a random teacher, which must show no gain."""
        order = np.random.default_rng(self._seed).permutation(len(task.pairs))
        shuffled = replace(word, probability=word.probability[order])
        self._add_distilled("shuffled_teacher", fraction, task, shuffled, self._config)
        blank = new_teacher(RADAR_STREAMS + OPTICAL_STREAMS, 1000 + self._seed)
        random: SingleFloats = predict_probability(blank, task.pairs.teacher_samples()).numpy()
        self._add_distilled("random_teacher", fraction, task, replace(word, probability=random), self._config)

    def _add_distilled(
        self, name: str, fraction: float, task: EventTask, word: TeacherWord, config: SceneDistillation
    ) -> None:
        trained, weight = methods.distilled(self._networks, task, word, config)
        self._add_network(name, fraction, trained, teacher_weight=weight.weight)

    def _add(
        self, method: str, fraction: float, probability: SingleFloats, threshold: float | SingleFloats, **more: Value
    ) -> None:
        """Add a row; ``threshold`` of all test chips or of each (N,)."""
        head: Row = {**self._head, **self._labels(fraction), "method": method, **more}
        flooded = probability >= np.reshape(threshold, (-1, 1, 1))
        self.rows.append({**head, **score(self._test, probability, flooded), "threshold": float(np.mean(threshold))})

    def _add_network(self, method: str, fraction: float, trained: TrainedNetwork, **more: Value) -> None:
        def add(setting: Setting, test: Views, **streams: Value) -> None:
            probability: SingleFloats = predict_probability(trained.network, test.student_samples(setting)).numpy()
            head: Row = {**self._head, **self._labels(fraction), "method": method, **streams, **more}
            threshold = trained.threshold(setting)
            self.rows.append({**head, **score(test, probability, probability >= threshold), "threshold": threshold})

        add(self._setting, self._test)
        for other, views in self._others.items():
            add(other, views, streams=other.name)

    def _labels(self, fraction: float) -> Row:
        """The true fraction, and how many chips it is."""
        return {"label_fraction": fraction, "labelled_chips": round(fraction * len(self._pairs))}
