"""Temperature scaling of an ensemble against a survey or a teacher's probabilities."""

import numpy as np
import pytest
import torch

from strandline.uncertainty.calibration import fit_temperature

ALL = torch.ones(2, 40, 40, dtype=torch.bool)


def logits(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 5, 40, 40, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_a_scaling_of_the_logits(scale: float) -> None:
    assert fit_temperature([scale * logits()], logits().softmax(1), ALL) == pytest.approx(scale, rel=0.01)


def test_a_survey_drawn_from_the_probabilities_gives_the_same_temperature() -> None:
    drawn = torch.distributions.Categorical(logits=logits().movedim(1, -1)).sample()
    survey = torch.nn.functional.one_hot(drawn, 5).movedim(-1, 1).float()
    assert fit_temperature([2 * logits()], survey, ALL) == pytest.approx(2, rel=0.1)


def test_the_teachers_likeliest_classes_would_make_the_student_overconfident() -> None:
    likeliest = torch.nn.functional.one_hot(logits().argmax(1), 5).movedim(-1, 1).float()
    assert fit_temperature([logits()], likeliest, ALL) < 0.5


def test_invalid_cells_do_not_count() -> None:
    half = ALL.clone()
    half[:, 20:] = False
    reference = torch.where(half[:, None], logits().softmax(1), torch.full((1,), 0.2))
    assert fit_temperature([2 * logits()], reference, half) == pytest.approx(2, rel=0.01)
    assert fit_temperature([2 * logits()], reference, ALL) > 2.5


def test_the_temperature_is_fitted_to_the_mixture() -> None:
    """The mixture of differing members is less confident than each: each may be scale than a single member."""
    members = [logits(seed) for seed in range(3)]
    mixture = torch.stack([part.softmax(1) for part in members]).mean(0)
    assert fit_temperature(members, mixture, ALL) == pytest.approx(1, rel=0.01)
    assert fit_temperature(members[:1], mixture, ALL) > 1.2
    assert np.isfinite(fit_temperature([50 * members[0]], mixture, ALL))
