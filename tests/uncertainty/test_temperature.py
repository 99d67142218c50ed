"""The temperature that brings an ensemble to what is known, whether that is a survey or a teacher that doubts."""

import numpy as np
import pytest
import torch

from strandline.uncertainty.calibration import fit_temperature

ALL = torch.ones(2, 40, 40, dtype=torch.bool)


def logits(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 5, 40, 40, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("sharper", [0.5, 1.0, 3.0])
def test_it_undoes_what_made_the_student_surer_than_its_teacher(sharper: float) -> None:
    assert fit_temperature([sharper * logits()], logits().softmax(1), ALL) == pytest.approx(sharper, rel=0.01)


def test_a_survey_drawn_from_the_probabilities_gives_the_same() -> None:
    drawn = torch.distributions.Categorical(logits=logits().movedim(1, -1)).sample()
    survey = torch.nn.functional.one_hot(drawn, 5).movedim(-1, 1).float()
    assert fit_temperature([2 * logits()], survey, ALL) == pytest.approx(2, rel=0.1)


def test_a_teachers_likeliest_classes_would_make_a_student_too_sure() -> None:
    likeliest = torch.nn.functional.one_hot(logits().argmax(1), 5).movedim(-1, 1).float()
    assert fit_temperature([logits()], likeliest, ALL) < 0.5


def test_cells_that_do_not_count_do_not_count() -> None:
    half = ALL.clone()
    half[:, 20:] = False
    reference = torch.where(half[:, None], logits().softmax(1), torch.full((1,), 0.2))
    assert fit_temperature([2 * logits()], reference, half) == pytest.approx(2, rel=0.01)
    assert fit_temperature([2 * logits()], reference, ALL) > 2.5


def test_it_is_that_of_the_mixture() -> None:
    """Members that disagree are less sure together: each may be surer than one alone."""
    members = [logits(seed) for seed in range(3)]
    mixture = torch.stack([part.softmax(1) for part in members]).mean(0)
    assert fit_temperature(members, mixture, ALL) == pytest.approx(1, rel=0.01)
    assert fit_temperature(members[:1], mixture, ALL) > 1.2
    assert np.isfinite(fit_temperature([50 * members[0]], mixture, ALL))
