"""Adaptation of the shipped students to one study area."""

from collections.abc import Sequence
from dataclasses import replace

from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData, distil_student
from strandline.distillation.continual.replay import load_exemplars
from strandline.distillation.training.loop import Progress, part_of
from strandline.models.inference import student_inputs
from strandline.models.student import Student


def adapt(
    data: AdaptationData,
    students: Sequence[Student],
    config: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> list[Student]:
    """Distil the teacher into each member of the ensemble, in place, each with its own draws.

    Students that use the flood archive were pre-trained to read it: here only their surge decoder is trained. Without
    an archive the static map of the study area is trained as well. Surge windows of other coasts are replayed, so that
    the few storms of a short record do not overwrite what was learned there.
    """
    samples = config.samples if data.archive is None else 0
    config = replace(config, soft=config.soft * data.teacher_weight.weight, samples=samples)
    inputs = DistillationData(
        student_inputs(data.training),
        student_inputs(data.windows),
        data.teacher_predictions.training,
        data.teacher_predictions.windows,
    )
    exemplars = load_exemplars()
    for i, student in enumerate(students):
        consolidation = exemplars.build_consolidation(student, config)
        distil_student(student, inputs, config, seed + i, part_of(progress, i, len(students)), consolidation)
    return list(students)
