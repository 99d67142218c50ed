"""A place is learned: what stays fixed, what improves, and what scores mean where nothing is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from strandline.distillation.adaptation.adapt import adapt
from strandline.distillation.adaptation.baselines import fine_tune, train_supervised, untrained_students
from strandline.distillation.adaptation.data import (
    AdaptationData,
    drop_archive,
    prepare_adaptation,
    reference_classes,
    weight_teacher_by_labels,
)
from strandline.distillation.continual.replay import load_exemplars
from strandline.distillation.distil import DistillationConfig, task_terms
from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED
from strandline.distillation.waterlines import attach_archive, build_archive
from strandline.errors import InputError, RefusedByTheory
from strandline.models.batching import build_storm_batch
from strandline.models.inference import predict, student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students, load_teacher, save_students
from strandline.observations.sea_level.model import SeaLevelModel
from strandline.observations.storms import Split
from strandline.pipeline.evaluation import FloodScores, forecast_surge, score_floods
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages import split_record
from strandline.pipeline.study_area import StudyArea
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.calibration import calibrate_on
from strandline.uncertainty.forecaster import Forecaster, load_forecaster, save_forecaster
from strandline.uncertainty.risk_control import miss_rate

pytestmark = pytest.mark.slow
RECIPE = DistillationConfig(steps=20, samples=4, windows=16)
Learned = tuple[StudyArea, Split, SeaLevelModel, AdaptationData]


@pytest.fixture(scope="module")
def learned() -> Learned:
    """A coast that no network was taught on, parted, and the teacher's word on it."""
    coast = simulate_coast("a test coast", 21, shape=(32, 32), years=10.0, n_storms=22, n_surveys=6)
    assert FIRST_SEED > 21
    place = StudyArea(coast)
    rng = np.random.default_rng(0)
    split, sea_level = split_record(StageContext(rng), place, RunConfig(storms=22, calibration_storms=9, test_storms=5))
    return place, split, sea_level, prepare_adaptation(coast, split, sea_level, load_teacher(), 60, rng)


@pytest.fixture(scope="module")
def forecaster(learned: Learned) -> Forecaster:
    *_, course = learned
    return calibrate_on(course, adapt(course, load_students(site_shape=(32, 32)), RECIPE, 1))


def scores_of(
    learned: Learned, forecaster: Forecaster, others: dict[str, list[Student]], *, known: bool
) -> FloodScores:
    place, split, sea_level, course = learned
    test = build_storm_batch(place.observations, split.test, sea_level, "truth")
    if not known:
        test = replace(test, flood_class=None, flood_valid=None)
    return score_floods(test, course, forecaster, load_teacher(), others)


def test_a_distilled_student_beats_one_that_learned_from_the_labels_alone(
    learned: Learned, forecaster: Forecaster
) -> None:
    *_, course = learned
    baseline = train_supervised(course, untrained_students(1, (32, 32), 1), RECIPE, 1, all_weights=True)
    iou = scores_of(learned, forecaster, {"labels_only": baseline}, known=True).iou
    assert iou["distilled"] > iou["labels_only"]
    assert iou["teacher"] > iou["labels_only"]


def test_without_a_known_flood_every_score_is_undefined(learned: Learned, forecaster: Forecaster) -> None:
    scores = scores_of(learned, forecaster, {}, known=False)
    assert all(np.isnan(value) for value in scores.iou.values())
    assert scores.observed.size == 0
    assert np.isnan(scores.miss_rate)


@pytest.mark.parametrize("remembers", [True, False])
def test_a_place_changes_its_surge_decoder_and_without_memory_its_map_and_nothing_else(
    learned: Learned, *, remembers: bool
) -> None:
    *_, course = learned
    course = course if remembers else drop_archive(course)
    before = load_students(site_shape=(32, 32))[0]
    after = adapt(course, load_students(site_shape=(32, 32))[:1], replace(RECIPE, steps=4), 1)[0]
    changed = {
        name.split(".")[0]
        for (name, old), new in zip(before.state_dict().items(), after.state_dict().values(), strict=True)
        if not torch.equal(old, new)
    }
    assert changed == {"surge_decoder"} | (set() if remembers else {"place"})
    assert all(weight.requires_grad for weight in after.parameters())


def test_a_fine_tuned_student_forgets_less_of_other_coasts(learned: Learned) -> None:
    """By what every weight that learned says of the exemplars, against the same steps without replay."""
    *_, course = learned
    recipe = replace(RECIPE, steps=12, learning_rate=1e-3, all_weights=True)
    past = load_exemplars().storms
    kept = fine_tune(course, load_students()[:1], recipe, 1)[0]
    free = train_supervised(course, load_students()[:1], recipe, 1, all_weights=True)[0]
    loss = [float(task_terms(predict(student, past), past, 1.0)["flood_task"]) for student in (kept, free)]
    assert loss[0] < loss[1]


def test_forecasts_of_held_out_storms_promise_more_than_they_miss(learned: Learned, forecaster: Forecaster) -> None:
    place, split, sea_level, _ = learned
    table = forecast_surge(forecaster, place.observations, split.test, sea_level)
    rows, scores = table.rows, table.scores()
    assert (rows["p05"] <= rows["p10"]).all()
    assert (rows["p10"] <= rows["p50"]).all()
    assert (rows["p90"] <= rows["p95"]).all()
    assert (rows["lead_h"] == (rows["time"] - rows["issue_time"]).dt.total_seconds() / 3600).all()
    assert scores["rmse"] < scores["rmse_tide"]
    assert scores["coverage_90"] > 0.75  # five storms; the promise is 0.9 over many


def test_five_calibration_storms_cannot_promise_ninety_percent(learned: Learned) -> None:
    *_, course = learned
    few = replace(course, calibration_windows=course.calibration_windows[:5])
    with pytest.raises(RefusedByTheory, match=r"5 calibration storms cannot give 90% coverage; need 9 or more"):
        calibrate_on(few, load_students(site_shape=(32, 32)))


def test_an_asked_false_dry_rate_is_kept_on_the_calibration_storms_and_measured_on_the_others(
    learned: Learned, forecaster: Forecaster
) -> None:
    *_, course = learned
    careful = calibrate_on(course, forecaster.students, 0.15)
    assert careful.miss_rate == 0.15
    assert careful.threshold <= forecaster.threshold
    assert careful.extrapolation_threshold <= forecaster.extrapolation_threshold
    view = student_inputs(course.calibration)
    called = careful.predict(view).flood_probability >= careful.threshold
    land = (course.calibration.terrain_seen & (course.calibration.terrain[:, 2] < 0.5)).numpy()
    taken_for_truth = reference_classes(course.calibration, course.teacher_predictions.calibration).numpy() > 0
    assert miss_rate(called, taken_for_truth, land).mean() <= 0.15
    missed = [scores_of(learned, one, {}, known=True).miss_rate for one in (careful, forecaster)]
    assert missed[0] <= missed[1]
    with pytest.raises(RefusedByTheory, match="9 calibration storms cannot keep the miss rate at 5%; need 19"):
        calibrate_on(course, forecaster.students, 0.05)


@pytest.mark.parametrize("remembers", [True, False])
def test_a_saved_forecaster_says_what_it_said(
    learned: Learned, forecaster: Forecaster, tmp_path: Path, *, remembers: bool
) -> None:
    place, split, sea_level, _ = learned
    (tmp_path / "archive.safetensors").write_bytes(b"of an earlier run")
    students = load_students(site_shape=(32, 32))[:1]
    students[0].place.data += 0.1  # type: ignore[union-attr]
    saved = forecaster if remembers else replace(forecaster, students=tuple(students), archive=None)
    test = student_inputs(build_storm_batch(place.observations, split.test, sea_level, "truth"))
    before = saved.predict(test)
    save_forecaster(tmp_path, saved, {"place": "a test coast"})
    again = load_forecaster(tmp_path)
    assert (again.archive is None) == (not remembers)
    for name in ("threshold", "extrapolation_threshold", "temperature"):
        assert getattr(again, name) == getattr(saved, name)
    after = again.predict(test)
    np.testing.assert_allclose(after.flood_probability, before.flood_probability, atol=0.02)
    for one, other in zip(saved.surge_interval(before, 0.9), again.surge_interval(after, 0.9), strict=True):
        np.testing.assert_allclose(other, one, atol=0.01)


def test_a_folder_without_calibration_is_no_forecaster(tmp_path: Path) -> None:
    save_students(tmp_path, load_students()[:1], {})
    with pytest.raises(InputError, match="tells no calibration"):
        load_forecaster(tmp_path)


def test_no_storm_remembers_itself_and_calibration_storms_remember_all_others(learned: Learned) -> None:
    *_, course = learned
    for batch, own in ((course.training, True), (course.calibration, False)):
        assert batch.archive_seen is not None
        assert batch.archive is not None
        assert batch.archive.shape[1] == len(course.training)
        mine = torch.eye(len(course.training), dtype=torch.bool) if own else torch.zeros_like(batch.archive_seen)
        assert torch.equal(batch.archive_seen, ~mine)


def test_labels_that_contradict_the_teacher_turn_it_down(learned: Learned) -> None:
    place, split, sea_level, course = learned
    students = load_students()
    truth = build_storm_batch(place.observations, split.training, sea_level, "truth")
    assert truth.flood_class is not None
    right = replace(course.training, flood_class=truth.flood_class, flood_valid=truth.flood_valid)
    judged = weight_teacher_by_labels(replace(course, training=right), students)
    assert judged.archive is not None
    assert judged.teacher_weight.weight > 0.8
    said = course.teacher_predictions.training.flood_logits
    assert said is not None
    nonsense = replace(course.teacher_predictions.training, flood_logits=3 * said.flip(-2, -1))
    lying = build_archive(course.training.without("waterlines", "archive"), nonsense)
    remembering = attach_archive(right, lying, ~torch.eye(len(lying), dtype=torch.bool))
    predictions = replace(course.teacher_predictions, training=nonsense)
    judged = weight_teacher_by_labels(
        replace(course, training=remembering, archive=lying, teacher_predictions=predictions), students
    )
    assert judged.teacher_weight.weight < 0.2


def test_what_is_forgotten_is_gone_everywhere(learned: Learned) -> None:
    *_, course = learned
    blank = drop_archive(course)
    assert blank.archive is None
    for batch in (blank.training, blank.calibration):
        assert batch.archive is None
        assert batch.waterlines is None
        assert batch.radar is not None
