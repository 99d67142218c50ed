"""The stage that keeps ground, seas and people of a place, so that works can be tried on it after the run."""

from collections.abc import Sequence

import numpy as np

from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.adaptation.physics_augmentation import bounds_of_ground
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.impact.impact import Impact
from strandline.risk.timing.simulated_floods import KnownGround
from strandline.risk.works.trial_ground import TrialGround, trial_ground
from strandline.simulator.design_storms import storm_designer


def keep_trial_ground(
    context: StageContext,
    area: StudyArea,
    data: AdaptationData,
    sea_level: SeaLevelModel,
    hazard: Hazard,
    frequent: Hazard | None,
    futures: Sequence[FutureHazard],
    impact: Impact,
) -> TrialGround | None:
    """The ground on which works are tried; ``None`` where no cell connects it with the open sea."""
    observations, designer = area.observations, storm_designer(area.observations, sea_level)
    bounds = None if data.archive is None else bounds_of_ground(data.archive)
    highest = float(np.max(hazard.level_draws))
    known = KnownGround.of(observations, designer.mean_sea_level, highest, bounds)
    if known is None:
        return None
    people, product = observations.mapped_people, observations.terrain["elevation"].values.astype(np.float64)
    return trial_ground(
        known, product, designer, hazard, frequent, tuple(futures), impact.curve_deviates,
        None if people is None else people.values, context.rng,
    )  # fmt: skip
