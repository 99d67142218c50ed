"""A student of scenes adapted to one flood: what a rejected teacher may not do, and what the terms need."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from strandline.distillation.adaptation.scene_student import (
    TUNING,
    FloodPairs,
    SceneDistillation,
    distil_scene_student,
    predict_guide,
    weigh_teacher,
    with_guide,
)
from strandline.distillation.adaptation.teacher_weight import TeacherWeight
from strandline.distillation.pretraining.scenes.samples import GUIDE, Samples, samples_of
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.scenes.networks import new_student, new_teacher
from strandline.models.flood.scenes.streams import RADAR_STREAMS
from tests.fixtures.flood_scenes import draw_labelled

pytestmark = pytest.mark.slow

TINY = SceneDistillation(steps=2, batch=6)


@pytest.fixture(scope="module")
def samples() -> Samples:
    return samples_of([draw_labelled(seed) for seed in range(4)])


def taught(samples: Samples, said: float) -> FloodPairs:
    target = torch.full(samples.target.shape, said)
    return FloodPairs(samples.with_target(target, samples.known), samples[slice(0, 1)], None, samples)


def weights_of(student: DenseCNN) -> np.ndarray:
    return torch.cat([weight.detach().flatten() for weight in student.parameters()]).numpy()


def test_a_teacher_of_weight_zero_is_no_source_and_the_given_student_stays(samples: Samples) -> None:
    student = new_student(0)
    before = weights_of(student)
    wrong, right = (weights_of(distil_scene_student(student, taught(samples, said), TINY, 0.0, 0)) for said in (0, 1))
    np.testing.assert_array_equal(wrong, right)
    np.testing.assert_array_equal(before, weights_of(student))
    no, yes = (weights_of(distil_scene_student(student, taught(samples, said), TINY, 1.0, 0)) for said in (0, 1))
    assert not np.array_equal(no, yes)


def test_a_soft_weight_of_zero_switches_the_teacher_off_too(samples: Samples) -> None:
    config = replace(TINY, soft=0.0)
    wrong, right = (
        weights_of(distil_scene_student(new_student(0), taught(samples, said), config, 1.0, 0)) for said in (0, 1)
    )
    np.testing.assert_array_equal(wrong, right)


def test_features_are_aligned_with_the_guide_only_where_they_have_a_weight(samples: Samples) -> None:
    teacher = new_teacher(RADAR_STREAMS, 0, width=16, depth=1, skip=8)
    pairs = taught(samples, 0.7)
    guided = replace(pairs, samples=with_guide(pairs.samples, samples.only(RADAR_STREAMS)))
    assert {f"{GUIDE}{name}" for name in RADAR_STREAMS} < set(guided.samples.streams)
    plain = weights_of(distil_scene_student(new_student(0), guided, TINY, 1.0, 0, teacher))
    aligned = weights_of(distil_scene_student(new_student(0), guided, replace(TINY, feature=1.0), 1.0, 0, teacher))
    assert not np.array_equal(plain, aligned)


def test_the_kernel_of_an_alignment_is_tuned_on_a_few_scenes(samples: Samples) -> None:
    teacher = new_teacher(RADAR_STREAMS, 0, width=16, depth=1, skip=8)
    many = samples[torch.arange(TUNING + 3) % 4].only(RADAR_STREAMS)
    assert len(predict_guide(teacher, many).logits) == TUNING


def test_labels_weigh_the_teacher_against_the_student_and_without_labels_the_prior_holds(samples: Samples) -> None:
    pairs = taught(samples, 0.5)
    assert weigh_teacher(samples.target, replace(pairs, labelled=None), 0.8) == TeacherWeight(0.8, 0.8)
    truth = samples.target[:1].float()
    doubtful = torch.full_like(truth, 0.5)
    good = weigh_teacher(doubtful, replace(pairs, teacher_on_labelled=0.9 * truth + 0.05), 0.5)
    bad = weigh_teacher(0.9 * truth + 0.05, replace(pairs, teacher_on_labelled=1 - truth), 0.5)
    assert good.weight > 0.5 > bad.weight
