"""Boosted trees on the student's inputs: a baseline without a network."""

from dataclasses import dataclass

import numpy as np

from benchmarks.floods.methods import EventTask
from benchmarks.floods.scoring import Reference
from benchmarks.floods.views import Setting, Views
from strandline.distillation.pretraining.scenes.fit_trees import CellTable, fit_trees
from strandline.models.flood.scenes.boosted_trees import BoostedTrees
from strandline.models.flood.scenes.cell_features import FEATURES, cell_features
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.observations.arrays import SingleFloats

CELLS = 200
"""Of each chip, that trees are fitted to."""


@dataclass(frozen=True, eq=False)
class SourceTrees:
    """Trees of one setting, of other events.

    Attributes:
        table: cells of their chips; ``trees``: fitted to them.
    """

    table: CellTable
    trees: BoostedTrees


def fitted_to_event(source: SourceTrees, task: EventTask) -> BoostedTrees:
    """Trees fitted to other events and to the labelled chips of this one, each half of the weight."""
    own = CellTable.of(task.own.student_scenes(task.setting), 8 * CELLS, task.seed)
    return fit_trees(
        np.concatenate([source.table.features, own.features]),
        np.concatenate([source.table.wet, own.wet]),
        np.concatenate([table.weight / table.weight.sum() for table in (source.table, own)]) * len(source.table.wet),
        [name for name in FEATURES if source.table.has([name])],
        task.seed,
    )


def map_by_trees(trees: BoostedTrees, views: Views, setting: Setting) -> SingleFloats:
    """(N, H, W) probability of water."""
    scenes = [one.scene for one in views.student_scenes(setting)]
    return np.stack([trees.probability(cell_features(scene, SceneStatistics.of(scene))) for scene in scenes])


def references_of(trees: BoostedTrees, parts: tuple[Views, ...], setting: Setting) -> list[Reference]:
    """Maps of labelled chips, for the choice of a threshold."""
    return [Reference(map_by_trees(trees, some, setting), some.truth, some.trained) for some in parts]
