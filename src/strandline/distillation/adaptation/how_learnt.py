"""How the students of a run learnt: the parts of the recipe, the losses they reached, and what was rejected."""

from collections.abc import Mapping
from dataclasses import dataclass

from strandline.distillation.adaptation.adapt import Adapted
from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.adaptation.recipe import Recipe
from strandline.distillation.adaptation.teacher_weight import TeacherWeight
from strandline.models.multi_head_student import MultiHeadStudent

TERMS: Mapping[str, tuple[str, ...]] = {
    "soft_targets": ("flood_soft", "damage_soft"),
    "alignment": ("feature",),
    "temporal_attention": ("temporal",),
    "task_loss": ("flood_task", "damage_task"),
    "ewc": ("ewc",),
    "replay": ("replay_flood_task", "replay_damage_task"),
    "ensemble_distillation": ("flood_members",),
}
"""Part of a recipe → its terms of the loss; the other parts have none."""


@dataclass(frozen=True)
class HowLearnt:
    """How the students of a run learnt.

    Attributes:
        recipe: with the weights as they were asked for.
        terms: name → weighted loss over the last tenth of the steps, mean over the members.
        teacher: the weight of the teacher at this place, which multiplies all that comes from it.
        archive: the weight of its flood archive; ``None`` = not estimated, for want of labels or by the recipe.
        archive_rejected: whether the recipe reads an archive that the labels rejected.
        storms, steps: that the students were trained on at the place, and for how long; 0 steps = they were not.
        members: predictions that are averaged.
    """

    recipe: Recipe
    terms: Mapping[str, float]
    teacher: TeacherWeight
    archive: TeacherWeight | None
    archive_rejected: bool
    storms: int
    steps: int
    members: int

    def loss_of(self, part: str) -> float | None:
        """The loss that the part reached, over all its terms; ``None`` where it has none."""
        found = [self.terms[name] for name in TERMS.get(part, ()) if name in self.terms]
        return sum(found) if found else None


def how_learnt(data: AdaptationData, members: Adapted, config: DistillationConfig) -> HowLearnt:
    """The record of an adaptation.

    Args:
        data: that the students learnt from; ``members``: what came of it.
    """
    recipe = config.recipe
    return HowLearnt(
        recipe,
        members.terms,
        data.teacher_weight,
        data.archive_weight,
        recipe.archive and data.archive is None,
        len(data.training),
        config.steps if members.trained else 0,
        sum(each.members if isinstance(each, MultiHeadStudent) else 1 for each in members.students),
    )
