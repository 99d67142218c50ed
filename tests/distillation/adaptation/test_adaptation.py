"""Adaptation to a study area: trained weights, scores, calibration and the weight of the teacher."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from strandline.distillation.adaptation import adapt as adaptation_by_recipe
from strandline.distillation.adaptation import baselines
from strandline.distillation.adaptation import data as adaptation_data
from strandline.distillation.adaptation.adapt import adapt, data_for, gather
from strandline.distillation.adaptation.baselines import fine_tuning, supervised, untrained_students
from strandline.distillation.adaptation.data import (
    AdaptationData,
    drop_archive,
    prepare_adaptation,
    reference_classes,
    weight_teacher_by_labels,
)
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.adaptation.recipe import ARTICLE, Recipe
from strandline.distillation.adaptation.teacher_weight import TeacherWeight
from strandline.distillation.adaptation.train_members import train_members
from strandline.distillation.continual.replay import load_exemplars
from strandline.distillation.objective import task_terms
from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED
from strandline.distillation.waterlines.archive_streams import attach_archive
from strandline.distillation.waterlines.flood_archive import build_archive
from strandline.errors import InputError, RefusedByTheory
from strandline.models.batching import build_storm_batch
from strandline.models.inference import predict, student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students, load_teacher, save_students
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.storms import Split
from strandline.pipeline.scores.flood_maps import FloodScores, score_floods
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages.record import split_record
from strandline.pipeline.study_area import StudyArea
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.calibration import calibrate_on
from strandline.uncertainty.forecaster import Forecaster, load_forecaster, save_forecaster
from strandline.uncertainty.risk_control import miss_rate

pytestmark = pytest.mark.slow
CONFIG = DistillationConfig(steps=20, samples=4)
Adaptation = tuple[StudyArea, Split, SeaLevelModel, AdaptationData]


@pytest.fixture(scope="module")
def adaptation() -> Adaptation:
    """A coast that no network was trained on, its record split, and the teacher's predictions on it."""
    coast = simulate_coast("a test coast", 21, shape=(32, 32), years=10.0, n_storms=22, n_surveys=6)
    assert FIRST_SEED > 21
    study_area = StudyArea(coast)
    settings = RunConfig(storms=22, calibration_storms=9, test_storms=5)
    split, sea_level = split_record(StageContext(np.random.default_rng(0)), study_area, settings)
    return study_area, split, sea_level, prepare_adaptation(coast, split, sea_level, load_teacher())


@pytest.fixture(scope="module")
def forecaster(adaptation: Adaptation) -> Forecaster:
    *_, data = adaptation
    return calibrate_on(data, adapt(data, load_students(site_shape=(32, 32)), CONFIG, 1).students)


def scores_of(
    adaptation: Adaptation, forecaster: Forecaster, others: dict[str, list[Student]], *, known: bool
) -> FloodScores:
    study_area, split, sea_level, data = adaptation
    test = build_storm_batch(study_area.observations, split.test, sea_level, "truth")
    if not known:
        test = replace(test, flood_class=None, flood_valid=None)
    return score_floods(test, data, forecaster, load_teacher(), others)


def test_a_distilled_student_beats_one_trained_on_the_labels_alone(
    adaptation: Adaptation, forecaster: Forecaster
) -> None:
    *_, data = adaptation
    baseline = untrained_students(1, (32, 32), 1)
    train_members(supervised(data, baseline, CONFIG, 1, all_weights=True))
    iou = scores_of(adaptation, forecaster, {"labels_only": baseline}, known=True).iou
    assert iou["distilled"] > iou["labels_only"]
    assert iou["teacher"] > iou["labels_only"]


def test_without_a_known_flood_every_score_is_undefined(adaptation: Adaptation, forecaster: Forecaster) -> None:
    scores = scores_of(adaptation, forecaster, {}, known=False)
    assert all(np.isnan(value) for value in scores.iou.values())
    assert scores.observed.size == 0
    assert np.isnan(scores.miss_rate)


@pytest.mark.parametrize("with_archive", [True, False])
def test_with_an_archive_nothing_is_trained_and_without_one_the_site_memory_alone(
    adaptation: Adaptation, *, with_archive: bool
) -> None:
    *_, data = adaptation
    data = data if with_archive else drop_archive(data)
    before = load_students(site_shape=(32, 32))[0]
    adapted = adapt(data, load_students(site_shape=(32, 32))[:1], replace(CONFIG, steps=4), 1)
    assert adapted.trained == (not with_archive)
    after = adapted.students[0]
    changed = {
        name.split(".")[0]
        for (name, old), new in zip(before.state_dict().items(), after.state_dict().values(), strict=True)
        if not torch.equal(old, new)
    }
    assert changed == (set() if with_archive else {"site_memory"})
    assert all(weight.requires_grad for weight in after.parameters())


@pytest.fixture
def few_exemplars(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_exemplars()
    monkeypatch.setattr(adaptation_by_recipe, "load_exemplars", lambda: shipped[:1])


@pytest.mark.usefixtures("few_exemplars")
def test_the_articles_recipe_ends_in_draws_of_one_network_that_predict_calibrate_and_load_again(
    adaptation: Adaptation, tmp_path: Path
) -> None:
    study_area, split, sea_level, data = adaptation
    recipe = replace(ARTICLE, ensemble_steps=2, dropout_draws=2)
    config, data = replace(CONFIG, recipe=recipe, steps=2, samples=2), data_for(recipe, data)
    assert data.archive is None
    before = load_students(site_shape=(32, 32))[0]
    adapted = adapt(data, load_students(site_shape=(32, 32))[:2], config, 1)
    assert {"flood_soft", "feature", "temporal", "ewc"} <= set(adapted.terms)
    first = adapted.students[0]
    assert isinstance(first, Student)
    assert not torch.equal(first.map.out_half.conv2.weight, before.map.out_half.conv2.weight)
    members = gather(data, adapted, recipe, 1)
    assert "flood_members" in members.terms
    forecaster = calibrate_on(data, members.students)
    assert forecaster.members == 2 * 2
    save_forecaster(tmp_path, forecaster, {})
    test = student_inputs(build_storm_batch(study_area.observations, split.test, sea_level, "truth"))
    again, now = (each.predict(test).flood_probability for each in (load_forecaster(tmp_path), forecaster))
    np.testing.assert_allclose(again, now, atol=0.02)
    for part, count in (("mc_dropout", 2), ("ensemble_distillation", 4)):
        assert calibrate_on(data, gather(data, adapted, recipe.without(part), 1).students).members == count


@pytest.mark.usefixtures("few_exemplars")
def test_a_teacher_that_the_labels_reject_teaches_by_no_part(adaptation: Adaptation) -> None:
    *_, data = adaptation
    data = replace(data_for(ARTICLE, data), teacher_weight=TeacherWeight(0.0, 0.9))
    adapted = adapt(data, load_students(site_shape=(32, 32))[:1], replace(CONFIG, recipe=ARTICLE, steps=1), 1)
    assert set(adapted.terms) == {"flood_task", "ewc"}


def test_a_fine_tuned_student_forgets_less_of_other_coasts(
    adaptation: Adaptation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loss on the exemplars, here every fourth, after training every weight, with and without replay."""
    *_, data = adaptation
    config = replace(CONFIG, steps=12, recipe=Recipe(all_weights=True, ewc=300.0, replay=0.3))
    exemplars = load_exemplars()[::4]
    monkeypatch.setattr(baselines, "load_exemplars", lambda: exemplars)
    kept, free = load_students()[:1], load_students()[:1]
    train_members(fine_tuning(data, kept, config, 1))
    train_members(supervised(data, free, config, 1, all_weights=True))
    loss = [float(task_terms(predict(student, exemplars), exemplars, 1.0)["flood_task"]) for (student,) in (kept, free)]
    assert loss[0] < loss[1]


def test_a_miss_rate_holds_on_the_calibration_storms_and_is_scored_on_the_test_storms(
    adaptation: Adaptation, forecaster: Forecaster
) -> None:
    *_, data = adaptation
    careful = calibrate_on(data, forecaster.students, 0.15)
    assert careful.miss_rate == 0.15
    assert careful.threshold <= forecaster.threshold
    assert careful.extrapolation_threshold <= forecaster.extrapolation_threshold
    inputs = student_inputs(data.calibration)
    extent = careful.predict(inputs).flood_probability >= careful.threshold
    land = (data.calibration.terrain_seen & (data.calibration.terrain[:, 2] < 0.5)).numpy()
    reference = reference_classes(data.calibration, data.teacher_predictions.calibration).numpy() > 0
    assert miss_rate(extent, reference, land).mean() <= 0.15
    missed = [scores_of(adaptation, one, {}, known=True).miss_rate for one in (careful, forecaster)]
    assert missed[0] <= missed[1]
    with pytest.raises(RefusedByTheory, match="9 calibration storms cannot keep the miss rate at 5%; need 19"):
        calibrate_on(data, forecaster.students, 0.05)


@pytest.mark.parametrize("with_archive", [True, False])
def test_a_saved_forecaster_predicts_the_same_after_loading(
    adaptation: Adaptation, forecaster: Forecaster, tmp_path: Path, *, with_archive: bool
) -> None:
    study_area, split, sea_level, _ = adaptation
    (tmp_path / "archive.safetensors").write_bytes(b"of an earlier run")
    students = load_students(site_shape=(32, 32))[:1]
    students[0].site_memory.data += 0.1  # type: ignore[union-attr]
    saved = forecaster if with_archive else replace(forecaster, students=tuple(students), archive=None)
    test = student_inputs(build_storm_batch(study_area.observations, split.test, sea_level, "truth"))
    before = saved.predict(test)
    save_forecaster(tmp_path, saved, {"place": "a test coast"})
    again = load_forecaster(tmp_path)
    assert (again.archive is None) == (not with_archive)
    for name in ("threshold", "extrapolation_threshold", "temperature"):
        assert getattr(again, name) == getattr(saved, name)
    after = again.predict(test)
    np.testing.assert_allclose(after.flood_probability, before.flood_probability, atol=0.02)


def test_a_folder_without_calibration_is_no_forecaster(tmp_path: Path) -> None:
    save_students(tmp_path, load_students()[:1], {})
    with pytest.raises(InputError, match="has no calibration"):
        load_forecaster(tmp_path)


def test_no_storm_is_in_its_own_archive_and_calibration_storms_have_the_whole_archive(adaptation: Adaptation) -> None:
    *_, data = adaptation
    for batch, own in ((data.training, True), (data.calibration, False)):
        assert batch.archive_seen is not None
        assert batch.archive is not None
        assert batch.archive.shape[1] == len(data.training)
        own_storm = torch.eye(len(data.training), dtype=torch.bool) if own else torch.zeros_like(batch.archive_seen)
        assert torch.equal(batch.archive_seen, ~own_storm)


def test_labels_that_contradict_the_teacher_lower_its_weight(adaptation: Adaptation) -> None:
    study_area, split, sea_level, data = adaptation
    students = load_students()
    truth = build_storm_batch(study_area.observations, split.training, sea_level, "truth")
    assert truth.flood_class is not None
    right = replace(data.training, flood_class=truth.flood_class, flood_valid=truth.flood_valid)
    weighted = weight_teacher_by_labels(replace(data, training=right), students)
    assert weighted.archive is not None
    assert weighted.teacher_weight.weight > 0.8
    logits = data.teacher_predictions.training.flood_logits
    nonsense = replace(data.teacher_predictions.training, flood_logits=3 * logits.flip(-2, -1))
    misleading = build_archive(data.training.without("waterlines", "archive"), nonsense)
    with_misleading = attach_archive(right, misleading, ~torch.eye(len(misleading), dtype=torch.bool))
    predictions = replace(data.teacher_predictions, training=nonsense)
    weighted = weight_teacher_by_labels(
        replace(data, training=with_misleading, archive=misleading, teacher_predictions=predictions), students
    )
    assert weighted.teacher_weight.weight < 0.2


@pytest.mark.parametrize(
    ("weight", "has_extremes", "is_kept"), [(0.48, False, False), (0.48, True, True), (0.05, True, False)]
)
def test_labels_of_weak_storms_do_not_drop_an_archive_that_holds_simulated_extremes(
    adaptation: Adaptation, monkeypatch: pytest.MonkeyPatch, weight: float, has_extremes: bool, is_kept: bool
) -> None:
    """At the mouth of the Piave a weight of 0.48 dropped it: the overlap with the flood fell from 0.66 to 0.24."""
    study_area, split, sea_level, data = adaptation
    truth = build_storm_batch(study_area.observations, split.training, sea_level, "truth")
    data = replace(data, training=replace(data.training, flood_class=truth.flood_class, flood_valid=truth.flood_valid))
    estimated = TeacherWeight(weight, 0.9, (), 0.1, 0.1)
    monkeypatch.setattr(adaptation_data, "estimate_teacher_weight", lambda *_, **__: estimated)
    data = replace(data, physics_augmented=data.training if has_extremes else None)
    assert (weight_teacher_by_labels(data, load_students()).archive is not None) == is_kept


def test_a_dropped_archive_is_gone_everywhere(adaptation: Adaptation) -> None:
    *_, data = adaptation
    blank = drop_archive(data)
    assert blank.archive is None
    for batch in (blank.training, blank.calibration):
        assert batch.archive is None
        assert batch.waterlines is None
        assert batch.radar is not None
