"""The shipped networks meet a place: what is learned from it, and how well that is known."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from strandline.batch import CONTEXT_HOURS, FLOOD_CLASSES, LEADS, Batch
from strandline.distillation.diagnosis import Diagnosis, diagnose
from strandline.distillation.distil import Lesson, Recipe, ask, ask_all_ways, distil, students_view
from strandline.distillation.strandlines import (
    RESPONSE,
    Archive,
    archive_of,
    peak_levels,
    remember,
    remember_all,
)
from strandline.errors import RefusedByTheory
from strandline.events import Split, Storm
from strandline.exemplars import Exemplars, load_exemplars
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.observations import Observations
from strandline.samples import build_storm_batch, build_surge_batch, draw_issues
from strandline.tide_and_weather import TideAndWeather
from strandline.training import Progress
from strandline.uncertainty.forecaster import Forecaster, calibrate, choose_threshold
from strandline.uncertainty.risk_control import false_dry_rate
from strandline.uncertainty.scores import overlap_counts, pooled_iou

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Chances = npt.NDArray[np.float32]
COVERAGES = (0.8, 0.9)
"""Promised for the surge: p10 to p90, and the 90 % interval that is scored."""
MEMORY = ("strandlines", "archive")
"""What only a place with a teacher has: what its maps of past storms say of the ground, and those maps."""
TRUST = 0.9
"""Weight of the teacher's word, and trust in its archive, where no label speaks; an assumption."""


@dataclass(frozen=True, eq=False)
class Course:
    """Everything that a place offers to learn from, seen by the teacher and asked for its word once.

    Attributes:
        training, calibration: storms as the teacher sees them; targets are the local surveys and the gauge. Each
            remembers the training storms, never itself.
        windows: surge windows of the training hours.
        calibration_windows: surge windows of each calibration storm.
        word: the teacher's on ``training``, ``calibration`` and ``windows``.
        first: the teacher's maps of the training storms at first look, which it remembers itself.
        archive: its maps at second look, which students remember, and after them those of ``rehearsed``; ``None`` where
            they are not to be trusted.
        rehearsed: storms higher than all of the record with what physics makes of them, each remembering all others;
            ``None`` where nothing is asked of such storms.
        teacher: what the labels say of the teacher; its weight multiplies that of the soft targets.
    """

    training: Batch
    calibration: Batch
    windows: Batch
    calibration_windows: tuple[Batch, ...]
    word: dict[str, Prediction]
    first: Archive
    archive: Archive | None
    rehearsed: Batch | None = None
    teacher: Diagnosis = field(default_factory=lambda: Diagnosis(TRUST, TRUST))


def prepare(
    observations: Observations,
    split: Split,
    sea: TideAndWeather,
    teacher: Teacher,
    n_windows: int,
    rng: np.random.Generator,
) -> Course:
    """Assemble the batches of a place and ask the teacher about them.

    Raises:
        RefusedByTheory: no hour of the record is left to learn the surge from.
    """
    training = build_storm_batch(observations, split.training, sea, "survey")
    calibration = build_storm_batch(observations, split.calibration, sea, "survey")
    issue = draw_issues(observations, free_hours(observations, split), sea, n_windows, rng)
    windows = build_surge_batch(observations, issue, sea, "survey")
    by_storm = tuple(
        build_surge_batch(observations, hours_of(observations, storm), sea, "survey") for storm in split.calibration
    )
    return enrol(training, calibration, windows, by_storm, teacher)


def enrol(
    training: Batch, calibration: Batch, windows: Batch, calibration_windows: tuple[Batch, ...], teacher: Teacher
) -> Course:
    """Ask the teacher, let it look again beside its own first maps, and let every storm remember what it then said."""
    looks = look_twice(training, teacher)
    word = {
        "training": looks.word,
        "calibration": ask_all_ways(teacher, remember_all(calibration, looks.first)),
        "windows": ask(teacher, windows, chunk=256),
    }
    return Course(
        training=remember(training, looks.archive, looks.others),
        calibration=remember_all(calibration, looks.archive),
        windows=windows,
        calibration_windows=calibration_windows,
        word=word,
        first=looks.first,
        archive=looks.archive,
    )


class Looks(NamedTuple):
    """A teacher's two looks at E storms of a place.

    Attributes:
        first: its maps at first look; ``word``: at the second, beside them; ``archive``: the maps of that.
        others: (E, E) bool, which storms each may remember: all but itself.
    """

    first: Archive
    word: Prediction
    archive: Archive
    others: Tensor


def look_twice(storms: Batch, teacher: Teacher) -> Looks:
    """Ask the teacher about storms of one place, and again beside what it then said of the others."""
    first = archive_of(storms, ask_all_ways(teacher, storms))
    others = ~torch.eye(len(first), dtype=torch.bool)
    word = ask_all_ways(teacher, remember(storms, first, others))
    return Looks(first, word, archive_of(storms, word), others)


def remember_rehearsals(course: Course, storms: Batch) -> Course:
    """The same course, whose students also remember storms that physics has rehearsed, far above all that were mapped.

    Memory cannot tell of a sea that nobody has seen, physics can; and thresholds that were chosen on weak storms
    alone do not hold in strong ones. Near what was mapped nothing changes.

    Args:
        storms: with physics' depth classes as targets.
    """
    assert course.archive is not None
    assert storms.flood_class is not None
    assert storms.flood_valid is not None
    sure = functional.one_hot(storms.flood_class, FLOOD_CLASSES).movedim(-1, 1).float()  # (R, K, H, W)
    word = ((1 - RESPONSE.lapse) * sure + RESPONSE.lapse / FLOOD_CLASSES) * storms.flood_valid[:, None]
    level, spread = peak_levels(storms)
    past = course.archive
    archive = replace(
        past,
        word=torch.cat([past.word, word]),
        level=torch.cat([past.level, level]),
        level_sd=torch.cat([past.level_sd, spread]),
        rehearsed=len(storms),
    )
    all_but_own = ~torch.eye(len(archive), dtype=torch.bool)
    return replace(
        course,
        calibration=remember_all(course.calibration, archive),
        archive=archive,
        rehearsed=remember(storms, archive, all_but_own[len(past) :]),
    )


def judge(course: Course, students: Sequence[Student]) -> Course:
    """Weigh the teacher and its archive by the few local labels, which nobody has learned from yet.

    The teacher's word is compared with that of students without memory, and students who remember with the same who
    do not. An archive that misleads is forgotten.
    """
    batch = course.training
    if batch.flood_class is None or batch.flood_valid is None or course.archive is None:
        return course
    labelled = batch.flood_valid.flatten(1).any(dim=1)
    if not bool(labelled.any()):
        return course
    seen = students_view(batch)[labelled]
    classes, valid = batch.flood_class[labelled], batch.flood_valid[labelled] & _land(seen)
    said = course.word["training"].flood_logits
    assert said is not None
    blind, remembering = (_mean_logits(students, view) for view in (seen.without(*MEMORY), seen))
    teacher = diagnose(said[labelled], blind, classes, valid, prior=TRUST)
    memory = diagnose(remembering, blind, classes, valid, prior=TRUST)
    logger.info("%s Its archive: weight %.2f.", teacher.advice, memory.weight)
    course = replace(course, teacher=teacher)
    return course if memory.weight >= 0.5 else forget(course)


def forget(course: Course) -> Course:
    """The same course without the archive and what was drawn from it."""
    training, calibration = (batch.without(*MEMORY) for batch in (course.training, course.calibration))
    rehearsed = None if course.rehearsed is None else course.rehearsed.without(*MEMORY)
    return replace(course, training=training, calibration=calibration, rehearsed=rehearsed, archive=None)


def _mean_logits(students: Sequence[Student], batch: Batch) -> Tensor:
    """Logarithm of the members' mean probability, (B, K, H, W)."""
    words = [ask(student, batch).flood_logits for student in students]
    return torch.stack([word.softmax(dim=1) for word in words if word is not None]).mean(0).clamp(min=1e-6).log()


def _land(batch: Batch) -> Tensor:
    """(B, H, W) cells that can be flooded: known ground that is not permanent water."""
    assert batch.terrain is not None
    assert batch.terrain_seen is not None
    return batch.terrain_seen & (batch.terrain[:, 2] < 0.5)


def free_hours(observations: Observations, split: Split) -> npt.NDArray[np.datetime64]:
    """Every hour of issue whose forecast hours touch no window that is withheld.

    Raises:
        RefusedByTheory: there is none.
    """
    time = _issuable(observations)
    free = np.ones(time.size, dtype=bool)
    for start, end in split.withheld:
        free &= (time + np.timedelta64(LEADS - 1, "h") < start) | (time > end)
    if not free.any():
        raise RefusedByTheory(
            f"calibration and test storms cover the whole record of '{observations.region.name}'; "
            "give a longer record or hold out less"
        )
    return time[free]


def hours_of(observations: Observations, storm: Storm, every: int = 3) -> npt.NDArray[np.datetime64]:
    """Hours of issue, every third, whose forecast hours lie within a storm."""
    time = _issuable(observations)
    inside = (time >= storm.start) & (time + np.timedelta64(LEADS - 1, "h") <= storm.end)
    return time[inside][::every]


def _issuable(observations: Observations) -> npt.NDArray[np.datetime64]:
    """Hours with a whole context before and all leads after them on the gauge's time axis."""
    assert observations.tide_gauge is not None
    time = observations.tide_gauge["time"].values
    hour = np.timedelta64(1, "h")
    first = np.searchsorted(time, time - (CONTEXT_HOURS - 1) * hour)
    last = np.searchsorted(time, time + (LEADS - 1) * hour)
    index = np.arange(time.size)
    inside = (last < time.size) & (index - first == CONTEXT_HOURS - 1) & (last - index == LEADS - 1)
    whole_start = time >= time[0] + (CONTEXT_HOURS - 1) * hour
    return np.asarray(time[inside & whole_start])


def adapt(
    course: Course,
    students: Sequence[Student],
    recipe: Recipe,
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
    lesson = Lesson(
        students_view(course.training),
        students_view(course.windows),
        course.word["training"],
        course.word["windows"],
    )
    past = load_exemplars()
    for i, student in enumerate(students):
        kept = past.consolidate(student, recipe)
        distil(student, lesson, recipe, seed + i, _part(progress, i, len(students)), kept)
    return list(students)


def new_students(count: int, place_shape: tuple[int, int], seed: int) -> list[Student]:
    """Students that were never taught anything."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [Student(place_shape=place_shape) for _ in range(count)]


def learn_from_labels(
    course: Course,
    students: Sequence[Student],
    recipe: Recipe,
    seed: int,
    *,
    whole: bool,
    past: Exemplars | None = None,
    progress: Progress | None = None,
) -> list[Student]:
    """The sceptic's students: the same labels and steps as ``adapt``, but no teacher, so nothing to remember.

    Args:
        whole: train every weight, as students from scratch need.
        past: what students who were taught elsewhere are kept from forgetting.
    """
    lesson = Lesson(students_view(course.training.without(*MEMORY)), students_view(course.windows))
    alone = replace(recipe, soft=0.0, feature=0.0, task=1.0, whole=whole)
    for i, student in enumerate(students):
        kept = () if past is None else past.consolidate(student, alone)
        distil(student, lesson, alone, seed + i, _part(progress, i, len(students)), kept)
    return list(students)


def fine_tune(
    course: Course, students: Sequence[Student], recipe: Recipe, seed: int, progress: Progress | None = None
) -> list[Student]:
    """Shipped students learn the labels of a place without a teacher, kept from forgetting what they were taught.

    With ``recipe.whole`` every weight learns, else what a place may teach alone.
    """
    past = load_exemplars()
    return learn_from_labels(course, students, recipe, seed, whole=recipe.whole, past=past, progress=progress)


def calibrate_on(
    course: Course, students: Sequence[Student | MultiHeadStudent], false_dry_rate: float | None = None
) -> Forecaster:
    """Calibrate an adapted ensemble on the calibration storms."""
    return calibrate(
        students,
        (students_view(course.calibration), reference_word(course.calibration, course.word["calibration"])),
        (students_view(course.training), reference_map(course.training, course.word["training"])),
        [students_view(batch) for batch in course.calibration_windows],
        COVERAGES,
        course.archive,
        course.rehearsed,
        false_dry_rate,
    )


def reference_word(batch: Batch, word: Prediction) -> Tensor:
    """(B, K, H, W) probabilities to calibrate by: the survey where there is one, 0 or 1, else the teacher's."""
    assert word.flood_logits is not None
    teachers = word.flood_logits.softmax(dim=1)
    if batch.flood_class is None or batch.flood_valid is None:
        return teachers
    surveyed = functional.one_hot(batch.flood_class, FLOOD_CLASSES).movedim(-1, 1).to(teachers.dtype)
    return torch.where(batch.flood_valid[:, None], surveyed, teachers)


def reference_map(batch: Batch, word: Prediction) -> Tensor:
    """(B, H, W) class map to choose thresholds by: the survey where there is one, else the teacher's map."""
    assert word.flood_logits is not None
    teachers = word.flood_logits.argmax(dim=1)
    if batch.flood_class is None or batch.flood_valid is None:
        return teachers
    return torch.where(batch.flood_valid, batch.flood_class, teachers)


@dataclass(frozen=True)
class FloodScores:
    """Pooled IoU of flooded land on the test storms, a method; NaN where no test storm has a known flood.

    Attributes:
        iou: method → IoU [-].
        probability, happened: the forecaster's word and the outcome on every scored cell, for reliability.
        false_dry: share of a storm's flooded cells that the forecaster called dry, mean over storms; NaN without any.
    """

    iou: dict[str, float]
    probability: npt.NDArray[np.float32]
    happened: Mask
    false_dry: float


def score_floods(
    test: Batch,
    course: Course,
    forecaster: Forecaster,
    teacher: Teacher,
    others: Mapping[str, Sequence[Student]],
) -> FloodScores:
    """Score every learner on the same held-out storms; each one's threshold is chosen on the training storms.

    For storms far above all of these the students' thresholds are chosen on the rehearsed ones, where there are any.

    Args:
        test: the teacher's view; its targets are the truth, or what was surveyed.
        course: its training storms choose the thresholds, and the teacher remembers its first look at them.
        forecaster: the calibrated ensemble.
        teacher: with radar.
        others: method → members.
    """
    land_of_test = _land(test)
    if test.flood_class is None or test.flood_valid is None:
        truth = valid = np.zeros(land_of_test.shape, dtype=bool)  # nothing was surveyed: every score is undefined
    else:
        truth, valid = (test.flood_class > 0).numpy(), (test.flood_valid & land_of_test).numpy()
    seen, first, rehearsed = course.training, course.first, course.rehearsed
    known, land = (reference_map(seen, course.word["training"]) > 0).numpy(), _land(seen).numpy()
    beyond = np.zeros(len(test), dtype=bool) if course.archive is None else course.archive.is_beyond(test).numpy()

    def sceptics_iou(networks: Sequence[Student]) -> float:
        def flooded(batch: Batch) -> Chances:
            return _flooded([ask(network, batch) for network in networks])

        alone = choose_threshold(flooded(students_view(seen.without(*MEMORY))), known, land)  # no teacher, no memory
        thresholds = np.full((len(test), 1, 1), alone)
        if rehearsed is not None:
            assert rehearsed.flood_class is not None
            happened, where = (rehearsed.flood_class > 0).numpy(), _land(rehearsed).numpy()
            thresholds[beyond] = choose_threshold(flooded(rehearsed.without(*MEMORY)), happened, where)
        return pooled_iou(overlap_counts(flooded(students_view(test)) >= thresholds, truth, valid))

    def teacher_iou() -> float:
        chosen = choose_threshold(_flooded([course.word["training"]]), known, land)
        said = _flooded([ask_all_ways(teacher, remember_all(test, first))])
        return pooled_iou(overlap_counts(said >= chosen, truth, valid))

    probability = forecaster.predict(students_view(test)).flood_probability
    said = probability >= forecaster.thresholds(test)[:, None, None]
    scores = {"distilled": pooled_iou(overlap_counts(said, truth, valid)), "teacher": teacher_iou()}
    scores |= {method: sceptics_iou(members) for method, members in others.items()}
    missed = false_dry_rate(said, truth, valid)[(truth & valid).any(axis=(1, 2))]
    return FloodScores(scores, probability[valid], truth[valid], float(missed.mean()) if missed.size else float("nan"))


def _flooded(words: Sequence[Prediction]) -> Chances:
    """(B, H, W) mean probability that a cell is flooded."""
    chances: Chances = np.mean(
        [1 - word.flood_logits.softmax(1)[:, 0].numpy() for word in words if word.flood_logits is not None], 0
    )
    return chances


def _part(progress: Progress | None, index: int, count: int) -> Progress | None:
    return None if progress is None else lambda done: progress((index + done) / count)
