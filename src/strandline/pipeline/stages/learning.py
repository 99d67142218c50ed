"""The stages that teach, distil, calibrate and score."""

from collections.abc import Mapping, Sequence

import numpy as np

from strandline.distillation.adaptation.adapt import Adapted, adapt, data_for, gather
from strandline.distillation.adaptation.baselines import fine_tuning, supervised, untrained_students
from strandline.distillation.adaptation.data import AdaptationData, prepare_adaptation, weight_teacher_by_labels
from strandline.distillation.adaptation.physics_augmentation import augment_with_extremes
from strandline.distillation.adaptation.radar_scenes import CompiledScenes
from strandline.distillation.adaptation.train_members import MemberTrainings
from strandline.models.batch import Batch
from strandline.models.batching import build_gauge_batch, free_hours
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students
from strandline.observations.arrays import Floats
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.storms import Split
from strandline.pipeline.scores.flood_maps import FloodScores, score_floods
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea
from strandline.pipeline.study_area.future_seas import future_seas
from strandline.uncertainty.calibration import calibrate_on
from strandline.uncertainty.forecaster import Forecaster
from strandline.uncertainty.out_of_distribution import (
    FEATURE_HOURS,
    OutOfDistribution,
    compare,
    features_of_site,
    load_training_coasts,
)


def apply_teacher(
    _: StageContext,
    area: StudyArea,
    split: Split,
    sea_level: SeaLevelModel,
    teacher: Teacher,
    scenes: CompiledScenes | None = None,
) -> AdaptationData:
    """Everything that the study area offers to learn from, with the teacher's predictions on it."""
    return prepare_adaptation(area.storm_observations, split, sea_level, teacher, scenes)


def simulate_extremes(
    context: StageContext,
    data: AdaptationData,
    area: StudyArea,
    sea_level: SeaLevelModel,
    levels: Floats,
    config: RunConfig,
) -> AdaptationData:
    """The data with simulated storms, where maps are needed of levels far above those in the flood archive."""
    if not config.distillation.recipe.archive:
        return data
    rises = [float(np.median(each.rise)) for each in future_seas(area, len(levels))]
    highest = float(np.median(levels, axis=0).max()) + max(rises, default=0.0)
    return augment_with_extremes(data, area.observations, sea_level, highest, context.rng, context.progress)


def estimate_teacher_weight(_: StageContext, data: AdaptationData, config: RunConfig) -> AdaptationData:
    """The data with the weight that local labels give to the teacher, and with the archive if the recipe reads it."""
    return data_for(config.distillation.recipe, weight_teacher_by_labels(data, load_students()))


def distil_students(context: StageContext, data: AdaptationData, area: StudyArea, config: RunConfig) -> Adapted:
    """The shipped ensemble, adapted to the study area."""
    shipped = load_students(site_shape=area.observations.region.shape)
    return adapt(data, shipped, config.distillation, config.seed, context.progress)


def gather_members(context: StageContext, data: AdaptationData, adapted: Adapted, config: RunConfig) -> Adapted:
    """The students that predict together: by ensemble distillation and Monte-Carlo dropout, where the recipe says."""
    return gather(data, adapted, config.distillation.recipe, config.seed, context.progress)


def calibrate(_: StageContext, data: AdaptationData, members: Adapted, config: RunConfig) -> Forecaster:
    """The ensemble, calibrated on the calibration storms."""
    return calibrate_on(data, members.students, config.miss_rate)


class Baselines:
    """Trainings of what the distilled students are compared with, as many members each, beside the other stages.

    They have no teacher, no pre-training, or neither.
    """

    def __init__(self, data: AdaptationData, area: StudyArea, config: RunConfig) -> None:
        shape, seed = area.observations.region.shape, config.seed
        shipped = load_students(site_shape=shape)
        fresh = untrained_students(len(shipped), shape, seed)
        trainings = {
            "labels_only": supervised(data, fresh, config.distillation, seed, all_weights=True),
            "pretrained_finetuned": fine_tuning(data, shipped, config.distillation, seed),
        }
        self.trainings = MemberTrainings(list(trainings.values()))
        self._students = {name: list(each.students) for name, each in trainings.items()}

    def finish(self, context: StageContext) -> dict[str, list[Student]]:
        """Wait for them: name → its members."""
        self.trainings.finish(context.progress)
        return self._students


def score(
    _: StageContext,
    test: Batch,
    data: AdaptationData,
    forecaster: Forecaster,
    teacher: Teacher,
    baselines: Mapping[str, Sequence[Student]],
) -> FloodScores:
    """Flood-map scores of teacher, students and baselines on the test storms."""
    return score_floods(test, data, forecaster, teacher, {"pretrained": load_students(), **baselines})


def compare_with_training(
    context: StageContext, data: AdaptationData, area: StudyArea, split: Split, sea_level: SeaLevelModel
) -> OutOfDistribution:
    """The study area beside the coasts that the networks were trained on, by hours drawn in the same way."""
    hours = np.sort(context.rng.permutation(free_hours(area.observations, split))[:FEATURE_HOURS])
    gauges = build_gauge_batch(area.observations, hours, sea_level)
    return compare(features_of_site(data.training, gauges), load_training_coasts())
