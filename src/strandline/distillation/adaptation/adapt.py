"""The shipped networks meet a place: what is learned from it, and how well that is known."""

from collections.abc import Sequence
from dataclasses import replace

from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.continual.replay import load_exemplars
from strandline.distillation.distil import DistillationConfig, DistillationData, distil
from strandline.distillation.training.loop import Progress
from strandline.models.inference import student_inputs
from strandline.models.student import Student


def adapt(
    course: AdaptationData,
    students: Sequence[Student],
    recipe: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> list[Student]:
    """Distil the teacher into each member of the ensemble, in place, every one from its own draws.

    Students that remember the teacher's maps have learned elsewhere to read them: here they learn the surge alone.
    Where the archive was forgotten, the place's own map is learned instead. Surges of other coasts are replayed, so
    that the few storms of a short record overwrite nothing.
    """
    samples = recipe.samples if course.archive is None else 0
    recipe = replace(recipe, soft=recipe.soft * course.teacher.weight, samples=samples)
    lesson = DistillationData(
        student_inputs(course.training),
        student_inputs(course.windows),
        course.word["training"],
        course.word["windows"],
    )
    past = load_exemplars()
    for i, student in enumerate(students):
        kept = past.consolidate(student, recipe)
        distil(student, lesson, recipe, seed + i, _part(progress, i, len(students)), kept)
    return list(students)


def _part(progress: Progress | None, index: int, count: int) -> Progress | None:
    return None if progress is None else lambda done: progress((index + done) / count)
